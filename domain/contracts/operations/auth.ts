import { z } from 'zod'
import { operation } from './operation.ts'

export const ShopperSession = z.object({
  token: z.string().describe('send as `Authorization: Bearer …`; lives 15 minutes'),
  expires_at: z.iso.datetime(),
  customer_id: z.uuid().nullable().describe('null: nobody is logged in; the token reads what visitors may see'),
  app: z.url().describe('origin of the API'),
})

export const AUTH_OPERATIONS = [
  operation({
    id: 'auth.connectShop',
    method: 'post',
    path: '/v1/api/auth/shopify/connect',
    tag: 'auth',
    summary: "Give LoyalNest access to the shop's Admin API",
    description:
      "Sent by the embedded app with App Bridge's session token, which is exchanged for an expiring offline token. Harmless to repeat.",
    access: { kind: 'session_token' },
    rateClass: 'session',
    idempotencyKey: false,
    response: z.object({ connected: z.literal(true), scopes: z.array(z.string()) }),
    status: 200,
    errors: ['credentials_required', 'credentials_invalid', 'session_token_invalid', 'shop_unknown', 'unavailable'],
  }),
  operation({
    id: 'auth.shopperSession',
    method: 'get',
    path: '/proxy/session',
    tag: 'auth',
    summary: "A token for a storefront page, for Shopify's app proxy only",
    description: 'The storefront calls `/apps/loyalnest/session`; Shopify signs and forwards it here.',
    access: { kind: 'proxy' },
    rateClass: 'session',
    idempotencyKey: false,
    response: ShopperSession,
    status: 200,
    errors: ['signature_invalid', 'shop_unknown'],
  }),
] as const
