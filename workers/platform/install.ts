import { type MerchantId, MerchantId as MerchantIdSchema, ShopDomain } from '../../domain/contracts/ids.ts'
import type { Permission } from '../../domain/contracts/permissions.ts'
import { defaultSettings } from '../../domain/contracts/settings.ts'
import { apiKeyHmac, newApiKey } from './api-key.ts'

/** The part of a D1 database that is needed here; Miniflare's proxy in Node has it too. */
export interface ControlDatabase {
  prepare(sql: string): ControlStatement
  batch(statements: ControlStatement[]): Promise<{ results: unknown[] }[]>
}
export interface ControlStatement {
  bind(...values: (string | number | null)[]): ControlStatement
}

/** One SQL statement with its parameters, for whoever runs it. */
export interface SqlCommand {
  readonly sql: string
  readonly params: readonly (string | number | null)[]
}

/** What is to be known about a shop when it installs. */
export interface ShopInstallation {
  /** Only for a shop that was never here; a shop that comes back keeps its merchant id. */
  readonly merchantId?: string
  readonly domain: string
  readonly currency: string
  /** IANA time zone. */
  readonly timeZone: string
  readonly plan: string
  /** Origins of the storefront beside `https://{domain}`, which always belongs to it. */
  readonly storefrontOrigins: readonly string[]
  readonly nowMs: number
}

/**
 * The statements that enter a shop into the directory, active, with default settings if it has none. The last one
 * answers `merchant_id`. Run them in one transaction.
 */
export function shopInstallation(shop: ShopInstallation): readonly SqlCommand[] {
  const domain = ShopDomain.parse(shop.domain)
  const merchantId = MerchantIdSchema.parse(shop.merchantId ?? crypto.randomUUID())
  const origins = [...new Set([`https://${domain}`, ...shop.storefrontOrigins.map((origin) => new URL(origin).origin)])]
  return [
    {
      sql: `INSERT INTO shops (domain, merchant_id, status, plan, currency, time_zone, storefront_origins, installed_at_ms, updated_at_ms)
VALUES (?1, ?2, 'active', ?3, ?4, ?5, ?6, ?7, ?7)
ON CONFLICT (domain) DO UPDATE SET status = 'active', plan = excluded.plan, currency = excluded.currency,
  time_zone = excluded.time_zone, storefront_origins = excluded.storefront_origins,
  installed_at_ms = iif(shops.status = 'active', shops.installed_at_ms, excluded.installed_at_ms), uninstalled_at_ms = NULL, updated_at_ms = excluded.updated_at_ms`,
      params: [domain, merchantId, shop.plan, shop.currency, shop.timeZone, JSON.stringify(origins), shop.nowMs],
    },
    { sql: 'DELETE FROM storefront_origins WHERE domain = ?1', params: [domain] },
    {
      sql: 'INSERT INTO storefront_origins (origin, domain) SELECT value, ?1 FROM json_each(?2)',
      params: [domain, JSON.stringify(origins)],
    },
    {
      sql: `INSERT INTO program_settings (merchant_id, version, body, updated_at_ms, updated_by)
SELECT merchant_id, 1, ?2, ?3, 'system' FROM shops WHERE domain = ?1
ON CONFLICT (merchant_id, version) DO NOTHING`,
      params: [domain, JSON.stringify(defaultSettings(shop.currency, shop.timeZone)), shop.nowMs],
    },
    { sql: 'SELECT merchant_id FROM shops WHERE domain = ?1', params: [domain] },
  ]
}

/** Enters a shop into the directory and answers its merchant id, which a shop keeps when it installs again. */
export async function installShop(db: ControlDatabase, shop: ShopInstallation): Promise<MerchantId> {
  const results = await db.batch(shopInstallation(shop).map(({ sql, params }) => db.prepare(sql).bind(...params)))
  const row = results.at(-1)?.results[0]
  if (typeof row !== 'object' || row === null || !('merchant_id' in row)) throw new Error('the shop was not stored')
  return MerchantIdSchema.parse(row.merchant_id)
}

/** What a new API key may do. */
export interface ApiKeyRequest {
  readonly merchantId: string
  /** By which people tell their keys apart. */
  readonly name: string
  readonly permissions: readonly Permission[]
  /** Base64 of 32 bytes: `API_KEY_PEPPER`. */
  readonly pepper: string
  readonly nowMs: number
  /** Null or absent: no end. */
  readonly expiresAtMs?: number | null
}

/** A new key and the statement that stores its HMAC. The key itself is shown once and kept nowhere. */
export async function apiKeyCreation(
  request: ApiKeyRequest,
): Promise<{ readonly id: string; readonly key: string; readonly command: SqlCommand }> {
  const id = crypto.randomUUID()
  const { key, prefix } = newApiKey()
  const hmac = await apiKeyHmac(key, request.pepper)
  return {
    id,
    key,
    command: {
      sql: `INSERT INTO api_keys (id, merchant_id, key_hmac, prefix, name, permissions, expires_at_ms, created_at_ms)
VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)`,
      params: [
        id,
        request.merchantId,
        hmac,
        prefix,
        request.name,
        JSON.stringify(request.permissions),
        request.expiresAtMs ?? null,
        request.nowMs,
      ],
    },
  }
}

/** Makes an API key for a merchant. */
export async function createApiKey(
  db: ControlDatabase,
  request: ApiKeyRequest,
): Promise<{ readonly id: string; readonly key: string }> {
  const { id, key, command } = await apiKeyCreation(request)
  await db.batch([db.prepare(command.sql).bind(...command.params)])
  return { id, key }
}
