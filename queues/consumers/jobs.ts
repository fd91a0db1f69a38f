import { z } from 'zod'
import { JobMessage } from '../../domain/contracts/jobs.ts'
import type { AccountRef } from '../../durable-objects/kernel/protocol.ts'
import { withRetry } from '../../durable-objects/kernel/retry.ts'
import { customerAccount } from '../../durable-objects/kernel/stubs.ts'
import { shopifyAccess } from '../../workers/integrations/shopify/admin/access.ts'
import { leaseAndSettle } from '../../workers/integrations/shopify/settle.ts'
import { syncReward } from '../../workers/integrations/shopify/sync.ts'
import { shopByMerchant } from '../../workers/platform/control.ts'
import { logLine } from '../../workers/platform/log.ts'
import { neonBatch, sql } from '../../workers/platform/neon.ts'
import { DONE, pooled, reasonOf, type Settlement, Settlements } from '../batch.ts'
import { rebuildCustomer } from '../projections/rebuild.ts'

const ITEMS_A_PAGE = { rebuild_projection: 25, sweep: 200, end_redemptions: 100 } as const
const ITEMS_AT_ONCE = { rebuild_projection: 4, sweep: 32, end_redemptions: 16 } as const
/** Each redemption that ends asks the shop for its code: pages of them leave its API to shoppers in between. */
const PAGE_GAP_S = { rebuild_projection: 0, sweep: 0, end_redemptions: 10 } as const
/**
 * On this attempt of a page that keeps failing the next page goes on its way all the same: one account that cannot be
 * read must not keep the sweep from all that come after it. The page itself ends as a dead letter.
 */
const GO_ON_ATTEMPT = 5
/** A refund whose order never came: the order is older than the app, or earned nothing. */
const WAITING_REFUND_DAYS = 30

/** A sync of one reward may take this long; then it comes again. */
const SYNC_MS = 20_000

type PageJob = Extract<JobMessage, { readonly after: string | null }>
type EndJob = Extract<JobMessage, { readonly job: 'end_redemptions' }>
type ThingJob = Exclude<JobMessage, PageJob>

/**
 * Runs jobs. One page is a message; the next page goes on the queue only after this one is
 * done (or keeps failing), so a job that is lost or repeated anywhere goes on from there. Work on one thing waits for
 * the shop most of the time, and so runs beside the rest of the batch.
 */
export async function consumeJobs(batch: MessageBatch, env: Env): Promise<Settlements> {
  const settlements = new Settlements()
  const pages: [Message, PageJob][] = []
  const things: [Message, ThingJob][] = []
  for (const message of batch.messages) {
    const parsed = JobMessage.safeParse(message.body)
    if (!parsed.success) {
      settlements.note(message, { kind: 'poisoned', reason: reasonOf(parsed.error) })
    } else if ('after' in parsed.data) pages.push([message, parsed.data])
    else things.push([message, parsed.data])
  }
  const run = async (message: Message, work: () => Promise<Settlement>) => {
    try {
      settlements.note(message, await work())
    } catch (error) {
      settlements.note(message, { kind: 'outage', reason: reasonOf(error) })
    }
  }
  await Promise.all([
    ...things.map(([message, job]) => run(message, () => runThing(env, job))),
    pooled(pages, 1, ([message, job]) => run(message, () => runPage(env, job, message.attempts))),
  ])
  return settlements
}

function runThing(env: Env, job: ThingJob): Promise<Settlement> {
  return job.job === 'settle_redemption' ? settleRedemption(env, job) : sync(env, job)
}

/** One attempt. Without an answer the account itself asks for the next one, when it is time. */
async function settleRedemption(
  env: Env,
  job: Extract<ThingJob, { readonly job: 'settle_redemption' }>,
): Promise<Settlement> {
  const { merchant_id: merchantId, customer_id: customerId, redemption_id: redemptionId } = job
  const account = { merchantId, customerId, shopifyCustomerGid: null, currency: null }
  await leaseAndSettle(env, account, redemptionId)
  return DONE
}

async function sync(env: Env, job: Extract<ThingJob, { readonly job: 'sync_reward' }>): Promise<Settlement> {
  const { merchant_id: merchantId, reward_id: rewardId } = job
  const shop = await shopByMerchant(env, merchantId)
  if (shop?.status !== 'active') return DONE
  const outcome = await syncReward(env, shop, rewardId, Date.now() + SYNC_MS)
  // A shop without access gets its discounts when it is connected.
  return outcome === 'later' ? { kind: 'outage', reason: 'the shop does not answer' } : DONE
}

async function runPage(env: Env, job: PageJob, attempts: number): Promise<Settlement> {
  const { merchant_id: merchantId, after } = job
  const items = await itemsAfter(env, job, ITEMS_A_PAGE[job.job])
  const errors: unknown[] = []
  await pooled(items, ITEMS_AT_ONCE[job.job], async ({ customerId, run }) => {
    try {
      await run()
    } catch (error) {
      errors.push(error)
      const reason = reasonOf(error)
      logLine('warn', 'job failed', { job: job.job, merchant_id: merchantId, customer_id: customerId, reason })
    }
  })
  // The whole page again: each item is harmless to repeat.
  if (errors.length > 0 && attempts !== GO_ON_ATTEMPT) throw errors[0]
  if (job.job === 'sweep' && after === null) {
    await keepAccess(env, merchantId)
    await dropStaleRefunds(env, merchantId)
  }
  if (items.length === ITEMS_A_PAGE[job.job]) {
    const next: PageJob = { ...job, after: items.at(-1)?.id ?? null }
    await env.JOBS.send(next, { delaySeconds: PAGE_GAP_S[job.job] })
  }
  if (errors.length > 0) throw errors[0]
  return DONE
}

/** One thing of a page. `id`: by which pages are ordered. */
interface PageItem {
  readonly id: string
  readonly customerId: string
  readonly run: () => Promise<unknown>
}

async function itemsAfter(env: Env, job: PageJob, limit: number): Promise<PageItem[]> {
  const { merchant_id: merchantId, after } = job
  if (job.job === 'end_redemptions') {
    const redemptions = await issuedAfter(env, job, limit)
    return redemptions.map(({ id, customer_id: customerId, code }) => ({
      id,
      customerId,
      run: () => endRemoved(env, { merchantId, customerId }, code, job.discount_gid),
    }))
  }
  const work = job.job === 'sweep' ? wake : rebuildCustomer
  const customers = await customersAfter(env, merchantId, after, limit)
  return customers.map((id) => ({ id, customerId: id, run: () => work(env, merchantId, id) }))
}

const IssuedRedemptions = z.array(z.object({ id: z.uuid(), customer_id: z.uuid(), code: z.string() }))

async function issuedAfter(
  env: Env,
  { merchant_id: merchantId, reward_id: rewardId, after }: EndJob,
  limit: number,
): Promise<z.infer<typeof IssuedRedemptions>> {
  const [rows] = await neonBatch(env, merchantId, [
    sql`select id, customer_id, code from reward_redemptions
      where merchant_id = ${merchantId} and reward_id = ${rewardId} and state = 'issued'
        and (${after}::text is null or id > ${after}::text) order by id limit ${limit}`,
  ])
  return IssuedRedemptions.parse(rows)
}

/** The account itself knows whether its code is of that discount, or of the one that took its place. */
async function endRemoved(
  env: Env,
  owner: Pick<AccountRef, 'merchantId' | 'customerId'>,
  code: string,
  discountGid: string,
): Promise<void> {
  await withRetry(
    () => customerAccount(env, owner.merchantId, owner.customerId),
    (account) => account.codeRemoved({ ...owner, shopifyCustomerGid: null, currency: null }, code, discountGid),
  )
}

const CustomerIds = z.array(z.object({ id: z.uuid() }))

async function customersAfter(env: Env, merchantId: string, after: string | null, limit: number): Promise<string[]> {
  const [rows] = await neonBatch(env, merchantId, [
    sql`select id from customers where ${after}::uuid is null or id > ${after}::uuid order by id limit ${limit}`,
  ])
  return CustomerIds.parse(rows).map(({ id }) => id)
}

/** An account whose alarm was lost arms it again. */
async function wake(env: Env, merchantId: string, customerId: string): Promise<void> {
  await withRetry(
    () => customerAccount(env, merchantId, customerId),
    (account) => account.wake({ merchantId, customerId, shopifyCustomerGid: null, currency: null }),
  )
}

/**
 * Asking for the shop's access token renews it, and the refresh token with it: that one ends after 90 days, and then takes
 * the merchant's visit. If it fails today, there is tomorrow.
 */
async function keepAccess(env: Env, merchantId: string): Promise<void> {
  const shop = await shopByMerchant(env, merchantId)
  if (shop?.status !== 'active') return
  try {
    await shopifyAccess(env, shop, null)
  } catch (error) {
    logLine('warn', 'access not renewed', { merchant_id: merchantId, reason: reasonOf(error) })
  }
}

async function dropStaleRefunds(env: Env, merchantId: string): Promise<void> {
  await neonBatch(env, merchantId, [
    sql`delete from waiting_refunds where received_at < now() - make_interval(days => ${WAITING_REFUND_DAYS})`,
  ])
}
