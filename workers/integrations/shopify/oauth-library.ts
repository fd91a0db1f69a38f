import { ApiVersion, LogSeverity, shopifyApi, type Shopify } from '@shopify/shopify-api'
import { setAbstractFetchFunc, setAbstractRuntimeString } from '@shopify/shopify-api/runtime'
import { shopAddress } from './address.ts'
import { untilDeadline } from './deadline.ts'

/**
 * Shopify's own library, for what Shopify may change under us: session tokens, token exchange, refreshing. Only this
 * file and the two that use it know it. Admin GraphQL goes without it (ADR 0010).
 */

/** What of the environment the library needs. */
export type OAuthEnv = Pick<Env, 'SHOPIFY_CLIENT_ID' | 'SHOPIFY_CLIENT_SECRETS' | 'SHOPIFY_PROXY' | 'APP_ORIGIN'>

/** A token request takes well under a second; who waits for one longer does better to try again later. */
const TIMEOUT_MS = 8_000

// What its adapters for runtimes would set; workerd and Node have the rest by themselves.
setAbstractRuntimeString(() => 'LoyalNest')

const kept = new Map<string, readonly Shopify[]>()

/** The library once for each of our client secrets, the current one first. */
export function shopifyLibraries(env: OAuthEnv): readonly Shopify[] {
  // One function for the whole isolate is all that the library offers; an isolate has one environment.
  setAbstractFetchFunc((input, init) => throughAddress(env, input, init))
  const name = JSON.stringify([env.SHOPIFY_CLIENT_ID, env.SHOPIFY_CLIENT_SECRETS, env.APP_ORIGIN])
  let libraries = kept.get(name)
  if (!libraries) {
    const secrets = env.SHOPIFY_CLIENT_SECRETS.split(',').map((secret) => secret.trim())
    libraries = secrets.filter((secret) => secret !== '').map((secret) => libraryOf(env, secret))
    kept.set(name, libraries)
  }
  return libraries
}

function libraryOf(env: OAuthEnv, secret: string): Shopify {
  return shopifyApi({
    apiKey: env.SHOPIFY_CLIENT_ID,
    apiSecretKey: secret,
    hostName: new URL(env.APP_ORIGIN).host,
    // Demanded, and without effect on tokens. What we ask the Admin API in is in admin/version.ts.
    apiVersion: ApiVersion.July26,
    isEmbeddedApp: true,
    // It says nothing: its lines may hold tokens and addresses.
    logger: { level: LogSeverity.Error, log: () => {} },
  })
}

function throughAddress(env: OAuthEnv, input: RequestInfo | URL, init?: RequestInit): Promise<Response> {
  const asked = new URL(input instanceof Request ? input.url : input)
  const { url, headers } = shopAddress(env, asked.host, asked.pathname + asked.search)
  const merged = new Headers(init?.headers)
  for (const [name, value] of Object.entries(headers)) merged.set(name, value)
  return untilDeadline(Date.now() + TIMEOUT_MS, async (signal) => {
    const response = await fetch(url, { ...init, headers: merged, redirect: 'manual', signal })
    return new Response(await response.text(), response)
  })
}
