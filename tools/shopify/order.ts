import { z } from 'zod'

/**
 * The stand-in's orders: what a shop knows about them, in minor units of its currency.
 * Ids are digits in a string, since they exceed 2^53.
 */

const minor = z.int().min(0)

/** What one of the order's discount applications takes off a line or the shipping. `application`: its index. */
export const Allocation = z.object({ application: z.int().min(0), amountMinor: minor })
export type Allocation = z.infer<typeof Allocation>

/** A discount that a code gave: an order's `discount_applications`. */
export const Application = z.object({
  code: z.string(),
  title: z.string(),
  target: z.enum(['line_item', 'shipping_line']),
  valueType: z.enum(['fixed_amount', 'percentage']),
  /** Decimal, in the currency that the shopper paid in, or per cent. */
  value: z.string(),
  allocationMethod: z.enum(['across', 'each']),
  targetSelection: z.enum(['all', 'entitled', 'explicit']),
})
export type Application = z.infer<typeof Application>

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
  /** Pieces that an edit of the order took out; `quantity` counts them still. */
  removed: z.int().min(0).default(0),
  /** Of what is left after the discounts. */
  taxMinor: minor,
  discounts: z.array(Allocation).default([]),
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
  /** What makes the lines come to what was really given back. Negative: more than they say. */
  adjustments: z
    .array(z.object({ id: z.string(), amountMinor: z.int(), taxMinor: z.int(), isPending: z.boolean() }))
    .default([]),
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

const Shipping = z.object({
  id: z.string(),
  title: z.string(),
  priceMinor: minor,
  taxMinor: minor,
  discounts: z.array(Allocation).default([]),
})

/** The same amounts in the currency that the shopper saw and paid, where it is not the shop's. */
const Presentment = z.object({
  currency: z.string(),
  lines: z.record(z.string(), z.object({ unitPriceMinor: minor, taxMinor: minor, discounts: z.array(Allocation) })),
  shipping: z.object({ priceMinor: minor, taxMinor: minor, discounts: z.array(Allocation) }).nullable(),
})

export const Order = z.object({
  id: z.string(),
  number: z.int(),
  /** Opens the order's status page without a login. */
  token: z.string(),
  createdAt: z.iso.datetime(),
  updatedAt: z.iso.datetime(),
  currency: z.string(),
  /** Whether prices contain their tax. */
  taxesIncluded: z.boolean().default(true),
  test: z.boolean().default(false),
  /** Where it was bought. */
  source: z.enum(['web', 'pos']).default('web'),
  /** Empty: not asked for, as at a till. */
  email: z.string(),
  /** Null: bought as a guest. */
  customerId: z.string().nullable(),
  address: Address,
  locale: z.string(),
  lines: z.array(OrderLine),
  shipping: Shipping.nullable(),
  applications: z.array(Application).default([]),
  presentment: Presentment.nullable().default(null),
  payment: z.enum(['card', 'bank_transfer']),
  paidAt: z.iso.datetime().nullable(),
  cancelledAt: z.iso.datetime().nullable(),
  /** Put away by the merchant. */
  archivedAt: z.iso.datetime().nullable().default(null),
  editedAt: z.iso.datetime().nullable().default(null),
  /** What an edit added and nobody has paid yet. */
  owedMinor: minor.default(0),
  refunds: z.array(Refund),
})
export type Order = z.infer<typeof Order>

/** German VAT: what the demo shop's prices contain. */
export const TAX_RATE = 0.19

/** The tax that a price contains, rounded to the minor unit. */
export function includedTax(priceMinor: number): number {
  return Math.round((priceMinor * TAX_RATE) / (1 + TAX_RATE))
}

/** Before discounts. */
export function lineTotal(line: OrderLine): number {
  return line.unitPriceMinor * line.quantity
}

/** What discounts take off a line or the shipping. */
export function discountOf({ discounts }: { readonly discounts: readonly Allocation[] }): number {
  return discounts.reduce((sum, { amountMinor }) => sum + amountMinor, 0)
}

/** After discounts. */
export function lineNet(line: OrderLine): number {
  return lineTotal(line) - discountOf(line)
}

/** The order in the currency that the shopper saw: all amounts, refunds too, in minor units of that. */
export function presented(order: Order): Order {
  const { presentment } = order
  if (presentment === null) return order
  const lines = order.lines.map((line) => Object.assign({}, line, presentment.lines[line.id]))
  const shipping = order.shipping && presentment.shipping && { ...order.shipping, ...presentment.shipping }
  const seen: Order = { ...order, currency: presentment.currency, lines, shipping, presentment: null, refunds: [] }
  for (const refund of order.refunds) {
    const parts = refund.lines.map((part) => Object.assign({}, part, refundedPart(seen, part)))
    const left = refundableShipping(seen)
    seen.refunds.push({ ...refund, lines: parts, shipping: refund.shipping && { ...refund.shipping, ...left } })
  }
  return seen
}

/** What each code took off in all, in the order's currency. */
export function codeDiscounts(order: Order): { code: string; title: string; amountMinor: number }[] {
  const allocations = [...order.lines.flatMap((line) => line.discounts), ...(order.shipping?.discounts ?? [])]
  const codes = new Map<string, { code: string; title: string; amountMinor: number }>()
  for (const [index, { code, title }] of order.applications.entries()) {
    const before = codes.get(code) ?? { code, title, amountMinor: 0 }
    const amountMinor = discountOf({ discounts: allocations.filter(({ application }) => application === index) })
    codes.set(code, { ...before, amountMinor: before.amountMinor + amountMinor })
  }
  return [...codes.values()]
}

export interface Totals {
  /** Goods and gift cards before discounts. */
  readonly items: number
  /** Discounts on goods and on shipping. */
  readonly discounts: number
  /** Goods and gift cards after discounts. */
  readonly subtotal: number
  readonly tip: number
  /** After discounts. */
  readonly shipping: number
  readonly total: number
  readonly tax: number
}

/** Sums of an order, before any refund. */
export function totals(order: Order): Totals {
  const bought = order.lines.filter((line) => line.kind !== 'tip')
  const items = bought.reduce((sum, line) => sum + lineTotal(line), 0)
  const subtotal = bought.reduce((sum, line) => sum + lineNet(line), 0)
  const tip = order.lines.reduce((sum, line) => (line.kind === 'tip' ? sum + lineTotal(line) : sum), 0)
  const shippingDiscount = order.shipping ? discountOf(order.shipping) : 0
  const shipping = (order.shipping?.priceMinor ?? 0) - shippingDiscount
  const tax = order.lines.reduce((total, line) => total + line.taxMinor, order.shipping?.taxMinor ?? 0)
  const discounts = items - subtotal + shippingDiscount
  return { items, discounts, subtotal, tip, shipping, total: subtotal + tip + shipping, tax }
}

export function refundTotal(refund: Refund): number {
  return refund.lines.reduce((sum, line) => sum + line.subtotalMinor, refund.shipping?.amountMinor ?? 0)
}

/** How many of a line are neither refunded nor taken out. */
export function piecesLeft(order: Order, line: OrderLine): number {
  return line.quantity - line.removed - refundedQuantity(order, line.id)
}

/** How many of a line are refunded already. */
export function refundedQuantity(order: Order, lineId: string): number {
  return order.refunds
    .flatMap((refund) => refund.lines)
    .reduce((sum, line) => (line.lineId === lineId ? sum + line.quantity : sum), 0)
}

/** What edits took out, at what was asked for it. */
export function removedParts(
  order: Order,
): Pick<Refund['lines'][number], 'lineId' | 'quantity' | 'subtotalMinor' | 'taxMinor'>[] {
  return order.lines.flatMap((line) => {
    if (line.removed === 0) return []
    const of = (amountMinor: number) => Math.round((amountMinor * line.removed) / line.quantity)
    return [{ lineId: line.id, quantity: line.removed, subtotalMinor: of(lineNet(line)), taxMinor: of(line.taxMinor) }]
  })
}

/** What of the shipping is not refunded yet. */
export function refundableShipping(order: Order): { amountMinor: number; taxMinor: number } {
  const given = order.refunds.flatMap((refund) => refund.shipping ?? [])
  return {
    amountMinor: totals(order).shipping - given.reduce((sum, part) => sum + part.amountMinor, 0),
    taxMinor: (order.shipping?.taxMinor ?? 0) - given.reduce((sum, part) => sum + part.taxMinor, 0),
  }
}

/** Shopify's `financial_status`, as far as this shop goes. */
export function financialStatus(
  order: Order,
): 'pending' | 'paid' | 'partially_paid' | 'partially_refunded' | 'refunded' | 'voided' {
  if (order.paidAt === null) return order.cancelledAt === null ? 'pending' : 'voided'
  if (order.owedMinor > 0) return 'partially_paid'
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
  const quantities = new Map(order.lines.map((line) => [line.id, piecesLeft(order, line)]))
  return { quantities, shipping: true, note }
}

/** A refund by that wish, or the sentence why there is none. `nextId` gives a fresh id at each call. */
export function makeRefund(order: Order, wish: RefundWish, nextId: () => string, now: Date): Refund | string {
  if (order.paidAt === null) return 'Only a paid order can be refunded.'
  const lines: z.infer<typeof RefundLine>[] = []
  for (const line of order.lines) {
    const quantity = wish.quantities.get(line.id) ?? 0
    if (quantity < 0 || quantity > piecesLeft(order, line)) return `There are not that many of “${line.title}” left.`
    if (quantity === 0) continue
    lines.push({ id: nextId(), lineId: line.id, quantity, ...refundedPart(order, { lineId: line.id, quantity }) })
  }
  const left = refundableShipping(order)
  const shipping = wish.shipping && left.amountMinor > 0 ? { id: nextId(), ...left } : null
  if (lines.length === 0 && shipping === null) return 'There is nothing to refund.'
  const ids = { id: nextId(), transactionId: nextId() }
  return { ...ids, createdAt: now.toISOString(), note: wish.note, lines, shipping, adjustments: [] }
}

/** What the next so many pieces of a line give back: what was paid for them. */
export function refundedPart(
  order: Order,
  { lineId, quantity }: { readonly lineId: string; readonly quantity: number },
): { subtotalMinor: number; taxMinor: number } {
  const line = order.lines.find((candidate) => candidate.id === lineId)
  if (!line) throw new Error(`the order has no line ${lineId}`)
  const before = refundedQuantity(order, lineId)
  // By the running total, so that the parts of a line add up to the whole.
  const upTo = (amountMinor: number, pieces: number) => Math.round((amountMinor * pieces) / line.quantity)
  const part = (amountMinor: number) => upTo(amountMinor, before + quantity) - upTo(amountMinor, before)
  return { subtotalMinor: part(lineNet(line)), taxMinor: part(line.taxMinor) }
}
