import { negative } from './entry.ts'
import { fingerprintOf } from './facts.ts'
import type { Draft } from './draft.ts'
import { lotEndMs, lotLife } from './expiry.ts'
import { grantFields } from './grants.ts'
import { releaseFields } from './holds.ts'
import { freeOf, isExpired } from './lots.ts'
import { keepNothing } from './merge.ts'
import type { LedgerView, Pending } from './types.ts'

/** What time alone brings about. At the same instant a hold ends first, then points activate, then lots expire. */
const KINDS = ['timeout', 'activation', 'expiry'] as const
interface Due {
  readonly atMs: number
  readonly kind: (typeof KINDS)[number]
  /** Seq of the hold's, the pending's or the lot's entry. */
  readonly seq: number
}

function byTime(a: Due, b: Due): number {
  return a.atMs - b.atMs || KINDS.indexOf(a.kind) - KINDS.indexOf(b.kind) || a.seq - b.seq
}

/** When the alarm must wake for an expiry, a hold's timeout or an activation; null: nothing is to come. */
export function nextDueAtMs(view: LedgerView): number | null {
  let next = Number.POSITIVE_INFINITY
  for (const lot of view.openLots) if (freeOf(lot) > 0) next = Math.min(next, lotEndMs(lot, view.account) ?? next)
  for (const hold of view.openHolds) next = Math.min(next, hold.timeoutAtMs)
  for (const pending of view.pendings) next = Math.min(next, pending.activatesAtMs)
  return next === Number.POSITIVE_INFINITY ? null : next
}

/** True when something is due that is not booked yet. */
export function isDue(view: LedgerView, nowMs: number): boolean {
  const nextMs = nextDueAtMs(view)
  return nextMs !== null && nextMs <= nowMs
}

/**
 * Books everything that is due, each thing as of its own time and in the order of those times, so that the outcome
 * does not depend on when it is booked.
 */
export function applyDue(draft: Draft, nowMs: number): void {
  if (!isDue(draft, nowMs)) return
  const queue = dueUntil(draft, nowMs).toSorted(byTime)
  for (let due = queue.shift(); due !== undefined; due = queue.shift()) {
    const next = book(draft, due, nowMs)
    // A merged account has nothing of its own that could end later.
    keepNothing(draft, due.atMs, nowMs)
    if (next !== null && next.atMs <= nowMs) {
      queue.push(next)
      queue.sort(byTime)
    }
  }
}

/** @returns what is to come because of it. */
function book(draft: Draft, due: Due, nowMs: number): Due | null {
  if (due.kind === 'activation') return activate(draft, due, nowMs)
  if (due.kind === 'timeout') timeOut(draft, due, nowMs)
  else expireFree(draft, due.seq, due.atMs, nowMs)
  return null
}

function dueUntil(view: LedgerView, nowMs: number): Due[] {
  const due: Due[] = []
  // Lots that are pinned in full are in it too: a hold that ends before may free them.
  for (const lot of view.openLots) {
    const atMs = lotEndMs(lot, view.account)
    if (atMs !== null && atMs <= nowMs) due.push({ atMs, kind: 'expiry', seq: lot.id })
  }
  for (const { openedSeq, timeoutAtMs } of view.openHolds) {
    if (timeoutAtMs <= nowMs) due.push({ atMs: timeoutAtMs, kind: 'timeout', seq: openedSeq })
  }
  for (const { seq, activatesAtMs } of view.pendings) {
    if (activatesAtMs <= nowMs) due.push({ atMs: activatesAtMs, kind: 'activation', seq })
  }
  return due
}

function timeOut(draft: Draft, due: Due, nowMs: number): void {
  const hold = draft.openHolds.find(({ openedSeq }) => openedSeq === due.seq)
  if (hold === undefined) return
  const by = { source: 'system', actor: 'system', effectiveAtMs: due.atMs } as const
  draft.append(releaseFields(hold, by, 'timeout'), nowMs)
  for (const { lot } of hold.pins) expireIfOver(draft, lot, due.atMs, nowMs)
}

/** Books what is left of a lot that has expired and that a release or a reversal has given points back to. */
export function expireIfOver(draft: Draft, lotId: number, atMs: number, nowMs: number): void {
  const lot = draft.lot(lotId)
  if (lot !== undefined && isExpired(lot, draft.account, atMs)) expireFree(draft, lotId, atMs, nowMs)
}

/**
 * Expires what no hold pins of a lot. Debt that came while it was pinned is paid from it first: those points were owed
 * already, and expiring them as well would take them twice. The first such entry of a lot is `expire:{lot}:{date}`,
 * with the UTC date on which it ended; points that come back to it later go out under the same id with the entry's
 * number behind it.
 */
function expireFree(draft: Draft, lotId: number, atMs: number, nowMs: number): void {
  const lot = draft.lot(lotId)
  const endedAtMs = lot === undefined ? null : lotEndMs(lot, draft.account)
  if (lot === undefined || endedAtMs === null || freeOf(lot) === 0) return
  const free = freeOf(lot)
  const debtPaid = Math.min(draft.account.debt, free)
  const date = new Date(endedAtMs).toISOString().slice(0, 10)
  const again = lot.expired > 0 ? `:${draft.account.seq + 1}` : ''
  const externalId = `expire:${lotId}:${date}${again}`
  draft.append(
    {
      type: 'expire',
      points: negative(free - debtPaid),
      source: 'system',
      externalId,
      fingerprint: fingerprintOf(externalId, {}),
      effectiveAtMs: atMs,
      actor: 'system',
      allocations: [{ lot: lotId, points: -free }],
      orderGid: lot.orderGid,
      ruleVersion: null,
      detail: debtPaid > 0 ? { debtPaid } : {},
    },
    nowMs,
  )
}

/** Turns pending points into a lot. @returns when that lot ends. */
function activate(draft: Draft, due: Due, nowMs: number): Due | null {
  const pending: Pending | undefined = draft.pendings.find(({ seq }) => seq === due.seq)
  const earned = draft.entry(due.seq)
  if (pending === undefined || earned === undefined) return null
  const externalId = `${earned.externalId}:activate`
  const life = lotLife(pending, due.atMs)
  const { seq } = draft.append(
    {
      ...grantFields(draft, pending.points, life, {
        refersToSeq: pending.seq,
        pendingPoints: -pending.points,
      }),
      type: 'activate',
      source: 'system',
      externalId,
      fingerprint: fingerprintOf(externalId, {}),
      effectiveAtMs: due.atMs,
      actor: 'system',
      orderGid: pending.orderGid,
      ruleVersion: earned.ruleVersion,
    },
    nowMs,
  )
  const endMs = lotEndMs(life, draft.account)
  return endMs === null ? null : { atMs: endMs, kind: 'expiry', seq }
}
