import { randomInt, randomUUID } from 'node:crypto'
import { rmSync } from 'node:fs'
import { setTimeout as delay } from 'node:timers/promises'
import { afterAll, expect, inject, test } from 'vitest'
import { z } from 'zod'
import { Reconciliation } from '../../domain/contracts/operations/reconciliation.ts'
import { ADMIN_API_VERSION } from '../../workers/integrations/shopify/admin/version.ts'
import type { LocalInfo } from '../local/info.ts'
import { refundTotal, totals, type Order } from '../shopify/order.ts'
import { randomOrders } from '../shopify/random-orders.ts'
import { apiOf } from '../testing/api.ts'
import { killWorkerd, type SpawnedStack, spawnStack, stateFolder } from '../testing/stack.ts'

/** What webhooks did not tell, and what was there before the app: Shopify is asked, and all points are there. */

const ADMIN = `/admin/api/${ADMIN_API_VERSION}`
const Runs = z.object({ reconciliations: z.array(Reconciliation) })

async function shop(info: LocalInfo, method: 'GET' | 'POST' | 'PUT', path: string, body?: object): Promise<unknown> {
  const answer = await fetch(`${info.shopify}${ADMIN}${path}`, {
    method,
    headers: { 'content-type': 'application/json' },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  })
  const text = await answer.text()
  if (!answer.ok) throw new Error(`${method} ${path}: ${answer.status} ${text}`)
  return JSON.parse(text)
}

async function begin(info: LocalInfo, body: { kind: 'reconcile' | 'backfill'; from: string }): Promise<Reconciliation> {
  for (let tries = 0; ; tries += 1) {
    const answer = await apiOf(info).call('POST', '/admin/v1/reconciliations', body)
    if (answer.status === 202) return Reconciliation.parse(await answer.json())
    // The one that began when the shop was connected.
    if (answer.status !== 409 || tries === 30) throw new Error(`${answer.status} ${await answer.text()}`)
    await delay(1_000)
  }
}

async function look(info: LocalInfo, id: string): Promise<Reconciliation> {
  const answer = await apiOf(info).call('GET', '/admin/v1/reconciliations?limit=100')
  const run = Runs.parse(await answer.json()).reconciliations.find((one) => one.id === id)
  if (run === undefined) throw new Error('the run is not in the list')
  return run
}

async function until(info: LocalInfo, id: string, enough: (run: Reconciliation) => boolean): Promise<Reconciliation> {
  for (let tries = 0; ; tries += 1) {
    const run = await look(info, id)
    if (enough(run) || tries === 200) return run
    // The limit of such calls is a low one.
    await delay(1_000)
  }
}

const isOver = (run: Reconciliation) => run.finished_at !== null

const OrderId = z.object({
  order: z.object({
    admin_graphql_api_id: z.string(),
    line_items: z.array(z.object({ admin_graphql_api_id: z.string(), price: z.string(), quantity: z.int() })),
  }),
})

test('a shop that loses two of three webhooks: a reconciliation finds what is missing, and the next one nothing', async () => {
  const info = inject('stack')
  const { customer } = z.object({ customer: z.object({ admin_graphql_api_id: z.string() }) }).parse(
    await shop(info, 'POST', '/customers.json', {
      customer: { email: `lost-${randomUUID()}@example.com`, first_name: 'Ada', last_name: 'Byron' },
    }),
  )
  const customerId = customer.admin_graphql_api_id.replace(/\D+/g, '')
  const { products } = z
    .object({ products: z.array(z.object({ variants: z.array(z.object({ id: z.int(), price: z.string() })) })) })
    .parse(await shop(info, 'GET', '/products.json'))
  const variant = products.flatMap(({ variants }) => variants).find(({ price }) => Number(price) > 20)
  if (variant === undefined) throw new Error('nothing costs enough')
  const from = new Date(Date.now() - 1_000).toISOString()
  let expected = 0
  await shop(info, 'PUT', '/webhook_deliveries/mode.json', { mode: 'lossy' })
  try {
    for (let index = 0; index < 9; index += 1) {
      const { order } = OrderId.parse(
        await shop(info, 'POST', '/orders.json', {
          order: { customer: { id: customerId }, line_items: [{ variant_id: variant.id, quantity: 2 }] },
        }),
      )
      const digits = order.admin_graphql_api_id.replace(/\D+/g, '')
      const [line] = order.line_items
      if (index % 4 === 3) await shop(info, 'POST', `/orders/${digits}/cancel.json`)
      else if (index % 3 === 1) {
        const lineId = line?.admin_graphql_api_id.replace(/\D+/g, '')
        const refund = { refund_line_items: [{ line_item_id: lineId, quantity: 1 }] }
        await shop(info, 'POST', `/orders/${digits}/refunds.json`, { refund })
        expected += Math.floor(Number(variant.price))
      } else expected += Math.floor(2 * Number(variant.price))
      if (index % 2 === 0) await shop(info, 'POST', `/orders/${digits}/archive.json`)
    }
  } finally {
    await shop(info, 'PUT', '/webhook_deliveries/mode.json', { mode: 'at_once' })
  }
  // What was not lost has arrived by now.
  await delay(2_000)
  const found = await until(info, (await begin(info, { kind: 'reconcile', from })).id, isOver)
  expect(found).toMatchObject({ state: 'done', refused: 0, orders_total: found.orders_seen })
  expect(found.orders_missing + found.refunds_missing + found.cancellations_missing).toBeGreaterThan(0)
  const balance = await apiOf(info).settled(customer.admin_graphql_api_id, ({ posted }) => posted === expected)
  expect(balance.posted).toBe(expected)
  const again = await until(info, (await begin(info, { kind: 'reconcile', from })).id, isOver)
  expect(again).toMatchObject({
    state: 'done',
    orders_missing: 0,
    refunds_missing: 0,
    cancellations_missing: 0,
    edits_missing: 0,
    points_booked: 0,
  })
}, 120_000)

test('items that the merchant takes out of an order and puts into it change its points', async () => {
  const info = inject('stack')
  const email = `edit-${randomUUID()}@example.com`
  const { customer } = z
    .object({ customer: z.object({ admin_graphql_api_id: z.string() }) })
    .parse(await shop(info, 'POST', '/customers.json', { customer: { email, first_name: 'Ada', last_name: 'Byron' } }))
  const gid = customer.admin_graphql_api_id
  const { products } = z
    .object({ products: z.array(z.object({ variants: z.array(z.object({ id: z.int(), price: z.string() })) })) })
    .parse(await shop(info, 'GET', '/products.json'))
  const [cheap, dear] = products
    .flatMap(({ variants }) => variants)
    .filter(({ price }) => Number(price) > 5)
    .toSorted((one, other) => Number(one.price) - Number(other.price))
  if (cheap === undefined || dear === undefined) throw new Error('there is too little to choose from')
  const { order } = OrderId.parse(
    await shop(info, 'POST', '/orders.json', {
      order: { customer: { id: gid.replace(/\D+/g, '') }, line_items: [{ variant_id: cheap.id, quantity: 3 }] },
    }),
  )
  const worth = (pieces: number) => Math.floor((Math.round(Number(cheap.price) * 100) * pieces) / 100)
  expect((await apiOf(info).settled(gid, ({ posted }) => posted > 0)).posted).toBe(worth(3))
  const digits = order.admin_graphql_api_id.replace(/\D+/g, '')
  const lineId = order.line_items[0]?.admin_graphql_api_id.replace(/\D+/g, '')
  await shop(info, 'POST', `/orders/${digits}/edit.json`, {
    order_edit: { removals: [{ line_item_id: lineId, quantity: 2 }] },
  })
  expect((await apiOf(info).settled(gid, ({ posted }) => posted === worth(1))).posted).toBe(worth(1))
  // Shopify's times are whole seconds.
  await delay(1_100)
  await shop(info, 'POST', `/orders/${digits}/edit.json`, {
    order_edit: { additions: [{ variant_id: dear.id, quantity: 1 }] },
  })
  await delay(1_100)
  // What was put in earns once it is paid.
  expect((await apiOf(info).balance(gid)).posted).toBe(worth(1))
  await shop(info, 'POST', `/orders/${digits}/mark_as_paid.json`)
  const both = Math.floor((Math.round(Number(cheap.price) * 100) + Math.round(Number(dear.price) * 100)) / 100)
  expect((await apiOf(info).settled(gid, ({ posted }) => posted === both)).posted).toBe(both)
}, 60_000)

const dir = stateFolder()
let stack: SpawnedStack | undefined
afterAll(async () => {
  await stack?.stop()
  rmSync(dir, { recursive: true, force: true })
})

const DAY_MS = 24 * 3_600_000

/** What a plain order leaves its buyer: one point for each whole euro of goods that was kept. */
function pointsOf(order: Order): number {
  if (order.cancelledAt !== null) return 0
  const back = order.refunds.reduce((sum, refund) => sum + refundTotal({ ...refund, shipping: null }), 0)
  return Math.floor((totals(order).subtotal - back) / 100)
}

test.skipIf(process.platform !== 'linux')(
  'a history of 2,000 orders is booked once, though workerd is killed in the middle of it',
  { timeout: 300_000 },
  async () => {
    stack = await spawnStack(dir)
    const base = randomInt(1_000_000, 9_000_000)
    const customers: [string, ...string[]] = [String(base)]
    for (let index = 1; index < 25; index += 1) customers.push(String(base + index))
    const orders = randomOrders({
      seed: dir,
      count: 2_000,
      fromMs: Date.now() - 40 * DAY_MS,
      untilMs: Date.now() - DAY_MS,
      customerIds: customers,
      idPrefix: '829999000000',
      firstNumber: 500_000,
      kinds: 'plain',
    })
    await shop(stack.info, 'PUT', '/history.json', { orders })
    const from = new Date(Date.now() - 50 * DAY_MS).toISOString()
    const { id } = await begin(stack.info, { kind: 'backfill', from })
    const half = await until(stack.info, id, (run) => run.orders_seen > 0)
    expect(half.orders_seen).toBeLessThan(2_000)
    killWorkerd(stack.info)
    await stack.ended
    stack = await spawnStack(dir)
    const run = await until(stack.info, id, isOver)
    expect(run).toMatchObject({ state: 'done', orders_total: 2_000, orders_seen: 2_000, refused: 0 })
    for (const customer of customers) {
      const expected = orders.reduce((sum, order) => (order.customerId === customer ? sum + pointsOf(order) : sum), 0)
      expect((await apiOf(stack.info).balance(customer)).posted).toBe(expected)
    }
  },
)
