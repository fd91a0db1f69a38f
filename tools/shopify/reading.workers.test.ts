import { env } from 'cloudflare:workers'
import { describe, expect, it } from 'vitest'
import { factsOfOrder } from '../../workers/integrations/shopify/orders/facts.ts'
import { madeBetween, type OrdersPage, readOrder, readOrders } from '../../workers/integrations/shopify/orders/read.ts'
import { buyerOf } from '../../workers/integrations/shopify/buyer.ts'
import { completeOrder } from '../../workers/integrations/shopify/complete.ts'
import { isExact, orderFacts } from '../../workers/integrations/shopify/facts.ts'
import { Order as OrderPayload, parsePayload } from '../../workers/integrations/shopify/payloads.ts'
import { addHistory, connectedShop } from '../../workers/services/rewards/testing.ts'
import type { OrderFacts } from '../../domain/earning/facts.ts'
import { toJson } from './json.ts'
import type { Order } from './order.ts'
import { orderPayload } from './payloads.ts'
import { randomOrders } from './random-orders.ts'

const DAY_MS = 24 * 3_600_000
const SHOP = { name: 'Demo', currency: 'EUR', timeZone: 'Europe/Berlin' }

/** The facts as the gateway makes them of an order's webhook. */
async function webhookFacts(merchantId: string, domain: string, order: Order): Promise<OrderFacts> {
  const buyer = {
    id: order.customerId ?? '',
    email: order.email,
    firstName: 'A',
    lastName: 'B',
    createdAt: order.createdAt,
    updatedAt: order.createdAt,
  }
  const body = toJson(orderPayload(order, order.customerId === null ? null : buyer, { ...SHOP, domain }))
  const bytes = new TextEncoder().encode(body)
  const payload = OrderPayload.parse(completeOrder(parsePayload('orders/create', bytes.buffer)))
  return {
    ...orderFacts('orders/create', payload, 0),
    buyer: await buyerOf(env, merchantId, payload),
    // What no webhook of an order says.
    edited_at_ms: order.editedAt === null ? null : second(Date.parse(order.updatedAt)),
  }
}

/** Whole seconds, as Shopify writes times. */
function second(atMs: number): number {
  return Math.floor(atMs / 1_000) * 1_000
}

function inSeconds(facts: OrderFacts): OrderFacts {
  return {
    ...facts,
    processed_at_ms: second(facts.processed_at_ms),
    cancelled_at_ms: facts.cancelled_at_ms === null ? null : second(facts.cancelled_at_ms),
    refunds: facts.refunds.map((refund) => ({ ...refund, processed_at_ms: second(refund.processed_at_ms) })),
  }
}

async function readAll(shop: { merchantId: string; domain: string }, search: string) {
  const reading = { env, shop, deadlineMs: Date.now() + 60_000 }
  const orders: OrdersPage['orders'][number][] = []
  for (let after: string | null | undefined; after !== null;) {
    const page = await readOrders(reading, search, after ?? null)
    if (!page.ok) throw new Error(JSON.stringify(page.fault))
    orders.push(...page.data.orders)
    after = page.data.next
  }
  return orders
}

describe('an order read by GraphQL is the same fact as its webhooks', () => {
  // A shop's budget for queries is worth so many; each shop has its own.
  it.each(Array.from({ length: 8 }, (_, index) => `seed ${index}`))('whatever it holds (%s)', async (seed) => {
    const shop = await connectedShop()
    const untilMs = Math.floor(Date.now() / 1_000) * 1_000
    const fromMs = untilMs - DAY_MS
    const made = randomOrders({
      seed,
      count: 25,
      fromMs,
      untilMs,
      customerIds: ['7412905541101', '7412905541102'],
      idPrefix: `82${String(crypto.getRandomValues(new Uint32Array(1))[0]).padStart(10, '0')}`,
      firstNumber: 1,
    })
    await addHistory(shop, made)
    const read = await readAll(shop, madeBetween(fromMs, untilMs))
    expect(read.map(({ order }) => order.id).toSorted()).toEqual(
      made.map(({ id }) => `gid://shopify/Order/${id}`).toSorted(),
    )
    const byId = new Map(read.map((whole) => [whole.order.id, whole]))
    for (const order of made) {
      const whole = byId.get(`gid://shopify/Order/${order.id}`)
      if (whole === undefined) throw new Error('the order was not read')
      const facts = await factsOfOrder(env, shop.merchantId, whole)
      expect(facts).toEqual(inSeconds(await webhookFacts(shop.merchantId, shop.domain, order)))
      expect(isExact(facts.parts)).toBe(true)
    }
  })
})

it('an order that the shop does not have is null', async () => {
  const shop = await connectedShop()
  const reading = { env, shop, deadlineMs: Date.now() + 10_000 }
  expect(await readOrder(reading, 'gid://shopify/Order/1')).toEqual({ ok: true, data: null })
})
