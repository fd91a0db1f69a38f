import type { EarnOrder, EditOrder, FrozenRule, LotTerms } from '../../../domain/ledger/types.ts'
import { type Books, type Details, type OrderLine, sum } from './books.ts'
import { grant } from './points.ts'
import { endAfterDaysMs } from './time.ts'

/** What the model knows of orders: their lines, and what their goods are worth after refunds. */

/** Half up, floor or ceil of a fraction of hundreds. */
function pointsOf(rule: FrozenRule, minor: number): number {
  if (minor <= 0) return 0
  const hundredfold = minor * rule.points
  if (rule.rounding === 'ceil') return Math.ceil(hundredfold / 100)
  return Math.floor((hundredfold + (rule.rounding === 'half_up' ? 50 : 0)) / 100)
}

export function linesOf(books: Books, order: string): readonly (OrderLine & { readonly seq: number })[] {
  return books.lines.flatMap((line) =>
    line.order?.order === order && books.booked(`reversal:${line.seq}`) === undefined
      ? [{ ...line.order, seq: line.seq }]
      : [],
  )
}

/** What an order is worth when so much more of it is refunded. */
export function worth(books: Books, order: string, refundGoods: number): number {
  const lines = linesOf(books, order)
  const earn = lines.find(({ kind, editedAtMs }) => kind === 'earn' && editedAtMs === undefined)
  if (earn?.rule === undefined || lines.some(({ cancels }) => cancels === true)) return 0
  const refunds = sum(lines.map((line) => line.refundGoods ?? 0)) + refundGoods
  return pointsOf(earn.rule, goodsInForce(books, order) - refunds)
}

function newestEdit(books: Books, order: string): OrderLine | undefined {
  const edits = linesOf(books, order).filter(({ editedAtMs }) => editedAtMs !== undefined)
  return edits.toSorted((a, b) => (b.editedAtMs ?? 0) - (a.editedAtMs ?? 0))[0]
}

function goodsInForce(books: Books, order: string): number {
  return newestEdit(books, order)?.goods ?? linesOf(books, order).find(({ kind }) => kind === 'earn')?.goods ?? 0
}

export function earnOrder(
  books: Books,
  { orderGid, rule, parts, terms, effectiveAtMs, returnWindowDays }: EarnOrder,
): Details {
  const known = linesOf(books, orderGid)
  const refunds = sum(known.map((line) => line.refundGoods ?? 0))
  const points = known.some(({ cancels }) => cancels === true) ? 0 : pointsOf(rule, parts.goods - refunds)
  const order = { order: orderGid, kind: 'earn', points, rule, terms, goods: parts.goods } as const
  const orderedAtMs = Math.min(effectiveAtMs, books.atMs)
  const activatesAtMs = endAfterDaysMs(orderedAtMs, returnWindowDays, terms.timeZone)
  if (points > 0 && returnWindowDays > 0 && activatesAtMs > books.atMs) {
    return wait(books, orderGid, points, activatesAtMs, terms, { ...order, activatesAtMs })
  }
  return { ...grant(books, 'earn', points, terms, books.atMs, orderGid), order }
}

function wait(
  books: Books,
  order: string,
  points: number,
  activatesAtMs: number,
  terms: LotTerms,
  line: Omit<OrderLine, 'seq'>,
): Details {
  const opened = { seq: books.lines.length + 1, order, points, activatesAtMs, terms }
  return { type: 'earn_pending', points: 0, pending: points, order: line, opens: opened }
}

export function edit(books: Books, { orderGid, parts, editedAtMs, terms }: EditOrder): readonly Details[] {
  const earn = linesOf(books, orderGid).find((line) => line.kind === 'earn' && line.editedAtMs === undefined)
  const newest = newestEdit(books, orderGid)?.editedAtMs ?? Number.NEGATIVE_INFINITY
  if (earn?.rule === undefined || goodsInForce(books, orderGid) === parts.goods || editedAtMs <= newest) return []
  const before = sum(linesOf(books, orderGid).map(({ points }) => points))
  const refunds = sum(linesOf(books, orderGid).map((line) => line.refundGoods ?? 0))
  const isCancelled = linesOf(books, orderGid).some(({ cancels }) => cancels === true)
  const left = isCancelled ? 0 : pointsOf(earn.rule, parts.goods - refunds)
  const line = { order: orderGid, goods: parts.goods, editedAtMs }
  if (left <= before) return takeBack(books, orderGid, left, line)
  const more = { ...line, kind: 'earn', points: left - before, rule: earn.rule } as const
  const { activatesAtMs = 0, terms: waitingTerms } = earn
  if (waitingTerms && activatesAtMs > books.atMs) {
    return [wait(books, orderGid, left - before, activatesAtMs, waitingTerms, more)]
  }
  return [{ ...grant(books, 'earn', left - before, terms, books.atMs, orderGid), order: more }]
}

/** Pending points first, then the order's own lots, then the others, then debt. */
export function takeBack(books: Books, order: string, left: number, line: Partial<OrderLine>): readonly Details[] {
  let rest = Math.max(0, sum(linesOf(books, order).map(({ points }) => points)) - left)
  const parts: Details[] = []
  for (const pending of books.pendings.filter((one) => one.order === order)) {
    if (rest === 0) break
    const taken = Math.min(rest, pending.points)
    rest -= taken
    const took = { order, kind: 'take', points: -taken } as const
    parts.push({ type: 'cancel_pending', points: 0, pending: -taken, refersTo: pending.seq, order: took })
  }
  const last = parts.pop()
  if (rest === 0 && last?.order !== undefined) return [...parts, { ...last, order: { ...last.order, ...line } }]
  if (last) parts.push(last)
  const { moves, uncovered } = books.take(rest, (lot) => lot.order === order)
  const took = { order, kind: 'take', points: -rest, ...line } as const
  return [...parts, { type: 'clawback', points: -rest, moves, debt: uncovered, madeDebt: uncovered, order: took }]
}
