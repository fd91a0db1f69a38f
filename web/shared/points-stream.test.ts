import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import type { Balance, StreamMessage, Transaction } from '../../domain/contracts/points.ts'
import type { Redemption } from '../../domain/contracts/rewards.ts'
import { type StreamState, followPoints } from './points-stream.ts'
import { type StorefrontSession, storefrontSession } from './storefront-session.ts'

/** A WebSocket that the test plays the server of. */
class FakeSocket extends EventTarget {
  static all: FakeSocket[] = []
  readonly url: string
  readonly sent: string[] = []
  closed = false
  constructor(url: URL) {
    super()
    this.url = url.href
    FakeSocket.all.push(this)
  }
  send(text: string): void {
    this.sent.push(text)
  }
  close(): void {
    this.closed = true
  }
  open(): void {
    this.dispatchEvent(new Event('open'))
  }
  say(message: StreamMessage | 'pong'): void {
    const data = message === 'pong' ? message : JSON.stringify(message)
    this.dispatchEvent(new MessageEvent('message', { data }))
  }
  end(code: number): void {
    this.dispatchEvent(Object.assign(new Event('close'), { code }))
  }
}

const CUSTOMER = '5b0ad5b6-1111-5222-8333-444444444444'

const OTHER_CUSTOMER = '5b0ad5b6-1111-5222-8333-555555555555'

const REDEMPTION: Redemption = {
  id: '7c1be6c7-1111-5222-8333-444444444444',
  customer_id: CUSTOMER,
  reward_id: '8d2cf7d8-1111-4222-8333-444444444444',
  title: '5 off',
  value: { type: 'amount_off', amount: '5.00' },
  currency: 'EUR',
  points: 500,
  points_returned: 0,
  state: 'issued',
  ending: null,
  cancel_reason: null,
  code: 'ABCD-EFGH-JKMN-PQRS',
  order_id: null,
  requested_at: '2026-11-23T10:00:00.000Z',
  issued_at: '2026-11-23T10:00:01.000Z',
  expires_at: null,
  ended_at: null,
  version: 2,
}

function balance(points: number, seq: number): Balance {
  return {
    customer_id: CUSTOMER,
    points,
    posted: points,
    pending: 0,
    held: 0,
    debt: 0,
    lifetime: { earned: points, redeemed: 0, expired: 0, clawed_back: 0, adjusted: 0 },
    next_expiration: null,
    tier: null,
    seq,
    as_of: '2026-11-23T10:00:00.000Z',
  }
}

function change(points: number, seq: number): StreamMessage {
  const transaction: Transaction = {
    id: `${CUSTOMER}:${seq}`,
    seq,
    customer_id: CUSTOMER,
    type: 'earn',
    kind: 'earn',
    points: 59,
    pending_points: 0,
    source: 'shopify',
    external_id: `order:${seq}`,
    order_id: null,
    reason: null,
    actor: 'shopify',
    rule_version: 1,
    expires_at: null,
    effective_at: '2026-11-23T10:00:00.000Z',
    recorded_at: '2026-11-23T10:00:00.000Z',
    hash: '00',
  }
  return { type: 'change', transaction, balance: balance(points, seq) }
}

const balanceOf = (message: StreamMessage) => (message.type === 'redemption' ? undefined : message.balance)
const pointsOf = (message: StreamMessage) => balanceOf(message)?.points
const seqOf = (message: StreamMessage) => balanceOf(message)?.seq

let page: EventTarget & { hidden: boolean }
let network: { onLine: boolean }
let globalEvents: EventTarget
let messages: StreamMessage[]
let states: StreamState[]
let asked: string[]
/** What the session and the ticket answer. */
let answers: { session: number; ticket: number; customer: string | null }
let stop: () => void
let session: StorefrontSession

const flush = () => vi.advanceTimersByTimeAsync(0)

function newest(): FakeSocket {
  const socket = FakeSocket.all.at(-1)
  if (!socket) throw new Error('no socket was opened')
  return socket
}

function start(): void {
  session = storefrontSession('/apps/loyalnest')
  stop = followPoints({
    session,
    onMessage: (message) => messages.push(message),
    onState: (state) => states.at(-1) !== state && states.push(state),
  })
}

async function live(points = 10, seq = 3): Promise<FakeSocket> {
  start()
  await flush()
  const socket = newest()
  socket.open()
  socket.say({ type: 'balance', balance: balance(points, seq) })
  return socket
}

beforeEach(() => {
  vi.useFakeTimers({ now: Date.parse('2026-11-23T10:00:00Z') })
  vi.spyOn(Math, 'random').mockReturnValue(0.5)
  FakeSocket.all = []
  page = Object.assign(new EventTarget(), { hidden: false })
  network = { onLine: true }
  globalEvents = new EventTarget()
  messages = []
  states = []
  asked = []
  answers = { session: 200, ticket: 200, customer: CUSTOMER }
  vi.stubGlobal('document', page)
  vi.stubGlobal('navigator', network)
  vi.stubGlobal('WebSocket', FakeSocket)
  vi.stubGlobal('addEventListener', globalEvents.addEventListener.bind(globalEvents))
  vi.stubGlobal('fetch', async (url: string, init: RequestInit) => {
    asked.push(`${init.method ?? 'GET'} ${url}`)
    const isSession = url.endsWith('/session')
    const expires_at = new Date(Date.now() + 15 * 60_000).toISOString()
    const body = isSession
      ? { token: `token-${asked.length}`, expires_at, app: 'https://app.example', customer_id: answers.customer }
      : { ticket: 't', url: `wss://app.example/api/points/stream?ticket=${asked.length}` }
    return Response.json(body, { status: isSession ? answers.session : answers.ticket })
  })
})

afterEach(() => {
  stop()
  vi.useRealTimers()
  vi.unstubAllGlobals()
  vi.restoreAllMocks()
})

test('session, ticket, socket; then the balance and each change', async () => {
  const socket = await live(10, 3)
  socket.say(change(69, 4))
  expect(asked).toEqual(['GET /apps/loyalnest/session', 'POST https://app.example/v1/api/points/stream/ticket'])
  expect(socket.url).toBe('wss://app.example/api/points/stream?ticket=2')
  expect(messages.map(pointsOf)).toEqual([10, 69])
  expect(states).toEqual(['connecting', 'live'])
})

test('where nobody is logged in it says so, and tries nothing more', async () => {
  answers.customer = null
  start()
  await vi.advanceTimersByTimeAsync(10 * 60_000)
  expect(states).toEqual(['connecting', 'visitor'])
  expect(asked).toEqual(['GET /apps/loyalnest/session'])
})

test('out of the page cache it asks again who is there; another customer starts from the beginning', async () => {
  await live(10, 3)
  answers.customer = OTHER_CUSTOMER
  globalEvents.dispatchEvent(Object.assign(new Event('pageshow'), { persisted: true }))
  await flush()
  expect(asked.filter((line) => line.includes('/session'))).toHaveLength(2)
  expect(new URL(newest().url).searchParams.has('last_seq')).toBe(false)
})

test('what a redemption says is told whatever the seq', async () => {
  const socket = await live(10, 3)
  socket.say({ type: 'redemption', redemption: REDEMPTION })
  expect(messages.at(-1)).toEqual({ type: 'redemption', redemption: REDEMPTION })
})

test('a lost connection comes back after a jittered delay that doubles, and resumes after the last seq', async () => {
  const first = await live(10, 3)
  answers.ticket = 503
  first.end(1006)
  expect(states.at(-1)).toBe('offline')
  await vi.advanceTimersByTimeAsync(249)
  expect(asked).toHaveLength(2)
  await vi.advanceTimersByTimeAsync(1)
  expect(asked).toHaveLength(3)
  answers.ticket = 200
  await vi.advanceTimersByTimeAsync(499)
  expect(FakeSocket.all).toHaveLength(1)
  await vi.advanceTimersByTimeAsync(1)
  expect(new URL(newest().url).searchParams.get('last_seq')).toBe('3')
})

test('the delay never grows beyond 30 seconds', async () => {
  answers.session = 503
  vi.mocked(Math.random).mockReturnValue(1)
  start()
  await vi.advanceTimersByTimeAsync(10 * 60_000)
  const before = asked.length
  await vi.advanceTimersByTimeAsync(30_000)
  expect(asked.length - before).toBe(1)
})

test('a change that a resume repeats is not reported again', async () => {
  const first = await live(10, 3)
  first.say(change(69, 4))
  first.end(1012)
  await vi.advanceTimersByTimeAsync(250)
  newest().open()
  newest().say(change(69, 4))
  newest().say(change(128, 5))
  expect(messages.map(seqOf)).toEqual([3, 4, 5])
})

test('a quiet connection is pinged; a dead one is given up', async () => {
  const socket = await live()
  await vi.advanceTimersByTimeAsync(30_000)
  expect(socket.sent).toEqual(['ping'])
  socket.say('pong')
  await vi.advanceTimersByTimeAsync(30_000)
  expect(socket.sent).toEqual(['ping', 'ping'])
  await vi.advanceTimersByTimeAsync(10_000)
  expect(socket.closed).toBe(true)
  expect(states.at(-1)).toBe('offline')
})

test.each([4401, 4429])('close code %i ends it for good', async (code) => {
  const socket = await live()
  socket.end(code)
  await vi.advanceTimersByTimeAsync(10 * 60_000)
  expect(states.at(-1)).toBe('stopped')
  expect(FakeSocket.all).toHaveLength(1)
})

test('after a merge it takes a new session and starts from the beginning', async () => {
  const socket = await live()
  socket.end(4410)
  await vi.advanceTimersByTimeAsync(250)
  expect(asked.filter((line) => line.includes('/session'))).toHaveLength(2)
  expect(new URL(newest().url).searchParams.has('last_seq')).toBe(false)
})

test('a token that the app no longer takes is renewed', async () => {
  answers.ticket = 401
  start()
  await flush()
  answers.ticket = 200
  await vi.advanceTimersByTimeAsync(250)
  expect(asked.filter((line) => line.includes('/session'))).toHaveLength(2)
  expect(FakeSocket.all).toHaveLength(1)
})

test('a token is good for a minute at least: it is renewed before it ends', async () => {
  await live()
  const first = await session.current()
  await vi.advanceTimersByTimeAsync(13 * 60_000)
  expect(await session.current()).toBe(first)
  await vi.advanceTimersByTimeAsync(61_000)
  expect(await session.current()).not.toBe(first)
})

test('hidden for a minute it rests; shown again it resumes', async () => {
  const socket = await live()
  page.hidden = true
  page.dispatchEvent(new Event('visibilitychange'))
  await vi.advanceTimersByTimeAsync(30_000)
  socket.say('pong')
  await vi.advanceTimersByTimeAsync(29_999)
  expect(socket.closed).toBe(false)
  await vi.advanceTimersByTimeAsync(1)
  expect(socket.closed).toBe(true)
  await vi.advanceTimersByTimeAsync(60 * 60_000)
  expect(FakeSocket.all).toHaveLength(1)
  page.hidden = false
  page.dispatchEvent(new Event('visibilitychange'))
  await flush()
  expect(new URL(newest().url).searchParams.get('last_seq')).toBe('3')
})

test('offline it waits for the network and returns at once with it', async () => {
  const socket = await live()
  network.onLine = false
  globalEvents.dispatchEvent(new Event('offline'))
  expect(socket.closed).toBe(true)
  await vi.advanceTimersByTimeAsync(10 * 60_000)
  expect(FakeSocket.all).toHaveLength(1)
  network.onLine = true
  globalEvents.dispatchEvent(new Event('online'))
  await flush()
  expect(FakeSocket.all).toHaveLength(2)
})

test('what arrives after stop() is ignored', async () => {
  const socket = await live()
  stop()
  socket.say(change(69, 4))
  await vi.advanceTimersByTimeAsync(10 * 60_000)
  expect(messages).toHaveLength(1)
  expect(FakeSocket.all).toHaveLength(1)
})
