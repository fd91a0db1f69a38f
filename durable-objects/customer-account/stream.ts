import { z } from 'zod'
import { ERRORS, type ErrorCode } from '../../domain/contracts/errors.ts'
import { STREAM_CLOSE, type Balance, type StreamMessage } from '../../domain/contracts/points.ts'
import type { Redemption } from '../../domain/contracts/rewards.ts'
import { balanceOf } from '../../domain/ledger/balance.ts'
import { toTransaction } from '../../domain/ledger/transaction.ts'
import type { Entry } from '../../domain/ledger/types.ts'
import { STREAM_HEADERS, type AccountRef } from '../kernel/protocol.ts'
import type { Claims } from './claims.ts'
import type { Store } from './store.ts'

/** Connections that one customer may hold; one more closes the oldest. */
export const MAX_SOCKETS = 10

/** The most missed changes that are sent again after a reconnect; beyond that the balance alone must do. */
export const MAX_MISSED = 100

/** The upgrade request as the gateway forwards it: it has verified the ticket's signature, origin and owner. */
const Upgrade = z.object({
  account: z
    .string()
    .transform((text, context): unknown => {
      try {
        return JSON.parse(text)
      } catch {
        context.addIssue('must be JSON')
        return z.NEVER
      }
    })
    .pipe(
      z.object({
        merchantId: z.uuid(),
        customerId: z.uuid(),
        shopifyCustomerGid: z.string().nullable(),
        currency: z.string().nullable(),
      }),
    ),
  ticketId: z.string().min(1).max(128),
  ticketExpiresAtMs: z.coerce.number().int().positive(),
  lastSeq: z
    .string()
    .regex(/^[0-9]{1,15}$/)
    .transform(Number)
    .nullable(),
})
type Upgrade = z.infer<typeof Upgrade>

const Attachment = z.object({ openedAtMs: z.number() })

/** Reads the gateway's headers, or undefined where one is missing or malformed. */
export function readUpgrade(headers: Headers): Upgrade | undefined {
  return Upgrade.safeParse({
    account: headers.get(STREAM_HEADERS.account),
    ticketId: headers.get(STREAM_HEADERS.ticketId),
    ticketExpiresAtMs: headers.get(STREAM_HEADERS.ticketExpiresAtMs),
    lastSeq: headers.get(STREAM_HEADERS.lastSeq),
  }).data
}

/** The upgrade request for another account of the customer, in whose numbering of entries the client has seen nothing. */
export function upgradeFor(account: AccountRef, request: Request): Request {
  const headers = new Headers(request.headers)
  headers.set(STREAM_HEADERS.account, JSON.stringify(account))
  headers.delete(STREAM_HEADERS.lastSeq)
  return new Request(request.url, { headers })
}

/** A refusal of the upgrade, as problem+json (RFC 9457). */
export function streamProblem(code: ErrorCode, detail: string): Response {
  const { status, title } = ERRORS[code]
  return Response.json(
    { title, status, code, detail },
    { status, headers: { 'content-type': 'application/problem+json' } },
  )
}

/**
 * The customer's live WebSockets. They hibernate: an idle connection keeps no object in memory, and pings are answered
 * by the runtime. Messages leave only after the commit that they tell of is durable, since the object's output gate
 * holds WebSocket sends back as it does answers.
 */
export class Streams {
  readonly #ctx: DurableObjectState
  readonly #store: Store
  readonly #claims: Claims

  constructor(ctx: DurableObjectState, store: Store, claims: Claims) {
    this.#ctx = ctx
    this.#store = store
    this.#claims = claims
  }

  /**
   * Accepts a WebSocket: uses up the ticket, sends what the client missed and the balance, all in one turn, so that no
   * commit can come between. Missed changes come first, then the balance, each in the order of `seq`; a client that
   * resumes from the greatest `seq` it saw gets no gap and no duplicate.
   */
  accept({ account, ticketId, ticketExpiresAtMs, lastSeq }: Upgrade, nowMs: number): Response {
    const fresh =
      ticketExpiresAtMs > nowMs &&
      this.#store.transaction(() => this.#claims.useTicket(ticketId, ticketExpiresAtMs, nowMs))
    if (!fresh) return streamProblem('ticket_invalid', 'The ticket has expired or was used. Ask for a new one.')
    this.#makeRoom()
    const { 0: client, 1: server } = new WebSocketPair()
    this.#ctx.setWebSocketAutoResponse(new WebSocketRequestResponsePair('ping', 'pong'))
    this.#ctx.acceptWebSocket(server)
    server.serializeAttachment({ openedAtMs: nowMs } satisfies z.infer<typeof Attachment>)
    const balance = balanceOf(this.#store, account.customerId, nowMs)
    for (const entry of this.#missed(lastSeq)) server.send(changeText(account, entry, balance))
    server.send(JSON.stringify({ type: 'balance', balance } satisfies StreamMessage))
    return new Response(null, { status: 101, webSocket: client })
  }

  get isEmpty(): boolean {
    return this.#ctx.getWebSockets().length === 0
  }

  /** Tells every connection of new entries and the balance after them. */
  publish(account: AccountRef, entries: readonly Entry[], balance: Balance): void {
    const texts = entries.map((entry) => changeText(account, entry, balance))
    for (const socket of this.#open()) {
      for (const text of texts) socket.send(text)
    }
  }

  /** Tells every connection how a redemption stands now. */
  publishRedemption(redemption: Redemption): void {
    const open = this.#open()
    if (open.length === 0) return
    const text = JSON.stringify({ type: 'redemption', redemption } satisfies StreamMessage)
    for (const socket of open) socket.send(text)
  }

  /** Closes all connections with one of `STREAM_CLOSE`. */
  closeAll(code: number): void {
    for (const socket of this.#open()) socket.close(code)
  }

  #missed(lastSeq: number | null): readonly Entry[] {
    const { seq } = this.#store.account
    return lastSeq === null || seq - lastSeq > MAX_MISSED ? [] : this.#store.entriesAfter(lastSeq, MAX_MISSED)
  }

  #makeRoom(): void {
    const byAge = this.#open().toSorted((a, b) => openedAtMs(a) - openedAtMs(b))
    const surplus = byAge.slice(0, Math.max(0, byAge.length - MAX_SOCKETS + 1))
    for (const socket of surplus) socket.close(STREAM_CLOSE.tooManyConnections, 'too many connections')
  }

  #open(): WebSocket[] {
    return this.#ctx.getWebSockets().filter((socket) => socket.readyState === WebSocket.OPEN)
  }
}

function changeText(account: AccountRef, entry: Entry, balance: Balance): string {
  const message: StreamMessage = { type: 'change', transaction: toTransaction(entry, account.customerId), balance }
  return JSON.stringify(message)
}

function openedAtMs(socket: WebSocket): number {
  return Attachment.safeParse(socket.deserializeAttachment()).data?.openedAtMs ?? 0
}
