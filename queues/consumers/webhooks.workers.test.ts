import { env } from 'cloudflare:workers'
import { describe, expect, it, vi } from 'vitest'
import {
  deliver,
  newCustomerGid,
  newShop,
  orderMessage,
  orderOf,
  postedPoints,
  projectedEntries,
  refundMessage,
  refundOf,
  shuffled,
  waitingRefunds,
  withoutPostgres,
} from '../examples.ts'
import { shopByMerchant } from '../../workers/platform/control.ts'
import { neonBatch, sql } from '../../workers/platform/neon.ts'

const WEBHOOKS = 'loyalnest-webhooks'

describe('orders', () => {
  it('book one earn, whichever topics tell of them and how often', async () => {
    const merchantId = await newShop()
    const customer = newCustomerGid()
    const order = orderOf(customer, 5990)
    const messages = [orderMessage(merchantId, order, 'orders/create'), orderMessage(merchantId, order)]
    expect(await deliver(WEBHOOKS, [...messages, ...messages])).toEqual({ acked: [0, 1, 2, 3], retried: [] })
    await deliver(WEBHOOKS, messages)
    expect(await postedPoints(merchantId, customer)).toBe(59)
  })

  it('book nothing for nobody, for a test order, and for an unpaid one', async () => {
    const merchantId = await newShop()
    const customer = newCustomerGid()
    const messages = [
      orderMessage(merchantId, orderOf(customer, 1000, { buyer: { kind: 'nobody' } })),
      orderMessage(merchantId, orderOf(customer, 1000, { test: true })),
      orderMessage(merchantId, orderOf(customer, 1000, { paid: false }), 'orders/create'),
    ]
    expect((await deliver(WEBHOOKS, messages)).acked).toEqual([0, 1, 2])
    expect(await postedPoints(merchantId, customer)).toBe(null)
  })

  it('are booked while Postgres is down', async () => {
    const merchantId = await newShop()
    const customer = newCustomerGid()
    const messages = [orderMessage(merchantId, orderOf(customer, 2000))]
    expect((await deliver(WEBHOOKS, messages, { to: withoutPostgres })).acked).toEqual([0])
    expect(await postedPoints(merchantId, customer)).toBe(20)
  })

  it('wait when the settings cannot be read, and only those of that merchant', async () => {
    const merchantId = await newShop()
    const customer = newCustomerGid()
    const unknownMerchant = crypto.randomUUID()
    const messages = [
      orderMessage(unknownMerchant, orderOf(customer, 1000)),
      orderMessage(merchantId, orderOf(customer, 1000)),
    ]
    expect(await deliver(WEBHOOKS, messages)).toEqual({ acked: [1], retried: [0] })
  })

  it('are booked beside a message that cannot be read', async () => {
    const merchantId = await newShop()
    const customer = newCustomerGid()
    const messages = [
      orderMessage(merchantId, orderOf(customer, 1000)),
      { merchant_id: merchantId, topic: 'orders/paid', order: 'not an order' },
      orderMessage(merchantId, orderOf(customer, 700)),
    ]
    expect(await deliver(WEBHOOKS, messages)).toEqual({ acked: [0, 2], retried: [1] })
    expect(await postedPoints(merchantId, customer)).toBe(17)
  })

  it('stay with whoever they were booked for when the shop gives them to another customer', async () => {
    const merchantId = await newShop()
    const customer = newCustomerGid()
    const order = orderOf(customer, 5000, { buyer: { kind: 'guest', email_index: 'ab'.repeat(32) } })
    await deliver(WEBHOOKS, [orderMessage(merchantId, order, 'orders/create')])
    const booked = () => neonBatch(env, merchantId, [sql`select kind, points from points_transactions order by seq`])
    const earned = { kind: 'earn', points: '50' }
    await vi.waitFor(async () => expect(await booked()).toEqual([[earned]]), { timeout: 10_000 })
    const given: typeof order = { ...order, buyer: { kind: 'customer', customer_gid: customer } }
    const cancelled = { ...given, cancelled_at_ms: 1_790_000_200_000 }
    await deliver(WEBHOOKS, [orderMessage(merchantId, given)])
    await deliver(WEBHOOKS, [orderMessage(merchantId, cancelled, 'orders/cancelled')])
    await vi.waitFor(async () => expect(await booked()).toEqual([[earned, { kind: 'clawback', points: '-50' }]]), {
      timeout: 10_000,
    })
    expect(await postedPoints(merchantId, customer)).toBe(null)
  })

  it('that are refused are an answer, not an outage', async () => {
    const merchantId = await newShop()
    const customer = newCustomerGid()
    const order = orderOf(customer, 1000)
    await deliver(WEBHOOKS, [orderMessage(merchantId, order)])
    const changed = orderMessage(merchantId, { ...order, parts: { ...order.parts, goods: 9900 } })
    expect((await deliver(WEBHOOKS, [changed])).acked).toEqual([0])
    expect(await postedPoints(merchantId, customer)).toBe(10)
  })
})

describe('refunds', () => {
  it('in the batch of their order are taken off, whatever the order of messages', async () => {
    for (const seed of [1, 2, 3]) {
      const merchantId = await newShop()
      const customer = newCustomerGid()
      const order = orderOf(customer, 10_000)
      const messages = [
        orderMessage(merchantId, order, 'orders/create'),
        orderMessage(merchantId, order),
        refundMessage(merchantId, refundOf(order.order_gid, 2550)),
        refundMessage(merchantId, refundOf(order.order_gid, 1050)),
      ]
      const twice = shuffled([...messages, ...messages], seed)
      expect((await deliver(WEBHOOKS, twice, { to: withoutPostgres })).retried).toEqual([])
      expect(await postedPoints(merchantId, customer)).toBe(64)
    }
  })

  it('find their order in Postgres when they come later', async () => {
    const merchantId = await newShop()
    const customer = newCustomerGid()
    const order = orderOf(customer, 5000)
    await deliver(WEBHOOKS, [orderMessage(merchantId, order)])
    await vi.waitFor(async () => expect(await projectedEntries(merchantId, customer)).toBe(1), { timeout: 10_000 })
    const refund = refundMessage(merchantId, refundOf(order.order_gid, 2000))
    await deliver(WEBHOOKS, [refund, refund])
    await deliver(WEBHOOKS, [refund])
    expect(await postedPoints(merchantId, customer)).toBe(30)
    expect(await waitingRefunds(merchantId)).toBe(0)
  })

  it('that come before their order wait, and the order then earns the net amount', async () => {
    const merchantId = await newShop()
    const customer = newCustomerGid()
    const order = orderOf(customer, 5000)
    const refund = refundMessage(merchantId, refundOf(order.order_gid, 2000))
    expect((await deliver(WEBHOOKS, [refund, refund])).acked).toEqual([0, 1])
    expect(await waitingRefunds(merchantId)).toBe(1)
    await deliver(WEBHOOKS, [orderMessage(merchantId, order)])
    expect(await postedPoints(merchantId, customer)).toBe(30)
    expect(await waitingRefunds(merchantId)).toBe(0)
  })

  it('that wait are found by the projection when the order was booked without Postgres', async () => {
    const merchantId = await newShop()
    const customer = newCustomerGid()
    const order = orderOf(customer, 5000)
    await deliver(WEBHOOKS, [refundMessage(merchantId, refundOf(order.order_gid, 2000))])
    await deliver(WEBHOOKS, [orderMessage(merchantId, order)], { to: withoutPostgres })
    await vi.waitFor(async () => expect(await postedPoints(merchantId, customer)).toBe(30), { timeout: 10_000 })
    await vi.waitFor(async () => expect(await waitingRefunds(merchantId)).toBe(0), { timeout: 10_000 })
  })

  it('come again while Postgres is down, because only there an owner is found', async () => {
    const merchantId = await newShop()
    const refund = refundMessage(merchantId, refundOf(orderOf(newCustomerGid(), 1).order_gid, 2000))
    expect(await deliver(WEBHOOKS, [refund], { to: withoutPostgres })).toEqual({ acked: [], retried: [0] })
  })

  it('and a cancellation together take back what the order earned, and no more', async () => {
    const merchantId = await newShop()
    const customer = newCustomerGid()
    const order = orderOf(customer, 5000)
    const refund = refundOf(order.order_gid, 2000)
    const cancelled = { ...order, cancelled_at_ms: 1_790_000_200_000, refunds: [refund] }
    await deliver(WEBHOOKS, [orderMessage(merchantId, orderOf(customer, 700))])
    await deliver(WEBHOOKS, [orderMessage(merchantId, order), refundMessage(merchantId, refund)])
    expect(await postedPoints(merchantId, customer)).toBe(37)
    await deliver(WEBHOOKS, [
      orderMessage(merchantId, cancelled, 'orders/cancelled'),
      refundMessage(merchantId, refund),
    ])
    expect(await postedPoints(merchantId, customer)).toBe(7)
  })
})

it('a thousand deliveries of one order and its refunds, shuffled and in parallel, book one earn and exact refunds', async () => {
  const merchantId = await newShop()
  const customer = newCustomerGid()
  const order = orderOf(customer, 10_000)
  const messages = [
    orderMessage(merchantId, order),
    refundMessage(merchantId, refundOf(order.order_gid, 3000)),
    refundMessage(merchantId, refundOf(order.order_gid, 1999)),
  ]
  const deliveries = shuffled(
    Array.from({ length: 1000 }, (_, index) => messages[index % messages.length]),
    7,
  )
  const batches = Array.from({ length: 10 }, (_, index) => deliveries.slice(index * 100, (index + 1) * 100))
  const results = await Promise.all(batches.map((batch) => deliver(WEBHOOKS, batch)))
  expect(results.flatMap(({ retried }) => retried)).toEqual([])
  expect(await postedPoints(merchantId, customer)).toBe(50)
  await vi.waitFor(async () => expect(await projectedEntries(merchantId, customer)).toBe(3), { timeout: 10_000 })
  await vi.waitFor(async () => expect(await waitingRefunds(merchantId)).toBe(0), { timeout: 10_000 })
})

/** A customer's profile as the gateway sealed it. */
const profile = (merchantId: string, gid: string, updatedAtMs: number, verified: boolean) => ({
  merchant_id: merchantId,
  shop: 'example.myshopify.com',
  webhook_id: crypto.randomUUID(),
  received_at_ms: Date.now(),
  topic: 'customers/update',
  customer: {
    customer_gid: gid,
    email_index: 'ab'.repeat(32),
    email_sealed: 'c2VhbGVk',
    email_verified: verified,
    created_at_ms: 1_780_000_000_000,
    updated_at_ms: updatedAtMs,
  },
})

describe('customers', () => {
  it('are stored, and an older profile does not replace a newer one', async () => {
    const merchantId = await newShop()
    const gid = newCustomerGid()
    await deliver(WEBHOOKS, [profile(merchantId, gid, 2_000, true), profile(merchantId, gid, 1_000, false)])
    await deliver(WEBHOOKS, [profile(merchantId, gid, 1_500, false)])
    const stored = sql`select shopify_gid, email_verified from customers`
    expect(await neonBatch(env, merchantId, [stored])).toEqual([[{ shopify_gid: gid, email_verified: true }]])
  })

  it('become events', async () => {
    const merchantId = await newShop()
    await deliver(WEBHOOKS, [profile(merchantId, newCustomerGid(), 2_000, true)])
    const logged = () =>
      env.EVENT_LOG.prepare('select event_type from events where merchant_id = ?1').bind(merchantId).first('event_type')
    await vi.waitFor(async () => expect(await logged()).toBe('customer.updated'), { timeout: 10_000 })
  })
})

it('app/uninstalled closes the shop, but not one that was installed again since', async () => {
  const merchantId = await newShop()
  const uninstalled = (atMs: number) => ({
    merchant_id: merchantId,
    shop: 'example.myshopify.com',
    webhook_id: crypto.randomUUID(),
    received_at_ms: Date.now(),
    topic: 'app/uninstalled',
    uninstalled_at_ms: atMs,
  })
  const status = () =>
    env.CONTROL.prepare('select status from shops where merchant_id = ?1').bind(merchantId).first('status')
  await deliver(WEBHOOKS, [uninstalled(Date.now() - 3_600_000)])
  expect(await status()).toBe('active')
  await deliver(WEBHOOKS, [uninstalled(Date.now())])
  expect(await status()).toBe('uninstalled')
  expect((await shopByMerchant(env, merchantId))?.status).toBe('uninstalled')
})
