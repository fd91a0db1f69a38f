import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { createServer } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { z } from 'zod'
import {
  FUNCTION_INPUT_METAFIELD,
  FUNCTION_METAFIELD,
  type FunctionTerms,
  REWARD_FUNCTION_HANDLE,
} from '../../domain/rewards/function-config.ts'
import { ALL_GOODS, SELECTIONS, codeOf, configOf } from '../../functions/reward-code/samples.ts'
import { orderFacts } from '../../workers/integrations/shopify/facts.ts'
import { Order as OrderPayload, parsePayload } from '../../workers/integrations/shopify/payloads.ts'
import { type ShopifyStandIn, startShopifyStandIn } from './server.ts'

/** From the app's discount to the order that used its code: over HTTP, with the app's own Function. */

const MIRA = '7412905541101'
const YUSUF = '7412905541102'
const TEAPOT = '45120880110001'
const CREDENTIALS = { client_id: 'loyalnest', client_secret: 'client-secret' }

let dir: string
let shop: ShopifyStandIn
let webhooks: { path: string; body: string }[]
let app: ReturnType<typeof createServer>

beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), 'discounted-'))
  webhooks = []
  app = createServer((request, response) => {
    let body = ''
    request.setEncoding('utf8').on('data', (chunk: string) => (body += chunk))
    request.on('end', () => {
      webhooks.push({ path: request.url ?? '', body })
      response.end()
    })
  }).listen(0, '127.0.0.1')
  await once(app, 'listening')
  const { port } = z.object({ port: z.number() }).parse(app.address())
  shop = await startShopifyStandIn({
    port: 0,
    appOrigin: `http://127.0.0.1:${port}`,
    dir,
    shop: 'demo.myshopify.com',
    clientId: CREDENTIALS.client_id,
    clientSecret: CREDENTIALS.client_secret,
    asyncDelayMs: 20,
  })
})

afterEach(async () => {
  await shop.close()
  app.close()
  await rm(dir, { recursive: true })
})

async function post(path: string, body: unknown, headers: Record<string, string> = {}): Promise<Response> {
  return fetch(`${shop.url}/admin${path}`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...headers },
    body: JSON.stringify(body),
  })
}

async function connect(): Promise<string> {
  const session = await (await post('/app/session-token.json', {})).json()
  const tokens = await post('/oauth/access_token', {
    ...CREDENTIALS,
    grant_type: 'urn:ietf:params:oauth:grant-type:token-exchange',
    subject_token: z.object({ session_token: z.string() }).parse(session).session_token,
    subject_token_type: 'urn:ietf:params:oauth:token-type:id_token',
    expiring: '1',
  })
  return z.object({ access_token: z.string() }).parse(await tokens.json()).access_token
}

/** A reward's discount whose first code is Mira's. */
async function miraCode(terms: FunctionTerms, more: object = {}): Promise<string> {
  const code = codeOf({ customer: MIRA })
  const query = `mutation M($discount: DiscountCodeAppInput!) {
    discountCodeAppCreate(codeAppDiscount: $discount) { userErrors { message } }
  }`
  const discount = {
    title: '5 € off',
    code,
    functionHandle: REWARD_FUNCTION_HANDLE,
    discountClasses: [terms.type === 'free_shipping' ? 'SHIPPING' : 'ORDER'],
    startsAt: '2026-01-01T00:00:00Z',
    usageLimit: 1,
    metafields: [
      { ...FUNCTION_METAFIELD, type: 'json', value: JSON.stringify(configOf(terms)) },
      { ...FUNCTION_INPUT_METAFIELD, type: 'json', value: JSON.stringify(SELECTIONS) },
    ],
    ...more,
  }
  const made = await post(
    '/api/2026-10/graphql.json',
    { query, variables: { discount } },
    { 'x-shopify-access-token': await connect() },
  )
  expect(await made.json()).toMatchObject({ data: { discountCodeAppCreate: { userErrors: [] } } })
  return code
}

function buy(code: string, more: object = {}): Promise<Response> {
  const order = {
    customer: { id: MIRA },
    line_items: [{ variant_id: TEAPOT, quantity: 2 }],
    discount_codes: [{ code }],
    ...more,
  }
  return post('/api/2026-10/orders.json', { order })
}

async function refusal(response: Response): Promise<unknown> {
  expect(response.status).toBe(422)
  return z.object({ errors: z.object({ discount_codes: z.array(z.string()) }) }).parse(await response.json()).errors
    .discount_codes
}

const FIVE_OFF: FunctionTerms = { type: 'amount_off', amount: '5.00', ...ALL_GOODS }

test('an order with a code bears its discount: codes, applications, allocations, totals, tax', async () => {
  const code = await miraCode(FIVE_OFF)
  const response = await buy(code.toLowerCase())
  expect(response.status).toBe(201)
  expect(await response.json()).toMatchObject({
    order: {
      discount_codes: [{ code, amount: '5.00', type: 'fixed_amount' }],
      discount_applications: [{ type: 'discount_code', code, value_type: 'fixed_amount', target_type: 'line_item' }],
      line_items: [
        {
          price: '59.90',
          quantity: 2,
          discount_allocations: [{ amount: '5.00', discount_application_index: 0 }],
          tax_lines: [{ price: '18.33' }],
        },
      ],
      total_line_items_price: '119.80',
      total_discounts: '5.00',
      subtotal_price: '114.80',
      total_price: '114.80',
      total_tax: '18.33',
    },
  })
})

test('a code is good for one order, for its customer only, and in its time', async () => {
  const code = await miraCode(FIVE_OFF)
  expect(await refusal(await buy(code, { customer: { id: YUSUF } }))).toEqual([
    `${code} is not valid for these items or this customer`,
  ])
  expect((await buy(code)).status).toBe(201)
  expect(await refusal(await buy(code))).toEqual([`${code} has been used already`])
  expect(await refusal(await buy('LN-NOBODY'))).toEqual(['LN-NOBODY is not a valid discount code'])
  const over = await miraCode(FIVE_OFF, { endsAt: '2026-02-01T00:00:00Z' })
  expect(await refusal(await buy(over))).toEqual([`${over} has expired`])
})

test('of two checkouts at once with the same code one gets it', async () => {
  const code = await miraCode(FIVE_OFF)
  const statuses = (await Promise.all([buy(code), buy(code), buy(code)])).map(({ status }) => status)
  expect(statuses.toSorted((a, b) => a - b)).toEqual([201, 422, 422])
  const { discount_codes: codes } = z
    .object({ discount_codes: z.array(z.object({ code: z.string(), usage_count: z.int() })) })
    .parse(await (await fetch(`${shop.url}/admin/api/2026-10/discount_codes.json`)).json())
  expect(codes).toMatchObject([{ code, usage_count: 1 }])
})

test('free shipping takes the shipping to nothing, its tax too', async () => {
  const code = await miraCode({ type: 'free_shipping', ...ALL_GOODS })
  const order = await (await buy(code, { line_items: [{ variant_id: TEAPOT }] })).json()
  expect(order).toMatchObject({
    order: {
      discount_codes: [{ code, amount: '4.90', type: 'shipping' }],
      shipping_lines: [
        { price: '4.90', discounted_price: '0.00', tax_lines: [], discount_allocations: [{ amount: '4.90' }] },
      ],
      total_discounts: '4.90',
      total_price: '59.90',
    },
  })
})

test.each([
  { currency: 'USD', price: '64.99', off: '5.43', total: '124.55' },
  { currency: 'JPY', price: '9836', off: '821', total: '18851' },
  { currency: 'KWD', price: '19.977', off: '1.668', total: '38.286' },
])('in $currency the sets say both currencies, and each adds up', async ({ currency, price, off, total }) => {
  const code = await miraCode(FIVE_OFF)
  const response = await buy(code, { presentment_currency: currency })
  const set = (eur: string, seen: string) => ({
    shop_money: { amount: eur, currency_code: 'EUR' },
    presentment_money: { amount: seen, currency_code: currency },
  })
  expect(await response.json()).toMatchObject({
    order: {
      currency: 'EUR',
      presentment_currency: currency,
      discount_codes: [{ code, amount: '5.00' }],
      line_items: [
        { price: '59.90', price_set: set('59.90', price), discount_allocations: [{ amount_set: set('5.00', off) }] },
      ],
      total_discounts_set: set('5.00', off),
      total_price_set: set('114.80', total),
    },
  })
})

test('a refund gives back what was paid, in both currencies, and two halves give back all of it', async () => {
  const code = await miraCode(FIVE_OFF)
  const text = await (await buy(code, { presentment_currency: 'USD' })).text()
  const id = /gid:\/\/shopify\/Order\/(\d+)/.exec(text)?.[1] ?? ''
  const line = /gid:\/\/shopify\/LineItem\/(\d+)/.exec(text)?.[1]
  const half = { refund: { refund_line_items: [{ line_item_id: line, quantity: 1 }] } }
  const Back = z.object({
    refund: z.object({
      refund_line_items: z.tuple([
        z.object({
          subtotal_set: z.object({
            shop_money: z.object({ amount: z.string() }),
            presentment_money: z.object({ amount: z.string() }),
          }),
        }),
      ]),
    }),
  })
  const back = async () => {
    const { refund } = Back.parse(await (await post(`/api/2026-10/orders/${id}/refunds.json`, half)).json())
    const [{ subtotal_set: set }] = refund.refund_line_items
    return [set.shop_money.amount, set.presentment_money.amount]
  }
  expect(await back()).toEqual(['57.40', '62.28'])
  expect(await back()).toEqual(['57.40', '62.27'])
  const after = await (await fetch(`${shop.url}/admin/api/2026-10/orders/${id}.json`)).json()
  expect(after).toMatchObject({
    order: {
      financial_status: 'refunded',
      current_total_price: '0.00',
      current_total_discounts: '0.00',
      current_total_price_set: { presentment_money: { amount: '0.00', currency_code: 'USD' } },
    },
  })
})

test('LoyalNest reads the discount and its own code out of the webhook', async () => {
  const code = await miraCode(FIVE_OFF)
  await buy(code, { presentment_currency: 'JPY' })
  const paid = await vi.waitUntil(() => webhooks.find(({ path }) => path.endsWith('/orders/paid')))
  const bytes = Uint8Array.from(new TextEncoder().encode(paid.body)).buffer
  const facts = orderFacts('orders/paid', OrderPayload.parse(parsePayload('orders/paid', bytes)), 0)
  expect(facts).toMatchObject({
    currency: 'EUR',
    parts: { goods: 11480, goods_discount: 500, goods_tax: 1833 },
    discount_codes: [code],
  })
})

test('the merchant deletes a whole discount: its codes are dead, and the app is told once', async () => {
  const code = await miraCode(FIVE_OFF)
  const before = webhooks.length
  const page = await (await fetch(`${shop.url}/admin/discounts`)).text()
  const panel = page.split('<section').find((section) => section.includes(code)) ?? ''
  const action = /\/admin\/discounts\/\d+\/delete/.exec(panel)?.[0] ?? ''
  await fetch(`${shop.url}${action}`, { method: 'POST' })
  const told = await vi.waitUntil(() => webhooks.slice(before).find(({ path }) => path.endsWith('/discounts/delete')))
  expect(JSON.parse(told.body)).toEqual({
    admin_graphql_api_id: `gid://shopify/DiscountCodeNode/${/\d+/.exec(action)?.[0]}`,
    deleted_at: expect.any(String),
  })
  expect(webhooks.slice(before).filter(({ path }) => path.endsWith('/redeemcode_removed'))).toEqual([])
  expect(await refusal(await buy(code))).toEqual([`${code} is not a valid discount code`])
})

test('the merchant sees the codes and deletes one, of which the app is told', async () => {
  const code = await miraCode(FIVE_OFF)
  const page = await (await fetch(`${shop.url}/admin/discounts`)).text()
  expect(page).toContain(code)
  const action = /\/admin\/discounts\/codes\/\d+\/delete/.exec(page)?.[0] ?? ''
  await fetch(`${shop.url}${action}`, { method: 'POST' })
  const told = await vi.waitUntil(() => webhooks.find(({ path }) => path.endsWith('/discounts/redeemcode_removed')))
  expect(JSON.parse(told.body)).toMatchObject({
    admin_graphql_api_id: expect.stringContaining('gid://shopify/DiscountCodeNode/'),
    redeem_code: { id: expect.stringContaining('gid://shopify/DiscountRedeemCode/'), code },
  })
  expect(await refusal(await buy(code))).toEqual([`${code} is not a valid discount code`])
})
