import { env } from 'cloudflare:workers'
import { describe, expect, it, vi } from 'vitest'
import type { Reward } from '../../../domain/contracts/rewards.ts'
import type { WebhookMessage } from '../../../domain/earning/facts.ts'
import { neonBatch, sql } from '../../../workers/platform/neon.ts'
import { readReward } from '../../../workers/platform/rewards.ts'
import {
  accountOf,
  balanceOf,
  call,
  codesInShop,
  connectedShop,
  customerWith,
  deleteDiscount,
  faultsInBooks,
  newReward,
  redeem,
  redemptionIn,
  type RewardDraft,
  type TestCustomer,
  type TestShop,
} from '../../../workers/services/rewards/testing.ts'
import { deliver } from '../../examples.ts'

const LONG = { timeout: 45_000 }
const PATIENCE = { timeout: 15_000, interval: 200 }

/** A customer with a code of 250 points, of which Postgres knows. */
async function codeHolder(shop: TestShop, reward: Reward) {
  const customer = await customerWith(shop, 300)
  const { id } = await redemptionIn(await redeem(customer, reward.id))
  await vi.waitFor(async () => {
    const [rows] = await neonBatch(env, shop.merchantId, [
      sql`select 1 from reward_redemptions where id = ${id} and state = 'issued'`,
    ])
    expect(rows).toHaveLength(1)
  }, PATIENCE)
  return { customer, id }
}

async function shopWithReward(changes: RewardDraft = {}) {
  const shop = await connectedShop()
  const reward = await newReward(shop, changes)
  return { shop, reward, gid: await discountGidOf(shop, reward) }
}

async function discountGidOf({ merchantId }: TestShop, { id }: Reward): Promise<string> {
  return (await readReward(env, merchantId, id))?.discountGid ?? ''
}

function deletionOf({ merchantId, domain }: TestShop, discountGid: string): WebhookMessage {
  const ids = { merchant_id: merchantId, shop: domain, webhook_id: crypto.randomUUID() }
  return { ...ids, received_at_ms: Date.now(), topic: 'discounts/delete', discount_gid: discountGid }
}

const endJobOf = ({ merchantId }: TestShop, { id }: Reward, discountGid: string, after: string | null = null) => ({
  job: 'end_redemptions',
  merchant_id: merchantId,
  reward_id: id,
  discount_gid: discountGid,
  after,
})

const stateOf = (customer: TestCustomer, id: string) => accountOf(customer).redemption(customer.ref, id)
const REMOVED = { state: 'cancelled', cancelReason: 'removed_in_shop', pointsReturned: 250 }

describe('a discount that somebody deleted in the shop', () => {
  it(
    'ends all its codes: the points come back whatever the reward says, and it gets another discount',
    LONG,
    async () => {
      const { shop, reward, gid } = await shopWithReward({ points_back: { expired: false, cancelled: false } })
      const holders = await Promise.all([codeHolder(shop, reward), codeHolder(shop, reward)])
      await deleteDiscount(shop, reward)
      const deletion = deletionOf(shop, gid)
      expect(await deliver('loyalnest-webhooks', [deletion, deletion])).toEqual({ acked: [0, 1], retried: [] })
      for (const { customer, id } of holders) {
        await vi.waitFor(async () => expect(await stateOf(customer, id)).toMatchObject(REMOVED), PATIENCE)
        expect(await balanceOf(customer)).toMatchObject({ points: 300, held: 0 })
        expect(await faultsInBooks(customer)).toEqual([])
      }
      await vi.waitFor(async () => {
        const stored = await readReward(env, shop.merchantId, reward.id)
        expect(stored?.discountState).toBe('ready')
        expect(stored?.discountGid).not.toBe(gid)
      }, PATIENCE)
      const { customer, id } = await codeHolder(shop, reward)
      expect(await codesInShop(shop, reward)).toHaveLength(1)
      // The webhook once more, and the second look of half an hour later: codes of the new discount are no part of it.
      await deliver('loyalnest-webhooks', [deletion])
      await deliver('loyalnest-jobs', [endJobOf(shop, reward, gid)])
      expect(await stateOf(customer, id)).toMatchObject({ state: 'issued', ending: null })
      expect(await discountGidOf(shop, reward)).not.toBe(gid)
    },
  )

  it('ends the codes of an archived reward too, which gets no other discount', async () => {
    const { shop, reward, gid } = await shopWithReward()
    const { customer, id } = await codeHolder(shop, reward)
    const archived = await call(`/v1/api/rewards/${reward.id}`, {
      method: 'DELETE',
      headers: { authorization: `Bearer ${shop.key}`, 'idempotency-key': crypto.randomUUID() },
    })
    expect(archived.status).toBe(200)
    await deleteDiscount(shop, reward)
    await deliver('loyalnest-webhooks', [deletionOf(shop, gid)])
    await vi.waitFor(async () => expect(await stateOf(customer, id)).toMatchObject(REMOVED), PATIENCE)
    expect(await readReward(env, shop.merchantId, reward.id)).toMatchObject({ discountGid: gid, status: 'archived' })
  })

  it('is found out by a save as well, before any webhook comes', async () => {
    const { shop, reward, gid } = await shopWithReward()
    const { customer, id } = await codeHolder(shop, reward)
    await deleteDiscount(shop, reward)
    await env.CONTROL.prepare("UPDATE rewards SET discount_state = 'waiting', synced_version = 0 WHERE id = ?1")
      .bind(reward.id)
      .run()
    await deliver('loyalnest-jobs', [{ job: 'sync_reward', merchant_id: shop.merchantId, reward_id: reward.id }])
    expect(await discountGidOf(shop, reward)).not.toBe(gid)
    await vi.waitFor(async () => expect(await stateOf(customer, id)).toMatchObject(REMOVED), PATIENCE)
  })

  it('of no reward, or of another shop’s, is no news', async () => {
    const { shop, reward, gid } = await shopWithReward()
    const elsewhere = await connectedShop()
    const strange = [deletionOf(shop, 'gid://shopify/DiscountCodeNode/404'), deletionOf(elsewhere, gid)]
    expect(await deliver('loyalnest-webhooks', strange)).toEqual({ acked: [0, 1], retried: [] })
    expect(await readReward(env, shop.merchantId, reward.id)).toMatchObject({
      discountState: 'ready',
      discountGid: gid,
    })
  })
})

describe('the job that ends its redemptions', () => {
  it('goes page by page, and leaves the shop’s API to shoppers in between', async () => {
    const { shop, reward, gid } = await shopWithReward()
    const { customer, id } = await codeHolder(shop, reward)
    // A hundred beside it that no account knows: what a page is about is Postgres' to say, what becomes of it is not.
    await neonBatch(env, shop.merchantId, [
      sql`insert into reward_redemptions (merchant_id, id, customer_id, points, state, redeemed_at, reward_id, code)
        select merchant_id, gen_random_uuid()::text, customer_id, 1, 'issued', now(), reward_id, 'NONE-' || n
        from reward_redemptions, generate_series(1, 100) n where id = ${id}`,
    ])
    const send = vi.spyOn(env.JOBS, 'send')
    try {
      await deliver('loyalnest-jobs', [endJobOf(shop, reward, gid)])
      expect(send.mock.calls).toEqual([
        [{ ...endJobOf(shop, reward, gid), after: expect.any(String) }, { delaySeconds: 10 }],
      ])
      await deliver('loyalnest-jobs', [send.mock.calls[0]?.[0]])
      expect(send).toHaveBeenCalledTimes(1)
    } finally {
      send.mockRestore()
    }
    expect(await stateOf(customer, id)).toMatchObject({ cancelReason: 'removed_in_shop' })
  })
})
