import { runInDurableObject } from 'cloudflare:test'
import { env } from 'cloudflare:workers'
import { afterEach, describe, expect, it, vi } from 'vitest'
import type { Reward } from '../../../domain/contracts/rewards.ts'
import { CODE_RANDOM_BYTES, composeCode } from '../../../domain/rewards/code.ts'
import type { RedemptionRecord } from '../../../domain/rewards/types.ts'
import { customerAccountName, merchantHub } from '../../../durable-objects/kernel/stubs.ts'
import { deliver } from '../../../queues/examples.ts'
import {
  accountOf,
  codesInShop,
  connectedShop,
  customerWith,
  deleteDiscount,
  endAccessTokens,
  newReward,
  outcomeOf,
  type RewardDraft,
  type TestCustomer,
  type TestShop,
  trouble,
  type Trouble,
} from '../../services/rewards/testing.ts'
import { openCodeKey, readReward } from '../../platform/rewards.ts'
import { addCode } from './admin/discounts.ts'
import { settle } from './settle.ts'

/**
 * Whatever the shop does at whatever step of a redemption, and wherever its driver dies: in the end points and codes
 * agree. The steps are called as the request and the job call them; the clock is put forward instead of waiting.
 */

interface Scene {
  readonly shop: TestShop
  readonly reward: Reward
  readonly customer: TestCustomer
}

/** A customer with points for one redemption, and a few left. */
async function newScene(changes: RewardDraft = {}): Promise<Scene> {
  const shop = await connectedShop()
  return { shop, reward: await newReward(shop, changes), customer: await customerWith(shop, 300) }
}

/** Holds the points and takes the first lease, as the request does before it talks to the shop. */
async function begin({ shop, reward, customer }: Scene): Promise<RedemptionRecord> {
  const stored = await readReward(env, shop.merchantId, reward.id)
  if (!stored?.discountGid) throw new Error('the reward has no discount')
  const id = crypto.randomUUID()
  const reply = await accountOf(customer).redeemReward(
    customer.ref,
    {
      id,
      rewardId: reward.id,
      title: reward.title,
      value: reward.value,
      currency: 'EUR',
      points: 250,
      code: composeCode({
        key: await openCodeKey(env, stored),
        random: crypto.getRandomValues(new Uint8Array(CODE_RANDOM_BYTES)),
        termsNumber: 1,
        steps: null,
        customer: customer.gid.split('/').at(-1) ?? '',
        prefix: null,
      }),
      discountGid: stored.discountGid,
      limitPerCustomer: null,
      limitTotal: reward.limit_total,
      codeValidDays: null,
      timeZone: 'Europe/Berlin',
      pointsBack: reward.points_back,
      source: 'shopify',
      actor: 'customer',
    },
    { scope: 'test', key: id, fingerprint: id },
  )
  if (!reply.ok) throw new Error(reply.refusal.detail)
  return reply.redemption
}

/** The driver with a second and a half for the shop instead of sixteen. */
function drive({ customer }: Scene, leased: RedemptionRecord): Promise<RedemptionRecord> {
  return settle(env, customer.ref, { ...leased, leaseEndsAtMs: Date.now() + 5_500 })
}

/** The job that the account's alarm sends when it is time. */
function job({ shop, customer }: Scene, { id }: RedemptionRecord) {
  const body = { job: 'settle_redemption', merchant_id: shop.merchantId, customer_id: customer.ref.customerId }
  return deliver('loyalnest-jobs', [{ ...body, redemption_id: id }])
}

const outcome = ({ shop, reward, customer }: Scene) => outcomeOf(shop, reward, customer)
const SPENT = { states: ['issued'], points: 50, held: 0, areSame: true, faults: [] }
const PENDING = { states: ['pending'], points: 50, held: 250, faults: [] }
const backAs = (state: string) => ({ states: [state], points: 300, held: 0, areSame: true, faults: [] })

const DAY_MS = 24 * 60 * 60_000
const realNow = Date.now.bind(Date)
let aheadMs = 0
/** Puts the clock forward for everything in this isolate: the account and the driver, not the shop. */
function later(ms: number): void {
  aheadMs += ms
  vi.spyOn(Date, 'now').mockImplementation(() => realNow() + aheadMs)
}
afterEach(() => {
  aheadMs = 0
  vi.restoreAllMocks()
})

const EFFECTS = [
  'status_500',
  'status_429',
  'throttled',
  'slow',
  'drop_before',
  'drop_after',
  'user_error',
  'silent',
] as const

/** The same trouble at once in a shop for each effect; the answers by effect. */
async function inEachTrouble<T>(
  match: string,
  effects: readonly Trouble['effect'][],
  run: (scene: Scene, order: () => Promise<void>) => Promise<T>,
): Promise<Record<string, T>> {
  const answers = effects.map(async (effect) => {
    const scene = await newScene()
    const order = () => trouble(scene.shop, { match, effect, delay_ms: 2_500 })
    return [effect, await run(scene, order)] as const
  })
  return Object.fromEntries(await Promise.all(answers))
}

describe('while a code is made', () => {
  it.each(['discountRedeemCodeBulkAdd', 'discountRedeemCodeBulkCreation'])(
    'trouble with %s never loses a point: the next attempt issues the same code',
    { timeout: 60_000 },
    async (match) => {
      const scenes: { scene: Scene; begun: RedemptionRecord }[] = []
      const first = await inEachTrouble(match, EFFECTS, async (scene, order) => {
        const begun = await begin(scene)
        scenes.push({ scene, begun })
        await order()
        const { state, code } = await drive(scene, begun)
        await trouble(scene.shop)
        return { state, isSame: code === begun.code }
      })
      for (const { state, isSame } of Object.values(first)) expect([state, isSame]).toEqual([expect.any(String), true])
      expect(Object.values(first).some(({ state }) => state === 'pending')).toBe(true)
      later(20_000)
      const second = await Promise.all(
        scenes.map(async ({ scene, begun }) => {
          await job(scene, begun)
          return outcome(scene)
        }),
      )
      expect(second).toEqual(scenes.map(() => SPENT))
    },
  )

  it('trouble with the token endpoint neither', { timeout: 60_000 }, async () => {
    const effects = ['status_500', 'status_429', 'slow', 'drop_before', 'drop_after', 'silent'] as const
    const scenes: { scene: Scene; begun: RedemptionRecord }[] = []
    await inEachTrouble('oauth', effects, async (scene, order) => {
      const begun = await begin(scene)
      scenes.push({ scene, begun })
      await endAccessTokens(scene.shop)
      await order()
      await drive(scene, begun)
      await trouble(scene.shop)
    })
    await Promise.all(
      scenes.map(async ({ scene, begun }) => {
        // A refresh that hangs is given up by the hub after a while, and keeps whoever comes before then from another.
        const settled = async () => {
          await job(scene, begun)
          expect(await accountOf(scene.customer).redemption(scene.customer.ref, begun.id)).toMatchObject({
            state: 'issued',
          })
        }
        await vi.waitFor(settled, { timeout: 30_000, interval: 500 })
        expect(await outcome(scene)).toEqual(SPENT)
      }),
    )
  })

  it('a driver that dies anywhere is followed by another one', { timeout: 60_000 }, async () => {
    const deaths: Record<string, (scene: Scene, begun: RedemptionRecord) => Promise<unknown>> = {
      'before it asked': () => Promise.resolve(),
      'before the shop heard of it': async ({ shop }, { discountGid, code }) => {
        await trouble(shop, { match: 'discountRedeemCodeBulkAdd', effect: 'drop_before' })
        return addCode(env, shop, discountGid, code, Date.now() + 1_000)
      },
      'after the shop heard of it': async ({ shop }, { discountGid, code }) => {
        await trouble(shop, { match: 'discountRedeemCodeBulkAdd', effect: 'drop_after' })
        return addCode(env, shop, discountGid, code, Date.now() + 1_000)
      },
      'before it told the account': ({ shop }, { discountGid, code }) =>
        addCode(env, shop, discountGid, code, Date.now() + 3_000),
    }
    const scenes = await Promise.all(
      Object.values(deaths).map(async (die) => {
        const scene = await newScene()
        const begun = await begin(scene)
        await die(scene, begun)
        return { scene, begun }
      }),
    )
    // Its lease still runs: nobody else may.
    for (const { scene, begun } of scenes) await job(scene, begun)
    for (const { scene } of scenes) expect(await outcome(scene)).toMatchObject(PENDING)
    later(21_000)
    for (const { scene, begun } of scenes) await job(scene, begun)
    for (const { scene } of scenes) expect(await outcome(scene)).toEqual(SPENT)
  })

  it('the account itself asks for the next driver, by a job', async () => {
    const scene = await newScene()
    const { merchantId, customerId } = scene.customer.ref
    await begin(scene)
    later(21_000)
    const account = env.CUSTOMER_ACCOUNT.getByName(customerAccountName(merchantId, customerId))
    await runInDurableObject(account, (object) => object.alarm())
    await vi.waitFor(async () => expect(await outcome(scene)).toEqual(SPENT), { timeout: 10_000, interval: 200 })
  })

  it('a driver that comes back from the dead changes nothing', async () => {
    const scene = await newScene()
    const begun = await begin(scene)
    later(21_000)
    await job(scene, begun)
    const late = await accountOf(scene.customer).settleRedemption(scene.customer.ref, begun.id, begun.lease, {
      kind: 'refused',
      reason: 'shop_refused',
    })
    expect(late).toMatchObject({ state: 'issued' })
    expect(await outcome(scene)).toEqual(SPENT)
  })

  it('the points come back once it is certain that there is no code, and not before', { timeout: 30_000 }, async () => {
    const scene = await newScene()
    const begun = await begin(scene)
    const isDown: Trouble = { match: '*', effect: 'drop_before', times: 1_000 }
    await trouble(scene.shop, isDown)
    await drive(scene, begun)
    later(61 * 60_000)
    // Still down after an hour: nobody knows.
    await job(scene, begun)
    await trouble(scene.shop)
    expect(await outcome(scene)).toMatchObject(PENDING)
    await trouble(scene.shop, { match: 'codeDiscountNodeByCode', effect: 'status_500' })
    later(16 * 60_000)
    await job(scene, begun)
    expect(await outcome(scene)).toMatchObject(PENDING)
    later(16 * 60_000)
    await job(scene, begun)
    expect(await outcome(scene)).toEqual(backAs('cancelled: shop_unreachable'))
  })

  it('the points come back in the end, and so does its part of the limit, if the shop never answers', async () => {
    const scene = await newScene({ limit_total: 5 })
    const begun = await begin(scene)
    await trouble(scene.shop, { match: '*', effect: 'drop_before', times: 1_000 })
    await drive(scene, begun)
    const slots = async () => {
      const taken = await merchantHub(env, scene.shop.merchantId).rewardSlots(scene.shop.merchantId)
      return taken[scene.reward.id] ?? 0
    }
    later(28 * DAY_MS)
    await job(scene, begun)
    expect(await slots()).toBe(1)
    later(DAY_MS)
    await job(scene, begun)
    await vi.waitFor(async () => expect(await slots()).toBe(0), { timeout: 10_000 })
    const { customer } = scene
    expect(await accountOf(customer).redemption(customer.ref, begun.id)).toMatchObject({
      state: 'cancelled',
      cancelReason: 'shop_unreachable',
    })
    expect(await accountOf(customer).balance(customer.ref)).toMatchObject({ points: 300, held: 0 })
  })

  it('a part of the limit comes back once the cancellation is written, and not before', async () => {
    const scene = await newScene({ limit_total: 5 })
    const { shop, reward, customer } = scene
    const begun = await begin(scene)
    const slots = async () => (await merchantHub(env, shop.merchantId).rewardSlots(shop.merchantId))[reward.id] ?? 0
    await merchantHub(env, shop.merchantId).takeRewardSlot(shop.merchantId, reward.id, begun.id, 5)
    await deleteDiscount(shop, reward)
    // A driver whose word the account does not take, as one that dies before it speaks, leaves the slot alone.
    await drive(scene, { ...begun, lease: begun.lease + 1 })
    expect(await slots()).toBe(1)
    // One that dies right after it is followed by another one.
    await accountOf(customer).settleRedemption(customer.ref, begun.id, begun.lease, {
      kind: 'refused',
      reason: 'shop_refused',
    })
    expect(await slots()).toBe(1)
    later(21_000)
    await job(scene, begun)
    expect(await slots()).toBe(0)
    const settled = await accountOf(customer).redemption(customer.ref, begun.id)
    expect(settled).toMatchObject({ state: 'cancelled', nextAttemptAtMs: null })
  })

  it('a code that turns up after the hour is issued', async () => {
    const scene = await newScene()
    const begun = await begin(scene)
    await trouble(scene.shop, { match: 'discountRedeemCodeBulkAdd', effect: 'drop_after' })
    await drive(scene, begun)
    await vi.waitFor(async () => expect(await codesInShop(scene.shop, scene.reward)).toHaveLength(1))
    later(61 * 60_000)
    await job(scene, begun)
    expect(await outcome(scene)).toEqual(SPENT)
  })

  it('a shop that has left has no code of ours: the points come back', async () => {
    const scene = await newScene()
    const begun = await begin(scene)
    await env.CONTROL.prepare("UPDATE shops SET status = 'uninstalled' WHERE merchant_id = ?1")
      .bind(scene.shop.merchantId)
      .run()
    later(31_000)
    await job(scene, begun)
    const { customer } = scene
    expect(await accountOf(customer).redemption(customer.ref, begun.id)).toMatchObject({
      state: 'cancelled',
      cancelReason: 'shop_unreachable',
    })
    expect(await accountOf(customer).balance(customer.ref)).toMatchObject({ points: 300, held: 0 })
  })
})

describe('while a code is taken back', () => {
  const steps = ['codeDiscountNodeByCode', 'discountCodeRedeemCodeBulkDelete', 'job']
  it.each(steps)('trouble with %s neither loses points nor gives them twice', { timeout: 60_000 }, async (match) => {
    const scenes: { scene: Scene; begun: RedemptionRecord }[] = []
    await inEachTrouble(match, EFFECTS, async (scene, order) => {
      const begun = await begin(scene)
      await drive(scene, begun)
      const { customer } = scene
      scenes.push({ scene, begun })
      await order()
      await accountOf(customer).endRedemption(customer.ref, begun.id, 'by_customer', null)
      const leased = await accountOf(customer).leaseRedemption(customer.ref, begun.id)
      if (leased === null) throw new Error('somebody else has the lease')
      await drive(scene, leased)
      await trouble(scene.shop)
    })
    later(20_000)
    const after = await Promise.all(
      scenes.map(async ({ scene, begun }) => {
        await job(scene, begun)
        return outcome(scene)
      }),
    )
    expect(after).toEqual(scenes.map(() => backAs('cancelled: by_customer')))
  })

  it('a driver that dies after the deletion is followed by another one', async () => {
    const scene = await newScene()
    const begun = await begin(scene)
    await drive(scene, begun)
    const { customer } = scene
    await accountOf(customer).endRedemption(customer.ref, begun.id, 'by_customer', null)
    const leased = await accountOf(customer).leaseRedemption(customer.ref, begun.id)
    if (leased === null) throw new Error('somebody else has the lease')
    // It does its work, and what it tells the account under a lease of nobody's is lost.
    await drive(scene, { ...leased, lease: leased.lease + 1 })
    expect(await outcome(scene)).toMatchObject({ states: ['issued: by_customer'], points: 50 })
    later(21_000)
    await job(scene, begun)
    expect(await outcome(scene)).toEqual(backAs('cancelled: by_customer'))
  })
})
