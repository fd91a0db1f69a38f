import type { Exchange } from './exchange.ts'
import { securityHeaders } from './middleware/security-headers.ts'
import { Problem } from './problem.ts'

/** Paths that are never a page: an unknown one is an API's 404. */
const API_PATH = /^\/(?:v1|api|admin|proxy)\//

/** Files that storefronts load: the widget. */
const WIDGET_PATH = /^\/widget\//

function notFound(): Problem {
  return new Problem('not_found', 'There is nothing at this address. GET /docs lists what there is.')
}

/** What of an exchange a page needs. */
export interface PageRequest extends Pick<Exchange, 'request' | 'path' | 'headers'> {
  readonly env: { readonly ASSETS: { fetch(request: Request): Promise<Response> }; readonly STOREFRONT_URL: string }
}

/** A page or a file of the web build, with our headers. 404 where there is none. */
export async function servePage({ env, request, path, headers }: PageRequest): Promise<Response> {
  if (API_PATH.test(path)) throw notFound()
  const isRead = request.method === 'GET' || request.method === 'HEAD'
  if (path === '/storefront' && env.STOREFRONT_URL !== '') {
    return new Response(null, { status: 302, headers: { ...headers, location: env.STOREFRONT_URL } })
  }
  const address = new URL(path === '/docs' ? '/docs/' : request.url, request.url)
  const asset = await env.ASSETS.fetch(
    isRead ? new Request(address, request) : new Request(address, { method: 'HEAD' }),
  )
  if (asset.status === 404) throw notFound()
  if (!isRead) throw new Problem('method_not_allowed', 'Use one of: GET, HEAD.', [], { allow: 'GET, HEAD' })
  const isHttps = request.url.startsWith('https:')
  const answer = new Response(asset.body, asset)
  const ours = securityHeaders(WIDGET_PATH.test(path) ? 'widget' : 'page', isHttps)
  for (const [name, value] of Object.entries(ours)) answer.headers.set(name, value)
  answer.headers.set('x-request-id', headers['x-request-id'] ?? '')
  return answer
}
