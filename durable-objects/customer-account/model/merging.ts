import type { MergeIn, MovedLot } from '../../../domain/ledger/types.ts'
import { type Books, type Details, sum } from './books.ts'

/** Accounts that become one. */

/** All free points and all debt leave. */
export function moveOut(books: Books): Details {
  const { debt, mergedFrom, lastActivityAtMs } = books
  const { moves } = books.take(books.free())
  const lots = moves.map(([id, taken]): MovedLot => {
    const { endsAtMs, silence, order } = books.lotOf(id)
    return { points: -taken, expiresAtMs: endsAtMs, inactivity: silence, orderGid: order }
  })
  books.parcels.push({ lots, debt, mergedFrom: [books.id, ...mergedFrom], lastActivityAtMs })
  return { type: 'merge_out', points: debt - books.free(), moves, debt: -debt, paidDebt: debt }
}

/** What comes free in an account that was merged goes after the rest, and so does what is owed. */
export function leaveNothing(books: Books): void {
  if (books.free() === 0 && books.debt === 0) return
  books.book(`merge:${books.mergedInto}/${books.lines.length + 1}:out`, '', moveOut(books))
}

/** A booking for each lot, which pays what is owed here first; the last is the command's own, with what was owed there. */
export function moveIn(books: Books, { lots, debt, mergedFrom, lastActivityAtMs }: MergeIn): readonly Details[] {
  void [lots, debt, mergedFrom, lastActivityAtMs, sum, books]
  throw new Error('the stories of one account merge nothing')
}
