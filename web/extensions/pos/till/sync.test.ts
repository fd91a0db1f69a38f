import { afterEach, describe, expect, it, vi } from 'vitest'
import { z } from 'zod'
import { PosBatch, type PosItem } from '../../../../domain/contracts/pos.ts'
import { DEVICE_HEADERS, deviceSigningText } from '../../../../domain/contracts/pos-signing.ts'
import { makeDeviceKeys, publicKeyOf } from './device.ts'
import { TillQueue } from './queue.ts'
import { type SyncState, TillSync } from './sync.ts'
import { DEVICE, type Disk, FakeLoyalNest, pluggedStorage, REWARD, sale, tillOn } from './testing.ts'

const ORIGIN = 'https://app.example'
const keys = await makeDeviceKeys(crypto.subtle)

const Body = z.object({ items: z.array(z.custom<PosItem>()).default([]) })
const textOf = (body: RequestInit['body']) => (body instanceof Uint8Array ? new TextDecoder().decode(body) : '')

/** A request as it reached the server. */
interface Sent {
  readonly url: string
  readonly body: string
  readonly items: readonly PosItem[]
  readonly headers: Headers
}

const problem = (status: number, code: string, headers: Record<string, string> = {}) =>
  Response.json({ title: code, code, detail: `because of ${code}` }, { status, headers })

/** A registered till with so many sales, and a network in the test's hands. */
async function shop({ sales = 0, disk = new Map<string, string>() }: { sales?: number; disk?: Disk } = {}) {
  const server = new FakeLoyalNest()
  const queue = tillOn(disk)
  await queue.register(DEVICE)
  for (let at = 0; at < sales; at++) await queue.earn(sale(`sale-number-${at}`))
  const sent: Sent[] = []
  const states: SyncState[] = []
  let underWay = 0
  let mostUnderWay = 0
  const net = {
    answer: (one: Sent): Response | Promise<Response> => Response.json(server.sync(one.items)),
  }
  const sync = new TillSync({
    queue,
    subtle: crypto.subtle,
    privateKey: keys.privateKey,
    origin: ORIGIN,
    random: () => 1,
    onState: (state) => states.push(state),
    fetch: async (url, { body, headers, signal }) => {
      const text = textOf(body)
      const { items } = Body.parse(JSON.parse(text))
      const one = { url, body: text, items, headers: new Headers(headers) }
      sent.push(one)
      mostUnderWay = Math.max(mostUnderWay, ++underWay)
      try {
        const aborted = new Promise<never>((_, fail) => signal?.addEventListener('abort', () => fail(signal.reason)))
        return await Promise.race([aborted, net.answer(one)])
      } finally {
        underWay--
      }
    },
  })
  return { server, queue, sync, sent, states, net, mostUnderWay: () => mostUnderWay }
}

afterEach(() => {
  vi.useRealTimers()
})

describe('a batch', () => {
  it('is signed with a key that cannot leave the device', async () => {
    const { sync, sent } = await shop({ sales: 1 })
    await sync.sync()
    const [{ url, body, headers } = { url: '', body: '', headers: new Headers() }] = sent
    expect(url).toBe('https://app.example/v1/api/points/sync')
    expect(PosBatch.safeParse(JSON.parse(body)).error).toBeUndefined()
    const bytes = new TextEncoder().encode(body)
    const digest = new Uint8Array(await crypto.subtle.digest('SHA-256', bytes))
    const hex = Array.from(digest, (byte) => byte.toString(16).padStart(2, '0')).join('')
    const text = new TextEncoder().encode(deviceSigningText('POST', '/v1/api/points/sync', DEVICE, hex))
    const jwk = await publicKeyOf(crypto.subtle, keys)
    const key = await crypto.subtle.importKey('jwk', jwk, { name: 'ECDSA', namedCurve: 'P-256' }, true, ['verify'])
    const base64 = headers.get(DEVICE_HEADERS.signature) ?? ''
    const signature = Uint8Array.from(atob(base64), (letter) => letter.codePointAt(0) ?? 0)
    expect(headers.get(DEVICE_HEADERS.device)).toBe(DEVICE)
    expect(signature).toHaveLength(64)
    expect(await crypto.subtle.verify({ name: 'ECDSA', hash: 'SHA-256' }, key, signature, text)).toBe(true)
    await expect(crypto.subtle.exportKey('pkcs8', keys.privateKey)).rejects.toThrow('not extractable')
  })

  it('has at most 500 items and 1 MiB; the rest follows', async () => {
    const { sync, sent, server } = await shop({ sales: 1201 })
    await sync.sync()
    expect(sent.map(({ items }) => items.length)).toEqual([500, 500, 201])
    expect(server.booked.map((item) => item.device_seq)).toEqual(Array.from({ length: 1201 }, (_, at) => at + 1))
    expect(sync.state).toEqual({ sending: false, problem: null, detail: null, retryInMs: null })
  })

  it('of long items stays within 1 MiB', async () => {
    const { queue, sync, sent, server } = await shop()
    const long = { customerId: '1', amount: '1.00', currency: 'EUR', receipt: '€'.repeat(1200) }
    for (let at = 0; at < 400; at++) await queue.earn({ ...long, opId: `long-sale-${at}` })
    await sync.sync()
    expect(server.booked).toHaveLength(400)
    expect(sent.length).toBeGreaterThan(1)
    for (const { body } of sent) expect(new TextEncoder().encode(body).length).toBeLessThanOrEqual(1_048_576)
    await expect(queue.earn({ ...long, opId: 'too-long-sale', receipt: '€'.repeat(1400) })).rejects.toThrow(RangeError)
  })

  it('is the only one under way, however often somebody asks', async () => {
    const { sync, net, server, queue, mostUnderWay } = await shop({ sales: 700 })
    net.answer = async ({ items }) => {
      await new Promise((resolve) => setTimeout(resolve, 5))
      sync.wake()
      return Response.json(server.sync(items))
    }
    void sync.sync()
    sync.wake()
    const recorded = queue.earn(sale('sale-meanwhile')).then(() => sync.wake())
    await Promise.all([sync.sync(), sync.sync(), recorded])
    await sync.sync()
    expect(mostUnderWay()).toBe(1)
    expect(server.booked).toHaveLength(701)
  })
})

describe('what was not acknowledged is kept', () => {
  it.each([
    ['the network is down', () => Promise.reject(new TypeError('fetch failed')), 'unreachable'],
    ['the Wi-Fi answers with its login page', () => new Response('<html>Welcome'), 'unreachable'],
    ['something answers JSON of its own', () => Response.json({ ok: true }), 'unreachable'],
    ['LoyalNest has an outage', () => problem(503, 'unavailable'), 'busy'],
    ['LoyalNest does not know such requests', () => problem(404, 'not_found'), 'refused'],
    ['a proxy wants a password', () => new Response('login', { status: 401 }), 'refused'],
  ] as const)('while %s, and sent later', async (_what, answer, kind) => {
    vi.useFakeTimers()
    const { sync, net, server, sent, states } = await shop({ sales: 3 })
    const good = net.answer
    net.answer = answer
    await sync.sync()
    expect(sync.state).toMatchObject({ sending: false, problem: kind, retryInMs: 2000 })
    // A new sale does not hurry it.
    sync.wake()
    await vi.advanceTimersByTimeAsync(1999)
    expect(sent).toHaveLength(1)
    await vi.advanceTimersByTimeAsync(1)
    await vi.waitFor(() => expect(sync.state.retryInMs).toBe(4000))
    expect(sent).toHaveLength(2)
    net.answer = good
    await sync.sync()
    expect(server.booked).toHaveLength(3)
    expect(states.at(-1)).toEqual({ sending: false, problem: null, detail: null, retryInMs: null })
  })

  it('when the answer is lost, and the second time it is a duplicate', async () => {
    const { sync, net, server, queue } = await shop({ sales: 3 })
    const good = net.answer
    net.answer = (one) => {
      void good(one)
      throw new TypeError('connection reset')
    }
    for (let time = 0; time < 10; time++) await sync.sync()
    expect(server.booked).toHaveLength(3)
    net.answer = good
    await sync.sync()
    sync.stop()
    expect(server.booked).toHaveLength(3)
    expect(server.complaints).toEqual([])
    expect((await queue.summary()).queued).toBe(0)
  })

  it('when nothing answers for half a minute', async () => {
    vi.useFakeTimers()
    const { sync, net, sent } = await shop({ sales: 1 })
    net.answer = () => new Promise(() => undefined)
    const round = sync.sync()
    await vi.waitFor(() => expect(sent).toHaveLength(1))
    await vi.advanceTimersByTimeAsync(30_000)
    await round
    expect(sync.state).toMatchObject({ problem: 'unreachable', detail: 'No answer in time.' })
    sync.stop()
  })

  it('as long as LoyalNest says, in seconds or as a date, but never for more than an hour', async () => {
    for (const [header, wantedMs] of [
      ['120', 120_000],
      [new Date(Date.now() + 60_500).toUTCString(), 60_000],
      ['86400', 3_600_000],
      [new Date(Date.now() + 1e11).toUTCString(), 3_600_000],
      ['soon', 2000],
    ] as const) {
      const { sync, net } = await shop({ sales: 1 })
      net.answer = () => problem(429, 'rate_limited', { 'retry-after': header })
      await sync.sync()
      sync.stop()
      expect(Math.abs((sync.state.retryInMs ?? 0) - wantedMs)).toBeLessThan(1000)
      expect(sync.state.problem).toBe('busy')
    }
  })

  it('with pauses that grow up to a quarter of an hour', async () => {
    const { sync, net } = await shop({ sales: 1 })
    net.answer = () => problem(500, 'internal')
    const pauses = []
    for (let time = 0; time < 12; time++) {
      await sync.sync()
      pauses.push(sync.state.retryInMs)
    }
    sync.stop()
    expect(pauses.slice(0, 4)).toEqual([2000, 4000, 8000, 16_000])
    expect(pauses.slice(-2)).toEqual([900_000, 900_000])
  })

  it('where LoyalNest put it off, and nothing overtakes it', async () => {
    const { sync, server, queue } = await shop({ sales: 5 })
    server.judge = ({ device_seq }) => (device_seq === 3 ? 'unavailable' : null)
    await sync.sync()
    expect(sync.state).toMatchObject({ problem: 'busy', retryInMs: 2000 })
    expect((await queue.summary()).queued).toBe(3)
    server.judge = () => null
    await sync.sync()
    expect(server.booked.map((item) => item.device_seq)).toEqual([1, 2, 3, 4, 5])
  })

  it('in smaller batches where something on the way finds them too large', async () => {
    const { sync, net, sent, server } = await shop({ sales: 100 })
    net.answer = ({ items }) =>
      items.length > 30 ? problem(413, 'payload_too_large') : Response.json(server.sync(items))
    await sync.sync()
    expect(server.booked).toHaveLength(100)
    expect(sent.slice(0, 3).map(({ items }) => items.length)).toEqual([100, 50, 25])
  })

  it('when it alone is too large for whatever is on the way', async () => {
    const { sync, net, queue } = await shop({ sales: 2 })
    net.answer = () => problem(413, 'payload_too_large')
    await sync.sync()
    sync.stop()
    expect(sync.state.problem).toBe('refused')
    expect((await queue.summary()).queued).toBe(2)
  })

  it('where the storage fails between the answer and the note of it', async () => {
    const disk: Disk = new Map()
    const { server } = await shop({ sales: 3, disk })
    const plug = pluggedStorage(disk, 1)
    const fetch = async (_url: string, { body }: RequestInit) =>
      Response.json(server.sync(Body.parse(JSON.parse(textOf(body))).items))
    const common = { subtle: crypto.subtle, privateKey: keys.privateKey, origin: ORIGIN, fetch }
    const sync = new TillSync({ ...common, queue: new TillQueue({ storage: plug.storage }) })
    await sync.sync()
    sync.stop()
    expect(sync.state.problem).toBe('storage')
    await new TillSync({ ...common, queue: tillOn(disk) }).sync()
    expect(server.booked).toHaveLength(3)
    expect((await tillOn(disk).summary()).queued).toBe(0)
  })

  it('but not for ever at full speed, where the numbers cannot be mended', async () => {
    const { sync, net, sent, server } = await shop({ sales: 1 })
    net.answer = ({ items }) => {
      const answer = server.sync(items.map((item) => ({ ...item, device_seq: 1e6 })))
      const results = answer.results.map((result, at) => Object.assign(result, { device_seq: items[at]?.device_seq }))
      return Response.json({ ...answer, next_device_seq: 1, results })
    }
    await sync.sync()
    sync.stop()
    expect(sync.state.problem).toBe('busy')
    expect(sent.length).toBeLessThan(6)
  })
})

describe('a key that is not taken', () => {
  it.each(['device_revoked', 'device_unknown', 'device_signature_invalid'] as const)(
    'stops the till: %s',
    async (code) => {
      const { sync, net, sent, queue, states } = await shop({ sales: 2 })
      net.answer = () => problem(401, code)
      await sync.sync()
      expect(states.at(-1)).toEqual({ sending: false, problem: code, detail: `because of ${code}`, retryInMs: null })
      await queue.earn(sale('sale-after-that'))
      sync.wake()
      expect(sent).toHaveLength(1)
      expect((await queue.summary()).queued).toBe(3)
    },
  )
})

describe('reserved codes', () => {
  it('are fetched with a signed request and survive the power cut', async () => {
    const disk: Disk = new Map()
    const { sync, net, server, sent } = await shop({ disk })
    net.answer = () => Response.json({ codes: server.reserve(3) })
    expect(await sync.restock(REWARD, 3)).toBe(null)
    expect(sent[0]).toMatchObject({
      url: 'https://app.example/v1/api/points/sync/codes',
      body: JSON.stringify({ reward_id: REWARD, count: 3 }),
    })
    expect((await tillOn(disk).summary()).codes).toHaveLength(3)
    net.answer = () => problem(503, 'unavailable')
    expect(await sync.restock(REWARD, 3)).toBe('because of unavailable')
    expect((await tillOn(disk).summary()).codes).toHaveLength(3)
  })

  it('wait for a batch under way: what is told of them must not be older than it', async () => {
    const { sync, net, server, queue, mostUnderWay } = await shop()
    await queue.stock(REWARD, server.reserve(1))
    await queue.redeem({ opId: 'some-taking', customerId: '1', rewardId: REWARD })
    net.answer = async ({ url, items }) => {
      await new Promise((resolve) => setTimeout(resolve, 5))
      return Response.json(url.endsWith('codes') ? { codes: server.reserve(1) } : server.sync(items))
    }
    await Promise.all([sync.sync(), sync.restock(REWARD, 1)])
    expect(mostUnderWay()).toBe(1)
    expect((await queue.summary()).codes).toEqual([])
  })
})
