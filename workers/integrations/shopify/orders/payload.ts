import { toMinor } from '../../../../domain/contracts/money.ts'
import type { LineNode, OrderNode, RefundNode, RefundedLine, ShippingNode } from '../admin/order-documents.ts'
import { Order, type OrderPayload } from '../payloads.ts'

/**
 * GraphQL's orders in the shape of webhooks, so that one reader makes the facts of both: whichever way an order comes, it
 * is one fact and is booked once.
 */

/** An order with all of its lines and refunds. */
export interface WholeOrder {
  readonly order: OrderNode
  readonly lines: readonly LineNode[]
  readonly shipping: readonly ShippingNode[]
  readonly refunds: readonly WholeRefund[]
}

/** A refund with all of its lines. */
export interface WholeRefund extends Omit<RefundNode, 'refundLineItems'> {
  readonly lines: readonly RefundedLine[]
}

type Money = OrderNode['totalTipReceivedSet']

/** @throws `ZodError` where Shopify answers with something that no webhook could say either */
export function toPayload(whole: WholeOrder): OrderPayload {
  const { order, lines, shipping, refunds } = whole
  const tips = tipLines(whole)
  const lineById = new Map(lines.map((line) => [line.id, lineItem(line, tips.has(line.id))]))
  return Order.parse({
    admin_graphql_api_id: order.id,
    currency: order.currencyCode,
    financial_status: order.displayFinancialStatus?.toLowerCase(),
    test: order.test,
    taxes_included: order.taxesIncluded,
    cancelled_at: order.cancelledAt,
    created_at: order.createdAt,
    processed_at: order.processedAt,
    email: order.email,
    customer: order.customer && { admin_graphql_api_id: order.customer.id },
    line_items: [...lineById.values()],
    shipping_lines: shipping.map(shippingLine),
    total_tip_received_set: moneySet(order.totalTipReceivedSet),
    discount_codes: order.discountCodes.map((code) => ({ code })),
    refunds: refunds.map((refund) => refundOf(refund, lineById)),
  })
}

function moneySet({ shopMoney }: Money) {
  return { shop_money: { amount: shopMoney.amount, currency_code: shopMoney.currencyCode } }
}

function taxesAndDiscounts({ taxLines, discountAllocations }: Pick<LineNode, 'taxLines' | 'discountAllocations'>) {
  return {
    tax_lines: taxLines.map(({ priceSet }) => ({ price_set: moneySet(priceSet) })),
    discount_allocations: discountAllocations.map((one) => ({ amount_set: moneySet(one.allocatedAmountSet) })),
  }
}

function lineItem(line: LineNode, isTip: boolean) {
  return {
    ...taxesAndDiscounts(line),
    admin_graphql_api_id: line.id,
    quantity: line.quantity,
    current_quantity: line.currentQuantity,
    price_set: moneySet(line.originalUnitPriceSet),
    gift_card: line.isGiftCard,
    tip_payment_method: isTip ? 'tip' : null,
  }
}

function shippingLine(line: ShippingNode) {
  return {
    ...taxesAndDiscounts(line),
    price_set: moneySet(line.originalPriceSet),
    discounted_price_set: moneySet(line.discountedPriceSet),
    is_removed: line.isRemoved,
  }
}

function refundOf(refund: WholeRefund, lineById: ReadonlyMap<string, unknown>) {
  return {
    admin_graphql_api_id: refund.id,
    created_at: refund.createdAt,
    processed_at: refund.processedAt,
    refund_line_items: refund.lines.map(({ quantity, subtotalSet, totalTaxSet, lineItem: { id } }) => ({
      quantity,
      subtotal_set: moneySet(subtotalSet),
      total_tax_set: moneySet(totalTaxSet),
      line_item: lineById.get(id),
    })),
    refund_shipping_lines: refund.refundShippingLines.nodes.map((line) => ({
      subtotal_amount_set: moneySet(line.subtotalAmountSet),
      tax_amount_set: moneySet(line.taxAmountSet),
    })),
    order_adjustments: refund.orderAdjustments.nodes.map(({ amountSet, taxAmountSet, reason }) => ({
      amount_set: moneySet(amountSet),
      tax_amount_set: moneySet(taxAmountSet),
      reason,
    })),
  }
}

/**
 * The lines by which Shopify books tips. Webhooks mark them, GraphQL does not; it tells the sum of all tips. A line that
 * could be one, untaxed and nothing to send, is one if by itself or with all others of the kind it makes that sum; where
 * none does, the tip has no line.
 */
function tipLines({ order, lines }: WholeOrder): ReadonlySet<string> {
  const sumMinor = minor(order.totalTipReceivedSet)
  if (sumMinor === 0) return new Set()
  const candidates = lines.filter(
    ({ isGiftCard, requiresShipping, taxable, taxLines }) =>
      !isGiftCard && !requiresShipping && !taxable && taxLines.length === 0,
  )
  const amount = (line: LineNode) => minor(line.originalUnitPriceSet) * line.quantity
  const named = candidates.filter(({ title }) => /^tip\b/i.test(title))
  for (const group of [named, candidates]) {
    if (group.length > 0 && group.reduce((sum, line) => sum + amount(line), 0) === sumMinor) {
      return new Set(group.map(({ id }) => id))
    }
  }
  const single = candidates.find((line) => amount(line) === sumMinor)
  return new Set(single === undefined ? [] : [single.id])
}

function minor({ shopMoney: { amount, currencyCode } }: Money): number {
  return toMinor(amount, currencyCode) ?? 0
}
