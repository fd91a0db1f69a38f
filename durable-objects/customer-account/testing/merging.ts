import type { MergeIn, MovedLot } from '../../../domain/ledger/types.ts'
import type { Books, Details } from './books.ts'
import { bringIn } from './points.ts'

/** Accounts that become one. */

/** All free points and all debt leave. */
export function moveOut(books: Books): Details {
  const { debt, mergedFrom, lastActivityAtMs } = books
  const { moves } = books.take(books.free())
  const lots = moves.map(([id, taken]): MovedLot => {
    const { endsAtMs, silence, order } = books.lotOf(id)
    return { points: -taken, expiresAtMs: endsAtMs, inactivity: silence, orderGid: order }
  })
  const number = books.parcels.length === 0 ? 1 : books.lines.length + 1
  books.parcels.push({ number, lots, debt, mergedFrom: [books.id, ...mergedFrom], lastActivityAtMs })
  return { type: 'merge_out', points: debt - books.free(), moves, debt: -debt, paidDebt: debt }
}

/** What comes free in an account that was merged goes after the rest, and so does what is owed. */
export function leaveNothing(books: Books): void {
  if (books.mergedInto === null || (books.free() === 0 && books.debt === 0)) return
  const externalId = `merge:${books.mergedInto}/${books.lines.length + 1}:out`
  books.book(externalId, '', moveOut(books))
}

/** A booking for each lot, which pays what is owed here first; then one for what was owed there. */
export function moveIn(command: MergeIn): readonly ((books: Books) => Details)[] {
  const { lots, debt, mergedFrom, lastActivityAtMs } = command
  const news = (books: Books): void => {
    books.mergedFrom = [...new Set([...books.mergedFrom, ...mergedFrom])]
  }
  const arrivals = lots.map(({ points, expiresAtMs, inactivity, orderGid }) => (books: Books): Details => {
    news(books)
    const lot = { endsAtMs: expiresAtMs, silence: inactivity, order: orderGid }
    return { ...bringIn(books, 'merge_in', points, lot), activeAtMs: lastActivityAtMs }
  })
  if (debt === 0 && lots.length > 0) return arrivals
  const owed = (books: Books): Details => {
    news(books)
    const { moves, uncovered } = books.take(debt)
    return { type: 'merge_in', points: 0 - debt, moves, debt: uncovered, activeAtMs: lastActivityAtMs }
  }
  return [...arrivals, owed]
}
