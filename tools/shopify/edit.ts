import { z } from 'zod'
import { offerOf } from './catalog.ts'
import { CURRENCIES, toCurrency } from './currencies.ts'
import { orderLine, priced } from './make-order.ts'
import { type Order, type OrderLine, lineNet, piecesLeft, removedParts } from './order.ts'

/** Changes to the items of an order that was made: what Shopify calls order editing. */

export interface EditWish {
  /** Pieces to take out, by line id. */
  readonly remove: ReadonlyMap<string, number>
  /** Pieces to put in, by variant id. */
  readonly add: ReadonlyMap<string, number>
}

/** One edit as `orders/edited` tells it: lines and by how many pieces, nothing else. */
export interface Edit {
  readonly id: string
  readonly orderId: string
  readonly committedAt: string
  readonly additions: readonly LineDelta[]
  readonly removals: readonly LineDelta[]
}

export interface LineDelta {
  readonly lineId: string
  readonly pieces: number
}

/** The order after the edit, or the sentence why it cannot be made. `nextId` gives a fresh id at each call. */
export function editOrder(
  order: Order,
  wish: EditWish,
  nextId: () => string,
  now: Date,
): { readonly order: Order; readonly edit: Edit } | string {
  if (order.cancelledAt !== null) return 'A cancelled order cannot be edited.'
  const removals = deltas(wish.remove)
  for (const { lineId, pieces } of removals) {
    const line = order.lines.find(({ id }) => id === lineId)
    if (line === undefined || pieces < 0 || pieces > piecesLeft(order, line)) {
      return `There are not that many of “${line?.title ?? lineId}” left.`
    }
  }
  const added: OrderLine[] = []
  for (const { lineId: variantId, pieces } of deltas(wish.add)) {
    if (pieces < 0 || !offerOf(variantId)) return 'There is no such product.'
    const line = orderLine(variantId, pieces, nextId())
    added.push({ ...line, ...priced(line, line.unitPriceMinor, []) })
  }
  if (removals.length === 0 && added.length === 0) return 'There is nothing to change.'
  const committedAt = now.toISOString()
  const after: Order = {
    ...order,
    lines: [...order.lines.map((line) => withRemoved(line, wish.remove.get(line.id) ?? 0)), ...added],
    presentment: order.presentment && presentedToo(order.presentment, added),
    updatedAt: committedAt,
    editedAt: committedAt,
  }
  const additions = added.map(({ id, quantity }) => ({ lineId: id, pieces: quantity }))
  return {
    order: { ...after, owedMinor: owedAfter(order, after, added) },
    edit: { id: nextId(), orderId: order.id, committedAt, additions, removals },
  }
}

function deltas(pieces: ReadonlyMap<string, number>): LineDelta[] {
  return [...pieces].filter(([, count]) => count !== 0).map(([lineId, count]) => ({ lineId, pieces: count }))
}

function withRemoved(line: OrderLine, pieces: number): OrderLine {
  return { ...line, removed: line.removed + pieces }
}

/** Of what the edit adds, that part which what it takes out does not pay for. Nothing was paid of an unpaid order. */
function owedAfter(before: Order, after: Order, added: readonly OrderLine[]): number {
  if (before.paidAt === null) return 0
  const addedMinor = added.reduce((sum, line) => sum + lineNet(line), 0)
  return Math.max(0, before.owedMinor + addedMinor - (removedMinor(after) - removedMinor(before)))
}

function removedMinor(order: Order): number {
  return removedParts(order).reduce((sum, part) => sum + part.subtotalMinor, 0)
}

function presentedToo(presentment: NonNullable<Order['presentment']>, added: readonly OrderLine[]) {
  const currency = z.enum(CURRENCIES).parse(presentment.currency)
  const lines = added.map((line) => [line.id, priced(line, toCurrency(line.unitPriceMinor, currency), [])] as const)
  return { ...presentment, lines: { ...presentment.lines, ...Object.fromEntries(lines) } }
}
