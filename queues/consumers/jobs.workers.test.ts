import { createScheduledController, runInDurableObject } from 'cloudflare:test'
import { env } from 'cloudflare:workers'
import { describe, expect, it, vi } from 'vitest'
import { customerAccountName } from '../../durable-objects/kernel/stubs.ts'
import { neonBatch, sql } from '../../workers/platform/neon.ts'
import { compareProjections } from '../../workers/services/admin-core/comparison.ts'
import { readReward } from '../../workers/platform/rewards.ts'
import { connectedShop, newReward } from '../../workers/services/rewards/testing.ts'
import worker from '../../workers/main.ts'
import { deliver, newCustomerGid, newShop, orderMessage, orderOf, projectedEntries } from '../examples.ts'
import { customerIdOfGid } from '../../domain/ledger/identity.ts'

/** A shop with customers of two orders each, all of it in Postgres. */
async function shopWith(customers: number) {
  const merchantId = await newShop()
  const gids = Array.from({ length: customers }, newCustomerGid)
  const orders = gids.flatMap((gid) => [orderOf(gid, 1000), orderOf(gid, 250)])
  await deliver(
    'loyalnest-webhooks',
    orders.map((order) => orderMessage(merchantId, order)),
  )
  for (const gid of gids) {
    await vi.waitFor(async () => expect(await projectedEntries(merchantId, gid)).toBe(2), { timeout: 10_000 })
  }
  return { merchantId, gids }
}

/** Compares as if two minutes later, when nothing can be on its way any more. */
function compare(merchantId: string, page: { after?: string | null; limit?: number } = {}) {
  return compareProjections(env, merchantId, { after: null, limit: 100, ...page }, Date.now() + 121_000)
}

describe('the comparison', () => {
  it('finds nothing where nothing is wrong, page by page', async () => {
    const { merchantId } = await shopWith(3)
    const first = await compare(merchantId, { limit: 2 })
    expect(first).toMatchObject({ customers: 2, entries: 4, in_flight: 0, differences: [] })
    const second = await compare(merchantId, { limit: 2, after: first.next_after })
    expect(second).toMatchObject({ customers: 1, entries: 2, differences: [], next_after: null })
  })

  it('names each planted difference, and a rebuild mends them all', async () => {
    const { merchantId, gids } = await shopWith(3)
    const [changed, lost, invented] = gids.map((gid) => customerIdOfGid(merchantId, gid))
    await neonBatch(env, merchantId, [
      sql`update points_transactions set points = 11, hash = 'x' where customer_id = ${changed} and seq = 1`,
      sql`update points_balances set points = 999 where customer_id = ${changed}`,
      sql`delete from points_transactions where customer_id = ${lost} and seq = 2`,
      sql`delete from points_balances where customer_id = ${lost}`,
      sql`insert into points_transactions select merchant_id, customer_id, 7, type, kind, points, pending_points, source,
        external_id, order_gid, reason, actor, rule_version, effective_at, recorded_at, expires_at, previous_hash, hash
        from points_transactions where customer_id = ${invented} and seq = 1`,
      sql`insert into reward_redemptions values (${merchantId}, 'invented', ${invented}, 5, 'redeemed', now())`,
    ])
    const { differences } = await compare(merchantId)
    const found = differences.map(({ customer_id, table, key, problem, fields }) => ({
      who: customer_id === changed ? 'changed' : customer_id === lost ? 'lost' : 'invented',
      what: `${problem} ${table} ${key} ${fields.join('+')}`.trim(),
    }))
    expect(found).toHaveLength(6)
    expect(found).toEqual(
      expect.arrayContaining([
        { who: 'changed', what: 'differs points_transactions 1 hash+points' },
        { who: 'changed', what: 'differs points_balances balance points' },
        { who: 'lost', what: 'missing points_transactions 2' },
        { who: 'lost', what: 'missing points_balances balance' },
        { who: 'invented', what: 'extra points_transactions 7' },
        { who: 'invented', what: 'extra reward_redemptions invented' },
      ]),
    )
    await deliver('loyalnest-jobs', [{ job: 'rebuild_projection', merchant_id: merchantId, after: null }])
    expect((await compare(merchantId)).differences).toEqual([])
  })

  it('counts what may still be on its way apart', async () => {
    const { merchantId, gids } = await shopWith(1)
    const customerId = customerIdOfGid(merchantId, gids[0] ?? '')
    await neonBatch(env, merchantId, [
      sql`delete from points_transactions where customer_id = ${customerId} and seq = 2`,
      sql`update points_balances set seq = 1, points = 10 where customer_id = ${customerId}`,
    ])
    const now = await compareProjections(env, merchantId, { after: null, limit: 10 }, Date.now())
    expect(now).toMatchObject({ in_flight: 1, differences: [] })
    expect((await compare(merchantId)).differences).toHaveLength(2)
  })
})

describe('jobs', () => {
  it('go through all customers, page by page', async () => {
    const { merchantId } = await shopWith(27)
    await neonBatch(env, merchantId, [sql`delete from points_transactions`, sql`delete from points_balances`])
    await deliver('loyalnest-jobs', [{ job: 'rebuild_projection', merchant_id: merchantId, after: null }])
    await vi.waitFor(async () => expect((await compare(merchantId)).differences).toEqual([]), { timeout: 10_000 })
  })

  it('go on to the next page although an account of this one cannot be read', async () => {
    const { merchantId, gids } = await shopWith(27)
    const ids = gids.map((gid) => customerIdOfGid(merchantId, gid)).toSorted()
    await runInDurableObject(
      env.CUSTOMER_ACCOUNT.getByName(customerAccountName(merchantId, ids[0] ?? '')),
      (_account, { storage }) => storage.sql.exec("update entries set detail = 'not JSON'").toArray(),
    )
    await neonBatch(env, merchantId, [sql`delete from points_transactions where customer_id = ${ids[26]}`])
    const lost = async () =>
      neonBatch(env, merchantId, [sql`select from points_transactions where customer_id = ${ids[26]}`])
    const job = { job: 'rebuild_projection', merchant_id: merchantId, after: null }
    expect(await deliver('loyalnest-jobs', [job], { attempts: 4 })).toEqual({ acked: [], retried: [0] })
    expect(await lost()).toEqual([[]])
    expect(await deliver('loyalnest-jobs', [job], { attempts: 5 })).toEqual({ acked: [], retried: [0] })
    await vi.waitFor(async () => expect(await lost()).toEqual([[{}, {}]]), { timeout: 10_000 })
  })

  it('that are not known are retried, and the others run', async () => {
    const { merchantId } = await shopWith(1)
    const bodies = [{ job: 'unknown' }, { job: 'sweep', merchant_id: merchantId, after: null }]
    expect(await deliver('loyalnest-jobs', bodies)).toEqual({ acked: [1], retried: [0] })
  })

  it('of the daily cron drop refunds whose order never came', async () => {
    const merchantId = await newShop()
    await neonBatch(env, merchantId, [
      sql`insert into waiting_refunds values (${merchantId}, 'gid://shopify/Order/1', 'gid://shopify/Refund/1', '{}', now() - interval '31 days')`,
      sql`insert into waiting_refunds values (${merchantId}, 'gid://shopify/Order/2', 'gid://shopify/Refund/2', '{}', now())`,
    ])
    await worker.scheduled(createScheduledController({ cron: '0 3 * * *' }), env)
    const left = () => neonBatch(env, merchantId, [sql`select order_gid from waiting_refunds`])
    await vi.waitFor(async () => expect(await left()).toEqual([[{ order_gid: 'gid://shopify/Order/2' }]]), {
      timeout: 10_000,
    })
  })

  it('of the daily cron renew a shop’s tokens: they end where nobody asks for them in 90 days', async () => {
    const { merchantId } = await connectedShop()
    const tokens = () =>
      runInDurableObject(env.MERCHANT_HUB.getByName(merchantId), (_hub, { storage }) =>
        storage.sql.exec('SELECT refresh_token_sealed FROM shopify_access').one(),
      )
    const before = await tokens()
    // An access token lives for an hour.
    vi.useFakeTimers({ now: Date.now() + 3_600_000, toFake: ['Date'] })
    try {
      await deliver('loyalnest-jobs', [{ job: 'sweep', merchant_id: merchantId, after: null }])
    } finally {
      vi.useRealTimers()
    }
    expect(await tokens()).not.toEqual(before)
  })

  it('of the daily cron look again for discounts that no shop has confirmed', async () => {
    const shop = await connectedShop()
    const reward = await newReward(shop)
    await env.CONTROL.prepare("UPDATE rewards SET discount_state = 'waiting', synced_version = 0 WHERE id = ?1")
      .bind(reward.id)
      .run()
    await worker.scheduled(createScheduledController({ cron: '0 3 * * *' }), env)
    await vi.waitFor(
      async () => {
        const stored = await readReward(env, shop.merchantId, reward.id)
        expect(stored).toMatchObject({ discountState: 'ready', discountGid: reward.discount?.discount_id })
      },
      { timeout: 10_000 },
    )
  })

  it('about a shop that left, or a redemption of nobody, end at once', async () => {
    const merchantId = await newShop()
    await env.CONTROL.prepare("UPDATE shops SET status = 'uninstalled' WHERE merchant_id = ?1").bind(merchantId).run()
    const about = { merchant_id: merchantId, customer_id: crypto.randomUUID(), redemption_id: crypto.randomUUID() }
    const bodies = [
      { job: 'sync_reward', merchant_id: merchantId, reward_id: crypto.randomUUID() },
      { job: 'settle_redemption', ...about },
    ]
    expect(await deliver('loyalnest-jobs', bodies)).toEqual({ acked: [0, 1], retried: [] })
  })
})
