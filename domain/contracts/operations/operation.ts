import type { z } from 'zod'
import type { ErrorCode } from '../errors.ts'
import type { Permission } from '../permissions.ts'

/**
 * Who may call:
 * - public: anyone. - webhook: Shopify, by HMAC. - proxy: Shopify's app proxy, by signature.
 * - member: an API key with `permission`; with `shopper` also a shopper token, for its own customer only; with `visitor`
 *   also the token of a storefront page where nobody is logged in.
 * - device: a registered till, by its signature over the request. - session_token: a member of the shop's staff inside Shopify's admin, by App Bridge's session token.
 */
export type Access =
  | { readonly kind: 'public' }
  | { readonly kind: 'webhook' }
  | { readonly kind: 'proxy' }
  | { readonly kind: 'member'; readonly permission: Permission; readonly shopper: boolean; readonly visitor?: boolean }
  | { readonly kind: 'session_token' }
  | { readonly kind: 'device' }
  | { readonly kind: 'shopper' }

/** Which limit counts a call; the limits themselves are in `workers/gateway/middleware/rate-limit.ts`. */
export type RateClass = 'health' | 'webhook' | 'read' | 'write' | 'settings_write' | 'session' | 'device' | 'operations'

/** One operation. `idempotencyKey`: the header is required and answers are replayed. */
export interface Operation {
  readonly id: string
  readonly method: 'get' | 'post' | 'put' | 'delete'
  readonly path: string
  readonly tag: string
  readonly summary: string
  readonly description?: string
  readonly access: Access
  readonly rateClass: RateClass
  readonly idempotencyKey: boolean
  readonly params?: z.ZodObject
  readonly query?: z.ZodObject
  readonly body?: z.ZodType
  /** The most bytes its body may have, where it is more than others'. */
  readonly bodyLimitBytes?: number
  readonly response: z.ZodType
  readonly status: 200 | 201 | 202
  /** Codes of its own, beside those that every operation may answer. */
  readonly errors: readonly ErrorCode[]
}

/** Keeps the precise types of a declaration while checking its shape. */
export function operation<const O extends Operation>(declared: O): O {
  return declared
}

/** Access of an API key with the permission. */
export const member = (permission: Permission) => ({ kind: 'member' as const, permission, shopper: false })

/** The same, and a shopper's own token. */
export const memberOrShopper = (permission: Permission) => ({ kind: 'member' as const, permission, shopper: true })

/** The same, and the token of a visitor of the storefront. */
export const anyoneOfTheShop = (permission: Permission) => ({ ...memberOrShopper(permission), visitor: true })
