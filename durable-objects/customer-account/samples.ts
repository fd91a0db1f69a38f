import { env } from 'cloudflare:workers'
import type { Adjust, Clawback, EarnOrder, EarnPoints, PlaceHold, Redeem } from '../../domain/ledger/types.ts'
import { requestOf } from '../../domain/rewards/examples.ts'
import type { RedemptionRequest } from '../../domain/rewards/types.ts'
import type { AccountRef, IdempotencyClaim } from '../kernel/protocol.ts'
import { customerAccount, customerAccountName } from '../kernel/stubs.ts'

/** What the tests of the object say again and again. */

export const TERMS = { lotDays: null, timeZone: 'Europe/Berlin' } as const
const BY_API = { source: 'api', actor: 'api_key:test' } as const
const BY_SHOPIFY = { source: 'shopify', actor: 'shopify' } as const

/** A customer that no other test knows. */
export function newCustomer(): AccountRef {
  return {
    merchantId: crypto.randomUUID(),
    customerId: crypto.randomUUID(),
    shopifyCustomerGid: 'gid://shopify/Customer/9007199254740993',
    currency: 'EUR',
  }
}

export function stubOf(ref: AccountRef) {
  return customerAccount(env, ref.merchantId, ref.customerId)
}

/** The same object for the helpers of `cloudflare:test`, which want the raw stub. */
export function rawStubOf(ref: AccountRef) {
  return env.CUSTOMER_ACCOUNT.getByName(customerAccountName(ref.merchantId, ref.customerId))
}

function euros(goods: number) {
  return {
    taxes_included: true,
    goods,
    goods_tax: 0,
    goods_discount: 0,
    gift_cards: 0,
    shipping: 0,
    shipping_tax: 0,
    tips: 0,
  }
}

/** An order of so many cents of goods, at 1 point for each full euro. */
export function order(number: number, goodsCents: number): EarnOrder {
  return {
    kind: 'earn_order',
    ...BY_SHOPIFY,
    effectiveAtMs: Date.now(),
    orderGid: `gid://shopify/Order/${number}`,
    parts: euros(goodsCents),
    rule: {
      ruleId: 'base',
      version: 1,
      currency: 'EUR',
      points: 1,
      rounding: 'floor',
      tax: 'as_priced',
      include_shipping: false,
      include_tips: false,
      include_gift_cards: false,
      before_discounts: false,
      perAmountMinorNumerator: 100,
      perAmountMinorDenominator: 1,
      multiplierNumerator: 1,
      multiplierDenominator: 1,
    },
    terms: TERMS,
    returnWindowDays: 0,
  }
}

export function refund(number: number, orderNumber: number, goodsCents: number): Clawback {
  return {
    kind: 'clawback',
    ...BY_SHOPIFY,
    effectiveAtMs: Date.now(),
    refundGid: `gid://shopify/Refund/${number}`,
    orderGid: `gid://shopify/Order/${orderNumber}`,
    parts: euros(goodsCents),
  }
}

export function earn(id: string, points: number): EarnPoints {
  const externalId = `activity:${id}`
  return { kind: 'earn_points', ...BY_API, effectiveAtMs: Date.now(), externalId, points, reason: null, terms: TERMS }
}

export function redeem(redemptionId: string, points: number): Redeem {
  return { kind: 'redeem', ...BY_API, effectiveAtMs: Date.now(), redemptionId, points, limits: null, reason: null }
}

export function hold(holdId: string, points: number, timeoutMs: number): PlaceHold {
  return { kind: 'hold', ...BY_API, effectiveAtMs: Date.now(), holdId, points, timeoutMs, limits: null }
}

export function adjust(adjustmentId: string, points: number): Adjust {
  return {
    kind: 'adjust',
    ...BY_API,
    effectiveAtMs: Date.now(),
    adjustmentId,
    points,
    reason: 'goodwill',
    allowDebt: false,
    terms: TERMS,
  }
}

export function claim(key: string, fingerprint = 'same'): IdempotencyClaim {
  return { scope: 'api_key:test POST /v1/api/points/redeem', key, fingerprint }
}

/** A request to redeem 250 points for a code that no other test has. */
export function rewardRequest(change: Partial<RedemptionRequest> = {}): RedemptionRequest {
  const id = crypto.randomUUID()
  const characters = id.replaceAll('-', '').toUpperCase().slice(0, 16)
  return requestOf({ id, code: characters.match(/.{4}/g)?.join('-') ?? '', ...change })
}
