import { WebhookMessage } from '../../domain/earning/facts.ts'
import { pooled, reasonOf, Settlements } from '../batch.ts'
import { readEdited, resumeBackfills, watchForEdits } from './webhooks/asked.ts'
import { endRemovedCodes, useCodes } from './webhooks/codes.ts'
import { forgetCustomers } from './webhooks/deletions.ts'
import { replaceDiscounts } from './webhooks/discounts.ts'
import { attachByOrders, attachByProfiles } from './webhooks/guests.ts'
import { mergeCustomers } from './webhooks/merges.ts'
import { bookOrders } from './webhooks/orders.ts'
import { storeProfiles } from './webhooks/profiles.ts'
import type {
  BulkFinishReceived,
  CodeRemovalReceived,
  CustomerDeletionReceived,
  DiscountDeletionReceived,
  EditReceived,
  MergeReceived,
  OrderReceived,
  ProfileReceived,
  Received,
  RefundReceived,
  UninstallReceived,
} from './webhooks/received.ts'
import { markUninstalled } from './webhooks/uninstalled.ts'

const MERCHANTS_AT_ONCE = 8

/** Applies a batch of Shopify's webhooks, merchant by merchant; each message ends on its own. */
export async function consumeWebhooks(batch: MessageBatch, env: Env): Promise<Settlements> {
  const settlements = new Settlements()
  const merchants = Map.groupBy(parse(batch.messages, settlements), ({ webhook }) => webhook.merchant_id)
  await pooled(merchants, MERCHANTS_AT_ONCE, async ([merchantId, received]) => {
    const { orders, refunds, profiles, merges, leavers, uninstalls, removals, deletions, edits, finishes } =
      byTopic(received)
    const watch = watchForEdits(env, merchantId)
    await Promise.all([
      bookOrders(env, merchantId, orders, refunds, settlements, watch.note).then(() =>
        Promise.all([attachByOrders(env, merchantId, orders, settlements), watch.readThem()]),
      ),
      useCodes(env, merchantId, orders, settlements),
      endRemovedCodes(env, merchantId, removals, settlements),
      replaceDiscounts(env, merchantId, deletions, settlements),
      storeProfiles(env, merchantId, profiles, settlements).then(() =>
        attachByProfiles(env, merchantId, profiles, settlements),
      ),
      mergeCustomers(env, merchantId, merges, settlements),
      forgetCustomers(env, merchantId, leavers, settlements),
      readEdited(env, merchantId, edits, settlements),
      resumeBackfills(env, merchantId, finishes, settlements),
      markUninstalled(env, merchantId, uninstalls, settlements),
    ])
  })
  return settlements
}

function parse(messages: readonly Message[], settlements: Settlements): Received[] {
  return messages.flatMap((message) => {
    const parsed = WebhookMessage.safeParse(message.body)
    if (parsed.success) return [{ message, webhook: parsed.data }]
    settlements.note(message, { kind: 'poisoned', reason: reasonOf(parsed.error) })
    return []
  })
}

function byTopic(received: readonly Received[]) {
  const orders: OrderReceived[] = []
  const refunds: RefundReceived[] = []
  const profiles: ProfileReceived[] = []
  const merges: MergeReceived[] = []
  const leavers: CustomerDeletionReceived[] = []
  const uninstalls: UninstallReceived[] = []
  const removals: CodeRemovalReceived[] = []
  const deletions: DiscountDeletionReceived[] = []
  const edits: EditReceived[] = []
  const finishes: BulkFinishReceived[] = []
  for (const { message, webhook } of received) {
    switch (webhook.topic) {
      case 'orders/create':
      case 'orders/paid':
      case 'orders/cancelled':
        orders.push({ message, webhook })
        break
      case 'refunds/create':
        refunds.push({ message, webhook })
        break
      case 'customers/create':
      case 'customers/update':
        profiles.push({ message, webhook })
        break
      case 'customers/merge':
        merges.push({ message, webhook })
        break
      case 'customers/delete':
        leavers.push({ message, webhook })
        break
      case 'discounts/redeemcode_removed':
        removals.push({ message, webhook })
        break
      case 'discounts/delete':
        deletions.push({ message, webhook })
        break
      case 'orders/edited':
        edits.push({ message, webhook })
        break
      case 'bulk_operations/finish':
        finishes.push({ message, webhook })
        break
      case 'app/uninstalled':
        uninstalls.push({ message, webhook })
        break
    }
  }
  return { orders, refunds, profiles, merges, leavers, uninstalls, removals, deletions, edits, finishes }
}
