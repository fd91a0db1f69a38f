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

export function redeem(
  books: Books,
  { points, overdraftPoints = 0, overdraftMadePoints = overdraftPoints }: Redeem,
): Details {
  if (points < 1) throw new Refused('points_out_of_range')
  const { moves, uncovered } = books.take(points)
  const mayOwe = books.debt + uncovered <= overdraftPoints && uncovered <= overdraftMadePoints
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
  const back = moves.map(([lot, taken]) => [lot, -taken] as const)
  return { ...shared, ...giveBack(books, back, madeDebt, order?.order ?? null) }
}

/** Points of a capture or redemption that came back with refunds. */
function returned(books: Books, seq: number): number {
  const returns = books.lines.filter((line) => line.externalId.startsWith('return:') && line.refersTo === seq)
  return sum(returns.map(({ points }) => points))
}

export function returnSpent(books: Books, { seq, points }: ReturnSpent): Details {
  const original = books.lines[seq - 1]
  if (original === undefined) throw new Refused('not_found')
  const { type, points: spent, moves, madeDebt = 0 } = original
  if (type !== 'capture' && type !== 'redeem') throw new Refused('not_reversible')
  if (points < 1) throw new Refused('points_out_of_range')
  const before = books.booked(`reversal:${seq}`) ? -spent : returned(books, seq)
  if (before + points > -spent) throw new Refused('not_reversible')
  // What was taken last comes back first; the very last was what no lot had.
  let skip = before
  let rest = points
  const slice = (there: number): number => {
    const skipped = Math.min(skip, there)
    const back = Math.min(rest, there - skipped)
    skip -= skipped
    rest -= back
    return back
  }
  const owed = slice(madeDebt)
  const back = moves.toReversed().flatMap(([lot, taken]) => {
    const given = slice(-taken)
    return given > 0 ? [[lot, given] as const] : []
  })
  return { type: 'reversal', points, refersTo: seq, ...giveBack(books, back, owed, null) }
}

/** Into the lots they came from; what was owed is owed no more, or, if it was paid since, comes as a lot for ever. */
function giveBack(books: Books, back: Details['moves'], owed: number, order: string | null): Partial<Details> {
  const forgiven = Math.min(books.debt, owed)
  const lot = { endsAtMs: null, silence: null, order, points: owed - forgiven }
  return { ...(back && { moves: back }), debt: -forgiven, paidDebt: forgiven, ...(owed > forgiven && { lot }) }
}
