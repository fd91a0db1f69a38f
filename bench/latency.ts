import { createHmac } from 'node:crypto'
import { setTimeout as delay } from 'node:timers/promises'
import { WebSocket } from 'ws'
import type { z } from 'zod'
import { ShopperSession } from '../domain/contracts/operations/auth.ts'
import { StreamMessage, StreamTicket } from '../domain/contracts/points.ts'
import type { LocalInfo } from '../tools/local/info.ts'
import { orderPayload, signedWebhook } from '../tools/testing/webhooks.ts'

/** From the moment the webhook leaves the shop to the moment the shopper's socket has the new balance. */
export interface StreamLatency {
  readonly ordersPerSecond: number
  readonly orders: number
  readonly lost: number
  readonly p50Ms: number
  readonly p99Ms: number
}

const SHOPPERS = 200
const digitsOf = (gid: string): string => gid.slice(gid.lastIndexOf('/') + 1)

/** Sends orders at a steady rate for shoppers who all have the page open, and watches their sockets. */
export async function orderToSocket(
  info: LocalInfo,
  ordersPerSecond: number,
  seconds: number,
  firstCustomer: number,
): Promise<StreamLatency> {
  const sentAt = new Map<string, number>()
  const tookMs: number[] = []
  const seen = (orderGid: string) => {
    const at = sentAt.get(orderGid)
    if (at === undefined) return
    sentAt.delete(orderGid)
    tookMs.push(performance.now() - at)
  }
  const customers = Array.from({ length: SHOPPERS }, (_, at) => String(firstCustomer + at))
  const sockets: WebSocket[] = []
  for (const customer of customers) sockets.push(await openStream(info, customer, seen))

  const orders = ordersPerSecond * seconds
  const requests = Array.from({ length: orders }, (_, at) => ({
    gid: `gid://shopify/Order/${firstCustomer * 1_000_000 + at}`,
    request: signedWebhook(
      info,
      'orders/paid',
      orderPayload({
        order: String(firstCustomer * 1_000_000 + at),
        customer: customers[at % SHOPPERS] ?? '1',
        lines: [{ price: '59.90' }],
      }),
    ),
  }))
  const beginMs = performance.now()
  const answers: Promise<unknown>[] = []
  for (const [at, { gid, request }] of requests.entries()) {
    const dueMs = beginMs + (at * 1000) / ordersPerSecond
    const waitMs = dueMs - performance.now()
    if (waitMs > 0) await delay(waitMs)
    sentAt.set(gid, performance.now())
    answers.push(
      fetch(info.app + request.path, { method: 'POST', headers: { ...request.headers }, body: request.body }),
    )
  }
  await Promise.all(answers)
  for (let waited = 0; sentAt.size > 0 && waited < 100; waited++) await delay(100)
  for (const socket of sockets) socket.close()
  return { ordersPerSecond, orders, lost: sentAt.size, p50Ms: quantile(tookMs, 0.5), p99Ms: quantile(tookMs, 0.99) }
}

/** Opens a customer's stream as the storefront does: app proxy → token → ticket → socket. */
async function openStream(info: LocalInfo, customer: string, seen: (orderGid: string) => void): Promise<WebSocket> {
  const session = await fetchJson(proxyUrl(info, customer), { method: 'GET' }, ShopperSession)
  const headers = { authorization: `Bearer ${session.token}`, origin: info.storefront }
  const ticket = await fetchJson(`${info.app}/v1/api/points/stream/ticket`, { method: 'POST', headers }, StreamTicket)
  const socket = new WebSocket(ticket.url, { origin: info.storefront })
  const { promise: open, resolve, reject } = Promise.withResolvers<void>()
  socket.on('error', reject)
  socket.on('message', (data: Buffer) => {
    const message = StreamMessage.parse(JSON.parse(data.toString('utf8')))
    if (message.type === 'balance') resolve()
    if (message.type === 'change' && message.transaction.order_id !== null) seen(message.transaction.order_id)
  })
  await open
  return socket
}

/** What Shopify's app proxy would send for a logged-in customer. */
function proxyUrl(info: LocalInfo, customer: string): string {
  const fields = {
    logged_in_customer_id: digitsOf(customer),
    path_prefix: '/apps/loyalnest',
    shop: info.shop,
    timestamp: String(Math.floor(Date.now() / 1000)),
  }
  const signed = Object.entries(fields)
    .map(([name, value]) => `${name}=${value}`)
    .toSorted()
    .join('')
  const signature = createHmac('sha256', info.client_secret).update(signed).digest('hex')
  return `${info.app}/proxy/session?${new URLSearchParams({ ...fields, signature }).toString()}`
}

async function fetchJson<S extends z.ZodType>(url: string, init: RequestInit, schema: S): Promise<z.output<S>> {
  const response = await fetch(url, init)
  if (!response.ok) throw new Error(`${url} answered ${response.status}: ${await response.text()}`)
  return schema.parse(await response.json())
}

/** Nearest-rank quantile; NaN without values. */
function quantile(values: readonly number[], share: number): number {
  const sorted = values.toSorted((a, b) => a - b)
  return sorted[Math.max(0, Math.ceil(sorted.length * share) - 1)] ?? Number.NaN
}
