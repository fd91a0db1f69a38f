import { logLine } from '../platform/log.ts'
import { reconcileSince } from '../platform/reconciliations.ts'
import { eachMerchant } from './merchants.ts'

/** What changed a moment ago is on its way by itself: asking for it now would take it for missing. */
const WEBHOOKS_TAKE_MS = 5 * 60_000
const MERCHANTS_AT_ONCE = 10

/**
 * Hourly: for each active shop one run that asks Shopify for the orders that changed since the last one, and a push for
 * runs that stand still. A shop that cannot be begun now has another hour.
 */
export async function reconcileAll(env: Env, nowMs: number): Promise<void> {
  await eachMerchant(env, 'active', async (merchants) => {
    for (let index = 0; index < merchants.length; index += MERCHANTS_AT_ONCE) {
      const some = merchants.slice(index, index + MERCHANTS_AT_ONCE)
      const begun = await Promise.allSettled(
        some.map((merchantId) => reconcileSince(env, merchantId, nowMs - WEBHOOKS_TAKE_MS, nowMs)),
      )
      for (const [place, result] of begun.entries()) {
        if (result.status === 'fulfilled') continue
        logLine('warn', 'reconciliation not begun', {
          merchant_id: some[place] ?? '',
          reason: result.reason instanceof Error ? result.reason.name : 'unknown',
        })
      }
    }
  })
}
