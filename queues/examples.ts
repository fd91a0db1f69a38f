import { createExecutionContext, createMessageBatch, getQueueResult } from 'cloudflare:test'
import { env } from 'cloudflare:workers'
import { z } from 'zod'
import type { MoneyParts, OrderFacts, RefundFacts, WebhookMessage } from '../domain/earning/facts.ts'
import { customerIdOfGid } from '../domain/ledger/identity.ts'
import { customerAccount } from '../durable-objects/kernel/stubs.ts'
import { installShop } from '../workers/platform/install.ts'
import { neonBatch, sql } from '../workers/platform/neon.ts'
import { consume } from './consume.ts'

/** What the tests of the queues share: a shop, messages, and the state that they lead to. Every test has its own shop. */

/** A shop in EUR with the default rule: 1 point for each full euro of goods. */
export function newShop(): Promise<string> {
  const domain = `shop-${crypto.randomUUID().slice(0, 13)}.myshopify.com`
  return installShop(env.CONTROL, {
    domain,
    currency: 'EUR',
    timeZone: 'Europe/Berlin',
    plan: 'basic',
    storefrontOrigins: [],
    nowMs: Date.now() - 60_000,
  })
}

let lastNumber = 820_982_911_946_154_500n
/** A number for a gid that no other example has; above 2^53, as Shopify's samples. */
export function newNumber(): string {
  lastNumber += 1n
  return String(lastNumber)
}

export const newCustomerGid = () => `gid://shopify/Customer/${newNumber()}`
export const newOrderGid = () => `gid://shopify/Order/${newNumber()}`

/** Money of goods only, in minor units. */
export function goods(goodsMinor: number): MoneyParts {
  return {
    taxes_included: false,
    goods: goodsMinor,
    goods_tax: 0,
    goods_discount: 0,
    gift_cards: 0,
    shipping: 0,
    shipping_tax: 0,
    tips: 0,
  }
}

export function refundOf(orderGid: string, goodsMinor: number): RefundFacts {
  return {
    refund_gid: `gid://shopify/Refund/${newNumber()}`,
    order_gid: orderGid,
    currency: 'EUR',
    processed_at_ms: 1_790_000_100_000,
    parts: goods(goodsMinor),
  }
}

/** A paid order of a Shopify customer. */
export function orderOf(customerGid: string, goodsMinor: number, changes: Partial<OrderFacts> = {}): OrderFacts {
  return {
    order_gid: newOrderGid(),
    buyer: { kind: 'customer', customer_gid: customerGid },
    test: false,
    paid: true,
    cancelled_at_ms: null,
    processed_at_ms: 1_790_000_000_000,
    currency: 'EUR',
    parts: goods(goodsMinor),
    refunds: [],
    discount_codes: [],
    edited_at_ms: null,
    ...changes,
  }
}

function envelope(merchantId: string) {
  return {
    merchant_id: merchantId,
    shop: 'example.myshopify.com',
    webhook_id: crypto.randomUUID(),
    received_at_ms: Date.now(),
  }
}

export function orderMessage(
  merchantId: string,
  order: OrderFacts,
  topic: 'orders/create' | 'orders/paid' | 'orders/cancelled' = 'orders/paid',
): WebhookMessage {
  return { ...envelope(merchantId), topic, order }
}

export function refundMessage(merchantId: string, refund: RefundFacts): WebhookMessage {
  return { ...envelope(merchantId), topic: 'refunds/create', refund }
}

/** Which messages of a delivery were acknowledged, and which are to come again, by their place in it. */
export interface Delivery {
  readonly acked: readonly number[]
  readonly retried: readonly number[]
}

const placeOf = (messageId: string) => Number(messageId.split('/')[1])

/** Hands messages to the consumer of a queue, as one batch. */
export async function deliver(
  queue: string,
  bodies: readonly unknown[],
  { to = env, attempts = 1 }: { readonly to?: Env; readonly attempts?: number } = {},
): Promise<Delivery> {
  const prefix = crypto.randomUUID()
  const batch = createMessageBatch(
    queue,
    bodies.map((body, index) => ({ id: `${prefix}/${index}`, timestamp: new Date(), attempts, body })),
  )
  const context = createExecutionContext()
  await consume(batch, to)
  const result = await getQueueResult(batch, context)
  return {
    acked: result.explicitAcks.map(placeOf).toSorted((a, b) => a - b),
    retried: result.retryMessages.map(({ msgId }) => placeOf(msgId)).toSorted((a, b) => a - b),
  }
}

/** The bindings, with a Postgres that does not answer. */
export const withoutPostgres: Env = { ...env, NEON_PROXY: '127.0.0.1:9' }

/** What a customer's account has posted, straight from the object. */
export async function postedPoints(merchantId: string, customerGid: string): Promise<number | null> {
  const customerId = customerIdOfGid(merchantId, customerGid)
  const account = { merchantId, customerId, shopifyCustomerGid: null, currency: null }
  const balance = await customerAccount(env, merchantId, customerId).balance(account)
  return balance === null ? null : balance.posted
}

const Count = z.tuple([z.tuple([z.object({ count: z.coerce.number() })])])

/** How many entries of a customer have arrived in Postgres. */
export async function projectedEntries(merchantId: string, customerGid: string): Promise<number> {
  const rows = await neonBatch(env, merchantId, [
    sql`select count(*) from points_transactions where customer_id = ${customerIdOfGid(merchantId, customerGid)}`,
  ])
  return Count.parse(rows)[0][0].count
}

/** How many refunds of a merchant wait for their order. */
export async function waitingRefunds(merchantId: string): Promise<number> {
  return Count.parse(await neonBatch(env, merchantId, [sql`select count(*) from waiting_refunds`]))[0][0].count
}

/** The items in an order that a seed decides. */
export function shuffled<T>(items: readonly T[], seed: number): T[] {
  let state = seed
  const next = () => {
    // A linear congruential generator (Numerical Recipes): the same order on every run.
    state = (state * 1_664_525 + 1_013_904_223) % 4_294_967_296
    return state
  }
  return items
    .map((item) => ({ item, key: next() }))
    .toSorted((a, b) => a.key - b.key)
    .map(({ item }) => item)
}
