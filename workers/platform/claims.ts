import { createHash } from 'node:crypto'
import { z } from 'zod'
import { type Refusal, refuse } from '../../domain/contracts/errors.ts'
import type { IdempotencyClaim } from '../../durable-objects/kernel/protocol.ts'

/**
 * `Idempotency-Key`s of writes that concern no customer, in D1 `CONTROL`. A customer's keys live in the customer's
 * object (ADR 0003).
 */

/** How long an answer is kept for its key. */
const CLAIM_LIFE_MS = 30 * 24 * 3_600_000

/** An answer as it was given, or is given again: its exact text. */
export type Stored = { readonly ok: true; readonly replayed: boolean; readonly json: string }

const ClaimRow = z.object({ fingerprint: z.string(), body: z.string() })

/** The stored answer to the same request, a refusal if the key was used for another one, or undefined. */
export async function storedAnswer(
  env: Env,
  merchantId: string,
  claim: IdempotencyClaim,
  nowMs: number,
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

/**
 * The statements that keep an answer and drop those past their life; to be run in one batch with the change itself.
 * They fail with `UNIQUE constraint failed` where the same key is being used at the same time.
 */
export function keepAnswer(
  env: Env,
  merchantId: string,
  claim: IdempotencyClaim,
  json: string,
  nowMs: number,
): readonly [D1PreparedStatement, D1PreparedStatement] {
  return [
    env.CONTROL.prepare('DELETE FROM idempotency_keys WHERE at_ms <= ?1').bind(nowMs - CLAIM_LIFE_MS),
    env.CONTROL.prepare(
      `INSERT INTO idempotency_keys (merchant_id, scope, key, fingerprint, body, at_ms)
       VALUES (?1, ?2, ?3, ?4, ?5, ?6)`,
    ).bind(merchantId, claim.scope, claim.key, claim.fingerprint, json, nowMs),
  ]
}

/**
 * An id for what a write makes: the same for the same merchant and key, so that a write that is repeated, or was cut short,
 * makes it once. A UUID of version 8, "as its maker likes" (RFC 9562).
 */
export function idOfClaim(merchantId: string, { scope, key }: IdempotencyClaim): string {
  const hex = createHash('sha256')
    .update(JSON.stringify([merchantId, scope, key]))
    .digest('hex')
  const parts = [hex.slice(0, 8), hex.slice(8, 12), `8${hex.slice(13, 16)}`, `8${hex.slice(17, 20)}`, hex.slice(20, 32)]
  return parts.join('-')
}

/** True for the error of a batch that lost against another use of the same key, or another writer of one version. */
export function isTaken(error: unknown): boolean {
  return error instanceof Error && error.message.includes('UNIQUE constraint failed')
}

/**
 * Acts once a key, for an act that is harmless to repeat: should it fail between the act and keeping its answer, the
 * next request with the key acts again.
 */
export async function answerOnce(
  env: Env,
  merchantId: string,
  claim: IdempotencyClaim,
  nowMs: number,
  act: () => Promise<{ readonly ok: true; readonly body: unknown } | Refusal>,
): Promise<Stored | Refusal> {
  const known = await storedAnswer(env, merchantId, claim, nowMs)
  if (known) return known
  const answer = await act()
  if (!answer.ok) return answer
  const json = JSON.stringify(answer.body)
  try {
    await env.CONTROL.batch([...keepAnswer(env, merchantId, claim, json, nowMs)])
  } catch (error) {
    if (!isTaken(error)) throw error
    return (await storedAnswer(env, merchantId, claim, nowMs)) ?? { ok: true, replayed: false, json }
  }
  return { ok: true, replayed: false, json }
}
