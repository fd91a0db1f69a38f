import { reasonOf, type Settlements } from '../../batch.ts'
import type { UninstallReceived } from './received.ts'

/** Marks the shop as uninstalled, unless it was installed again after Shopify made the webhook. */
export async function markUninstalled(
  env: Env,
  merchantId: string,
  uninstalls: readonly UninstallReceived[],
  settlements: Settlements,
): Promise<void> {
  const atMs = Math.max(...uninstalls.map(({ webhook }) => webhook.uninstalled_at_ms))
  if (uninstalls.length === 0) return
  try {
    await env.CONTROL.prepare(
      `update shops set status = 'uninstalled', uninstalled_at_ms = ?2, updated_at_ms = ?2
      where merchant_id = ?1 and status = 'active' and installed_at_ms <= ?2`,
    )
      .bind(merchantId, atMs)
      .run()
  } catch (error) {
    for (const { message } of uninstalls) settlements.note(message, { kind: 'outage', reason: reasonOf(error) })
  }
}
