import type { STREAM_CLOSE, StreamMessage } from '../../domain/contracts/points.ts'
import type { StorefrontSession } from './storefront-session.ts'

/**
 * What the page should show.
 * - connecting: not live yet. - live: what was last reported is true now. - offline: it may be stale; we come back.
 * - visitor: nobody is logged in. - stopped: revoked, or replaced by newer tabs; only a reload helps.
 */
export type StreamState = 'connecting' | 'live' | 'offline' | 'visitor' | 'stopped'

export interface PointsStreamOptions {
  readonly session: StorefrontSession
  readonly onMessage: (message: StreamMessage) => void
  readonly onState: (state: StreamState) => void
}

const PING_EVERY_MS = 30_000
const PONG_WITHIN_MS = 10_000
const REST_AFTER_HIDDEN_MS = 60_000
const FIRST_DELAY_MS = 500
const MAX_DELAY_MS = 30_000

// The contract's numbers, checked against it by type: importing its values would put zod into the bundle.
const REVOKED: (typeof STREAM_CLOSE)['revoked'] = 4401
const MERGED: (typeof STREAM_CLOSE)['accountMerged'] = 4410
const REPLACED: (typeof STREAM_CLOSE)['tooManyConnections'] = 4429

type Timer = ReturnType<typeof setTimeout> | undefined

/**
 * The live points of the shopper who is logged in to the storefront, for a page of that storefront. Connects at once and
 * stays connected until the answer is called.
 *
 * Session → ticket → WebSocket. The connection comes back by itself with full jitter, resumes after the last seq it saw,
 * rests while the page is hidden or offline, and notices a dead peer. No change is reported twice.
 */
export function followPoints({ session, onMessage, onState }: PointsStreamOptions): () => void {
  let isEnded = false
  let socket: WebSocket | undefined
  let lastSeq = -1
  /** Whose {@link lastSeq} it is. */
  let customer: string | undefined
  let failures = 0
  /** Grows whenever an attempt is given up, so that a late answer to it is ignored. */
  let attempt = 0
  let reconnectTimer: Timer
  let pingTimer: Timer
  let restTimer: Timer

  /** Lets go of the connection, or of the attempt to make one. */
  function drop(): void {
    attempt++
    clearTimeout(reconnectTimer)
    clearTimeout(pingTimer)
    const dropped = socket
    socket = undefined
    dropped?.close()
  }

  function stop(): void {
    isEnded = true
    clearTimeout(restTimer)
    drop()
  }

  function end(state: 'visitor' | 'stopped'): void {
    stop()
    onState(state)
  }

  function retry(): void {
    drop()
    onState('offline')
    const asleep = !navigator.onLine || (document.hidden && restTimer === undefined)
    if (asleep) return
    const ceilingMs = Math.min(MAX_DELAY_MS, FIRST_DELAY_MS * 2 ** failures++)
    reconnectTimer = setTimeout(connect, Math.random() * ceilingMs)
  }

  function connect(): void {
    if (isEnded) return
    drop()
    if (lastSeq < 0) onState('connecting')
    const mine = attempt
    open(mine).catch(() => mine === attempt && retry())
  }

  async function open(mine: number): Promise<void> {
    const { customer_id } = await session.current()
    if (mine !== attempt) return
    if (customer_id === null) return end('visitor')
    if (customer_id !== customer) lastSeq = -1
    customer = customer_id
    const ticket = await session.call<{ url: string }>('/points/stream/ticket', {})
    if (mine !== attempt) return
    const url = new URL(ticket.url)
    if (lastSeq >= 0) url.searchParams.set('last_seq', String(lastSeq))
    const opened = new WebSocket(url)
    socket = opened
    pingTimer = setTimeout(retry, PONG_WITHIN_MS)
    opened.addEventListener('open', () => watch(opened))
    opened.addEventListener('message', ({ data }) => {
      if (opened !== socket) return
      watch(opened)
      if (data !== 'pong') receive(JSON.parse(data))
    })
    opened.addEventListener('close', ({ code }) => opened === socket && closed(code))
  }

  /** Pings after 30 quiet seconds; gives the peer up when nothing comes back within 10 more. */
  function watch(opened: WebSocket): void {
    if (opened !== socket) return
    clearTimeout(pingTimer)
    pingTimer = setTimeout(() => {
      opened.send('ping')
      pingTimer = setTimeout(retry, PONG_WITHIN_MS)
    }, PING_EVERY_MS)
  }

  function receive(message: StreamMessage): void {
    failures = 0
    const seq =
      message.type === 'balance' ? message.balance.seq : message.type === 'change' ? message.transaction.seq : lastSeq
    // A change that a resume repeats is old news; a balance and a redemption always say what is true now.
    if (message.type !== 'change' || seq > lastSeq) onMessage(message)
    if (message.type === 'balance' || seq > lastSeq) lastSeq = seq
    onState('live')
  }

  function closed(code: number): void {
    if (code === REVOKED || code === REPLACED) return end('stopped')
    if (code === MERGED) {
      session.forget()
      lastSeq = -1
    }
    retry()
  }

  /** The page was hidden or shown, or lost or found its network. */
  function look(): void {
    if (isEnded) return
    clearTimeout(restTimer)
    restTimer = undefined
    if (!navigator.onLine) return retry()
    if (document.hidden) {
      restTimer = setTimeout(() => {
        restTimer = undefined
        drop()
      }, REST_AFTER_HIDDEN_MS)
    } else if (!socket) {
      failures = 0
      connect()
    }
  }

  /** Back from the browser's page cache, the page may belong to nobody any more, or to another customer. */
  function comeBack({ persisted }: PageTransitionEvent): void {
    if (!persisted) return
    session.forget()
    connect()
  }

  document.addEventListener('visibilitychange', look)
  addEventListener('online', look)
  addEventListener('offline', look)
  addEventListener('pageshow', comeBack)
  if (document.hidden) look()
  connect()
  return stop
}
