import { ShopDomain, ShopifyCustomerGid } from '../../../domain/contracts/ids.ts'
import { type Refusal, refuse } from '../../../domain/contracts/errors.ts'
import { isSignedText } from './hmac.ts'

/** How far the timestamp of a proxied request may be off. */
export const PROXY_TOLERANCE_SECONDS = 90

/** A request that Shopify's app proxy forwarded. */
export interface ProxiedRequest {
  readonly ok: true
  readonly domain: ShopDomain
  /** Null for a visitor who is not logged in. */
  readonly customerGid: string | null
  /** Where the storefront has the app proxy: `/apps/loyalnest`, unless the shop has moved it. */
  readonly prefix: string
}

/** Parameters that Shopify adds. What a shopper adds to the address is signed along with them. */
const OURS = ['shop', 'timestamp', 'signature', 'logged_in_customer_id', 'path_prefix'] as const

/** What Shopify's settings allow: one of its four prefixes and a subpath. */
const PREFIX = /^\/(?:a|apps|community|tools)\/[A-Za-z0-9_-]{1,60}$/
const USUAL_PREFIX = '/apps/loyalnest'

/** What Shopify signs: all decoded parameters but the signature as `key=value`, a repeated key's values joined by commas, sorted, joined by nothing. */
export function signedText(parameters: URLSearchParams): string {
  const keys = new Set(parameters.keys())
  keys.delete('signature')
  return Array.from(keys, (key) => `${key}=${parameters.getAll(key).join(',')}`)
    .toSorted()
    .join('')
}

/**
 * Checks the signature of an app-proxy request. Only after that is `logged_in_customer_id` worth anything.
 * @param secrets `SHOPIFY_CLIENT_SECRETS`.
 */
export async function readProxiedRequest(
  parameters: URLSearchParams,
  secrets: string,
  nowMs: number,
): Promise<ProxiedRequest | Refusal> {
  for (const name of OURS) {
    if (parameters.getAll(name).length > 1) return refuse('signature_invalid', `The parameter ${name} occurs twice.`)
  }
  const signature = parameters.get('signature')
  if (signature === null) {
    return refuse('credentials_required', "Only Shopify's app proxy may call this, with its signature parameter.")
  }
  const text = signedText(parameters)
  if (!(await isSignedText(secrets, text, signature))) {
    return refuse('signature_invalid', 'The signature parameter does not fit the other parameters.')
  }
  const ambiguous = OURS.find((name) => text.split(`${name}=`).length > 2)
  if (ambiguous !== undefined) {
    // Nothing marks in the signed text where a value ends: `k=shop=b` + `shop=a` reads as `k=` + `shop=b` + `shop=a` too.
    return refuse('signature_invalid', `Another parameter holds the text ${ambiguous}=, which is signed alike.`)
  }
  const timestamp = parameters.get('timestamp') ?? ''
  const isTimely =
    /^[0-9]{1,12}$/.test(timestamp) && Math.abs(nowMs / 1000 - Number(timestamp)) <= PROXY_TOLERANCE_SECONDS
  if (!isTimely) {
    return refuse('signature_invalid', `The timestamp is more than ${PROXY_TOLERANCE_SECONDS} seconds off.`)
  }
  const domain = ShopDomain.safeParse(parameters.get('shop'))
  if (!domain.success) return refuse('shop_unknown', 'The shop parameter is not a myshopify.com domain.')
  const customerId = parameters.get('logged_in_customer_id') ?? ''
  const customerGid = ShopifyCustomerGid.safeParse(`gid://shopify/Customer/${customerId}`)
  const prefix = parameters.get('path_prefix') ?? ''
  return {
    ok: true,
    domain: domain.data,
    customerGid: customerGid.success ? customerGid.data : null,
    prefix: PREFIX.test(prefix) ? prefix : USUAL_PREFIX,
  }
}
