import { env } from 'cloudflare:workers'
import { describe, expect, it } from 'vitest'
import { ShopperSession } from '../../domain/contracts/operations/auth.ts'
import { call, get, newShop, post, proxied, sessionQuery } from './testing.ts'

/** workerd takes Liquid for no text and would warn. */
async function textOf(response: Response | undefined): Promise<string> {
  return new TextDecoder().decode(await response?.arrayBuffer())
}

describe('the shopper’s own page', () => {
  it.each(['/proxy', '/proxy/'])(
    '%s is Liquid for the storefront’s layout, with no word of anybody in it',
    async (path) => {
      const { domain } = await newShop(env)
      const [member, visitor] = await Promise.all(
        ['706405506930370084', ''].map((customer) => call(proxied(path, sessionQuery(domain, customer)))),
      )
      expect(member?.headers.get('content-type')).toBe('application/liquid; charset=utf-8')
      const text = await textOf(member)
      expect(text).toBe(`<loyalnest-page proxy="/apps/loyalnest" heading></loyalnest-page>
<script src="${env.APP_ORIGIN}/widget/loyalnest.js" defer></script>
<script src="${env.APP_ORIGIN}/widget/loyalnest-page.js" defer></script>
`)
      expect(await textOf(visitor)).toBe(text)
    },
  )

  it('knows where the shop has moved the app proxy to, and takes nothing else from the address', async () => {
    const { domain } = await newShop(env)
    const ask = async (more: Record<string, string>) =>
      textOf(await call(proxied('/proxy/', { ...sessionQuery(domain, '1'), ...more })))
    expect(await ask({ path_prefix: '/community/points' })).toContain('proxy="/community/points"')
    const odd = await ask({ path_prefix: '/apps/"><script>', q: '{{ shop.email }}<script>' })
    expect(odd).toContain('proxy="/apps/loyalnest"')
    expect(odd).not.toContain('{{')
  })

  it('leaves the storefront’s own rules alone: who frames it, what it loads, how it is reached', async () => {
    const { domain } = await newShop(env)
    const { headers } = await call(proxied('/proxy/', sessionQuery(domain, '1')))
    for (const name of ['content-security-policy', 'x-frame-options', 'strict-transport-security']) {
      expect(headers.get(name)).toBeNull()
    }
    expect(headers.get('cache-control')).toBe('no-store')
  })
})

describe('visitors', () => {
  it('have no quota of a customer’s: a busy shop has many of them a minute', async () => {
    const { domain } = await newShop(env)
    const query = sessionQuery(domain, '')
    const answers = await Promise.all(Array.from({ length: 150 }, () => call(proxied('/proxy/session', query))))
    expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([200]))
    const member = sessionQuery(domain, '1')
    const refused = await Promise.all(Array.from({ length: 150 }, () => call(proxied('/proxy/session', member))))
    expect(refused.filter(({ status }) => status === 429).length).toBeGreaterThan(20)
  })
})

async function policyOf(bearer: string): Promise<string | null> {
  return (await get('/v1/api/rewards', bearer)).headers.get('ratelimit-policy')
}

describe('the reads of one shopper', () => {
  it('use up that shopper’s quota, not the shop’s: a list of rewards asks the shop’s one hub', async () => {
    const { domain, key } = await newShop(env)
    const answer = await call(proxied('/proxy/session', sessionQuery(domain, '1')))
    const { token } = ShopperSession.parse(await answer.json())
    expect(await policyOf(token)).toBe('"shopper_read";q=600;w=60')
    expect(await policyOf(key)).toBe('"read";q=600000;w=60')
    const answers = await Promise.all(Array.from({ length: 610 }, () => get('/v1/api/points/balance', token)))
    expect(answers.filter(({ status }) => status === 429).length).toBeGreaterThan(0)
  })
})

function act(path: string, bearer: string): Promise<Response> {
  return post(path, bearer, {}, { 'idempotency-key': crypto.randomUUID() })
}

describe('redeeming and giving back', () => {
  it('have a small quota of the shopper’s own: each of them asks the shop’s Admin API', async () => {
    const { domain, key } = await newShop(env)
    const answer = await call(proxied('/proxy/session', sessionQuery(domain, '1')))
    const { token } = ShopperSession.parse(await answer.json())
    const id = crypto.randomUUID()
    const paths = [`/v1/api/rewards/${id}/redeem`, `/v1/api/redemptions/${id}/cancel`]
    const first = await act(`/v1/api/rewards/${id}/redeem`, token)
    expect(first.headers.get('ratelimit-policy')).toBe('"shopper_redeem";q=20;w=60')
    const answers = await Promise.all(Array.from({ length: 30 }, (_, index) => act(paths[index % 2] ?? '', token)))
    expect(answers.filter(({ status }) => status === 429).length).toBeGreaterThanOrEqual(9)
    expect((await act(paths[0] ?? '', key)).headers.get('ratelimit-policy')).toBe('"write";q=120000;w=60')
  })
})
