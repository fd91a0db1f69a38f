import { randomInt } from 'node:crypto'
import { setTimeout as delay } from 'node:timers/promises'
import { WEBHOOK_TOPICS } from '../../domain/earning/facts.ts'
import { expect, inject, test } from 'vitest'
import { apiOf } from '../testing/api.ts'
import {
  officialSample,
  orderPayload,
  refundPayload,
  sendWebhook,
  signedWebhook,
  type OrderSketch,
} from '../testing/webhooks.ts'

/** What must hold of the way of an order, seen from outside: webhooks as Shopify sends them, the public API as answer. */

const info = inject('stack')
const api = apiOf(info)

/** Fresh digits beyond 2^53, as Shopify's own samples have them. */
const digits = (): string => `9${Array.from({ length: 17 }, () => randomInt(10)).join('')}`

async function ordered(
  topic: 'orders/create' | 'orders/paid',
  sketch: Omit<OrderSketch, 'order'> & { order?: string },
): Promise<string> {
  const order = sketch.order ?? digits()
  const response = await sendWebhook(info, signedWebhook(info, topic, orderPayload({ ...sketch, order })))
  expect(response.status).toBe(200)
  return order
}

const paid = (sketch: Parameters<typeof ordered>[1]): Promise<string> => ordered('orders/paid', sketch)

async function refunded(sketch: Parameters<typeof refundPayload>[0]): Promise<void> {
  const response = await sendWebhook(info, signedWebhook(info, 'refunds/create', refundPayload(sketch)))
  expect(response.status).toBe(200)
}

/** Books a marker order of 7 points and waits for it: whatever was sent before it has had its turn. */
async function afterwards(customer: string, before: number): Promise<number> {
  await paid({ customer, lines: [{ price: '7.00' }] })
  return (await api.settled(customer, ({ posted }) => posted === before + 7)).posted - 7
}

/** The problem that an answer tells of, with its status. */
async function problemOf(answer: Promise<Response>) {
  const response = await answer
  expect(response.headers.get('content-type')).toContain('application/problem+json')
  const problem: unknown = await response.json()
  return { status: response.status, problem }
}

test.for(WEBHOOK_TOPICS.filter((topic) => topic !== 'app/uninstalled'))(
  "Shopify's official sample of %s goes through",
  async (topic) => {
    const response = await sendWebhook(info, signedWebhook(info, topic, JSON.stringify(officialSample(topic))))
    expect(await response.json()).toEqual({ received: true })
  },
)

test.for<[string, Omit<OrderSketch, 'order' | 'customer'>, number]>([
  ['an order of 59.90', { lines: [{ price: '59.90' }] }, 59],
  ['a zero total', { lines: [{ price: '0.00' }] }, 0],
  ['a test order', { lines: [{ price: '59.90' }], test: true }, 0],
  ['an order that is not paid', { lines: [{ price: '59.90' }], financialStatus: 'pending' }, 0],
  ['a gift card as payment', { lines: [{ price: '20.00' }], gateways: ['gift_card'] }, 20],
  ['a gift card bought beside goods', { lines: [{ price: '50.00', giftCard: true }, { price: '9.99' }] }, 9],
  ['yen, which have no minor unit', { lines: [{ price: '500' }], currency: 'JPY' }, 500],
  ['Kuwaiti dinars, which have a thousand fils', { lines: [{ price: '12.345' }], currency: 'KWD' }, 12],
  ['tax in the price', { lines: [{ price: '119.00', tax: '19.00' }], taxesIncluded: true }, 119],
  ['tax on top of the price', { lines: [{ price: '100.00', tax: '19.00' }], taxesIncluded: false }, 100],
  ['a presentment currency', { lines: [{ price: '40.00' }], presentment: { currency: 'JPY', rate: 160 } }, 40],
  ['shipping, which does not count by default', { lines: [{ price: '40.00' }], shipping: '5.00' }, 40],
  ['a discounted line of three', { lines: [{ price: '10.00', quantity: 3, discount: '4.50' }] }, 25],
])('%s', async ([, sketch, points]) => {
  const customer = digits()
  // Shopify sends both for an order that is paid at once; orders/paid itself says that it is paid.
  await ordered('orders/create', { ...sketch, customer })
  expect((await api.settled(customer, ({ posted }) => posted === points)).posted).toBe(points)
  expect(await afterwards(customer, points)).toBe(points)
})

test('an order of nobody and a guest order are taken without a customer', async () => {
  for (const email of [null, 'Guest@Example.com']) {
    const body = orderPayload({ order: digits(), customer: null, email, lines: [{ price: '10.00' }] })
    const response = await sendWebhook(info, signedWebhook(info, 'orders/paid', body))
    expect(await response.json()).toEqual({ received: true })
  }
})

test('the same order from two topics is booked once', async () => {
  const [customer, order] = [digits(), digits()]
  const body = orderPayload({ order, customer, lines: [{ price: '30.00' }] })
  for (const topic of ['orders/create', 'orders/paid', 'orders/create']) {
    await sendWebhook(info, signedWebhook(info, topic, body))
  }
  expect((await api.settled(customer, ({ posted }) => posted > 0)).posted).toBe(30)
  expect(await afterwards(customer, 30)).toBe(30)
})

test('partial refunds add up to the point, a shipping refund takes nothing', async () => {
  const customer = digits()
  const order = await paid({ customer, lines: [{ price: '10.00', quantity: 3 }], shipping: '5.00' })
  await api.settled(customer, ({ posted }) => posted === 30)
  await refunded({ refund: digits(), order, lines: [{ price: '3.34' }] })
  await refunded({ refund: digits(), order, lines: [{ price: '3.33' }] })
  await refunded({ refund: digits(), order, shipping: '5.00' })
  // f(30.00 − 3.34 − 3.33) = floor(23.33)
  const balance = await api.settled(customer, ({ posted }) => posted === 23)
  expect(balance).toMatchObject({ posted: 23, debt: 0, lifetime: { earned: 30, clawed_back: 7 } })
  await refunded({ refund: digits(), order, lines: [{ price: '23.33' }] })
  expect((await api.settled(customer, ({ posted }) => posted === 0)).posted).toBe(0)
})

test('a refund that arrives before its order', async () => {
  const [customer, order] = [digits(), digits()]
  await refunded({ refund: digits(), order, lines: [{ price: '20.00' }] })
  await delay(1500)
  await paid({ order, customer, lines: [{ price: '59.90' }] })
  expect((await api.settled(customer, ({ posted }) => posted === 39)).posted).toBe(39)
})

test('an order cancelled after a partial refund keeps nothing', async () => {
  const [customer, order] = [digits(), digits()]
  const sketch = { order, customer, lines: [{ price: '59.90' }] }
  await paid(sketch)
  await refunded({ refund: digits(), order, lines: [{ price: '10.00' }] })
  await api.settled(customer, ({ posted }) => posted === 49)
  const cancelled = orderPayload({ ...sketch, cancelled: true, financialStatus: 'refunded' })
  await sendWebhook(info, signedWebhook(info, 'orders/cancelled', cancelled))
  expect(await api.settled(customer, ({ posted }) => posted === 0)).toMatchObject({ posted: 0, debt: 0 })
})

test('points that were spent before the refund become debt, and the next order pays it', async () => {
  const customer = digits()
  const order = await paid({ customer, lines: [{ price: '50.00' }] })
  await api.settled(customer, ({ points }) => points === 50)
  expect((await api.call('POST', '/v1/api/points/redeem', { customer_id: customer, points: 40 })).status).toBe(200)
  await refunded({ refund: digits(), order, lines: [{ price: '50.00' }] })
  expect(await api.settled(customer, ({ debt }) => debt > 0)).toMatchObject({ points: 0, debt: 40, posted: -40 })
  await paid({ customer, lines: [{ price: '45.00' }] })
  expect(await api.settled(customer, ({ debt }) => debt === 0)).toMatchObject({ points: 5, posted: 5 })
})

test('the same webhook 1,000 times, in parallel, shuffled with its refunds: one earn, refunds exact', async () => {
  const [customer, order] = [digits(), digits()]
  const paidWebhook = signedWebhook(
    info,
    'orders/paid',
    orderPayload({ order, customer, lines: [{ price: '100.00' }] }),
  )
  const refundWebhooks = ['12.50', '0.49', '37.01'].map((price) =>
    signedWebhook(info, 'refunds/create', refundPayload({ refund: digits(), order, lines: [{ price }] })),
  )
  const all = Array.from({ length: 1000 }, () => paidWebhook)
  for (const webhook of refundWebhooks)
    for (let copy = 0; copy < 20; copy++) all.splice(randomInt(all.length), 0, webhook)
  const statuses = await Promise.all(all.map(async (webhook) => (await sendWebhook(info, webhook)).status))
  expect(new Set(statuses)).toEqual(new Set([200]))
  expect((await api.settled(customer, ({ posted }) => posted === 50)).posted).toBe(50)
  await afterwards(customer, 50)
  const kinds = (await api.transactions(customer)).map(({ kind, order_id }) => (order_id?.endsWith(order) ? kind : ''))
  expect(kinds.filter((kind) => kind === 'earn')).toHaveLength(1)
  expect(kinds.filter((kind) => kind === 'clawback')).toHaveLength(3)
})

test('100 parallel redemptions of one balance: exactly as many succeed as it covers', async () => {
  const customer = digits()
  await api.call('POST', '/v1/api/points/earn', { customer_id: customer, points: 370 })
  const answers = await Promise.all(
    Array.from({ length: 100 }, () => api.call('POST', '/v1/api/points/redeem', { customer_id: customer, points: 10 })),
  )
  const statuses = answers.map(({ status }) => status)
  expect(statuses.filter((status) => status === 200)).toHaveLength(37)
  expect(statuses.filter((status) => status === 422)).toHaveLength(63)
  expect(await api.balance(customer)).toMatchObject({ points: 0, posted: 0, lifetime: { earned: 370, redeemed: 370 } })
})

test('a webhook that is not right changes nothing and is told what is wrong', async () => {
  const customer = digits()
  const body = orderPayload({ order: digits(), customer, lines: [{ price: '59.90' }] })
  const good = signedWebhook(info, 'orders/paid', body)
  const stranger = signedWebhook({ ...info, client_secret: 'someone else’s' }, 'orders/paid', body)
  const cases: [string, Promise<Response>, number, string][] = [
    ['unsigned', sendWebhook(info, good, { 'x-shopify-hmac-sha256': null }), 401, 'signature_invalid'],
    ['wrongly signed', sendWebhook(info, stranger), 401, 'signature_invalid'],
    ['changed on the way', sendWebhook(info, { ...good, body: `${good.body} ` }), 401, 'signature_invalid'],
    ['wrong topic', sendWebhook(info, good, { 'x-shopify-topic': 'orders/create' }), 400, 'topic_mismatch'],
    [
      'foreign shop',
      sendWebhook(info, good, { 'x-shopify-shop-domain': 'stranger.myshopify.com' }),
      404,
      'shop_unknown',
    ],
    ['malformed', sendWebhook(info, signedWebhook(info, 'orders/paid', '{"id": ')), 400, 'malformed_json'],
    ['not an order', sendWebhook(info, signedWebhook(info, 'orders/paid', '{"id": 1}')), 400, 'validation_failed'],
    [
      'oversized',
      sendWebhook(info, signedWebhook(info, 'orders/paid', `"${'x'.repeat(5_000_000)}"`)),
      413,
      'payload_too_large',
    ],
    ['unknown topic', sendWebhook(info, { ...good, path: '/v1/api/webhooks/orders/eaten' }), 404, 'not_found'],
  ]
  for (const [name, answer, status, code] of cases) {
    expect(await problemOf(answer), name).toMatchObject({ status, problem: { status, code } })
  }
  expect(await afterwards(customer, 0)).toBe(0)
})
