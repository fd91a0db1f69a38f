import { spawn } from 'node:child_process'
import { randomInt, randomUUID } from 'node:crypto'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { createInterface } from 'node:readline'
import { setTimeout as delay } from 'node:timers/promises'
import { afterAll, beforeAll, expect, inject, test } from 'vitest'
import { z } from 'zod'
import { Device, PosRecord, PosSyncAnswer } from '../../domain/contracts/pos.ts'
import { RewardsPage } from '../../domain/contracts/rewards.ts'
import { publicKeyOf, signedHeaders } from '../../web/extensions/pos/till/device.ts'
import { TillQueue } from '../../web/extensions/pos/till/queue.ts'
import { SYNC_PATH, TillSync } from '../../web/extensions/pos/till/sync.ts'
import { fileKeys, fileStorage } from '../pos/files.ts'
import { ShiftLine } from '../pos/shift.ts'
import { apiOf } from '../testing/api.ts'

/**
 * A till of the reference client against the real Worker: its process is killed with SIGKILL in the middle of sales, its
 * network loses requests and answers, its clock is a year off. In the end LoyalNest has each sale exactly once.
 */

const info = inject('stack')
const api = apiOf(info)
const YEAR_MS = 365 * 86_400_000
const CUSTOMERS = Array.from({ length: 4 }, () => String(randomInt(1_000_000_000, 9_999_999_999)))
const folder = mkdtempSync(path.join(tmpdir(), 'loyalnest-till-'))
const network = createServer((request, response) => void forward(request, response))
/** What reached the server, as it was sent. */
const uploads: { readonly headers: Record<string, string>; readonly body: string }[] = []

/** Of five requests one never arrives, one gets no answer, one a 503; two go through. */
async function forward(request: IncomingMessage, response: ServerResponse): Promise<void> {
  const chunks: Buffer[] = []
  for await (const chunk of request) chunks.push(Buffer.from(chunk))
  const luck = randomInt(5)
  if (luck === 0) return void request.socket.destroy()
  if (luck === 1) return void response.writeHead(503, { 'retry-after': '1' }).end('{}')
  const body = Buffer.concat(chunks).toString()
  const headers = Object.fromEntries(
    Object.entries(request.headers).flatMap(([name, value]) =>
      name.startsWith('x-loyalnest') || name === 'content-type' ? [[name, String(value)]] : [],
    ),
  )
  if (request.url === SYNC_PATH) uploads.push({ headers, body })
  const answer = await fetch(info.app + (request.url ?? ''), { method: 'POST', headers, body })
  const text = await answer.text()
  if (luck === 2) return void request.socket.destroy()
  response.writeHead(answer.status, { 'content-type': answer.headers.get('content-type') ?? '' }).end(text)
}

let origin = ''
beforeAll(async () => {
  network.listen(0, '127.0.0.1')
  await once(network, 'listening')
  const address = network.address()
  origin = `http://127.0.0.1:${typeof address === 'object' ? address?.port : ''}`
})
afterAll(() => {
  network.close()
  network.closeAllConnections()
  rmSync(folder, { recursive: true, force: true })
})

async function newTill(name: string) {
  const dir = path.join(folder, name)
  const keys = await fileKeys(dir)
  const body = { name, public_key: await publicKeyOf(crypto.subtle, keys) }
  const answer = await api.call('POST', '/v1/api/devices', body)
  expect(answer.status).toBe(201)
  const device = Device.parse(await answer.json())
  await new TillQueue({ storage: fileStorage(dir) }).register(device.id)
  return { dir, keys, device }
}
type Till = Awaited<ReturnType<typeof newTill>>

function syncOf({ dir, keys }: Till, address = info.app) {
  const queue = new TillQueue({ storage: fileStorage(dir) })
  const { privateKey } = keys
  return { queue, sync: new TillSync({ queue, subtle: crypto.subtle, privateKey, origin: address, fetch }) }
}

/** Sends until all is through. */
async function drain(till: Till): Promise<void> {
  const { queue, sync } = syncOf(till)
  for (let tries = 0; tries < 20; tries++) {
    await sync.sync()
    sync.stop()
    if ((await queue.summary()).queued === 0) return
    await delay(200)
  }
  expect(sync.state).toBe('through')
}

/** The till works for a while, then it is switched off. Answers what it had said by then. */
async function shift({ dir }: Till, rewardId: string, clockOffMs: number): Promise<ShiftLine[]> {
  const options = { dir, origin, customers: CUSTOMERS.join(','), reward: rewardId, currency: 'EUR', haste: '40' }
  const args = Object.entries({ ...options, 'clock-off-ms': String(clockOffMs) }).map(
    ([name, value]) => `--${name}=${value}`,
  )
  const child = spawn(process.execPath, [path.join(import.meta.dirname, '../pos/shift.ts'), ...args], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  const lines: ShiftLine[] = []
  const reader = createInterface({ input: child.stdout })
  const end = once(reader, 'close')
  const goesOn = 20 + randomInt(60)
  reader.on('line', (line) => {
    // The last line may have been cut off: then nothing was promised.
    if (line.endsWith('}')) lines.push(ShiftLine.parse(JSON.parse(line)))
    if (lines.length === goesOn) child.kill('SIGKILL')
  })
  await end
  return lines
}

const PosItems = z.object({ items: z.array(PosRecord), next_cursor: z.string().nullable() })

/** All that LoyalNest has of a till, in its order, once it has arrived in Postgres. */
async function recordsOf({ device }: Till, count: number): Promise<PosRecord[]> {
  for (let tries = 0; ; tries++) {
    const records: PosRecord[] = []
    let cursor: string | null = ''
    while (cursor !== null) {
      const query = new URLSearchParams({ device_id: device.id, limit: '100', ...(cursor && { cursor }) })
      const answer = await api.call('GET', `/v1/api/devices/items?${query.toString()}`)
      const page = PosItems.parse(await answer.json())
      records.push(...page.items)
      cursor = page.next_cursor
    }
    if (records.length >= count || tries === 60) return records.toSorted((a, b) => a.record - b.record)
    await delay(250)
  }
}

/** A reward that a till can give. */
async function reservableReward(): Promise<{ readonly id: string; readonly points: number }> {
  const { rewards } = RewardsPage.parse(await (await api.call('GET', '/v1/api/rewards?limit=100')).json())
  for (const { id, cost, status, value, limit_total, limit_per_customer } of rewards) {
    const isFree = limit_total === null && limit_per_customer === null && value.type === 'amount_off'
    if (isFree && cost.kind === 'fixed' && status === 'active') return { id, points: cost.points }
  }
  throw new Error('the demo shop has no reward for tills')
}

async function upload(headers: Record<string, string>, body: string) {
  const answer = await fetch(info.app + SYNC_PATH, { method: 'POST', headers, body })
  return { status: answer.status, ...z.object({ code: z.string().optional() }).parse(await answer.json()) }
}

const balances = () => Promise.all(CUSTOMERS.map(async (customer) => (await api.balance(customer)).posted))

test(
  'a till that is killed over and over, behind a bad network, ends where LoyalNest does',
  { timeout: 120_000 },
  async () => {
    const till = await newTill('Corner shop')
    const reward = await reservableReward()
    const { queue, sync } = syncOf(till)
    expect(await sync.restock(reward.id, 5)).toBe(null)
    // What a sale earns, from the first one: the rule is the shop's.
    await queue.earn({ opId: 'the-first-sale', customerId: CUSTOMERS[0] ?? '', amount: '100.00', currency: 'EUR' })
    await drain(till)
    const [{ points: hundredEarns } = { points: 0 }] = await recordsOf(till, 1)
    expect(hundredEarns).toBeGreaterThan(0)

    const lines: ShiftLine[] = []
    for (const clockOffMs of [0, YEAR_MS, -YEAR_MS, 0, 90_000, -YEAR_MS]) {
      lines.push(...(await shift(till, reward.id, clockOffMs)))
    }
    await drain(till)

    const recorded = new Map(lines.filter(({ what }) => what === 'recorded').map((line) => [line.op_id, line]))
    const meant = new Map(lines.map((line) => [line.op_id, line]))
    expect(recorded.size).toBeGreaterThan(40)
    const { queue: after } = syncOf(till)
    const records = (await recordsOf(till, recorded.size + 1)).slice(1)
    const opIds = records.map(({ op_id }) => op_id ?? '')
    // Once each, all that was recorded, nothing that was not meant, and every number taken.
    expect(new Set(opIds).size).toBe(opIds.length)
    expect(opIds).toEqual(expect.arrayContaining([...recorded.keys()]))
    expect(opIds.filter((opId) => !meant.has(opId))).toEqual([])
    expect(records.map(({ device_seq }) => device_seq)).toEqual(records.map((_, at) => at + 2))
    const handedOut = records.flatMap(({ kind, code }) => (kind === 'redeem' && code !== null ? [code] : []))
    expect(handedOut.length).toBeGreaterThan(0)
    expect(new Set(handedOut).size).toBe(handedOut.length)
    const outcomes = records.map(({ kind, result, reason, points }) => ({ kind, result, reason, points }))
    expect(outcomes).toEqual(
      records.map(({ op_id, kind, result }) => {
        if (kind === 'earn') {
          const points = ((meant.get(op_id ?? '')?.amount ?? 0) * hundredEarns) / 100
          return { kind, result: 'accepted', reason: null, points }
        }
        return result === 'rejected'
          ? { kind, result, reason: 'overdraft_customer', points: 0 }
          : { kind, result, reason: null, points: -reward.points }
      }),
    )
    // The ledgers say the same as the records.
    const customers = await Promise.all(CUSTOMERS.map((customer) => api.balance(customer)))
    const booked = customers.map(({ customer_id: id }) =>
      records.filter((record) => record.customer_id === id).reduce((sum, { points }) => sum + points, 0),
    )
    booked[0] = (booked[0] ?? 0) + hundredEarns
    expect(customers.map(({ posted }) => posted)).toEqual(booked)
    expect(await after.summary()).toMatchObject({ queued: 0 })

    // Everything again, ten times, in any order: each request is as valid as the first time, and changes nothing.
    const before = await balances()
    for (let time = 0; time < 10; time++) {
      const { headers, body } = uploads[randomInt(uploads.length)] ?? { headers: {}, body: '' }
      const answer = await fetch(info.app + SYNC_PATH, { method: 'POST', headers, body })
      expect(answer.status).toBe(200)
      const { results } = PosSyncAnswer.parse(await answer.json())
      expect(new Set(results.map(({ result }) => result))).toEqual(new Set(['duplicate']))
    }
    expect(await balances()).toEqual(before)
  },
)

test('a till whose key was revoked is told so, and nothing that it signed is taken any more', async () => {
  const till = await newTill('Lost till')
  const { queue, sync } = syncOf(till)
  await queue.earn({ customerId: CUSTOMERS[1] ?? '', amount: '10.00', currency: 'EUR' })
  const before = await balances()
  const revoked = await api.call('POST', `/v1/api/devices/${till.device.id}/revoke`, undefined)
  expect(Device.parse(await revoked.json()).revoked_at).not.toBe(null)
  // Copies of its key live for up to 5 seconds, wherever one was read.
  await sync.sync()
  expect(sync.state).toMatchObject({ problem: 'device_revoked', retryInMs: null })
  expect((await queue.summary()).queued).toBe(1)
  expect(await balances()).toEqual(before)
  expect(await queue.abandon()).toHaveLength(1)
})

test('a forged signature, or one of another body, is refused', async () => {
  const till = await newTill('Honest till')
  const other = await newTill('Forger')
  const item = { kind: 'void', op_id: randomUUID(), device_seq: 1, at: new Date().toISOString() }
  const body = JSON.stringify({ sent_at: new Date().toISOString(), items: [item] })
  const bytes = new Uint8Array(new TextEncoder().encode(body))
  const forged = await signedHeaders(crypto.subtle, other.keys.privateKey, till.device.id, SYNC_PATH, bytes)
  expect(await upload(forged, body)).toMatchObject({ status: 401, code: 'device_signature_invalid' })
  const signed = await signedHeaders(crypto.subtle, till.keys.privateKey, till.device.id, SYNC_PATH, bytes)
  expect(await upload(signed, `${body} `)).toMatchObject({ status: 401, code: 'device_signature_invalid' })
  expect(await upload(signed, body)).toMatchObject({ status: 200 })
})
