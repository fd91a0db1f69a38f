import { z } from 'zod'

/** A code discount that an app's Function works out, as `discountCodeAppCreate` makes it. */

export const DISCOUNT_CLASSES = ['ORDER', 'PRODUCT', 'SHIPPING'] as const

export const Metafield = z.object({
  id: z.string(),
  /** As the app wrote it, `$app:…` not resolved. */
  namespace: z.string(),
  key: z.string(),
  type: z.string(),
  value: z.string(),
  createdAt: z.string(),
  updatedAt: z.string(),
})
export type Metafield = z.infer<typeof Metafield>

export const Discount = z.object({
  /** Digits of gid://shopify/DiscountCodeNode/…. */
  id: z.string(),
  /** The shop's domain. */
  shop: z.string(),
  title: z.string(),
  functionHandle: z.string(),
  classes: z.array(z.enum(DISCOUNT_CLASSES)),
  combinesWith: z.object({
    orderDiscounts: z.boolean(),
    productDiscounts: z.boolean(),
    shippingDiscounts: z.boolean(),
  }),
  appliesOncePerCustomer: z.boolean(),
  /** How often each of its codes may be used; null: without limit. */
  usageLimit: z.int().nullable(),
  startsAt: z.iso.datetime(),
  endsAt: z.iso.datetime().nullable(),
  tags: z.array(z.string()),
  metafields: z.array(Metafield),
  createdAt: z.iso.datetime(),
  updatedAt: z.iso.datetime(),
})
export type Discount = z.infer<typeof Discount>

/** One of a discount's codes. `id`: digits of gid://shopify/DiscountRedeemCode/…. */
export const RedeemCode = z
  .object({ id: z.string(), discount_id: z.string(), code: z.string(), created_at: z.string() })
  .transform((row) => ({ id: row.id, discountId: row.discount_id, code: row.code, createdAt: row.created_at }))
export type RedeemCode = z.infer<typeof RedeemCode>

/** What the Admin API says against an input; `code` is one of DiscountErrorCode. */
export const UserError = z.object({
  field: z.array(z.string()).nullable(),
  code: z.string().nullable(),
  message: z.string(),
})
export type UserError = z.infer<typeof UserError>

/** What became of one code of a bulk creation. */
export const CreatedCode = z.object({
  code: z.string(),
  redeemCodeId: z.string().nullable(),
  errors: z.array(UserError),
})
export type CreatedCode = z.infer<typeof CreatedCode>

export function statusOf(discount: Discount, nowMs: number): 'ACTIVE' | 'EXPIRED' | 'SCHEDULED' {
  if (Date.parse(discount.startsAt) > nowMs) return 'SCHEDULED'
  return discount.endsAt !== null && Date.parse(discount.endsAt) <= nowMs ? 'EXPIRED' : 'ACTIVE'
}
