import type { z } from 'zod'
import { type Refusal, refuse } from '../../../domain/contracts/errors.ts'
import {
  type AdjustAnswer,
  type Adjustment,
  type AdjustRequest,
  PointsWritten,
  type Transaction,
} from '../../../domain/contracts/points.ts'
import type { AccountRef, IdempotencyClaim } from '../../../durable-objects/kernel/protocol.ts'
import { callAccount } from '../../platform/account.ts'
import { idOfClaim, isTaken, keepAnswer, type Stored, storedAnswer } from '../../platform/claims.ts'
import { readSettings, type Shop } from '../../platform/control.ts'
import { emptyBalance } from './account.ts'
import {
  adjustmentOf,
  claimDecision,
  type Decided,
  findAdjustment,
  insertAdjustment,
  isExpired,
  noteApproved,
  releaseApproval,
  type StoredAdjustment,
} from './adjustment-rows.ts'
import { adjustCommand, derivedId } from './writes.ts'

/**
 * Corrections above the shop's limit: one person asks, another one approves. The request waits in D1; only the approval
 * books it, in the name of whoever asked, under a business id that was fixed when it was asked for. So whatever is
 * repeated, at once or after a crash, is booked once.
 */

/** How long a request waits for its second person. */
const WAIT_MS = 14 * 24 * 3_600_000

/** A correction as its requester sent it. */
export interface AskedAdjustment {
  readonly body: z.output<typeof AdjustRequest>
  readonly ref: AccountRef
  readonly claim: IdempotencyClaim
  /** `api_key:…`. */
  readonly by: string
  readonly nowMs: number
}

/** Whether a correction of so many points, up or down, waits for a second person. The limit itself does not. */
export function needsSecondPerson(points: number, approvalAbovePoints: number | null): boolean {
  return approvalAbovePoints !== null && Math.abs(points) > approvalAbovePoints
}

/** Stores the request, and answers with it and the balance as it stays. The same for the same Idempotency-Key. */
export async function askForApproval(env: Env, asked: AskedAdjustment): Promise<Stored | Refusal> {
  const { ref, claim, nowMs } = asked
  const row = rowOf(asked)
  const balance = (await callAccount(env, ref, (stub) => stub.balance(ref))) ?? emptyBalance(ref.customerId, nowMs)
  const answer: z.input<typeof AdjustAnswer> = { transaction: null, balance, approval: adjustmentOf(row, nowMs) }
  const json = JSON.stringify(answer)
  try {
    await env.CONTROL.batch([
      insertAdjustment(env, ref.merchantId, row),
      ...keepAnswer(env, ref.merchantId, claim, json, nowMs),
    ])
  } catch (error) {
    if (!isTaken(error)) throw error
    const first = await storedAnswer(env, ref.merchantId, claim, nowMs)
    if (first === undefined) throw error
    return first
  }
  return { ok: true, replayed: false, json }
}

function rowOf({ body, ref, claim, by, nowMs }: AskedAdjustment): StoredAdjustment {
  return {
    id: idOfClaim(ref.merchantId, claim),
    customerId: ref.customerId,
    shopifyCustomerGid: ref.shopifyCustomerGid,
    points: body.points,
    reason: body.reason,
    allowDebt: body.allow_debt,
    // The same that it would be booked under at once: should both ever happen, it is booked once.
    adjustmentId: body.adjustment_id ?? derivedId(claim),
    state: 'waiting',
    requestedBy: by,
    requestedAtMs: nowMs,
    expiresAtMs: nowMs + WAIT_MS,
    decidedBy: null,
    decidedAtMs: null,
    note: null,
    entry: null,
  }
}

/** What somebody decides about a request. */
export interface Decision {
  readonly id: string
  readonly decision: 'approve' | 'reject'
  readonly note: string | null
  /** `api_key:…`. */
  readonly by: string
  readonly nowMs: number
}

/**
 * Approves or rejects a request. An approval that was cut short is finished first, whoever comes: only then is it known
 * how the request stands.
 */
export async function decideAdjustment(env: Env, shop: Shop, decision: Decision): Promise<Adjusted | Refusal> {
  const { id, by, nowMs } = decision
  const { merchantId } = shop
  const row = await findAdjustment(env, merchantId, id)
  if (row === undefined) return refuse('not_found', 'There is no correction with this id.')
  if (decision.decision === 'approve' && row.requestedBy === by) {
    return refuse('second_person_required', 'Whoever asked for a correction cannot approve it: use another key.')
  }
  if (row.state === 'approving') {
    const finished = await bookApproved(env, shop, row, nowMs)
    const isOwn = decision.decision === 'approve' && row.decidedBy === by
    if (finished.ok) return isOwn ? finished : alreadyDecided(finished.body)
    if (isOwn) return finished
  } else if (row.state !== 'waiting' || isExpired(row, nowMs)) {
    return repeated(row, decision) ?? alreadyDecided(adjustmentOf(row, nowMs))
  }
  return decision.decision === 'approve' ? approve(env, shop, decision) : reject(env, merchantId, decision)
}

/** A request as it stands after a decision. */
export type Adjusted = { readonly ok: true; readonly body: Adjustment }

/** The same decision of the same person again is no news: its answer may have been lost. */
function repeated(row: StoredAdjustment, { decision, by, nowMs }: Decision): Adjusted | undefined {
  const isSame = row.decidedBy === by && row.state === (decision === 'approve' ? 'approved' : 'rejected')
  return isSame ? { ok: true, body: adjustmentOf(row, nowMs) } : undefined
}

function alreadyDecided({ state }: Adjustment): Refusal {
  return state === 'expired'
    ? refuse('already_decided', 'Nobody decided about this correction in time. Ask for it again.')
    : refuse('already_decided', `This correction was ${state} before.`)
}

async function approve(env: Env, shop: Shop, decision: Decision): Promise<Adjusted | Refusal> {
  const { id, by, note, nowMs } = decision
  await claimDecision(env, shop.merchantId, id, 'approving', { by, atMs: nowMs, note })
  const row = await findAdjustment(env, shop.merchantId, id)
  if (row?.state === 'approving' && row.decidedBy === by) return bookApproved(env, shop, row, nowMs)
  return lost(row, decision)
}

async function reject(env: Env, merchantId: string, decision: Decision): Promise<Adjusted | Refusal> {
  const { id, by, note, nowMs } = decision
  await claimDecision(env, merchantId, id, 'rejected', { by, atMs: nowMs, note })
  return lost(await findAdjustment(env, merchantId, id), decision)
}

/** How it stands after somebody decided, this caller or another one in the same moment. */
function lost(row: StoredAdjustment | undefined, decision: Decision): Adjusted | Refusal {
  if (row === undefined) return refuse('not_found', 'There is no correction with this id.')
  return (
    repeated(row, decision) ??
    (row.state === 'approving'
      ? refuse('already_decided', 'Somebody else is approving this correction.')
      : alreadyDecided(adjustmentOf(row, decision.nowMs)))
  )
}

/** Books an approved request and notes its entry. Harmless to repeat. What the ledger refuses waits again. */
async function bookApproved(env: Env, shop: Shop, row: StoredAdjustment, nowMs: number): Promise<Adjusted | Refusal> {
  const { merchantId, currency } = shop
  const { id, decidedBy, decidedAtMs, note } = row
  if (decidedBy === null || decidedAtMs === null) throw new Error(`adjustment ${id} is being approved by nobody`)
  const decided: Decided = { by: decidedBy, atMs: decidedAtMs, note }
  const ref = { merchantId, customerId: row.customerId, shopifyCustomerGid: row.shopifyCustomerGid, currency }
  const settings = await readSettings(env, merchantId)
  const base = { source: 'api' as const, actor: row.requestedBy, effectiveAtMs: decidedAtMs }
  const command = {
    ...adjustCommand({ points: row.points, reason: row.reason, allow_debt: row.allowDebt }, row.adjustmentId, {
      settings,
      base,
    }),
    approvedBy: decidedBy,
  }
  const reply = await callAccount(env, ref, (stub) => stub.execute(ref, command, null))
  if (!reply.ok) {
    await releaseApproval(env, merchantId, id, decided)
    return reply.refusal
  }
  const { transaction } = PointsWritten.parse(JSON.parse(reply.body))
  await noteApproved(env, merchantId, id, decided, transaction)
  return { ok: true, body: adjustmentOf(approvedRow(row, transaction), nowMs) }
}

function approvedRow(row: StoredAdjustment, entry: Transaction): StoredAdjustment {
  return { ...row, state: 'approved', entry }
}
