import type { JobMessage } from '../../../domain/contracts/jobs.ts'
import { readOrder as ask } from '../../../workers/integrations/shopify/orders/read.ts'
import { earnsFromMs } from '../../../workers/platform/reconciliations.ts'
import { shopByMerchant } from '../../../workers/platform/control.ts'
import { logLine } from '../../../workers/platform/log.ts'
import { DONE, type Settlement } from '../../batch.ts'
import { offerOrders } from './offer.ts'

/** One order may take this long; then it comes again. */
const READ_MS = 20_000

/** Brings the books to how an order stands in the shop now. */
export async function readOrder(
  env: Env,
  job: Extract<JobMessage, { readonly job: 'read_order' }>,
): Promise<Settlement> {
  const { merchant_id: merchantId, order_gid: orderGid } = job
  const shop = await shopByMerchant(env, merchantId)
  if (shop?.status !== 'active') return DONE
  const answer = await ask({ env, shop, deadlineMs: Date.now() + READ_MS }, orderGid)
  if (answer.ok) {
    const orders = answer.data === null ? [] : [answer.data]
    await offerOrders(env, shop, orders, { earnsFromMs: await earnsFromMs(env, merchantId), isHistory: false })
    return DONE
  }
  const { fault } = answer
  if (fault.kind === 'throttled' || fault.kind === 'unavailable') {
    return { kind: 'outage', reason: 'the shop does not answer' }
  }
  // The next reconciliation, once the shop is connected, sees the change as well.
  logLine('warn', 'order not read', { merchant_id: merchantId, order_gid: orderGid, reason: fault.kind })
  return DONE
}
