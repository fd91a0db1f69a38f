import type { Adjust, CaptureHold, EntryType, LotTerms, Redeem, ReturnSpent } from '../../../domain/ledger/types.ts'
import { type Books, type Details, type Hold, type Lot, Refused, sum } from './books.ts'
import { linesOf } from './orders.ts'
import { endAfterDaysMs, endOfCalendarMs } from './time.ts'

/** Points in, out, aside and back. */

function lotTerms(terms: LotTerms, fromMs: number): Pick<Lot, 'endsAtMs' | 'silence'> {
  const { lotDays, timeZone, inactivityDays = null, calendar = null } = terms
  const ends = [
    ...(lotDays === null ? [] : [endAfterDaysMs(fromMs, lotDays, timeZone)]),
    ...(calendar === null ? [] : [endOfCalendarMs(calendar, fromMs, timeZone)]),
  ]
  return {
    endsAtMs: ends.length === 0 ? null : Math.min(...ends),
    silence: inactivityDays === null ? null : { days: inactivityDays, timeZone, fromMs },
  }
}

export function grant(
  books: Books,
  type: EntryType,
  points: number,
  terms: LotTerms,
  fromMs: number,
  order: string | null = null,
): Details {
  if (points < (order === null ? 1 : 0)) throw new Refused('points_out_of_range')
  return bringIn(books, type, points, { ...lotTerms(terms, fromMs), order })
}

export function bringIn(
  books: Books,
  type: EntryType,
  points: number,
  lot: Pick<Lot, 'endsAtMs' | 'silence' | 'order'>,
): Details {
  const paid = Math.min(books.debt, points)
  return {
    type,
    points,
    debt: -paid,
    paidDebt: paid,
    ...(points > paid && { lot: { ...lot, points: points - paid } }),
  }
}

function mustCover(books: Books, points: number): void {
  if (points > Math.max(0, books.free() - books.debt)) throw new Refused('insufficient_points')
}

export function redeem(books: Books, { points, overdraftPoints = 0 }: Redeem): Details {
  if (points < 1) throw new Refused('points_out_of_range')
  const { moves, uncovered } = books.take(points)
  const mayOwe = overdraftPoints > 0 && books.debt + uncovered <= overdraftPoints
  if (!mayOwe) mustCover(books, points)
  return { type: 'redeem', points: -points, moves, debt: uncovered, madeDebt: uncovered }
}

export function adjust(books: Books, { points, allowDebt, terms }: Adjust): Details {
  if (points > 0) return grant(books, 'adjust', points, terms, books.atMs)
  if (points === 0) throw new Refused('points_out_of_range')
  if (!allowDebt) mustCover(books, -points)
  const { moves, uncovered } = books.take(-points)
  return { type: 'adjust', points, moves, debt: uncovered, madeDebt: uncovered }
}

export function setAside(books: Books, id: string, points: number, endsAtMs: number): Details {
  if (points < 1) throw new Refused('points_out_of_range')
  mustCover(books, points)
  const { moves } = books.take(points)
  const pins = moves.map(([lot, taken]) => [lot, -taken] as const)
  return { type: 'hold', points: 0, moves, holds: { id, points, pins, endsAtMs } }
}

export function openHold(books: Books, id: string): Hold {
  const hold = books.holds.find((one) => one.id === id)
  if (hold === undefined) throw new Refused('not_found')
  if (hold.state !== 'open') throw new Refused('hold_closed')
  return hold
}

export function capture(books: Books, { holdId, points }: CaptureHold): Details {
  const hold = openHold(books, holdId)
  const wanted = points ?? hold.points
  if (wanted < 1) throw new Refused('points_out_of_range')
  if (wanted > hold.points) throw new Refused('insufficient_points')
  let rest = wanted
  const moves = hold.pins.flatMap(([lot, pinned]) => {
    const taken = Math.min(rest, pinned)
    rest -= taken
    return taken > 0 ? [[lot, -taken] as const] : []
  })
  return { type: 'capture', points: -wanted, moves, ends: hold }
}

export function release(hold: Hold): Details {
  return { type: 'release', points: 0, moves: hold.pins, ends: hold }
}

export function reverse(books: Books, seq: number): Details {
  const original = books.lines[seq - 1]
  if (original === undefined) throw new Refused('not_found')
  const { type, points, moves, order, paidDebt = 0, madeDebt = 0 } = original
  const isReversible = ['earn', 'redeem', 'capture', 'adjust', 'clawback', 'import'].includes(type)
  const isTakenBack = type === 'earn' && order && linesOf(books, order.order).some(({ points: by }) => by < 0)
  if (!isReversible || isTakenBack || returned(books, seq) > 0) throw new Refused('not_reversible')
  const shared = { type: 'reversal', points: 0 - points, refersTo: seq } as const
  if (points > 0) {
    mustCover(books, points - paidDebt)
    const { moves: taken } = books.take(points - paidDebt, (lot) => lot.id === seq)
    return { ...shared, moves: taken, debt: paidDebt, madeDebt: paidDebt }
  }
  const forgiven = Math.min(books.debt, madeDebt)
  const back = moves.map(([lot, taken]) => [lot, -taken] as const)
  const lot = { endsAtMs: null, silence: null, order: order?.order ?? null, points: madeDebt - forgiven }
  return { ...shared, moves: back, debt: -forgiven, paidDebt: forgiven, ...(madeDebt > forgiven && { lot }) }
}

/** Points of a capture or redemption that came back with refunds. */
function returned(books: Books, seq: number): number {
  const returns = books.lines.filter((line) => line.externalId.startsWith('return:') && line.refersTo === seq)
  return sum(returns.map(({ points }) => points))
}

export function returnSpent(books: Books, { seq, points }: ReturnSpent): Details {
  const original = books.lines[seq - 1]
  if (original === undefined) throw new Refused('not_found')
  const isSpending = original.type === 'capture' || original.type === 'redeem'
  if (!isSpending || books.booked(`reversal:${seq}`)) throw new Refused('not_reversible')
  const before = returned(books, seq)
  if (points < 1 || before + points > -original.points) throw new Refused('points_out_of_range')
  let skip = before
  let rest = points
  const moves: [number, number][] = []
  for (const [lot, taken] of original.moves.toReversed()) {
    const skipped = Math.min(skip, -taken)
    skip -= skipped
    const back = Math.min(rest, -taken - skipped)
    rest -= back
    if (back > 0) moves.push([lot, back])
  }
  return { type: 'reversal', points, moves, refersTo: seq }
}
