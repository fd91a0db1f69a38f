import { z } from 'zod'
import { type Device, DevicePublicKey } from '../../domain/contracts/pos.ts'
import { type MerchantId, MerchantId as MerchantIdSchema } from '../../domain/contracts/ids.ts'
import { IsolateCache } from './isolate-cache.ts'

/** Tills as D1 `CONTROL.devices` has them: who may sign. What they send is their objects' own. */

/** A registered till. */
export interface StoredDevice {
  readonly merchantId: MerchantId
  readonly publicKey: DevicePublicKey
  readonly registeredAtMs: number
  readonly revokedAtMs: number | null
  /** As the API shows it. */
  readonly device: Device
}

/** What a change of the devices answered with. */
export interface NewDevice {
  readonly merchantId: string
  readonly name: string
  readonly location: string | null
  readonly publicKey: DevicePublicKey
  readonly keyFingerprint: string
  readonly by: string
  readonly nowMs: number
}

const DeviceRow = z
  .object({
    id: z.uuid(),
    merchant_id: MerchantIdSchema,
    name: z.string(),
    location: z.string().nullable(),
    public_key: z.string().transform((text) => DevicePublicKey.parse(JSON.parse(text))),
    key_fingerprint: z.string(),
    registered_at_ms: z.int(),
    registered_by: z.string(),
    revoked_at_ms: z.int().nullable(),
    revoked_by: z.string().nullable(),
  })
  .transform((row): StoredDevice => ({
    merchantId: row.merchant_id,
    publicKey: row.public_key,
    registeredAtMs: row.registered_at_ms,
    revokedAtMs: row.revoked_at_ms,
    device: {
      id: row.id,
      name: row.name,
      location: row.location,
      registered_at: new Date(row.registered_at_ms).toISOString(),
      registered_by: row.registered_by,
      revoked_at: row.revoked_at_ms === null ? null : new Date(row.revoked_at_ms).toISOString(),
      revoked_by: row.revoked_by,
      key_fingerprint: row.key_fingerprint,
    },
  }))

const COLUMNS = `id, merchant_id, name, location, public_key, key_fingerprint, registered_at_ms, registered_by,
  revoked_at_ms, revoked_by`

/** A device as the guard needs it, with its key ready to verify. */
export interface SigningDevice extends StoredDevice {
  readonly verifyKey: CryptoKey
}

const copies = new IsolateCache<SigningDevice>({ lifeMs: 5_000, capacity: 10_000 })

/** The device if a copy is in the isolate; spares the limit on failed look-ups. */
export function knownDevice(id: string): SigningDevice | undefined {
  return copies.fresh(id)
}

/** The device of an id, or undefined. Copies live at most 5 seconds, so a revoked key ends within them. */
export function signingDevice(env: Env, id: string): Promise<SigningDevice | undefined> {
  return copies.get(id, async () => {
    const row = await env.CONTROL.prepare(`SELECT ${COLUMNS} FROM devices WHERE id = ?1`).bind(id).first()
    if (row === null) return undefined
    const stored = DeviceRow.parse(row)
    const verifyKey = await importDeviceKey(stored.publicKey)
    return verifyKey && { ...stored, verifyKey }
  })
}

/** The key, ready to verify; undefined where the point is not on the curve. */
export async function importDeviceKey(key: DevicePublicKey): Promise<CryptoKey | undefined> {
  try {
    return await crypto.subtle.importKey('jwk', key, { name: 'ECDSA', namedCurve: 'P-256' }, false, ['verify'])
  } catch {
    return undefined
  }
}

/** A device of the merchant straight from D1, or undefined. */
export async function readDevice(env: Env, merchantId: string, id: string): Promise<StoredDevice | undefined> {
  const row = await env.CONTROL.prepare(`SELECT ${COLUMNS} FROM devices WHERE merchant_id = ?1 AND id = ?2`)
    .bind(merchantId, id)
    .first()
  return row === null ? undefined : DeviceRow.parse(row)
}

/** Stores a device, unless the merchant has one of this key: then that one is answered as it is. */
export async function registerDevice(env: Env, device: NewDevice): Promise<StoredDevice> {
  const { merchantId, keyFingerprint } = device
  await env.CONTROL.prepare(
    `INSERT INTO devices (id, merchant_id, name, location, public_key, key_fingerprint, registered_at_ms, registered_by)
     VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8) ON CONFLICT (merchant_id, key_fingerprint) DO NOTHING`,
  )
    .bind(
      crypto.randomUUID(),
      merchantId,
      device.name,
      device.location,
      JSON.stringify(device.publicKey),
      keyFingerprint,
      device.nowMs,
      device.by,
    )
    .run()
  const row = await env.CONTROL.prepare(
    `SELECT ${COLUMNS} FROM devices WHERE merchant_id = ?1 AND key_fingerprint = ?2`,
  )
    .bind(merchantId, keyFingerprint)
    .first()
  return DeviceRow.parse(row)
}

/** Ends a device's key, for good. The first revocation stays the one that is told. */
export async function revokeDevice(
  env: Env,
  { merchantId, device }: StoredDevice,
  by: string,
  nowMs: number,
): Promise<StoredDevice> {
  await env.CONTROL.prepare(
    `UPDATE devices SET revoked_at_ms = ?3, revoked_by = ?4 WHERE merchant_id = ?1 AND id = ?2 AND revoked_at_ms IS NULL`,
  )
    .bind(merchantId, device.id, nowMs, by)
    .run()
  copies.forget(device.id)
  const revoked = await readDevice(env, merchantId, device.id)
  if (revoked === undefined) throw new Error('devices are never deleted')
  return revoked
}

/** Where a page of devices ended. */
export interface DevicePlace {
  readonly registeredAtMs: number
  readonly id: string
}

/** The merchant's devices, newest first. */
export async function readDevices(
  env: Env,
  merchantId: string,
  before: DevicePlace | null,
  limit: number,
): Promise<readonly StoredDevice[]> {
  const { results } = await env.CONTROL.prepare(
    `SELECT ${COLUMNS} FROM devices WHERE merchant_id = ?1 AND (?2 IS NULL OR (registered_at_ms, id) < (?2, ?3))
     ORDER BY registered_at_ms DESC, id DESC LIMIT ?4`,
  )
    .bind(merchantId, before?.registeredAtMs ?? null, before?.id ?? null, limit)
    .all()
  return z.array(DeviceRow).parse(results)
}
