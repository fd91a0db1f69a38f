import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { createAdaptorServer } from '@hono/node-server'
import { Hono } from 'hono'
import { z } from 'zod'
import { fromMinor } from '../../domain/contracts/money.ts'
import { adminApi } from './admin-api.ts'
import { runBulk } from './admin-graphql/bulk.ts'
import { type AdminParts, adminGraphql, contextOf } from './admin-graphql/endpoint.ts'
import { ajaxCart } from './ajax-cart.ts'
import { appProxy } from './app-proxy.ts'
import { backOffice } from './back-office/routes.ts'
import { bulkFiles, BulkOperations } from './bulk.ts'
import { CURRENCY, PRODUCTS, SHOP_NAME } from './catalog.ts'
import { gid } from './customer.ts'
import { openDatabase } from './database.ts'
import { Webhooks } from './deliveries.ts'
import { Discounts } from './discounts/discounts.ts'
import { Faults } from './faults.ts'
import { oauth } from './oauth/routes.ts'
import { Tokens } from './oauth/tokens.ts'
import { type StorefrontEnv, sessions } from './session.ts'
import { shopLookup } from './shop-lookup.ts'
import { ShopOrders } from './shop-orders.ts'
import { Shop } from './shop.ts'
import { Store } from './store.ts'
import { storefront } from './storefront/routes.ts'

export interface ShopifyStandInOptions {
  /** On 127.0.0.1; 0 takes a free one. */
  readonly port: number
  /** Where LoyalNest runs, such as `http://127.0.0.1:8787`. */
  readonly appOrigin: string
  /** Its state lives here and survives a restart. */
  readonly dir: string
  /** `….myshopify.com` */
  readonly shop: string
  readonly clientId: string
  readonly clientSecret: string
  /** Every `….myshopify.com` has an Admin API here, by `X-Forwarded-Host`; for tests. Default: this one shop. */
  readonly anyShop?: boolean
  /** The scopes that the merchant granted, comma-separated. Default: those of shopify.app.toml. */
  readonly scopes?: string
  /** How long asynchronous work (bulk creations, usage counts) takes. Default 150 ms. */
  readonly asyncDelayMs?: number
  /** Divides the gaps between webhook retries (10 s to 104 min); for tests. Default 1. */
  readonly speedUp?: number
}

export interface ShopifyStandIn {
  /** Origin of storefront, back office and APIs. */
  readonly url: string
  readonly customers: readonly { readonly id: string; readonly email: string }[]
  readonly variants: readonly { readonly id: string; readonly price: string; readonly currency: string }[]
  /** Stops within a second; undelivered webhooks go on at the next start. */
  close(): Promise<void>
}

/** In this order: later parts change rules of earlier ones. */
const THEME = ['base', 'home', 'forms', 'office', 'drawings', 'screens']
  .map((part) => readFileSync(join(import.meta.dirname, `theme/${part}.css`), 'utf8'))
  .join('')
const ICON = readFileSync(join(import.meta.dirname, 'theme/icon.svg'), 'utf8')

/** Starts a small shop that speaks Shopify's protocols. See README.md. */
export async function startShopifyStandIn(options: ShopifyStandInOptions): Promise<ShopifyStandIn> {
  const { appOrigin, clientSecret, shop: domain, speedUp = 1 } = options
  const db = openDatabase(options.dir)
  const store = new Store(db)
  const webhooks = new Webhooks({ store, appOrigin, shop: domain, clientSecret, speedUp })
  const identity = { domain, name: SHOP_NAME, currency: CURRENCY, timeZone: 'Europe/Berlin' }
  const discounts = new Discounts(db, {
    delayMs: options.asyncDelayMs ?? 150,
    // Only the shop of this stand-in has an app that listens.
    onRemoved: (discount, code) => {
      if (discount.shop === domain) shop.tellCodeRemoved(discount, code)
    },
    onDeleted: (discount) => {
      if (discount.shop === domain) shop.tellDiscountDeleted(discount)
    },
  })
  const tokens = new Tokens(db, options.scopes ?? grantedScopes())
  const shop = new Shop(identity, store, webhooks, discounts, () => tokens.revokeAll(domain))
  const bulk = new BulkOperations(db, {
    delayMs: options.asyncDelayMs ?? 150,
    execute: (operation) => runBulk(operation, contextOf(admin, operation.shop, grantedScopes().split(','))),
    onFinished: (operation) => {
      if (operation.shop === domain) shop.tellBulkFinished(operation)
    },
  })
  let origin = ''
  const admin: AdminParts = {
    orders: new ShopOrders(db, domain),
    bulk,
    origin: () => origin,
    lookup: shopLookup(domain, options.anyShop ?? false),
    tokens,
    discounts,
    faults: new Faults(),
    identify: (asked) =>
      asked === domain ? identity : { ...identity, domain: asked, name: asked.split('.')[0] ?? asked },
    nextId: () => String(store.next('metafield', 30_411_200_001)),
  }
  const server = createAdaptorServer({ fetch: routes(shop, options, admin).fetch })
  server.listen(options.port, '127.0.0.1')
  await once(server, 'listening')
  const { port } = z.object({ port: z.int() }).parse(server.address())
  origin = `http://127.0.0.1:${port}`
  return {
    url: origin,
    customers: store.customers().map(({ id, email }) => ({ id: gid('Customer', id), email })),
    variants: PRODUCTS.flatMap((product) =>
      product.variants.map(({ id, priceMinor }) => ({
        id: gid('ProductVariant', id),
        price: fromMinor(priceMinor, CURRENCY),
        currency: CURRENCY,
      })),
    ),
    async close() {
      discounts.close()
      bulk.close()
      await webhooks.close()
      server.close()
      if ('closeAllConnections' in server) server.closeAllConnections()
      db.close()
    },
  }
}

/** What the app asks for, and what a merchant grants by installing it. */
function grantedScopes(): string {
  const toml = readFileSync(join(import.meta.dirname, '../../shopify.app.toml'), 'utf8')
  return /^scopes\s*=\s*"([^"]*)"/m.exec(toml)?.[1] ?? ''
}

function routes(shop: Shop, { appOrigin, clientSecret, clientId }: ShopifyStandInOptions, admin: AdminParts): Hono {
  const app = new Hono()
  const socketOrigin = appOrigin.replace(/^http/, 'ws')
  const policy = [
    "default-src 'none'",
    `script-src 'self' ${appOrigin}`,
    "style-src 'self'",
    "img-src 'self' data:",
    `connect-src 'self' ${appOrigin} ${socketOrigin}`,
    "form-action 'self'",
    "base-uri 'none'",
    "frame-ancestors 'none'",
  ].join('; ')
  app.use(async (c, next) => {
    // A page of another site may not post forms here in the shopper's or the merchant's name.
    const origin = c.req.header('origin')
    const foreign = origin !== undefined && origin !== new URL(c.req.url).origin
    if (c.req.method !== 'GET' && foreign) return c.text('Cross-site requests are not allowed.', 403)
    await next()
    c.header('content-security-policy', policy)
    c.header('x-content-type-options', 'nosniff')
    c.header('referrer-policy', 'same-origin')
    return undefined
  })
  app.get('/assets/theme.css', (c) => c.body(THEME, 200, { 'content-type': 'text/css; charset=utf-8' }))
  app.get('/assets/icon.svg', (c) => c.body(ICON, 200, { 'content-type': 'image/svg+xml' }))
  app.route('/', oauth(admin.tokens, admin.lookup, { clientId, clientSecret }, admin.faults))
  app.route('/', adminGraphql(admin))
  app.route('/', bulkFiles(admin.bulk, admin.faults))
  app.route('/', adminApi(shop, admin.lookup, admin.orders))
  app.route('/', backOffice(shop, clientId))
  const front = new Hono<StorefrontEnv>()
  front.use(sessions(shop.store))
  front.route('/', appProxy(shop, appOrigin, clientSecret))
  front.route('/', ajaxCart(shop))
  front.route('/', storefront(shop, appOrigin))
  app.route('/', front)
  return app
}
