import { z } from 'zod'

/** LoyalNest's id of a merchant (UUID). */
export const MerchantId = z.uuid().brand<'MerchantId'>()
export type MerchantId = z.infer<typeof MerchantId>

/**
 * LoyalNest's id of a customer: UUIDv5 of the merchant and the Shopify customer gid, or, for a guest, of the
 * merchant and the blind index of the e-mail address. Derived by `domain/ledger/identity.ts`, so that no
 * database is asked on the way of an order.
 */
export const CustomerId = z.uuid().brand<'CustomerId'>()
export type CustomerId = z.infer<typeof CustomerId>

/** `….myshopify.com`, lower case. */
export const ShopDomain = z
  .string()
  .regex(/^[a-z0-9][a-z0-9-]{0,59}\.myshopify\.com$/, 'must be a domain like example.myshopify.com')
  .brand<'ShopDomain'>()
export type ShopDomain = z.infer<typeof ShopDomain>

/** Builds the schema of a Shopify gid of one resource. Ids exceed 2^53, so they are digits in a string, never numbers. */
function gid(resource: string) {
  return z
    .string()
    .regex(new RegExp(`^gid://shopify/${resource}/[1-9][0-9]{0,19}$`), `must be like gid://shopify/${resource}/123`)
}
export const ShopifyCustomerGid = gid('Customer')
export const ShopifyOrderGid = gid('Order')
export const ShopifyRefundGid = gid('Refund')
export const ShopifyVariantGid = gid('ProductVariant')
export const ShopifyCollectionGid = gid('Collection')
export const ShopifyDiscountGid = gid('DiscountCodeNode')

/** How callers name a customer: our id, the Shopify gid, or the bare digits of the gid. */
export const CustomerRef = z
  .union([z.uuid(), ShopifyCustomerGid, z.string().regex(/^[1-9][0-9]{0,19}$/)], {
    error: 'must be a LoyalNest customer id (UUID), a gid://shopify/Customer/… or its digits',
  })
  .describe('LoyalNest customer id (UUID), Shopify gid, or the digits of the gid')
export type CustomerRef = z.infer<typeof CustomerRef>
