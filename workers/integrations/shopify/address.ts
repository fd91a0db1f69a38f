/** Where a shop is reached, and with which headers. */
export interface ShopAddress {
  readonly url: string
  readonly headers: Readonly<Record<string, string>>
}

/**
 * The address of a path of a shop: its own, or that of the stand-in that `SHOPIFY_PROXY` names, which is told in
 * `X-Forwarded-Host` which shop is meant.
 * @param path with the leading slash
 */
export function shopAddress(env: Pick<Env, 'SHOPIFY_PROXY'>, shop: string, path: string): ShopAddress {
  if (env.SHOPIFY_PROXY === '') return { url: `https://${shop}${path}`, headers: {} }
  return { url: `${env.SHOPIFY_PROXY}${path}`, headers: { 'X-Forwarded-Host': shop } }
}
