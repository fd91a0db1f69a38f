import { type Offer, type SHIPPING, shippingPrice } from './catalog.ts'
import { type Currency, toCurrency } from './currencies.ts'

/** What a cart costs, as cart page, checkout and Ajax cart show it. All amounts in minor units of `currency`. */
export interface Quote {
  readonly currency: Currency
  readonly lines: readonly QuotedLine[]
  /** As entered, the refused ones too. */
  readonly codes: readonly QuotedCode[]
  /** Goods and gift cards after their lines' own discounts. */
  readonly subtotalMinor: number
  /** What codes take off the order as a whole. */
  readonly orderDiscountMinor: number
  /** Null: nothing to send. */
  readonly shipping: { readonly priceMinor: number; readonly discountMinor: number } | null
  readonly tipMinor: number
  readonly totalMinor: number
}

export interface QuotedLine {
  readonly variantId: string
  readonly quantity: number
  readonly unitPriceMinor: number
  readonly discounts: readonly { readonly code: string; readonly title: string; readonly amountMinor: number }[]
  /** After its own discounts. */
  readonly totalMinor: number
}

export interface QuotedCode {
  readonly code: string
  readonly applicable: boolean
  /** What the checkout names the discount. */
  readonly title: string | null
  readonly target: 'order' | 'lines' | 'shipping' | null
  readonly amountMinor: number
  /** Null: it applies. */
  readonly refusal: Refusal | null
}

/** Why a code does nothing. `not_applicable`: its Function gave nothing for this cart and customer. */
export type Refusal =
  | 'unknown'
  | 'not_started'
  | 'expired'
  | 'used'
  | 'used_by_you'
  | 'not_combinable'
  | 'not_applicable'

export interface QuoteWish {
  readonly currency: Currency
  readonly customerId: string | null
  readonly shipping: keyof typeof SHIPPING
  /** In minor units of the shop's currency. */
  readonly tipMinor: number
}

/** A cart without any discount: each code is unknown. */
export function plainQuote(
  cart: readonly (Offer & { readonly quantity: number })[],
  codes: readonly string[],
  { currency, shipping, tipMinor }: QuoteWish,
): Quote {
  const lines = cart.map(({ variant, quantity }) => {
    const unitPriceMinor = toCurrency(variant.priceMinor, currency)
    return { variantId: variant.id, quantity, unitPriceMinor, discounts: [], totalMinor: unitPriceMinor * quantity }
  })
  const subtotalMinor = lines.reduce((sum, line) => sum + line.totalMinor, 0)
  const goodsEurMinor = cart.reduce((sum, { variant, quantity }) => sum + variant.priceMinor * quantity, 0)
  const parcel = cart.some(({ product }) => product.kind === 'goods')
  const priceMinor = parcel ? toCurrency(shippingPrice(shipping, goodsEurMinor), currency) : 0
  const tip = toCurrency(tipMinor, currency)
  return {
    currency,
    lines,
    codes: codes.map((code) => ({
      code,
      applicable: false,
      title: null,
      target: null,
      amountMinor: 0,
      refusal: 'unknown',
    })),
    subtotalMinor,
    orderDiscountMinor: 0,
    shipping: parcel ? { priceMinor, discountMinor: 0 } : null,
    tipMinor: tip,
    totalMinor: subtotalMinor + priceMinor + tip,
  }
}
