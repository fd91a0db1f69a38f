import type { LoyalNestEvent } from '../../../domain/contracts/events.ts'
import { customerIdOfGid } from '../../../domain/ledger/identity.ts'
import { isDataError, neonBatch, sql } from '../../../workers/platform/neon.ts'
import { bisect, reasonOf, type Settlements } from '../../batch.ts'
import type { ProfileReceived } from './received.ts'

/**
 * Stores customers' profiles in their home, Postgres, newer ones over older ones, then tells the rest by an event. The
 * event goes out for an outdated profile too: after a failed send the same message comes again. A profile from before its
 * customer was deleted or merged into another one is outdated as well.
 */
export async function storeProfiles(
  env: Env,
  merchantId: string,
  profiles: readonly ProfileReceived[],
  settlements: Settlements,
): Promise<void> {
  const failed = await bisect(profiles, (some) => store(env, merchantId, some), isDataError)
  for (const [{ message }, error] of failed) {
    settlements.note(message, { kind: isDataError(error) ? 'poisoned' : 'outage', reason: reasonOf(error) })
  }
}

async function store(env: Env, merchantId: string, profiles: readonly ProfileReceived[]): Promise<void> {
  const newest = new Map<string, ProfileReceived>()
  for (const profile of profiles) {
    const { customer_gid, updated_at_ms } = profile.webhook.customer
    const known = newest.get(customer_gid)?.webhook.customer.updated_at_ms ?? -Infinity
    if (updated_at_ms > known) newest.set(customer_gid, profile)
  }
  const rows = Array.from(newest.values(), ({ webhook: { customer } }) => ({
    merchant_id: merchantId,
    id: customerIdOfGid(merchantId, customer.customer_gid),
    shopify_gid: customer.customer_gid,
    email_index: customer.email_index,
    email_sealed: customer.email_sealed,
    email_verified: customer.email_verified,
    profile_created_at: new Date(customer.created_at_ms).toISOString(),
    profile_updated_at: new Date(customer.updated_at_ms).toISOString(),
  })).toSorted((a, b) => (a.id < b.id ? -1 : 1))
  await neonBatch(env, merchantId, [
    sql`insert into merchants (merchant_id) values (${merchantId}) on conflict do nothing`,
    sql`insert into customers (merchant_id, id, shopify_gid, email_index, email_sealed, email_verified, profile_created_at, profile_updated_at)
      select merchant_id, id, shopify_gid, email_index, email_sealed, email_verified, profile_created_at, profile_updated_at
      from jsonb_populate_recordset(null::customers, ${JSON.stringify(rows)}::jsonb)
      on conflict (merchant_id, id) do update set shopify_gid = excluded.shopify_gid, email_index = excluded.email_index,
        email_sealed = excluded.email_sealed, email_verified = excluded.email_verified,
        profile_created_at = excluded.profile_created_at, profile_updated_at = excluded.profile_updated_at, deleted_at = null
      where (customers.profile_updated_at is null or customers.profile_updated_at < excluded.profile_updated_at)
        and (customers.deleted_at is null or customers.deleted_at < excluded.profile_updated_at)
        and customers.merged_into is null`,
  ])
  await env.EVENTS.sendBatch(profiles.map((profile) => ({ body: eventOf(merchantId, profile) })))
}

function eventOf(merchantId: string, { webhook }: ProfileReceived): LoyalNestEvent {
  const { customer_gid, updated_at_ms } = webhook.customer
  const updatedAt = new Date(updated_at_ms).toISOString()
  const eventType = webhook.topic === 'customers/create' ? 'customer.created' : 'customer.updated'
  const customerId = customerIdOfGid(merchantId, customer_gid)
  return {
    event_id: `${customerId}:${eventType}:${updatedAt}`,
    event_type: eventType,
    merchant_id: merchantId,
    user_id: customerId,
    timestamp: new Date(webhook.received_at_ms).toISOString(),
    context: { shopify_customer_id: customer_gid },
    seq: 0,
    data: { shopify_customer_gid: customer_gid, updated_at: updatedAt },
  }
}
