import type { OrderFacts } from '../../../../domain/earning/facts.ts'
import { buyerOf } from '../buyer.ts'
import { isExact, orderFacts } from '../facts.ts'
import { toPayload, type WholeOrder } from './payload.ts'

/**
 * The facts of an order as the Admin API has it: the same as those of its webhooks, and whether it was edited, which they
 * do not say.
 * @throws for an order that no webhook could tell of either: amounts that cannot be counted, a form that is not Shopify's.
 */
export async function factsOfOrder(env: Env, merchantId: string, whole: WholeOrder): Promise<OrderFacts> {
  const payload = toPayload(whole)
  const updatedAtMs = Date.parse(whole.order.updatedAt)
  const facts = orderFacts('orders/updated', payload, updatedAtMs)
  if (![facts, ...facts.refunds].every(({ parts }) => isExact(parts))) throw new Error('the amounts cannot be counted')
  const buyer = await buyerOf(env, merchantId, payload)
  return { ...facts, buyer, edited_at_ms: whole.order.edited ? updatedAtMs : null }
}
