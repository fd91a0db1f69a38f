import type { Books, Hold, Lot, Pending } from './books.ts'
import { leaveNothing } from './merging.ts'
import { grant, release } from './points.ts'
import { dateOf } from './time.ts'

/** What time brings about. */

/** One thing after the other, the earliest first; at the same time holds, then activations, then expiries. */
export function bringAbout(books: Books): void {
  for (;;) {
    const due = [
      ...books.holds
        .filter(({ state }) => state === 'open')
        .map((hold) => ({ atMs: hold.endsAtMs, kind: 0, seq: hold.seq, happen: () => timeOut(books, hold) })),
      ...books.pendings.map((pending) => {
        const { activatesAtMs: atMs, seq } = pending
        return { atMs, kind: 1, seq, happen: () => activate(books, pending) }
      }),
      ...books.lots
        .filter((lot) => lot.left > lot.pinned)
        .map((lot) => {
          const atMs = books.endOf(lot) ?? Number.POSITIVE_INFINITY
          return { atMs, kind: 2, seq: lot.id, happen: () => expire(books, lot) }
        }),
    ].toSorted((a, b) => a.atMs - b.atMs || a.kind - b.kind || a.seq - b.seq)
    const [first] = due
    if (first === undefined || first.atMs > books.atMs) return
    first.happen()
    leaveNothing(books)
  }
}

function timeOut(books: Books, hold: Hold): void {
  books.book(`hold:${hold.id}:release`, '', release(hold))
  for (const [lot] of hold.pins) endIfOver(books, lot, hold.endsAtMs)
}

function activate(books: Books, pending: Pending): void {
  const { points, terms, activatesAtMs, order, seq, externalId } = pending
  const granted = grant(books, 'activate', points, terms, activatesAtMs, order)
  books.book(`${externalId}:activate`, '', { ...granted, pending: -points, refersTo: seq })
}

export function endIfOver(books: Books, id: number, atMs: number): void {
  const lot = books.lots.find((one) => one.id === id)
  const endMs = lot && books.endOf(lot)
  if (lot && endMs !== null && endMs !== undefined && endMs <= atMs && lot.left > lot.pinned) expire(books, lot)
}

function expire(books: Books, lot: Lot): void {
  const free = lot.left - lot.pinned
  const paid = Math.min(books.debt, free)
  const again = lot.ended ? `:${books.lines.length + 1}` : ''
  const externalId = `expire:${lot.id}:${dateOf(books.endOf(lot) ?? 0)}${again}`
  lot.ended = true
  const moves = [[lot.id, -free] as const]
  books.book(externalId, '', { type: 'expire', points: paid - free, moves, debt: -paid, paidDebt: paid })
}
