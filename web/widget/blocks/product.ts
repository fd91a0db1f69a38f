declare global {
  interface Window {
    /** Written into every product page by Shopify's `content_for_header`. Prices in hundredths. */
    readonly ShopifyAnalytics?: {
      readonly meta?: {
        readonly product?: { readonly variants?: readonly { readonly id: number; readonly price: number }[] }
        readonly selectedVariantId?: number | string
      }
    }
  }
}

/** `123:5900,124:6900` → the price of a variant, in hundredths. */
export function priceIn(prices: string, variantId: string): number | undefined {
  for (const pair of prices.split(',')) {
    const [id, price] = pair.split(':')
    if (id?.trim() === variantId) return Number(price)
  }
  return undefined
}

/** The variant that the page's product form would put into the cart; null: it has no such form. */
function chosenVariant(): string | null {
  const chosen = document.querySelector<HTMLInputElement | HTMLSelectElement>(
    'form[action*="/cart/add"] [name="id"]:is(select, [type="hidden"], [type="text"], :checked)',
  )
  return chosen?.value ?? new URLSearchParams(location.search).get('variant')
}

/**
 * What the product of this page costs now, as a decimal: the price of the chosen variant, as the element's `prices` or
 * Shopify's own data of the page tell it, else the element's `price`. Null: nobody says.
 */
export function currentPrice(prices: string | null, price: string | null): string | null {
  const { product, selectedVariantId } = window.ShopifyAnalytics?.meta ?? {}
  const variantId = chosenVariant() ?? String(selectedVariantId ?? '')
  const listed = prices === null ? undefined : priceIn(prices, variantId)
  const known = prices === null && price === null ? product?.variants : undefined
  const hundredths = listed ?? Number(price ?? known?.find(({ id }) => String(id) === variantId)?.price ?? NaN)
  // Shopify writes every currency in hundredths here, the yen too.
  return Number.isFinite(hundredths) ? (hundredths / 100).toFixed(2) : null
}
