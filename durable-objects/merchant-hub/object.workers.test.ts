import { env } from 'cloudflare:workers'
import { evictDurableObject, runInDurableObject } from 'cloudflare:test'
import { describe, expect, it } from 'vitest'
import { isMigrated } from '../kernel/migrate.ts'
import { merchantHub } from '../kernel/stubs.ts'

describe('the merchant hub', () => {
  it('adds up what the batches of a day amounted to, also across an eviction', async () => {
    const merchantId = crypto.randomUUID()
    await merchantHub(env, merchantId).record(merchantId, { orders: 3, events: 5 })
    await evictDurableObject(env.MERCHANT_HUB.getByName(merchantId))
    await merchantHub(env, merchantId).record(merchantId, { orders: 1, events: 1 })
    await expect(merchantHub(env, merchantId).status(merchantId)).resolves.toMatchObject({ orders: 4, events: 6 })
  })

  it('answers a health check without writing anything', async () => {
    const merchantId = crypto.randomUUID()
    await expect(merchantHub(env, merchantId).status(merchantId)).resolves.toMatchObject({ orders: 0, events: 0 })
    const stub = env.MERCHANT_HUB.getByName(merchantId)
    await expect(runInDurableObject(stub, (_hub, state) => isMigrated(state.storage.sql))).resolves.toBe(false)
  })

  it('refuses another merchant', async () => {
    const stub = env.MERCHANT_HUB.getByName(crypto.randomUUID())
    await runInDurableObject(stub, async (hub) => {
      await expect(hub.status(crypto.randomUUID())).rejects.toThrow('belongs to another merchant')
    })
  })
})
