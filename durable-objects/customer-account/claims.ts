import { z } from 'zod'
import { ERRORS, refuse, type ErrorCode } from '../../domain/contracts/errors.ts'
import type { ExecuteReply, IdempotencyClaim } from '../kernel/protocol.ts'
import type { Store } from './store.ts'

/** How long an `Idempotency-Key` keeps its answer. */
export const CLAIM_LIFETIME_MS = 30 * 24 * 60 * 60 * 1000

const PRUNE_EVERY_MS = 24 * 60 * 60 * 1000

/** The scope under which used stream tickets lie; no credential and route can be called this. */
const TICKET_SCOPE = 'stream-ticket'

type ClaimRow = { fingerprint: string; outcome: 'applied' | 'duplicate' | 'refused'; answer: string }

const StoredRefusal = z.object({
  ok: z.literal(false),
  code: z.custom<ErrorCode>((code) => typeof code === 'string' && Object.hasOwn(ERRORS, code)),
  detail: z.string(),
  pointer: z.string().exactOptional(),
})

/**
 * Answers that must stay the same, each under a scope and a key until it expires. Reading finds nothing where the object
 * has no tables.
 */
export class Claims {
  readonly #sql: SqlStorage
  readonly #store: Store
  #prunedAtMs = 0

  constructor(sql: SqlStorage, store: Store) {
    this.#sql = sql
    this.#store = store
  }

  /**
   * The answer that was given under this key, or undefined if the key is new. The same key for another request is
   * refused.
   */
  answerTo(claim: IdempotencyClaim, nowMs: number): ExecuteReply | undefined {
    if (!this.#store.hasTables) return undefined
    const row = this.#sql
      .exec<ClaimRow>(
        'SELECT fingerprint, outcome, answer FROM claims WHERE scope = ? AND key = ? AND expires_at_ms > ?',
        claim.scope,
        claim.key,
        nowMs,
      )
      .toArray()[0]
    if (row === undefined) return undefined
    if (row.fingerprint !== claim.fingerprint) {
      const detail = 'This Idempotency-Key came with another body before. Use a new key for a new request.'
      return { ok: false, replayed: false, refusal: refuse('idempotency_key_reused', detail) }
    }
    return row.outcome === 'refused'
      ? { ok: false, replayed: true, refusal: StoredRefusal.parse(JSON.parse(row.answer)) }
      : { ok: true, replayed: true, outcome: row.outcome, body: row.answer }
  }

  /** Keeps an answer for {@link CLAIM_LIFETIME_MS}. Within the transaction of what it answers. */
  keep(claim: IdempotencyClaim, reply: ExecuteReply, nowMs: number): void {
    const outcome = reply.ok ? reply.outcome : 'refused'
    const answer = reply.ok ? reply.body : JSON.stringify(reply.refusal)
    this.#put(claim.scope, claim.key, claim.fingerprint, outcome, answer, nowMs + CLAIM_LIFETIME_MS)
    this.#prune(nowMs)
  }

  /** Uses up a stream ticket: true the first time, false ever after. The note of it may go once the ticket has expired. */
  useTicket(ticketId: string, expiresAtMs: number, nowMs: number): boolean {
    this.#store.createTables()
    const known = this.#sql.exec('SELECT 1 FROM claims WHERE scope = ? AND key = ?', TICKET_SCOPE, ticketId).toArray()
    if (known.length > 0) return false
    this.#put(TICKET_SCOPE, ticketId, '', 'used', '', expiresAtMs)
    this.#prune(nowMs)
    return true
  }

  #put(scope: string, key: string, fingerprint: string, outcome: string, answer: string, expiresAtMs: number): void {
    this.#store.createTables()
    this.#sql.exec(
      'INSERT OR REPLACE INTO claims VALUES (?, ?, ?, ?, ?, ?)',
      scope,
      key,
      fingerprint,
      outcome,
      answer,
      expiresAtMs,
    )
  }

  /** Forgets what has expired, once a day at most: the look at all claims is paid for too. */
  #prune(nowMs: number): void {
    if (nowMs - this.#prunedAtMs < PRUNE_EVERY_MS) return
    this.#sql.exec('DELETE FROM claims WHERE expires_at_ms <= ?', nowMs)
    this.#prunedAtMs = nowMs
  }
}
