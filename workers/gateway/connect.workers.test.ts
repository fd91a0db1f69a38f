import { env } from 'cloudflare:workers'
import { describe, expect, it, vi } from 'vitest'
import { Reward } from '../../domain/contracts/rewards.ts'
import { merchantHub } from '../../durable-objects/kernel/stubs.ts'
import { sessionToken, trouble } from '../services/rewards/testing.ts'
import { call, get, newShop, post, type TestShop } from './testing.ts'

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
    const response = await connect(await sessionToken(shop))
    expect(response.status).toBe(200)
    expect(await response.json()).toEqual({ connected: true, scopes: expect.arrayContaining(['write_discounts']) })
    expect(await isConnected(shop)).toBe(true)
  })

  it('gives the shop the discounts of rewards that have waited for it', async () => {
    const shop = await newShop(env)
    const reward = {
      title: '5 € off',
      value: { type: 'amount_off', amount: '5.00' },
      cost: { kind: 'fixed', points: 250 },
    }
    const created = Reward.parse(await (await post('/v1/api/rewards', shop.key, reward)).json())
    expect(created.discount).toMatchObject({ state: 'waiting', discount_id: null })
    await connect(await sessionToken(shop))
    await vi.waitFor(
      async () => {
        const read = Reward.parse(await (await get(`/v1/api/rewards/${created.id}`, shop.key)).json())
        expect(read.discount).toMatchObject({ state: 'ready', problem: null })
      },
      { timeout: 8_000, interval: 200 },
    )
  })

  it('may be repeated', async () => {
    const shop = await newShop(env)
    for (let round = 0; round < 2; round += 1) {
      expect((await connect(await sessionToken(shop))).status).toBe(200)
    }
    expect(await isConnected(shop)).toBe(true)
  })

  it('takes a session token and nothing else', async () => {
    const shop = await newShop(env)
    const token = await sessionToken(shop)
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
      const response = await connect(await sessionToken({ domain }))
      expect(response.status).toBe(404)
      expect(await response.json()).toMatchObject({ code: 'shop_unknown' })
    }
  })

  it('says so when Shopify does not answer', async () => {
    const shop = await newShop(env)
    await trouble(shop, { match: 'oauth', effect: 'status_500' })
    const response = await connect(await sessionToken(shop))
    expect(response.status).toBe(503)
    expect(await response.json()).toMatchObject({ code: 'unavailable', retryable: true })
  })
})

it('a session token opens nothing else', async () => {
  const shop = await newShop(env)
  const headers = { authorization: `Bearer ${await sessionToken(shop)}` }
  for (const path of ['/v1/api/core/settings', '/v1/api/rewards', '/v1/api/core/program']) {
    expect((await call(path, { headers })).status).toBe(401)
  }
})
