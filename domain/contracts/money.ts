import { z } from 'zod'

/** ISO 4217 currencies whose minor unit is not 1/100 (ISO 4217 list one, 2026). */
const EXPONENTS: Readonly<Record<string, number>> = {
  BIF: 0,
  CLP: 0,
  DJF: 0,
  GNF: 0,
  ISK: 0,
  JPY: 0,
  KMF: 0,
  KRW: 0,
  PYG: 0,
  RWF: 0,
  UGX: 0,
  UYI: 0,
  VND: 0,
  VUV: 0,
  XAF: 0,
  XOF: 0,
  XPF: 0,
  BHD: 3,
  IQD: 3,
  JOD: 3,
  KWD: 3,
  LYD: 3,
  OMR: 3,
  TND: 3,
  CLF: 4,
  UYW: 4,
}

/** An ISO 4217 code, upper case. */
export const CurrencyCode = z.string().regex(/^[A-Z]{3}$/, 'must be an ISO 4217 code such as EUR')
export type CurrencyCode = z.infer<typeof CurrencyCode>

/** A plain decimal number in a string, as Shopify writes money: `59.90`, `-3`, `0.5`. */
export const DecimalString = z
  .string()
  .regex(/^-?(?:0|[1-9][0-9]{0,14})(?:\.[0-9]{1,6})?$/, 'must be a decimal number in a string, such as "59.90"')
export type DecimalString = z.infer<typeof DecimalString>

/** How many decimals the currency's minor unit has: EUR 2, JPY 0, KWD 3. */
export function currencyExponent(currency: string): number {
  return EXPONENTS[currency] ?? 2
}

/**
 * A decimal string in minor units, exactly: ("59.90", EUR) → 5990, ("500", JPY) → 500, ("1.234", KWD) → 1234.
 * Digits beyond the minor unit are rounded half away from zero, as Shopify shows such amounts.
 * @returns `undefined` when the text is no decimal number or the result leaves the safe integer range.
 */
export function toMinor(amount: string, currency: string): number | undefined {
  const match = /^(-?)([0-9]+)(?:\.([0-9]+))?$/.exec(amount)
  if (!match) return undefined
  const [, sign = '', whole = '0', fraction = ''] = match
  const exponent = currencyExponent(currency)
  const kept = fraction.slice(0, exponent).padEnd(exponent, '0')
  const roundUp = (fraction[exponent] ?? '0') >= '5' ? 1n : 0n
  const minor = Number(BigInt(whole + kept) + roundUp)
  if (!Number.isSafeInteger(minor)) return undefined
  return minor === 0 ? 0 : sign === '-' ? -minor : minor
}

/** Minor units as a decimal string: (5990, EUR) → "59.90". */
export function fromMinor(amountMinor: number, currency: string): string {
  const exponent = currencyExponent(currency)
  const digits = String(Math.abs(amountMinor)).padStart(exponent + 1, '0')
  const cut = digits.length - exponent
  const text = exponent === 0 ? digits : `${digits.slice(0, cut)}.${digits.slice(cut)}`
  return amountMinor < 0 ? `-${text}` : text
}
