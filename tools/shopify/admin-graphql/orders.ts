import { z } from 'zod'
import { fromMinor } from '../../../domain/contracts/money.ts'
import { gid } from '../customer.ts'
import {
  type Allocation,
  type Order,
  type OrderLine,
  type Refund,
  TAX_RATE,
  financialStatus,
  piecesLeft,
  presented,
  refundableShipping,
  totals,
} from '../order.ts'
import type { OrderPlace, OrderSearch, ShopOrders } from '../shop-orders.ts'
import { connection } from './connection.ts'
import { topError } from './errors.ts'
import { Lazy, moment, type Node } from './objects.ts'

/** Orders of the Admin API, as far as the stand-in has them. */

/** In a bulk operation lists have no pages. */
type Listed = (all: readonly Node[], args: unknown) => Node

const whole: Listed = (all) => ({ edges: all.map((node) => ({ node })), nodes: all })

/** `Order`. */
export function orderNode(order: Order, inBulk = false): Node {
  const list = inBulk ? whole : connection
  return {
    __typename: 'Order',
    id: gid('Order', order.id),
    legacyResourceId: order.id,
    name: `#${order.number}`,
    number: order.number,
    currencyCode: order.currency,
    presentmentCurrencyCode: presented(order).currency,
    displayFinancialStatus: financialStatus(order).toUpperCase(),
    test: order.test,
    taxesIncluded: order.taxesIncluded,
    cancelledAt: momentOrNull(order.cancelledAt),
    closed: order.archivedAt !== null,
    closedAt: momentOrNull(order.archivedAt),
    createdAt: moment(order.createdAt),
    processedAt: moment(order.createdAt),
    updatedAt: moment(order.updatedAt),
    edited: order.editedAt !== null,
    sourceName: order.source,
    email: order.email === '' ? null : order.email,
    customer: order.customerId === null ? null : { __typename: 'Customer', id: gid('Customer', order.customerId) },
    discountCodes: [...new Set(order.applications.map(({ code }) => code))],
    totalTipReceivedSet: money(order, (side) => totals(side).tip),
    lineItems: new Lazy((args) =>
      list(
        order.lines.map((line) => lineNode(order, line)),
        args,
      ),
    ),
    shippingLines: new Lazy((args) => list(shippingNodes(order), args)),
    refunds: new Lazy((args) => {
      const { first } = z.looseObject({ first: z.int().nullish() }).parse(args)
      return order.refunds.slice(0, first ?? undefined).map((refund) => refundNode(order, refund))
    }),
  }
}

function momentOrNull(iso: string | null): string | null {
  return iso === null ? null : moment(iso)
}

/** `MoneyBag`; Shopify's decimals end with `.0` where they could end before. */
function money(order: Order, pick: (side: Order) => number): Node {
  const of = (side: Order) => ({ amount: decimal(pick(side), side.currency), currencyCode: side.currency })
  return { __typename: 'MoneyBag', shopMoney: of(order), presentmentMoney: of(presented(order)) }
}

function decimal(amountMinor: number, currency: string): string {
  const text = fromMinor(amountMinor, currency)
  return text.includes('.') ? text.replace(/0+$/, '').replace(/\.$/, '.0') : `${text}.0`
}

function lineIn(order: Order, id: string): OrderLine {
  const line = order.lines.find((one) => one.id === id)
  if (!line) throw new Error(`the order has no line ${id}`)
  return line
}

/** `LineItem`. */
function lineNode(order: Order, line: OrderLine): Node {
  const left = piecesLeft(order, line)
  return {
    __typename: 'LineItem',
    id: gid('LineItem', line.id),
    quantity: line.quantity,
    currentQuantity: left,
    refundableQuantity: left,
    isGiftCard: line.kind === 'gift_card',
    requiresShipping: line.kind === 'goods',
    taxable: line.kind === 'goods',
    title: line.title,
    variantTitle: line.variantTitle,
    name: line.variantTitle === null ? line.title : `${line.title} - ${line.variantTitle}`,
    sku: line.sku,
    originalUnitPriceSet: money(order, (side) => lineIn(side, line.id).unitPriceMinor),
    taxLines: taxLines(order, (side) => lineIn(side, line.id).taxMinor),
    discountAllocations: allocations(order, line.discounts, (side) => lineIn(side, line.id).discounts),
  }
}

function taxLines(order: Order, pick: (side: Order) => number): Node[] {
  if (pick(order) === 0) return []
  return [{ __typename: 'TaxLine', title: 'VAT', rate: TAX_RATE, priceSet: money(order, pick) }]
}

function allocations(order: Order, own: readonly Allocation[], pick: (side: Order) => readonly Allocation[]): Node[] {
  return own.map(({ application }) => ({
    __typename: 'DiscountAllocation',
    allocatedAmountSet: money(
      order,
      (side) => pick(side).find((one) => one.application === application)?.amountMinor ?? 0,
    ),
  }))
}

/** `ShippingLine`. */
function shippingNodes(order: Order): Node[] {
  if (order.shipping === null) return []
  return [
    {
      __typename: 'ShippingLine',
      id: gid('ShippingLine', order.shipping.id),
      title: order.shipping.title,
      code: order.shipping.title,
      isRemoved: false,
      originalPriceSet: money(order, (side) => side.shipping?.priceMinor ?? 0),
      discountedPriceSet: money(order, (side) => totals(side).shipping),
      currentDiscountedPriceSet: money(order, (side) => refundableShipping(side).amountMinor),
      taxLines: taxLines(order, (side) => side.shipping?.taxMinor ?? 0),
      discountAllocations: allocations(order, order.shipping.discounts, (side) => side.shipping?.discounts ?? []),
    },
  ]
}

/** `Refund`. */
export function refundNode(order: Order, refund: Refund): Node {
  const on = (side: Order) => side.refunds.find(({ id }) => id === refund.id) ?? refund
  const lineOn = (side: Order, id: string) => on(side).lines.find((one) => one.id === id)
  return {
    __typename: 'Refund',
    id: gid('Refund', refund.id),
    legacyResourceId: refund.id,
    createdAt: moment(refund.createdAt),
    updatedAt: moment(refund.createdAt),
    processedAt: moment(refund.createdAt),
    note: refund.note,
    order: new Lazy(() => orderNode(order)),
    refundLineItems: new Lazy((args) =>
      connection(
        refund.lines.map((part) => ({
          __typename: 'RefundLineItem',
          id: gid('RefundLineItem', part.id),
          quantity: part.quantity,
          subtotalSet: money(order, (side) => lineOn(side, part.id)?.subtotalMinor ?? 0),
          totalTaxSet: money(order, (side) => lineOn(side, part.id)?.taxMinor ?? 0),
          lineItem: new Lazy(() => lineNode(order, lineIn(order, part.lineId))),
        })),
        args,
      ),
    ),
    refundShippingLines: new Lazy((args) =>
      connection(
        refund.shipping === null
          ? []
          : [
              {
                __typename: 'RefundShippingLine',
                id: gid('RefundShippingLine', refund.shipping.id),
                subtotalAmountSet: money(order, (side) => on(side).shipping?.amountMinor ?? 0),
                taxAmountSet: money(order, (side) => on(side).shipping?.taxMinor ?? 0),
              },
            ],
        args,
      ),
    ),
    orderAdjustments: new Lazy((args) =>
      connection(
        refund.adjustments.map(({ id, amountMinor, taxMinor, isPending }) => ({
          __typename: 'OrderAdjustment',
          id: gid('OrderAdjustment', id),
          amountSet: money(order, () => amountMinor),
          taxAmountSet: money(order, () => taxMinor),
          reason: isPending ? 'PENDING_REFUND_DISCREPANCY' : 'REFUND_DISCREPANCY',
        })),
        args,
      ),
    ),
  }
}

const OrdersArgs = z.looseObject({
  first: z.int().min(1).max(250).nullish(),
  after: z.string().nullish(),
  query: z.string().nullish(),
  sortKey: z.enum(['UPDATED_AT', 'CREATED_AT', 'PROCESSED_AT']).nullish(),
})
const Place = z.object({ at: z.string(), id: z.string() })

/** `orders`: pages forward only, by when they were made or changed. */
export function ordersConnection(orders: ShopOrders, shop: string, args: unknown, inBulk: boolean): Node {
  const { first, after, query, sortKey } = OrdersArgs.parse(args)
  const search = searchOf(query)
  const sortBy = sortKey === 'UPDATED_AT' ? 'updatedAt' : 'createdAt'
  if (inBulk) {
    const all = orders.page(shop, search, { sortBy, after: undefined, limit: 1_000_000 })
    return whole(
      all.map((order) => orderNode(order, true)),
      {},
    )
  }
  if (!first) throw topError('you must provide one of first or last', 'BAD_REQUEST')
  const found = orders.page(shop, search, { sortBy, after: placeOf(after), limit: first + 1 })
  const edges = found.slice(0, first).map((order) => ({ cursor: cursorOf(order, sortBy), node: orderNode(order) }))
  return {
    edges,
    nodes: edges.map(({ node }) => node),
    pageInfo: {
      hasNextPage: found.length > first,
      hasPreviousPage: typeof after === 'string',
      startCursor: edges[0]?.cursor ?? null,
      endCursor: edges.at(-1)?.cursor ?? null,
    },
  }
}

/** `ordersCount`. */
export function ordersCount(orders: ShopOrders, shop: string, args: unknown): Node {
  const { query } = OrdersArgs.parse(args)
  return { __typename: 'Count', count: orders.count(shop, searchOf(query)), precision: 'EXACT' }
}

/** Shopify compares whole seconds; the stand-in's own times have milliseconds, which sort between them. */
function searchOf(query: string | null | undefined): OrderSearch | undefined {
  if (!query) return undefined
  const match = /^(created|updated)_at:>='([^']+)' AND \1_at:<'([^']+)'$/.exec(query)
  const [, which, from = '', until = ''] = match ?? []
  if (!match) throw topError(`The stand-in does not search orders by ${query}.`, 'STAND_IN_NOT_IMPLEMENTED')
  return { field: which === 'created' ? 'createdAt' : 'updatedAt', from: instant(from), until: instant(until) }
}

function instant(text: string): string {
  const atMs = Date.parse(text)
  if (Number.isNaN(atMs)) throw topError(`Invalid timestamp ${text} for the query filter.`, 'BAD_REQUEST')
  return new Date(atMs).toISOString()
}

function cursorOf(order: Order, sortBy: OrderSearch['field']): string {
  return Buffer.from(JSON.stringify({ at: order[sortBy], id: order.id })).toString('base64url')
}

function placeOf(cursor: string | null | undefined): OrderPlace | undefined {
  if (!cursor) return undefined
  try {
    return Place.parse(JSON.parse(Buffer.from(cursor, 'base64url').toString()))
  } catch {
    throw topError(`Invalid cursor for current pagination sort.`, 'BAD_REQUEST')
  }
}
