import { z } from 'zod'
import { JobMessage } from '../../domain/contracts/jobs.ts'
import { withRetry } from '../../durable-objects/kernel/retry.ts'
import { customerAccount } from '../../durable-objects/kernel/stubs.ts'
import { neonBatch, sql } from '../../workers/platform/neon.ts'
import { pooled, reasonOf, Settlements } from '../batch.ts'
import { logLine } from '../../workers/platform/log.ts'
import { rebuildCustomer } from '../projections/rebuild.ts'

const CUSTOMERS_A_PAGE = { rebuild_projection: 25, sweep: 200 } as const
const CUSTOMERS_AT_ONCE = { rebuild_projection: 4, sweep: 32 } as const
/**
 * On this attempt of a page that keeps failing the next page goes on its way all the same: one account that cannot be
 * read must not keep the sweep from all that come after it. The page itself ends as a dead letter.
 */
const GO_ON_ATTEMPT = 5
/** A refund whose order never came: the order is older than the app, or earned nothing. */
const WAITING_REFUND_DAYS = 30

/**
 * Runs jobs: one page of a merchant's customers a message. The next page goes on the queue only after this one is
 * done (or keeps failing), so a job that is lost or repeated anywhere goes on from there.
 */
export async function consumeJobs(batch: MessageBatch, env: Env): Promise<Settlements> {
  const settlements = new Settlements()
  for (const message of batch.messages) {
    const parsed = JobMessage.safeParse(message.body)
    if (!parsed.success) {
      settlements.note(message, { kind: 'poisoned', reason: reasonOf(parsed.error) })
      continue
    }
    try {
      await runPage(env, parsed.data, message.attempts)
    } catch (error) {
      settlements.note(message, { kind: 'outage', reason: reasonOf(error) })
    }
  }
  return settlements
}

async function runPage(env: Env, job: JobMessage, attempts: number): Promise<void> {
  const { merchant_id: merchantId, after } = job
  const customers = await customersAfter(env, merchantId, after, CUSTOMERS_A_PAGE[job.job])
  const errors: unknown[] = []
  await pooled(customers, CUSTOMERS_AT_ONCE[job.job], async (customerId) => {
    try {
      await (job.job === 'sweep' ? wake(env, merchantId, customerId) : rebuildCustomer(env, merchantId, customerId))
    } catch (error) {
      errors.push(error)
      const reason = reasonOf(error)
      logLine('warn', 'job failed', { job: job.job, merchant_id: merchantId, customer_id: customerId, reason })
    }
  })
  // The whole page again: each customer is harmless to repeat.
  if (errors.length > 0 && attempts !== GO_ON_ATTEMPT) throw errors[0]
  if (job.job === 'sweep' && after === null) await dropStaleRefunds(env, merchantId)
  if (customers.length === CUSTOMERS_A_PAGE[job.job]) {
    const next: JobMessage = { ...job, after: customers.at(-1) ?? null }
    await env.JOBS.send(next)
  }
  if (errors.length > 0) throw errors[0]
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

async function dropStaleRefunds(env: Env, merchantId: string): Promise<void> {
  await neonBatch(env, merchantId, [
    sql`delete from waiting_refunds where received_at < now() - make_interval(days => ${WAITING_REFUND_DAYS})`,
  ])
}
