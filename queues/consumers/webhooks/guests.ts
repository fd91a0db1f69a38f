import { z } from 'zod'
import { customerIdOfGid, customerIdOfGuest } from '../../../domain/ledger/identity.ts'
import type { MergeTarget } from '../../../durable-objects/kernel/protocol.ts'
import { neonBatch, sql } from '../../../workers/platform/neon.ts'
import { pooled, reasonOf, type Settlements } from '../../batch.ts'
import { mergeAccounts, refOf, standingOf } from './merges.ts'
import type { OrderReceived, ProfileReceived } from './received.ts'

/**
 * A guest's account is merged into the customer's once Shopify says that the address is verified, never before: anybody
 * can order under somebody else's address. Two sides meet here without a race. The profile's side stores the profile, then
 * looks at the guest's account; the order's side books there, then looks for a profile. Whichever comes last finds the
 * other's.
 */

const GUESTS_AT_ONCE = 16

/** The profile's side: merges guests into the customers whose verified addresses these are, as far as they still are. */
export async function attachByProfiles(
  env: Env,
  merchantId: string,
  profiles: readonly ProfileReceived[],
  settlements: Settlements,
): Promise<void> {
  const verified = profiles.flatMap(({ message, webhook: { customer, received_at_ms: atMs } }) => {
    const { email_index: emailIndex, email_verified: isVerified, customer_gid: gid } = customer
    if (emailIndex === null || !isVerified || settlements.get(message).kind !== 'done') return []
    const target = { customerId: customerIdOfGid(merchantId, gid), shopifyCustomerGid: gid }
    return [{ message, emailIndex, target, atMs }]
  })
  if (verified.length === 0) return
  try {
    const ids = verified.map(({ target }) => target.customerId)
    const addresses = await verifiedAddresses(env, merchantId, ids)
    await pooled(verified, GUESTS_AT_ONCE, async ({ message, emailIndex, target, atMs }) => {
      // Outdated news: the customer has another address by now, or is no more.
      if (addresses.get(target.customerId) !== emailIndex) return
      await attach(env, merchantId, emailIndex, target, atMs).catch((error: unknown) =>
        settlements.note(message, { kind: 'outage', reason: reasonOf(error) }),
      )
    })
  } catch (error) {
    for (const { message } of verified) settlements.note(message, { kind: 'outage', reason: reasonOf(error) })
  }
}

const Addresses = z.array(z.object({ id: z.uuid(), email_index: z.string() }))

/** The addresses that these customers have verified, by customer. */
async function verifiedAddresses(
  env: Env,
  merchantId: string,
  customerIds: readonly string[],
): Promise<ReadonlyMap<string, string>> {
  const [rows] = await neonBatch(env, merchantId, [
    sql`select id, email_index from customers
      where id = any(array(select jsonb_array_elements_text(${JSON.stringify(customerIds)}::jsonb)::uuid))
        and email_index is not null and email_verified and merged_into is null and deleted_at is null`,
  ])
  return new Map(Addresses.parse(rows).map((row) => [row.id, row.email_index]))
}

const Profiles = z.array(z.object({ email_index: z.string(), id: z.uuid(), shopify_gid: z.string() }))

/** The order's side: merges guests into the customer whose verified address they ordered under, where it is one. */
export async function attachByOrders(
  env: Env,
  merchantId: string,
  orders: readonly OrderReceived[],
  settlements: Settlements,
): Promise<void> {
  const guests = orders.flatMap(({ message, webhook: { order, received_at_ms: atMs } }) =>
    order.buyer.kind === 'guest' && !order.test && settlements.get(message).kind === 'done'
      ? [{ message, emailIndex: order.buyer.email_index, atMs }]
      : [],
  )
  if (guests.length === 0) return
  try {
    const profiles = await verifiedProfiles(env, merchantId, [...new Set(guests.map(({ emailIndex }) => emailIndex))])
    await pooled(guests, GUESTS_AT_ONCE, async ({ emailIndex, atMs }) => {
      const target = profiles.get(emailIndex)
      if (target !== undefined) await attach(env, merchantId, emailIndex, target, atMs)
    })
  } catch (error) {
    // The order is booked; it comes again only so that its guest is not forgotten.
    for (const { message } of guests) settlements.note(message, { kind: 'outage', reason: reasonOf(error) })
  }
}

/** By address, the one customer who has verified it. */
async function verifiedProfiles(
  env: Env,
  merchantId: string,
  emailIndexes: readonly string[],
): Promise<ReadonlyMap<string, MergeTarget>> {
  const [rows] = await neonBatch(env, merchantId, [
    sql`select email_index, min(id::text) as id, min(shopify_gid) as shopify_gid from customers
      where email_index = any(array(select jsonb_array_elements_text(${JSON.stringify(emailIndexes)}::jsonb)))
        and email_verified and shopify_gid is not null and merged_into is null and deleted_at is null
      group by email_index having count(*) = 1`,
  ])
  return new Map(
    Profiles.parse(rows).map((row) => [row.email_index, { customerId: row.id, shopifyCustomerGid: row.shopify_gid }]),
  )
}

/** Most people never ordered as a guest: nothing is written for them. */
async function attach(
  env: Env,
  merchantId: string,
  emailIndex: string,
  target: MergeTarget,
  atMs: number,
): Promise<void> {
  const guest = refOf(merchantId, customerIdOfGuest(merchantId, emailIndex), null)
  const { isUnused, into } = await standingOf(env, guest)
  if (!isUnused && into === null) await mergeAccounts(env, guest, target, atMs)
}
