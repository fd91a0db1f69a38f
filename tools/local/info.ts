import { readFileSync } from 'node:fs'
import { z } from 'zod'

/**
 * `.loyalnest/local.json`: all that a program outside needs to drive the running stack, and no more than Shopify or a
 * merchant's developer would know.
 */
export const LocalInfo = z.object({
  app: z.url(),
  shopify: z.url(),
  storefront: z.url(),
  docs: z.url(),
  shop: z.string(),
  client_id: z.string(),
  client_secret: z.string(),
  api_key: z.string(),
  customers: z.array(z.object({ id: z.string(), email: z.string() })),
  variants: z.array(z.object({ id: z.string(), price: z.string(), currency: z.string() })),
  pids: z.array(z.int()),
})
export type LocalInfo = z.infer<typeof LocalInfo>

export function readLocalInfo(file: string): LocalInfo {
  return LocalInfo.parse(JSON.parse(readFileSync(file, 'utf8')))
}
