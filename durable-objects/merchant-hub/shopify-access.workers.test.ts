import { env } from 'cloudflare:workers'
import { evictDurableObject, runInDurableObject } from 'cloudflare:test'
import { afterEach, describe, expect, it, vi } from 'vitest'
import type { ShopRef } from '../../workers/integrations/shopify/admin/answer.ts'
import {
  connect,
  connectedShop,
  endAccessTokens,
  sessionToken,
  setAccessLife,
  testShop,
  trouble,
} from '../../workers/services/rewards/testing.ts'
import type { ShopifyAccess } from '../kernel/protocol.ts'
import { merchantHub } from '../kernel/stubs.ts'

/** Against the Shopify stand-in's token endpoint. */

afterEach(() => {
  vi.restoreAllMocks()
})

const accessOf = ({ merchantId, domain }: ShopRef, refused: string | null = null): Promise<ShopifyAccess> =>
  merchantHub(env, merchantId).shopifyAccess(merchantId, domain, refused)

async function tokenOf(shop: ShopRef, refused: string | null = null): Promise<string> {
  const access = await accessOf(shop, refused)
  if (!access.ok) throw new Error(access.problem)
  return access.accessToken
}

/** A shop whose access token Shopify has given a minute only: too little to be used again. */
async function shopWithEndingToken(): Promise<ShopRef> {
  const shop = testShop()
  await setAccessLife(shop, 60)
  await connect(shop)
  await setAccessLife(shop, 3600)
  return shop
}

describe("a shop's access", () => {
  it('is not there before the merchant has connected the shop', async () => {
    await expect(accessOf(testShop())).resolves.toEqual({ ok: false, problem: 'not_connected' })
  })

  it('comes from a session token, with the scopes that the merchant granted, and lasts', async () => {
    const shop = testShop()
    const { merchantId, domain } = shop
    const token = await sessionToken({ domain })
    await expect(merchantHub(env, merchantId).connectShopify(merchantId, domain, token)).resolves.toMatchObject({
      ok: true,
      scopes: expect.arrayContaining(['write_discounts']),
    })
    const first = await tokenOf(shop)
    await evictDurableObject(env.MERCHANT_HUB.getByName(merchantId))
    expect(await tokenOf(shop)).toBe(first)
  })

  it('is refused for a session token of another shop', async () => {
    const { merchantId, domain } = testShop()
    const token = await sessionToken(testShop())
    await expect(merchantHub(env, merchantId).connectShopify(merchantId, domain, token)).resolves.toEqual({
      ok: false,
      problem: 'refused',
    })
  })

  it('is that of the last exchange where the app sends two at once, whichever answer comes first', async () => {
    const shop = testShop()
    const { merchantId, domain } = shop
    const realFetch = globalThis.fetch
    let exchanges = 0
    vi.spyOn(globalThis, 'fetch').mockImplementation(async (input, init) => {
      const isFirst = new Request(input, init).url.endsWith('/access_token') && (exchanges += 1) === 1
      const answer = await realFetch(input, init)
      // Shopify has answered, and the answer is a while on its way: the second exchange revokes what it says.
      if (isFirst) await new Promise((resolve) => setTimeout(resolve, 300))
      return answer
    })
    const tokens = await Promise.all([sessionToken({ domain }), sessionToken({ domain })])
    const hub = merchantHub(env, merchantId)
    const connections = await Promise.all(tokens.map((token) => hub.connectShopify(merchantId, domain, token)))
    expect(connections).toMatchObject([{ ok: true }, { ok: true }])
    await expect(accessOf(shop, await tokenOf(shop))).resolves.toMatchObject({ ok: true })
  })

  it('is at rest in sealed form only', async () => {
    const shop = await connectedShop()
    const token = await tokenOf(shop)
    const rows = await runInDurableObject(env.MERCHANT_HUB.getByName(shop.merchantId), (_hub, { storage }) =>
      storage.sql.exec('SELECT * FROM shopify_access').toArray(),
    )
    expect(rows).toHaveLength(1)
    expect(JSON.stringify(rows)).not.toContain(token)
  })

  it('is forgotten when the app is uninstalled', async () => {
    const shop = await connectedShop()
    await merchantHub(env, shop.merchantId).disconnectShopify(shop.merchantId)
    await expect(accessOf(shop)).resolves.toEqual({ ok: false, problem: 'not_connected' })
  })
})

describe('refreshing', () => {
  it('happens ahead of the end, once for 50 who ask at the same time', async () => {
    const shop = await shopWithEndingToken()
    const tokens = await Promise.all(Array.from({ length: 50 }, () => tokenOf(shop)))
    expect(new Set(tokens).size).toBe(1)
    // The one that was new to all of them is good for an hour: nobody has replaced it since.
    expect(await tokenOf(shop)).toBe(tokens[0])
  })

  it('makes a new token in place of one that Shopify has just refused, and only of that one', async () => {
    const shop = await connectedShop()
    const first = await tokenOf(shop)
    const tokens = await Promise.all(Array.from({ length: 20 }, () => tokenOf(shop, first)))
    expect(new Set(tokens).size).toBe(1)
    expect(tokens[0]).not.toBe(first)
    // Whoever comes late with the old one gets the new one, not a third.
    expect(await tokenOf(shop, first)).toBe(tokens[0])
  })

  it('is tried again with the same refresh token where the answer was lost', async () => {
    const shop = await connectedShop()
    const first = await tokenOf(shop)
    await trouble(shop, { match: 'oauth', effect: 'drop_after' })
    await expect(accessOf(shop, first)).resolves.toEqual({ ok: false, problem: 'unavailable' })
    const second = await tokenOf(shop, first)
    expect(second).not.toBe(first)
    expect(await tokenOf(shop, second)).not.toBe(second)
  })

  it('survives that the object dies after Shopify has answered and before it has stored the pair', async () => {
    const shop = await connectedShop()
    const first = await tokenOf(shop)
    const stub = env.MERCHANT_HUB.getByName(shop.merchantId)
    const row = await runInDurableObject(stub, (_hub, { storage }) =>
      storage.sql.exec('SELECT * FROM shopify_access').one(),
    )
    const lost = await tokenOf(shop, first)
    // As the disk was when it died.
    await runInDurableObject(stub, (_hub, { storage }) => {
      storage.sql.exec(
        'UPDATE shopify_access SET access_token_sealed = ?, refresh_token_sealed = ?',
        row['access_token_sealed'],
        row['refresh_token_sealed'],
      )
    })
    await evictDurableObject(stub)
    expect(await tokenOf(shop, first)).toBe(lost)
  })

  it.each(['status_500', 'status_429', 'drop_before'] as const)(
    'leaves the current token in use while Shopify answers with %s',
    async (effect) => {
      const shop = await shopWithEndingToken()
      await trouble(shop, { match: 'oauth', effect })
      const current = await tokenOf(shop)
      const next = await tokenOf(shop)
      expect(next).not.toBe(current)
    },
  )

  it('ends with the refresh token: then only the merchant’s visit helps', async () => {
    const shop = await connectedShop()
    const first = await tokenOf(shop)
    const stub = env.MERCHANT_HUB.getByName(shop.merchantId)
    await runInDurableObject(stub, (_hub, { storage }) => {
      storage.sql.exec('UPDATE shopify_access SET refresh_expires_at_ms = 1')
    })
    await expect(accessOf(shop, first)).resolves.toEqual({ ok: false, problem: 'not_connected' })
    await connect(shop)
    expect(await tokenOf(shop, first)).not.toBe(first)
  })

  it('ends when Shopify takes the refresh token no more; the access token serves on while it lasts', async () => {
    const shop = await shopWithEndingToken()
    // A second exchange, of which this hub does not know, revokes what it has.
    await connect({ merchantId: crypto.randomUUID(), domain: shop.domain })
    const current = await tokenOf(shop)
    await expect(accessOf(shop, current)).resolves.toEqual({ ok: false, problem: 'not_connected' })
  })

  it('does not bring back a shop that was disconnected meanwhile', async () => {
    const shop = await connectedShop()
    const first = await tokenOf(shop)
    await endAccessTokens(shop)
    await trouble(shop, { match: 'oauth', effect: 'slow', delay_ms: 300 })
    const refreshing = accessOf(shop, first)
    await new Promise((resolve) => setTimeout(resolve, 100))
    await merchantHub(env, shop.merchantId).disconnectShopify(shop.merchantId)
    await expect(refreshing).resolves.toMatchObject({ ok: false })
    await expect(accessOf(shop)).resolves.toEqual({ ok: false, problem: 'not_connected' })
  })
})
