import { Hono } from 'hono'
import { type StorefrontEnv, customerOf, viewOf } from './session.ts'
import type { Shop } from './shop.ts'
import { proxySignature } from './signatures.ts'
import { appPage } from './storefront/account-pages.ts'

export const PROXY_PREFIX = '/apps/loyalnest'
const ANSWER_WITHIN_MS = 10_000
/** What the app answers to be shown inside the shop's layout. */
const LIQUID = 'application/liquid'
/** What passes to the app. Cookies do not, in neither direction. */
const REQUEST_HEADERS = ['accept', 'accept-language', 'content-type', 'user-agent', 'x-request-id']
const RESPONSE_HEADERS = ['content-type', 'cache-control', 'retry-after', 'x-request-id']

/**
 * Shopify's app proxy: `/apps/loyalnest/*` goes to `{app}/proxy/*` with the shop, the logged-in customer (empty for a
 * visitor), the time, and a signature over all parameters. An answer of type `application/liquid` is put into the shop's
 * layout. Shopify also evaluates the Liquid in it; nothing here does, so `{{ … }}` stays the text that it is.
 */
export function appProxy(shop: Shop, appOrigin: string, clientSecret: string): Hono<StorefrontEnv> {
  const app = new Hono<StorefrontEnv>()
  app.on(['GET', 'POST'], `${PROXY_PREFIX}/*`, async (c) => {
    const asked = new URL(c.req.url)
    // Whatever the page calls by these names is dropped: only the shop may say them.
    const parameters = new URLSearchParams(asked.search)
    for (const reserved of ['shop', 'logged_in_customer_id', 'path_prefix', 'timestamp', 'signature']) {
      parameters.delete(reserved)
    }
    parameters.set('shop', shop.identity.domain)
    parameters.set('logged_in_customer_id', customerOf(c, shop.store)?.id ?? '')
    parameters.set('path_prefix', PROXY_PREFIX)
    parameters.set('timestamp', String(Math.floor(Date.now() / 1000)))
    parameters.set('signature', proxySignature(parameters, clientSecret))
    const path = asked.pathname.slice(PROXY_PREFIX.length)
    try {
      const response = await fetch(`${appOrigin}/proxy${path || '/'}?${parameters}`, {
        method: c.req.method,
        redirect: 'manual',
        signal: AbortSignal.timeout(ANSWER_WITHIN_MS),
        headers: pick(c.req.raw.headers, REQUEST_HEADERS),
        ...(c.req.method === 'POST' ? { body: await c.req.arrayBuffer() } : {}),
      })
      if (response.headers.get('content-type')?.startsWith(LIQUID)) {
        const inLayout = appPage(viewOf(c, shop, appOrigin), await response.text())
        return new Response(String(await inLayout), {
          status: response.status,
          headers: { 'content-type': 'text/html; charset=utf-8' },
        })
      }
      return new Response(response.body, { status: response.status, headers: pick(response.headers, RESPONSE_HEADERS) })
    } catch {
      return c.json({ title: 'The app did not answer', status: 502 }, 502)
    }
  })
  return app
}

function pick(headers: Headers, names: readonly string[]): Headers {
  const picked = new Headers()
  for (const name of names) {
    const value = headers.get(name)
    if (value !== null) picked.set(name, value)
  }
  return picked
}
