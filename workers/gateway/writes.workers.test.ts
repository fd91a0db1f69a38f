import { env } from 'cloudflare:workers'
import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { ShopperSession } from '../../domain/contracts/operations/auth.ts'
import { StreamTicket } from '../../domain/contracts/points.ts'
import { VersionedSettings } from '../../domain/contracts/settings.ts'
import { readSettings } from '../platform/control.ts'
import { installShop } from '../platform/install.ts'
import { call, deliver, get, newShop, post, proxied, sessionQuery, type TestShop } from './testing.ts'

const GID = 'gid://shopify/Customer/706405506930370084'
const EARN = '/v1/api/points/earn'
const REDEEM = '/v1/api/points/redeem'

async function balance({ key }: TestShop) {
  const response = await get(`/v1/api/points/balance?customer_id=${encodeURIComponent(GID)}`, key)
  return response.json()
}

describe('a write', () => {
  it('books once: the repetition gets the same bytes and says so', async () => {
    const shop = await newShop(env)
    const send = () => post(EARN, shop.key, { customer_id: GID, points: 59 }, { 'idempotency-key': 'order-1' })
    const [first, second] = [await send(), await send()]
    expect(first.status).toBe(200)
    expect(first.headers.get('idempotency-replayed')).toBeNull()
    expect(second.headers.get('idempotency-replayed')).toBe('true')
    expect(await second.text()).toBe(await first.text())
    expect(await balance(shop)).toMatchObject({ points: 59, seq: 1 })
  })

  it('of other contents under the same key is refused', async () => {
    const { key } = await newShop(env)
    const send = (points: number) => post(EARN, key, { customer_id: GID, points }, { 'idempotency-key': 'k' })
    await send(1)
    const second = await send(2)
    expect(second.status).toBe(422)
    expect(await second.json()).toMatchObject({ code: 'idempotency_key_reused' })
  })

  it('of a business id that was booked with other contents is refused', async () => {
    const { key } = await newShop(env)
    const send = (points: number) => post(EARN, key, { customer_id: GID, points, activity_id: 'review-1' })
    await send(10)
    expect((await send(10)).status).toBe(200)
    const other = await send(11)
    expect(other.status).toBe(409)
    expect(await other.json()).toMatchObject({ code: 'external_id_conflict' })
  })

  it('refused for too few points stays refused under its key, byte for byte', async () => {
    const shop = await newShop(env)
    const redeem = () => post(REDEEM, shop.key, { customer_id: GID, points: 5 }, { 'idempotency-key': 'r' })
    const first = await redeem()
    expect(first.status).toBe(422)
    await post(EARN, shop.key, { customer_id: GID, points: 100 })
    const second = await redeem()
    expect(second.status).toBe(422)
    expect(second.headers.get('idempotency-replayed')).toBe('true')
    expect(await second.text()).toBe(await first.text())
    expect(await balance(shop)).toMatchObject({ points: 100 })
  })

  it('turns money into points by the rule of the shop, in its currency only', async () => {
    const { key } = await newShop(env)
    const earned = await post(EARN, key, { customer_id: GID, amount: '59.90', currency: 'EUR' })
    expect(await earned.json()).toMatchObject({ transaction: { points: 59, type: 'earn', source: 'api' } })
    const foreign = await post(EARN, key, { customer_id: GID, amount: '59.90', currency: 'USD' })
    expect(foreign.status).toBe(422)
    expect(await foreign.json()).toMatchObject({ code: 'currency_mismatch', errors: [{ pointer: '/currency' }] })
  })

  it('is answered as before under its key, though the shop’s rule gives nothing any more', async () => {
    const shop = await newShop(env)
    const earn = (key: string, amount: string) =>
      post(EARN, shop.key, { customer_id: GID, amount }, { 'idempotency-key': key })
    const first = await earn('sale-1', '59.90')
    const { version, settings } = await readSettings(env, shop.merchantId)
    const off = { version, settings: { ...settings, earning: { ...settings.earning, enabled: false } } }
    const headers = {
      authorization: `Bearer ${shop.key}`,
      'content-type': 'application/json',
      'idempotency-key': 'off',
    }
    expect((await call('/v1/api/core/settings', { method: 'PUT', body: JSON.stringify(off), headers })).status).toBe(
      200,
    )
    const again = await earn('sale-1', '59.90')
    expect(again.headers.get('idempotency-replayed')).toBe('true')
    expect(await again.text()).toBe(await first.text())
    const [refused, repeated] = [await earn('sale-2', '59.90'), await earn('sale-2', '59.90')]
    expect(refused.status).toBe(422)
    const text = await refused.text()
    expect(JSON.parse(text)).toMatchObject({ code: 'points_out_of_range', errors: [{ pointer: '/amount' }] })
    expect(await repeated.text()).toBe(text)
  })

  it('adjusts, and lists what happened in pages, newest first', async () => {
    const { key } = await newShop(env)
    for (const points of [10, 20]) await post(EARN, key, { customer_id: GID, points })
    await post('/v1/api/points/adjust', key, { customer_id: GID, points: -5, reason: 'counted twice' })
    const path = `/v1/api/points/transactions?limit=2&customer_id=${encodeURIComponent(GID)}`
    const first: Record<string, unknown> = await (await get(path, key)).json()
    expect(first).toMatchObject({ transactions: [{ points: -5, reason: 'counted twice' }, { points: 20 }] })
    const rest = await get(`${path}&cursor=${String(first['next_cursor'])}`, key)
    expect(await rest.json()).toMatchObject({ transactions: [{ points: 10 }], next_cursor: null })
  })
})

describe('the settings', () => {
  const path = '/v1/api/core/settings'
  const read = async (key: string) => VersionedSettings.parse(await (await get(path, key)).json())
  const put = (key: string, body: unknown, idempotencyKey: string = crypto.randomUUID()) =>
    call(path, {
      method: 'PUT',
      body: JSON.stringify(body),
      headers: {
        authorization: `Bearer ${key}`,
        'content-type': 'application/json',
        'idempotency-key': idempotencyKey,
      },
    })

  it('begin with safe defaults and keep what was set, under a new version', async () => {
    const { key, merchantId } = await newShop(env)
    const { version, settings } = await read(key)
    expect({ version, enabled: settings.earning.enabled }).toEqual({ version: 1, enabled: true })
    const next = { ...settings, expiry: { lot_days: 365 } }
    const stored = await put(key, { version, settings: next }, 'once')
    expect(stored.status).toBe(200)
    expect(await read(key)).toMatchObject({ version: 2, settings: next })
    const again = await put(key, { version, settings: next }, 'once')
    expect(again.headers.get('idempotency-replayed')).toBe('true')
    expect(await again.text()).toBe(await stored.text())
    const history = await env.CONTROL.prepare('SELECT version FROM program_settings WHERE merchant_id = ?1')
      .bind(merchantId)
      .all()
    expect(history.results).toEqual([{ version: 1 }, { version: 2 }])
  })

  it('let one of two writers of the same version through', async () => {
    const { key } = await newShop(env)
    const { settings } = await read(key)
    const writers = [10, 20, 30].map((days) =>
      put(key, { version: 1, settings: { ...settings, return_window_days: days } }),
    )
    const statuses = (await Promise.all(writers)).map(({ status }) => status)
    expect(statuses.toSorted((a, b) => a - b)).toEqual([200, 409, 409])
    expect((await read(key)).version).toBe(2)
  })

  it('refuse what does not fit, naming each field, and another currency than the shop’s', async () => {
    const { key } = await newShop(env)
    const { settings } = await read(key)
    const wrong = await put(key, { version: 1, settings: { ...settings, time_zone: 'Mars', return_window_days: -1 } })
    expect(wrong.status).toBe(400)
    expect(await wrong.json()).toMatchObject({
      errors: expect.arrayContaining([
        expect.objectContaining({ pointer: '/settings/time_zone' }),
        expect.objectContaining({ pointer: '/settings/return_window_days' }),
      ]),
    })
    const foreign = await put(key, { version: 1, settings: { ...settings, currency: 'USD' } })
    expect(await foreign.json()).toMatchObject({ code: 'currency_mismatch' })
    expect((await read(key)).version).toBe(1)
  })
})

function preflight(origin: string): Promise<Response> {
  return call(EARN, { method: 'OPTIONS', headers: { origin, 'access-control-request-method': 'POST' } })
}

/** A preflight from the origin of one number, always from the same address. */
function askFrom(turn: number): Promise<Response> {
  const headers = { origin: `https://${turn}.example`, 'cf-connecting-ip': '192.0.2.77' }
  return call(EARN, { method: 'OPTIONS', headers })
}

describe('storefront origins', () => {
  it('of active shops may ask, others may not', async () => {
    const { origin } = await newShop(env)
    const allowed = await preflight(origin)
    expect(allowed.status).toBe(204)
    expect(allowed.headers.get('access-control-allow-origin')).toBe(origin)
    expect(allowed.headers.get('access-control-allow-headers')).toContain('Idempotency-Key')
    const foreign = await preflight('https://elsewhere.example')
    expect(foreign.status).toBe(403)
    expect(foreign.headers.get('access-control-allow-origin')).toBeNull()
  })

  it('are as many as the last installation named', async () => {
    const { origin, domain } = await newShop(env)
    const moved = `https://moved-${domain}`
    const again = { domain, currency: 'EUR', timeZone: 'Europe/Berlin', plan: 'free', nowMs: Date.now() }
    await installShop(env.CONTROL, { ...again, storefrontOrigins: [moved] })
    expect((await preflight(moved)).status).toBe(204)
    expect((await preflight(`https://${domain}`)).status).toBe(204)
    expect((await preflight(origin)).status).toBe(403)
  })

  it('that exist nowhere are looked up 60 times a minute for one address, then no more', async () => {
    for (let turn = 0; turn < 60; turn += 1) expect((await askFrom(turn)).status).toBe(403)
    expect((await askFrom(60)).status).toBe(429)
    expect((await askFrom(0)).status).toBe(403)
  })

  it('may open the live stream: balance at once, then each change; a ticket works once and from its origin', async () => {
    const shop = await newShop(env)
    const session = await call(proxied('/proxy/session', sessionQuery(shop.domain, '706405506930370084')))
    const { token } = ShopperSession.parse(await session.json())
    const headers = { authorization: `Bearer ${token}`, origin: shop.origin }
    const answer = await call('/v1/api/points/stream/ticket', { method: 'POST', headers })
    expect(answer.headers.get('access-control-allow-origin')).toBe(shop.origin)
    const { ticket } = StreamTicket.parse(await answer.json())
    const connect = (origin: string) =>
      call(`/api/points/stream?ticket=${ticket}`, { headers: { upgrade: 'websocket', origin } })
    expect((await connect('https://elsewhere.example')).status).toBe(403)
    const open = await connect(shop.origin)
    expect(open.status).toBe(101)
    const messages: unknown[] = []
    const socket = open.webSocket
    socket?.accept()
    socket?.addEventListener('message', ({ data }) => void messages.push(JSON.parse(String(data))))
    await post(EARN, shop.key, { customer_id: GID, points: 7 })
    await expect.poll(() => messages.length).toBe(2)
    expect(messages).toMatchObject([
      { type: 'balance', balance: { points: 0 } },
      { type: 'change', transaction: { points: 7 }, balance: { points: 7 } },
    ])
    socket?.close()
    const second = await connect(shop.origin)
    expect(second.status).toBe(401)
    expect(await second.json()).toMatchObject({ code: 'ticket_invalid' })
  })

  it('of another shop cannot use this shop’s token', async () => {
    const [mine, other] = [await newShop(env), await newShop(env)]
    const session = await call(proxied('/proxy/session', sessionQuery(mine.domain, '1')))
    const { token } = ShopperSession.parse(await session.json())
    const response = await call('/v1/api/points/balance', {
      headers: { authorization: `Bearer ${token}`, origin: other.origin },
    })
    expect(response.status).toBe(403)
    expect(response.headers.get('access-control-allow-origin')).toBeNull()
  })
})

describe('whatever is sent', () => {
  const odd = fc.oneof(
    fc.json(),
    fc.string({ unit: 'binary' }),
    fc
      .record(
        {
          customer_id: fc.oneof(fc.constant(GID), fc.string(), fc.integer()),
          points: fc.oneof(fc.integer(), fc.double(), fc.maxSafeInteger(), fc.string()),
          amount: fc.oneof(fc.constant('9'.repeat(15)), fc.string(), fc.constant('1e9')),
          reason: fc.string({ unit: 'binary' }),
          activity_id: fc.string(),
        },
        { requiredKeys: [] },
      )
      .map((value) => JSON.stringify(value)),
  )

  it('is never answered with 500', async () => {
    const { key, domain } = await newShop(env)
    const headers = { authorization: `Bearer ${key}`, 'content-type': 'application/json' }
    await fc.assert(
      fc.asyncProperty(odd, fc.constantFrom('earn', 'redeem', 'adjust'), fc.uuid(), async (body, write, claim) => {
        const request = { method: 'POST', body, headers: { ...headers, 'idempotency-key': claim } }
        expect((await call(`/v1/api/points/${write}`, request)).status).toBeLessThan(500)
        expect((await deliver('orders/create', domain, body)).status).toBeLessThan(500)
        expect((await deliver('refunds/create', domain, body)).status).toBeLessThan(500)
      }),
      { numRuns: 100 },
    )
  }, 60_000)
})
