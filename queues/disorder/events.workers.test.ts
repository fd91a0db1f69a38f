import { env } from 'cloudflare:workers'
import { expect, it } from 'vitest'
import { z } from 'zod'
import { LoyalNestEvent } from '../../domain/contracts/events.ts'
import { customerIdOfGid } from '../../domain/ledger/identity.ts'
import { toPointsEvent } from '../../domain/ledger/transaction.ts'
import { requestOf } from '../../domain/rewards/examples.ts'
import { toRedemptionEvent } from '../../domain/rewards/public.ts'
import { customerAccount } from '../../durable-objects/kernel/stubs.ts'
import { neonBatch, sql } from '../../workers/platform/neon.ts'
import { deliver, newCustomerGid, newShop, orderMessage, orderOf, refundMessage, refundOf } from '../examples.ts'
import { DisorderedQueues, STORM } from './testing.ts'

/** What one shop's events are told of. Each kind of event has its part in the story: a new kind must get one. */
type Story = { readonly [T in LoyalNestEvent['event_type']]: readonly LoyalNestEvent[] }

/** A customer with orders, a refund and a redemption, as the real account tells of them. */
async function pointsEvents() {
  const merchantId = await newShop()
  const gid = newCustomerGid()
  const orders = [orderOf(gid, 5000), orderOf(gid, 2000), orderOf(gid, 1000)] as const
  for (const message of [
    ...orders.map((order) => orderMessage(merchantId, order)),
    orderMessage(merchantId, orders[0]),
  ]) {
    await deliver('loyalnest-webhooks', [message])
  }
  await deliver('loyalnest-webhooks', [
    orderMessage(merchantId, orders[1]),
    refundMessage(merchantId, refundOf(orders[1].order_gid, 700)),
  ])
  const customerId = customerIdOfGid(merchantId, gid)
  const account = { merchantId, customerId, shopifyCustomerGid: gid, currency: 'EUR' }
  const stub = customerAccount(env, merchantId, customerId)
  const by = { source: 'api', actor: 'api_key:test', effectiveAtMs: Date.now() } as const
  const redemptions = Array.from({ length: 6 }, (_, number) => ({
    ...by,
    kind: 'redeem' as const,
    redemptionId: `r${number}`,
    points: 5 + number,
    limits: null,
    reason: null,
  }))
  await stub.executeBatch(account, redemptions)
  const asked = requestOf({ id: crypto.randomUUID(), points: 10 })
  const begun = await stub.redeemReward(account, asked, { scope: 'test', key: asked.id, fingerprint: '' })
  const issued = await stub.settleRedemption(account, asked.id, 1, { kind: 'issued', redeemCodeGid: null })
  const used = await stub.useCode(account, asked.code, orders[2].order_gid, Date.now(), 1000)
  if (!begun.ok || issued === null || used === null) throw new Error('the redemption was refused')
  const page = await stub.ledger(account, 0, 500)
  if (page === null) throw new Error('nothing was booked')
  const points = page.entries.map((entry) => toPointsEvent(entry, page.balance, account))
  const states = [begun.redemption, issued, used].map((record) => toRedemptionEvent(record, account))
  return { merchantId, customerId, redemptionId: asked.id, events: [...points, ...states] }
}

/** The same events, of a shop whose accounts are silent: only what is delivered here reaches its projections. */
async function toldAgain(origin: Awaited<ReturnType<typeof pointsEvents>>) {
  const merchantId = await newShop()
  const [customerId, redemptionId, deviceId] = [crypto.randomUUID(), crypto.randomUUID(), crypto.randomUUID()]
  const text = JSON.stringify(origin.events)
    .replaceAll(origin.merchantId, merchantId)
    .replaceAll(origin.customerId, customerId)
    .replaceAll(origin.redemptionId, redemptionId)
  const events = z.array(LoyalNestEvent).parse(JSON.parse(text))
  const ofType = (type: LoyalNestEvent['event_type']) => events.filter((event) => event.event_type === type)
  const base = { merchant_id: merchantId, timestamp: new Date(1_790_000_000_000).toISOString(), context: {} }
  const story: Story = {
    'points.earned': ofType('points.earned'),
    'points.redeemed': ofType('points.redeemed'),
    'points.adjusted': ofType('points.adjusted'),
    'redemption.updated': ofType('redemption.updated'),
    'pos.item_recorded': posEvents(merchantId, customerId, deviceId),
    ...profileEvents(base, customerId),
    ...deviceEvents(base, deviceId),
  }
  return { merchantId, customerId, redemptionId, deviceId, events: Object.values(story).flat() }
}

/** One item of a till, rejected at first, then booked by the merchant; and one that went well. */
function posEvents(merchantId: string, customerId: string, deviceId: string): readonly LoyalNestEvent[] {
  const record = (number: number, version: number): LoyalNestEvent => {
    const id = `${deviceId}:operation-${number}`
    const isRejected = number === 1
    return {
      event_id: `${id}:${version}`,
      event_type: 'pos.item_recorded',
      merchant_id: merchantId,
      user_id: customerId,
      timestamp: '2026-11-23T10:00:00.000Z',
      context: {},
      seq: version,
      data: {
        id,
        device_id: deviceId,
        record: number,
        op_id: `operation-${number}`,
        device_seq: number,
        kind: 'earn',
        customer_id: customerId,
        amount: '10.00',
        currency: 'EUR',
        code: null,
        receipt: `R-${number}`,
        result: isRejected ? 'rejected' : 'accepted',
        reason: isRejected ? 'overdraft_customer' : null,
        detail: null,
        points: isRejected ? 0 : 10,
        overdraft_points: 0,
        clock_flag: 'ok',
        device_at: '2026-11-23T09:00:00.000Z',
        effective_at: '2026-11-23T09:00:00.000Z',
        received_at: '2026-11-23T10:00:00.000Z',
        task: isRejected ? (version === 1 ? 'open' : 'booked') : 'none',
        decided_at: version === 1 ? null : '2026-11-23T11:00:00.000Z',
        decided_by: version === 1 ? null : 'api_key:test',
        note: version === 1 ? null : 'seen',
        version,
      },
    }
  }
  return [record(1, 1), record(1, 2), record(2, 1), record(3, 1)]
}

type Base = Pick<LoyalNestEvent, 'merchant_id' | 'timestamp' | 'context'>

function profileEvents(base: Base, customerId: string) {
  const updatedAt = '2026-11-23T10:00:00.000Z'
  const told = <T extends LoyalNestEvent['event_type']>(type: T) => ({
    ...base,
    event_id: `${customerId}:${type}:${updatedAt}`,
    event_type: type,
    user_id: customerId,
    seq: 0,
    data: { shopify_customer_gid: 'gid://shopify/Customer/1', updated_at: updatedAt },
  })
  return {
    'customer.created': [told('customer.created')],
    'customer.updated': [told('customer.updated')],
    'customer.deleted': [told('customer.deleted')],
  }
}

function deviceEvents(base: Base, deviceId: string) {
  const told = <T extends LoyalNestEvent['event_type']>(type: T) => ({
    ...base,
    event_id: `${deviceId}:${type}`,
    event_type: type,
    user_id: null,
    seq: 0,
    data: { device_id: deviceId, name: 'Till 1', by: 'api_key:test' },
  })
  return { 'device.registered': [told('device.registered')], 'device.revoked': [told('device.revoked')] }
}

/** What cannot be applied: it does not parse, is no event, or does not fit into a column. */
function poisoned({ merchantId, events }: Awaited<ReturnType<typeof toldAgain>>): readonly unknown[] {
  const [first] = events
  if (first?.event_type !== 'points.earned') throw new Error('the story begins with an order')
  const { transaction } = first.data
  return [
    { merchant_id: merchantId, event_type: 'points.earned' },
    { merchant_id: merchantId, event_type: 'nothing known' },
    {
      ...first,
      event_id: 'too large',
      data: { ...first.data, transaction: { ...transaction, seq: 99, rule_version: 2 ** 40 } },
    },
  ]
}

/** All that the events left behind. It is the same in both shops but for the ids of the shop and of what is in it. */
async function traces({ merchantId, customerId, redemptionId, deviceId }: Awaited<ReturnType<typeof toldAgain>>) {
  const [transactions, balances, lots, redemptions, posItems, customers] = await neonBatch(env, merchantId, [
    sql`select * from points_transactions`,
    sql`select * from points_balances`,
    sql`select * from points_lots`,
    sql`select * from reward_redemptions`,
    sql`select * from pos_offline_queue`,
    sql`select id, shopify_gid, merged_into from customers`,
  ])
  const { results: log } = await env.EVENT_LOG.prepare('select * from events where merchant_id = ?1')
    .bind(merchantId)
    .all()
  const named = (rows: readonly unknown[] = []) =>
    rows
      .map((row) =>
        JSON.stringify(row)
          .replaceAll(merchantId, 'the shop')
          .replaceAll(customerId, 'the customer')
          .replaceAll(redemptionId, 'the redemption')
          .replaceAll(deviceId, 'the device'),
      )
      .toSorted()
  const tables = { transactions, balances, lots, redemptions, posItems, customers, log }
  return Object.fromEntries(Object.entries(tables).map(([table, rows]) => [table, named(rows)]))
}

it.each([
  [1, 'postgres'],
  [2, 'd1'],
  [3, 'postgres'],
] as const)(
  'events in any disorder leave what they leave in order (seed %i, no %s first)',
  { timeout: 60_000 },
  async (seed, gone) => {
    const origin = await pointsEvents()
    const [orderly, disordered] = [await toldAgain(origin), await toldAgain(origin)]
    for (const event of orderly.events) {
      expect(await deliver('loyalnest-events', [event])).toEqual({ acked: [0], retried: [] })
    }
    const queues = new DisorderedQueues(seed)
    const poison = poisoned(disordered)
    queues.putSome('events', disordered.events)
    for (const body of poison) queues.put('events', body)
    await queues.deliver(4, STORM)
    await queues.outages(gone)
    await queues.untilQuiet(STORM)
    await queues.bury()
    expect((await queues.replay(disordered.merchantId)).length).toBeGreaterThan(poison.length)
    await queues.untilQuiet()
    await queues.bury()
    // Nothing but poison dies twice.
    expect(await queues.replay(disordered.merchantId)).toHaveLength(poison.length)
    const rows = await traces(disordered)
    expect(rows).toEqual(await traces(orderly))
    expect(rows).toMatchObject({ log: { length: orderly.events.length } })
    const { injected, retried, ackedTwice, buried, replayed } = queues.counts
    for (const count of [injected, retried, ackedTwice, buried, replayed]) expect(count).toBeGreaterThan(0)
  },
)
