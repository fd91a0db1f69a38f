import { currencyExponent } from '../../domain/contracts/money.ts'

/** What a shopper may pay in, and how many of it one unit of the shop's currency (EUR) is. Fixed, unlike real rates. */
export const RATES = { EUR: 1, USD: 1.085, GBP: 0.856, JPY: 164.2, KWD: 0.3335 } as const
export type Currency = keyof typeof RATES
export const CURRENCIES = ['EUR', 'USD', 'GBP', 'JPY', 'KWD'] as const satisfies readonly Currency[]

/** An amount in minor units of EUR, in minor units of another currency. */
export function toCurrency(minorEur: number, currency: Currency): number {
  return Math.round(minorEur * RATES[currency] * 10 ** (currencyExponent(currency) - 2))
}

/** The way back, to the nearest cent. */
export function toEur(minor: number, currency: Currency): number {
  return Math.round((minor / RATES[currency]) * 10 ** (2 - currencyExponent(currency)))
}
