import type { Entry, LedgerView, Lot } from './types.ts'

/**
 * Checks the order in which an entry took points out of lots, from the rule itself and not from the code that takes:
 * whatever goes before a lot that was touched must have been emptied of its free points.
 */

/** Which lots an entry takes from before all others. */
function ownLot(entry: Entry): (lot: Lot) => boolean {
  if (entry.type === 'clawback') return (lot) => lot.orderGid === entry.orderGid
  if (entry.type === 'reversal') return (lot) => lot.id === entry.detail.refersToSeq
  return () => false
}

/** True when `a` must be used up before `b` is touched. */
function goesBefore(a: Lot, b: Lot, own: (lot: Lot) => boolean): boolean {
  if (own(a) !== own(b)) return own(a)
  if (a.expiresAtMs === b.expiresAtMs) return a.id < b.id
  if (a.expiresAtMs === null) return false
  return b.expiresAtMs === null || a.expiresAtMs < b.expiresAtMs
}

/** @param before the state that the entry found; points that were due had been booked. */
export function fifoViolations(before: LedgerView, entry: Entry): readonly string[] {
  if (!['redeem', 'hold', 'adjust', 'clawback', 'reversal', 'merge_out', 'merge_in'].includes(entry.type)) return []
  const taken = new Map(entry.allocations.filter(({ points }) => points < 0).map(({ lot, points }) => [lot, -points]))
  if (taken.size === 0) return []
  const own = ownLot(entry)
  const untouched = before.openLots.filter((lot) => lot.remaining - lot.pinned > (taken.get(lot.id) ?? 0))
  return before.openLots
    .filter(({ id }) => taken.has(id))
    .flatMap((lot) =>
      untouched
        .filter((earlier) => goesBefore(earlier, lot, own))
        .map((earlier) => `entry ${entry.seq} (${entry.type}) takes from lot ${lot.id} before lot ${earlier.id}`),
    )
}
