import { createHmac } from 'node:crypto'

/** `X-Shopify-Hmac-Sha256`: base64 HMAC-SHA256 of the raw body with the app's client secret. */
export function webhookSignature(body: string, clientSecret: string): string {
  return createHmac('sha256', clientSecret).update(body, 'utf8').digest('base64')
}

/**
 * The app proxy's `signature`: hex HMAC-SHA256 of all other decoded parameters as `key=value`, sorted, joined by
 * nothing; the values of a repeated key are joined by commas.
 */
export function proxySignature(parameters: URLSearchParams, clientSecret: string): string {
  const keys = [...new Set(parameters.keys())].filter((key) => key !== 'signature')
  const message = keys
    .map((key) => `${key}=${parameters.getAll(key).join(',')}`)
    .toSorted()
    .join('')
  return createHmac('sha256', clientSecret).update(message).digest('hex')
}
