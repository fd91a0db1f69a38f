import type { Allocation, LedgerView, Lot } from './types.ts'

/** Points of a lot that no hold pins. */
export function freeOf(lot: Lot): number {
  return lot.remaining - lot.pinned
}

/** FIFO: what expires first goes first, then what was granted first; lots that never expire go last. */
export function byExpiryThenSeq(a: Lot, b: Lot): number {
  const expiryA = a.expiresAtMs ?? Number.POSITIVE_INFINITY
  const expiryB = b.expiresAtMs ?? Number.POSITIVE_INFINITY
  return expiryA === expiryB ? a.id - b.id : expiryA - expiryB
}

/** Σ (remaining − pinned) of the open lots. What is due must have been applied. */
export function freePoints(view: LedgerView): number {
  let sum = 0
  for (const lot of view.openLots) sum += freeOf(lot)
  return sum
}

/** What can be spent now; less than 0 only while there is debt. What is due must have been applied. */
export function availablePoints(view: LedgerView): number {
  return freePoints(view) - view.account.debt
}

/**
 * Takes up to `points` of what is free, by FIFO; lots for which `first` is true go before all others.
 * @returns one negative allocation a lot, and how much no lot covered.
 */
export function takeFromLots(
  view: LedgerView,
  points: number,
  first: (lot: Lot) => boolean = () => false,
): { readonly allocations: readonly Allocation[]; readonly uncovered: number } {
  const usable = view.openLots.filter((lot) => freeOf(lot) > 0).toSorted(byExpiryThenSeq)
  const allocations: Allocation[] = []
  let uncovered = points
  for (const lot of [...usable.filter(first), ...usable.filter((other) => !first(other))]) {
    if (uncovered === 0) break
    const taken = Math.min(freeOf(lot), uncovered)
    allocations.push({ lot: lot.id, points: -taken })
    uncovered -= taken
  }
  return { allocations, uncovered }
}
