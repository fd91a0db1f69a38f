import type { JobMessage } from '../../../domain/contracts/jobs.ts'
import { syncReward } from '../../../workers/integrations/shopify/sync.ts'
import { shopByMerchant } from '../../../workers/platform/control.ts'
import { DONE, type Settlement } from '../../batch.ts'

/** A sync of one reward may take this long; then it comes again. */
const SYNC_MS = 20_000

/** Makes the reward's discount in the shop say what the reward says. */
export async function syncDiscount(
  env: Env,
  job: Extract<JobMessage, { readonly job: 'sync_reward' }>,
): Promise<Settlement> {
  const { merchant_id: merchantId, reward_id: rewardId } = job
  const shop = await shopByMerchant(env, merchantId)
  if (shop?.status !== 'active') return DONE
  const outcome = await syncReward(env, shop, rewardId, Date.now() + SYNC_MS)
  // A shop without access gets its discounts when it is connected.
  return outcome === 'later' ? { kind: 'outage', reason: 'the shop does not answer' } : DONE
}
