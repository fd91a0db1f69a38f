import type { z } from 'zod'
import { type Refusal, refuse } from '../contracts/errors.ts'
import { currencyExponent, toMinor } from '../contracts/money.ts'
import type { SimulateRequest, Simulation } from '../contracts/points.ts'
import { MAX_POINTS, type VersionedSettings } from '../contracts/settings.ts'
import { endOfDayAfterMs, lotEndMs, lotLife } from '../ledger/expiry.ts'
import { baseMinor } from './base.ts'
import { lotTerms } from './commands.ts'
import type { MoneyParts } from './facts.ts'
import { freezeRule, pointsFor } from './rule.ts'

/** What a cart asks, parsed. */
export type Cart = z.output<typeof SimulateRequest>

const TOO_LARGE = 'The amount is too large.'

/** The cart's money as an order of it would say it, in minor units of the cart's currency; tax nobody knows yet. */
function partsOf(cart: Cart): MoneyParts | Refusal {
  const parts = { goods: 0, gift_cards: 0, shipping: 0, tips: 0 }
  const amounts = [
    ...cart.lines.map(
      ({ amount, gift_card }, index) => [gift_card ? 'gift_cards' : 'goods', amount, `/lines/${index}/amount`] as const,
    ),
    ['shipping', cart.shipping, '/shipping'] as const,
    ['tips', cart.tip, '/tip'] as const,
  ]
  for (const [part, amount, pointer] of amounts) {
    const minor = toMinor(amount, cart.currency)
    if (minor === undefined || !Number.isSafeInteger(parts[part] + minor)) {
      return refuse('points_out_of_range', TOO_LARGE, pointer)
    }
    parts[part] += minor
  }
  return { ...parts, taxes_included: false, goods_tax: 0, goods_discount: 0, shipping_tax: 0 }
}

/**
 * Minor units of the cart's currency in those of the shop's, rounded half up.
 * @param rate units of the cart's currency for one of the shop's.
 */
function toShopMinor(amountMinor: number, from: string, to: string, rate: string): number {
  const [whole = '0', decimals = ''] = rate.split('.')
  const numerator = BigInt(amountMinor) * 10n ** BigInt(decimals.length + currencyExponent(to))
  const denominator = BigInt(whole + decimals) * 10n ** BigInt(currencyExponent(from))
  return Number((2n * numerator + denominator) / (2n * denominator))
}

/**
 * What an order of this cart would earn now, by the shop's rule. An estimate where the order alone will know: its tax,
 * its discounts, or what the shop is paid of a foreign currency.
 */
export function simulate(
  cart: Cart,
  settings: VersionedSettings,
  nowMs: number,
): { readonly ok: true; readonly simulation: z.infer<typeof Simulation> } | Refusal {
  const { currency, earning, return_window_days: pending_days } = settings.settings
  const isForeign = cart.currency !== currency
  if (isForeign && cart.exchange_rate === undefined) {
    const detail = `The shop's currency is ${currency}: amounts in ${cart.currency} need exchange_rate.`
    return refuse('currency_mismatch', detail, '/exchange_rate')
  }
  const nothing = { points: 0, pending_days, expires_at: null, is_estimate: false }
  if (!earning.enabled) return { ok: true, simulation: nothing }
  const parts = partsOf(cart)
  if ('ok' in parts) return parts
  const rule = freezeRule(settings)
  const cartMinor = baseMinor(rule, parts)
  const shopMinor = isForeign ? toShopMinor(cartMinor, cart.currency, currency, cart.exchange_rate ?? '1') : cartMinor
  if (shopMinor === 0) return { ok: true, simulation: nothing }
  const points = pointsFor(rule, shopMinor)
  if (!Number.isSafeInteger(shopMinor) || points > MAX_POINTS) return refuse('points_out_of_range', TOO_LARGE, '/lines')
  const expiresAtMs = points > 0 ? expiryMs(settings, nowMs) : null
  return {
    ok: true,
    simulation: {
      points,
      pending_days,
      expires_at: expiresAtMs === null ? null : new Date(expiresAtMs).toISOString(),
      is_estimate: isForeign || earning.tax !== 'as_priced' || earning.before_discounts,
    },
  }
}

/** When points of an order made now would end, if nothing came after it: they live from the end of the return window. */
function expiryMs(settings: VersionedSettings, nowMs: number): number | null {
  const terms = lotTerms(settings)
  const { return_window_days } = settings.settings
  const grantedAtMs = return_window_days > 0 ? endOfDayAfterMs(nowMs, return_window_days, terms.timeZone) : nowMs
  return lotEndMs(lotLife(terms, grantedAtMs), { lastActivityAtMs: grantedAtMs, mergedInto: null })
}
