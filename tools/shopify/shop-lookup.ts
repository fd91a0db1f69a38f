import type { Context } from 'hono'

/** Which shop a request to the Admin API or the token endpoint is for; undefined: there is no such shop. */
export type ShopLookup = (c: Context) => string | undefined

/**
 * The shop's domain is in the host name; whoever reaches the stand-in under another name says it in `X-Forwarded-Host`.
 * `anyShop`: every `….myshopify.com` exists, which is for tests with a shop each.
 */
export function shopLookup(ownDomain: string, anyShop: boolean): ShopLookup {
  return (c) => {
    const asked = c.req.header('x-forwarded-host')?.toLowerCase() ?? ownDomain
    if (asked === ownDomain) return ownDomain
    return anyShop && /^[a-z0-9][a-z0-9-]*\.myshopify\.com$/.test(asked) ? asked : undefined
  }
}
