import { negative } from './entry.ts'
import { fingerprintOf } from './facts.ts'
import { LedgerBug } from './book.ts'
import type { Draft } from './draft.ts'
import { type LotEnd, lotEndMs, lotLife } from './expiry.ts'
import { grantFields } from './grants.ts'
import { releaseFields } from './holds.ts'
import { freeOf } from './lots.ts'
import { keepNothing } from './merge.ts'
import type { AccountState, Hold, LedgerView, Pending } from './types.ts'

/** What time alone brings about. At the same instant a hold ends first, then points activate, then lots expire. */
const KINDS = ['timeout', 'activation', 'expiry'] as const
type Due = {
  readonly atMs: number
  /** Seq of the hold's, the pending's or the lot's entry. */
  readonly seq: number
} & (
  | { readonly kind: 'timeout'; readonly hold: Hold }
  | { readonly kind: 'activation'; readonly pending: Pending }
  | { readonly kind: 'expiry' }
) & { readonly kind: (typeof KINDS)[number] }

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
  const queue = dueUntil(draft, nowMs).toSorted(byTime)
  for (let due = queue.shift(); due !== undefined; due = queue.shift()) {
    queue.push(...book(draft, due, nowMs))
    queue.sort(byTime)
    // A merged account has nothing of its own that could end later.
    keepNothing(draft, due.atMs, nowMs)
  }
}

/** @returns what is due by now because of it. */
function book(draft: Draft, due: Due, nowMs: number): readonly Due[] {
  if (due.kind === 'activation') return activate(draft, due.pending, nowMs)
  if (due.kind === 'timeout') timeOut(draft, due.hold, nowMs)
  else expireIfOver(draft, due.seq, due.atMs, nowMs)
  return []
}

function dueUntil(view: LedgerView, nowMs: number): readonly Due[] {
  return [
    // Lots that are pinned in full are in it too: a hold that ends before may free them.
    ...view.openLots.flatMap((lot) => expiryUntil(nowMs, lot.id, lot, view.account)),
    ...view.openHolds
      .filter(({ timeoutAtMs }) => timeoutAtMs <= nowMs)
      .map((hold): Due => ({ atMs: hold.timeoutAtMs, kind: 'timeout', seq: hold.openedSeq, hold })),
    ...view.pendings
      .filter(({ activatesAtMs }) => activatesAtMs <= nowMs)
      .map((pending): Due => ({ atMs: pending.activatesAtMs, kind: 'activation', seq: pending.seq, pending })),
  ]
}

function expiryUntil(nowMs: number, seq: number, life: LotEnd, account: AccountState): readonly Due[] {
  const atMs = lotEndMs(life, account) ?? Number.POSITIVE_INFINITY
  return atMs <= nowMs ? [{ atMs, kind: 'expiry', seq }] : []
}

function timeOut(draft: Draft, hold: Hold, nowMs: number): void {
  const by = { source: 'system', actor: 'system', effectiveAtMs: hold.timeoutAtMs } as const
  draft.append(releaseFields(hold, by, 'timeout'), nowMs)
  for (const { lot } of hold.pins) expireIfOver(draft, lot, hold.timeoutAtMs, nowMs)
}

/**
 * Expires what no hold pins of a lot, if it is over by then: also points that a release or a reversal has given back to
 * it. Debt that came while they were pinned is paid from them first: those points were owed already, and expiring them
 * as well would take them twice. The first such entry of a lot is `expire:{lot}:{date}`, with the UTC date on which it
 * ended; points that come back to it later go out under the same id with the entry's number behind it.
 */
export function expireIfOver(draft: Draft, lotId: number, atMs: number, nowMs: number): void {
  const lot = draft.lot(lotId)
  const endedAtMs = (lot && lotEndMs(lot, draft.account)) ?? Number.POSITIVE_INFINITY
  if (lot === undefined || endedAtMs > atMs || freeOf(lot) === 0) return
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

/** Turns pending points into a lot. @returns the end of that lot, if it is due by now as well. */
function activate(draft: Draft, pending: Pending, nowMs: number): readonly Due[] {
  const { activatesAtMs, orderGid } = pending
  const earned = draft.entry(pending.seq)
  if (earned === undefined) throw new LedgerBug(`there is no entry ${pending.seq} whose points could activate`)
  const externalId = `${earned.externalId}:activate`
  const life = lotLife(pending, activatesAtMs)
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
      effectiveAtMs: activatesAtMs,
      actor: 'system',
      orderGid,
      ruleVersion: earned.ruleVersion,
    },
    nowMs,
  )
  return expiryUntil(nowMs, seq, life, draft.account)
}
