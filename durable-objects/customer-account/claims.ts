import { z } from 'zod'
import { ERRORS, refuse, type ErrorCode, type Refusal } from '../../domain/contracts/errors.ts'
import type { ExecuteReply, IdempotencyClaim } from '../kernel/protocol.ts'
import type { Store } from './store.ts'

/** How long an `Idempotency-Key` keeps its answer. */
export const CLAIM_LIFETIME_MS = 30 * 24 * 60 * 60 * 1000

const PRUNE_EVERY_MS = 24 * 60 * 60 * 1000

/** The scope under which used stream tickets lie; no credential and route can be called this. */
const TICKET_SCOPE = 'stream-ticket'

type ClaimRow = { fingerprint: string; outcome: 'applied' | 'duplicate' | 'refused'; answer: string }

/** What {@link Claims.known} found. */
export type KnownAnswer =
  | { readonly ok: true; readonly outcome: 'applied' | 'duplicate'; readonly answer: string }
  | { readonly ok: false; readonly replayed: boolean; readonly refusal: Refusal }

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

  /** The answer of a command that was given under this key, or undefined if the key is new. */
  answerTo(claim: IdempotencyClaim, nowMs: number): ExecuteReply | undefined {
    const known = this.known(claim, nowMs)
    return known?.ok ? { ok: true, replayed: true, outcome: known.outcome, body: known.answer } : known
  }

  /** What is kept under this key, or undefined if the key is new. The same key for another request is refused. */
  known(claim: IdempotencyClaim, nowMs: number): KnownAnswer | undefined {
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
      : { ok: true, outcome: row.outcome, answer: row.answer }
  }

  /** Keeps the answer of a command for {@link CLAIM_LIFETIME_MS}. Within the transaction of what it answers. */
  keep(claim: IdempotencyClaim, reply: ExecuteReply, nowMs: number): void {
    if (reply.ok) this.keepAnswer(claim, reply.outcome, reply.body, nowMs)
    else this.keepAnswer(claim, 'refused', JSON.stringify(reply.refusal), nowMs)
  }

  /** As {@link keep}, of anything. */
  keepAnswer(claim: IdempotencyClaim, outcome: ClaimRow['outcome'], answer: string, nowMs: number): void {
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
