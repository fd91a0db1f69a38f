/** Headers of every answer of the API: it is never a page, never framed, never cached, never sniffed. */
const API_HEADERS: Readonly<Record<string, string>> = {
  'content-security-policy': "default-src 'none'; frame-ancestors 'none'",
  'x-content-type-options': 'nosniff',
  'referrer-policy': 'no-referrer',
  'cache-control': 'no-store',
}

/** Pages load only from here, and nothing inline. Swagger UI's icons are data: images. */
export function pagePolicy({ formAction }: { readonly formAction: string }): string {
  return [
    "default-src 'none'",
    "script-src 'self'",
    "style-src 'self'",
    "img-src 'self' data:",
    "font-src 'self'",
    "connect-src 'self'",
    "base-uri 'none'",
    `form-action ${formAction}`,
    "frame-ancestors 'none'",
  ].join('; ')
}

const PAGE_HEADERS: Readonly<Record<string, string>> = {
  'content-security-policy': pagePolicy({ formAction: "'self'" }),
  'x-content-type-options': 'nosniff',
  'x-frame-options': 'DENY',
  'referrer-policy': 'strict-origin-when-cross-origin',
  'permissions-policy': 'camera=(), microphone=(), geolocation=(), payment=(), usb=()',
  'cross-origin-opener-policy': 'same-origin',
}

/**
 * What storefronts of any shop load, scripts and languages: public, the same for all, so readable from everywhere. A new
 * version is out within five minutes; until a day later the old one shows while the new one is fetched.
 */
const WIDGET_HEADERS: Readonly<Record<string, string>> = {
  'cache-control': 'public, max-age=300, stale-while-revalidate=86400',
  'x-content-type-options': 'nosniff',
  'access-control-allow-origin': '*',
  'cross-origin-resource-policy': 'cross-origin',
}

/**
 * A part of a storefront's page, which Shopify makes into the whole: what may load there and who may frame it (the theme
 * editor does) is for the storefront to say.
 */
const LIQUID_HEADERS: Readonly<Record<string, string>> = {
  'x-content-type-options': 'nosniff',
  'cache-control': 'no-store',
}

const TRANSPORT: Readonly<Record<string, string>> = {
  'strict-transport-security': 'max-age=63072000; includeSubDomains; preload',
}

const HEADERS = { api: API_HEADERS, page: PAGE_HEADERS, widget: WIDGET_HEADERS, liquid: LIQUID_HEADERS } as const

/** Security headers for an answer of this kind; over https with HSTS, but for storefronts' own pages: they are on another domain. */
export function securityHeaders(kind: keyof typeof HEADERS, isHttps: boolean): Record<string, string> {
  const headers = HEADERS[kind]
  return isHttps && kind !== 'liquid' ? { ...headers, ...TRANSPORT } : { ...headers }
}
