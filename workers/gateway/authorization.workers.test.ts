import { env } from 'cloudflare:workers'
import { beforeAll, describe, expect, it } from 'vitest'
import { OPERATIONS, type Operation, ShopperSession, WEBHOOK_OPERATIONS } from '../../domain/contracts/operations.ts'
import { type Permission, PERMISSIONS } from '../../domain/contracts/permissions.ts'
import { customerIdOfGid } from '../../domain/ledger/identity.ts'
import { call, get, newKey, newShop, post, proxied, sessionQuery, type TestShop } from './testing.ts'

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
}

async function shopperToken({ domain }: TestShop): Promise<string> {
  const response = await call(proxied('/proxy/session', sessionQuery(domain, CUSTOMER)))
  return ShopperSession.parse(await response.json()).token
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
    shopper: await shopperToken(shop),
  }
})

function ask({ method, path }: Operation, bearer?: string) {
  return call(path.replace('{id}', 'none'), {
    method: method.toUpperCase(),
    headers: bearer === undefined ? {} : { authorization: `Bearer ${bearer}` },
  })
}

type Verdict = 'in' | 401 | 403

/** What became of a request at the guard; past it, whatever is wrong is about the request, not about who asks. */
function verdict({ status }: { readonly status: number }): Verdict | 'failed' {
  if (status >= 500) return 'failed'
  return status === 401 || status === 403 ? status : 'in'
}

/** What a caller who holds this permission (or is a shopper) is to be told. */
function expected({ access }: Operation, held: Permission | 'shopper' | 'nothing'): Verdict {
  if (access.kind === 'public') return 'in'
  if (held === 'nothing' || access.kind === 'webhook' || access.kind === 'proxy') return 401
  // A shopper's ticket is for a page of the storefront, which these requests do not come from.
  if (access.kind === 'shopper') return 403
  if (held === 'shopper') return access.shopper ? 'in' : 403
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
})

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
    const token = await shopperToken(callers.shop)
    expect((await get('/v1/api/points/balance', token)).status).toBe(200)
    expect((await get(`/v1/api/points/balance?customer_id=${CUSTOMER}`, token)).status).toBe(200)
    expect((await get('/v1/api/points/balance?customer_id=1', token)).status).toBe(403)
  })
})

describe('the app proxy', () => {
  it('gives a visitor no token, and says why', async () => {
    const response = await call(proxied('/proxy/session', sessionQuery(callers.shop.domain, '')))
    expect(response.status).toBe(401)
    expect(await response.json()).toMatchObject({
      code: 'credentials_required',
      detail: expect.stringContaining('log in'),
    })
  })

  it('is believed only with our signature, for a shop that is here', async () => {
    const forged = proxied('/proxy/session', sessionQuery(callers.shop.domain, CUSTOMER), 'guess')
    expect((await call(forged)).status).toBe(401)
    const unknown = proxied('/proxy/session', sessionQuery('nobody-here.myshopify.com', CUSTOMER))
    expect((await call(unknown)).status).toBe(404)
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
