import { setTimeout as delay } from 'node:timers/promises'
import { z } from 'zod'
import type { LocalInfo } from '../tools/local/info.ts'
import { hammer, type LoadOptions, type LoadRequest, type LoadResult } from './load.ts'
import { orderToSocket, type StreamLatency } from './latency.ts'
import { orderPayload, signedWebhook } from '../tools/testing/webhooks.ts'

/** What a run of the benchmark found. */
export interface Results {
  readonly rates: readonly Rate[]
  readonly bookings: readonly Booking[]
  readonly streams: readonly StreamLatency[]
  readonly steadyWebhooks: LoadResult
}

/** One rate, and the peer it is held against. */
export interface Rate {
  readonly name: string
  readonly load: LoadResult
  readonly peer?: { readonly name: string; readonly budget?: number }
}

/** A burst of distinct orders, from the first webhook to the last booked point. */
export interface Booking {
  /** Whose orders they are. */
  readonly name: string
  readonly orders: number
  readonly answeredPerSecond: number
  readonly bookedPerSecond: number
  readonly cpuMsPerOrder: number
}

export interface Bench {
  readonly info: LocalInfo
  readonly peers: string
  readonly seconds: number
  readonly appCpuMs: () => number
  readonly peerCpuMs: () => number
  readonly progress: (line: string) => void
}

const CONNECTIONS = 32
const KNOWN_OBJECTS = 50
const BURST_ORDERS = 4000
const BURST_CUSTOMERS = 2000
const RETURNING_CUSTOMERS = 200

/** Runs every measure, one after the other, on the same stack. */
export async function measureAll(bench: Bench): Promise<Results> {
  const streams: StreamLatency[] = []
  for (const [perSecond, firstCustomer] of [
    [28, 3_000_000],
    [278, 4_000_000],
  ] as const) {
    bench.progress(`order → socket at ${perSecond}/s`)
    streams.push(await orderToSocket(bench.info, perSecond, bench.seconds * 2, firstCustomer))
  }
  bench.progress('webhook answers at a steady 100/s')
  const returning = webhooks(bench.info, 5000, 1, { customers: RETURNING_CUSTOMERS })
  const steadyWebhooks = await hammer({ ...appLoad(bench, returning), perSecond: 100 })
  await quiet(bench)
  const rates = await measureRates(bench)
  const bookings = [
    await measureBooking(bench, 'customers who never bought before', 0),
    await measureBooking(bench, 'the same customers again', 1),
  ]
  return { rates, bookings, streams, steadyWebhooks }
}

const get = (path: string): LoadRequest[] => [{ method: 'GET', path }]

const bareWrites = (count: number, name: string): LoadRequest[] =>
  Array.from({ length: count }, (_, at) => ({ method: 'GET', path: `/write?id=${name}${at}` }))
const commands: readonly LoadRequest[] = Array.from({ length: KNOWN_OBJECTS }, (_, at) => ({
  method: 'GET',
  path: `/command?id=${at}`,
}))

async function measureRates(bench: Bench): Promise<Rate[]> {
  const { info } = bench
  const authorization = `Bearer ${info.api_key}`
  const [customer] = info.customers
  const balance: LoadRequest[] = [
    {
      method: 'GET',
      path: `/v1/api/points/balance?customer_id=${encodeURIComponent(customer?.id ?? '')}`,
      headers: { authorization },
    },
  ]
  const known = earnings(authorization, 60_000, KNOWN_OBJECTS)
  const plan: { name: string; run: () => Promise<LoadResult>; peer?: Rate['peer'] }[] = [
    { name: 'bare hello', run: () => hammer(peerLoad(bench, get('/hello'))) },
    { name: 'bare object read', run: () => hammer(peerLoad(bench, get('/read'))), peer: { name: 'bare hello' } },
    {
      name: 'bare durable write in an object',
      run: () => warmed(peerLoad(bench, bareWrites(KNOWN_OBJECTS, 'known'))),
      peer: { name: 'bare hello' },
    },
    {
      name: 'bare first write in a new object',
      run: () => hammer(peerLoad(bench, bareWrites(60_000, 'new'))),
      peer: { name: 'bare durable write in an object' },
    },
    {
      name: 'balance read',
      run: () => hammer(appLoad(bench, balance)),
      peer: { name: 'bare hello', budget: 0.25 },
    },
    {
      name: 'ledger command in the object',
      run: () => warmed(peerLoad(bench, commands)),
      peer: { name: 'bare durable write in an object', budget: 0.7 },
    },
    {
      name: 'the same over the API (`POST /v1/api/points/earn`)',
      run: () => warmed(appLoad(bench, known)),
      peer: { name: 'bare durable write in an object' },
    },
    {
      name: 'the same over the API, first of a new customer',
      run: () => hammer(appLoad(bench, earnings(authorization, 20_000, 20_000))),
      peer: { name: 'bare first write in a new object' },
    },
    {
      name: 'webhook answer',
      // Test orders: answered like any other, and nothing is booked, which would share workerd's one thread.
      run: () => hammer(appLoad(bench, webhooks(info, 5000, 2, { test: true }))),
      peer: { name: 'bare hello', budget: 0.15 },
    },
  ]
  const rates: Rate[] = []
  for (const { name, run, peer } of plan) {
    bench.progress(name)
    rates.push({ name, load: await run(), ...(peer === undefined ? {} : { peer }) })
    await quiet(bench)
  }
  return rates
}

/** Sends a burst and waits until the last of its orders is in its customer's ledger. */
async function measureBooking(bench: Bench, name: string, round: number): Promise<Booking> {
  bench.progress(`a burst of ${BURST_ORDERS} orders: ${name}`)
  const firstOrder = round * BURST_ORDERS
  const requests = webhooks(bench.info, firstOrder + BURST_ORDERS, 3).slice(firstOrder)
  const cpuBeforeMs = bench.appCpuMs()
  const beginMs = performance.now()
  const load = await hammer({ ...appLoad(bench, requests), amount: BURST_ORDERS })
  if (load.failed > 0) throw new Error(`${load.failed} of ${BURST_ORDERS} webhooks were not answered with 200`)
  const last = Array.from({ length: 50 }, (_, at) => String(customerOf(3, BURST_CUSTOMERS - 1 - at)))
  const each = (firstOrder + BURST_ORDERS) / BURST_CUSTOMERS
  while ((await Promise.all(last.map((digits) => seqOf(bench.info, digits)))).some((seq) => seq < each)) await delay(50)
  const bookedMs = performance.now() - beginMs
  await quiet(bench)
  return {
    name,
    orders: BURST_ORDERS,
    answeredPerSecond: load.perSecond,
    bookedPerSecond: (BURST_ORDERS * 1000) / bookedMs,
    cpuMsPerOrder: (bench.appCpuMs() - cpuBeforeMs) / BURST_ORDERS,
  }
}

async function seqOf(info: LocalInfo, customerDigits: string): Promise<number> {
  const response = await fetch(`${info.app}/v1/api/points/balance?customer_id=${customerDigits}`, {
    headers: { authorization: `Bearer ${info.api_key}` },
  })
  return z.object({ seq: z.number() }).parse(await response.json()).seq
}

/** Waits until the Worker has nothing left to do, so that one measure does not pay for the one before. */
async function quiet(bench: Bench): Promise<void> {
  for (let idle = 0; idle < 4;) {
    const beforeMs = bench.appCpuMs()
    await delay(500)
    idle = bench.appCpuMs() - beforeMs <= 20 ? idle + 1 : 0
  }
}

const customerOf = (series: number, at: number): number => series * 10_000_000 + at

/** Signed orders, all different, spread over so many customers. */
function webhooks(
  info: LocalInfo,
  count: number,
  series: number,
  { test = false, customers = BURST_CUSTOMERS }: { test?: boolean; customers?: number } = {},
): LoadRequest[] {
  return Array.from({ length: count }, (_, at) =>
    signedWebhook(
      info,
      'orders/paid',
      orderPayload({
        order: String(series * 100_000_000 + at),
        customer: String(customerOf(series, at % customers)),
        test,
        lines: [{ price: '59.90' }],
      }),
    ),
  )
}

/** So many requests are sent before a measure that every object of it is in memory. */
async function warmed(load: LoadOptions): Promise<LoadResult> {
  await hammer({ ...load, amount: 2 * KNOWN_OBJECTS })
  return hammer(load)
}

function earnings(authorization: string, count: number, customers: number): LoadRequest[] {
  const run = crypto.randomUUID()
  return Array.from({ length: count }, (_, at) => ({
    method: 'POST',
    path: '/v1/api/points/earn',
    headers: { authorization, 'content-type': 'application/json', 'idempotency-key': `${run}-${at}` },
    body: JSON.stringify({ customer_id: String(customerOf(5 + customers, at % customers)), points: 1 }),
  }))
}

function appLoad(bench: Bench, requests: readonly LoadRequest[]) {
  return {
    origin: bench.info.app,
    requests,
    connections: CONNECTIONS,
    seconds: bench.seconds,
    serverCpuMs: bench.appCpuMs,
  }
}

function peerLoad(bench: Bench, requests: readonly LoadRequest[]) {
  return { ...appLoad(bench, requests), origin: bench.peers, serverCpuMs: bench.peerCpuMs }
}
