import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { afterAll, beforeAll, expect, test, vi } from 'vitest'
import { z } from 'zod'
import { type ShopifyStandIn, startShopifyStandIn } from '../server.ts'

/** The Admin API as a program meets it: real schema, real HTTP, a shop for each test. */

const APP = { client_id: 'loyalnest', client_secret: 'client-secret' }
const CREATE = `mutation Create($discount: DiscountCodeAppInput!) {
  discountCodeAppCreate(codeAppDiscount: $discount) {
    codeAppDiscount { discountId title status discountClasses codes(first: 5) { nodes { id code asyncUsageCount } } }
    userErrors { field code message }
  }
}`
const ADD = `mutation Add($id: ID!, $codes: [DiscountRedeemCodeInput!]!) {
  discountRedeemCodeBulkAdd(discountId: $id, codes: $codes) {
    bulkCreation { id done codesCount }
    userErrors { field code message }
  }
}`
const CREATION = `query Creation($id: ID!) {
  discountRedeemCodeBulkCreation(id: $id) {
    done importedCount failedCount
    codes(first: 10) { nodes { code errors { code message } discountRedeemCode { id } } }
  }
}`
const FIND = `query Find($code: String!) {
  codeDiscountNodeByCode(code: $code) {
    id
    codeDiscount { ... on DiscountCodeApp { codes(first: 10, query: $code) { nodes { id code asyncUsageCount } } } }
  }
}`
const REMOVE = `mutation Remove($id: ID!, $ids: [ID!]!) {
  discountCodeRedeemCodeBulkDelete(discountId: $id, ids: $ids) { job { id done } userErrors { code message } }
}`

const NOTHING_TO_DELETE = 'discountCodeDelete(id: "gid://shopify/DiscountCodeNode/1") { userErrors { code } }'

const Cost = z.object({ cost: z.object({ throttleStatus: z.object({ currentlyAvailable: z.number() }) }) })
const Token = z.object({ access_token: z.string(), refresh_token: z.string(), expires_in: z.number() })
const Answer = z.looseObject({
  data: z.record(z.string(), z.unknown()).nullish(),
  errors: z.unknown().optional(),
  extensions: z.unknown().optional(),
})

let dir: string
let shops: ShopifyStandIn
let count = 0

beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), 'admin-api-'))
  shops = await start()
})

afterAll(async () => {
  await shops.close()
  await rm(dir, { recursive: true })
})

function start(): Promise<ShopifyStandIn> {
  return startShopifyStandIn({
    port: 0,
    appOrigin: 'http://127.0.0.1:9',
    dir,
    shop: 'demo.myshopify.com',
    clientId: APP.client_id,
    clientSecret: APP.client_secret,
    anyShop: true,
    asyncDelayMs: 60,
  })
}

function send(
  shop: string,
  path: string,
  body: unknown,
  headers: Record<string, string> = {},
  method: 'POST' | 'PUT' = 'POST',
) {
  return fetch(`${shops.url}${path}`, {
    method,
    headers: { 'content-type': 'application/json', 'x-forwarded-host': shop, ...headers },
    body: JSON.stringify(body),
  })
}

async function sessionToken(shop: string): Promise<string> {
  const answer = await send(shop, '/admin/app/session-token.json', {})
  return z.object({ session_token: z.string() }).parse(await answer.json()).session_token
}

async function exchange(shop: string, subjectToken: string, more: object = {}): Promise<Response> {
  return send(shop, '/admin/oauth/access_token', {
    ...APP,
    grant_type: 'urn:ietf:params:oauth:grant-type:token-exchange',
    subject_token: subjectToken,
    subject_token_type: 'urn:ietf:params:oauth:token-type:id_token',
    requested_token_type: 'urn:shopify:params:oauth:token-type:offline-access-token',
    expiring: '1',
    ...more,
  })
}

function refresh(shop: string, refreshToken: string): Promise<Response> {
  return send(shop, '/admin/oauth/access_token', {
    ...APP,
    grant_type: 'refresh_token',
    refresh_token: refreshToken,
  })
}

/** A fresh shop with the app connected, and its Admin API. */
async function connect() {
  const shop = `t-${String(count++)}.myshopify.com`
  const tokens = Token.parse(await (await exchange(shop, await sessionToken(shop))).json())
  const post = (query: string, variables: object = {}, token = tokens.access_token) =>
    send(shop, '/admin/api/2026-10/graphql.json', { query, variables }, { 'x-shopify-access-token': token })
  const ask = async (query: string, variables: object = {}) => Answer.parse(await (await post(query, variables)).json())
  const faults = (...ordered: object[]) => send(shop, '/admin/api/2026-10/faults.json', { faults: ordered }, {}, 'PUT')
  return { shop, tokens, post, ask, faults }
}

function discount(changes: object = {}) {
  return {
    title: '5 € off',
    code: 'LN-REWARD-0A1B2C3D4E5F',
    functionHandle: 'loyalnest-reward-code',
    discountClasses: ['ORDER'],
    startsAt: '2026-01-01T00:00:00Z',
    usageLimit: 1,
    metafields: [{ namespace: '$app:loyalnest', key: 'reward', type: 'json', value: '{"v":1}' }],
    ...changes,
  }
}

type Connected = Awaited<ReturnType<typeof connect>>

async function createDiscount({ ask }: Connected): Promise<string> {
  const { data } = await ask(CREATE, { discount: discount() })
  const created = z
    .object({ codeAppDiscount: z.object({ discountId: z.string() }) })
    .parse(data?.['discountCodeAppCreate'])
  return created.codeAppDiscount.discountId
}

async function addCodes({ ask }: Connected, id: string, ...codes: string[]) {
  const { data } = await ask(ADD, { id, codes: codes.map((code) => ({ code })) })
  const added = z.object({ bulkCreation: z.object({ id: z.string(), done: z.boolean() }) })
  return added.parse(data?.['discountRedeemCodeBulkAdd']).bulkCreation
}

async function finished({ ask }: Connected, creationId: string) {
  return vi.waitUntil(async () => {
    const { data } = await ask(CREATION, { id: creationId })
    const creation = z.looseObject({ done: z.boolean() }).parse(data?.['discountRedeemCodeBulkCreation'])
    return creation.done ? creation : undefined
  })
}

test('a discount is made with its first code, and its codes can be looked up', async () => {
  const shop = await connect()
  const { data, errors } = await shop.ask(CREATE, { discount: discount() })
  expect(errors).toBeUndefined()
  expect(data?.['discountCodeAppCreate']).toMatchObject({
    userErrors: [],
    codeAppDiscount: {
      title: '5 € off',
      status: 'ACTIVE',
      discountClasses: ['ORDER'],
      codes: { nodes: [{ code: 'LN-REWARD-0A1B2C3D4E5F', asyncUsageCount: 0 }] },
    },
  })
})

test('codes are added a moment later, and then a code is found by its text in any case', async () => {
  const shop = await connect()
  const id = await createDiscount(shop)
  const creation = await addCodes(shop, id, 'MINE-7XQ2')
  expect(creation.done).toBe(false)
  expect((await shop.ask(FIND, { code: 'mine-7xq2' })).data).toEqual({ codeDiscountNodeByCode: null })
  expect(await finished(shop, creation.id)).toMatchObject({ importedCount: 1, failedCount: 0 })
  const { data } = await shop.ask(FIND, { code: 'mine-7xq2' })
  expect(data?.['codeDiscountNodeByCode']).toMatchObject({
    id,
    codeDiscount: { codes: { nodes: [{ code: 'MINE-7XQ2', asyncUsageCount: 0 }] } },
  })
})

test('a code that the shop has already is TAKEN, in its own place of the bulk creation', async () => {
  const shop = await connect()
  const id = await createDiscount(shop)
  await finished(shop, (await addCodes(shop, id, 'ONCE-1')).id)
  const creation = await addCodes(shop, id, 'once-1', 'ONCE-2', 'x'.repeat(256))
  expect(await finished(shop, creation.id)).toMatchObject({
    importedCount: 1,
    failedCount: 2,
    codes: {
      nodes: [
        { code: 'once-1', discountRedeemCode: null, errors: [{ code: 'TAKEN' }] },
        { code: 'ONCE-2', errors: [], discountRedeemCode: { id: expect.stringContaining('DiscountRedeemCode/') } },
        { discountRedeemCode: null, errors: [{ code: 'TOO_LONG' }] },
      ],
    },
  })
})

test('the same code in another shop is another code', async () => {
  const [one, two] = [await connect(), await connect()]
  await finished(one, (await addCodes(one, await createDiscount(one), 'SAME')).id)
  const id = await createDiscount(two)
  expect((await two.ask(FIND, { code: 'SAME' })).data).toEqual({ codeDiscountNodeByCode: null })
  expect(await finished(two, (await addCodes(two, id, 'SAME')).id)).toMatchObject({ importedCount: 1 })
})

test('codes are removed a moment later', async () => {
  const shop = await connect()
  const id = await createDiscount(shop)
  await finished(shop, (await addCodes(shop, id, 'GOING')).id)
  const Found = z.object({
    codeDiscount: z.object({ codes: z.object({ nodes: z.array(z.object({ id: z.string() })) }) }),
  })
  const found = Found.parse((await shop.ask(FIND, { code: 'GOING' })).data?.['codeDiscountNodeByCode'])
  const ids = found.codeDiscount.codes.nodes.map((node) => node.id)
  const removed = await shop.ask(REMOVE, { id, ids })
  expect(removed.data?.['discountCodeRedeemCodeBulkDelete']).toMatchObject({ job: { done: false }, userErrors: [] })
  await vi.waitFor(async () => {
    expect((await shop.ask(FIND, { code: 'GOING' })).data).toEqual({ codeDiscountNodeByCode: null })
  })
})

test('what was begun is done after a restart', async () => {
  const shop = await connect()
  const creation = await addCodes(shop, await createDiscount(shop), 'LATER')
  await shops.close()
  await delay(80)
  shops = await start()
  expect(await finished(shop, creation.id)).toMatchObject({ importedCount: 1 })
})

test.each([
  ['a blank title', { title: ' ' }, 'title', 'BLANK'],
  ['a title too long', { title: 'x'.repeat(256) }, 'title', 'TOO_LONG'],
  ['an end before the start', { endsAt: '2025-01-01T00:00:00Z' }, 'endsAt', 'END_DATE_BEFORE_START_DATE'],
  ['no function', { functionHandle: null }, 'functionHandle', 'MISSING_FUNCTION_IDENTIFIER'],
  ['an unknown function', { functionHandle: 'other' }, 'functionHandle', 'INVALID'],
  ['no code', { code: '' }, 'code', 'BLANK'],
  ['a code too long', { code: 'x'.repeat(256) }, 'code', 'TOO_LONG'],
  ['a usage limit of nothing', { usageLimit: 0 }, 'usageLimit', 'GREATER_THAN'],
])('%s is a userError', async (_name, changes, field, code) => {
  const { ask } = await connect()
  const { data } = await ask(CREATE, { discount: discount(changes) })
  expect(data?.['discountCodeAppCreate']).toMatchObject({
    codeAppDiscount: null,
    userErrors: [{ field: ['codeAppDiscount', field], code }],
  })
})

test('a metafield that is no JSON, and shipping that combines with shipping, are userErrors', async () => {
  const { ask } = await connect()
  const metafields = [{ namespace: '$app:loyalnest', key: 'reward', type: 'json', value: '{' }]
  const combinesWith = { orderDiscounts: false, productDiscounts: false, shippingDiscounts: true }
  const { data } = await ask(CREATE, {
    discount: discount({ metafields, discountClasses: ['SHIPPING'], combinesWith }),
  })
  expect(data?.['discountCodeAppCreate']).toMatchObject({
    userErrors: [
      { code: 'INVALID_COMBINES_WITH_FOR_DISCOUNT_CLASS' },
      { code: 'INVALID', field: ['codeAppDiscount', 'metafields', '0', 'value'] },
    ],
  })
})

test('an update changes what it names, and a metafield by namespace and key', async () => {
  const shop = await connect()
  const id = await createDiscount(shop)
  const { data } = await shop.ask(
    `mutation Update($id: ID!, $discount: DiscountCodeAppInput!) {
      discountCodeAppUpdate(id: $id, codeAppDiscount: $discount) {
        codeAppDiscount { title startsAt codesCount { count } } userErrors { field code }
      }
    }`,
    {
      id,
      discount: {
        title: '6 € off',
        metafields: [{ namespace: '$app:loyalnest', key: 'reward', type: 'json', value: '{"v":2}' }],
      },
    },
  )
  expect(data?.['discountCodeAppUpdate']).toEqual({
    codeAppDiscount: { title: '6 € off', startsAt: '2026-01-01T00:00:00Z', codesCount: { count: 1 } },
    userErrors: [],
  })
  const read = await shop.ask(
    `query Read($id: ID!) {
      codeDiscountNode(id: $id) {
        metafield(namespace: "$app:loyalnest", key: "reward") { jsonValue }
        metafields(first: 5) { nodes { key } }
      }
    }`,
    { id },
  )
  expect(read.data?.['codeDiscountNode']).toEqual({
    metafield: { jsonValue: { v: 2 } },
    metafields: { nodes: [{ key: 'reward' }] },
  })
})

test('what the schema does not have is refused in Shopify’s words; what only the stand-in lacks, by name', async () => {
  const { ask } = await connect()
  const unknown = await ask('{ shop { nmae } }')
  expect(unknown.errors).toMatchObject([
    { message: "Field 'nmae' doesn't exist on type 'Shop'", extensions: { code: 'undefinedField' } },
  ])
  const lacking = await ask('{ shop { name currencyCode ianaTimezone contactEmail } }')
  expect(lacking.errors).toMatchObject([{ message: 'The stand-in does not have Shop.contactEmail.' }])
  const wrong = await ask(CREATE, { discount: discount({ startsAt: 'soon' }) })
  expect(wrong.errors).toMatchObject([{ extensions: { code: 'INVALID_VARIABLE' } }])
  const many = await ask(ADD, {
    id: 'gid://shopify/DiscountCodeNode/1',
    codes: Array.from({ length: 251 }, () => ({ code: 'A' })),
  })
  expect(many.errors).toMatchObject([{ extensions: { code: 'MAX_INPUT_SIZE_EXCEEDED' } }])
})

test('what the scopes do not cover is denied', async () => {
  const { ask } = await connect()
  expect((await ask('{ products(first: 1) { nodes { id } } }')).errors).toMatchObject([
    { extensions: { code: 'ACCESS_DENIED', requiredAccess: expect.stringContaining('read_products') } },
  ])
})

test('queries cost points; an empty bucket throttles, and fills again', async () => {
  const { ask } = await connect()
  expect((await ask('{ shop { name } }')).extensions).toEqual({
    cost: {
      requestedQueryCost: 1,
      actualQueryCost: 1,
      throttleStatus: { maximumAvailable: 2000, currentlyAvailable: 1999, restoreRate: 100 },
    },
  })
  const greedy = `mutation { ${Array.from({ length: 80 }, (_, i) => `a${i}: ${NOTHING_TO_DELETE}`).join('\n')} }`
  expect((await ask(greedy)).errors).toBeUndefined()
  expect((await ask(greedy)).errors).toBeUndefined()
  const throttled = await ask(greedy)
  expect(throttled.data).toBeUndefined()
  expect(throttled.errors).toMatchObject([{ message: 'Throttled', extensions: { code: 'THROTTLED' } }])
  const { cost } = Cost.parse(throttled.extensions)
  await delay(150)
  const later = Cost.parse((await ask('{ shop { name } }')).extensions)
  const restored = later.cost.throttleStatus.currentlyAvailable - cost.throttleStatus.currentlyAvailable
  expect(restored).toBeGreaterThanOrEqual(13)
})

test('a single query may cost 1,000 points', async () => {
  const { ask } = await connect()
  const page = 'discountNode(id: "gid://shopify/DiscountCodeNode/1") { metafields(first: 250) { nodes { id } } }'
  expect((await ask(`{ a: ${page} b: ${page} c: ${page} d: ${page} }`)).errors).toMatchObject([
    { extensions: { code: 'MAX_COST_EXCEEDED' } },
  ])
})

test('without a valid token nothing is answered; another shop’s token is not valid', async () => {
  const [one, two] = [await connect(), await connect()]
  expect((await one.post('{ shop { name } }', {}, 'shpat_wrong')).status).toBe(401)
  expect((await one.post('{ shop { name } }', {}, two.tokens.access_token)).status).toBe(401)
})

test('an access token runs out; its refresh token gives a new pair', async () => {
  const { shop, tokens, post } = await connect()
  expect(tokens.expires_in).toBe(3600)
  await send(shop, '/admin/api/2026-10/access_tokens.json', { expire_now: true }, {}, 'PUT')
  expect((await post('{ shop { name } }')).status).toBe(401)
  const next = Token.parse(await (await refresh(shop, tokens.refresh_token)).json())
  expect(next.refresh_token).not.toBe(tokens.refresh_token)
  expect((await post('{ shop { name } }', {}, next.access_token)).status).toBe(200)
})

test('a lost refresh can be repeated until its successor is used; then the old token is refused', async () => {
  const { shop, tokens } = await connect()
  const first = Token.parse(await (await refresh(shop, tokens.refresh_token)).json())
  const again = Token.parse(await (await refresh(shop, tokens.refresh_token)).json())
  expect(again.refresh_token).toBe(first.refresh_token)
  expect((await refresh(shop, first.refresh_token)).status).toBe(200)
  const late = await refresh(shop, tokens.refresh_token)
  expect(late.status).toBe(400)
  expect(await late.json()).toMatchObject({ error: 'invalid_grant' })
})

test('the token exchange takes only a session token of this shop and this app', async () => {
  const { shop } = await connect()
  const other = await exchange(shop, await sessionToken('t-other.myshopify.com'))
  expect(await other.json()).toMatchObject({ error: 'invalid_subject_token' })
  const forged = (await sessionToken(shop)).replace(/.$/, (last) => (last === 'A' ? 'B' : 'A'))
  expect((await exchange(shop, forged)).status).toBe(400)
  const wrongSecret = await exchange(shop, await sessionToken(shop), { client_secret: 'wrong' })
  expect(await wrongSecret.json()).toMatchObject({ error: 'invalid_client' })
})

test('ordered trouble comes as often as ordered, and then it is over', async () => {
  const shop = await connect()
  const id = await createDiscount(shop)
  const add = (code: string) => shop.post(ADD, { id, codes: [{ code }] })
  const match = 'discountRedeemCodeBulkAdd'
  await shop.faults({ match, effect: 'status_500', times: 2 }, { match: '*', effect: 'status_429' })
  expect((await add('F1')).status).toBe(500)
  expect((await add('F1')).status).toBe(500)
  const limited = await shop.post('{ shop { name } }')
  expect([limited.status, limited.headers.get('retry-after')]).toEqual([429, '2.0'])
  await shop.faults({ match, effect: 'throttled' }, { match, effect: 'user_error' })
  expect(await (await add('F1')).json()).toMatchObject({ errors: [{ extensions: { code: 'THROTTLED' } }] })
  expect(await (await add('F1')).json()).toMatchObject({
    data: { discountRedeemCodeBulkAdd: { bulkCreation: null, userErrors: [{ code: 'INTERNAL_ERROR' }] } },
  })
  expect((await add('F1')).status).toBe(200)
})

test('a dropped connection: before, nothing is done; after, it is done and nobody hears of it', async () => {
  const shop = await connect()
  const id = await createDiscount(shop)
  const add = (code: string) => shop.post(ADD, { id, codes: [{ code }] })
  const match = 'discountRedeemCodeBulkAdd'
  await shop.faults({ match, effect: 'drop_before' }, { match, effect: 'drop_after' })
  await expect(add('D1')).rejects.toThrow('fetch failed')
  await expect(add('D2')).rejects.toThrow('fetch failed')
  await delay(80)
  expect((await shop.ask(FIND, { code: 'D1' })).data).toEqual({ codeDiscountNodeByCode: null })
  expect((await shop.ask(FIND, { code: 'D2' })).data).toMatchObject({ codeDiscountNodeByCode: { id } })
})

test('silence lasts until the app gives up; slowness is only slow', async () => {
  const { shop, post, faults } = await connect()
  await faults({ match: 'shop', effect: 'silent' }, { match: 'shop', effect: 'slow', delay_ms: 100 })
  const silent = fetch(`${shops.url}/admin/api/2026-10/graphql.json`, {
    method: 'POST',
    headers: { 'x-forwarded-host': shop },
    body: JSON.stringify({ query: '{ shop { name } }' }),
    signal: AbortSignal.timeout(150),
  })
  await expect(silent).rejects.toThrow('timeout')
  const before = Date.now()
  expect((await post('{ shop { name } }')).status).toBe(200)
  expect(Date.now() - before).toBeGreaterThanOrEqual(99)
})
