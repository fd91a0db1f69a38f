import { env } from 'cloudflare:workers'
import { beforeAll, describe, expect, it } from 'vitest'
import type { z } from 'zod'
import { OPERATIONS } from '../../domain/contracts/operations.ts'
import { ShopperSession } from '../../domain/contracts/operations/auth.ts'
import type { Operation } from '../../domain/contracts/operations/operation.ts'
import { WEBHOOK_OPERATIONS } from '../../domain/contracts/operations/webhooks.ts'
import { type Permission, PERMISSIONS } from '../../domain/contracts/permissions.ts'
import { customerIdOfGid } from '../../domain/ledger/identity.ts'
import { call, get, newKey, newShop, post, proxied, sessionQuery, type TestShop } from './testing.ts'
import { newDevice, newDeviceKey, signed as signedBy, type TestDevice } from './testing-device.ts'

/** Every operation × every kind of caller. What an operation needs is declared once; this proves that it is asked for. */

const CUSTOMER = '706405506930370084'

const operations: readonly Operation[] = [...OPERATIONS, ...WEBHOOK_OPERATIONS]

interface Callers {
  readonly shop: TestShop
  readonly wrong: string
  readonly expired: string
  readonly revoked: string
  readonly uninstalled: string
  readonly shopper: string
  readonly visitor: string
  readonly device: TestDevice
  /** Devices whose signature is worth nothing. */
  readonly strangers: readonly TestDevice[]
}

/** The session of a storefront page, `''` for one where nobody is logged in. */
async function session(domain: string, customerId: string): Promise<z.infer<typeof ShopperSession>> {
  const response = await call(proxied('/proxy/session', sessionQuery(domain, customerId)))
  return ShopperSession.parse(await response.json())
}

async function pageToken({ domain }: TestShop, customerId: string): Promise<string> {
  return (await session(domain, customerId)).token
}

let callers: Callers

beforeAll(async () => {
  const shop = await newShop(env)
  const gone = await newShop(env)
  await env.CONTROL.prepare("UPDATE shops SET status = 'uninstalled' WHERE domain = ?1").bind(gone.domain).run()
  const revoked = await newKey(env, shop.merchantId, ['admin:full'])
  await env.CONTROL.prepare('UPDATE api_keys SET revoked_at_ms = 1 WHERE prefix = ?1').bind(revoked.slice(0, 11)).run()
  callers = {
    shop,
    wrong: `${shop.key.slice(0, -4)}AAAA`,
    expired: await newKey(env, shop.merchantId, ['admin:full'], Date.now() - 1),
    revoked,
    uninstalled: gone.key,
    shopper: await pageToken(shop, CUSTOMER),
    visitor: await pageToken(shop, ''),
    device: await newDevice(shop),
    strangers: await strangersOf(shop),
  }
})

/** A device whose key was revoked, one with another's key, and one that nobody registered. */
async function strangersOf(shop: TestShop): Promise<TestDevice[]> {
  const [revoked, other] = [await newDevice(shop), await newDevice(shop)]
  await post(`/v1/api/devices/${revoked.id}/revoke`, shop.key, undefined)
  const keys = await newDeviceKey()
  return [revoked, { ...keys, id: other.id }, { ...keys, id: crypto.randomUUID() }]
}

/** Asks as a till does. */
async function askSigned(operation: Operation, device: TestDevice) {
  const path = pathOf(operation)
  const method = operation.method.toUpperCase()
  return call(path, { method, headers: await signedBy(device, method, path, '') })
}

/** A path with nothing real in it. */
function pathOf({ path }: Operation): string {
  return path.replaceAll(/\{\w+\}/g, 'none')
}

function ask(operation: Operation, bearer?: string) {
  return call(pathOf(operation), {
    method: operation.method.toUpperCase(),
    headers: bearer === undefined ? {} : { authorization: `Bearer ${bearer}` },
  })
}

type Verdict = 'in' | 401 | 403

/** What became of a request at the guard; past it, whatever is wrong is about the request, not about who asks. */
function verdict({ status }: { readonly status: number }): Verdict | 'failed' {
  if (status >= 500) return 'failed'
  return status === 401 || status === 403 ? status : 'in'
}

/** What a caller who holds this permission (or has the token of a storefront page) is to be told. */
function expected({ access }: Operation, held: Permission | 'shopper' | 'visitor' | 'nothing'): Verdict {
  if (access.kind === 'public') return 'in'
  // Those whose credentials are others than a bearer that we have issued.
  if (access.kind === 'webhook' || access.kind === 'proxy' || access.kind === 'session_token') return 401
  if (access.kind === 'device') return 401
  if (held === 'nothing') return 401
  // A shopper's ticket is for a page of the storefront, which these requests do not come from.
  if (access.kind === 'shopper') return 403
  if (held === 'shopper') return access.shopper ? 'in' : 403
  if (held === 'visitor') return access.visitor === true ? 'in' : 403
  return held === 'admin:full' || held === access.permission ? 'in' : 403
}

const permissions = Object.keys(PERMISSIONS).filter((name): name is Permission => name in PERMISSIONS)

describe.each(operations.map((operation) => [operation.id, operation] as const))('%s', (_id, operation) => {
  it('admits nobody without credentials, unless it is public', async () => {
    expect(verdict(await ask(operation))).toBe(expected(operation, 'nothing'))
  })

  it('takes no unknown, expired, revoked or malformed credentials, nor those of a shop that left', async () => {
    for (const bearer of [callers.wrong, callers.expired, callers.revoked, callers.uninstalled, 'ln_x', 'a.b.c']) {
      expect(verdict(await ask(operation, bearer))).toBe(expected(operation, 'nothing'))
    }
  })

  it.each(permissions)('knows what the permission %s is for', async (permission) => {
    const key = await newKey(env, callers.shop.merchantId, [permission])
    expect(verdict(await ask(operation, key))).toBe(expected(operation, permission))
  })

  it('lets a shopper in only where it says so', async () => {
    expect(verdict(await ask(operation, callers.shopper))).toBe(expected(operation, 'shopper'))
  })

  it('lets a till in only where it says so, by its own signature', async () => {
    const isIn = operation.access.kind === 'device' || operation.access.kind === 'public'
    expect(verdict(await askSigned(operation, callers.device))).toBe(isIn ? 'in' : 401)
    for (const stranger of callers.strangers) {
      expect(verdict(await askSigned(operation, stranger))).toBe(operation.access.kind === 'public' ? 'in' : 401)
    }
  })

  it('lets a page where nobody is logged in only where it says so', async () => {
    expect(verdict(await ask(operation, callers.visitor))).toBe(expected(operation, 'visitor'))
  })
})

const ofShoppers = operations.filter(
  ({ access }) => access.kind === 'shopper' || (access.kind === 'member' && access.shopper),
)

describe.each(ofShoppers.map((operation) => [operation.id, operation] as const))(
  '%s of a shopper',
  (_id, operation) => {
    const THEIRS = 'gid://shopify/Customer/4242'
    const takesNothing = operation.body === undefined && operation.query === undefined

    /** Names the other customer wherever a request has room for it. */
    function askFor(customer: string, name: string, bearer: string) {
      const query = new URLSearchParams({ [name]: customer })
      const path = operation.path.replace('{id}', crypto.randomUUID())
      return call(operation.body ? path : `${path}?${query.toString()}`, {
        method: operation.method.toUpperCase(),
        headers: {
          authorization: `Bearer ${bearer}`,
          'content-type': 'application/json',
          'idempotency-key': crypto.randomUUID(),
          'x-customer-id': customer,
        },
        ...(operation.body && { body: JSON.stringify({ [name]: customer }) }),
      })
    }

    it('never acts for or tells of another customer, however that one is named', async () => {
      const shop = await newShop(env)
      await post('/v1/api/points/earn', shop.key, { customer_id: THEIRS, points: 4242 })
      const id = customerIdOfGid(shop.merchantId, THEIRS)
      const bearer = await pageToken(shop, CUSTOMER)
      for (const customer of [THEIRS, '4242', id, id.toUpperCase()]) {
        for (const name of ['customer_id', 'logged_in_customer_id']) {
          const response = await askFor(customer, name, bearer)
          const text = await response.text()
          const isIgnored = response.ok && takesNothing
          expect(isIgnored || [400, 403, 404].includes(response.status), text).toBe(true)
          expect(text).not.toContain(id)
        }
      }
      const left = await get(`/v1/api/points/balance?customer_id=${id}`, shop.key)
      expect(await left.json()).toMatchObject({ points: 4242, held: 0, seq: 1 })
    })
  },
)

describe('the tenant', () => {
  it('is the key’s own shop: another shop’s customer looks like one who does not exist', async () => {
    const [mine, theirs] = [await newShop(env), await newShop(env)]
    const gid = `gid://shopify/Customer/${CUSTOMER}`
    await post('/v1/api/points/earn', theirs.key, { customer_id: gid, points: 50 })
    const id = customerIdOfGid(theirs.merchantId, gid)
    const own = await get(`/v1/api/points/balance?customer_id=${id}`, theirs.key)
    expect(await own.json()).toMatchObject({ points: 50, customer_id: id })
    const foreign = await get(`/v1/api/points/balance?customer_id=${id}`, mine.key)
    expect(foreign.status).toBe(404)
    expect(await foreign.json()).toMatchObject({ code: 'customer_not_found' })
    expect((await post('/v1/api/points/redeem', mine.key, { customer_id: id, points: 10 })).status).toBe(404)
    const byGid = await get(`/v1/api/points/balance?customer_id=${encodeURIComponent(gid)}`, mine.key)
    expect(await byGid.json()).toMatchObject({ points: 0, seq: 0 })
  })

  it('of a shopper is one customer: another one is refused, also by the digits', async () => {
    const token = await pageToken(callers.shop, CUSTOMER)
    expect((await get('/v1/api/points/balance', token)).status).toBe(200)
    expect((await get(`/v1/api/points/balance?customer_id=${CUSTOMER}`, token)).status).toBe(200)
    expect((await get('/v1/api/points/balance?customer_id=1', token)).status).toBe(403)
  })
})

describe('the session of a storefront page', () => {
  it('names the customer who is logged in, or nobody', async () => {
    const { domain, merchantId } = callers.shop
    expect(await session(domain, CUSTOMER)).toMatchObject({
      customer_id: customerIdOfGid(merchantId, `gid://shopify/Customer/${CUSTOMER}`),
    })
    expect(await session(domain, '')).toMatchObject({ customer_id: null })
  })

  it('works on the storefront of its own shop only, logged in or not', async () => {
    const other = await newShop(env)
    for (const token of [callers.shopper, callers.visitor]) {
      const program = (origin: string) =>
        call('/v1/api/core/program', { headers: { authorization: `Bearer ${token}`, origin } })
      const own = await program(callers.shop.origin)
      expect([own.status, own.headers.get('access-control-allow-origin')]).toEqual([200, callers.shop.origin])
      const foreign = await program(other.origin)
      expect([foreign.status, foreign.headers.get('access-control-allow-origin')]).toEqual([403, null])
    }
  })
})

function proxyQuery(changes: Record<string, string> = {}): Record<string, string> {
  return { ...sessionQuery(callers.shop.domain, CUSTOMER), ...changes }
}

async function statusOf(address: string): Promise<number> {
  return (await call(address)).status
}

describe.each(['/proxy/session', '/proxy/', '/proxy'])('the app proxy, at %s,', (path) => {
  it('is believed with our signature, in whatever order the parameters come', async () => {
    const address = new URL(proxied(path, proxyQuery()), 'http://x')
    expect(await statusOf(`${path}${address.search}`)).toBe(200)
    const reordered = new URLSearchParams([...address.searchParams].toReversed())
    expect(await statusOf(`${path}?${reordered.toString()}`)).toBe(200)
  })

  it('is not believed without it, with another secret’s, or for parameters that were changed, added or doubled', async () => {
    const signed = proxied(path, proxyQuery())
    const forgeries = [
      path,
      proxied(path, proxyQuery(), 'guess'),
      signed.replace(CUSTOMER, '999'),
      `${signed}&extra=1`,
      `${signed}&logged_in_customer_id=999`,
      `${signed}&shop=${callers.shop.domain}`,
      proxied(path, proxyQuery({ k: 'logged_in_customer_id=999m=' })),
    ]
    for (const forged of forgeries) expect(await statusOf(forged), forged).toBe(401)
  })

  it('is not believed again 90 seconds later, nor ahead of time', async () => {
    for (const seconds of [-91, 92]) {
      const late = sessionQuery(callers.shop.domain, CUSTOMER, Date.now() + seconds * 1000)
      expect(await statusOf(proxied(path, late))).toBe(401)
    }
  })

  it('speaks for shops that are here, only', async () => {
    expect(await statusOf(proxied(path, proxyQuery({ shop: 'nobody-here.myshopify.com' })))).toBe(404)
    expect(await statusOf(proxied(path, proxyQuery({ shop: 'evil.example' })))).toBe(404)
  })
})

function guess(turn: number): Promise<Response> {
  const key = `ln_aaaaaaaa_${String(turn).padStart(43, 'x')}`
  return call('/v1/api/points/balance', {
    headers: { authorization: `Bearer ${key}`, 'cf-connecting-ip': '203.0.113.9' },
  })
}

describe('guessing keys', () => {
  it('is answered 429 after 60 look-ups from one address', async () => {
    for (let turn = 0; turn < 60; turn += 1) expect((await guess(turn)).status).toBe(401)
    const refused = await guess(60)
    expect(refused.status).toBe(429)
    expect(refused.headers.get('retry-after')).toMatch(/^\d+$/)
  })
})
