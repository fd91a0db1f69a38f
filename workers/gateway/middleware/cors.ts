import { DEVICE_HEADERS } from '../../../domain/contracts/pos-signing.ts'
import { isStorefrontOrigin, knownStorefrontOrigin } from '../../platform/control.ts'
import type { Caller } from '../../platform/handler.ts'
import type { Exchange } from '../exchange.ts'
import { Problem } from '../problem.ts'
import { countFailedAuthentication, limitFailedAuthentication } from './rate-limit.ts'

const REQUEST = 'Authorization, Content-Type, Idempotency-Key, X-Request-Id'
const DEVICE_REQUEST = `Content-Type, X-Request-Id, ${DEVICE_HEADERS.device}, ${DEVICE_HEADERS.signature}`
const EXPOSED = 'X-Request-Id, RateLimit, RateLimit-Policy, Retry-After, Idempotency-Replayed'

/** A page of this app itself, such as the API documentation. */
function isOwnOrigin({ env, request }: Exchange, origin: string): boolean {
  return origin === env.APP_ORIGIN || request.url.startsWith(`${origin}/`)
}

/** Anyone may name any origin before anything is known of them: what makes us look it up in vain is limited. */
async function isAllowed(exchange: Exchange, origin: string): Promise<boolean> {
  const known = knownStorefrontOrigin(origin)
  if (known !== undefined) return known
  limitFailedAuthentication(exchange)
  const isOne = await isStorefrontOrigin(exchange.env, origin)
  if (!isOne) countFailedAuthentication(exchange)
  return isOne
}

/** Lets pages of active shops' storefronts read the answer; no others. Cookies play no part. Throws `rate_limited`. */
export async function allowOrigin(exchange: Exchange): Promise<void> {
  const origin = exchange.request.headers.get('origin')
  exchange.headers['vary'] = 'Origin'
  if (origin === null || isOwnOrigin(exchange, origin) || !(await isAllowed(exchange, origin))) return
  exchange.headers['access-control-allow-origin'] = origin
  exchange.headers['access-control-expose-headers'] = EXPOSED
}

/** Lets any page read the answer: tills run in a page of their vendor's, and nothing but a signature lets them in. */
export function allowAnyOrigin(exchange: Exchange): void {
  exchange.headers['access-control-allow-origin'] = '*'
  exchange.headers['access-control-expose-headers'] = EXPOSED
}

/** A token of a storefront page works on the storefront of its own shop only. */
export function checkCallerOrigin(exchange: Exchange, { shop, principal }: Caller): void {
  const origin = exchange.request.headers.get('origin')
  const isOfStorefront = principal.kind === 'shopper' || principal.kind === 'visitor'
  if (origin === null || !isOfStorefront || isOwnOrigin(exchange, origin)) return
  if (shop.storefrontOrigins.includes(origin)) return
  delete exchange.headers['access-control-allow-origin']
  throw new Problem('origin_not_allowed', "The token belongs to another shop's storefront.")
}

/** Answers a preflight: yes for storefronts of active shops, else 403; of what tills call yes for all. Without `Origin` it is an ordinary OPTIONS. */
export async function answerOptions(
  exchange: Exchange,
  methods: readonly string[],
  isOfDevices: boolean,
): Promise<Response> {
  const allow = [...methods, 'OPTIONS'].join(', ')
  if (exchange.request.headers.get('origin') !== null) {
    if (isOfDevices) allowAnyOrigin(exchange)
    else await allowOrigin(exchange)
    if (exchange.headers['access-control-allow-origin'] === undefined) {
      throw new Problem('origin_not_allowed', 'The origin belongs to no storefront of an active shop.')
    }
    exchange.headers['access-control-allow-methods'] = allow
    exchange.headers['access-control-allow-headers'] = isOfDevices ? DEVICE_REQUEST : REQUEST
    exchange.headers['access-control-max-age'] = '7200'
  }
  return new Response(null, { status: 204, headers: { ...exchange.headers, allow } })
}
