import { z } from 'zod'
import { type Refusal, refuse } from '../../../domain/contracts/errors.ts'
import type { ProgramSettings, VersionedSettings } from '../../../domain/contracts/settings.ts'
import type { IdempotencyClaim } from '../../../durable-objects/kernel/protocol.ts'
import { forgetSettings, readSettings } from '../../platform/control.ts'

const CLAIM_LIFE_MS = 30 * 24 * 3_600_000

/** A change of the settings as one caller asks for it. */
export interface SettingsChange {
  readonly merchantId: string
  /** The version that the caller read. */
  readonly version: number
  readonly settings: ProgramSettings
  /** `api_key:…` or `user:…`. */
  readonly actor: string
  readonly claim: IdempotencyClaim
  readonly nowMs: number
}

type Stored = { readonly ok: true; readonly replayed: boolean; readonly json: string }

const ClaimRow = z.object({ fingerprint: z.string(), body: z.string() })

/** The stored answer to the same request, a refusal if the key was used for another one, or undefined. */
async function findClaim(
  env: Env,
  { merchantId, claim, nowMs }: SettingsChange,
): Promise<Stored | Refusal | undefined> {
  const row = await env.CONTROL.prepare(
    'SELECT fingerprint, body FROM idempotency_keys WHERE merchant_id = ?1 AND scope = ?2 AND key = ?3 AND at_ms > ?4',
  )
    .bind(merchantId, claim.scope, claim.key, nowMs - CLAIM_LIFE_MS)
    .first()
  if (row === null) return undefined
  const { fingerprint, body } = ClaimRow.parse(row)
  if (fingerprint === claim.fingerprint) return { ok: true, replayed: true, json: body }
  return refuse('idempotency_key_reused', 'This Idempotency-Key was used with other contents. Use a new key.')
}

function conflict(current: number): Refusal {
  return refuse('version_conflict', `The settings are at version ${current} now. Read them again.`, '/version')
}

/** Settings, their history and the answer's copy in one transaction: of two writers of one version, one gets through. */
async function write(env: Env, change: SettingsChange, json: string): Promise<boolean> {
  const { merchantId, version, settings, actor, claim, nowMs } = change
  try {
    await env.CONTROL.batch([
      env.CONTROL.prepare('DELETE FROM idempotency_keys WHERE at_ms <= ?1').bind(nowMs - CLAIM_LIFE_MS),
      env.CONTROL.prepare(
        `INSERT INTO program_settings (merchant_id, version, body, updated_at_ms, updated_by)
         VALUES (?1, ?2, ?3, ?4, ?5)`,
      ).bind(merchantId, version + 1, JSON.stringify(settings), nowMs, actor),
      env.CONTROL.prepare(
        `INSERT INTO idempotency_keys (merchant_id, scope, key, fingerprint, body, at_ms)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6)`,
      ).bind(merchantId, claim.scope, claim.key, claim.fingerprint, json, nowMs),
    ])
    forgetSettings(merchantId)
    return true
  } catch (error) {
    if (error instanceof Error && error.message.includes('UNIQUE constraint failed')) return false
    throw error
  }
}

/** Stores new settings as the next version, or answers what the same request was answered before. */
export async function storeSettings(env: Env, change: SettingsChange): Promise<Stored | Refusal> {
  const claimed = await findClaim(env, change)
  if (claimed) return claimed
  const current = await readSettings(env, change.merchantId)
  if (current.version !== change.version) return conflict(current.version)
  const stored: VersionedSettings = {
    version: change.version + 1,
    updated_at: new Date(change.nowMs).toISOString(),
    settings: change.settings,
  }
  const json = JSON.stringify(stored)
  if (await write(env, change, json)) return { ok: true, replayed: false, json }
  // Somebody was quicker: the same request sent twice, or another writer.
  return (await findClaim(env, change)) ?? conflict((await readSettings(env, change.merchantId)).version)
}
