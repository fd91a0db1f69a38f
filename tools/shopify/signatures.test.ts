import { expect, test } from 'vitest'
import { toJson } from './json.ts'
import { proxySignature, webhookSignature } from './signatures.ts'

test('a webhook is signed as Shopify documents it', () => {
  // printf '{"id":1}' | openssl dgst -sha256 -hmac hush -binary | base64
  expect(webhookSignature('{"id":1}', 'hush')).toBe('VnKUjZsLuN5iZWjn5EntcBVCF9kMN43LglzCE1/GSeY=')
})

test("the app proxy's signature is the one of Shopify's documentation", () => {
  // The example of shopify.dev/docs/apps/build/online-store/app-proxies, secret `hush`.
  const query =
    'extra=1&extra=2&shop=shop-name.myshopify.com&path_prefix=%2Fapps%2Fawesome_reviews&timestamp=1317327555'
  const parameters = new URLSearchParams(query)
  const signature = proxySignature(parameters, 'hush')
  expect(signature).toBe('a9718877bea71c2484f91608a7eaea1532bdf71f5c56825065fa4ccabe549ef3')
  parameters.set('signature', signature)
  expect(proxySignature(parameters, 'hush')).toBe(signature)
  parameters.set('logged_in_customer_id', '1')
  expect(proxySignature(parameters, 'hush')).not.toBe(signature)
})

test('ids above 2^53 keep all their digits in JSON', () => {
  expect(toJson({ id: 820982911946154508n })).toBe('{"id":820982911946154508}')
})
