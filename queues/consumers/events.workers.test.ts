import { env } from 'cloudflare:workers'
import { describe, expect, it, vi } from 'vitest'
import type { PointsEvent } from '../../domain/contracts/events.ts'
import { customerIdOfGid } from '../../domain/ledger/identity.ts'
import { toPointsEvent } from '../../domain/ledger/transaction.ts'
import { customerAccount } from '../../durable-objects/kernel/stubs.ts'
import { neonBatch, sql } from '../../workers/platform/neon.ts'
import {
  deliver,
  newCustomerGid,
  newShop,
  orderMessage,
  orderOf,
  projectedEntries,
  refundMessage,
  refundOf,
  shuffled,
  waitingRefunds,
  withoutPostgres,
} from '../examples.ts'

const EVENTS = 'loyalnest-events'

/** The events of a customer as the object makes them. It sends them itself too, a moment later: a duplicate more. */
async function eventsOf(merchantId: string, customerGid: string): Promise<PointsEvent[]> {
  const customerId = customerIdOfGid(merchantId, customerGid)
  const account = { merchantId, customerId, shopifyCustomerGid: customerGid, currency: 'EUR' }
  const page = await customerAccount(env, merchantId, customerId).ledger(account, 0, 100)
  return page === null ? [] : page.entries.map((entry) => toPointsEvent(entry, page.balance, account))
}

/** A customer with three orders, a partial refund and a redemption: five entries. */
async function busyCustomer() {
  const merchantId = await newShop()
  const gid = newCustomerGid()
  const orders = [orderOf(gid, 5000), orderOf(gid, 2000), orderOf(gid, 1000)] as const
  const refund = refundOf(orders[0].order_gid, 2000)
  await deliver(
    'loyalnest-webhooks',
    orders.map((order) => orderMessage(merchantId, order)),
  )
  await deliver('loyalnest-webhooks', [orderMessage(merchantId, orders[0]), refundMessage(merchantId, refund)])
  const customerId = customerIdOfGid(merchantId, gid)
  await customerAccount(env, merchantId, customerId).executeBatch(
    { merchantId, customerId, shopifyCustomerGid: gid, currency: 'EUR' },
    [
      {
        kind: 'redeem',
        source: 'api',
        actor: 'api_key:test',
        effectiveAtMs: Date.now(),
        redemptionId: 'r1',
        points: 25,
        limits: null,
        reason: null,
      },
    ],
  )
  return { merchantId, gid, events: await eventsOf(merchantId, gid) }
}

async function projection(merchantId: string) {
  const [transactions, balances, redemptions, customers] = await neonBatch(env, merchantId, [
    sql`select seq, kind, points from points_transactions order by seq`,
    sql`select seq, points, lifetime_redeemed from points_balances`,
    sql`select points, state from reward_redemptions`,
    sql`select shopify_gid from customers`,
  ])
  return { transactions, balances, redemptions, customers }
}

async function loggedEvents(merchantId: string): Promise<unknown> {
  return env.EVENT_LOG.prepare('select count(*) as count from events where merchant_id = ?1')
    .bind(merchantId)
    .first('count')
}

describe('events', () => {
  it('become rows in Postgres and one row each in the log, in any order and however often', async () => {
    const { merchantId, gid, events } = await busyCustomer()
    for (const seed of [1, 2]) {
      const delivery = await deliver(EVENTS, shuffled([...events, ...events], seed))
      expect(delivery.retried).toEqual([])
    }
    expect(await projection(merchantId)).toEqual({
      transactions: [
        { seq: '1', kind: 'earn', points: '50' },
        { seq: '2', kind: 'earn', points: '20' },
        { seq: '3', kind: 'earn', points: '10' },
        { seq: '4', kind: 'clawback', points: '-20' },
        { seq: '5', kind: 'redeem', points: '-25' },
      ],
      balances: [{ seq: '5', points: '35', lifetime_redeemed: '25' }],
      redemptions: [{ points: '25', state: 'redeemed' }],
      customers: [{ shopify_gid: gid }],
    })
    expect(await loggedEvents(merchantId)).toBe(5)
  })

  it('that are older do not put an older balance back', async () => {
    const { merchantId, events } = await busyCustomer()
    await deliver(EVENTS, events)
    const [first] = events
    if (first === undefined) throw new Error('the example has five events')
    const balance = { ...first.data.balance, seq: 1, points: 50 }
    await deliver(EVENTS, [{ ...first, data: { ...first.data, balance } }])
    expect((await projection(merchantId)).balances).toMatchObject([{ seq: '5', points: '35' }])
  })

  it('that are poisoned block nobody: neither those that do not parse nor those that Postgres refuses', async () => {
    const { merchantId, events } = await busyCustomer()
    const other = await busyCustomer()
    const [first, second, ...rest] = events
    if (first === undefined || second === undefined) throw new Error('the example has five events')
    const { transaction } = first.data
    // Fits the contract, but Postgres' integer does not hold it.
    const refused = {
      ...first,
      data: { ...first.data, transaction: { ...transaction, seq: 99, rule_version: 2 ** 40 } },
    }
    const bodies = [second, { event_type: 'points.earned' }, ...other.events, refused, first, ...rest]
    const delivery = await deliver(EVENTS, bodies)
    expect(delivery.retried).toEqual([1, 2 + other.events.length])
    expect((await projection(merchantId)).transactions).toHaveLength(5)
    expect((await projection(other.merchantId)).transactions).toHaveLength(5)
  })

  it('wait while Postgres is down and are applied once it is back', async () => {
    const { merchantId, events } = await busyCustomer()
    const down = await deliver(EVENTS, events, { to: withoutPostgres })
    expect(down).toEqual({ acked: [], retried: [0, 1, 2, 3, 4] })
    expect((await deliver(EVENTS, events)).retried).toEqual([])
    expect((await projection(merchantId)).transactions).toHaveLength(5)
  })

  it('of an order deliver the refunds that wait for it', async () => {
    const { merchantId, gid } = await busyCustomer()
    const order = orderOf(gid, 3000)
    await deliver('loyalnest-webhooks', [refundMessage(merchantId, refundOf(order.order_gid, 3000))])
    await deliver('loyalnest-webhooks', [orderMessage(merchantId, order)], { to: withoutPostgres })
    await deliver(EVENTS, await eventsOf(merchantId, gid))
    const kinds = (await eventsOf(merchantId, gid)).map(({ data }) => data.transaction.kind)
    expect(kinds.slice(-2)).toEqual(['earn', 'clawback'])
    expect(await waitingRefunds(merchantId)).toBe(0)
  })

  it('come by themselves from the objects', async () => {
    const merchantId = await newShop()
    const gid = newCustomerGid()
    await deliver('loyalnest-webhooks', [orderMessage(merchantId, orderOf(gid, 1200))])
    await vi.waitFor(async () => expect(await projectedEntries(merchantId, gid)).toBe(1), { timeout: 10_000 })
    await vi.waitFor(async () => expect(await loggedEvents(merchantId)).toBe(1), { timeout: 10_000 })
  })

  it('cost one row each in D1: there is no index beside the key', async () => {
    // The primary key of a table without rowid is the table itself.
    const { results } = await env.EVENT_LOG.prepare("select name from pragma_index_list('events')").all()
    expect(results).toHaveLength(1)
  })
})
