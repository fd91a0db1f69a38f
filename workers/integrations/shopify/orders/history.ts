import { z } from 'zod'
import type { AdminAnswer, AdminFault } from '../admin/answer.ts'
import { askAdmin, faulty } from '../admin/client.ts'
import {
  BULK_OPERATION,
  historyQuery,
  type LineNode,
  LineNode as LineSchema,
  OrderNode,
  RECENT_BULK_OPERATIONS,
  RUN_BULK_QUERY,
  ShippingNode,
} from '../admin/order-documents.ts'
import { untilDeadline } from '../deadline.ts'
import type { WholeOrder } from './payload.ts'
import { mayReadEmail, type Reading } from './read.ts'

/** A shop's history as a bulk operation of Shopify's: asked for, waited for, and read in pieces. */

/** The file of a finished operation. */
export interface HistoryFile {
  readonly url: string
  /** How many orders are in it. */
  readonly orders: number
}

export type HistoryState =
  | { readonly kind: 'running' }
  | { readonly kind: 'ready'; readonly file: HistoryFile }
  | { readonly kind: 'failed'; readonly problem: string }

/** An order of the file: its refunds are only named. `at`: the byte where it begins. */
export interface HistoryOrder extends Omit<WholeOrder, 'refunds'> {
  readonly at: number
}

/** A piece of the file. `next`: the byte where the next one begins; null: this was the last. */
export interface HistoryPiece {
  readonly orders: readonly HistoryOrder[]
  readonly next: number | null
}

/**
 * Begins an operation, or finds the one that an earlier attempt began; answers its gid. Null: too many of them are under
 * way already.
 */
export async function startHistory(reading: Reading, search: string): Promise<AdminAnswer<string | null>> {
  const { env, shop, deadlineMs } = reading
  const before = await findHistory(reading, search)
  if (!before.ok || before.data !== null) return before
  const withEmail = await mayReadEmail(reading)
  if (!withEmail.ok) return withEmail
  const query = historyQuery(search, withEmail.data)
  const answer = await askAdmin(env, shop, RUN_BULK_QUERY, { query }, deadlineMs)
  if (!answer.ok) return answer
  const payload = answer.data.bulkOperationRunQuery
  if (payload?.bulkOperation) return { ok: true, data: payload.bulkOperation.id }
  const errors = payload?.userErrors ?? []
  if (errors.some(({ code }) => code === 'OPERATION_IN_PROGRESS' || code === 'LIMIT_REACHED')) {
    return { ok: true, data: null }
  }
  if (errors.some(({ code }) => code === 'INTERNAL_ERROR') || errors.length === 0) {
    return faulty({ kind: 'unavailable', maybeDone: true })
  }
  const problems = errors.map(({ code, field, message }) => ({ code, field: (field ?? []).join('.'), message }))
  return faulty({ kind: 'refused', problems })
}

/** The search's bounds are to the second, and so tell one run's operation from another's. */
async function findHistory({ env, shop, deadlineMs }: Reading, search: string): Promise<AdminAnswer<string | null>> {
  const answer = await askAdmin(env, shop, RECENT_BULK_OPERATIONS, {}, deadlineMs)
  if (!answer.ok) return answer
  const own = answer.data.bulkOperations.nodes.find(({ query }) => query.includes(JSON.stringify(search)))
  return { ok: true, data: own?.id ?? null }
}

function failed(problem: string): AdminAnswer<HistoryState> {
  return { ok: true, data: { kind: 'failed', problem } }
}

/** How an operation stands. */
export async function historyState(
  { env, shop, deadlineMs }: Reading,
  gid: string,
): Promise<AdminAnswer<HistoryState>> {
  const answer = await askAdmin(env, shop, BULK_OPERATION, { id: gid }, deadlineMs)
  if (!answer.ok) return answer
  const operation = answer.data.bulkOperation
  switch (operation?.status) {
    case 'CREATED':
    case 'RUNNING':
      return { ok: true, data: { kind: 'running' } }
    case 'COMPLETED':
      // Without any order there is no file.
      return {
        ok: true,
        data: { kind: 'ready', file: { url: operation.url ?? '', orders: Number(operation.rootObjectCount) } },
      }
    case undefined:
    case 'EXPIRED':
      return failed('Shopify has dropped the history it had prepared. Start the backfill again.')
    default:
      return failed(
        `Shopify could not prepare the history (${operation?.errorCode ?? operation?.status}). Start it again.`,
      )
  }
}

/** Bytes of the file that are read at a time, at first; an order that is longer makes it more. */
const PIECE_BYTES = 512 * 1024
const MOST_BYTES = 32 * 1024 * 1024

/**
 * At most `limit` orders of the file from a byte on, which must be where an order begins. The address of the file is a
 * secret and appears in no error.
 */
export async function readHistoryOrders(
  { env, deadlineMs }: Reading,
  { url }: HistoryFile,
  from: number,
  limit: number,
): Promise<AdminAnswer<HistoryPiece>> {
  if (url === '') return { ok: true, data: { orders: [], next: null } }
  for (let size = PIECE_BYTES; size <= MOST_BYTES; size *= 4) {
    const bytes = await readBytes(env, url, from, size, deadlineMs)
    if (!bytes.ok) return bytes
    const piece = cut(bytes.data.bytes, bytes.data.isEnd, from, limit)
    if (piece !== undefined) return { ok: true, data: piece }
  }
  const message = 'One order of the history is longer than can be read.'
  return faulty({ kind: 'refused', problems: [{ code: null, field: '', message }] })
}

interface Bytes {
  readonly bytes: Uint8Array
  /** Whether the file ends with them. */
  readonly isEnd: boolean
}

const UNAVAILABLE: AdminFault = { kind: 'unavailable', maybeDone: false }

async function readBytes(
  env: Env,
  url: string,
  from: number,
  size: number,
  deadlineMs: number,
): Promise<AdminAnswer<Bytes>> {
  // Only Shopify's own storage, or the stand-in that speaks for all shops.
  const isOwn = url.startsWith('https://') || (env.SHOPIFY_PROXY !== '' && url.startsWith(`${env.SHOPIFY_PROXY}/`))
  if (!isOwn) return faulty(UNAVAILABLE)
  try {
    return await untilDeadline(deadlineMs, async (signal) => {
      const headers = { Range: `bytes=${from}-${from + size - 1}`, 'User-Agent': 'LoyalNest' }
      const response = await fetch(url, { headers, signal })
      const total = /^bytes \d+-\d+\/(\d+)$/.exec(response.headers.get('content-range') ?? '')?.[1]
      if (response.status !== 206 || total === undefined) {
        await response.body?.cancel()
        return faulty(UNAVAILABLE)
      }
      const bytes = new Uint8Array(await response.arrayBuffer())
      return { ok: true, data: { bytes, isEnd: from + bytes.length >= Number(total) } }
    })
  } catch {
    return faulty(UNAVAILABLE)
  }
}

const NEWLINE = 10

const FileLine = z.looseObject({ __typename: z.enum(['Order', 'LineItem', 'ShippingLine']) })

/** Whole orders at the beginning of these bytes; undefined: not even one is whole. */
function cut(bytes: Uint8Array, isEnd: boolean, from: number, limit: number): HistoryPiece | undefined {
  const orders: { at: number; order: OrderNode; lines: LineNode[]; shipping: ShippingNode[] }[] = []
  for (let at = 0; at < bytes.length;) {
    const newline = bytes.indexOf(NEWLINE, at)
    if (newline === -1 && !isEnd) break
    const lineEnd = newline === -1 ? bytes.length : newline
    const line: unknown = JSON.parse(new TextDecoder().decode(bytes.subarray(at, lineEnd)))
    const { __typename: type } = FileLine.parse(line)
    if (type === 'Order') {
      if (orders.length === limit) return { orders, next: from + at }
      orders.push({ at: from + at, order: OrderNode.parse(line), lines: [], shipping: [] })
    } else if (type === 'LineItem') orders.at(-1)?.lines.push(LineSchema.parse(line))
    else orders.at(-1)?.shipping.push(ShippingNode.parse(line))
    at = lineEnd + 1
  }
  if (isEnd) return { orders, next: null }
  // What follows the last order of these bytes is not known: it comes again with the next ones.
  const last = orders.pop()
  return last === undefined || orders.length === 0 ? undefined : { orders, next: last.at }
}
