import type { z } from 'zod'
import type { MoneyParts, WEBHOOK_TOPICS, WebhookMessage } from '../../domain/earning/facts.ts'
import { ShopifyDiscountGid } from '../../domain/contracts/ids.ts'
import { canonicalCode, looksLikeOurs } from '../../domain/rewards/code.ts'
import { buyerOf } from '../integrations/shopify/buyer.ts'
import { completeCustomer, completeOrder, completeRefund } from '../integrations/shopify/complete.ts'
import { isExact, orderFacts, refundFacts } from '../integrations/shopify/facts.ts'
import { isSignedWebhook } from '../integrations/shopify/hmac.ts'
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
} from '../integrations/shopify/payloads.ts'
import { type Shop, shopByDomain } from '../platform/control.ts'
import { blindIndex, seal } from '../platform/crypto.ts'
import { type Exchange, jsonResponse } from './exchange.ts'
import { readBody, WEBHOOK_BODY_LIMIT } from './middleware/body.ts'
import { limitRate } from './middleware/rate-limit.ts'
import { faultsOf, Problem, validationProblem } from './problem.ts'

/** A topic that is handled. */
export type WebhookTopic = (typeof WEBHOOK_TOPICS)[number]

interface Delivery {
  readonly topic: WebhookTopic
  readonly shop: Shop
  readonly webhookId: string
  readonly payload: unknown
}

const RECEIVED = JSON.stringify({ received: true })

function header(request: Request, name: string): string {
  const value = request.headers.get(name)
  if (value !== null && value !== '') return value
  if (name === 'X-Shopify-Hmac-Sha256') {
    throw new Problem('signature_invalid', `The header ${name} is missing.`, [{ detail: 'is required', header: name }])
  }
  throw validationProblem([{ detail: 'is required', header: name }])
}

/**
 * One delivery of Shopify's. Nothing is written before all of it is checked, nothing slow happens before the answer:
 * size → headers → HMAC over the raw bytes → topic → JSON → shop → limit → payload → queue → 200. Shopify gives 5
 * seconds in all and repeats whatever was not answered with 2xx, so the queue's acknowledgement is awaited.
 */
export async function receiveWebhook(exchange: Exchange, topic: WebhookTopic): Promise<Response> {
  const { env, request } = exchange
  const body = await readBody(request, WEBHOOK_BODY_LIMIT)
  const signature = header(request, 'X-Shopify-Hmac-Sha256')
  const domain = header(request, 'X-Shopify-Shop-Domain').toLowerCase()
  const declaredTopic = header(request, 'X-Shopify-Topic')
  if (!(await isSignedWebhook(env.SHOPIFY_CLIENT_SECRETS, body, signature))) {
    throw new Problem('signature_invalid', 'X-Shopify-Hmac-Sha256 does not fit the body.')
  }
  if (declaredTopic !== topic) {
    throw new Problem('topic_mismatch', `X-Shopify-Topic does not say ${topic}, as the address does.`)
  }
  const payload = readPayload(topic, body)
  const shop = await shopByDomain(env, domain)
  // A shop may tell again that it has left; nothing else is taken from one that has.
  if (!shop || (shop.status === 'uninstalled' && topic !== 'app/uninstalled')) {
    throw new Problem('shop_unknown', 'LoyalNest is not installed on this shop.')
  }
  exchange.merchantId = shop.merchantId
  await limitRate(exchange, 'webhook', shop.merchantId)
  const webhookId = request.headers.get('X-Shopify-Webhook-Id')?.slice(0, 64) ?? exchange.requestId
  const message = await toMessage(exchange, { topic, shop, webhookId, payload })
  if (message !== undefined) await env.WEBHOOKS.send(message)
  return jsonResponse(exchange, 200, RECEIVED)
}

function readPayload(topic: WebhookTopic, body: ArrayBuffer): unknown {
  try {
    return parsePayload(topic, body)
  } catch {
    throw new Problem('malformed_json', 'The body cannot be read as JSON in UTF-8.')
  }
}

function parsed<S extends z.ZodType>(schema: S, payload: unknown): z.output<S> {
  const result = schema.safeParse(payload)
  if (!result.success) throw validationProblem(faultsOf(result.error, 'body'))
  return result.data
}

/** The queue's message: only the facts that matter, no personal data in clear. Undefined: none of it concerns us. */
async function toMessage(
  exchange: Exchange,
  { topic, shop, webhookId, payload }: Delivery,
): Promise<WebhookMessage | undefined> {
  const { env, startedAtMs } = exchange
  const envelope = {
    merchant_id: shop.merchantId,
    shop: shop.domain,
    webhook_id: webhookId,
    received_at_ms: startedAtMs,
  }
  switch (topic) {
    case 'orders/create':
    case 'orders/paid':
    case 'orders/cancelled': {
      const order = parsed(Order, completeOrder(payload))
      const buyer = await buyerOf(env, shop.merchantId, order)
      const facts = orderFacts(topic, order, startedAtMs)
      checkAmounts([facts, ...facts.refunds])
      return { ...envelope, topic, order: { ...facts, buyer } }
    }
    case 'refunds/create': {
      const refund = parsed(Refund, completeRefund(payload, shop.currency))
      const order = { gid: refund.order_id, currency: shop.currency }
      const facts = refundFacts(refund, order, startedAtMs)
      checkAmounts([facts])
      return { ...envelope, topic, refund: facts }
    }
    case 'orders/edited':
      return { ...envelope, topic, order_gid: parsed(OrderEdited, payload).order_edit.order_id }
    case 'bulk_operations/finish':
      return { ...envelope, topic, bulk_operation_gid: parsed(BulkFinished, payload).admin_graphql_api_id }
    case 'customers/create':
    case 'customers/update':
      return {
        ...envelope,
        topic,
        customer: await customerFacts(env, shop, parsed(Customer, completeCustomer(payload))),
      }
    case 'customers/merge': {
      const merged = parsed(CustomersMerged, payload)
      // Nothing became of a merge that failed.
      if (merged.status !== 'completed') return undefined
      const { admin_graphql_api_customer_kept_id: keptGid, admin_graphql_api_customer_deleted_id: removedGid } = merged
      return { ...envelope, topic, kept_gid: keptGid, removed_gid: removedGid }
    }
    case 'customers/delete': {
      const { admin_graphql_api_id: customerGid } = parsed(CustomerDeleted, completeCustomer(payload))
      return { ...envelope, topic, customer_gid: customerGid }
    }
    case 'discounts/redeemcode_removed': {
      const removed = parsed(RedeemCodeRemoved, payload)
      const code = canonicalCode(removed.redeem_code.code)
      // The shop deletes other codes too, perhaps by the thousand.
      return looksLikeOurs(code) ? { ...envelope, topic, discount_gid: removed.admin_graphql_api_id, code } : undefined
    }
    case 'discounts/delete': {
      const { data: discountGid } = ShopifyDiscountGid.safeParse(parsed(DiscountDeleted, payload).admin_graphql_api_id)
      // Automatic discounts have no codes.
      return discountGid === undefined ? undefined : { ...envelope, topic, discount_gid: discountGid }
    }
    case 'app/uninstalled':
      parsed(Uninstalled, payload)
      return { ...envelope, topic, uninstalled_at_ms: triggeredAtMs(exchange) }
  }
}

/** When Shopify made the webhook: it may arrive hours later, when the shop has installed the app again. */
function triggeredAtMs({ request, startedAtMs }: Exchange): number {
  const atMs = Date.parse(request.headers.get('X-Shopify-Triggered-At') ?? '')
  return Number.isNaN(atMs) ? startedAtMs : Math.min(atMs, startedAtMs)
}

function checkAmounts(facts: readonly { readonly parts: MoneyParts }[]): void {
  if (facts.every(({ parts }) => isExact(parts))) return
  throw validationProblem([{ detail: 'the amounts add up to more than can be counted', pointer: '' }])
}

async function customerFacts(env: Env, { merchantId }: Shop, customer: z.output<typeof Customer>) {
  const gid = customer.admin_graphql_api_id
  const email = customer.email?.trim() ?? ''
  const place = { merchantId, column: 'customers.email', row: gid }
  return {
    customer_gid: gid,
    email_index: email === '' ? null : await blindIndex(env, merchantId, email),
    email_sealed: email === '' ? null : await seal(env, place, email),
    email_verified: customer.verified_email ?? false,
    created_at_ms: customer.created_at,
    updated_at_ms: customer.updated_at,
  }
}
