import { z } from 'zod'
import { MerchantId, ShopDomain } from '../../domain/contracts/ids.ts'
import { PERMISSIONS, type Permission } from '../../domain/contracts/permissions.ts'
import { ProgramSettings, type VersionedSettings } from '../../domain/contracts/settings.ts'
import { IsolateCache } from './isolate-cache.ts'

/** A shop as the directory (D1 `CONTROL.shops`) knows it. */
export interface Shop {
  readonly merchantId: MerchantId
  readonly domain: ShopDomain
  readonly status: 'active' | 'uninstalled'
  readonly plan: string
  readonly currency: string
  readonly timeZone: string
  /** Origins of the storefront, `https://{domain}` first. */
  readonly storefrontOrigins: readonly string[]
}

/** An API key as the directory knows it; `expiresAtMs` null: no end. */
export interface ApiKey {
  readonly id: string
  readonly merchantId: MerchantId
  readonly permissions: readonly Permission[]
  readonly expiresAtMs: number | null
  readonly revokedAtMs: number | null
}

const ShopRow = z
  .object({
    domain: ShopDomain,
    merchant_id: MerchantId,
    status: z.enum(['active', 'uninstalled']),
    plan: z.string(),
    currency: z.string(),
    time_zone: z.string(),
    storefront_origins: z.string().transform((text) => z.array(z.string()).parse(JSON.parse(text))),
  })
  .transform((row): Shop => ({
    merchantId: row.merchant_id,
    domain: row.domain,
    status: row.status,
    plan: row.plan,
    currency: row.currency,
    timeZone: row.time_zone,
    storefrontOrigins: row.storefront_origins,
  }))

const permissionNames = new Set<string>(Object.keys(PERMISSIONS))
/** Permissions that were stored once and have since been taken out of the contract grant nothing. */
const PermissionList = z
  .array(z.string())
  .transform((names) => names.filter((name): name is Permission => permissionNames.has(name)))

const ApiKeyRow = z
  .object({
    id: z.string(),
    merchant_id: MerchantId,
    permissions: z.string().transform((text) => PermissionList.parse(JSON.parse(text))),
    expires_at_ms: z.number().nullable(),
    revoked_at_ms: z.number().nullable(),
  })
  .transform((row): ApiKey => ({
    id: row.id,
    merchantId: row.merchant_id,
    permissions: row.permissions,
    expiresAtMs: row.expires_at_ms,
    revokedAtMs: row.revoked_at_ms,
  }))

const SettingsRow = z
  .object({ version: z.int(), body: z.string(), updated_at_ms: z.number() })
  .transform((row): VersionedSettings => ({
    version: row.version,
    updated_at: new Date(row.updated_at_ms).toISOString(),
    settings: ProgramSettings.parse(JSON.parse(row.body)),
  }))

const SHOP_COLUMNS = 'domain, merchant_id, status, plan, currency, time_zone, storefront_origins'
const SHOP_LIFE = { lifeMs: 30_000, capacity: 10_000 }
const shopsByDomain = new IsolateCache<Shop>(SHOP_LIFE)
const shopsByMerchant = new IsolateCache<Shop>(SHOP_LIFE)
const storefrontOrigins = new IsolateCache<boolean>(SHOP_LIFE)
const settingsCopies = new IsolateCache<VersionedSettings>({ lifeMs: 1_000, capacity: 10_000 })
const apiKeys = new IsolateCache<ApiKey>({ lifeMs: 5_000, capacity: 10_000 })

/** The shop of a domain, or undefined. Copies live in the isolate for at most 30 seconds. */
export function shopByDomain(env: Env, domain: string): Promise<Shop | undefined> {
  return shopsByDomain.get(domain, async () => {
    const row = await env.CONTROL.prepare(`SELECT ${SHOP_COLUMNS} FROM shops WHERE domain = ?1`).bind(domain).first()
    return row === null ? undefined : ShopRow.parse(row)
  })
}

/** The shop of a merchant, or undefined. Copies live in the isolate for at most 30 seconds. */
export function shopByMerchant(env: Env, merchantId: string): Promise<Shop | undefined> {
  return shopsByMerchant.get(merchantId, async () => {
    const row = await env.CONTROL.prepare(`SELECT ${SHOP_COLUMNS} FROM shops WHERE merchant_id = ?1`)
      .bind(merchantId)
      .first()
    return row === null ? undefined : ShopRow.parse(row)
  })
}

/** The shop that a storefront's origin belongs to, or undefined. */
export async function shopByOrigin(env: Env, origin: string): Promise<Shop | undefined> {
  const domain = await env.CONTROL.prepare('SELECT domain FROM storefront_origins WHERE origin = ?1 LIMIT 1')
    .bind(origin)
    .first('domain')
  return typeof domain === 'string' ? shopByDomain(env, domain) : undefined
}

/** What a copy in the isolate says of the origin, or undefined; spares the limit on failed look-ups. */
export function knownStorefrontOrigin(origin: string): boolean | undefined {
  return storefrontOrigins.fresh(origin)
}

/**
 * Whether the origin belongs to the storefront of an active shop. Copies live in the isolate for at most 30 seconds,
 * unlike others also of a "no": most foreign origins ask again and again.
 */
export async function isStorefrontOrigin(env: Env, origin: string): Promise<boolean> {
  const isOne = await storefrontOrigins.get(origin, async () => {
    const row = await env.CONTROL.prepare(
      `SELECT 1 FROM storefront_origins JOIN shops USING (domain)
       WHERE storefront_origins.origin = ?1 AND shops.status = 'active' LIMIT 1`,
    )
      .bind(origin)
      .first()
    return row !== null
  })
  return isOne === true
}

/** The key of an HMAC (hex) if a copy is in the isolate; spares the limit on failed look-ups. */
export function knownApiKey(hmac: string): ApiKey | undefined {
  return apiKeys.fresh(hmac)
}

/** The key of an HMAC (hex), or undefined. Copies live at most 5 seconds, so a revoked key ends within them. */
export function apiKeyByHmac(env: Env, hmac: string): Promise<ApiKey | undefined> {
  return apiKeys.get(hmac, async () => {
    const row = await env.CONTROL.prepare(
      'SELECT id, merchant_id, permissions, expires_at_ms, revoked_at_ms FROM api_keys WHERE key_hmac = ?1',
    )
      .bind(hmac)
      .first()
    return row === null ? undefined : ApiKeyRow.parse(row)
  })
}

/** The program settings, straight from D1. Throws if the merchant has none. */
export async function readSettings(env: Env, merchantId: string): Promise<VersionedSettings> {
  const settings = await selectSettings(env, merchantId)
  if (settings === undefined) throw new Error(`merchant ${merchantId} has no settings`)
  return settings
}

/**
 * The program settings for booking: a copy that lives in the isolate for at most one second, so that a burst of orders
 * asks D1 once a second and not once an order (ADR 0008). Throws if the merchant has none.
 */
export async function bookingSettings(env: Env, merchantId: string): Promise<VersionedSettings> {
  const settings = await settingsCopies.get(merchantId, () => selectSettings(env, merchantId))
  if (settings === undefined) throw new Error(`merchant ${merchantId} has no settings`)
  return settings
}

/** To be called by whoever saved settings, so that this isolate books by them at once. */
export function forgetSettings(merchantId: string): void {
  settingsCopies.forget(merchantId)
}

async function selectSettings(env: Env, merchantId: string): Promise<VersionedSettings | undefined> {
  const row = await env.CONTROL.prepare(
    'SELECT version, body, updated_at_ms FROM program_settings WHERE merchant_id = ?1 ORDER BY version DESC LIMIT 1',
  )
    .bind(merchantId)
    .first()
  return row === null ? undefined : SettingsRow.parse(row)
}
