import { currencyExponent } from '../../../domain/contracts/money.ts'
import type { Offer } from '../catalog.ts'
import type { Currency } from '../currencies.ts'

/** A line of the cart. */
export interface CartLine extends Offer {
  readonly quantity: number
}

/** Of the goods, in minor units of the shop's currency. */
export function cartSubtotal(lines: readonly CartLine[]): number {
  return lines.reduce((sum, line) => sum + line.variant.priceMinor * line.quantity, 0)
}

/** Minor units in hundredths: what Liquid and the Ajax API write, with every currency, the yen too. */
export function hundredths(amountMinor: number, currency: Currency): number {
  return Math.round(amountMinor * 10 ** (2 - currencyExponent(currency)))
}
