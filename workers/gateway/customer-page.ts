import { html } from 'hono/html'
import { parseAccept } from 'hono/utils/accept'
import { ShopDomain } from '../../domain/contracts/ids.ts'
import { SHOPPER_LANGUAGES, type ShopperLanguage } from '../../domain/contracts/text.ts'
import { type Shop, shopByDomain, shopByOrigin } from '../platform/control.ts'
import { CUSTOMER_TEXTS } from './customer-texts.ts'
import type { Exchange } from './exchange.ts'
import { countFailedAuthentication, limitFailedAuthentication } from './middleware/rate-limit.ts'
import { pagePolicy, securityHeaders } from './middleware/security-headers.ts'

/** Where a shopper who comes to the app's own address finds the way to the page of their shop. */
export const CUSTOMER_PATH = '/customer'

/** The page in the storefront: the app proxy's usual place. */
const PAGE_IN_STOREFRONT = '/apps/loyalnest/'

/** The shopper's language by the browser's `Accept-Language`. */
function languageOf(request: Request): ShopperLanguage {
  const wanted = parseAccept(request.headers.get('accept-language') ?? '').toSorted((a, b) => b.q - a.q)
  for (const { type } of wanted) {
    const primary = type.toLowerCase().split('-')[0]
    const language = SHOPPER_LANGUAGES.find((known) => known === primary)
    if (language) return language
  }
  return 'en'
}

/** What somebody typed, as the address of a storefront: `https://shop.example/about`, `shop.example`, `shop`. */
function addressOf(typed: string): URL | undefined {
  const text = typed.trim().toLowerCase()
  const full = /^[a-z0-9-]+$/.test(text) ? `${text}.myshopify.com` : text
  const url = URL.parse(/^https?:\/\//.test(full) ? full : `https://${full}`)
  return url?.hostname ? url : undefined
}

async function findShop(env: Env, { origin, hostname }: URL): Promise<Shop | undefined> {
  const domain = ShopDomain.safeParse(hostname)
  if (domain.success) return shopByDomain(env, domain.data)
  const other = hostname.startsWith('www.') ? hostname.slice(4) : `www.${hostname}`
  return (await shopByOrigin(env, origin)) ?? shopByOrigin(env, `https://${other}`)
}

/** The active shop at an address. Looking in vain is limited, as anyone may ask. Throws `rate_limited`. */
async function activeShop(exchange: Exchange, typed: string): Promise<{ shop: Shop; address: URL } | undefined> {
  const address = addressOf(typed)
  limitFailedAuthentication(exchange)
  const shop = address && (await findShop(exchange.env, address))
  if (address && shop?.status === 'active') return { shop, address }
  countFailedAuthentication(exchange)
  return undefined
}

/** The address that was asked for; of a myshopify domain the shop's own, where it has told us one. */
function storefrontOf({ storefrontOrigins, domain }: Shop, { origin }: URL): string {
  const own = storefrontOrigins.filter((known) => known !== `https://${domain}`)
  return own.find((known) => known === origin) ?? own[0] ?? `https://${domain}`
}

async function page(language: ShopperLanguage, unknown: string | undefined): Promise<string> {
  const texts = CUSTOMER_TEXTS[language]
  const isRightToLeft = language === 'ar' || language === 'he'
  const wrong = unknown === undefined ? '' : html`<p class="wrong" id="wrong" role="alert">${texts.unknown}</p>`
  return html`<!doctype html>
    <html lang="${language}" dir="${isRightToLeft ? 'rtl' : 'ltr'}">
      <head>
        <meta charset="utf-8" />
        <meta name="viewport" content="width=device-width, initial-scale=1" />
        <meta name="color-scheme" content="light dark" />
        <meta name="robots" content="noindex" />
        <title>${texts.title} · LoyalNest</title>
        <link rel="icon" href="/site/icon.svg" type="image/svg+xml" />
        <link rel="stylesheet" href="/site/site.css" />
      </head>
      <body>
        <header class="top">
          <a class="brand" href="/"><bdi>LoyalNest</bdi></a>
        </header>
        <main class="narrow">
          <h1>${texts.title}</h1>
          <p class="lead">${texts.why}</p>
          ${wrong}
          <form class="ask" action="${CUSTOMER_PATH}">
            <label for="shop">${texts.label}</label>
            <input
              id="shop"
              name="shop"
              value="${unknown ?? ''}"
              required
              maxlength="200"
              dir="ltr"
              autocomplete="url"
              autocapitalize="none"
              spellcheck="false"
              inputmode="url"
              placeholder="shop.example"
              ${unknown === undefined ? '' : html`aria-invalid="true" aria-describedby="wrong"`}
            />
            <button class="button">${texts.go}</button>
          </form>
          <p class="hint">${texts.hint}</p>
        </main>
      </body>
    </html> `
}

/**
 * The way to the shopper's own page: to that of the shop that `?shop=` names, by its domain or its storefront's address.
 * Without one, a page in the browser's language that asks for it and says why: who somebody is, only their shop knows.
 */
export async function serveCustomerPage(exchange: Exchange): Promise<Response> {
  const { request, headers } = exchange
  const isHttps = request.url.startsWith('https:')
  const always = { 'x-request-id': headers['x-request-id'] ?? '', 'cache-control': 'no-store', vary: 'Accept-Language' }
  const typed = new URL(request.url).searchParams.get('shop')?.slice(0, 200)
  const found = typed === undefined || typed === '' ? undefined : await activeShop(exchange, typed)
  if (found) {
    exchange.merchantId = found.shop.merchantId
    const location = `${storefrontOf(found.shop, found.address)}${PAGE_IN_STOREFRONT}`
    return new Response(null, { status: 302, headers: { ...securityHeaders('page', isHttps), ...always, location } })
  }
  const unknown = typed === '' ? undefined : typed
  return new Response(await page(languageOf(request), unknown), {
    status: unknown === undefined ? 200 : 404,
    headers: {
      ...securityHeaders('page', isHttps),
      ...always,
      // A browser holds the answer's redirect to the form's policy too, and storefronts are anywhere.
      'content-security-policy': pagePolicy({ formAction: isHttps ? "'self' https:" : "'self' https: http:" }),
      'content-type': 'text/html; charset=utf-8',
    },
  })
}
