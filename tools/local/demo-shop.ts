import { createApiKey, installShop } from '../../workers/platform/install.ts'
import type { LocalD1 } from './d1-migrations.ts'
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
