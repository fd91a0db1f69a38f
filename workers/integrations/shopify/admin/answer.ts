import type { FunctionConfig, FunctionInputVariables } from '../../../../domain/rewards/function-config.ts'
import type { z } from 'zod'

/** The shapes in which the shop's Admin API answers to the rest of LoyalNest. No logic. */

/** Whose Admin API is asked. */
export interface ShopRef {
  readonly merchantId: string
  /** `example.myshopify.com` */
  readonly domain: string
}

/** One thing that the shop has against a request: a `userError`, or an error of GraphQL that no repetition mends. */
export interface AdminProblem {
  /** Shopify's code, for example `TAKEN`, `ACCESS_DENIED`. */
  readonly code: string | null
  /** The field of the input, its parts joined by dots; empty if none is named. */
  readonly field: string
  /** Shopify's sentence; safe to show to the merchant. */
  readonly message: string
}

/** Why there is no answer, or not the one that was hoped for. */
export type AdminFault =
  /** There is no token for the shop, and only a visit of the merchant makes one. */
  | { readonly kind: 'not_connected' }
  /** The shop's budget is spent and does not fill up before the deadline. Nothing was done. */
  | { readonly kind: 'throttled'; readonly retryAfterMs: number }
  /** The shop says no. Nothing was done. */
  | { readonly kind: 'refused'; readonly problems: readonly AdminProblem[] }
  /** No usable answer in time. `maybeDone`: a request that changes something may have reached the shop. */
  | { readonly kind: 'unavailable'; readonly maybeDone: boolean }

export type AdminAnswer<T> =
  | { readonly ok: true; readonly data: T }
  | { readonly ok: false; readonly fault: AdminFault }

/** Everything about a reward's discount in the shop. */
export interface RewardDiscountInput {
  /** What the merchant sees in Shopify's list of discounts. */
  readonly title: string
  /** A discount must have a code from the start: one without a valid signature, which the Function gives nothing. */
  readonly firstCode: string
  /** ISO 8601. */
  readonly startsAt: string
  readonly endsAt: string | null
  readonly classes: readonly ('ORDER' | 'PRODUCT' | 'SHIPPING')[]
  readonly combinesWith: {
    readonly orderDiscounts: boolean
    readonly productDiscounts: boolean
    readonly shippingDiscounts: boolean
  }
  readonly config: FunctionConfig
  readonly variables: z.infer<typeof FunctionInputVariables>
}

/** A code as the shop knows it. */
export interface FoundCode {
  /** gid://shopify/DiscountCodeNode/… */
  readonly discountGid: string
  /** gid://shopify/DiscountRedeemCode/… */
  readonly redeemCodeGid: string
  /** How many checkouts used the code. Shopify counts it a moment later than the order. */
  readonly usageCount: number
}
