import { customerIdOfGid } from '../../../domain/ledger/identity.ts'
import type { AccountRef, MergeReply, MergeStanding, MergeTarget } from '../../../durable-objects/kernel/protocol.ts'
import { withRetry } from '../../../durable-objects/kernel/retry.ts'
import { customerAccount } from '../../../durable-objects/kernel/stubs.ts'
import { logLine } from '../../../workers/platform/log.ts'
import { neonBatch, sql } from '../../../workers/platform/neon.ts'
import { reasonOf, type Settlements } from '../../batch.ts'
import type { MergeReceived } from './received.ts'

/**
 * Merges the accounts of customers whom the shop merged: which of them is kept, Shopify says. One after the other, in the
 * order in which they came; a chain in any other order ends in the same account.
 */
export async function mergeCustomers(
  env: Env,
  merchantId: string,
  merges: readonly MergeReceived[],
  settlements: Settlements,
): Promise<void> {
  for (const merge of merges) {
    try {
      await mergeCustomer(env, merchantId, merge)
    } catch (error) {
      settlements.note(merge.message, { kind: 'outage', reason: reasonOf(error) })
    }
  }
}

async function mergeCustomer(env: Env, merchantId: string, { webhook }: MergeReceived): Promise<void> {
  const { removed_gid: removedGid, kept_gid: keptGid, received_at_ms: atMs } = webhook
  const removed = refOf(merchantId, customerIdOfGid(merchantId, removedGid), removedGid)
  const kept = { customerId: customerIdOfGid(merchantId, keptGid), shopifyCustomerGid: keptGid }
  const { outcome } = await mergeAccounts(env, removed, kept, atMs)
  // The kept one was merged into the removed one before: Shopify cannot have done both.
  if (outcome === 'refused')
    logLine('warn', 'merge refused', { merchant_id: merchantId, customer_id: removed.customerId })
  else await emptyProfile(env, removed, (await standingOf(env, removed)).into)
}

/** Merges an account into another one. Harmless to repeat. */
export function mergeAccounts(env: Env, removed: AccountRef, kept: MergeTarget, atMs: number): Promise<MergeReply> {
  return withRetry(
    () => customerAccount(env, removed.merchantId, removed.customerId),
    (account) => account.mergeInto(removed, kept, { source: 'merge', actor: 'shopify', effectiveAtMs: atMs }),
  )
}

/** How an account stands to merges. */
export function standingOf(env: Env, account: AccountRef): Promise<MergeStanding> {
  return withRetry(
    () => customerAccount(env, account.merchantId, account.customerId),
    (stub) => stub.mergeStanding(account),
  )
}

/** An account whose currency is not known here. */
export function refOf(merchantId: string, customerId: string, shopifyCustomerGid: string | null): AccountRef {
  return { merchantId, customerId, shopifyCustomerGid, currency: null }
}

/**
 * The removed customer is no more: what is known of the person comes with the kept one's profile. The row says at once
 * into whom, as the account's events will: a profile from before the merge is to stay out from now on.
 */
async function emptyProfile(env: Env, removed: AccountRef, keptId: string | null): Promise<void> {
  const { merchantId, customerId, shopifyCustomerGid } = removed
  await neonBatch(env, merchantId, [
    sql`insert into merchants (merchant_id) values (${merchantId}) on conflict do nothing`,
    sql`insert into customers (merchant_id, id, shopify_gid, merged_into)
      values (${merchantId}, ${customerId}, ${shopifyCustomerGid}, ${keptId})
      on conflict (merchant_id, id) do update set email_index = null, email_sealed = null, email_verified = false,
        merged_into = coalesce(customers.merged_into, excluded.merged_into)`,
  ])
}
