import { z } from 'zod'

/**
 * The stand-in's orders: what a shop knows about them, in minor units of its currency, prices with tax included.
 * Ids are digits in a string, since they exceed 2^53.
 */

const minor = z.int().min(0)

export const OrderLine = z.object({
  id: z.string(),
  /** A tip is a line of its own in Shopify's orders; a gift card bears no tax. */
  kind: z.enum(['goods', 'gift_card', 'tip']),
  variantId: z.string().nullable(),
  productId: z.string().nullable(),
  title: z.string(),
  variantTitle: z.string().nullable(),
  sku: z.string().nullable(),
  unitPriceMinor: minor,
  quantity: z.int().min(1),
  taxMinor: minor,
  grams: z.int().min(0),
})
export type OrderLine = z.infer<typeof OrderLine>

export const RefundLine = z.object({
  id: z.string(),
  lineId: z.string(),
  quantity: z.int().min(1),
  subtotalMinor: minor,
  taxMinor: minor,
})

export const Refund = z.object({
  id: z.string(),
  transactionId: z.string(),
  createdAt: z.iso.datetime(),
  note: z.string().nullable(),
  lines: z.array(RefundLine),
  shipping: z.object({ id: z.string(), amountMinor: minor, taxMinor: minor }).nullable(),
})
export type Refund = z.infer<typeof Refund>

export const Address = z.object({
  firstName: z.string(),
  lastName: z.string(),
  address1: z.string(),
  zip: z.string(),
  city: z.string(),
})
export type Address = z.infer<typeof Address>

export const Order = z.object({
  id: z.string(),
  number: z.int(),
  /** Opens the order's status page without a login. */
  token: z.string(),
  createdAt: z.iso.datetime(),
  updatedAt: z.iso.datetime(),
  currency: z.string(),
  email: z.string(),
  /** Null: bought as a guest. */
  customerId: z.string().nullable(),
  address: Address,
  locale: z.string(),
  lines: z.array(OrderLine),
  shipping: z.object({ id: z.string(), title: z.string(), priceMinor: minor, taxMinor: minor }).nullable(),
  payment: z.enum(['card', 'bank_transfer']),
  paidAt: z.iso.datetime().nullable(),
  cancelledAt: z.iso.datetime().nullable(),
  refunds: z.array(Refund),
})
export type Order = z.infer<typeof Order>

/** German VAT: what the demo shop's prices contain. */
export const TAX_RATE = 0.19

/** The tax that a price contains, rounded to the minor unit. */
export function includedTax(priceMinor: number): number {
  return Math.round((priceMinor * TAX_RATE) / (1 + TAX_RATE))
}

export function lineTotal(line: OrderLine): number {
  return line.unitPriceMinor * line.quantity
}

function linesTotal(lines: readonly OrderLine[]): number {
  return lines.reduce((sum, line) => sum + lineTotal(line), 0)
}

/** Sums of an order, before any refund. */
export function totals(order: Order): {
  subtotal: number
  tip: number
  shipping: number
  total: number
  tax: number
} {
  const subtotal = linesTotal(order.lines.filter((line) => line.kind !== 'tip'))
  const tip = linesTotal(order.lines.filter((line) => line.kind === 'tip'))
  const shipping = order.shipping?.priceMinor ?? 0
  const tax = order.lines.reduce((total, line) => total + line.taxMinor, order.shipping?.taxMinor ?? 0)
  return { subtotal, tip, shipping, total: subtotal + tip + shipping, tax }
}

export function refundTotal(refund: Refund): number {
  return refund.lines.reduce((sum, line) => sum + line.subtotalMinor, refund.shipping?.amountMinor ?? 0)
}

/** How many of a line are refunded already. */
export function refundedQuantity(order: Order, lineId: string): number {
  return order.refunds
    .flatMap((refund) => refund.lines)
    .reduce((sum, line) => (line.lineId === lineId ? sum + line.quantity : sum), 0)
}

/** What of the shipping is not refunded yet. */
export function refundableShipping(order: Order): { amountMinor: number; taxMinor: number } {
  const given = order.refunds.flatMap((refund) => refund.shipping ?? [])
  return {
    amountMinor: (order.shipping?.priceMinor ?? 0) - given.reduce((sum, part) => sum + part.amountMinor, 0),
    taxMinor: (order.shipping?.taxMinor ?? 0) - given.reduce((sum, part) => sum + part.taxMinor, 0),
  }
}

/** Shopify's `financial_status`, as far as this shop goes. */
export function financialStatus(order: Order): 'pending' | 'paid' | 'partially_refunded' | 'refunded' | 'voided' {
  if (order.paidAt === null) return order.cancelledAt === null ? 'pending' : 'voided'
  const refunded = order.refunds.reduce((sum, refund) => sum + refundTotal(refund), 0)
  if (order.refunds.length === 0) return 'paid'
  return refunded >= totals(order).total ? 'refunded' : 'partially_refunded'
}

export interface RefundWish {
  /** Pieces by line id. */
  readonly quantities: ReadonlyMap<string, number>
  /** All of the shipping that is left. */
  readonly shipping: boolean
  readonly note: string | null
}

/** Everything that is left to refund. */
export function wholeRefund(order: Order, note: string | null): RefundWish {
  const quantities = new Map(order.lines.map((line) => [line.id, line.quantity - refundedQuantity(order, line.id)]))
  return { quantities, shipping: true, note }
}

/** A refund by that wish, or the sentence why there is none. `nextId` gives a fresh id at each call. */
export function makeRefund(order: Order, wish: RefundWish, nextId: () => string, now: Date): Refund | string {
  if (order.paidAt === null) return 'Only a paid order can be refunded.'
  const lines: z.infer<typeof RefundLine>[] = []
  for (const line of order.lines) {
    const quantity = wish.quantities.get(line.id) ?? 0
    const before = refundedQuantity(order, line.id)
    if (quantity < 0 || before + quantity > line.quantity) return `There are not that many of “${line.title}” left.`
    if (quantity === 0) continue
    // By the running total, so that the parts of a line's tax add up to the whole.
    const taxUpTo = (pieces: number) => Math.round((line.taxMinor * pieces) / line.quantity)
    lines.push({
      id: nextId(),
      lineId: line.id,
      quantity,
      subtotalMinor: line.unitPriceMinor * quantity,
      taxMinor: taxUpTo(before + quantity) - taxUpTo(before),
    })
  }
  const left = refundableShipping(order)
  const shipping = wish.shipping && left.amountMinor > 0 ? { id: nextId(), ...left } : null
  if (lines.length === 0 && shipping === null) return 'There is nothing to refund.'
  return { id: nextId(), transactionId: nextId(), createdAt: now.toISOString(), note: wish.note, lines, shipping }
}
