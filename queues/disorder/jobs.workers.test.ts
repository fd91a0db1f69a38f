import { env } from 'cloudflare:workers'
import { expect, it, vi } from 'vitest'
import type { JobMessage } from '../../domain/contracts/jobs.ts'
import type { Reward } from '../../domain/contracts/rewards.ts'
import { customerIdOfGid } from '../../domain/ledger/identity.ts'
import { customerAccount } from '../../durable-objects/kernel/stubs.ts'
import { gid } from '../../tools/shopify/customer.ts'
import { randomOrders } from '../../tools/shopify/random-orders.ts'
import { findRun as findLedgerRun, insertRun } from '../../workers/platform/ledger-runs.ts'
import { neonBatch, sql } from '../../workers/platform/neon.ts'
import { findRun, resumeRuns, startRun } from '../../workers/platform/reconciliations.ts'
import { readReward } from '../../workers/platform/rewards.ts'
import { compareProjections } from '../../workers/services/admin-core/comparison.ts'
import {
  accountOf,
  addHistory,
  connectedShop,
  customerWith,
  deleteDiscount,
  newReward,
  redeem,
  redemptionIn,
  type TestShop,
  trouble,
} from '../../workers/services/rewards/testing.ts'
import { deliver, orderMessage, orderOf } from '../examples.ts'
import { DisorderedQueues, STORM } from './testing.ts'

/** The work of one shop. Each kind of job has its part in the story: a new one must get one. */
type Story = { readonly [J in JobMessage['job']]: readonly JobMessage[] }

const PATIENCE = { timeout: 20_000, interval: 250 }
const DAY_MS = 86_400_000
/** Of orders that only Shopify knows. */
const BUYERS = ['7412905541101', '7412905541102'] as const
/** Longer than any lease. */
const LEASES_END_MS = 120_000

/** A shop in which each job has something to do. */
async function scene(seed: number) {
  const shop = await connectedShop()
  const { merchantId } = shop
  const untilMs = Math.floor(Date.now() / 1000) * 1000
  await env.CONTROL.prepare('UPDATE shops SET installed_at_ms = ?2 WHERE merchant_id = ?1')
    .bind(merchantId, untilMs - 3 * DAY_MS)
    .run()
  const history = randomOrders({
    seed: String(seed),
    count: 12,
    fromMs: untilMs - 2 * DAY_MS,
    untilMs,
    customerIds: BUYERS,
    idPrefix: `82${String(crypto.getRandomValues(new Uint32Array(1))[0]).padStart(10, '0')}`,
    firstNumber: 1,
    kinds: 'plain',
  })
  await addHistory(shop, history)
  const [issuing, lost, stale] = [await newReward(shop), await newReward(shop), await newReward(shop)]
  const holder = await redeemerOf(shop, lost)
  const lostGid = (await readReward(env, merchantId, lost.id))?.discountGid ?? ''
  await deleteDiscount(shop, lost)
  await trouble(shop, { match: 'discountRedeemCodeBulkCreation', effect: 'status_500', times: 50 })
  const waiting = await redeemerOf(shop, issuing)
  await trouble(shop)
  await known(shop)
  await neonBatch(env, merchantId, [
    // What a rebuild mends, and what the daily sweep drops.
    sql`update points_balances set points = 4711, seq = 1`,
    sql`delete from points_transactions where seq = 1`,
    sql`insert into waiting_refunds values (${merchantId}, 'gid://shopify/Order/1', 'gid://shopify/Refund/1', '{}', now() - interval '31 days')`,
  ])
  await env.CONTROL.prepare(
    "UPDATE rewards SET discount_state = 'waiting', synced_version = 0 WHERE merchant_id = ?1 AND id = ?2",
  )
    .bind(merchantId, stale.id)
    .run()
  const run = { merchantId, customersTotal: 3, by: 'test', nowMs: Date.now() }
  const [verify, rebuild, reconcile] = [crypto.randomUUID(), crypto.randomUUID(), crypto.randomUUID()]
  await insertRun(env, merchantId, { ...run, id: verify, kind: 'verify' })
  await insertRun(env, merchantId, { ...run, id: rebuild, kind: 'rebuild' })
  return { shop, history, untilMs, issuing, lost, stale, lostGid, holder, waiting, verify, rebuild, reconcile }
}
type Scene = Awaited<ReturnType<typeof scene>>

/** A customer with an order and a redemption. */
async function redeemerOf(shop: TestShop, reward: Reward) {
  const customer = await customerWith(shop, 300)
  await deliver('loyalnest-webhooks', [orderMessage(shop.merchantId, orderOf(customer.gid, 1000))])
  const { id } = await redemptionIn(await redeem(customer, reward.id))
  return { customer, id }
}

/** Waits until Postgres has everything. */
async function known(shop: TestShop): Promise<void> {
  await vi.waitFor(async () => expect(await differences(shop)).toEqual([]), PATIENCE)
}

async function differences({ merchantId }: TestShop) {
  const late = Date.now() + 121_000
  return (await compareProjections(env, merchantId, { after: null, limit: 50 }, late)).differences
}

function storyOf({ shop, history, lost, stale, lostGid, waiting, verify, rebuild, reconcile, untilMs }: Scene): Story {
  const merchant = { merchant_id: shop.merchantId }
  const old = history.filter(({ createdAt }) => Date.parse(createdAt) < untilMs - DAY_MS)
  return {
    rebuild_projection: [{ job: 'rebuild_projection', ...merchant, after: null }],
    sweep: [{ job: 'sweep', ...merchant, after: null }],
    settle_redemption: [
      {
        job: 'settle_redemption',
        ...merchant,
        customer_id: waiting.customer.ref.customerId,
        redemption_id: waiting.id,
      },
    ],
    sync_reward: [{ job: 'sync_reward', ...merchant, reward_id: stale.id }],
    end_redemptions: [{ job: 'end_redemptions', ...merchant, reward_id: lost.id, discount_gid: lostGid, after: null }],
    verify_ledgers: [{ job: 'verify_ledgers', ...merchant, run_id: verify, after: null }],
    rebuild_ledgers: [{ job: 'rebuild_ledgers', ...merchant, run_id: rebuild, after: null }],
    reconcile: [{ job: 'reconcile', ...merchant, run_id: reconcile, step: 0 }],
    read_order: old.map(({ id }) => ({ job: 'read_order', merchant_id: shop.merchantId, order_gid: gid('Order', id) })),
  }
}

/** Enters the run that asks for the orders of the last day; the story has its job. */
async function enterRun({ shop, reconcile, untilMs }: Scene): Promise<void> {
  const quiet = new DisorderedQueues(0).env
  const times = { fromMs: untilMs - DAY_MS, untilMs, nowMs: Date.now() }
  await startRun(quiet, { id: reconcile, merchantId: shop.merchantId, kind: 'reconcile', ...times })
}

function poisoned({ shop }: Scene): readonly unknown[] {
  const merchant = { merchant_id: shop.merchantId }
  return [
    { ...merchant, job: 'teleport' },
    { ...merchant, job: 'sweep', after: 'nobody' },
    { ...merchant, job: 'read_order', order_gid: 'no gid' },
  ]
}

/** How a shop stands in the end. */
async function endOf({ shop, issuing, lost, stale, lostGid, holder, waiting, verify, rebuild, reconcile }: Scene) {
  const { merchantId } = shop
  const rewards = await Promise.all([issuing, lost, stale].map((reward) => readReward(env, merchantId, reward.id)))
  const buyers = BUYERS.map((id) => customerIdOfGid(merchantId, gid('Customer', id)))
  const balances = await Promise.all(
    [...buyers, holder.customer.ref.customerId, waiting.customer.ref.customerId].map(async (customerId) => {
      const ref = { merchantId, customerId, shopifyCustomerGid: null, currency: null }
      const account = customerAccount(env, merchantId, customerId)
      const [balance, audit] = [await account.balance(ref), await account.audit(ref)]
      return { posted: balance?.posted, held: balance?.held, findings: audit?.findings }
    }),
  )
  const redemptions = await Promise.all(
    [holder, waiting].map(async ({ customer, id }) => (await accountOf(customer).redemption(customer.ref, id))?.state),
  )
  const [waitingRefunds] = await neonBatch(env, merchantId, [sql`select refund_gid from waiting_refunds`])
  const runs = await Promise.all([
    findLedgerRun(env, merchantId, verify),
    findLedgerRun(env, merchantId, rebuild),
    findRun(env, merchantId, reconcile),
  ])
  return {
    balances,
    redemptions,
    waitingRefunds,
    runs: runs.map((run) => run?.state),
    discounts: rewards.map((reward) => [reward?.discountState, reward?.discountGid === lostGid]),
    differences: await differences(shop),
  }
}

/** What happens by itself afterwards: the accounts' own jobs and events. */
async function rest(one: Scene): Promise<void> {
  await vi.waitFor(async () => {
    const { redemptions } = await endOf(one)
    expect(redemptions).toEqual(['cancelled', 'issued'])
  }, PATIENCE)
  await known(one.shop)
}

it.each([
  [1, 'objects'],
  [2, 'd1'],
] as const)(
  'jobs in any disorder end where they end in order (seed %i, no %s first)',
  { timeout: 120_000 },
  async (seed, gone) => {
    const [orderly, disordered] = await Promise.all([scene(seed), scene(seed)])
    await Promise.all([enterRun(orderly), enterRun(disordered)])
    for (const job of Object.values(storyOf(orderly)).flat()) {
      expect(await deliver('loyalnest-jobs', [job])).toEqual({ acked: [0], retried: [] })
    }
    const queues = new DisorderedQueues(seed)
    const poison = poisoned(disordered)
    queues.putSome('jobs', Object.values(storyOf(disordered)).flat())
    for (const body of poison) queues.put('jobs', body)
    await queues.deliver(4, STORM)
    await queues.outages(gone)
    await queues.untilQuiet(STORM)
    await queues.bury()
    // An operator comes later: by then every lease is over, and the hourly cron has pushed the runs that stood still.
    vi.useFakeTimers({ now: Date.now() + LEASES_END_MS, toFake: ['Date'] })
    try {
      expect((await queues.replay(disordered.shop.merchantId)).length).toBeGreaterThan(poison.length)
      await resumeRuns(queues.env, disordered.shop.merchantId)
      await queues.untilQuiet()
      await queues.bury()
      expect(await queues.replay(disordered.shop.merchantId)).toHaveLength(poison.length)
      await queues.untilQuiet()
    } finally {
      vi.useRealTimers()
    }
    await Promise.all([rest(orderly), rest(disordered)])
    const end = await endOf(disordered)
    expect(end).toEqual(await endOf(orderly))
    expect(end).toMatchObject({ waitingRefunds: [], runs: ['done', 'done', 'done'], differences: [] })
    for (const { posted } of end.balances) expect(posted).toBeGreaterThan(0)
    const { injected, retried, ackedTwice, buried, replayed } = queues.counts
    for (const count of [injected, retried, ackedTwice, buried, replayed]) expect(count).toBeGreaterThan(0)
  },
)
