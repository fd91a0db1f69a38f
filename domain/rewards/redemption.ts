import { type Refusal, refuse } from '../contracts/errors.ts'
import { endOfDayAfterMs } from '../ledger/expiry.ts'
import type { Decision } from '../ledger/types.ts'
import { limitRefusal } from './quote.ts'
import type { LedgerStep, RedemptionRecord, RedemptionRequest, SettledBy } from './types.ts'

/**
 * The machine of a redemption, pure. Each function answers with the record as it is to be stored and with the one step
 * that the ledger takes in the same transaction, or with null where nothing changes. Points are held while it is pending,
 * spent from `issued` on, and come back at most once. An end is left by one way only: an order that had used the code.
 */

/** A change of a redemption and what it asks of the ledger. */
export interface Change {
  readonly record: RedemptionRecord
  readonly step: LedgerStep | null
}

/** How long whoever works on a redemption with the shop may do so before another one may. */
export const LEASE_MS = 20_000

const DAY_MS = 86_400_000
/** The hold's own end is a backstop only: the redemption gives up a day before. */
const HOLD_TIMEOUT_MS = 30 * DAY_MS
const GIVE_UP_MS = 29 * DAY_MS
const FIRST_RETRY_MS = 15_000
const USUAL_RETRY_MS = 900_000
const LONGEST_RETRY_MS = 6 * 3_600_000
/** After this, a job that was sent and never came is sent again. */
const JOB_PATIENCE_MS = 60_000
/** All codes of a shop expire at the end of a day: their ends are spread over this, to leave its API to shoppers. */
const EXPIRY_SPREAD_MS = 1_800_000
/** Whoever asked for an end takes the lease at once; this is for one who died before. */
const END_PATIENCE_MS = 5_000

const BY_SYSTEM = { source: 'system', actor: 'system' } as const
const BY_SHOPIFY = { source: 'shopify', actor: 'shopify' } as const

/**
 * Begins a redemption: holds its points and gives the caller the first lease.
 * @param counted redemptions of the reward that this customer has made and that count against its limit.
 */
export function request(
  asked: RedemptionRequest,
  customerId: string,
  counted: number,
  nowMs: number,
): { readonly record: RedemptionRecord; readonly step: LedgerStep } | Refusal {
  const { limitPerCustomer, source, actor, ...terms } = asked
  if (limitPerCustomer !== null && counted >= limitPerCustomer) return limitRefusal(limitPerCustomer)
  const step: LedgerStep = {
    kind: 'hold',
    source,
    actor,
    effectiveAtMs: nowMs,
    holdId: asked.id,
    points: asked.points,
    timeoutMs: HOLD_TIMEOUT_MS,
    limits: null,
  }
  const record: RedemptionRecord = {
    ...terms,
    customerId,
    pointsReturned: 0,
    state: 'pending',
    ending: null,
    cancelReason: null,
    redeemCodeGid: null,
    orderGid: null,
    requestedAtMs: nowMs,
    issuedAtMs: null,
    expiresAtMs: null,
    endedAtMs: null,
    capturedSeq: null,
    version: 1,
    changedAtMs: nowMs,
    lease: 1,
    leaseEndsAtMs: nowMs + LEASE_MS,
    nextAttemptAtMs: nowMs + LEASE_MS,
    attempts: 0,
    unansweredAtMs: null,
  }
  return { record, step }
}

/** The record with the next lease; null: nothing is left to do with the shop, or someone else holds the lease. */
export function lease(record: RedemptionRecord, nowMs: number): RedemptionRecord | null {
  if (!hasWork(record) || record.leaseEndsAtMs > nowMs) return null
  const leaseEndsAtMs = nowMs + LEASE_MS
  const leased = { ...record, lease: record.lease + 1, leaseEndsAtMs, nextAttemptAtMs: leaseEndsAtMs }
  if (record.leaseEndsAtMs === 0) return leased
  // Whoever held it and said nothing may have asked the shop for something until its last moment. One that dies each time
  // is followed by the next one later each time.
  return {
    ...leased,
    nextAttemptAtMs: nowMs + Math.max(LEASE_MS, retryDelayMs(record, nowMs)),
    attempts: record.attempts + 1,
    unansweredAtMs: record.leaseEndsAtMs,
  }
}

/** What the holder of a lease found out; null: the lease is not the newest one, or was used already. */
export function settle(record: RedemptionRecord, leased: number, by: SettledBy, nowMs: number): Change | null {
  if (record.lease !== leased || record.leaseEndsAtMs === 0 || !hasWork(record)) return null
  if (by.kind === 'used') return use(record, by, nowMs, nowMs)
  if (by.kind === 'issued' && record.state === 'pending') return issue(record, by.redeemCodeGid, nowMs)
  if (by.kind === 'refused' && record.state === 'pending') return giveUp(record, by.reason, nowMs)
  if (by.kind === 'removed' && record.ending !== null) return remove(record, record.ending, nowMs)
  if (by.kind === 'slot_freed' && record.state === 'cancelled') return { record: { ...record, ...AT_REST }, step: null }
  // Whatever does not fit brings it no further, as no answer does.
  const answer = by.kind === 'unanswered' ? by : { maybeDone: false }
  return { record: tryAgain(record, answer, nowMs), step: null }
}

/** Begins the end of an issued redemption that nobody has used. Harmless to repeat. */
export function end(
  record: RedemptionRecord,
  reason: 'by_customer' | 'by_merchant',
  nowMs: number,
): RedemptionRecord | Refusal {
  if (record.state === 'pending') {
    return refuse('redemption_closed', 'Its code is still being made; it can be given back once it is issued.')
  }
  if (record.state !== 'issued') return refuse('redemption_closed', `It is ${record.state} already.`)
  if (record.ending !== null) return record
  if (reason === 'by_customer' && !record.pointsBack.cancelled) {
    return refuse('reward_unavailable', 'The points of this reward do not come back, so its code stays.')
  }
  return beginEnd(record, { ending: 'cancelled', cancelReason: reason }, nowMs, nowMs + END_PATIENCE_MS)
}

/** The order that used a code; `orderGid` null: it is not known yet which one. */
export interface UsedBy {
  readonly orderGid: string | null
  /** Its goods in minor units of the shop's currency, where they are known. */
  readonly goodsMinor?: number
}

/**
 * An order came with the code. Where the points had come back meanwhile they are taken again, into debt if need be: the
 * shop has given the discount.
 */
export function use(record: RedemptionRecord, by: UsedBy, usedAtMs: number, nowMs: number): Change | null {
  const order = {
    orderGid: by.orderGid,
    ...(by.goodsMinor === undefined ? {} : { orderGoodsMinor: by.goodsMinor }),
  }
  if (record.state === 'used') {
    if (record.orderGid !== null || order.orderGid === null) return null
    return { record: changed(record, order, nowMs), step: null }
  }
  const endedAtMs = Math.min(nowMs, Math.max(usedAtMs, record.requestedAtMs))
  const used = { ...AT_REST, state: 'used', ending: null, cancelReason: null, ...order, endedAtMs } as const
  if (record.state === 'pending') {
    const issued = { issuedAtMs: endedAtMs, expiresAtMs: expiryMs(record, nowMs) }
    return { record: changed(record, { ...used, ...issued }, nowMs), step: captureOf(record, nowMs) }
  }
  const step = record.pointsReturned === 0 ? null : takeAgain(record, endedAtMs)
  return { record: changed(record, { ...used, pointsReturned: 0 }, nowMs), step }
}

/**
 * The shop says that the code was deleted: it comes to its end, once a driver has seen that the code is gone, since this
 * news may be older than the code (deleted while its driver was about to add it again). Null where it is no news: we are
 * deleting it ourselves, it has ended, or its driver is still making it and will find out.
 */
export function codeRemoved(record: RedemptionRecord, nowMs: number): Change | null {
  if (record.state !== 'issued' || record.ending !== null) return null
  const ending = { ending: 'cancelled', cancelReason: 'removed_in_shop' } as const
  return { record: beginEnd(record, ending, nowMs, nowMs), step: null }
}

/**
 * The customer was merged into another: an issued code carries one who is no more, and comes to its end; its points follow
 * to the other account. Null where nothing is to be done: a code that is still being made ends once it is issued.
 */
export function endForMerge(record: RedemptionRecord, nowMs: number): Change | null {
  return codeRemoved(record, nowMs)
}

/** When {@link due} has something to change; null: never. */
export function dueAtMs({ state, ending, expiresAtMs, requestedAtMs }: RedemptionRecord): number | null {
  if (state === 'pending') return requestedAtMs + GIVE_UP_MS
  return state === 'issued' && ending === null ? expiresAtMs : null
}

/** What time alone brings about: an issued code expires, and one that could not be made in 29 days never will be. */
export function due(record: RedemptionRecord, nowMs: number): Change | null {
  const atMs = dueAtMs(record)
  if (atMs === null || atMs > nowMs) return null
  if (record.state === 'pending') return giveUp(record, 'shop_unreachable', nowMs)
  const attemptAtMs = nowMs + (record.requestedAtMs % EXPIRY_SPREAD_MS)
  return { record: beginEnd(record, { ending: 'expired', cancelReason: null }, nowMs, attemptAtMs), step: null }
}

/** The record once a job for its next attempt is on its way: another one is sent only if that one gets lost. */
export function jobSent(record: RedemptionRecord, nowMs: number): RedemptionRecord {
  return { ...record, nextAttemptAtMs: nowMs + JOB_PATIENCE_MS }
}

/**
 * The record to store once the ledger has decided on the change's step.
 * @throws where the ledger refuses what must be possible: a bug, so that nothing of the transaction stays.
 */
export function afterStep({ record, step }: Change, decision: Decision): RedemptionRecord {
  if (decision.outcome === 'applied' || decision.outcome === 'duplicate') {
    return step?.kind === 'capture' ? { ...record, capturedSeq: decision.entry.seq } : record
  }
  // Someone has given the points back by hand.
  if (decision.outcome === 'refused' && GIVEN_BACK.has(decision.refusal.code)) return record
  const why = decision.outcome === 'refused' ? decision.refusal.code : decision.outcome
  throw new Error(`The ledger refuses the ${step?.kind} of redemption ${record.id}: ${why}`)
}

/** How the ledger refuses to give points back again. */
const GIVEN_BACK: ReadonlySet<string> = new Set(['reversal_exists', 'not_reversible'])

/** Nothing is left to do with the shop. */
const AT_REST = { leaseEndsAtMs: 0, nextAttemptAtMs: null, attempts: 0, unansweredAtMs: null } as const

function hasWork({ state, ending, nextAttemptAtMs }: RedemptionRecord): boolean {
  return state === 'pending' || ending !== null || (state === 'cancelled' && nextAttemptAtMs !== null)
}

/**
 * What is left to do once it is cancelled: the reward's total limit gets its slot back, and that after the cancellation
 * is written, or a redemption that goes on could have none. Whoever holds the lease does it, else the next driver.
 */
function afterCancellation({ limitTotal, leaseEndsAtMs }: RedemptionRecord, nowMs: number): Partial<RedemptionRecord> {
  if (limitTotal === null) return AT_REST
  if (leaseEndsAtMs <= nowMs) return { ...AT_REST, nextAttemptAtMs: nowMs }
  return { ...AT_REST, leaseEndsAtMs, nextAttemptAtMs: leaseEndsAtMs }
}

/** A change that anybody sees. */
function changed(record: RedemptionRecord, change: Partial<RedemptionRecord>, nowMs: number): RedemptionRecord {
  return { ...record, ...change, version: record.version + 1, changedAtMs: Math.max(nowMs, record.changedAtMs) }
}

function issue(record: RedemptionRecord, redeemCodeGid: string | null, nowMs: number): Change {
  const issued = { state: 'issued', redeemCodeGid, issuedAtMs: nowMs, expiresAtMs: expiryMs(record, nowMs) } as const
  return { record: changed(record, { ...AT_REST, ...issued }, nowMs), step: captureOf(record, nowMs) }
}

/** The end of the last day on which a code issued now is valid. */
function expiryMs({ codeValidDays, timeZone }: RedemptionRecord, nowMs: number): number | null {
  return codeValidDays === null ? null : endOfDayAfterMs(nowMs, codeValidDays, timeZone)
}

function captureOf({ id }: RedemptionRecord, nowMs: number): LedgerStep {
  return { ...BY_SYSTEM, kind: 'capture', effectiveAtMs: nowMs, holdId: id }
}

/** The end of one that was never issued: its points were only held. */
function giveUp(
  record: RedemptionRecord,
  reason: NonNullable<RedemptionRecord['cancelReason']>,
  nowMs: number,
): Change {
  const over = { state: 'cancelled', cancelReason: reason, pointsReturned: record.points, endedAtMs: nowMs } as const
  const step: LedgerStep = { ...BY_SYSTEM, kind: 'release', effectiveAtMs: nowMs, holdId: record.id, reason }
  return { record: changed(record, { ...afterCancellation(record, nowMs), ...over }, nowMs), step }
}

type Ending = Pick<RedemptionRecord, 'ending' | 'cancelReason'>

function beginEnd(record: RedemptionRecord, ending: Ending, nowMs: number, nextAttemptAtMs: number): RedemptionRecord {
  return changed(record, { ...AT_REST, ...ending, nextAttemptAtMs }, nowMs)
}

/**
 * The code is gone and nobody has used it. Where somebody deleted it in the shop its owner gets the points back whatever
 * the reward says: it was no wish of theirs, and a merchant who means to keep the points has `by_merchant` for it.
 */
function remove(record: RedemptionRecord, how: NonNullable<RedemptionRecord['ending']>, nowMs: number): Change {
  const { capturedSeq, pointsBack, points, cancelReason } = record
  const back = (pointsBack[how] || cancelReason === 'removed_in_shop') && capturedSeq !== null
  const over = { state: how, ending: null, endedAtMs: nowMs, pointsReturned: back ? points : 0 } as const
  const reason = cancelReason ?? how
  const step: LedgerStep | null = back
    ? { ...BY_SYSTEM, kind: 'reverse', effectiveAtMs: nowMs, seq: capturedSeq, reason }
    : null
  const rest = how === 'cancelled' ? afterCancellation(record, nowMs) : AT_REST
  return { record: changed(record, { ...rest, ...over, cancelReason }, nowMs), step }
}

function takeAgain({ id, points, timeZone }: RedemptionRecord, atMs: number): LedgerStep {
  return {
    ...BY_SHOPIFY,
    kind: 'adjust',
    effectiveAtMs: atMs,
    adjustmentId: `late-use:${id}`,
    points: -points,
    reason: 'late_use',
    allowDebt: true,
    terms: { lotDays: null, timeZone },
  }
}

function tryAgain(
  record: RedemptionRecord,
  { maybeDone, notBeforeMs = 0 }: { readonly maybeDone: boolean; readonly notBeforeMs?: number },
  nowMs: number,
): RedemptionRecord {
  return {
    ...record,
    leaseEndsAtMs: 0,
    attempts: record.attempts + 1,
    nextAttemptAtMs: Math.max(nowMs + retryDelayMs(record, nowMs), Math.min(notBeforeMs, nowMs + LONGEST_RETRY_MS)),
    unansweredAtMs: maybeDone ? nowMs : record.unansweredAtMs,
  }
}

/** Doubles up to a quarter of an hour; where that goes on for hours it is a tenth of the time so far, at most six hours. */
function retryDelayMs({ attempts, changedAtMs }: RedemptionRecord, nowMs: number): number {
  const doubledMs = Math.min(USUAL_RETRY_MS, FIRST_RETRY_MS * 2 ** Math.min(attempts, 10))
  return Math.max(doubledMs, Math.min(LONGEST_RETRY_MS, Math.floor((nowMs - changedAtMs) / 10)))
}
