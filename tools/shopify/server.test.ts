import { createHmac } from 'node:crypto'
import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { createServer, IncomingMessage, request as startRequest } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { z } from 'zod'
import { RETRY_GAPS_MS } from './deliveries.ts'
import { type ShopifyStandIn, startShopifyStandIn } from './server.ts'

const SHOP = 'thistle-and-kiln.myshopify.com'
const SECRET = 'client-secret'

interface Received {
  readonly path: string
  readonly headers: Readonly<Record<string, string | string[] | undefined>>
  readonly body: string
}

/** A stand-in for the stand-in's counterpart: an app that answers what the test says and remembers what came. */
async function startApp() {
  const received: Received[] = []
  const app = { received, status: 200, silent: false, origin: '', close: () => server.close() }
  const server = createServer((request, response) => {
    let body = ''
    request.setEncoding('utf8')
    request.on('data', (chunk: string) => (body += chunk))
    request.on('end', () => {
      received.push({ path: request.url ?? '', headers: request.headers, body })
      if (!app.silent) response.writeHead(app.status, { 'set-cookie': 'app=1' }).end('{}')
    })
  })
  await new Promise<void>((resolve) => {
    server.listen(0, '127.0.0.1', resolve)
  })
  app.origin = `http://127.0.0.1:${z.object({ port: z.number() }).parse(server.address()).port}`
  return app
}

let dir: string
let app: Awaited<ReturnType<typeof startApp>>
let shop: ShopifyStandIn

function start(speedUp = 1) {
  const options = { port: 0, appOrigin: app.origin, dir, shop: SHOP, clientId: 'loyalnest', clientSecret: SECRET }
  return startShopifyStandIn({ ...options, speedUp })
}

function ofTopic(topic: string): Received[] {
  return app.received.filter((request) => request.path === `/v1/api/webhooks/${topic}`)
}

async function api(path: string, body: unknown): Promise<Response> {
  const headers = { 'content-type': 'application/json' }
  return fetch(`${shop.url}/admin/api/2026-10${path}`, { method: 'POST', headers, body: JSON.stringify(body) })
}

const TEAPOT = '45120880110001'
const order = (more: object = {}) => ({
  order: { customer: { id: '7412905541101' }, line_items: [{ variant_id: TEAPOT }], ...more },
})

function post(path: string, form: Record<string, string>): Promise<Response> {
  return fetch(`${shop.url}${path}`, { method: 'POST', body: new URLSearchParams(form), redirect: 'manual' })
}

/** The id of an order that the API answered, with all its digits. */
async function orderId(response: Response): Promise<string> {
  return /gid:\/\/shopify\/Order\/(\d+)/.exec(await response.text())?.[1] ?? ''
}

beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), 'stand-in-'))
  app = await startApp()
  shop = await start()
  await vi.waitUntil(() => ofTopic('customers/create').length === 4)
  app.received.length = 0
})

afterEach(async () => {
  await shop.close()
  app.close()
  await rm(dir, { recursive: true })
})

test('a paid order sends orders/create and orders/paid, signed over the raw body', async () => {
  const id = await orderId(await api('/orders.json', order()))
  await vi.waitFor(() => expect(app.received).toHaveLength(2))
  const [created] = ofTopic('orders/create')
  const [paid] = ofTopic('orders/paid')
  for (const request of [created, paid]) {
    const signature = createHmac('sha256', SECRET)
      .update(request?.body ?? '')
      .digest('base64')
    expect(request?.headers).toMatchObject({
      'x-shopify-hmac-sha256': signature,
      'x-shopify-shop-domain': SHOP,
      'x-shopify-api-version': '2026-10',
      'content-type': 'application/json',
    })
    expect(request?.body).toContain(`"id":${id},`)
  }
  expect(created?.headers['x-shopify-topic']).toBe('orders/create')
  expect(created?.headers['x-shopify-event-id']).toBe(paid?.headers['x-shopify-event-id'])
  expect(created?.headers['x-shopify-webhook-id']).not.toBe(paid?.headers['x-shopify-webhook-id'])
  expect(paid?.body).toContain('"financial_status":"paid"')
})

test('a bank transfer is paid when the merchant says so; then it can be refunded and cancelled', async () => {
  const id = await orderId(await api('/orders.json', order({ financial_status: 'pending' })))
  await vi.waitFor(() => expect(app.received).toHaveLength(1))
  expect((await api(`/orders/${id}/refunds.json`, { refund: {} })).status).toBe(422)
  expect((await api(`/orders/${id}/mark_as_paid.json`, {})).status).toBe(200)
  expect((await api(`/orders/${id}/refunds.json`, { refund: { shipping: { full_refund: true } } })).status).toBe(201)
  expect((await api(`/orders/${id}/cancel.json`, {})).status).toBe(200)
  await vi.waitFor(() => expect(app.received).toHaveLength(5))
  expect(ofTopic('refunds/create')).toHaveLength(2)
  expect(ofTopic('orders/cancelled')[0]?.body).toContain('"financial_status":"refunded"')
})

test('a refund whose body came slowly knows of the refund made in between', async () => {
  const id = await orderId(await api('/orders.json', order()))
  const refunds = `/orders/${id}/refunds.json`
  const slow = startRequest(`${shop.url}/admin/api/2026-10${refunds}`, { method: 'POST' })
  slow.flushHeaders()
  await new Promise((resolve) => setTimeout(resolve, 100))
  expect((await api(refunds, { refund: {} })).status).toBe(201)
  slow.end('{"refund":{}}')
  const [answer] = z.tuple([z.instanceof(IncomingMessage)]).parse(await once(slow, 'response'))
  expect(answer.statusCode).toBe(422)
  await vi.waitFor(() => expect(ofTopic('refunds/create')).toHaveLength(1))
})

test('one variant named twice is ordered twice', async () => {
  const answer = await api('/orders.json', order({ line_items: [{ variant_id: TEAPOT }, { variant_id: TEAPOT }] }))
  expect(await answer.text()).toContain('"quantity":2')
})

test('what fails is tried again, the same body with the same id, until it is delivered', async () => {
  await shop.close()
  shop = await start(1_000)
  app.status = 500
  await api('/orders.json', order({ financial_status: 'pending' }))
  await vi.waitFor(() => expect(app.received.length).toBeGreaterThanOrEqual(3), 3_000)
  app.status = 200
  await vi.waitFor(async () => {
    const log = await (await fetch(`${shop.url}/admin/webhooks`)).text()
    expect(log).not.toContain('>waiting<')
  }, 3_000)
  expect(new Set(app.received.map((request) => request.body)).size).toBe(1)
  expect(new Set(app.received.map((request) => request.headers['x-shopify-webhook-id'])).size).toBe(1)
})

test('eight retries in four hours, each gap longer than the one before; then Shopify gives up', async () => {
  expect(RETRY_GAPS_MS.reduce((sum, gap) => sum + gap, 0)).toBe(4 * 3600 * 1000)
  expect(RETRY_GAPS_MS.toSorted((a, b) => a - b)).toEqual(RETRY_GAPS_MS)
  await shop.close()
  shop = await start(100_000)
  app.status = 503
  await api('/orders.json', order({ financial_status: 'pending' }))
  await vi.waitFor(() => expect(app.received).toHaveLength(9), 3_000)
  await vi.waitFor(async () => {
    expect(await (await fetch(`${shop.url}/admin/webhooks`)).text()).toContain('>failed<')
  })
})

test('what was not delivered goes on after a restart', async () => {
  app.status = 500
  await api('/orders.json', order({ financial_status: 'pending' }))
  await vi.waitFor(() => expect(app.received).toHaveLength(1))
  await shop.close()
  app.status = 200
  shop = await start(1_000)
  await vi.waitFor(() => expect(app.received).toHaveLength(1))
  // The retry was planned ten seconds ahead by the first process; the merchant need not wait for it.
  const [waiting] = z
    .object({ webhook_deliveries: z.array(z.object({ id: z.number(), state: z.string() })) })
    .parse(await (await fetch(`${shop.url}/admin/api/2026-10/webhook_deliveries.json`)).json()).webhook_deliveries
  expect(waiting?.state).toBe('waiting')
  await fetch(`${shop.url}/admin/webhooks/${waiting?.id}/again`, { method: 'POST' })
  await vi.waitFor(() => expect(app.received).toHaveLength(2))
})

test('held back and let go newest first, a refund comes before its order', async () => {
  await post('/admin/webhooks/mode', { mode: 'hold' })
  const id = await orderId(await api('/orders.json', order()))
  await post(`/admin/orders/${id}/refund`, { all: 'yes' })
  expect(app.received).toHaveLength(0)
  await post('/admin/webhooks/release', { order: 'newest_first' })
  expect(app.received.map((request) => request.headers['x-shopify-topic'])).toEqual([
    'refunds/create',
    'orders/paid',
    'orders/create',
  ])
})

test('"send again" repeats body and webhook id', async () => {
  await api('/orders.json', order({ financial_status: 'pending' }))
  await vi.waitFor(() => expect(app.received).toHaveLength(1))
  const log = await (await fetch(`${shop.url}/admin/webhooks`)).text()
  const path = /\/admin\/webhooks\/\d+\/again/.exec(log)?.[0]
  await fetch(`${shop.url}${path}`, { method: 'POST' })
  await vi.waitFor(() => expect(app.received).toHaveLength(2))
  const [first, second] = app.received
  expect(second?.body).toBe(first?.body)
  expect(second?.headers['x-shopify-webhook-id']).toBe(first?.headers['x-shopify-webhook-id'])
})

test('the app proxy says who is logged in, signs it, and passes no cookie', async () => {
  const login = await fetch(`${shop.url}/account/login`, {
    method: 'POST',
    body: new URLSearchParams({ email: 'Mira@Example.com' }),
    redirect: 'manual',
  })
  const cookie = login.headers.getSetCookie().at(-1)?.split(';')[0] ?? ''
  const response = await fetch(`${shop.url}/apps/loyalnest/session?x=1&logged_in_customer_id=666`, {
    headers: { cookie },
  })
  expect(response.headers.get('set-cookie')).toBeNull()
  const [request] = app.received
  const url = new URL(request?.path ?? '', app.origin)
  expect(url.pathname).toBe('/proxy/session')
  expect(Object.fromEntries(url.searchParams)).toMatchObject({
    x: '1',
    shop: SHOP,
    logged_in_customer_id: '7412905541101',
    path_prefix: '/apps/loyalnest',
  })
  const { signature, ...signed } = Object.fromEntries(url.searchParams)
  const message = Object.entries(signed)
    .map(([key, value]) => `${key}=${value}`)
    .toSorted()
    .join('')
  expect(signature).toBe(createHmac('sha256', SECRET).update(message).digest('hex'))
  expect(request?.headers['cookie']).toBeUndefined()
})

test('the Ajax cart and the checkout: a guest buys and the order keeps the address', async () => {
  const added = await fetch(`${shop.url}/cart/add.js`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ items: [{ id: Number(TEAPOT), quantity: 2 }] }),
  })
  const cookie = added.headers.getSetCookie()[0]?.split(';')[0] ?? ''
  const cart = await (await fetch(`${shop.url}/cart.js`, { headers: { cookie } })).json()
  expect(cart).toMatchObject({ item_count: 2, total_price: 11980, currency: 'EUR' })
  const form = {
    email: 'guest@example.com',
    first_name: 'Gu',
    last_name: 'Est',
    address1: 'Weg 1',
    zip: '10969',
    city: 'Berlin',
    tip: '100',
    payment: 'card',
  }
  const buy = (body: Record<string, string>) =>
    fetch(`${shop.url}/checkout`, {
      method: 'POST',
      headers: { cookie },
      body: new URLSearchParams(body),
      redirect: 'manual',
    })
  expect((await buy({ ...form, email: 'nobody' })).status).toBe(422)
  const placed = await buy(form)
  expect(placed.status).toBe(303)
  await vi.waitFor(() => expect(ofTopic('orders/paid')).toHaveLength(1))
  const body: unknown = JSON.parse(ofTopic('orders/paid')[0]?.body ?? '')
  // Two teapots are above the limit for free standard shipping.
  expect(body).toMatchObject({
    customer: null,
    email: 'guest@example.com',
    total_price: '120.80',
    total_tip_received: '1.00',
  })
  const page = await (await fetch(`${shop.url}${placed.headers.get('location')}`)).text()
  expect(page).toContain('€120.80')
})

test('a form from another site is refused', async () => {
  const headers = { origin: 'https://evil.example' }
  const response = await fetch(`${shop.url}/admin/uninstall`, { method: 'POST', headers })
  expect(response.status).toBe(403)
  expect(app.received).toHaveLength(0)
})

test('what a shopper types is escaped', async () => {
  const email = '"><script>alert(1)</script>'
  const response = await fetch(`${shop.url}/account/login`, { method: 'POST', body: new URLSearchParams({ email }) })
  expect(await response.text()).not.toContain('<script>alert')
})

test('merges customers: the kept one gets the orders, the other one is logged out, and the app hears who is kept', async () => {
  const id = await orderId(await api('/orders.json', order()))
  const [removed, kept] = ['7412905541101', '7412905541102']
  await post(`/admin/customers/${removed}/merge`, { into: kept })
  await vi.waitUntil(() => ofTopic('customers/merge').length === 1)
  expect(JSON.parse(ofTopic('customers/merge')[0]?.body ?? '')).toEqual({
    admin_graphql_api_customer_kept_id: `gid://shopify/Customer/${kept}`,
    admin_graphql_api_customer_deleted_id: `gid://shopify/Customer/${removed}`,
    admin_graphql_api_job_id: null,
    status: 'completed',
    errors: [],
  })
  const after = await fetch(`${shop.url}/admin/api/2026-10/orders/${id}.json`)
  expect(await after.text()).toContain(`gid://shopify/Customer/${kept}`)
  const customers = await (await fetch(`${shop.url}/admin/api/2026-10/customers.json`)).text()
  expect(customers).not.toContain(removed)
})

test('deletes a customer without orders, and nobody else', async () => {
  await api('/orders.json', order())
  for (const id of ['7412905541101', '7412905541103']) await post(`/admin/customers/${id}/delete`, {})
  await vi.waitUntil(() => ofTopic('customers/delete').length === 1)
  expect(ofTopic('customers/delete')[0]?.body).toBe(
    '{"id":7412905541103,"tax_exemptions":[],"admin_graphql_api_id":"gid://shopify/Customer/7412905541103"}',
  )
  const page = await (await fetch(`${shop.url}/admin/customers`)).text()
  expect(page).toContain('mira@example.com')
  expect(page).not.toContain('chloe@example.com')
})
