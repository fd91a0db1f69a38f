import { env } from 'cloudflare:workers'
import { describe, expect, it, vi } from 'vitest'
import type { WebhookMessage } from '../../../domain/earning/facts.ts'
import { merchantHub } from '../../../durable-objects/kernel/stubs.ts'
import { neonBatch, sql } from '../../../workers/platform/neon.ts'
import {
  accountOf,
  balanceOf,
  codesInShop,
  connectedShop,
  customerWith,
  faultsInBooks,
  newReward,
  post,
  redeem,
  redemptionIn,
  type RewardDraft,
  type TestCustomer,
  type TestShop,
  trouble,
} from '../../../workers/services/rewards/testing.ts'
import { deliver, newCustomerGid, orderMessage, orderOf, withoutPostgres } from '../../examples.ts'

/** A customer with a code of 250 points. */
async function codeHolder(changes: RewardDraft = {}) {
  const shop = await connectedShop()
  const reward = await newReward(shop, changes)
  const customer = await customerWith(shop, 300)
  const redemption = await redemptionIn(await redeem(customer, reward.id))
  return { shop, reward, customer, redemption, code: redemption.code ?? '' }
}

function orderWith(shop: TestShop, buyerGid: string, ...codes: string[]) {
  return orderMessage(shop.merchantId, orderOf(buyerGid, 10_00, { discount_codes: codes }))
}

function removalOf({ merchantId, domain }: TestShop, code: string): WebhookMessage {
  return {
    merchant_id: merchantId,
    shop: domain,
    webhook_id: crypto.randomUUID(),
    received_at_ms: Date.now(),
    topic: 'discounts/redeemcode_removed',
    discount_gid: 'gid://shopify/DiscountCodeNode/1',
    code,
  }
}

const stateOf = async (customer: TestCustomer, id: string) => accountOf(customer).redemption(customer.ref, id)

/** Waits until Postgres knows whose code it is. */
async function projected(shop: TestShop, code: string): Promise<void> {
  await vi.waitFor(
    async () => {
      const [rows] = await neonBatch(env, shop.merchantId, [
        sql`select 1 from reward_redemptions where code = ${code} and state = 'issued'`,
      ])
      expect(rows).toHaveLength(1)
    },
    { timeout: 10_000 },
  )
}

describe('an order with a code', () => {
  it('uses the redemption up, once, and earns on what was paid', async () => {
    const { shop, customer, redemption, code } = await codeHolder()
    const order = orderWith(shop, customer.gid, code)
    expect(await deliver('loyalnest-webhooks', [order, order], { to: withoutPostgres })).toEqual({
      acked: [0, 1],
      retried: [],
    })
    const orderGid = 'order' in order ? order.order.order_gid : ''
    const used = await stateOf(customer, redemption.id)
    expect(used).toMatchObject({ state: 'used', orderGid })
    await deliver('loyalnest-webhooks', [order])
    expect(await stateOf(customer, redemption.id)).toEqual(used)
    expect(await balanceOf(customer)).toMatchObject({ points: 60 })
    expect(await faultsInBooks(customer)).toEqual([])
  })

  it('may come before the driver has told the account: the code works, so it was issued', async () => {
    const shop = await connectedShop()
    const reward = await newReward(shop)
    const customer = await customerWith(shop, 300)
    await trouble(shop, { match: 'discountRedeemCodeBulkCreation', effect: 'status_500', times: 50 })
    const { id, state } = await redemptionIn(await redeem(customer, reward.id))
    expect(state).toBe('pending')
    const code = (await stateOf(customer, id))?.code ?? ''
    await deliver('loyalnest-webhooks', [orderWith(shop, customer.gid, code)])
    expect(await stateOf(customer, id)).toMatchObject({ state: 'used', issuedAtMs: expect.any(Number) })
    expect(await balanceOf(customer)).toMatchObject({ points: 60, held: 0 })
    expect(await faultsInBooks(customer)).toEqual([])
  })

  it('finds the owner of the code when it names another buyer', async () => {
    const { shop, customer, redemption, code } = await codeHolder()
    await projected(shop, code)
    expect(await deliver('loyalnest-webhooks', [orderWith(shop, newCustomerGid(), code)])).toEqual({
      acked: [0],
      retried: [],
    })
    expect(await stateOf(customer, redemption.id)).toMatchObject({ state: 'used' })
  })

  it('that was given back in the same moment takes the points again', async () => {
    const { shop, customer, redemption, code } = await codeHolder()
    await post(`/v1/api/redemptions/${redemption.id}/cancel`, customer.token, {})
    expect(await balanceOf(customer)).toMatchObject({ points: 300 })
    await deliver('loyalnest-webhooks', [orderWith(shop, customer.gid, code)])
    expect(await stateOf(customer, redemption.id)).toMatchObject({ state: 'used', pointsReturned: 0 })
    expect(await balanceOf(customer)).toMatchObject({ points: 60 })
    expect(await faultsInBooks(customer)).toEqual([])
  })

  it('of nobody is looked for a while, then left', async () => {
    const shop = await connectedShop()
    const order = orderWith(shop, newCustomerGid(), '7KQ2-M9XD-4T01-9FZC')
    expect(await deliver('loyalnest-webhooks', [order])).toEqual({ acked: [], retried: [0] })
    expect(await deliver('loyalnest-webhooks', [order], { attempts: 5 })).toEqual({ acked: [0], retried: [] })
  })
})

describe('a code that somebody deleted in the shop', () => {
  it('cancels its redemption: the points come back, and so does its part of the limit', async () => {
    const { shop, reward, customer, redemption, code } = await codeHolder({ limit_total: 5 })
    await projected(shop, code)
    const removal = removalOf(shop, code)
    expect(await deliver('loyalnest-webhooks', [removal, removal])).toEqual({ acked: [0, 1], retried: [] })
    // The account's own job looks whether it is so. Here the shop has the code still, as where it was added again later:
    // it must not work beside the points.
    const cancelled = { state: 'cancelled', cancelReason: 'removed_in_shop', pointsReturned: 250 }
    await vi.waitFor(async () => expect(await stateOf(customer, redemption.id)).toMatchObject(cancelled), {
      timeout: 10_000,
    })
    expect(await codesInShop(shop, reward)).toEqual([])
    expect(await balanceOf(customer)).toMatchObject({ points: 300 })
    const slots = await merchantHub(env, shop.merchantId).rewardSlots(shop.merchantId)
    expect(slots[reward.id] ?? 0).toBe(0)
    expect(await faultsInBooks(customer)).toEqual([])
  })

  it('while its driver has not told the account yet waits for that, and is not lost', { timeout: 40_000 }, async () => {
    const shop = await connectedShop()
    const reward = await newReward(shop)
    const customer = await customerWith(shop, 300)
    await trouble(shop, { match: 'discountRedeemCodeBulkCreation', effect: 'status_500', times: 50 })
    const { id, state } = await redemptionIn(await redeem(customer, reward.id))
    expect(state).toBe('pending')
    const code = (await stateOf(customer, id))?.code ?? ''
    expect(await deliver('loyalnest-webhooks', [removalOf(shop, code)])).toEqual({ acked: [], retried: [0] })
    await trouble(shop)
    // The driver of the request goes on behind its answer.
    const made = async () => expect(await stateOf(customer, id)).toMatchObject({ state: 'issued' })
    await vi.waitFor(made, { timeout: 10_000 })
    await projected(shop, code)
    expect(await deliver('loyalnest-webhooks', [removalOf(shop, code)])).toEqual({ acked: [0], retried: [] })
    await vi.waitFor(async () => expect(await stateOf(customer, id)).toMatchObject({ state: 'cancelled' }), {
      timeout: 10_000,
    })
    expect(await codesInShop(shop, reward)).toEqual([])
    expect(await balanceOf(customer)).toMatchObject({ points: 300, held: 0 })
    expect(await faultsInBooks(customer)).toEqual([])
  })

  it('after it was used is no news', async () => {
    const { shop, customer, redemption, code } = await codeHolder()
    await projected(shop, code)
    await deliver('loyalnest-webhooks', [orderWith(shop, customer.gid, code)])
    expect(await deliver('loyalnest-webhooks', [removalOf(shop, code)])).toEqual({ acked: [0], retried: [] })
    expect(await stateOf(customer, redemption.id)).toMatchObject({ state: 'used', pointsReturned: 0 })
  })

  it('belongs to a shop: the same code elsewhere is nobody’s', async () => {
    const { shop, customer, redemption, code } = await codeHolder()
    await projected(shop, code)
    const removal = removalOf(await connectedShop(), code)
    expect(await deliver('loyalnest-webhooks', [removal], { attempts: 11 })).toEqual({ acked: [], retried: [0] })
    expect(await deliver('loyalnest-webhooks', [removal], { attempts: 12 })).toEqual({ acked: [0], retried: [] })
    expect(await stateOf(customer, redemption.id)).toMatchObject({ state: 'issued', ending: null })
  })
})
