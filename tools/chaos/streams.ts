import { createHmac } from 'node:crypto'
import { setTimeout as delay } from 'node:timers/promises'
import { WebSocket } from 'ws'
import { ShopperSession } from '../../domain/contracts/operations/auth.ts'
import { StreamMessage, StreamTicket } from '../../domain/contracts/points.ts'
import type { LocalInfo } from '../local/info.ts'
import type { Journal } from './journal.ts'

/** Open pages of shoppers: they connect again whenever they are cut off, and write down what they are told. */
export class OpenPages {
  readonly complaints: string[] = []
  connections = 0
  messages = 0
  readonly #info: LocalInfo
  readonly #journal: Journal
  readonly #sockets = new Set<WebSocket>()
  #closed = false

  constructor(info: LocalInfo, journal: Journal) {
    this.#info = info
    this.#journal = journal
  }

  /** Keeps the page of one customer open until `close`. */
  async open(customer: string): Promise<void> {
    while (!this.#closed) {
      try {
        await this.#listen(await openSocket(this.#info, customer))
      } catch {
        // Nobody answers, or the socket broke: a page tries again.
      }
      await delay(300)
    }
  }

  close(): void {
    this.#closed = true
    for (const socket of this.#sockets) socket.terminate()
  }

  async #listen(socket: WebSocket): Promise<void> {
    this.#sockets.add(socket)
    const ended = Promise.withResolvers<void>()
    let seq = 0
    socket.on('message', (data: Buffer) => {
      const message = StreamMessage.parse(JSON.parse(data.toString('utf8')))
      this.messages += 1
      if (message.type === 'balance') this.connections += 1
      if (message.type !== 'change') return
      const { customer_id: account, seq: told, hash } = message.transaction
      this.#journal.write({ kind: 'heard', account, seq: told, hash })
      if (told <= seq) this.complaints.push(`${account} was told of entry ${told} after entry ${seq}`)
      seq = told
    })
    socket.on('error', () => ended.resolve())
    socket.on('close', () => ended.resolve())
    await ended.promise
    this.#sockets.delete(socket)
  }
}

/** As the storefront does: app proxy → token → ticket → socket. */
async function openSocket(info: LocalInfo, customer: string): Promise<WebSocket> {
  const session = ShopperSession.parse(await json(proxyUrl(info, customer), {}))
  const headers = { authorization: `Bearer ${session.token}`, origin: info.storefront }
  const asked = await json(`${info.app}/v1/api/points/stream/ticket`, { method: 'POST', headers })
  return new WebSocket(StreamTicket.parse(asked).url, { origin: info.storefront })
}

async function json(url: string, init: RequestInit): Promise<unknown> {
  const response = await fetch(url, { ...init, signal: AbortSignal.timeout(5_000) })
  const body: unknown = await response.json()
  if (!response.ok) throw new Error(`${response.status}`)
  return body
}

/** What Shopify's app proxy would send for a logged-in customer. */
function proxyUrl(info: LocalInfo, customer: string): string {
  const fields = {
    logged_in_customer_id: customer,
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
