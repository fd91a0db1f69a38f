import { z } from 'zod'
import { CurrencyCode } from '../contracts/money.ts'
import { ShopifyCustomerGid, ShopifyOrderGid, ShopifyRefundGid } from '../contracts/ids.ts'

/**
 * The facts of Shopify's webhooks that LoyalNest needs, in minor units of the shop's currency and without personal
 * data. The gateway reads them out of the payload and only they travel through the queue.
 */

const minor = z.int().min(0)

/**
 * The parts of an order's or a refund's money, in minor units of the shop's currency, none negative.
 * Amounts are "as priced": they contain the tax exactly if `taxes_included`. A refund's webhook does not say whether
 * they do: in a refund the flag is always false and its order's counts, so that both ways to hear of a refund are one fact.
 */
export const MoneyParts = z.object({
  taxes_included: z.boolean(),
  goods: minor.describe('line items after discounts, without gift cards and tips'),
  goods_tax: minor.describe('the tax of those line items'),
  goods_discount: minor.describe('the discounts taken off those line items'),
  gift_cards: minor.describe('gift cards bought'),
  shipping: minor.describe('shipping after discounts'),
  shipping_tax: minor,
  tips: minor,
})
export type MoneyParts = z.infer<typeof MoneyParts>

/** Who an order belongs to: a Shopify customer, or a guest known by the blind index of the e-mail, or nobody. */
export const Buyer = z.discriminatedUnion('kind', [
  z.object({ kind: z.literal('customer'), customer_gid: ShopifyCustomerGid }),
  z.object({ kind: z.literal('guest'), email_index: z.string().regex(/^[0-9a-f]{64}$/) }),
  z.object({ kind: z.literal('nobody') }),
])
export type Buyer = z.infer<typeof Buyer>

/** A refund. `order_gid` ties it to its order, which may arrive later. */
export const RefundFacts = z.object({
  refund_gid: ShopifyRefundGid,
  order_gid: ShopifyOrderGid,
  currency: CurrencyCode,
  processed_at_ms: z.int(),
  parts: MoneyParts,
})
export type RefundFacts = z.infer<typeof RefundFacts>

/** An order as it stood when the webhook was made, with the refunds that it lists. */
export const OrderFacts = z.object({
  order_gid: ShopifyOrderGid,
  buyer: Buyer,
  test: z.boolean(),
  paid: z.boolean().describe('financial_status is paid, partially_refunded or refunded'),
  cancelled_at_ms: z.int().nullable(),
  processed_at_ms: z.int(),
  currency: CurrencyCode.describe("the shop's currency"),
  parts: MoneyParts,
  refunds: z.array(RefundFacts),
  discount_codes: z
    .array(z.string())
    .default([])
    .describe('the codes in it that look like ours (domain/rewards/code.ts), upper case; at most 20'),
  edited_at_ms: z
    .int()
    .nullable()
    .default(null)
    .describe(
      'when it was last changed, if its items were ever changed after the purchase; no webhook of an order says so',
    ),
})
export type OrderFacts = z.infer<typeof OrderFacts>

/** A customer's profile: personal fields are sealed with the merchant's key, the index is blind. */
export const CustomerFacts = z.object({
  customer_gid: ShopifyCustomerGid,
  email_index: z
    .string()
    .regex(/^[0-9a-f]{64}$/)
    .nullable(),
  email_sealed: z.string().nullable().describe('base64 of AES-256-GCM; null without e-mail'),
  email_verified: z.boolean(),
  created_at_ms: z.int(),
  updated_at_ms: z.int(),
})
export type CustomerFacts = z.infer<typeof CustomerFacts>

const envelope = {
  merchant_id: z.uuid(),
  shop: z.string(),
  webhook_id: z.string().describe("Shopify's delivery id; for looking things up, never for deduplication"),
  received_at_ms: z.int(),
}

/** What the gateway puts on the `webhooks` queue: the founding `webhook.received`. */
export const WebhookMessage = z.discriminatedUnion('topic', [
  z.object({ ...envelope, topic: z.literal('orders/create'), order: OrderFacts }),
  z.object({ ...envelope, topic: z.literal('orders/paid'), order: OrderFacts }),
  z.object({ ...envelope, topic: z.literal('orders/cancelled'), order: OrderFacts }),
  z.object({ ...envelope, topic: z.literal('refunds/create'), refund: RefundFacts }),
  z.object({ ...envelope, topic: z.literal('customers/create'), customer: CustomerFacts }),
  z.object({ ...envelope, topic: z.literal('customers/update'), customer: CustomerFacts }),
  z.object({ ...envelope, topic: z.literal('orders/edited'), order_gid: ShopifyOrderGid }),
  z.object({
    ...envelope,
    topic: z.literal('customers/merge'),
    kept_gid: ShopifyCustomerGid,
    removed_gid: ShopifyCustomerGid,
  }),
  z.object({ ...envelope, topic: z.literal('customers/delete'), customer_gid: ShopifyCustomerGid }),
  z.object({ ...envelope, topic: z.literal('bulk_operations/finish'), bulk_operation_gid: z.string() }),
  z.object({
    ...envelope,
    topic: z.literal('discounts/redeemcode_removed'),
    discount_gid: z.string(),
    code: z.string().describe('upper case'),
  }),
  z.object({ ...envelope, topic: z.literal('discounts/delete'), discount_gid: z.string() }),
  z.object({
    ...envelope,
    topic: z.literal('app/uninstalled'),
    uninstalled_at_ms: z.int().describe('when Shopify made the webhook, which may be hours before it came'),
  }),
])
export type WebhookMessage = z.infer<typeof WebhookMessage>

/** The handled Shopify topics; each has an address `/v1/api/webhooks/{topic}`. */
export const WEBHOOK_TOPICS = [
  'orders/create',
  'orders/paid',
  'orders/cancelled',
  'orders/edited',
  'refunds/create',
  'customers/create',
  'customers/update',
  'customers/merge',
  'customers/delete',
  'bulk_operations/finish',
  'discounts/redeemcode_removed',
  'discounts/delete',
  'app/uninstalled',
] as const satisfies readonly WebhookMessage['topic'][]
