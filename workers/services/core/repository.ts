import { type Refusal, refuse } from '../../../domain/contracts/errors.ts'
import type { ProgramSettings, VersionedSettings } from '../../../domain/contracts/settings.ts'
import type { IdempotencyClaim } from '../../../durable-objects/kernel/protocol.ts'
import { isTaken, keepAnswer, type Stored, storedAnswer } from '../../platform/claims.ts'
import { forgetSettings, readSettings } from '../../platform/control.ts'

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

function conflict(current: number): Refusal {
  return refuse('version_conflict', `The settings are at version ${current} now. Read them again.`, '/version')
}

/** Settings, their history and the answer's copy in one transaction: of two writers of one version, one gets through. */
async function write(env: Env, change: SettingsChange, json: string): Promise<boolean> {
  const { merchantId, version, settings, actor, claim, nowMs } = change
  try {
    await env.CONTROL.batch([
      env.CONTROL.prepare(
        `INSERT INTO program_settings (merchant_id, version, body, updated_at_ms, updated_by)
         VALUES (?1, ?2, ?3, ?4, ?5)`,
      ).bind(merchantId, version + 1, JSON.stringify(settings), nowMs, actor),
      ...keepAnswer(env, merchantId, claim, json, nowMs),
    ])
    forgetSettings(merchantId)
    return true
  } catch (error) {
    if (isTaken(error)) return false
    throw error
  }
}

/** Stores new settings as the next version, or answers what the same request was answered before. */
export async function storeSettings(env: Env, change: SettingsChange): Promise<Stored | Refusal> {
  const claimed = await storedAnswer(env, change.merchantId, change.claim, change.nowMs)
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
  return (
    (await storedAnswer(env, change.merchantId, change.claim, change.nowMs)) ??
    conflict((await readSettings(env, change.merchantId)).version)
  )
}
