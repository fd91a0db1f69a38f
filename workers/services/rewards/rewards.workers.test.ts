import { env } from 'cloudflare:workers'
import { describe, expect, it, vi } from 'vitest'
import { Reward } from '../../../domain/contracts/rewards.ts'
import { deliver } from '../../../queues/examples.ts'
import { syncReward } from '../../integrations/shopify/sync.ts'
import { readReward } from '../../platform/rewards.ts'
import { newKey, newShop } from '../../gateway/testing.ts'
import {
  call,
  connect,
  connectedShop,
  customerWith,
  get,
  metafieldOf,
  newReward,
  post,
  redeem,
  redemptionIn,
  rewardDraft,
  type RewardDraft,
  rewardsFor,
  type TestShop,
  trouble,
  visitorToken,
} from './testing.ts'

function write(method: 'PUT' | 'DELETE', shop: TestShop, path: string, body?: unknown): Promise<Response> {
  return call(path, {
    method,
    headers: {
      authorization: `Bearer ${shop.key}`,
      'idempotency-key': crypto.randomUUID(),
      ...(body === undefined ? {} : { 'content-type': 'application/json' }),
    },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  })
}

function update(shop: TestShop, { id, version }: Reward, changes: RewardDraft): Promise<Response> {
  return write('PUT', shop, `/v1/api/rewards/${id}`, { version, reward: rewardDraft(changes) })
}

async function problemIn(response: Response): Promise<string> {
  const { code }: { code?: string } = await response.json()
  return `${response.status} ${code}`
}

async function readBack(shop: TestShop, { id }: Reward): Promise<Reward> {
  return Reward.parse(await (await get(`/v1/api/rewards/${id}`, shop.key)).json())
}

/** The job that a change leaves behind, for the case that its request does not get through. */
function job(shop: TestShop, { id }: Reward) {
  return deliver('loyalnest-jobs', [{ job: 'sync_reward', merchant_id: shop.merchantId, reward_id: id }])
}

describe('a new reward', () => {
  it('has its discount in the shop at once', async () => {
    const shop = await connectedShop()
    const reward = await newReward(shop, { cost: { kind: 'fixed', points: 100 }, conditions: { minimum_spend: '20' } })
    expect(reward).toMatchObject({ version: 1, status: 'active', currency: 'EUR', standing: null })
    expect(reward.discount).toEqual({ state: 'ready', discount_id: expect.any(String), problem: null })
    const { terms, sliding, v } = await metafieldOf(shop, reward)
    expect({ terms, sliding, v }).toMatchObject({
      v: 1,
      sliding: false,
      terms: { 1: { type: 'amount_off', amount: '5.00', minimum: '20', share: null } },
    })
  })

  it('is created once: the repetition gets the same bytes, also when both come at once', async () => {
    const shop = await connectedShop()
    const create = (key: string) => post('/v1/api/rewards', shop.key, rewardDraft(), { 'idempotency-key': key })
    const first = await create('first')
    const second = await create('first')
    expect(second.headers.get('idempotency-replayed')).toBe('true')
    expect(await second.text()).toBe(await first.text())
    const both = await Promise.all([create('second'), create('second')])
    expect(both.map(({ status }) => status)).toEqual([201, 201])
    expect((await rewardsFor(shop.key)).rewards).toHaveLength(2)
  })

  it('waits for a shop that is not connected, and shoppers see that it is being prepared', async () => {
    const shop = await newShop(env)
    const reward = await newReward(shop)
    expect(reward.discount).toEqual({
      state: 'waiting',
      discount_id: null,
      problem: expect.stringContaining('Open LoyalNest'),
    })
    const customer = await customerWith(shop, 1_000)
    const [seen] = (await rewardsFor(customer.token)).rewards
    expect(seen?.standing).toMatchObject({ status: 'being_prepared', max_points: 0 })
    expect(await problemIn(await redeem(customer, reward.id))).toBe('409 shop_not_connected')
    await connect(shop)
    expect(await job(shop, reward)).toEqual({ acked: [0], retried: [] })
    expect((await readBack(shop, reward)).discount?.state).toBe('ready')
  })

  it.each(['status_500', 'drop_before', 'drop_after', 'user_error'] as const)(
    'survives %s: a later attempt has one discount made',
    async (effect) => {
      const shop = await connectedShop()
      await trouble(shop, { match: 'discountCodeAppCreate', effect })
      const reward = await newReward(shop)
      expect(reward.discount).toMatchObject({ state: 'waiting', problem: expect.stringContaining('did not answer') })
      // What may still take effect is waited for.
      expect(await job(shop, reward)).toEqual({ acked: [], retried: [0] })
      await env.CONTROL.prepare('UPDATE rewards SET sync_until_ms = 0 WHERE id = ?1').bind(reward.id).run()
      expect(await job(shop, reward)).toEqual({ acked: [0], retried: [] })
      expect((await readBack(shop, reward)).discount?.state).toBe('ready')
      expect((await metafieldOf(shop, reward)).v).toBe(1)
    },
  )

  it.each(['throttled', 'status_429', 'slow'] as const)(
    'that meets %s waits behind its request, which answers in time',
    async (effect) => {
      const shop = await connectedShop()
      await trouble(shop, { match: 'discountCodeAppCreate', effect, times: 2, delay_ms: 4_500 })
      const startedAtMs = Date.now()
      const reward = await newReward(shop)
      expect(Date.now() - startedAtMs).toBeLessThan(4_000)
      await vi.waitFor(async () => expect((await readBack(shop, reward)).discount?.state).toBe('ready'), {
        timeout: 10_000,
      })
    },
  )

  it('that the shop refuses says why, and the next save tries again', async () => {
    const shop = await connectedShop()
    const reward = await newReward(shop, { title: ' ' })
    expect(reward.discount).toMatchObject({
      state: 'failed',
      problem: "Shopify says: Title can't be blank. Change the reward and save it again.",
    })
    const saved = Reward.parse(await (await update(shop, reward, {})).json())
    expect(saved).toMatchObject({ version: 2, discount: { state: 'ready', problem: null } })
  })

  it.each([
    ['less than the smallest coin', { value: { type: 'amount_off', amount: '0.004' } }, '/value/amount'],
    ['more than can be counted', { value: { type: 'amount_off', amount: '999999999999999' } }, '/value/amount'],
    [
      'less than the smallest coin for the fewest steps',
      {
        value: { type: 'amount_off', amount: '0.001' },
        cost: { kind: 'sliding', step_points: 1, min_steps: 4, max_steps: null },
      },
      '/value/amount',
    ],
    [
      'a minimum that cannot be counted',
      { conditions: { minimum_spend: '999999999999999' } },
      '/conditions/minimum_spend',
    ],
  ] satisfies [string, RewardDraft, string][])('is refused for %s', async (_what, changes, pointer) => {
    const shop = await newShop(env)
    const created = await post('/v1/api/rewards', shop.key, rewardDraft(changes))
    expect(created.status).toBe(400)
    expect(await created.json()).toMatchObject({ code: 'validation_failed', errors: [{ pointer }] })
    const updated = await update(shop, await newReward(shop), changes)
    expect(await updated.json()).toMatchObject({ errors: [{ pointer: `/reward${pointer}` }] })
  })

  it('is one too many after a hundred; archived ones do not count', async () => {
    const shop = await newShop(env)
    const reward = await newReward(shop)
    await env.CONTROL.prepare(
      `INSERT INTO rewards SELECT r.merchant_id, lower(hex(randomblob(4))) || '-0000-4000-8000-' || lower(hex(randomblob(6))),
         1, 'draft', r.position, body, terms, code_key_sealed, NULL, 'waiting', NULL, 0, 0, 0, 0, 'test'
       FROM rewards r, json_each(?2) WHERE r.id = ?1`,
    )
      .bind(reward.id, JSON.stringify(Array.from({ length: 99 }, (_, index) => index)))
      .run()
    const create = () => post('/v1/api/rewards', shop.key, rewardDraft())
    expect(await problemIn(await create())).toBe('422 reward_limit')
    expect((await write('DELETE', shop, `/v1/api/rewards/${reward.id}`)).status).toBe(200)
    expect((await create()).status).toBe(201)
  })
})

describe('a change of a reward', () => {
  it('gives new codes new terms, and keeps the old ones in the discount', async () => {
    const shop = await connectedShop()
    const reward = await newReward(shop)
    const customer = await customerWith(shop, 1_000)
    const before = await redemptionIn(await redeem(customer, reward.id))
    const changed = await update(shop, reward, { value: { type: 'amount_off', amount: '6.00' } })
    expect(changed.status).toBe(200)
    const { terms } = await metafieldOf(shop, reward)
    expect(Object.entries(terms).map(([number, { amount }]) => [number, amount])).toEqual([
      ['1', '5.00'],
      ['2', '6.00'],
    ])
    const after = await redemptionIn(await redeem(customer, reward.id))
    expect([before.value, after.value]).toEqual([
      { type: 'amount_off', amount: '5.00' },
      { type: 'amount_off', amount: '6.00' },
    ])
  })

  it('that does not concern the discount does not ask the shop', async () => {
    const shop = await connectedShop()
    const reward = await newReward(shop)
    await trouble(shop, { match: '*', effect: 'status_500', times: 50 })
    const changed = Reward.parse(
      await (await update(shop, reward, { description: 'New words', position: 3, limit_per_customer: 2 })).json(),
    )
    expect(changed).toMatchObject({ version: 2, position: 3, discount: { state: 'ready' } })
  })

  it('of a version that somebody else changed first is refused', async () => {
    const shop = await connectedShop()
    const reward = await newReward(shop)
    const both = await Promise.all([update(shop, reward, { title: 'One' }), update(shop, reward, { title: 'Two' })])
    expect(both.map(({ status }) => status).toSorted((a, b) => a - b)).toEqual([200, 409])
    expect(await problemIn(await update(shop, reward, { title: 'Three' }))).toBe('409 version_conflict')
    expect(await readBack(shop, reward)).toMatchObject({ version: 2 })
  })

  it('cannot make another kind of reward of it', async () => {
    const shop = await newShop(env)
    const reward = await newReward(shop)
    const refused = await update(shop, reward, { value: { type: 'percent_off', percent: 10 } })
    expect(await problemIn(refused)).toBe('409 reward_changed')
  })

  it('while the shop is still being told of the one before is told after it', async () => {
    const shop = await connectedShop()
    const reward = await newReward(shop)
    await trouble(shop, { match: 'discountCodeAppUpdate', effect: 'slow', delay_ms: 800 })
    const first = update(shop, reward, { title: 'Slow' })
    await vi.waitFor(async () => expect((await readBack(shop, reward)).version).toBe(2))
    const second = update(shop, { ...reward, version: 2 }, { title: 'Quick' })
    await Promise.all([first, second])
    await vi.waitFor(async () => expect((await readBack(shop, reward)).discount?.state).toBe('ready'))
    expect((await metafieldOf(shop, reward)).title).toBe('Quick')
  })
})

describe('an archived reward', () => {
  it('is not redeemed any more, does not come back, and is archived once', async () => {
    const shop = await connectedShop()
    const reward = await newReward(shop)
    const customer = await customerWith(shop, 1_000)
    const archive = () => write('DELETE', shop, `/v1/api/rewards/${reward.id}`)
    expect(Reward.parse(await (await archive()).json())).toMatchObject({ status: 'archived', version: 2 })
    expect(Reward.parse(await (await archive()).json())).toMatchObject({ status: 'archived', version: 2 })
    expect(await problemIn(await redeem(customer, reward.id))).toBe('422 reward_unavailable')
    expect(await problemIn(await update(shop, { ...reward, version: 2 }, {}))).toBe('409 reward_changed')
    expect((await rewardsFor(customer.token)).rewards).toEqual([])
    expect((await rewardsFor(shop.key)).rewards).toEqual([])
    expect((await rewardsFor(shop.key, '?status=archived')).rewards).toHaveLength(1)
  })
})

describe('the list', () => {
  it('shows shoppers active rewards and how they stand, visitors only the rewards, keys everything', async () => {
    const shop = await connectedShop()
    await newReward(shop, { title: 'Draft', status: 'draft' })
    await newReward(shop, { title: 'Dear', position: 2, cost: { kind: 'fixed', points: 400 } })
    await newReward(shop, { title: 'Cheap', position: 1, cost: { kind: 'fixed', points: 100 }, limit_total: 5 })
    const customer = await customerWith(shop, 200)
    const own = await rewardsFor(customer.token)
    expect(own.rewards.map(({ title, discount, standing }) => [title, discount, standing?.status])).toEqual([
      ['Cheap', null, 'available'],
      ['Dear', null, 'not_enough_points'],
    ])
    expect(own.rewards[1]?.standing).toMatchObject({ points_missing: 200, progress: 0.5 })
    const visitors = await rewardsFor(await visitorToken(shop))
    expect(visitors.rewards.map(({ title, standing, discount }) => [title, standing, discount])).toEqual([
      ['Cheap', null, null],
      ['Dear', null, null],
    ])
    const keys = await rewardsFor(shop.key, `?customer_id=${customer.gid}`)
    expect(keys.rewards.map(({ title, standing }) => [title, standing?.status])).toEqual([
      ['Draft', 'being_prepared'],
      ['Cheap', 'available'],
      ['Dear', 'not_enough_points'],
    ])
    expect(keys.rewards[0]?.discount?.state).toBe('ready')
  })

  it('comes in pages', async () => {
    const shop = await newShop(env)
    for (const title of ['One', 'Two', 'Three']) await newReward(shop, { title })
    for (const token of [shop.key, await visitorToken(shop)]) {
      const first = await rewardsFor(token, '?limit=2')
      const second = await rewardsFor(token, `?limit=2&cursor=${first.next_cursor}`)
      expect([first, second].map(({ rewards }) => rewards.map(({ title }) => title))).toEqual([
        ['One', 'Two'],
        ['Three'],
      ])
      expect(second.next_cursor).toBeNull()
      expect(await problemIn(await get('/v1/api/rewards?cursor=nonsense', token))).toBe('400 validation_failed')
    }
  })

  it("shows nobody another customer's standing, and no other shop's rewards", async () => {
    const shop = await newShop(env)
    const reward = await newReward(shop)
    const [one, other] = [await customerWith(shop, 10), await customerWith(shop, 10)]
    const foreign = await get(`/v1/api/rewards?customer_id=${encodeURIComponent(other.gid)}`, one.token)
    expect(await problemIn(foreign)).toBe('403 forbidden')
    const visitor = await get(`/v1/api/rewards?customer_id=${encodeURIComponent(one.gid)}`, await visitorToken(shop))
    expect(await problemIn(visitor)).toBe('403 forbidden')
    const elsewhere = await newShop(env)
    expect(await problemIn(await get(`/v1/api/rewards/${reward.id}`, elsewhere.key))).toBe('404 not_found')
    expect((await rewardsFor(elsewhere.key)).rewards).toEqual([])
    const reader = await newKey(env, shop.merchantId, ['points:write'])
    expect(await problemIn(await post('/v1/api/rewards', reader, rewardDraft()))).toBe('403 forbidden')
  })
})

describe('the signing key of a reward', () => {
  it('is stored sealed for its row, and no answer shows it', async () => {
    const shop = await connectedShop()
    const reward = await newReward(shop)
    const { key } = await metafieldOf(shop, reward)
    expect(Buffer.from(key, 'base64')).toHaveLength(32)
    const stored = await readReward(env, shop.merchantId, reward.id)
    expect(JSON.stringify([stored, reward])).not.toContain(key)
  })
})

describe('a sync', () => {
  it('of a reward that is synced, archived or unknown asks nothing of the shop', async () => {
    const shop = await connectedShop()
    const [synced, archived] = [await newReward(shop), await newReward(shop)]
    await write('DELETE', shop, `/v1/api/rewards/${archived.id}`)
    await trouble(shop, { match: '*', effect: 'status_500', times: 50 })
    const sync = (id: string) => syncReward(env, shop, id, Date.now() + 1_000)
    expect(await sync(synced.id)).toBe('synced')
    expect(await sync(archived.id)).toBe('gone')
    expect(await sync(crypto.randomUUID())).toBe('gone')
  })
})
