import type { STREAM_CLOSE, StreamMessage } from '../../domain/contracts/points.ts'

/**
 * What the page should show.
 * - connecting: not live yet. - live: what was last reported is true now. - offline: it may be stale; we come back.
 * - visitor: nobody is logged in. - stopped: revoked, or replaced by newer tabs; only a reload helps.
 */
export type StreamState = 'connecting' | 'live' | 'offline' | 'visitor' | 'stopped'

export interface PointsStreamOptions {
  /** Where the storefront forwards to LoyalNest, such as `/apps/loyalnest`. */
  readonly proxy: string
  readonly onMessage: (message: StreamMessage) => void
  readonly onState: (state: StreamState) => void
}

interface Session {
  readonly token: string
  readonly expires_at: string
  readonly app: string
}

const PING_EVERY_MS = 30_000
const PONG_WITHIN_MS = 10_000
const REST_AFTER_HIDDEN_MS = 60_000
const FIRST_DELAY_MS = 500
const MAX_DELAY_MS = 30_000
const RENEW_BEFORE_MS = 60_000
const REQUEST_WITHIN_MS = 10_000

// The contract's numbers, checked against it by type: importing its values would put zod into the bundle.
const REVOKED: (typeof STREAM_CLOSE)['revoked'] = 4401
const MERGED: (typeof STREAM_CLOSE)['accountMerged'] = 4410
const REPLACED: (typeof STREAM_CLOSE)['tooManyConnections'] = 4429

/** An answer that is not 2xx. */
class Refused extends Error {
  readonly status: number
  constructor(status: number) {
    super(`HTTP ${status}`)
    this.status = status
  }
}

async function request<T>(url: string, init: RequestInit): Promise<T> {
  const response = await fetch(url, { ...init, signal: AbortSignal.timeout(REQUEST_WITHIN_MS) })
  if (!response.ok) throw new Refused(response.status)
  // The server is ours and validated what it sends; checking it again here would cost a schema library.
  return response.json()
}

/**
 * The live points of the shopper who is logged in to the storefront, for a page of that storefront.
 *
 * Session (`GET {proxy}/session`, signed by Shopify's app proxy) → ticket → WebSocket. The connection comes back by
 * itself with full jitter, resumes after the last seq it saw, rests while the page is hidden or offline, and notices a
 * dead peer. No change is reported twice.
 */
export class PointsStream {
  readonly #options: PointsStreamOptions
  readonly #listening = new AbortController()
  #session: Session | undefined
  #socket: WebSocket | undefined
  #lastSeq = -1
  #failures = 0
  /** Grows whenever an attempt is given up, so that a late answer to it is ignored. */
  #attempt = 0
  #reconnectTimer: ReturnType<typeof setTimeout> | undefined
  #pingTimer: ReturnType<typeof setTimeout> | undefined
  #restTimer: ReturnType<typeof setTimeout> | undefined

  /** Connects at once and stays connected until `stop()`. */
  constructor(options: PointsStreamOptions) {
    this.#options = options
    const { signal } = this.#listening
    document.addEventListener('visibilitychange', () => this.#look(), { signal })
    addEventListener('online', () => this.#look(), { signal })
    addEventListener('offline', () => this.#look(), { signal })
    addEventListener('pageshow', (event) => event.persisted && this.#connect(), { signal })
    if (document.hidden) this.#look()
    this.#connect()
  }

  /** A shopper token that lives for another minute at least, for calls to the API. Rejects when there is none. */
  async token(): Promise<string> {
    return (await this.#currentSession()).token
  }

  stop(): void {
    this.#listening.abort()
    clearTimeout(this.#restTimer)
    this.#drop()
  }

  async #currentSession(): Promise<Session> {
    if (!this.#session || Date.parse(this.#session.expires_at) - Date.now() < RENEW_BEFORE_MS) {
      this.#session = await request<Session>(`${this.#options.proxy}/session`, {})
    }
    return this.#session
  }

  #connect(): void {
    this.#drop()
    if (this.#lastSeq < 0) this.#options.onState('connecting')
    const mine = this.#attempt
    this.#open(mine).catch((error: unknown) => {
      if (mine !== this.#attempt) return
      const unauthorized = error instanceof Refused && error.status === 401
      // 401 without a session: nobody is logged in. With one: its token is no longer good, and the next session tells.
      if (unauthorized && !this.#session) return this.#end('visitor')
      if (unauthorized) this.#session = undefined
      this.#retry()
    })
  }

  async #open(mine: number): Promise<void> {
    const { app, token } = await this.#currentSession()
    const ticket = await request<{ url: string }>(`${app}/v1/api/points/stream/ticket`, {
      method: 'POST',
      headers: { authorization: `Bearer ${token}` },
    })
    if (mine !== this.#attempt) return
    const url = new URL(ticket.url)
    if (this.#lastSeq >= 0) url.searchParams.set('last_seq', String(this.#lastSeq))
    const socket = new WebSocket(url)
    this.#socket = socket
    this.#pingTimer = setTimeout(() => this.#retry(), PONG_WITHIN_MS)
    socket.addEventListener('open', () => this.#watch(socket))
    socket.addEventListener('message', (event) => {
      if (socket !== this.#socket) return
      this.#watch(socket)
      if (event.data !== 'pong') this.#receive(JSON.parse(event.data))
    })
    socket.addEventListener('close', (event) => {
      if (socket === this.#socket) this.#closed(event.code)
    })
  }

  /** Pings after 30 quiet seconds; gives the peer up when nothing comes back within 10 more. */
  #watch(socket: WebSocket): void {
    if (socket !== this.#socket) return
    clearTimeout(this.#pingTimer)
    this.#pingTimer = setTimeout(() => {
      socket.send('ping')
      this.#pingTimer = setTimeout(() => this.#retry(), PONG_WITHIN_MS)
    }, PING_EVERY_MS)
  }

  #receive(message: StreamMessage): void {
    this.#failures = 0
    // A change that a resume repeats is old news; a balance always says what is true now.
    if (message.type === 'balance' || message.transaction.seq > this.#lastSeq) {
      this.#lastSeq = message.type === 'balance' ? message.balance.seq : message.transaction.seq
      this.#options.onMessage(message)
    }
    this.#options.onState('live')
  }

  #closed(code: number): void {
    if (code === REVOKED || code === REPLACED) return this.#end('stopped')
    if (code === MERGED) {
      this.#session = undefined
      this.#lastSeq = -1
    }
    this.#retry()
  }

  #retry(): void {
    this.#drop()
    this.#options.onState('offline')
    const asleep = !navigator.onLine || (document.hidden && this.#restTimer === undefined)
    if (asleep) return
    const ceilingMs = Math.min(MAX_DELAY_MS, FIRST_DELAY_MS * 2 ** this.#failures++)
    this.#reconnectTimer = setTimeout(() => this.#connect(), Math.random() * ceilingMs)
  }

  /** The page was hidden or shown, or lost or found its network. */
  #look(): void {
    clearTimeout(this.#restTimer)
    this.#restTimer = undefined
    if (!navigator.onLine) return this.#retry()
    if (document.hidden) {
      this.#restTimer = setTimeout(() => {
        this.#restTimer = undefined
        this.#drop()
      }, REST_AFTER_HIDDEN_MS)
    } else if (!this.#socket) {
      this.#failures = 0
      this.#connect()
    }
  }

  /** Lets go of the connection, or of the attempt to make one. */
  #drop(): void {
    this.#attempt++
    clearTimeout(this.#reconnectTimer)
    clearTimeout(this.#pingTimer)
    const socket = this.#socket
    this.#socket = undefined
    socket?.close()
  }

  #end(state: 'visitor' | 'stopped'): void {
    this.stop()
    this.#options.onState(state)
  }
}
