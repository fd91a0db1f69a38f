import { env } from 'cloudflare:workers'
import { describe, expect, it, vi } from 'vitest'
import { z } from 'zod'
import { Device, PosRecord, PosSyncAnswer } from '../../../domain/contracts/pos.ts'
import { customerIdOfGid } from '../../../domain/ledger/identity.ts'
import { nothing, opIdOf, redemption, sale, summary } from '../../../durable-objects/pos-device/samples.ts'
import { call, get, newShop, post } from '../../gateway/testing.ts'
import { registerDevice } from '../../platform/devices.ts'
import { newDevice, newDeviceKey, postSigned, signed, type TestDevice } from '../../gateway/testing-device.ts'

const SYNC = '/v1/api/points/sync'
const CODES = '/v1/api/points/sync/codes'

function batch(...items: readonly unknown[]) {
  return { sent_at: new Date().toISOString(), items }
}

async function sync(device: TestDevice, ...items: readonly unknown[]): Promise<string[]> {
  const response = await postSigned(device, SYNC, batch(...items))
  expect(response.status).toBe(200)
  return summary(PosSyncAnswer.parse(await response.json()))
}

async function codeOf(response: Response): Promise<string> {
  return z.object({ code: z.string() }).parse(await response.json()).code
}

/** What a refused request says: `401 device_unknown`. */
async function refusal(response: Response): Promise<string> {
  return `${response.status} ${await codeOf(response)}`
}

async function balanceOf(shop: Awaited<ReturnType<typeof newShop>>, customer: number) {
  const response = await get(`/v1/api/points/balance?customer_id=${1_000 + customer}`, shop.key)
  return z.object({ posted: z.int(), debt: z.int() }).parse(await response.json())
}

describe('a till', () => {
  it('is registered by its public key, once, and told of by events', async () => {
    const shop = await newShop(env)
    const { publicKey } = await newDeviceKey()
    const body = { name: 'Till 1', location: 'Berlin', public_key: publicKey }
    const first = await post('/v1/api/devices', shop.key, body)
    expect(first.status).toBe(201)
    const device = Device.parse(await first.json())
    expect(device).toMatchObject({ name: 'Till 1', location: 'Berlin', revoked_at: null })
    const again = await post('/v1/api/devices', shop.key, body)
    expect(await again.json()).toEqual(device)
    expect(await refusal(await post('/v1/api/devices', shop.key, { ...body, name: 'Till 2' }))).toBe(
      '409 external_id_conflict',
    )
    const other = await newShop(env)
    expect(Device.parse(await (await post('/v1/api/devices', other.key, body)).json()).id).not.toBe(device.id)
    await vi.waitFor(async () => {
      const { results } = await env.EVENT_LOG.prepare('select event_type from events where merchant_id = ?1')
        .bind(shop.merchantId)
        .all()
      expect(results).toEqual([{ event_type: 'device.registered' }])
    }, 8_000)
  })

  it('has a key on the curve', async () => {
    const shop = await newShop(env)
    const { publicKey } = await newDeviceKey()
    const off = { ...publicKey, y: `${publicKey.y.slice(0, -2)}${publicKey.y.at(-2) === 'A' ? 'B' : 'A'}A` }
    for (const public_key of [off, { ...publicKey, x: 'short' }, { ...publicKey, d: 'private' }]) {
      expect((await post('/v1/api/devices', shop.key, { name: 'x', public_key })).status).toBe(400)
    }
  })

  it('is listed, newest first, page by page, in its own shop', async () => {
    const shop = await newShop(env)
    const ids = [(await newDevice(shop)).id, (await newDevice(shop)).id, (await newDevice(shop)).id]
    await newDevice(await newShop(env))
    const Page = z.object({ devices: z.array(Device), next_cursor: z.string().nullable() })
    const first = Page.parse(await (await get('/v1/api/devices?limit=2', shop.key)).json())
    const rest = Page.parse(await (await get(`/v1/api/devices?cursor=${first.next_cursor}`, shop.key)).json())
    expect([...first.devices, ...rest.devices].map(({ id }) => id).toSorted()).toEqual(ids.toSorted())
    expect(rest.next_cursor).toBeNull()
    expect((await get('/v1/api/devices?cursor=x', shop.key)).status).toBe(400)
  })
})

describe('a signed batch', () => {
  it('becomes points; sent ten times it is the same', async () => {
    const shop = await newShop(env)
    const device = await newDevice(shop)
    const items = [sale(1, 1, '59.90'), sale(2, 2, '5')]
    expect(await sync(device, ...items)).toEqual(['accepted', 'accepted'])
    for (let turn = 0; turn < 10; turn += 1) {
      expect(await sync(device, ...items)).toEqual(['duplicate/accepted', 'duplicate/accepted'])
    }
    expect((await balanceOf(shop, 1)).posted).toBe(59)
  })

  it('of 10,000 items is refused as a whole, and changes nothing', async () => {
    const device = await newDevice(await newShop(env))
    const items = Array.from({ length: 10_000 }, (_, index) => ({ op_id: opIdOf(index + 1), device_seq: index + 1 }))
    expect(await refusal(await postSigned(device, SYNC, batch(...items)))).toBe('413 batch_too_large')
    const large = Array.from({ length: 5_000 }, (_, index) => sale(index + 1, 1, '1', { receipt: 'x'.repeat(64) }))
    expect(await refusal(await postSigned(device, SYNC, batch(...large)))).toBe('413 payload_too_large')
    expect(await sync(device, nothing(1))).toEqual(['accepted'])
  })

  it('may have 500 items, more than other bodies hold', async () => {
    const device = await newDevice(await newShop(env))
    const items = Array.from({ length: 500 }, (_, index) =>
      sale(index + 1, index % 5, '1', { receipt: 'x'.repeat(64) }),
    )
    expect(JSON.stringify(items).length).toBeGreaterThan(65_536)
    expect(new Set(await sync(device, ...items))).toEqual(new Set(['accepted']))
  })

  it('has a frame that is as it should be', async () => {
    const device = await newDevice(await newShop(env))
    for (const body of [
      {},
      { items: [] },
      { ...batch(), sent_at: 'now' },
      { ...batch(nothing(1)), more: 1 },
      [],
      'x',
    ]) {
      expect(await refusal(await postSigned(device, SYNC, body))).toBe('400 validation_failed')
    }
    const deep = `{"sent_at":"2026-01-01T00:00:00Z","items":[${'['.repeat(100_000)}${']'.repeat(100_000)}]}`
    const headers = { 'content-type': 'application/json', ...(await signed(device, 'POST', SYNC, deep)) }
    const response = await call(SYNC, { method: 'POST', body: deep, headers })
    expect(response.status).toBe(200)
    expect(summary(PosSyncAnswer.parse(await response.json()))).toEqual(['rejected/malformed'])
  })

  it('says what is left of the device’s own quota', async () => {
    const device = await newDevice(await newShop(env))
    const response = await postSigned(device, SYNC, batch(nothing(1)))
    expect(response.headers.get('ratelimit-policy')).toBe('"device";q=120;w=60')
  })

  it('may come from a page of any origin: nothing but the signature lets it in', async () => {
    const origin = 'https://extensions.example'
    const preflight = await call(SYNC, { method: 'OPTIONS', headers: { origin } })
    expect(preflight.status).toBe(204)
    expect(preflight.headers.get('access-control-allow-origin')).toBe('*')
    expect(preflight.headers.get('access-control-allow-headers')).toContain('X-LoyalNest-Signature')
    const device = await newDevice(await newShop(env))
    const response = await postSigned(device, SYNC, batch(nothing(1)), { origin })
    expect([response.status, response.headers.get('access-control-allow-origin')]).toEqual([200, '*'])
  })
})

describe('a signature', () => {
  it('is of this method, path, device and body, and of this key', async () => {
    const shop = await newShop(env)
    const [device, other] = [await newDevice(shop), await newDevice(shop)]
    const text = JSON.stringify(batch(sale(1, 1, '10')))
    const good = await signed(device, 'POST', SYNC, text)
    const forged: Record<string, string>[] = [
      await signed(device, 'GET', SYNC, text),
      await signed(device, 'POST', CODES, text),
      await signed(device, 'POST', SYNC, `${text} `),
      await signed({ ...device, privateKey: other.privateKey }, 'POST', SYNC, text),
      { ...(await signed(other, 'POST', SYNC, text)), 'X-LoyalNest-Device': device.id },
      { ...good, 'X-LoyalNest-Signature': Buffer.alloc(64).toString('base64') },
      { ...good, 'X-LoyalNest-Signature': Buffer.alloc(64, 255).toString('base64') },
      { ...good, 'X-LoyalNest-Signature': Buffer.alloc(63).toString('base64') },
      { ...good, 'X-LoyalNest-Signature': 'x'.repeat(100_000) },
      { ...good, 'X-LoyalNest-Signature': '' },
    ]
    for (const headers of forged) {
      const response = await call(SYNC, {
        method: 'POST',
        body: text,
        headers: { 'content-type': 'application/json', ...headers },
      })
      expect(await refusal(response)).toBe('401 device_signature_invalid')
    }
    expect((await balanceOf(shop, 1)).posted).toBe(0)
    expect(await sync(device, sale(1, 1, '10'))).toEqual(['accepted'])
  })

  it('of a device that nobody knows, or of a shop that left, is none', async () => {
    const gone = await newShop(env)
    await env.CONTROL.prepare("UPDATE shops SET status = 'uninstalled' WHERE domain = ?1").bind(gone.domain).run()
    const keys = await newDeviceKey()
    const registered = await registerDevice(env, {
      merchantId: gone.merchantId,
      name: 'Till 1',
      location: null,
      publicKey: keys.publicKey,
      keyFingerprint: 'of its own',
      by: 'api_key:1',
      nowMs: Date.now(),
    })
    const device = { ...keys, id: registered.device.id }
    for (const id of [crypto.randomUUID(), 'constructor', device.id]) {
      expect(await refusal(await postSigned({ ...device, id }, SYNC, batch(nothing(1))))).toBe('401 device_unknown')
    }
  })

  it('that is wrong sixty times costs the address its turn', async () => {
    const device = await newDevice(await newShop(env))
    const headers = { 'cf-connecting-ip': '203.0.113.77', 'X-LoyalNest-Signature': Buffer.alloc(64).toString('base64') }
    for (let turn = 0; turn < 60; turn += 1) {
      expect((await postSigned(device, SYNC, batch(nothing(1)), headers)).status).toBe(401)
    }
    expect((await postSigned(device, SYNC, batch(nothing(1)), headers)).status).toBe(429)
    expect(await sync(device, nothing(1))).toEqual(['accepted'])
  })
})

describe('a revoked key', () => {
  it('is told so only with its own signature; what came before stays, and its replay is refused', async () => {
    const shop = await newShop(env)
    const device = await newDevice(shop)
    const pieces = [sale(1, 1, '10'), sale(2, 1, '10')]
    expect(await sync(device, pieces[0])).toEqual(['accepted'])
    const revoked = await post(`/v1/api/devices/${device.id}/revoke`, shop.key, undefined)
    expect(Device.parse(await revoked.json()).revoked_at).not.toBeNull()
    expect(await refusal(await postSigned(device, SYNC, batch(...pieces)))).toBe('401 device_revoked')
    expect(await refusal(await postSigned(device, CODES, { reward_id: crypto.randomUUID(), count: 1 }))).toBe(
      '401 device_revoked',
    )
    const wrong = { 'X-LoyalNest-Signature': Buffer.alloc(64).toString('base64') }
    expect(await refusal(await postSigned(device, SYNC, batch(...pieces), wrong))).toBe('401 device_signature_invalid')
    expect((await balanceOf(shop, 1)).posted).toBe(10)
    const again = await post('/v1/api/devices', shop.key, { name: 'Till 1', public_key: device.publicKey })
    expect(await refusal(again)).toBe('409 external_id_conflict')
    const foreign = await newShop(env)
    expect((await post(`/v1/api/devices/${device.id}/revoke`, foreign.key, undefined)).status).toBe(404)
  })
})

/** A reward of the shop: five euros off for a hundred points. */
async function reward(shop: Awaited<ReturnType<typeof newShop>>, changes: object = {}): Promise<string> {
  const body = {
    title: '5 € off',
    value: { type: 'amount_off', amount: '5.00' },
    cost: { kind: 'fixed', points: 100 },
    conditions: { minimum_spend: '20.00' },
    ...changes,
  }
  const response = await post('/v1/api/rewards', shop.key, body)
  return z.object({ id: z.uuid() }).parse(await response.json()).id
}

describe('codes for offline redemptions', () => {
  it('are reserved for one device and spend points into a capped debt', async () => {
    const shop = await newShop(env)
    const device = await newDevice(shop)
    const reward_id = await reward(shop)
    const response = await postSigned(device, CODES, { reward_id, count: 2 })
    const Codes = z.object({ codes: z.array(z.object({ code: z.string() })) })
    const body: unknown = await response.json()
    expect(body).toMatchObject({
      codes: Array.from({ length: 2 }, () => ({
        points: 100,
        title: '5 € off',
        state: 'reserved',
        value: { type: 'amount_off', amount: '5.00' },
        conditions: { minimum_spend: '20.00' },
      })),
    })
    const [code = ''] = Codes.parse(body).codes.map((reserved) => reserved.code)
    const other = await newDevice(shop)
    expect(await sync(other, redemption(1, 1, code))).toEqual(['rejected/code_unknown'])
    expect(await sync(device, redemption(1, 1, code), redemption(2, 2, code))).toEqual([
      'accepted_overdraft',
      'rejected/code_used',
    ])
    expect(await balanceOf(shop, 1)).toEqual({ posted: -100, debt: 100 })
  })

  it('are of active rewards that a till can see to by itself', async () => {
    const shop = await newShop(env)
    const device = await newDevice(shop)
    const unfit = await Promise.all(
      [
        { status: 'draft' },
        { limit_total: 5 },
        { limit_per_customer: 1 },
        { tier: 'gold' },
        { value: { type: 'free_shipping' } },
        { ends_at: '2020-01-01T00:00:00Z' },
        { starts_at: '2999-01-01T00:00:00Z' },
        { cost: { kind: 'sliding', step_points: 10, min_steps: 1, max_steps: null } },
      ].map((changes) => reward(shop, changes)),
    )
    for (const reward_id of unfit) {
      expect(await refusal(await postSigned(device, CODES, { reward_id, count: 1 }))).toBe('422 reward_unavailable')
    }
    const foreign = await reward(await newShop(env))
    expect(await refusal(await postSigned(device, CODES, { reward_id: foreign, count: 1 }))).toBe('404 not_found')
  })
})

describe('what tills sent', () => {
  const Page = z.object({ items: z.array(PosRecord), next_cursor: z.string().nullable() })

  it('is on record in Postgres, and what was rejected is a task until somebody decides', async () => {
    const shop = await newShop(env)
    const device = await newDevice(shop)
    await post('/v1/api/points/earn', shop.key, { customer_id: '1001', points: 5 })
    const items = [
      sale(1, 1, '10'),
      sale(2, 1, '20', { currency: 'USD', receipt: 'Bon № 7' }),
      nothing(3),
      { op_id: 7 },
    ]
    await sync(device, ...items)
    await sync(device, ...items)
    const listed = async (query: string) =>
      Page.parse(await (await get(`/v1/api/devices/items?${query}`, shop.key)).json())
    await vi.waitFor(async () => expect((await listed('limit=10')).items).toHaveLength(3), 8_000)
    const { items: open } = await listed(`task=open&device_id=${device.id}`)
    expect(open).toMatchObject([
      {
        id: `${device.id}:${opIdOf(2)}`,
        record: 2,
        device_seq: 2,
        kind: 'earn',
        customer_id: customerIdOfGid(shop.merchantId, 'gid://shopify/Customer/1001'),
        amount: '20',
        currency: 'USD',
        receipt: 'Bon № 7',
        result: 'rejected',
        reason: 'currency_mismatch',
      },
    ])
    const path = `/v1/api/devices/${device.id}/items/2/decide`
    const decision = { decision: 'book', points: 18, note: 'Paid in dollars' }
    const decided = await post(path, shop.key, decision)
    expect(await decided.json()).toMatchObject({ task: 'booked', points: 18 })
    expect(await refusal(await post(path, shop.key, { decision: 'dismiss', note: 'no' }))).toBe('409 already_decided')
    expect((await balanceOf(shop, 1)).posted).toBe(33)
    await vi.waitFor(async () => expect((await listed('task=open')).items).toEqual([]), 8_000)
    const first = await listed('limit=2')
    const rest = await listed(`limit=2&cursor=${encodeURIComponent(first.next_cursor ?? '')}`)
    expect([...first.items, ...rest.items].map(({ record }) => record).toSorted((a, b) => a - b)).toEqual([1, 2, 3])
    const foreign = await newShop(env)
    expect(Page.parse(await (await get('/v1/api/devices/items', foreign.key)).json()).items).toEqual([])
    expect((await post(path, foreign.key, decision)).status).toBe(404)
    expect((await get('/v1/api/devices/items?cursor=x', shop.key)).status).toBe(400)
  }, 30_000)
})
