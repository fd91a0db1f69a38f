import { env } from 'cloudflare:workers'
import { describe, expect, it, vi } from 'vitest'
import { RedemptionsPage } from '../../../domain/contracts/rewards.ts'
import { verifyCode } from '../../../domain/rewards/code.ts'
import { merchantHub } from '../../../durable-objects/kernel/stubs.ts'
import { newCustomerGid } from '../../../queues/examples.ts'
import { QUOTAS } from '../../gateway/middleware/quotas.ts'
import { leaseAndSettle } from '../../integrations/shopify/settle.ts'
import {
  accountOf,
  balanceOf,
  call,
  codesInShop,
  connectedShop,
  customerWith,
  deleteDiscount,
  faultsInBooks,
  get,
  metafieldOf,
  newReward,
  outcomeOf,
  post,
  redeem,
  redemptionIn,
  redemptionsOf,
  trouble,
  visitorToken,
} from './testing.ts'

async function problemIn(response: Response): Promise<string> {
  const { code }: { code?: string } = await response.json()
  return `${response.status} ${code}`
}

/** How often each status came, and each problem. */
async function tally(responses: readonly Response[]): Promise<Record<string, number>> {
  const counts: Record<string, number> = {}
  for (const response of responses) {
    const kind = response.ok ? (await redemptionIn(response)).state : await problemIn(response)
    counts[kind] = (counts[kind] ?? 0) + 1
  }
  return counts
}

const cancel = ({ token }: { readonly token: string }, id: string, body: object = {}) =>
  post(`/v1/api/redemptions/${id}/cancel`, token, body)

describe('a shopper', () => {
  it('turns points into a code that the shop has, and that carries who it is for', async () => {
    const shop = await connectedShop()
    const reward = await newReward(shop, { code_prefix: 'LOYAL' })
    const customer = await customerWith(shop, 300)
    const redemption = await redemptionIn(await redeem(customer, reward.id))
    expect(redemption).toMatchObject({ state: 'issued', points: 250, title: '5 € off', cancel_reason: null })
    expect(redemption.code).toMatch(/^LOYAL(-[0-9A-Z]{4}){4}$/)
    expect(await codesInShop(shop, reward)).toEqual([redemption.code])
    expect(await balanceOf(customer)).toMatchObject({ points: 50, held: 0 })
    expect(await redemptionsOf(customer)).toEqual([redemption])
    const { key } = await metafieldOf(shop, reward)
    const of = (customerDigits: string) =>
      verifyCode(redemption.code ?? '', { key, customer: customerDigits, sliding: false })
    expect(of(customer.gid.split('/').at(-1) ?? '')).toEqual({ termsNumber: 1, steps: null })
    expect(of('1')).toBeUndefined()
  })

  it('whom the shop has merged into another customer gets a code for that one, also by a page of before', async () => {
    const shop = await connectedShop()
    const reward = await newReward(shop)
    const [removed, kept] = [await customerWith(shop, 200), await customerWith(shop, 100)]
    const target = { customerId: kept.ref.customerId, shopifyCustomerGid: kept.gid }
    const by = { source: 'merge', actor: 'shopify', effectiveAtMs: Date.now() } as const
    await accountOf(removed).mergeInto(removed.ref, target, by)
    const redemption = await redemptionIn(await redeem(removed, reward.id))
    expect(redemption).toMatchObject({ state: 'issued', customer_id: kept.ref.customerId })
    expect(await redemptionsOf(removed)).toEqual([redemption])
    expect(await redemptionsOf(kept)).toEqual([redemption])
    expect(await balanceOf(removed)).toMatchObject({ points: 50, held: 0 })
    const { key } = await metafieldOf(shop, reward)
    const customer = kept.gid.split('/').at(-1) ?? ''
    expect(verifyCode(redemption.code ?? '', { key, customer, sliding: false })).toEqual({
      termsNumber: 1,
      steps: null,
    })
  })

  it('pays with as many points as they like, in whole steps', async () => {
    const shop = await connectedShop()
    const reward = await newReward(shop, {
      value: { type: 'amount_off', amount: '1.00' },
      cost: { kind: 'sliding', step_points: 100, min_steps: 2, max_steps: 10 },
    })
    const customer = await customerWith(shop, 1_000)
    const redemption = await redemptionIn(await redeem(customer, reward.id, { points: 300 }))
    expect(redemption).toMatchObject({ state: 'issued', points: 300, value: { type: 'amount_off', amount: '3.00' } })
    const { key } = await metafieldOf(shop, reward)
    const digits = customer.gid.split('/').at(-1) ?? ''
    expect(verifyCode(redemption.code ?? '', { key, customer: digits, sliding: true })?.steps).toBe(3)
    for (const points of [100, 250, 1_100]) {
      expect(await problemIn(await redeem(customer, reward.id, { points }))).toBe('422 points_out_of_range')
    }
    expect(await problemIn(await redeem(customer, reward.id))).toBe('422 points_out_of_range')
    expect(await problemIn(await redeem(customer, reward.id, { points: 800 }))).toBe('422 insufficient_points')
    expect(await balanceOf(customer)).toMatchObject({ points: 700 })
  })

  it('with two tabs and points for one redemption spends once', async () => {
    const shop = await connectedShop()
    const reward = await newReward(shop)
    const customer = await customerWith(shop, 300)
    const tabs = await Promise.all([redeem(customer, reward.id), redeem(customer, reward.id)])
    expect(await tally(tabs)).toEqual({ issued: 1, '422 insufficient_points': 1 })
    expect(await outcomeOf(shop, reward, customer)).toEqual({
      states: ['issued'],
      points: 50,
      held: 0,
      areSame: true,
      faults: [],
    })
  })

  it('sends the same request again and gets the same redemption, also once the reward is gone', async () => {
    const shop = await connectedShop()
    const reward = await newReward(shop)
    const customer = await customerWith(shop, 1_000)
    const first = await redemptionIn(await redeem(customer, reward.id, {}, 'key'))
    const archived = await fetchArchive(shop.key, reward.id)
    expect(archived.status).toBe(200)
    const second = await redeem(customer, reward.id, {}, 'key')
    expect(second.headers.get('idempotency-replayed')).toBe('true')
    expect(await redemptionIn(second)).toEqual(first)
    expect(await balanceOf(customer)).toMatchObject({ points: 750 })
  })

  it('does not redeem for another customer, and sees nobody else’s codes', async () => {
    const shop = await connectedShop()
    const reward = await newReward(shop)
    const [one, other] = [await customerWith(shop, 300), await customerWith(shop, 300)]
    const redemption = await redemptionIn(await redeem(one, reward.id))
    expect(await problemIn(await redeem(other, reward.id, { customer_id: one.gid }))).toBe('403 forbidden')
    const path = `/v1/api/redemptions/${redemption.id}`
    expect(await problemIn(await get(path, other.token))).toBe('404 not_found')
    expect(await problemIn(await get(`${path}?customer_id=${encodeURIComponent(one.gid)}`, other.token))).toBe(
      '403 forbidden',
    )
    expect(await problemIn(await cancel(other, redemption.id))).toBe('404 not_found')
    expect(await redemptionsOf(other, `?code=${redemption.code}`)).toEqual([])
    expect(await redemptionsOf(other)).toEqual([])
    const visitor = await visitorToken(shop)
    expect(await problemIn(await get('/v1/api/redemptions', visitor))).toBe('403 forbidden')
    expect(await problemIn(await post(`/v1/api/rewards/${reward.id}/redeem`, visitor, {}))).toBe('403 forbidden')
  })
})

function fetchArchive(key: string, id: string): Promise<Response> {
  return call(`/v1/api/rewards/${id}`, {
    method: 'DELETE',
    headers: { authorization: `Bearer ${key}`, 'idempotency-key': crypto.randomUUID() },
  })
}

describe('many redemptions of one shopper', () => {
  it('use up the shopper’s own limit, not that of the shop’s server', async () => {
    const shop = await connectedShop()
    const customer = await customerWith(shop, 10)
    const asShopper = await redeem(customer, crypto.randomUUID())
    const asServer = await post(`/v1/api/rewards/${crypto.randomUUID()}/redeem`, shop.key, {
      customer_id: customer.gid,
    })
    expect([asShopper, asServer].map((response) => response.status)).toEqual([404, 404])
    expect(asShopper.headers.get('ratelimit-policy')).toContain(`q=${QUOTAS.shopper_redeem};`)
    expect(asServer.headers.get('ratelimit-policy')).toContain(`q=${QUOTAS.write}`)
  })
})

describe('a server', () => {
  it('redeems for a customer of the shop, by Shopify’s id or by ours once it is known; not for a guest', async () => {
    const shop = await connectedShop()
    const reward = await newReward(shop)
    const customer = await customerWith(shop, 1_000)
    const by = (customer_id: string) => post(`/v1/api/rewards/${reward.id}/redeem`, shop.key, { customer_id })
    for (const id of [customer.gid, customer.ref.customerId, customer.gid.split('/').at(-1) ?? '']) {
      expect(await redemptionIn(await by(id))).toMatchObject({ state: 'issued' })
    }
    expect(await problemIn(await by(crypto.randomUUID()))).toBe('404 customer_not_found')
    expect(await problemIn(await by(newCustomerGid()))).toBe('422 insufficient_points')
    expect(await problemIn(await post(`/v1/api/rewards/${reward.id}/redeem`, shop.key, {}))).toBe(
      '400 validation_failed',
    )
  })

  it('finds redemptions of all customers, by code, state and reward, in pages', async () => {
    const shop = await connectedShop()
    const [one, two] = [await newReward(shop), await newReward(shop)]
    const customers = await Promise.all([customerWith(shop, 1_000), customerWith(shop, 1_000)])
    const made = []
    for (const customer of customers) {
      for (const { id } of [one, two]) made.push(await redemptionIn(await redeem(customer, id)))
    }
    const list = async (query: string) =>
      RedemptionsPage.parse(await (await get(`/v1/api/redemptions?${query}`, shop.key)).json())
    await vi.waitFor(async () => expect((await list('state=issued')).redemptions).toHaveLength(4), { timeout: 10_000 })
    const first = await list('limit=3')
    const second = await list(`limit=3&cursor=${first.next_cursor}`)
    expect([...first.redemptions, ...second.redemptions]).toEqual(made.toReversed())
    expect(second.next_cursor).toBeNull()
    // Of another kind of list.
    const foreign = await get(
      `/v1/api/redemptions?customer_id=${customers[0]?.ref.customerId}&cursor=${first.next_cursor}`,
      shop.key,
    )
    expect(await problemIn(foreign)).toBe('400 validation_failed')
    expect((await list(`reward_id=${one.id}`)).redemptions).toHaveLength(2)
    expect((await list(`code=${made[1]?.code?.toLowerCase()}`)).redemptions).toEqual([made[1]])
    expect((await list('state=used')).redemptions).toEqual([])
    expect((await list(`customer_id=${customers[0]?.ref.customerId}&limit=1`)).redemptions).toEqual([made[1]])
  })
})

describe('limits', () => {
  it('of a customer count all that was not cancelled', async () => {
    const shop = await connectedShop()
    const reward = await newReward(shop, { limit_per_customer: 1 })
    const customer = await customerWith(shop, 1_000)
    const first = await redemptionIn(await redeem(customer, reward.id))
    expect(await problemIn(await redeem(customer, reward.id))).toBe('422 reward_limit')
    expect(await redemptionIn(await cancel(customer, first.id))).toMatchObject({ state: 'cancelled' })
    expect(await redemptionIn(await redeem(customer, reward.id))).toMatchObject({ state: 'issued' })
  })

  it('in all are exact, however many come at once', { timeout: 60_000 }, async () => {
    const shop = await connectedShop()
    const reward = await newReward(shop, { limit_total: 12 })
    const customers = await Promise.all(Array.from({ length: 40 }, () => customerWith(shop, 300)))
    const counts = await tally(await Promise.all(customers.map((customer) => redeem(customer, reward.id))))
    await vi.waitFor(async () => expect(await codesInShop(shop, reward)).toHaveLength(12), { timeout: 20_000 })
    expect((counts['issued'] ?? 0) + (counts['pending'] ?? 0)).toBe(12)
    expect((counts['cancelled'] ?? 0) + (counts['422 reward_limit'] ?? 0)).toBe(28)
    expect(await merchantHub(env, shop.merchantId).rewardSlots(shop.merchantId)).toEqual({ [reward.id]: 12 })
    const held = await Promise.all(customers.map(async (customer) => (await balanceOf(customer)).points))
    expect(held.filter((points) => points === 50)).toHaveLength(12)
    expect(held.filter((points) => points === 300)).toHaveLength(28)
  })

  it('in all count a code that was given back no more', async () => {
    const shop = await connectedShop()
    const reward = await newReward(shop, { limit_total: 1 })
    const [one, other] = [await customerWith(shop, 300), await customerWith(shop, 300)]
    const redemption = await redemptionIn(await redeem(one, reward.id))
    expect(await problemIn(await redeem(other, reward.id))).toBe('422 reward_limit')
    await cancel(one, redemption.id)
    expect(await redemptionIn(await redeem(other, reward.id))).toMatchObject({ state: 'issued' })
  })
})

describe('a hundred redemptions at once', () => {
  it('leave as many codes in the shop as holds were captured', { timeout: 90_000 }, async () => {
    const shop = await connectedShop()
    const reward = await newReward(shop, { cost: { kind: 'fixed', points: 100 } })
    const lone = await Promise.all(Array.from({ length: 50 }, () => customerWith(shop, 150)))
    const one = await customerWith(shop, 3_050)
    // A shopper may not be that quick; the shop's server is.
    const atServer = { ...one, token: shop.key }
    const responses = await Promise.all([
      ...lone.map((customer) => redeem(customer, reward.id)),
      ...Array.from({ length: 50 }, () => redeem(atServer, reward.id, { customer_id: one.gid })),
    ])
    const counts = await tally(responses)
    expect((counts['issued'] ?? 0) + (counts['pending'] ?? 0)).toBe(80)
    expect(counts['422 insufficient_points']).toBe(20)
    await vi.waitFor(async () => expect(await codesInShop(shop, reward)).toHaveLength(80), { timeout: 20_000 })
    await vi.waitFor(
      async () => {
        const all = await Promise.all([...lone, one].map((customer) => redemptionsOf(customer, '?limit=100')))
        const issued = all.flat().filter(({ state }) => state === 'issued')
        expect(new Set(issued.map(({ code }) => code))).toEqual(new Set(await codesInShop(shop, reward)))
        expect(issued).toHaveLength(80)
      },
      { timeout: 20_000, interval: 1_000 },
    )
    expect(await balanceOf(one)).toMatchObject({ points: 50, held: 0 })
    for (const customer of [lone[0], lone[49], one]) {
      expect(customer && (await faultsInBooks(customer))).toEqual([])
    }
  })
})

describe('a code that was not used', () => {
  it('is given back: it goes from the shop, the points come back', async () => {
    const shop = await connectedShop()
    const reward = await newReward(shop)
    const customer = await customerWith(shop, 300)
    const redemption = await redemptionIn(await redeem(customer, reward.id))
    const given = await redemptionIn(await cancel(customer, redemption.id))
    expect(given).toMatchObject({
      state: 'cancelled',
      cancel_reason: 'by_customer',
      points_returned: 250,
      ending: null,
    })
    expect(await codesInShop(shop, reward)).toEqual([])
    expect(await balanceOf(customer)).toMatchObject({ points: 300 })
    expect(await problemIn(await cancel(customer, redemption.id))).toBe('409 redemption_closed')
    expect(await faultsInBooks(customer)).toEqual([])
  })

  it('stays with the shopper where the points do not come back; the merchant may take it', async () => {
    const shop = await connectedShop()
    const reward = await newReward(shop, { points_back: { cancelled: false } })
    const customer = await customerWith(shop, 300)
    const { id } = await redemptionIn(await redeem(customer, reward.id))
    expect(await problemIn(await cancel(customer, id))).toBe('422 reward_unavailable')
    const taken = await redemptionIn(await cancel({ token: shop.key }, id, { customer_id: customer.gid }))
    expect(taken).toMatchObject({ state: 'cancelled', cancel_reason: 'by_merchant', points_returned: 0 })
    expect(await balanceOf(customer)).toMatchObject({ points: 50 })
  })

  it('expires: it goes from the shop, the points come back if the merchant wishes', async () => {
    const shop = await connectedShop()
    const reward = await newReward(shop, { code_valid_days: 1, points_back: { expired: true } })
    const customer = await customerWith(shop, 300)
    const { id } = await redemptionIn(await redeem(customer, reward.id))
    const inThreeDays = Date.now() + 3 * 86_400_000
    vi.useFakeTimers({ now: inThreeDays, toFake: ['Date'] })
    try {
      await accountOf(customer).wake(customer.ref)
      await leaseAndSettle(env, customer.ref, id)
      expect(await accountOf(customer).redemption(customer.ref, id)).toMatchObject({
        state: 'expired',
        pointsReturned: 250,
      })
    } finally {
      vi.useRealTimers()
    }
    expect(await codesInShop(shop, reward)).toEqual([])
    expect(await balanceOf(customer)).toMatchObject({ points: 300 })
  })
})

describe('a shop without LoyalNest’s access', () => {
  it('issues nothing, and the shopper is told so before any point is held', async () => {
    const shop = await connectedShop()
    const reward = await newReward(shop)
    const customer = await customerWith(shop, 300)
    await merchantHub(env, shop.merchantId).disconnectShopify(shop.merchantId)
    // A copy of the token lives on in this isolate for a minute.
    vi.useFakeTimers({ now: Date.now() + 61_000, toFake: ['Date'] })
    try {
      expect(await problemIn(await redeem(customer, reward.id))).toBe('409 shop_not_connected')
    } finally {
      vi.useRealTimers()
    }
    expect(await balanceOf(customer)).toMatchObject({ points: 300, held: 0 })
  })
})

describe('a discount that somebody deleted in the shop', () => {
  it('costs nobody points, and the reward gets another one', async () => {
    const shop = await connectedShop()
    const reward = await newReward(shop)
    const customer = await customerWith(shop, 300)
    await deleteDiscount(shop, reward)
    expect(await redemptionIn(await redeem(customer, reward.id))).toMatchObject({
      state: 'cancelled',
      cancel_reason: 'shop_refused',
      points_returned: 250,
      code: null,
    })
    await vi.waitFor(
      async () => expect(await redemptionIn(await redeem(customer, reward.id))).toMatchObject({ state: 'issued' }),
      { timeout: 10_000, interval: 200 },
    )
    expect((await outcomeOf(shop, reward, customer)).areSame).toBe(true)
  })
})

describe('an answer', () => {
  it.each(['slow', 'silent', 'status_429'] as const)(
    'comes within four seconds when the shop is %s',
    async (effect) => {
      const shop = await connectedShop()
      const reward = await newReward(shop)
      const customer = await customerWith(shop, 300)
      await trouble(shop, { match: 'discountRedeemCodeBulkAdd', effect, delay_ms: 5_000, times: 3 })
      const startedAtMs = Date.now()
      const redemption = await redemptionIn(await redeem(customer, reward.id, {}, 'key'))
      expect(Date.now() - startedAtMs).toBeLessThan(4_000)
      expect(redemption).toMatchObject({ state: 'pending', code: null })
      expect(await balanceOf(customer)).toMatchObject({ points: 50, held: 250 })
      await trouble(shop)
    },
  )
})
