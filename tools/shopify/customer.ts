import { z } from 'zod'

/** A customer of the demo shop. `id`: the digits of the gid. */
export const Customer = z.object({
  id: z.string(),
  email: z.string(),
  firstName: z.string(),
  lastName: z.string(),
  createdAt: z.iso.datetime(),
  updatedAt: z.iso.datetime(),
})
export type Customer = z.infer<typeof Customer>

/** They have an account from the first start; log in with the e-mail address alone. */
export const DEMO_CUSTOMERS: readonly Pick<Customer, 'id' | 'email' | 'firstName' | 'lastName'>[] = [
  { id: '7412905541101', email: 'mira@example.com', firstName: 'Mira', lastName: 'Lindqvist' },
  { id: '7412905541102', email: 'yusuf@example.com', firstName: 'Yusuf', lastName: 'Haddad' },
  { id: '7412905541103', email: 'chloe@example.com', firstName: 'Chloé', lastName: 'Martin' },
  { id: '7412905541104', email: 'tomasz@example.com', firstName: 'Tomasz', lastName: 'Zieliński' },
]

/** A gid as Shopify's GraphQL writes it. */
export function gid(
  resource:
    | 'Customer'
    | 'Order'
    | 'OrderAdjustment'
    | 'Refund'
    | 'RefundLineItem'
    | 'RefundShippingLine'
    | 'LineItem'
    | 'ProductVariant'
    | 'ShippingLine'
    | 'OrderTransaction',
  id: string,
): string {
  return `gid://shopify/${resource}/${id}`
}
