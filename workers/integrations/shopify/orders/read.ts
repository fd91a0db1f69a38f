import type { AdminAnswer, ShopRef } from '../admin/answer.ts'
import { askAdmin } from '../admin/client.ts'
import {
  type LineNode,
  type ListedOrder,
  ORDER_BY_ID,
  ORDER_EMAIL,
  ORDER_LINES,
  ORDER_SHIPPING,
  ORDERS,
  ORDERS_COUNT,
  type OrderNode,
  REFUND,
  type RefundedLine,
  type ShippingNode,
} from '../admin/order-documents.ts'
import type { WholeOrder, WholeRefund } from './payload.ts'

/** Reads whole orders from the shop's Admin API, however long they are. All of it answers by `deadlineMs`. */

/** A page of orders; `next`: its cursor, null after the last one. */
export interface OrdersPage {
  readonly orders: readonly WholeOrder[]
  readonly next: string | null
}

/** Where orders are read, and until when. */
export interface Reading {
  readonly env: Env
  readonly shop: ShopRef
  readonly deadlineMs: number
}

/** The search for orders changed in `[fromMs, untilMs)`. Shopify leaves none out by its status: archived and cancelled ones too. */
export function changedBetween(fromMs: number, untilMs: number): string {
  return between('updated_at', fromMs, untilMs)
}

/** The search for orders made in `[fromMs, untilMs)`. */
export function madeBetween(fromMs: number, untilMs: number): string {
  return between('created_at', fromMs, untilMs)
}

/** Shopify counts in whole seconds: the bounds are widened to those. */
function between(field: string, fromMs: number, untilMs: number): string {
  const untilSecond = Math.ceil(untilMs / 1_000) * 1_000
  return `${field}:>='${second(fromMs)}' AND ${field}:<'${second(untilSecond)}'`
}

function second(atMs: number): string {
  return new Date(atMs).toISOString().replace(/\.\d+Z$/, 'Z')
}

/** How many orders a search finds. */
export async function countOrders({ env, shop, deadlineMs }: Reading, search: string): Promise<AdminAnswer<number>> {
  const answer = await askAdmin(env, shop, ORDERS_COUNT, { search }, deadlineMs)
  return answer.ok ? { ok: true, data: answer.data.ordersCount?.count ?? 0 } : answer
}

/** The next page of what a search finds, the least recently changed first. */
export async function readOrders(
  reading: Reading,
  search: string,
  after: string | null,
): Promise<AdminAnswer<OrdersPage>> {
  const answer = await withOrWithoutEmail((withEmail) =>
    askAdmin(reading.env, reading.shop, ORDERS, { search, after, withEmail }, reading.deadlineMs),
  )
  if (!answer.ok) return answer
  const { nodes, pageInfo } = answer.data.orders
  const whole = await inTurn(nodes, (order) => complete(reading, order))
  if (!whole.ok) return whole
  return { ok: true, data: { orders: whole.data, next: pageInfo.hasNextPage ? pageInfo.endCursor : null } }
}

/** One order as it stands; null: the shop has no such order. */
export async function readOrder(reading: Reading, orderGid: string): Promise<AdminAnswer<WholeOrder | null>> {
  const answer = await withOrWithoutEmail((withEmail) =>
    askAdmin(reading.env, reading.shop, ORDER_BY_ID, { id: orderGid, withEmail }, reading.deadlineMs),
  )
  if (!answer.ok) return answer
  return answer.data.order === null ? { ok: true, data: null } : complete(reading, answer.data.order)
}

/** The refunds of an order, each with all of its lines. */
export function readRefunds(
  reading: Reading,
  { refunds }: Pick<OrderNode, 'refunds'>,
): Promise<AdminAnswer<readonly WholeRefund[]>> {
  return inTurn(refunds, ({ id }) => readRefund(reading, id))
}

/** Shopify may refuse an app the addresses of customers; guests are then nobody, and all others are known by their ids. */
async function withOrWithoutEmail<T>(ask: (withEmail: boolean) => Promise<AdminAnswer<T>>): Promise<AdminAnswer<T>> {
  const answer = await ask(true)
  return isEmailRefused(answer) ? ask(false) : answer
}

/** Whether the shop tells this app the addresses of orders. */
export async function mayReadEmail({ env, shop, deadlineMs }: Reading): Promise<AdminAnswer<boolean>> {
  const answer = await askAdmin(env, shop, ORDER_EMAIL, {}, deadlineMs)
  if (answer.ok) return { ok: true, data: true }
  return isEmailRefused(answer) ? { ok: true, data: false } : answer
}

function isEmailRefused(answer: AdminAnswer<unknown>): boolean {
  if (answer.ok || answer.fault.kind !== 'refused') return false
  return answer.fault.problems.every(({ code, field }) => code === 'ACCESS_DENIED' && field.endsWith('email'))
}

async function inTurn<T, R>(
  items: readonly T[],
  read: (item: T) => Promise<AdminAnswer<R>>,
): Promise<AdminAnswer<readonly R[]>> {
  const results: R[] = []
  for (const item of items) {
    const answer = await read(item)
    if (!answer.ok) return answer
    results.push(answer.data)
  }
  return { ok: true, data: results }
}

/** An order with what did not fit into the list. */
async function complete(reading: Reading, listed: ListedOrder): Promise<AdminAnswer<WholeOrder>> {
  const { lineItems, shippingLines, ...order } = listed
  const { env, shop, deadlineMs } = reading
  const lines = await follow<LineNode>(lineItems, async (after) => {
    const answer = await askAdmin(env, shop, ORDER_LINES, { id: order.id, after }, deadlineMs)
    return answer.ok ? { ok: true, data: answer.data.order?.lineItems ?? NO_MORE } : answer
  })
  if (!lines.ok) return lines
  const shipping = await follow<ShippingNode>(shippingLines, async (after) => {
    const answer = await askAdmin(env, shop, ORDER_SHIPPING, { id: order.id, after }, deadlineMs)
    return answer.ok ? { ok: true, data: answer.data.order?.shippingLines ?? NO_MORE } : answer
  })
  if (!shipping.ok) return shipping
  const refunds = await readRefunds(reading, order)
  if (!refunds.ok) return refunds
  return { ok: true, data: { order, lines: lines.data, shipping: shipping.data, refunds: refunds.data } }
}

interface Page<T> {
  readonly nodes: readonly T[]
  readonly pageInfo: { readonly hasNextPage: boolean; readonly endCursor: string | null }
}

/** After the end, or where the order has vanished meanwhile. */
const NO_MORE = { nodes: [], pageInfo: { hasNextPage: false, endCursor: null } } as const

/** All nodes of a list from its first page on. */
async function follow<T>(
  first: Page<T>,
  next: (after: string | null) => Promise<AdminAnswer<Page<T>>>,
): Promise<AdminAnswer<readonly T[]>> {
  const nodes = [...first.nodes]
  for (let { pageInfo } = first; pageInfo.hasNextPage;) {
    const answer = await next(pageInfo.endCursor)
    if (!answer.ok) return answer
    nodes.push(...answer.data.nodes)
    pageInfo = answer.data.pageInfo
  }
  return { ok: true, data: nodes }
}

async function readRefund(reading: Reading, id: string): Promise<AdminAnswer<WholeRefund>> {
  const { env, shop, deadlineMs } = reading
  const first = await askAdmin(env, shop, REFUND, { id, after: null }, deadlineMs)
  if (!first.ok) return first
  const { refund } = first.data
  // The order has just named it.
  if (refund === null) return { ok: false, fault: { kind: 'unavailable', maybeDone: false } }
  const { refundLineItems, ...rest } = refund
  const lines = await follow<RefundedLine>(refundLineItems, async (after) => {
    const answer = await askAdmin(env, shop, REFUND, { id, after }, deadlineMs)
    return answer.ok ? { ok: true, data: answer.data.refund?.refundLineItems ?? NO_MORE } : answer
  })
  return lines.ok ? { ok: true, data: { ...rest, lines: lines.data } } : lines
}
