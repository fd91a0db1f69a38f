import type { LoyalNestEvent } from '../../../domain/contracts/events.ts'
import { STREAM_CLOSE } from '../../../domain/contracts/points.ts'
import { customerIdOfGid } from '../../../domain/ledger/identity.ts'
import { withRetry } from '../../../durable-objects/kernel/retry.ts'
import { customerAccount } from '../../../durable-objects/kernel/stubs.ts'
import { neonBatch, sql } from '../../../workers/platform/neon.ts'
import { reasonOf, type Settlements } from '../../batch.ts'
import { refOf } from './merges.ts'
import type { CustomerDeletionReceived } from './received.ts'

/**
 * Customers whom the shop deleted: the profile is emptied, open pages are told to go, and the rest learns of it by an
 * event. The ledger stays: it is the shop's record, and holds nothing of the person. A row is made for one who was never
 * heard of, so that a profile which comes late does not bring the person back.
 */
export async function forgetCustomers(
  env: Env,
  merchantId: string,
  deletions: readonly CustomerDeletionReceived[],
  settlements: Settlements,
): Promise<void> {
  for (const deletion of deletions) {
    try {
      await forget(env, merchantId, deletion)
    } catch (error) {
      settlements.note(deletion.message, { kind: 'outage', reason: reasonOf(error) })
    }
  }
}

async function forget(env: Env, merchantId: string, { webhook }: CustomerDeletionReceived): Promise<void> {
  const { customer_gid: gid, received_at_ms: atMs } = webhook
  const account = refOf(merchantId, customerIdOfGid(merchantId, gid), gid)
  const deletedAt = new Date(atMs).toISOString()
  await neonBatch(env, merchantId, [
    sql`insert into merchants (merchant_id) values (${merchantId}) on conflict do nothing`,
    sql`insert into customers (merchant_id, id, shopify_gid, deleted_at)
      values (${merchantId}, ${account.customerId}, ${gid}, ${deletedAt})
      on conflict (merchant_id, id) do update set email_index = null, email_sealed = null, email_verified = false,
        deleted_at = excluded.deleted_at
      where customers.profile_updated_at is null or customers.profile_updated_at <= excluded.deleted_at`,
  ])
  await withRetry(
    () => customerAccount(env, merchantId, account.customerId),
    (stub) => stub.closeStreams(account, STREAM_CLOSE.revoked),
  )
  await env.EVENTS.send(eventOf(merchantId, account.customerId, gid, deletedAt))
}

function eventOf(merchantId: string, customerId: string, gid: string, deletedAt: string): LoyalNestEvent {
  return {
    event_id: `${customerId}:customer.deleted:${deletedAt}`,
    event_type: 'customer.deleted',
    merchant_id: merchantId,
    user_id: customerId,
    timestamp: deletedAt,
    context: { shopify_customer_id: gid },
    seq: 0,
    data: { shopify_customer_gid: gid, updated_at: deletedAt },
  }
}
