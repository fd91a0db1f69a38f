import { z } from 'zod'
import { ADMIN_API_VERSION } from '../../workers/integrations/shopify/admin/version.ts'
import { createApiKey, installShop } from '../../workers/platform/install.ts'
import { productOf } from '../shopify/catalog.ts'
import type { LocalD1 } from './d1-migrations.ts'
import type { FreeProduct } from './demo-rewards.ts'
import { saveSecrets, type LocalSecrets } from './secrets.ts'
import type { StatePaths } from './state.ts'

/** The shop that every local stack has, the one the Shopify stand-in plays. */
export const DEMO_SHOP = 'loyalnest-demo.myshopify.com'

/** Installs the demo shop, or brings its origins up to date; answers its API key, the same on every start. */
export async function seedDemoShop(
  control: LocalD1,
  paths: StatePaths,
  secrets: LocalSecrets,
  storefrontOrigin: string,
  nowMs: number,
): Promise<string> {
  const merchantId = await installShop(control, {
    domain: DEMO_SHOP,
    currency: 'EUR',
    timeZone: 'Europe/Berlin',
    plan: 'free',
    storefrontOrigins: [storefrontOrigin],
    nowMs,
  })
  if (secrets.apiKey !== null) return secrets.apiKey
  const { key } = await createApiKey(control, {
    merchantId,
    name: 'local development',
    permissions: ['admin:full'],
    pepper: secrets.apiKeyPepper,
    nowMs,
  })
  saveSecrets(paths, { ...secrets, apiKey: key })
  return key
}

const SessionToken = z.object({ session_token: z.string() })

/**
 * Gives LoyalNest access to the demo shop's Admin API, as the embedded app does in Shopify's admin: the stand-in plays
 * App Bridge. Done on every start; a shop that is connected already gets new tokens.
 */
export async function connectDemoShop(app: string, shopify: string): Promise<void> {
  const asked = await fetch(`${shopify}/admin/app/session-token.json`, { method: 'POST' })
  const { session_token: token } = SessionToken.parse(await asked.json())
  const connected = await fetch(`${app}/v1/api/auth/shopify/connect`, {
    method: 'POST',
    headers: { authorization: `Bearer ${token}` },
  })
  if (!connected.ok) throw new Error(`The demo shop was not connected: ${connected.status} ${await connected.text()}`)
}

const Variant = z.object({ admin_graphql_api_id: z.string(), price: z.string() })
const Products = z.object({
  products: z.array(z.object({ handle: z.string(), title: z.string(), variants: z.tuple([Variant], Variant) })),
})

/** The demo shop's cheapest product, which one of its rewards gives away. */
export async function cheapestProduct(shopify: string): Promise<FreeProduct> {
  const listed = await fetch(`${shopify}/admin/api/${ADMIN_API_VERSION}/products.json`)
  const { products } = Products.parse(await listed.json())
  const [cheapest] = products.toSorted((one, other) => Number(one.variants[0].price) - Number(other.variants[0].price))
  if (cheapest === undefined) throw new Error('The demo shop sells nothing.')
  const title = productOf(cheapest.handle)?.title ?? { en: cheapest.title }
  return { title, variantGids: cheapest.variants.map((variant) => variant.admin_graphql_api_id) }
}
