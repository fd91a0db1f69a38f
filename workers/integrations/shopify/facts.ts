import type { MoneyParts, OrderFacts, RefundFacts } from '../../../domain/earning/facts.ts'
import { toMinor } from '../../../domain/contracts/money.ts'
import { canonicalCode, looksLikeOurs } from '../../../domain/rewards/code.ts'
import type { LineItem, OrderPayload, RefundPayload, ShippingLine, ShopMoney } from './payloads.ts'

/** Payload → facts: pure sums over what the schemas let through. All amounts in minor units of the shop's currency. */

type Part = Exclude<keyof MoneyParts, 'taxes_included'>
type Sums = Record<Part, number>

/** Whose order it is as the payload says it: the address of a guest leaves the gateway only as a blind index. */
export type PayloadBuyer =
  | { readonly kind: 'customer'; readonly customerGid: string }
  | { readonly kind: 'email'; readonly email: string }
  | { readonly kind: 'nobody' }

const PAID = new Set(['paid', 'partially_refunded', 'refunded'])

function noMoney(): Sums {
  return { goods: 0, goods_tax: 0, goods_discount: 0, gift_cards: 0, shipping: 0, shipping_tax: 0, tips: 0 }
}

function total(amounts: readonly (ShopMoney | null | undefined)[]): number {
  return amounts.reduce((sum, amount) => sum + (amount?.minor ?? 0), 0)
}

/** Money parts are never negative: what a payload's adjustments would push below nothing is nothing. */
function toParts(taxesIncluded: boolean, sums: Sums): MoneyParts {
  const atLeastZero = (part: Part) => Math.max(0, sums[part])
  return {
    taxes_included: taxesIncluded,
    goods: atLeastZero('goods'),
    goods_tax: atLeastZero('goods_tax'),
    goods_discount: atLeastZero('goods_discount'),
    gift_cards: atLeastZero('gift_cards'),
    shipping: atLeastZero('shipping'),
    shipping_tax: atLeastZero('shipping_tax'),
    tips: atLeastZero('tips'),
  }
}

/** Whether all amounts are exact: sums of huge lines leave the integers that a number holds. */
export function isExact(parts: MoneyParts): boolean {
  return Object.values(parts).every((amount) => typeof amount === 'boolean' || Number.isSafeInteger(amount))
}

/** Which part of the money a line item belongs to. */
function partOf(line: LineItem): 'goods' | 'gift_cards' | 'tips' {
  if (line.gift_card === true) return 'gift_cards'
  return (line.tip_payment_gateway ?? line.tip_payment_method ?? '') === '' ? 'goods' : 'tips'
}

/** Pieces that refunds of the order took back, by line. */
function refundedPieces({ refunds }: OrderPayload): ReadonlyMap<string, number> {
  const pieces = new Map<string, number>()
  for (const { line_item: line, quantity } of refunds.flatMap((refund) => refund.refund_line_items)) {
    const id = line.admin_graphql_api_id
    if (id) pieces.set(id, (pieces.get(id) ?? 0) + quantity)
  }
  return pieces
}

/**
 * How many pieces of a line count: without those that an edit of the order took out, but with those that refunds took
 * back, which each refund takes off by itself.
 */
function countedPieces(line: LineItem, refunded: ReadonlyMap<string, number>): number {
  const { quantity, current_quantity: current } = line
  if (current === null || current === undefined) return quantity
  return Math.min(quantity, current + (refunded.get(line.admin_graphql_api_id ?? '') ?? 0))
}

/** The part of an amount of a whole line that falls to so many of its pieces, rounded half up. */
function share(amountMinor: number, pieces: number, of: number): number {
  if (pieces === of || !Number.isSafeInteger(amountMinor)) return amountMinor
  return Number((2n * BigInt(amountMinor) * BigInt(pieces) + BigInt(of)) / (2n * BigInt(of)))
}

function addLine(sums: Sums, line: LineItem, pieces: number): void {
  const part = partOf(line)
  // Shopify tells discounts and taxes of the whole line, with the pieces that were taken out.
  const of = (amounts: readonly ShopMoney[]) => share(total(amounts), pieces, line.quantity)
  const discount = of(line.discount_allocations.map((allocation) => allocation.amount_set))
  sums[part] += line.price_set.minor * pieces - discount
  if (part !== 'goods') return
  sums.goods_discount += discount
  sums.goods_tax += of(line.tax_lines.map((tax) => tax.price_set))
}

function addShipping(sums: Sums, line: ShippingLine): void {
  if (line.is_removed === true) return
  const discount = total(line.discount_allocations.map((allocation) => allocation.amount_set))
  // `discounted_price_set` leaves out discounts on the whole order, the allocations some on the line itself.
  const afterDiscounts = Math.min(line.price_set.minor - discount, line.discounted_price_set?.minor ?? Infinity)
  sums.shipping += Math.max(0, afterDiscounts)
  sums.shipping_tax += total(line.tax_lines.map((tax) => tax.price_set))
}

function orderParts(order: OrderPayload): MoneyParts {
  const sums = noMoney()
  const refunded = refundedPieces(order)
  for (const line of order.line_items) addLine(sums, line, countedPieces(line, refunded))
  for (const line of order.shipping_lines) addShipping(sums, line)
  // A tip is either a line of its own or only this total; where both are there, they are the same money.
  if (sums.tips === 0) {
    sums.tips = order.total_tip_received_set?.minor ?? toMinor(order.total_tip_received ?? '0', order.currency) ?? 0
  }
  return toParts(order.taxes_included ?? false, sums)
}

/**
 * Money that is still on its way back is part of this refund already. Which member says so has changed over the years,
 * and GraphQL writes it in another way.
 */
function isOnItsWay({ kind, reason }: RefundPayload['order_adjustments'][number]): boolean {
  return [kind, reason].some((text) => text?.toLowerCase().replaceAll(' ', '_') === 'pending_refund_discrepancy')
}

/** The money that a refund gave back. `order_adjustments` correct what the refunded lines add up to: see below. */
function refundParts(refund: RefundPayload): MoneyParts {
  const sums = noMoney()
  for (const { line_item: line, quantity, subtotal_set: subtotal, total_tax_set: tax } of refund.refund_line_items) {
    const part = partOf(line)
    sums[part] += subtotal.minor
    if (part !== 'goods') continue
    sums.goods_tax += tax?.minor ?? 0
    sums.goods_discount += Math.max(0, line.price_set.minor * quantity - subtotal.minor)
  }
  for (const line of refund.refund_shipping_lines) {
    sums.shipping += line.subtotal_amount_set.minor
    sums.shipping_tax += line.tax_amount_set?.minor ?? 0
  }
  for (const adjustment of refund.order_adjustments) {
    const isShipping = adjustment.kind === 'shipping_refund'
    // The older form of refund_shipping_lines: where both are there, they are the same money.
    if (isShipping && refund.refund_shipping_lines.length > 0) continue
    if (isOnItsWay(adjustment)) continue
    // Negative: more was given back than the lines say (an amount by hand); positive: less was.
    sums[isShipping ? 'shipping' : 'goods'] -= adjustment.amount_set.minor
    sums[isShipping ? 'shipping_tax' : 'goods_tax'] -= adjustment.tax_amount_set?.minor ?? 0
  }
  // Not known here, and the order's counts: see MoneyParts.
  return toParts(false, sums)
}

/** The currency that a refund's amounts are in, or undefined where it has none. */
function refundCurrency(refund: RefundPayload): string | undefined {
  const money =
    refund.refund_line_items[0]?.subtotal_set ??
    refund.refund_shipping_lines[0]?.subtotal_amount_set ??
    refund.order_adjustments[0]?.amount_set
  return money?.currency
}

/** Facts of one refund: the same whether its own webhook or its order's tells of it. `currency`: where no amount has one. */
export function refundFacts(
  refund: RefundPayload,
  order: { readonly gid: string; readonly currency: string },
  receivedAtMs: number,
): RefundFacts {
  return {
    refund_gid: refund.admin_graphql_api_id,
    order_gid: order.gid,
    currency: refundCurrency(refund) ?? order.currency,
    processed_at_ms: refund.processed_at ?? refund.created_at ?? receivedAtMs,
    parts: refundParts(refund),
  }
}

/** Facts of an order, without its buyer. An order of `orders/paid` is paid whatever its status says by then. */
export function orderFacts(topic: string, order: OrderPayload, receivedAtMs: number): Omit<OrderFacts, 'buyer'> {
  const context = { gid: order.admin_graphql_api_id, currency: order.currency }
  return {
    order_gid: order.admin_graphql_api_id,
    test: order.test ?? false,
    paid: topic === 'orders/paid' || PAID.has(order.financial_status ?? ''),
    cancelled_at_ms: order.cancelled_at ?? null,
    processed_at_ms: order.processed_at ?? order.created_at ?? receivedAtMs,
    currency: order.currency,
    parts: orderParts(order),
    refunds: order.refunds.map((refund) => refundFacts(refund, context, receivedAtMs)),
    discount_codes: ownCodes(order),
    edited_at_ms: null,
  }
}

/** A bound on what travels; a checkout takes a handful. */
const MOST_CODES = 20

/** The codes that may be of rewards; other codes of the shop are none of our business. */
function ownCodes({ discount_codes }: OrderPayload): string[] {
  const codes = discount_codes.map(({ code }) => canonicalCode(code)).filter(looksLikeOurs)
  return [...new Set(codes)].slice(0, MOST_CODES)
}

/** Who bought: the customer; else the address given at checkout; else nobody (a sale at the counter). */
export function payloadBuyer(order: OrderPayload): PayloadBuyer {
  if (order.customer) return { kind: 'customer', customerGid: order.customer.admin_graphql_api_id }
  const email = [order.email, order.contact_email].map((text) => text?.trim() ?? '').find((text) => text !== '')
  return email === undefined ? { kind: 'nobody' } : { kind: 'email', email }
}
