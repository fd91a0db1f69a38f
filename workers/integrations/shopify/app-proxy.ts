import { ShopDomain, ShopifyCustomerGid } from '../../../domain/contracts/ids.ts'
import { type Refusal, refuse } from '../../../domain/contracts/errors.ts'
import { isSignedText } from './hmac.ts'

/** How far the timestamp of a proxied request may be off. */
export const PROXY_TOLERANCE_SECONDS = 90

/** A request that Shopify's app proxy forwarded. */
export interface ProxiedRequest {
  readonly ok: true
  readonly shop: ShopDomain
  /** Null for a visitor who is not logged in. */
  readonly customerGid: string | null
}

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
  for (const name of ['shop', 'timestamp', 'signature', 'logged_in_customer_id']) {
    if (parameters.getAll(name).length > 1) return refuse('signature_invalid', `The parameter ${name} occurs twice.`)
  }
  const signature = parameters.get('signature')
  if (signature === null) {
    return refuse('credentials_required', "Only Shopify's app proxy may call this, with its signature parameter.")
  }
  if (!(await isSignedText(secrets, signedText(parameters), signature))) {
    return refuse('signature_invalid', 'The signature parameter does not fit the other parameters.')
  }
  const timestamp = parameters.get('timestamp') ?? ''
  const isTimely =
    /^[0-9]{1,12}$/.test(timestamp) && Math.abs(nowMs / 1000 - Number(timestamp)) <= PROXY_TOLERANCE_SECONDS
  if (!isTimely) {
    return refuse('signature_invalid', `The timestamp is more than ${PROXY_TOLERANCE_SECONDS} seconds off.`)
  }
  const shop = ShopDomain.safeParse(parameters.get('shop'))
  if (!shop.success) return refuse('shop_unknown', 'The shop parameter is not a myshopify.com domain.')
  const customerId = parameters.get('logged_in_customer_id') ?? ''
  const customerGid = ShopifyCustomerGid.safeParse(`gid://shopify/Customer/${customerId}`)
  return { ok: true, shop: shop.data, customerGid: customerGid.success ? customerGid.data : null }
}
