import type { D1Migration } from 'cloudflare:test'

declare module 'vitest' {
  /** What `tools/testing/database.ts` and `shopify.ts` hand to the `workers` project. */
  interface ProvidedContext {
    /** `host:port` of the endpoint that the Neon driver speaks to. */
    neonProxy: string
    databaseUrl: string
    /** Origin of the Shopify stand-in, in which every `….myshopify.com` exists. */
    shopifyProxy: string
    d1Migrations: { control: D1Migration[]; eventLog: D1Migration[] }
  }
}
