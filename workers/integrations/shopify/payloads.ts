import { z } from 'zod'
import { CurrencyCode, DecimalString, toMinor } from '../../../domain/contracts/money.ts'
import {
  ShopifyCustomerGid,
  ShopifyDiscountGid,
  ShopifyOrderGid,
  ShopifyRefundGid,
} from '../../../domain/contracts/ids.ts'

/**
 * The parts of Shopify's webhook payloads that LoyalNest reads (Admin API 2026-10); everything else is dropped while
 * parsing. Ids come from `admin_graphql_api_id`, because the numbers beside it exceed 2^53.
 */

/** An amount in the shop's currency: minor units and the currency it says it is in. */
export interface ShopMoney {
  readonly minor: number
  readonly currency: string
}

/** A `*_set`: its amount in the shop's currency. What the shopper saw (`presentment_money`) does not matter. */
const MoneySet = z
  .object({ shop_money: z.object({ amount: DecimalString, currency_code: CurrencyCode }) })
  .transform(({ shop_money: money }, context): ShopMoney => {
    const minor = toMinor(money.amount, money.currency_code)
    if (minor === undefined) {
      context.addIssue({ code: 'custom', path: ['shop_money', 'amount'], message: 'is out of range' })
      return z.NEVER
    }
    return { minor, currency: money.currency_code }
  })

/** Times that every store downstream can hold; Postgres has no year 0. */
const EARLIEST_MS = Date.UTC(1900, 0, 1)
const Timestamp = z.iso
  .datetime({ offset: true })
  .transform((text) => Date.parse(text))
  .refine((atMs) => atMs >= EARLIEST_MS, 'must not be before the year 1900')
const list = <S extends z.ZodType>(item: S) =>
  z
    .array(item)
    .nullish()
    .transform((items) => items ?? [])

const TaxLine = z.object({ price_set: MoneySet })
const DiscountAllocation = z.object({ amount_set: MoneySet })

const LineItem = z.object({
  admin_graphql_api_id: z.string().nullish(),
  quantity: z.int().min(0),
  // Without what was refunded and what an edit of the order took out.
  current_quantity: z.int().min(0).nullish(),
  price_set: MoneySet,
  gift_card: z.boolean().nullish(),
  // Set only on the line by which Shopify books a tip given after checkout.
  tip_payment_gateway: z.string().nullish(),
  tip_payment_method: z.string().nullish(),
  tax_lines: list(TaxLine),
  discount_allocations: list(DiscountAllocation),
})
export type LineItem = z.output<typeof LineItem>

const ShippingLine = z.object({
  price_set: MoneySet,
  discounted_price_set: MoneySet.nullish(),
  is_removed: z.boolean().nullish(),
  tax_lines: list(TaxLine),
  discount_allocations: list(DiscountAllocation),
})
export type ShippingLine = z.output<typeof ShippingLine>

const refundFields = {
  admin_graphql_api_id: ShopifyRefundGid,
  created_at: Timestamp.nullish(),
  processed_at: Timestamp.nullish(),
  refund_line_items: list(
    z.object({
      quantity: z.int().min(0),
      subtotal_set: MoneySet,
      total_tax_set: MoneySet.nullish(),
      line_item: LineItem,
    }),
  ),
  refund_shipping_lines: list(z.object({ subtotal_amount_set: MoneySet, tax_amount_set: MoneySet.nullish() })),
  order_adjustments: list(
    z.object({
      amount_set: MoneySet,
      tax_amount_set: MoneySet.nullish(),
      kind: z.string().nullish(),
      reason: z.string().nullish(),
    }),
  ),
}

/** A refund as an order lists it. */
const ListedRefund = z.object(refundFields)
export type RefundPayload = z.output<typeof ListedRefund>

/** An `order_id` without a gid beside it: {@link parsePayload} keeps its exact digits. */
const OrderDigits = z
  .union([z.string(), z.int()])
  .transform((id) => `gid://shopify/Order/${id}`)
  .pipe(ShopifyOrderGid)

/** `refunds/create`. */
export const Refund = z.object({ ...refundFields, order_id: OrderDigits })

/** `orders/create`, `orders/paid`, `orders/cancelled`. */
export const Order = z.object({
  admin_graphql_api_id: ShopifyOrderGid,
  currency: CurrencyCode,
  financial_status: z.string().nullish(),
  test: z.boolean().nullish(),
  taxes_included: z.boolean().nullish(),
  cancelled_at: Timestamp.nullish(),
  created_at: Timestamp.nullish(),
  processed_at: Timestamp.nullish(),
  email: z.string().nullish(),
  contact_email: z.string().nullish(),
  customer: z.object({ admin_graphql_api_id: ShopifyCustomerGid }).nullish(),
  line_items: z.array(LineItem),
  shipping_lines: list(ShippingLine),
  total_tip_received: DecimalString.nullish(),
  total_tip_received_set: MoneySet.nullish(),
  discount_codes: list(z.object({ code: z.string() })),
  refunds: list(ListedRefund),
})
export type OrderPayload = z.output<typeof Order>

/** `customers/create`, `customers/update`. */
export const Customer = z.object({
  admin_graphql_api_id: ShopifyCustomerGid,
  email: z.string().max(320).nullish(),
  verified_email: z.boolean().nullish(),
  created_at: Timestamp,
  updated_at: Timestamp,
})

/** `customers/merge`: how a merge ended, or that it failed. */
export const CustomersMerged = z.discriminatedUnion('status', [
  z.object({
    status: z.literal('completed'),
    admin_graphql_api_customer_kept_id: ShopifyCustomerGid,
    admin_graphql_api_customer_deleted_id: ShopifyCustomerGid,
  }),
  z.object({ status: z.enum(['requested', 'in_progress', 'failed']) }),
])

/** `customers/delete`. */
export const CustomerDeleted = z.object({ admin_graphql_api_id: ShopifyCustomerGid })

/** `discounts/redeemcode_removed`: a code of a discount was deleted. */
export const RedeemCodeRemoved = z.object({
  admin_graphql_api_id: ShopifyDiscountGid,
  redeem_code: z.object({ code: z.string() }),
})

/** `discounts/delete`: a discount of any kind was deleted, and its codes with it. */
export const DiscountDeleted = z.object({ admin_graphql_api_id: z.string().max(200) })

/** `orders/edited`: which lines changed, and nothing of how the order is now. */
export const OrderEdited = z.object({ order_edit: z.object({ order_id: OrderDigits }) })

/** `bulk_operations/finish`. */
export const BulkFinished = z.object({ admin_graphql_api_id: z.string().max(200) })

/** `app/uninstalled`: which shop it is, the signed header says. */
export const Uninstalled = z.object({})

/** Keeps the digits of an `order_id` beyond 2^53, which a JavaScript number would round (JSON.parse source text access). */
function exactOrderId(key: string, value: unknown, context?: { readonly source?: string }): unknown {
  if (key === 'order_id' && typeof value === 'number' && context?.source !== undefined) return context.source
  return value
}

/** The JSON of a webhook's body. Throws `SyntaxError`. */
export function parsePayload(topic: string, body: ArrayBuffer): unknown {
  const text = new TextDecoder('utf-8', { fatal: true, ignoreBOM: false }).decode(body)
  // Only these need the exact id, and a reviver visits every value of what may be megabytes.
  return topic === 'refunds/create' || topic === 'orders/edited' ? JSON.parse(text, exactOrderId) : JSON.parse(text)
}
