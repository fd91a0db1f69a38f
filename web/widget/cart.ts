import { Refused } from '../shared/storefront-session.ts'

/** The storefront's cart, as Shopify's Ajax API tells it. */

declare global {
  interface Window {
    /** Of every Shopify theme. */
    readonly Shopify?: {
      readonly routes?: { readonly root?: string }
      readonly currency?: { readonly active?: string; readonly rate?: string }
    }
  }
}

/** What `POST /v1/api/points/simulate` takes. */
export interface Purchase {
  readonly currency: string
  readonly exchange_rate?: string | undefined
  readonly lines: readonly { readonly amount: string; readonly gift_card: boolean }[]
}

/** Of Shopify's cart, the fields that we read. */
export interface Cart {
  readonly currency: string
  readonly items: readonly { readonly final_line_price: number; readonly gift_card: boolean }[]
  readonly discount_codes?: readonly { readonly code: string; readonly applicable: boolean }[]
}

/** How many units of the page's currency one of the shop's is; undefined: the page shows the shop's. */
export function rateOf(currency: string, shopCurrency: string): string | undefined {
  return currency === shopCurrency ? undefined : window.Shopify?.currency?.rate
}

/** Prices in hundredths, as Shopify writes those of every currency, as a purchase. */
export function purchaseOf({ currency, items }: Cart, shopCurrency: string): Purchase {
  return {
    currency,
    exchange_rate: rateOf(currency, shopCurrency),
    lines: items.map(({ final_line_price: price, gift_card }) => ({ amount: (price / 100).toFixed(2), gift_card })),
  }
}

/** What the goods cost, gift cards apart, in the shop's currency. */
export function goodsOf({ currency, items }: Cart, shopCurrency: string): number {
  const hundredths = items.reduce((sum, item) => sum + (item.gift_card ? 0 : item.final_line_price), 0)
  return hundredths / 100 / Number(rateOf(currency, shopCurrency) ?? 1)
}

/** Whether the cart has taken the code. */
export function hasCode(cart: Cart | undefined, code: string): boolean {
  return cart?.discount_codes?.some((one) => one.applicable && one.code.toUpperCase() === code) ?? false
}

/** The root of the storefront in its language: `/`, `/de/`. */
export function root(): string {
  return window.Shopify?.routes?.root ?? '/'
}

/** The cart of now. With `discount` its codes are replaced by these first. Rejects where the storefront has no cart. */
export async function readCart(discount?: string): Promise<Cart> {
  const update = { method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify({ discount }) }
  const response = await (discount === undefined ? fetch(`${root()}cart.js`) : fetch(`${root()}cart/update.js`, update))
  if (!response.ok) throw new Refused(response.status)
  return response.json()
}

/**
 * Calls back when the cart may have changed: after the page's own requests to the Ajax cart, which the browser reports to
 * whoever asks, so that no theme's `fetch` is patched; and on `loyalnest:cart-changed` from themes that change it otherwise.
 */
export function onCartChange(changed: () => void): void {
  document.addEventListener('loyalnest:cart-changed', changed)
  new PerformanceObserver((list) => {
    if (list.getEntries().some(({ name }) => /\/cart\/(add|change|update|clear)\b/.test(name))) changed()
  }).observe({ type: 'resource' })
}
