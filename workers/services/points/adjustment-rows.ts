import { z } from 'zod'
import { type Adjustment, Transaction } from '../../../domain/contracts/points.ts'

/** Corrections that wait for a second person, in D1 `CONTROL.adjustments`. */

/**
 * A row as it is stored. `approving`: someone approved it, and it is being booked; whoever comes next finishes that.
 * A request past its end stays `waiting` in the table: {@link adjustmentOf} says `expired`.
 */
export interface StoredAdjustment {
  readonly id: string
  readonly customerId: string
  readonly shopifyCustomerGid: string | null
  readonly points: number
  readonly reason: string
  readonly allowDebt: boolean
  /** The business id under which it is booked. */
  readonly adjustmentId: string
  readonly state: 'waiting' | 'approving' | 'approved' | 'rejected'
  readonly requestedBy: string
  readonly requestedAtMs: number
  readonly expiresAtMs: number
  readonly decidedBy: string | null
  readonly decidedAtMs: number | null
  readonly note: string | null
  readonly entry: Transaction | null
}

const Row = z
  .object({
    id: z.string(),
    customer_id: z.string(),
    shopify_customer_gid: z.string().nullable(),
    points: z.int(),
    reason: z.string(),
    allow_debt: z.int(),
    adjustment_id: z.string(),
    state: z.enum(['waiting', 'approving', 'approved', 'rejected']),
    requested_by: z.string(),
    requested_at_ms: z.int(),
    expires_at_ms: z.int(),
    decided_by: z.string().nullable(),
    decided_at_ms: z.int().nullable(),
    note: z.string().nullable(),
    entry: z
      .string()
      .transform((text) => Transaction.parse(JSON.parse(text)))
      .nullable(),
  })
  .transform((row): StoredAdjustment => ({
    id: row.id,
    customerId: row.customer_id,
    shopifyCustomerGid: row.shopify_customer_gid,
    points: row.points,
    reason: row.reason,
    allowDebt: row.allow_debt === 1,
    adjustmentId: row.adjustment_id,
    state: row.state,
    requestedBy: row.requested_by,
    requestedAtMs: row.requested_at_ms,
    expiresAtMs: row.expires_at_ms,
    decidedBy: row.decided_by,
    decidedAtMs: row.decided_at_ms,
    note: row.note,
    entry: row.entry,
  }))

/** A row as callers see it at `nowMs`. What is being booked still waits. */
export function adjustmentOf(row: StoredAdjustment, nowMs: number): Adjustment {
  const isOpen = row.state === 'waiting' || row.state === 'approving'
  return {
    id: row.id,
    customer_id: row.customerId,
    points: row.points,
    reason: row.reason,
    allow_debt: row.allowDebt,
    state: isExpired(row, nowMs) ? 'expired' : row.state === 'approving' ? 'waiting' : row.state,
    requested_by: row.requestedBy,
    requested_at: new Date(row.requestedAtMs).toISOString(),
    expires_at: new Date(row.expiresAtMs).toISOString(),
    decided_by: isOpen ? null : row.decidedBy,
    decided_at: isOpen || row.decidedAtMs === null ? null : new Date(row.decidedAtMs).toISOString(),
    note: isOpen ? null : row.note,
    transaction: row.entry,
  }
}

/** Nobody decided in time. */
export function isExpired({ state, expiresAtMs }: StoredAdjustment, nowMs: number): boolean {
  return state === 'waiting' && expiresAtMs <= nowMs
}

/** The statement that makes a row of a new request. It fails with `UNIQUE constraint failed` where the row exists. */
export function insertAdjustment(env: Env, merchantId: string, row: StoredAdjustment): D1PreparedStatement {
  return env.CONTROL.prepare(
    `INSERT INTO adjustments (id, merchant_id, customer_id, shopify_customer_gid, points, reason, allow_debt,
       adjustment_id, state, requested_by, requested_at_ms, expires_at_ms)
     VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, 'waiting', ?9, ?10, ?11)`,
  ).bind(
    row.id,
    merchantId,
    row.customerId,
    row.shopifyCustomerGid,
    row.points,
    row.reason,
    row.allowDebt ? 1 : 0,
    row.adjustmentId,
    row.requestedBy,
    row.requestedAtMs,
    row.expiresAtMs,
  )
}

/** One request of the merchant, or undefined. */
export async function findAdjustment(env: Env, merchantId: string, id: string): Promise<StoredAdjustment | undefined> {
  const row = await env.CONTROL.prepare('SELECT * FROM adjustments WHERE merchant_id = ?1 AND id = ?2')
    .bind(merchantId, id)
    .first()
  return row === null ? undefined : Row.parse(row)
}

const STATE_NOW = `CASE WHEN state = 'approving' THEN 'waiting'
  WHEN state = 'waiting' AND expires_at_ms <= ?2 THEN 'expired' ELSE state END`
const Cursor = z.string().regex(/^\d{1,15}_[0-9a-f-]{36}$/)

/** A page of a merchant's requests, newest first; undefined if the cursor is not one of ours. */
export async function listAdjustments(
  env: Env,
  merchantId: string,
  query: { readonly cursor?: string | undefined; readonly limit: number; readonly state?: string | undefined },
  nowMs: number,
): Promise<{ adjustments: Adjustment[]; next_cursor: string | null } | undefined> {
  const cursor = Cursor.optional().safeParse(query.cursor)
  if (!cursor.success) return undefined
  const [requestedAtMs, id] = cursor.data?.split('_', 2) ?? []
  const { results } = await env.CONTROL.prepare(
    `SELECT * FROM adjustments WHERE merchant_id = ?1 AND (?3 IS NULL OR ${STATE_NOW} = ?3)
       AND (?4 IS NULL OR (requested_at_ms, id) < (?4, ?5))
     ORDER BY requested_at_ms DESC, id DESC LIMIT ?6`,
  )
    .bind(
      merchantId,
      nowMs,
      query.state ?? null,
      requestedAtMs === undefined ? null : Number(requestedAtMs),
      id ?? null,
      query.limit + 1,
    )
    .all()
  const found = z.array(Row).parse(results)
  const shown = found.slice(0, query.limit)
  const last = found.length > shown.length ? shown.at(-1) : undefined
  return {
    adjustments: shown.map((row) => adjustmentOf(row, nowMs)),
    next_cursor: last === undefined ? null : `${last.requestedAtMs}_${last.id}`,
  }
}

/** What somebody decided, and when. */
export interface Decided {
  readonly by: string
  readonly atMs: number
  readonly note: string | null
}

/** Notes a decision about a request that still waits. False: it does not, or its time is over. */
export async function claimDecision(
  env: Env,
  merchantId: string,
  id: string,
  state: 'approving' | 'rejected',
  { by, atMs, note }: Decided,
): Promise<boolean> {
  const { meta } = await env.CONTROL.prepare(
    `UPDATE adjustments SET state = ?3, decided_by = ?4, decided_at_ms = ?5, note = ?6
     WHERE merchant_id = ?1 AND id = ?2 AND state = 'waiting' AND expires_at_ms > ?5`,
  )
    .bind(merchantId, id, state, by, atMs, note)
    .run()
  return meta.changes === 1
}

/** An approval that the ledger refused: the request waits again. */
export async function releaseApproval(env: Env, merchantId: string, id: string, { by, atMs }: Decided): Promise<void> {
  await env.CONTROL.prepare(
    `UPDATE adjustments SET state = 'waiting', decided_by = NULL, decided_at_ms = NULL, note = NULL
     WHERE merchant_id = ?1 AND id = ?2 AND state = 'approving' AND decided_by = ?3 AND decided_at_ms = ?4`,
  )
    .bind(merchantId, id, by, atMs)
    .run()
}

/** Notes the entry of an approved request. It is in the ledger, so whatever the row has come to say meanwhile is wrong. */
export async function noteApproved(
  env: Env,
  merchantId: string,
  id: string,
  { by, atMs, note }: Decided,
  entry: Transaction,
): Promise<void> {
  await env.CONTROL.prepare(
    `UPDATE adjustments SET state = 'approved', decided_by = ?3, decided_at_ms = ?4, note = ?5, entry = ?6
     WHERE merchant_id = ?1 AND id = ?2 AND state <> 'approved'`,
  )
    .bind(merchantId, id, by, atMs, note, JSON.stringify(entry))
    .run()
}
