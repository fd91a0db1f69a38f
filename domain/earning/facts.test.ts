import { describe, expect, it } from 'vitest'
import { Buyer, CustomerFacts, OrderFacts, WEBHOOK_TOPICS, WebhookMessage } from './facts.ts'

const CUSTOMER = 'gid://shopify/Customer/115310627314723954'
const ORDER = 'gid://shopify/Order/820982911946154508'
const INDEX = 'a1'.repeat(32)
const money = {
  taxes_included: true,
  goods: 5990,
  goods_tax: 0,
  goods_discount: 0,
  gift_cards: 0,
  shipping: 0,
  shipping_tax: 0,
  tips: 0,
}
const order = {
  order_gid: ORDER,
  buyer: { kind: 'customer', customer_gid: CUSTOMER },
  test: false,
  paid: true,
  cancelled_at_ms: null,
  processed_at_ms: 1,
  currency: 'EUR',
  parts: money,
  refunds: [],
}
const refund = {
  refund_gid: 'gid://shopify/Refund/509562969',
  order_gid: ORDER,
  currency: 'EUR',
  processed_at_ms: 1,
  parts: money,
}
const customer = {
  customer_gid: CUSTOMER,
  email_index: INDEX,
  email_sealed: 'c2VhbGVk',
  email_verified: true,
  created_at_ms: 1,
  updated_at_ms: 2,
}

/** What each topic's message carries. */
const CONTENTS = {
  'orders/create': { order },
  'orders/paid': { order },
  'orders/cancelled': { order },
  'orders/edited': { order_gid: ORDER },
  'refunds/create': { refund },
  'customers/create': { customer },
  'customers/update': { customer },
  'customers/merge': { kept_gid: CUSTOMER, removed_gid: 'gid://shopify/Customer/2' },
  'customers/delete': { customer_gid: CUSTOMER },
  'bulk_operations/finish': { bulk_operation_gid: 'gid://shopify/BulkOperation/1' },
  'discounts/redeemcode_removed': { discount_gid: 'gid://shopify/DiscountCodeNode/1', code: 'LN-1' },
  'discounts/delete': { discount_gid: 'gid://shopify/DiscountCodeNode/1' },
  'app/uninstalled': { uninstalled_at_ms: 1 },
} satisfies Readonly<Record<(typeof WEBHOOK_TOPICS)[number], object>>

const envelope = {
  merchant_id: '3f2a1c4e-55d4-4c0f-8f0a-6a1d2b3c4d5e',
  shop: 'demo.myshopify.com',
  webhook_id: 'b54557e4',
  received_at_ms: 3,
}

describe('the message of a webhook that goes through the queue', () => {
  it.each(WEBHOOK_TOPICS)('of %s carries its facts, and must carry them', (topic) => {
    const message = { ...envelope, topic, ...CONTENTS[topic] }
    expect(WebhookMessage.parse(message)).toMatchObject(message)
    expect(WebhookMessage.safeParse({ ...envelope, topic }).success).toBe(false)
    expect(WebhookMessage.safeParse({ ...message, merchant_id: undefined }).success).toBe(false)
  })

  it('of another topic is none', () => {
    expect(WebhookMessage.safeParse({ ...envelope, topic: 'orders/fulfilled', order }).success).toBe(false)
  })
})

describe('the facts of an order', () => {
  it('have no codes and no edit unless they say so', () => {
    expect(OrderFacts.parse(order)).toMatchObject({ discount_codes: [], edited_at_ms: null })
  })

  it.each([
    ['negative money', { parts: { ...money, goods: -1 } }],
    ['a part of a cent', { parts: { ...money, tips: 0.5 } }],
    ['no currency', { currency: 'euro' }],
  ])('are none with %s', (_, change) => {
    expect(OrderFacts.safeParse({ ...order, ...change }).success).toBe(false)
  })
})

const guest = (email_index: string) => Buyer.safeParse({ kind: 'guest', email_index }).success
const profile = (email_index: string | null) => CustomerFacts.safeParse({ ...customer, email_index }).success

describe('the blind index of an address', () => {
  it('is 64 hexadecimal digits', () => {
    expect([guest(INDEX), profile(INDEX), profile(null)]).toEqual([true, true, true])
  })

  it.each([`${INDEX}0`, `x${INDEX}`, INDEX.slice(1), 'X'.repeat(64), 'ann@example.com'])('is not %s', (index) => {
    expect([guest(index), profile(index)]).toEqual([false, false])
  })
})
