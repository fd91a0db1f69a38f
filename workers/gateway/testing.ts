import { exports } from 'cloudflare:workers'
import { createHmac } from 'node:crypto'
import { z } from 'zod'
import type { MerchantId } from '../../domain/contracts/ids.ts'
import type { Permission } from '../../domain/contracts/permissions.ts'
import openApiDocument from '../../openapi.json'
import { createApiKey, installShop } from '../platform/install.ts'

/** What the gateway's tests share: shops of their own, keys, signatures, and calls from addresses of their own. */

/** The first of `SHOPIFY_CLIENT_SECRETS` in `vitest.config.ts`, and the one before it. */
export const CLIENT_SECRET = 'test-secret'
export const PREVIOUS_CLIENT_SECRET = 'previous-test-secret'

/** A shop of one test. */
export interface TestShop {
  readonly merchantId: MerchantId
  readonly domain: string
  readonly origin: string
  /** An API key that may do everything. */
  readonly key: string
}

/** An active shop in EUR with a fresh merchant id. */
export async function newShop(env: Env): Promise<TestShop> {
  const name = `t-${crypto.randomUUID()}`
  const domain = `${name}.myshopify.com`
  const origin = `https://${name}.example`
  const nowMs = Date.now()
  const merchantId = await installShop(env.CONTROL, {
    domain,
    currency: 'EUR',
    timeZone: 'Europe/Berlin',
    plan: 'free',
    storefrontOrigins: [origin],
    nowMs,
  })
  return { merchantId, domain, origin, key: await newKey(env, merchantId, ['admin:full']) }
}

/** A key of a shop with these permissions. */
export async function newKey(
  env: Env,
  merchantId: string,
  permissions: readonly Permission[],
  expiresAtMs: number | null = null,
): Promise<string> {
  const request = { merchantId, name: 'test', permissions, pepper: env.API_KEY_PEPPER, nowMs: Date.now(), expiresAtMs }
  return (await createApiKey(env.CONTROL, request)).key
}

/**
 * Calls the Worker, from an address of its own unless one is given.
 * @throws when an operation refuses with a code that openapi.json does not name for it
 */
export async function call(path: string, init: RequestInit = {}): Promise<Response> {
  const headers = new Headers(init.headers)
  if (!headers.has('cf-connecting-ip')) headers.set('cf-connecting-ip', crypto.randomUUID())
  const response = await exports.default.fetch(new Request(`http://127.0.0.1:8787${path}`, { ...init, headers }))
  if (response.headers.get('content-type')?.startsWith('application/problem+json')) {
    const { code } = Refused.parse(await response.clone().json())
    const responses = documented(path, init.method ?? 'GET')
    if (responses && !responses[response.status]?.description.includes(`\`${code}\``)) {
      throw new Error(`openapi.json does not name ${code} for ${init.method ?? 'GET'} ${path}`)
    }
  }
  return response
}

const Refused = z.object({ code: z.string() })
const Documented = z.record(
  z.string(),
  z.record(z.string(), z.object({ responses: z.record(z.string(), z.object({ description: z.string() })) })),
)
const operations = Object.entries(Documented.parse(openApiDocument.paths)).map(([path, methods]) => ({
  path: new RegExp(`^${path.replaceAll(/\{\w+\}/g, '[^/]+')}$`),
  methods,
}))

/** What openapi.json says that an operation may answer, by status; undefined where there is no such operation. */
function documented(path: string, method: string) {
  const [pathname = ''] = path.split('?')
  return operations.find((operation) => operation.path.test(pathname))?.methods[method.toLowerCase()]?.responses
}

/** A POST of JSON with a key and a new Idempotency-Key, each of which `headers` may replace. */
export function post(
  path: string,
  key: string,
  body: unknown,
  headers: Record<string, string> = {},
): Promise<Response> {
  return call(path, {
    method: 'POST',
    body: JSON.stringify(body),
    headers: {
      authorization: `Bearer ${key}`,
      'content-type': 'application/json',
      'idempotency-key': crypto.randomUUID(),
      ...headers,
    },
  })
}

/** A GET with a key. */
export function get(path: string, key: string): Promise<Response> {
  return call(path, { headers: { authorization: `Bearer ${key}` } })
}

/** A webhook delivery as Shopify signs it; `headers` may spoil it. */
export function deliver(
  topic: string,
  shop: string,
  body: string,
  headers: Record<string, string> = {},
  secret: string = CLIENT_SECRET,
): Promise<Response> {
  return call(`/v1/api/webhooks/${topic}`, {
    method: 'POST',
    body,
    headers: {
      'content-type': 'application/json',
      'x-shopify-topic': topic,
      'x-shopify-shop-domain': shop,
      'x-shopify-webhook-id': crypto.randomUUID(),
      'x-shopify-hmac-sha256': createHmac('sha256', secret).update(body, 'utf8').digest('base64'),
      ...headers,
    },
  })
}

/** A path that Shopify's app proxy signed. */
export function proxied(path: string, parameters: Record<string, string>, secret: string = CLIENT_SECRET): string {
  const text = Object.entries(parameters)
    .map(([name, value]) => `${name}=${value}`)
    .toSorted()
    .join('')
  const signature = createHmac('sha256', secret).update(text, 'utf8').digest('hex')
  return `${path}?${new URLSearchParams({ ...parameters, signature }).toString()}`
}

/** The query of a session request for a logged-in customer, `''` for a visitor. */
export function sessionQuery(shop: string, customerId: string, nowMs: number = Date.now()): Record<string, string> {
  return {
    shop,
    logged_in_customer_id: customerId,
    path_prefix: '/apps/loyalnest',
    timestamp: String(Math.floor(nowMs / 1000)),
  }
}
