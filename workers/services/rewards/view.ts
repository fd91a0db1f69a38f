import type { z } from 'zod'
import type { Reward, RewardStanding } from '../../../domain/contracts/rewards.ts'
import type { StoredReward } from '../../../domain/rewards/types.ts'

/** Who reads a reward: shoppers learn nothing about the discount behind it. */
export type Reader = 'member' | 'shopper'

/** A reward as the API answers it. */
export function rewardView(
  reward: StoredReward,
  currency: string,
  reader: Reader,
  standing: z.output<typeof RewardStanding> | null = null,
): Reward {
  const { id, version, status, input, discountState, discountGid, discountProblem, createdAtMs, updatedAtMs } = reward
  return {
    id,
    version,
    ...input,
    status,
    currency,
    created_at: new Date(createdAtMs).toISOString(),
    updated_at: new Date(updatedAtMs).toISOString(),
    discount:
      reader === 'shopper' ? null : { state: discountState, discount_id: discountGid, problem: discountProblem },
    standing,
  }
}
