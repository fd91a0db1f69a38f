import type { Exchange } from './exchange.ts'
import { readProxy } from './middleware/auth.ts'
import { limitRate } from './middleware/rate-limit.ts'
import { securityHeaders } from './middleware/security-headers.ts'

/** Where Shopify's app proxy forwards `/apps/loyalnest` and `/apps/loyalnest/` to. */
export const SHOPPER_PAGE_PATHS = ['/proxy', '/proxy/'] as const

/**
 * The shopper's own page, as Liquid: the storefront puts it into its theme. It holds an element and its scripts, and no
 * word of a merchant or a customer: nothing that Liquid or HTML could take for its own. What it shows, the element asks for
 * with the page's session, as the widget does.
 */
export async function serveShopperPage(exchange: Exchange): Promise<Response> {
  const { env, headers, request } = exchange
  const { shop, prefix } = await readProxy(exchange)
  exchange.merchantId = shop.merchantId
  await limitRate(exchange, 'read', shop.merchantId)
  // Both are without quotes, angle brackets and braces: a URL's origin, and what `readProxiedRequest` lets pass.
  const { origin } = new URL(env.APP_ORIGIN)
  const liquid = `<loyalnest-page proxy="${prefix}" heading></loyalnest-page>
<script src="${origin}/widget/loyalnest.js" defer></script>
<script src="${origin}/widget/loyalnest-page.js" defer></script>
`
  return new Response(liquid, {
    headers: {
      'x-request-id': headers['x-request-id'] ?? '',
      ...securityHeaders('liquid', request.url.startsWith('https:')),
      'content-type': 'application/liquid; charset=utf-8',
    },
  })
}
