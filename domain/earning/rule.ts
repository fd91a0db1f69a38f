import { currencyExponent, toMinor } from '../contracts/money.ts'
import type { VersionedSettings } from '../contracts/settings.ts'
import type { FrozenRule } from '../ledger/types.ts'

/** Id of the one rule that each shop has; campaigns and tiers will add others beside it. */
export const BASE_RULE_ID = 'base'

function greatestCommonDivisor(a: number, b: number): number {
  return b === 0 ? a : greatestCommonDivisor(b, a % b)
}

/** A positive decimal string as a reduced fraction of the currency's minor units: ("0.005", EUR) → 1/2. */
function fractionOfMinor(amount: string, currency: string): { numerator: number; denominator: number } {
  const [whole = '0', decimals = ''] = amount.split('.')
  const shift = currencyExponent(currency) - decimals.length
  const numerator = Number(whole + decimals) * 10 ** Math.max(0, shift)
  const denominator = 10 ** Math.max(0, -shift)
  if (!Number.isSafeInteger(numerator) || numerator <= 0) throw new RangeError(`${amount} ${currency} is out of range`)
  const divisor = greatestCommonDivisor(numerator, denominator)
  return { numerator: numerator / divisor, denominator: denominator / divisor }
}

/**
 * The shop's earning rule as an entry keeps it: self-contained, with money as integers. A refund years later is worked
 * out by this and by nothing else.
 * @param currency of the money it will be applied to; the shop's, unless the order was made in an earlier one.
 */
export function freezeRule({ version, settings }: VersionedSettings, currency = settings.currency): FrozenRule {
  const { points, per_amount, rounding, tax, include_shipping, include_tips, include_gift_cards, before_discounts } =
    settings.earning
  const per = fractionOfMinor(per_amount, currency)
  return {
    ruleId: BASE_RULE_ID,
    version,
    currency,
    points,
    perAmountMinorNumerator: per.numerator,
    perAmountMinorDenominator: per.denominator,
    multiplierNumerator: 1,
    multiplierDenominator: 1,
    rounding,
    tax,
    include_shipping,
    include_tips,
    include_gift_cards,
    before_discounts,
  }
}

/**
 * f(base): the points that a rule gives for an amount of minor units, rounded once. 0 for nothing or less.
 * A result above 2^53 comes back inexact; the ledger refuses it as out of range.
 */
export function pointsFor(rule: FrozenRule, amountMinor: number): number {
  if (amountMinor <= 0) return 0
  const numerator =
    BigInt(amountMinor) *
    BigInt(rule.points) *
    BigInt(rule.multiplierNumerator) *
    BigInt(rule.perAmountMinorDenominator)
  const denominator = BigInt(rule.perAmountMinorNumerator) * BigInt(rule.multiplierDenominator)
  switch (rule.rounding) {
    case 'floor':
      return Number(numerator / denominator)
    case 'half_up':
      return Number((2n * numerator + denominator) / (2n * denominator))
    case 'ceil':
      return Number((numerator + denominator - 1n) / denominator)
  }
}

/**
 * The points that the shop's rule gives today for an amount in the shop's currency ("59.90").
 * @returns `undefined` when the text is no amount or the amount is out of range; 0 while earning is switched off.
 */
export function pointsForAmount(settings: VersionedSettings, amount: string): number | undefined {
  const amountMinor = toMinor(amount, settings.settings.currency)
  if (amountMinor === undefined) return undefined
  return settings.settings.earning.enabled ? pointsFor(freezeRule(settings), amountMinor) : 0
}
