import type { MemoryLedger } from './memory.ts'
import type { AccountState, Entry, Hold, Lot, Pending } from './types.ts'

/** What the checkers of the invariants have in common. */

/** Everything that is stored of one account. */
export interface Books {
  readonly account: AccountState
  /** All of them, by seq. */
  readonly entries: readonly Entry[]
  /** All that ever were, by id. */
  readonly lots: readonly Lot[]
  readonly holds: readonly Hold[]
  readonly pendings: readonly Pending[]
}

/** Finds what is wrong with the books, in words for whoever has to find out why; nothing when all is well. */
export type Checker = (books: Books) => readonly string[]

/** The books of a ledger in memory. */
export function booksOf(ledger: MemoryLedger): Books {
  return {
    account: ledger.account,
    entries: ledger.entries,
    lots: [...ledger.lots.values()].toSorted((a, b) => a.id - b.id),
    holds: [...ledger.holds.values()].toSorted((a, b) => a.openedSeq - b.openedSeq),
    pendings: ledger.pendings.toSorted((a, b) => a.seq - b.seq),
  }
}

export function sum<T>(rows: readonly T[], amountOf: (row: T) => number): number {
  return rows.reduce((total, row) => total + amountOf(row), 0)
}

export function mustEqual(what: string, actual: number, expected: number): readonly string[] {
  return actual === expected ? [] : [`${what}: ${actual} instead of ${expected}`]
}
