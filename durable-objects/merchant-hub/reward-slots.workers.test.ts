import { env } from 'cloudflare:workers'
import { evictDurableObject, runInDurableObject } from 'cloudflare:test'
import { describe, expect, it } from 'vitest'
import { isMigrated } from '../kernel/migrate.ts'
import { merchantHub } from '../kernel/stubs.ts'

describe('slots of a limited reward', () => {
  it('are exactly as many as the limit says, however many ask at once', async () => {
    const merchantId = crypto.randomUUID()
    const asked = Array.from({ length: 100 }, (_, index) => `redemption-${index}`)
    const answers = await Promise.all(
      asked.map((id) => merchantHub(env, merchantId).takeRewardSlot(merchantId, 'reward-1', id, 7)),
    )
    expect(answers.filter(Boolean)).toHaveLength(7)
    expect(await merchantHub(env, merchantId).rewardSlots(merchantId)).toEqual({ 'reward-1': 7 })
  })

  it('are taken once and given back once, also across an eviction', async () => {
    const merchantId = crypto.randomUUID()
    const hub = () => merchantHub(env, merchantId)
    expect(await hub().takeRewardSlot(merchantId, 'reward-1', 'a', 2)).toBe(true)
    await evictDurableObject(env.MERCHANT_HUB.getByName(merchantId))
    expect(await hub().takeRewardSlot(merchantId, 'reward-1', 'a', 2)).toBe(true)
    expect(await hub().takeRewardSlot(merchantId, 'reward-2', 'a', 1)).toBe(true)
    expect(await hub().takeRewardSlot(merchantId, 'reward-1', 'b', 2)).toBe(true)
    expect(await hub().takeRewardSlot(merchantId, 'reward-1', 'c', 2)).toBe(false)
    await hub().freeRewardSlot(merchantId, 'reward-1', 'a')
    await hub().freeRewardSlot(merchantId, 'reward-1', 'a')
    expect(await hub().rewardSlots(merchantId)).toEqual({ 'reward-1': 1, 'reward-2': 1 })
    expect(await hub().takeRewardSlot(merchantId, 'reward-1', 'c', 2)).toBe(true)
  })

  it('stay taken where the limit is lowered below them', async () => {
    const merchantId = crypto.randomUUID()
    const hub = merchantHub(env, merchantId)
    for (const id of ['a', 'b', 'c']) await hub.takeRewardSlot(merchantId, 'reward-1', id, 3)
    expect(await hub.takeRewardSlot(merchantId, 'reward-1', 'b', 1)).toBe(true)
    expect(await hub.takeRewardSlot(merchantId, 'reward-1', 'd', 3)).toBe(false)
  })

  it('are read without writing, and by their own merchant only', async () => {
    const merchantId = crypto.randomUUID()
    expect(await merchantHub(env, merchantId).rewardSlots(merchantId)).toEqual({})
    await merchantHub(env, merchantId).freeRewardSlot(merchantId, 'reward-1', 'a')
    await runInDurableObject(env.MERCHANT_HUB.getByName(merchantId), async (hub, { storage }) => {
      expect(isMigrated(storage.sql)).toBe(false)
      await expect(hub.takeRewardSlot(crypto.randomUUID(), 'reward-1', 'a', 1)).rejects.toThrow('belongs to another')
    })
  })
})
