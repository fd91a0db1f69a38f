import { type Refusal, refuse } from '../contracts/errors.ts'
import { MAX_POINTS } from '../contracts/settings.ts'
import { LedgerBug } from './book.ts'
import type { Draft } from './draft.ts'
import { negative } from './entry.ts'
import { type BusinessCommand, fingerprintOf } from './facts.ts'
import { grantFields, sumsRefusal } from './grants.ts'
import type { Booking, Step } from './holds.ts'
import { byExpiryThenSeq, freeOf, freePoints, takeFromLots } from './lots.ts'
import type { Allocation, Entry, EntryDetail, LedgerView, Lot, MergeIn, MergeOut, MovedLot } from './types.ts'

/** The most lots that one merge_out carries, so that its entry, its event and its way to the other account stay small. */
const MOST_LOTS = 100

/** The first of what leaves for good; {@link keepNothing} lets the rest follow. */
export function mergeOut(draft: Draft, { intoCustomerId }: MergeOut): Booking {
  return leaving(draft, intoCustomerId)
}

/** The next free lots, in the order in which they would be spent, and the debt. */
function leaving(draft: Draft, intoCustomerId: string): Booking {
  const allocations: Allocation[] = []
  let points = 0
  for (const lot of draft.openLots.filter((open) => freeOf(open) > 0).toSorted(byExpiryThenSeq)) {
    if (allocations.length === MOST_LOTS || points + freeOf(lot) > MAX_POINTS) break
    allocations.push({ lot: lot.id, points: -freeOf(lot) })
    points += freeOf(lot)
  }
  const debtPaid = Math.min(draft.account.debt, MAX_POINTS)
  return {
    type: 'merge_out',
    points: debtPaid - points,
    allocations,
    orderGid: null,
    ruleVersion: null,
    detail: { otherCustomerId: intoCustomerId, ...(debtPaid > 0 ? { debtPaid } : {}) },
  }
}

/** Sends after a merged account's points and debt what has come free or is owed since. */
export function keepNothing(draft: Draft, effectiveAtMs: number, nowMs: number): void {
  const { mergedInto } = draft.account
  if (mergedInto === null) return
  while (freePoints(draft) > 0 || draft.account.debt > 0) {
    const externalId = `merge:${mergedInto}/${draft.account.seq + 1}:out`
    const identity = {
      source: 'merge',
      actor: 'system',
      externalId,
      fingerprint: fingerprintOf(externalId, {}),
    } as const
    const moved = leaving(draft, mergedInto)
    if (moved.allocations.length === 0 && moved.detail.debtPaid === undefined) throw new LedgerBug('a lot is too large')
    draft.append({ ...moved, ...identity, effectiveAtMs }, nowMs)
  }
}

/** True for what a merged account still decides itself: about its own orders, holds and entries. */
export function staysHere(view: LedgerView, command: BusinessCommand): boolean {
  switch (command.kind) {
    case 'earn_order':
    case 'clawback':
    case 'cancel_order':
    case 'edit_order':
      return view.entriesOfOrder(command.orderGid).length > 0
    case 'capture':
    case 'release':
      return view.hold(command.holdId) !== undefined
    case 'reverse':
    case 'return_spent':
      return true
    case 'adjust':
      // Of a redemption in this account, see domain/rewards: an order used its code after the points had come back.
      return command.adjustmentId.startsWith('late-use:')
    case 'earn_points':
    case 'redeem':
    case 'hold':
    case 'import':
    case 'merge_out':
    case 'merge_in':
      return false
  }
}

/**
 * What a merge_out tells the other account.
 * @param view of the account that it is in, `customerId`, at any later time.
 */
export function mergeInOf(view: LedgerView, merged: Entry, customerId: string): MergeIn {
  const { externalId, actor, effectiveAtMs, allocations, detail } = merged
  const number = Number(/\/(\d+):out$/.exec(externalId)?.[1])
  return {
    kind: 'merge_in',
    source: 'merge',
    actor,
    effectiveAtMs,
    fromCustomerId: customerId,
    number,
    lots: allocations.map(({ lot: id, points }): MovedLot => {
      const lot = view.lot(id)
      // Without it its points would not arrive, and nobody would ask for them again.
      if (lot === undefined) throw new LedgerBug(`merge_out ${merged.seq} carries a lot ${id} that is not there`)
      return movedLot(lot, -points)
    }),
    debt: detail.debtPaid ?? 0,
    mergedFrom: [customerId, ...view.account.mergedFrom],
    lastActivityAtMs: view.account.lastActivityAtMs,
  }
}

function movedLot({ expiresAtMs, inactivity, orderGid }: Lot, points: number): MovedLot {
  return { points, expiresAtMs, inactivity, orderGid }
}

/**
 * What another account had: each of its lots comes by an entry of its own and pays debt first, as all points that come
 * in; then what it owed is taken from the lots that are here now.
 */
export function mergeIn(draft: Draft, command: MergeIn): readonly Step[] | Refusal {
  const { lots, debt, fromCustomerId, mergedFrom, lastActivityAtMs } = command
  const amounts = [debt, ...lots.map(({ points }) => points)]
  const total = amounts.reduce((sum, points) => sum + points, 0)
  if (
    amounts.some((points) => !Number.isSafeInteger(points) || points < 0) ||
    lots.some(({ points }) => points === 0)
  ) {
    return refuse('points_out_of_range', 'The points of a merge are whole numbers.', '/lots')
  }
  const invalid = sumsRefusal(draft.account, total)
  if (invalid) return invalid
  // Each part says when the customer was active, so that no lot ends by a silence that there was not.
  const detail: EntryDetail = { otherCustomerId: fromCustomerId, mergedFrom, lastActivityAtMs }
  const arrivals = lots.map(
    (lot): Step =>
      (now) =>
        arrival(now, lot, detail),
  )
  if (debt === 0 && lots.length > 0) return arrivals
  return [...arrivals, (now) => owed(now, debt, detail)]
}

function arrival(draft: Draft, { points, expiresAtMs, inactivity, orderGid }: MovedLot, detail: EntryDetail): Booking {
  const life = inactivity === null ? { expiresAtMs } : { expiresAtMs, inactivity }
  return { type: 'merge_in', ...grantFields(draft, points, life, detail), orderGid, ruleVersion: null }
}

function owed(draft: Draft, debt: number, detail: EntryDetail): Booking {
  const { allocations, uncovered } = takeFromLots(draft, debt)
  return {
    type: 'merge_in',
    points: negative(debt),
    allocations,
    orderGid: null,
    ruleVersion: null,
    detail: uncovered > 0 ? { ...detail, debtMade: uncovered } : detail,
  }
}
