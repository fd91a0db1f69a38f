import { withRetry } from '../../../durable-objects/kernel/retry.ts'
import { merchantHub } from '../../../durable-objects/kernel/stubs.ts'
import { reasonOf, type Settlements } from '../../batch.ts'
import type { UninstallReceived } from './received.ts'

/**
 * Marks the shop as uninstalled and forgets its tokens, unless it was installed again after Shopify made the webhook. Its
 * rewards wait for discounts from then on: Shopify may have dropped them with the app. Harmless to repeat, also where only
 * the first half was done.
 */
export async function markUninstalled(
  env: Env,
  merchantId: string,
  uninstalls: readonly UninstallReceived[],
  settlements: Settlements,
): Promise<void> {
  const atMs = Math.max(...uninstalls.map(({ webhook }) => webhook.uninstalled_at_ms))
  if (uninstalls.length === 0) return
  try {
    const update = env.CONTROL.prepare(
      `update shops set status = 'uninstalled', uninstalled_at_ms = ?2, updated_at_ms = ?2
      where merchant_id = ?1 and status = 'active' and installed_at_ms <= ?2`,
    ).bind(merchantId, atMs)
    const rewards = env.CONTROL.prepare(
      `update rewards set discount_state = 'waiting', synced_version = 0 where merchant_id = ?1 and status <> 'archived'
      and exists (select 1 from shops where merchant_id = ?1 and status = 'uninstalled')`,
    ).bind(merchantId)
    const look = env.CONTROL.prepare(`select 1 from shops where merchant_id = ?1 and status = 'uninstalled'`).bind(
      merchantId,
    )
    const [, , left] = await env.CONTROL.batch([update, rewards, look])
    if (left?.results.length === 1) {
      await withRetry(
        () => merchantHub(env, merchantId),
        (hub) => hub.disconnectShopify(merchantId),
      )
    }
  } catch (error) {
    for (const { message } of uninstalls) settlements.note(message, { kind: 'outage', reason: reasonOf(error) })
  }
}
