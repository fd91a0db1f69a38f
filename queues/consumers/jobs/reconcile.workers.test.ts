import { env } from 'cloudflare:workers'
import { describe, expect, it, vi } from 'vitest'
import { z } from 'zod'
import type { JobMessage } from '../../../domain/contracts/jobs.ts'
import { gid } from '../../../tools/shopify/customer.ts'
import { type Order, refundTotal, totals } from '../../../tools/shopify/order.ts'
import { randomOrders } from '../../../tools/shopify/random-orders.ts'
import { merchantHub } from '../../../durable-objects/kernel/stubs.ts'
import { historyState } from '../../../workers/integrations/shopify/orders/history.ts'
import { madeBetween, readOrders } from '../../../workers/integrations/shopify/orders/read.ts'
import { factsOfOrder } from '../../../workers/integrations/shopify/orders/facts.ts'
import { reconcileAll } from '../../../workers/scheduled/reconcile.ts'
import { findRun, type Run, startRun } from '../../../workers/platform/reconciliations.ts'
import {
  addHistory,
  connect,
  connectedShop,
  sessionToken,
  type TestShop,
  trouble,
} from '../../../workers/services/rewards/testing.ts'
import { call, get, newShop, post } from '../../../workers/gateway/testing.ts'
import { deliver, orderMessage, postedPoints } from '../../examples.ts'

const DAY_MS = 24 * 3_600_000
const CUSTOMERS = ['7412905541101', '7412905541102', '7412905541103'] as const

function idPrefix(): string {
  return `82${String(crypto.getRandomValues(new Uint32Array(1))[0]).padStart(10, '0')}`
}

/** Orders of the last days of a shop, as only Shopify knows them. */
async function shopWith(
  count: number,
  { days = 1, customers = CUSTOMERS }: { days?: number; customers?: readonly [string, ...string[]] } = {},
) {
  const shop = await connectedShop()
  const untilMs = Math.floor(Date.now() / 1_000) * 1_000
  const fromMs = untilMs - days * DAY_MS
  // Installed before, so that all of them earn.
  await env.CONTROL.prepare('UPDATE shops SET installed_at_ms = ?2 WHERE merchant_id = ?1')
    .bind(shop.merchantId, fromMs)
    .run()
  const orders = randomOrders({
    seed: shop.domain,
    count,
    fromMs,
    untilMs,
    customerIds: customers,
    idPrefix: idPrefix(),
    firstNumber: 1,
    kinds: 'plain',
  })
  await addHistory(shop, orders)
  return { shop, orders, customers, fromMs, untilMs }
}

/** What a plain order leaves its buyer: one point for each whole euro of goods that was kept. */
function pointsOf(order: Order): number {
  if (order.cancelledAt !== null) return 0
  const back = order.refunds.reduce((sum, refund) => sum + refundTotal({ ...refund, shipping: null }), 0)
  return Math.floor((totals(order).subtotal - back) / 100)
}

async function expectAllPoints(shop: TestShop, orders: readonly Order[], customers: readonly string[]): Promise<void> {
  const expected = customers.map((id) =>
    orders.reduce((sum, order) => (order.customerId === id ? sum + pointsOf(order) : sum), 0),
  )
  const posted = await Promise.all(customers.map((id) => postedPoints(shop.merchantId, gid('Customer', id))))
  expect(posted.map((points) => points ?? 0)).toEqual(expected)
}

/** Lets a run go to its end by the queue. */
async function runToEnd(shop: TestShop, kind: Run['kind'], fromMs: number, untilMs: number): Promise<Run> {
  const start = { id: crypto.randomUUID(), merchantId: shop.merchantId, kind, fromMs, untilMs, nowMs: Date.now() }
  expect(await startRun(env, start)).toBe(true)
  return endOf(shop, start.id)
}

function endOf(shop: TestShop, runId: string): Promise<Run> {
  return vi.waitFor(
    async () => {
      const run = await findRun(env, shop.merchantId, runId)
      if (run === undefined || run.finished_at_ms === null) throw new Error(`not at its end: ${JSON.stringify(run)}`)
      return run
    },
    { timeout: 120_000, interval: 200 },
  )
}

/** The order after an edit, where there is a piece to spare and nothing else has happened to it. */
function withOnePieceLess(order: Order): Order {
  const [line] = order.lines
  const isWhole = order.cancelledAt === null && order.refunds.length === 0
  if (!isWhole || line === undefined || line.quantity === 1) return order
  const updatedAt = new Date(Date.parse(order.updatedAt) + 2_000).toISOString()
  return Object.assign({}, order, { lines: [{ ...line, removed: 1 }], updatedAt, editedAt: updatedAt })
}

function worthOf(order: Order): number {
  const [line] = order.lines
  return line && line.removed > 0 ? Math.floor((line.unitPriceMinor * (line.quantity - 1)) / 100) : pointsOf(order)
}

const NOTHING_MISSING = {
  orders_missing: 0,
  refunds_missing: 0,
  cancellations_missing: 0,
  edits_missing: 0,
  points_booked: 0,
  refused: 0,
}

describe('a reconciliation', { timeout: 60_000 }, () => {
  it('books what webhooks did not tell, says how much that was, and finds nothing the second time', async () => {
    const { shop, orders, customers, fromMs, untilMs } = await shopWith(24)
    // Two thirds of the webhooks came.
    const reading = { env, shop, deadlineMs: Date.now() + 30_000 }
    const told = new Set(orders.filter((_, index) => index % 3 !== 0).map(({ id }) => gid('Order', id)))
    for (let after: string | null | undefined; after !== null;) {
      const page = await readOrders(reading, madeBetween(fromMs, untilMs), after ?? null)
      if (!page.ok) throw new Error(page.fault.kind)
      for (const whole of page.data.orders) {
        if (!told.has(whole.order.id)) continue
        const message = orderMessage(shop.merchantId, await factsOfOrder(env, shop.merchantId, whole))
        await deliver('loyalnest-webhooks', [message, message])
      }
      after = page.data.next
    }
    const lost = orders.filter(({ id }) => !told.has(gid('Order', id)))
    const run = await runToEnd(shop, 'reconcile', fromMs, untilMs)
    expect(run.state).toBe('done')
    expect(run.counts).toEqual({
      orders_total: orders.length,
      orders_seen: orders.length,
      orders_missing: lost.filter(({ cancelledAt }) => cancelledAt === null).length,
      refunds_missing: lost.flatMap(({ refunds }) => refunds).length,
      cancellations_missing: lost.filter(({ cancelledAt }) => cancelledAt !== null).length,
      edits_missing: 0,
      points_booked: lost.reduce((sum, order) => sum + pointsOf(order), 0),
      refused: 0,
    })
    await expectAllPoints(shop, orders, customers)
    const again = await runToEnd(shop, 'reconcile', fromMs, untilMs)
    expect(again.counts).toMatchObject({ orders_seen: orders.length, ...NOTHING_MISSING })
    await expectAllPoints(shop, orders, customers)
  })

  it('brings an order whose items were edited to what it is worth now', async () => {
    const { shop, orders, customers, fromMs, untilMs } = await shopWith(6)
    await runToEnd(shop, 'reconcile', fromMs, untilMs)
    const edited = orders.map(withOnePieceLess)
    await addHistory(shop, edited)
    const run = await runToEnd(shop, 'reconcile', fromMs, Date.now() + 5_000)
    expect(run.counts).toMatchObject({
      ...NOTHING_MISSING,
      edits_missing: edited.filter(({ editedAt }) => editedAt !== null).length,
      points_booked: expect.any(Number),
    })
    const expected = customers.map((id) =>
      edited.reduce((sum, order) => (order.customerId === id ? sum + worthOf(order) : sum), 0),
    )
    const posted = await Promise.all(customers.map((id) => postedPoints(shop.merchantId, gid('Customer', id))))
    expect(posted.map((points) => points ?? 0)).toEqual(expected)
  })

  it('goes on after trouble of the shop’s: throttled, broken answers, nothing at all', async () => {
    const { shop, orders, customers, fromMs, untilMs } = await shopWith(7)
    await trouble(
      shop,
      { match: 'orders', effect: 'throttled' },
      { match: 'ordersCount', effect: 'throttled' },
      { match: 'orders', effect: 'status_429' },
    )
    const run = await runToEnd(shop, 'reconcile', fromMs, untilMs)
    expect(run.state).toBe('done')
    await expectAllPoints(shop, orders, customers)
  })

  it('waits without access, says so, and goes on once the shop is connected', async () => {
    const { shop, orders, customers, fromMs, untilMs } = await shopWith(3)
    await merchantHub(env, shop.merchantId).disconnectShopify(shop.merchantId)
    const id = crypto.randomUUID()
    await startRun(env, { id, merchantId: shop.merchantId, kind: 'reconcile', fromMs, untilMs, nowMs: Date.now() })
    await vi.waitFor(async () => expect(await findRun(env, shop.merchantId, id)).toMatchObject({ state: 'waiting' }), {
      timeout: 70_000,
      interval: 500,
    })
    expect((await findRun(env, shop.merchantId, id))?.problem).toMatch(/no access/)
    await connect(shop)
    await reconcileAll(env, Date.now())
    expect((await endOf(shop, id)).state).toBe('done')
    await expectAllPoints(shop, orders, customers)
  })

  it('lets no order earn that is older than the installation and its history', async () => {
    const { shop, orders, customers, fromMs, untilMs } = await shopWith(4)
    await env.CONTROL.prepare('UPDATE shops SET installed_at_ms = ?2 WHERE merchant_id = ?1')
      .bind(shop.merchantId, untilMs)
      .run()
    const run = await runToEnd(shop, 'reconcile', fromMs, untilMs)
    expect(run.counts).toMatchObject({ orders_seen: orders.length, ...NOTHING_MISSING })
    await expectAllPoints(shop, [], customers)
  })

  it('lets no order earn that was made while the app was away, whatever history an earlier installation read', async () => {
    const { shop, orders, customers, fromMs, untilMs } = await shopWith(4)
    const { merchantId } = shop
    const before = { id: crypto.randomUUID(), merchantId, kind: 'backfill', untilMs: fromMs, nowMs: fromMs } as const
    const { bindings } = withQueue()
    await startRun(bindings, { ...before, fromMs: fromMs - 30 * DAY_MS })
    await env.CONTROL.batch([
      env.CONTROL.prepare(`UPDATE reconciliations SET state = 'done' WHERE merchant_id = ?1`).bind(merchantId),
      env.CONTROL.prepare('UPDATE shops SET installed_at_ms = ?2 WHERE merchant_id = ?1').bind(merchantId, untilMs),
    ])
    const run = await runToEnd(shop, 'reconcile', fromMs, untilMs)
    expect(run.counts).toMatchObject({ orders_seen: orders.length, ...NOTHING_MISSING })
    await expectAllPoints(shop, [], customers)
  })

  it('lets no order earn that was made while the shop had switched earning off', async () => {
    const { shop, orders, customers, fromMs, untilMs } = await shopWith(4)
    await env.CONTROL.batch([
      env.CONTROL.prepare(
        `INSERT INTO program_settings (merchant_id, version, body, updated_at_ms, updated_by)
         SELECT merchant_id, 2, body, ?2, 'test' FROM program_settings WHERE merchant_id = ?1 AND version = 1`,
      ).bind(shop.merchantId, untilMs + 1_000),
      env.CONTROL.prepare(
        `UPDATE program_settings SET body = json_set(body, '$.earning.enabled', json('false')), updated_at_ms = ?2
         WHERE merchant_id = ?1 AND version = 1`,
      ).bind(shop.merchantId, fromMs - 1_000),
    ])
    const run = await runToEnd(shop, 'reconcile', fromMs, untilMs)
    expect(run.counts).toMatchObject({ orders_seen: orders.length, ...NOTHING_MISSING })
    await expectAllPoints(shop, [], customers)
  })
})

/** The bindings, with a queue that only remembers. */
function withQueue(): { readonly bindings: Env; readonly sent: JobMessage[] } {
  const sent: JobMessage[] = []
  const JOBS = {
    send: (job: JobMessage) => {
      sent.push(job)
      return Promise.resolve()
    },
  }
  return { bindings: Object.assign({}, env, { JOBS }), sent }
}

/** The bindings of a Worker that dies after it has written down so many pages of a run. */
function dyingAfter(pages: number, bindings: Env): Env {
  let left = pages
  const CONTROL = {
    prepare: (sql: string) => {
      if (/UPDATE reconciliations SET (state|lease_ends_at_ms)/.test(sql)) left -= 1
      if (left < 0) throw new Error('the Worker is gone')
      return env.CONTROL.prepare(sql)
    },
  }
  return Object.assign({}, bindings, { CONTROL })
}

describe('history', { timeout: 150_000 }, () => {
  it('of 2,000 orders is booked once, though a step died after it had booked and before it noted where it was', async () => {
    const customers: [string, ...string[]] = ['7412905550000']
    for (let index = 1; index < 40; index += 1) customers.push(String(7_412_905_550_000 + index))
    const { shop, orders, fromMs, untilMs } = await shopWith(2_000, { days: 30, customers })
    const { merchantId } = shop
    const { bindings, sent } = withQueue()
    const id = crypto.randomUUID()
    await startRun(bindings, { id, merchantId, kind: 'backfill', fromMs, untilMs, nowMs: Date.now() })
    const step = async (to: Env) => {
      const job = sent.at(-1)
      return deliver('loyalnest-jobs', [job], { to })
    }
    // The first step asks for the history.
    expect(await step(bindings)).toMatchObject({ acked: [0] })
    const operation = (await findRun(env, merchantId, id))?.bulk_operation_gid ?? ''
    await vi.waitFor(
      async () => {
        const state = await historyState({ env, shop, deadlineMs: Date.now() + 5_000 }, operation)
        expect(state).toMatchObject({ data: { kind: 'ready', file: { orders: 2_000 } } })
      },
      { timeout: 30_000, interval: 300 },
    )
    // The Worker dies in the middle: what it still wants to write down is lost, its lease stays.
    expect(await step(dyingAfter(3, bindings))).toMatchObject({ acked: [], retried: [0] })
    expect(await findRun(env, merchantId, id)).toMatchObject({ state: 'running', counts: { orders_seen: 150 } })
    // Its message comes again while the lease is still on: it is to come once more when that is over.
    const before = await findRun(env, merchantId, id)
    const again = sent.at(-1)
    expect(await step(bindings)).toMatchObject({ acked: [0] })
    expect(sent.at(-1)).toEqual(again)
    expect(await findRun(env, merchantId, id)).toEqual(before)
    await env.CONTROL.prepare('UPDATE reconciliations SET lease_ends_at_ms = 2 WHERE id = ?1').bind(id).run()
    for (let steps = 0; steps < 40; steps += 1) {
      if ((await findRun(env, merchantId, id))?.finished_at_ms !== null) break
      expect(await step(bindings)).toMatchObject({ acked: [0] })
    }
    const run = await findRun(env, merchantId, id)
    expect(run).toMatchObject({ state: 'done', counts: { orders_seen: 2_000, refused: 0 } })
    await expectAllPoints(shop, orders, customers)
    // A message of a step that was long taken changes nothing.
    const [first] = sent
    expect(await deliver('loyalnest-jobs', [first], { to: bindings })).toMatchObject({ acked: [0] })
    expect(await findRun(env, merchantId, id)).toEqual(run)
  })

  it('survives a download that breaks off, and is not begun twice', async () => {
    const { shop, orders, customers, fromMs, untilMs } = await shopWith(30)
    await trouble(shop, { match: 'bulk_file', effect: 'drop_before' }, { match: 'bulk_file', effect: 'status_500' })
    const { bindings, sent } = withQueue()
    const id = crypto.randomUUID()
    const { merchantId } = shop
    await startRun(bindings, { id, merchantId, kind: 'backfill', fromMs, untilMs, nowMs: Date.now() })
    const again = { id: crypto.randomUUID(), merchantId, kind: 'backfill', fromMs, untilMs, nowMs: Date.now() } as const
    expect(await startRun(bindings, again)).toBe(false)
    await vi.waitFor(
      async () => {
        await deliver('loyalnest-jobs', [sent.at(-1)], { to: bindings })
        expect(await findRun(env, merchantId, id)).toMatchObject({ state: 'done' })
      },
      { timeout: 60_000, interval: 300 },
    )
    await expectAllPoints(shop, orders, customers)
  })
})

describe('a history that nobody can read', () => {
  it('ends its run, says so, and lets another one begin', async () => {
    const { shop, fromMs, untilMs } = await shopWith(3)
    const { merchantId } = shop
    const { bindings, sent } = withQueue()
    const id = crypto.randomUUID()
    await startRun(bindings, { id, merchantId, kind: 'backfill', fromMs, untilMs, nowMs: Date.now() })
    const real = fetch
    const spy = vi.spyOn(globalThis, 'fetch').mockImplementation(async (input, init) => {
      if (!new Headers(init?.headers).has('range')) return real(input, init)
      return new Response('{"email": "ada@example.com"', {
        status: 206,
        headers: { 'content-range': 'bytes 0-26/27' },
      })
    })
    try {
      await vi.waitFor(
        async () => {
          await deliver('loyalnest-jobs', [sent.at(-1)], { to: bindings, attempts: 3 })
          expect(await findRun(env, merchantId, id)).toMatchObject({
            state: 'failed',
            problem: expect.stringContaining('could not read'),
          })
        },
        { timeout: 30_000, interval: 300 },
      )
    } finally {
      spy.mockRestore()
    }
    const next = { id: crypto.randomUUID(), merchantId, kind: 'backfill', fromMs, untilMs, nowMs: Date.now() } as const
    expect(await startRun(bindings, next)).toBe(true)
  })
})

const RUNS = '/admin/v1/reconciliations'
const ListedRuns = z.object({
  reconciliations: z.array(z.object({ id: z.uuid() }).loose()),
  next_cursor: z.string().nullable(),
})

describe('by the API', { timeout: 60_000 }, () => {
  it('a run is begun once a key, one of a kind at a time, and listed', async () => {
    const { shop, fromMs } = await shopWith(1)
    const from = new Date(fromMs).toISOString()
    const key = crypto.randomUUID()
    const begin = (idempotencyKey: string) =>
      post('/admin/v1/reconciliations', shop.key, { kind: 'reconcile', from }, { 'idempotency-key': idempotencyKey })
    const first = await begin(key)
    expect(first.status).toBe(202)
    const second = await begin(key)
    expect(await second.json()).toEqual(await first.clone().json())
    expect(second.headers.get('Idempotency-Replayed')).toBe('true')
  })

  it('runs are listed newest first, page by page, with what they found', async () => {
    const { shop, orders, fromMs, untilMs } = await shopWith(2)
    const first = await runToEnd(shop, 'reconcile', fromMs, untilMs)
    const second = await runToEnd(shop, 'backfill', fromMs, untilMs)
    const list = async (query: string) => ListedRuns.parse(await (await get(`${RUNS}?${query}`, shop.key)).json())
    const page = await list('limit=1')
    expect(page).toMatchObject({ reconciliations: [{ id: second.id, kind: 'backfill', state: 'done' }] })
    const rest = await list(`limit=1&cursor=${page.next_cursor}`)
    expect(rest).toMatchObject({
      reconciliations: [{ id: first.id, kind: 'reconcile', orders_seen: orders.length, refused: 0, problem: null }],
      next_cursor: null,
    })
    expect((await get(`${RUNS}?cursor=1_2`, shop.key)).status).toBe(400)
  })

  it('one of a kind runs at a time; from must be in the past', async () => {
    const { shop, fromMs, untilMs } = await shopWith(1)
    const { bindings } = withQueue()
    const { merchantId } = shop
    const under = {
      id: crypto.randomUUID(),
      merchantId,
      kind: 'reconcile',
      fromMs,
      untilMs,
      nowMs: Date.now(),
    } as const
    await startRun(bindings, under)
    const begin = (body: object) => post(RUNS, shop.key, body)
    expect(await (await begin({ kind: 'reconcile' })).json()).toMatchObject({ code: 'already_running' })
    const from = new Date(Date.now() + 60_000).toISOString()
    expect(await (await begin({ kind: 'backfill', from })).json()).toMatchObject({ code: 'validation_failed' })
  })

  it('connecting a shop reads its history, once an installation', async () => {
    const { shop, customers, orders } = await shopWith(3)
    const open = async () =>
      call('/v1/api/auth/shopify/connect', {
        method: 'POST',
        headers: { authorization: `Bearer ${await sessionToken(shop)}` },
      })
    for (let visit = 0; visit < 2; visit += 1) expect((await open()).status).toBe(200)
    const { reconciliations } = ListedRuns.parse(await (await get(RUNS, shop.key)).json())
    expect(reconciliations).toMatchObject([{ kind: 'backfill' }])
    await endOf(shop, reconciliations[0]?.id ?? '')
    await expectAllPoints(shop, orders, customers)
    await open()
    expect(ListedRuns.parse(await (await get(RUNS, shop.key)).json()).reconciliations).toHaveLength(1)
  })

  it('leaves no gap behind: one that is to begin later than the last one ended begins there', async () => {
    const { shop, fromMs } = await shopWith(1, { days: 3 })
    const from = new Date(Date.now() - 60_000).toISOString()
    const answer = await post('/admin/v1/reconciliations', shop.key, { kind: 'reconcile', from })
    expect(await answer.json()).toMatchObject({ from: new Date(fromMs).toISOString() })
  })

  it('refuses a shop without access', async () => {
    const shop = await newShop(env)
    const answer = await post('/admin/v1/reconciliations', shop.key, { kind: 'backfill' })
    expect(answer.status).toBe(409)
    expect(await answer.json()).toMatchObject({ code: 'shop_not_connected' })
  })
})
