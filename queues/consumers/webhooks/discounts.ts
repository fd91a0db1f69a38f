import { discountVanished } from '../../../workers/integrations/shopify/sync.ts'
import { reasonOf, type Settlements } from '../../batch.ts'
import type { DiscountDeletionReceived } from './received.ts'

/**
 * Rewards whose discount somebody deleted in the shop get another one, and the redemptions whose codes went with it come
 * to their end. Most discounts of a shop are of no reward: that is no news.
 */
export async function replaceDiscounts(
  env: Env,
  merchantId: string,
  deletions: readonly DiscountDeletionReceived[],
  settlements: Settlements,
): Promise<void> {
  for (const { message, webhook } of deletions) {
    try {
      await discountVanished(env, merchantId, webhook.discount_gid)
    } catch (error) {
      settlements.note(message, { kind: 'outage', reason: reasonOf(error) })
    }
  }
}
