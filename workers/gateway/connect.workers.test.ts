import { env } from 'cloudflare:workers'
import { describe, expect, it } from 'vitest'
import { merchantHub } from '../../durable-objects/kernel/stubs.ts'
import { orderFaults, sessionToken } from '../integrations/shopify/admin/testing.ts'
import { call, newShop, type TestShop } from './testing.ts'

/** `auth.connectShop`: what the embedded app sends when a merchant opens it. The stand-in plays App Bridge and Shopify. */

const connect = (bearer?: string) =>
  call('/v1/api/auth/shopify/connect', {
    method: 'POST',
    headers: bearer === undefined ? {} : { authorization: `Bearer ${bearer}` },
  })

const isConnected = async ({ merchantId, domain }: TestShop) =>
  (await merchantHub(env, merchantId).shopifyAccess(merchantId, domain, null)).ok

describe('connecting a shop', () => {
  it('exchanges the session token and tells the scopes that the merchant granted', async () => {
    const shop = await newShop(env)
    expect(await isConnected(shop)).toBe(false)
    const response = await connect(await sessionToken(env, shop.domain))
    expect(response.status).toBe(200)
    expect(await response.json()).toEqual({ connected: true, scopes: expect.arrayContaining(['write_discounts']) })
    expect(await isConnected(shop)).toBe(true)
  })

  it('may be repeated', async () => {
    const shop = await newShop(env)
    for (let round = 0; round < 2; round += 1) {
      expect((await connect(await sessionToken(env, shop.domain))).status).toBe(200)
    }
    expect(await isConnected(shop)).toBe(true)
  })

  it('takes a session token and nothing else', async () => {
    const shop = await newShop(env)
    const token = await sessionToken(env, shop.domain)
    const answers = await Promise.all([connect(), connect(shop.key), connect(`${token.slice(0, -4)}AAAA`)])
    const codes = await Promise.all(answers.map((answer) => answer.json()))
    expect(codes).toMatchObject([
      { code: 'credentials_required' },
      { code: 'session_token_invalid' },
      { code: 'session_token_invalid' },
    ])
    expect(await isConnected(shop)).toBe(false)
  })

  it('is refused to a shop that does not have LoyalNest, or no longer', async () => {
    const gone = await newShop(env)
    await env.CONTROL.prepare("UPDATE shops SET status = 'uninstalled' WHERE domain = ?1").bind(gone.domain).run()
    for (const domain of [gone.domain, `t-${crypto.randomUUID()}.myshopify.com`]) {
      const response = await connect(await sessionToken(env, domain))
      expect(response.status).toBe(404)
      expect(await response.json()).toMatchObject({ code: 'shop_unknown' })
    }
  })

  it('says so when Shopify does not answer', async () => {
    const shop = await newShop(env)
    await orderFaults(env, shop, { match: 'oauth', effect: 'status_500' })
    const response = await connect(await sessionToken(env, shop.domain))
    expect(response.status).toBe(503)
    expect(await response.json()).toMatchObject({ code: 'unavailable', retryable: true })
  })
})

it('a session token opens nothing else', async () => {
  const shop = await newShop(env)
  const headers = { authorization: `Bearer ${await sessionToken(env, shop.domain)}` }
  for (const path of ['/v1/api/core/settings', '/v1/api/rewards', '/v1/api/core/program']) {
    expect((await call(path, { headers })).status).toBe(401)
  }
})
