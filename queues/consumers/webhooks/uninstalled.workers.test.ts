import { env } from 'cloudflare:workers'
import { expect, it } from 'vitest'
import { merchantHub } from '../../../durable-objects/kernel/stubs.ts'
import { shopByMerchant } from '../../../workers/platform/control.ts'
import { readReward } from '../../../workers/platform/rewards.ts'
import { connect, connectedShop, newReward } from '../../../workers/services/rewards/testing.ts'
import { deliver, newShop } from '../../examples.ts'

it('app/uninstalled forgets the shop’s tokens, unless it was installed again since', async () => {
  const merchantId = await newShop()
  const { domain = '' } = (await shopByMerchant(env, merchantId)) ?? {}
  await connect({ merchantId, domain })
  const access = () => merchantHub(env, merchantId).shopifyAccess(merchantId, domain, null)
  const uninstalled = (atMs: number) => ({
    merchant_id: merchantId,
    shop: domain,
    webhook_id: crypto.randomUUID(),
    received_at_ms: Date.now(),
    topic: 'app/uninstalled',
    uninstalled_at_ms: atMs,
  })
  await deliver('loyalnest-webhooks', [uninstalled(Date.now() - 3_600_000)])
  await expect(access()).resolves.toMatchObject({ ok: true })
  // Twice: the first delivery may have got no further than the directory.
  for (let round = 0; round < 2; round += 1) await deliver('loyalnest-webhooks', [uninstalled(Date.now())])
  await expect(access()).resolves.toEqual({ ok: false, problem: 'not_connected' })
})

it('app/uninstalled takes the shop’s discounts along: rewards wait for new ones until it is connected again', async () => {
  const shop = await connectedShop()
  const { merchantId, domain } = shop
  const reward = await newReward(shop)
  expect(reward.discount).toMatchObject({ state: 'ready' })
  await deliver('loyalnest-webhooks', [
    {
      merchant_id: merchantId,
      shop: domain,
      webhook_id: crypto.randomUUID(),
      received_at_ms: Date.now(),
      topic: 'app/uninstalled',
      uninstalled_at_ms: Date.now(),
    },
  ])
  expect(await readReward(env, merchantId, reward.id)).toMatchObject({ discountState: 'waiting', syncedVersion: 0 })
})
