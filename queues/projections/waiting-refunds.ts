import { z } from 'zod'
import { RefundFacts } from '../../domain/earning/facts.ts'
import { commandsForRefund } from '../../domain/earning/commands.ts'
import { withRetry } from '../../durable-objects/kernel/retry.ts'
import { customerAccount } from '../../durable-objects/kernel/stubs.ts'
import { neonBatch, sql, type Statement } from '../../workers/platform/neon.ts'

/**
 * A refund's webhook names no customer: its owner is whoever has an entry of its order. Two sides meet here without a
 * race. The refund's side stores it, commits, then looks for the owner; the entry's side commits the entry, then looks
 * for refunds that wait. Whichever commits last finds the other's. Both may: a refund is booked once by its own id.
 */

/** The owner of an order. */
export interface OrderOwner {
  readonly merchantId: string
  readonly customerId: string
  readonly shopifyCustomerGid: string | null
}

const WaitingRows = z.array(z.object({ order_gid: z.string(), facts: RefundFacts }))
const OwnerRows = z.array(
  z.object({ order_gid: z.string(), customer_id: z.uuid(), shopify_gid: z.string().nullable() }),
)

/** Stores refunds until they are delivered. */
export function storeWaiting(merchantId: string, refunds: readonly RefundFacts[], receivedAt: string): Statement {
  const rows = refunds.map((facts) => ({
    merchant_id: merchantId,
    order_gid: facts.order_gid,
    refund_gid: facts.refund_gid,
    facts,
    received_at: receivedAt,
  }))
  return sql`insert into waiting_refunds
    select * from jsonb_populate_recordset(null::waiting_refunds, ${JSON.stringify(rows)}::jsonb)
    on conflict do nothing`
}

/** The refunds that wait for these orders. */
export function selectWaiting(orderGids: readonly string[]): Statement {
  return sql`select order_gid, facts from waiting_refunds
    where order_gid = any(array(select jsonb_array_elements_text(${JSON.stringify(orderGids)}::jsonb)))`
}

/** By order, what {@link selectWaiting} found. */
export function parseWaiting(rows: unknown): Map<string, RefundFacts[]> {
  const byOrder = Map.groupBy(WaitingRows.parse(rows), ({ order_gid }) => order_gid)
  return new Map([...byOrder].map(([orderGid, found]) => [orderGid, found.map(({ facts }) => facts)]))
}

/**
 * Whose these orders are: the account that booked the first entry of each. The orders are an array and the customer is
 * looked up last, one by one: a join would read all customers of the shop, or its whole ledger.
 */
export function selectOwners(orderGids: readonly string[]): Statement {
  return sql`with owned as materialized (
      select distinct on (order_gid) order_gid, customer_id from points_transactions
      where order_gid = any(array(select jsonb_array_elements_text(${JSON.stringify(orderGids)}::jsonb)))
      order by order_gid, recorded_at, customer_id)
    select order_gid, customer_id, (select shopify_gid from customers where id = customer_id) as shopify_gid from owned`
}

/** By order, the owner that {@link selectOwners} found, as far as an entry of the order has arrived in Postgres. */
export function parseOwners(merchantId: string, rows: unknown): Map<string, OrderOwner> {
  return new Map(
    OwnerRows.parse(rows).map(({ order_gid, customer_id, shopify_gid }) => [
      order_gid,
      { merchantId, customerId: customer_id, shopifyCustomerGid: shopify_gid },
    ]),
  )
}

/** Books refunds on their owner's account, then forgets that they waited. */
export async function deliverRefunds(env: Env, owner: OrderOwner, refunds: readonly RefundFacts[]): Promise<void> {
  const currency = refunds[0]?.currency ?? null
  await withRetry(
    () => customerAccount(env, owner.merchantId, owner.customerId),
    (account) => account.executeBatch({ ...owner, currency }, refunds.flatMap(commandsForRefund)),
  )
  await neonBatch(env, owner.merchantId, [deleteWaiting(refunds)])
}

/** Delivers what waits for orders of one account whose entries came here in another way than by their events. */
export async function deliverWaitingOf(env: Env, owner: OrderOwner): Promise<void> {
  const [rows] = await neonBatch(env, owner.merchantId, [
    sql`select order_gid, facts from waiting_refunds w where exists (
      select from points_transactions t where t.order_gid = w.order_gid and t.customer_id = ${owner.customerId})`,
  ])
  const refunds = [...parseWaiting(rows).values()].flat()
  if (refunds.length > 0) await deliverRefunds(env, owner, refunds)
}

/** Forgets refunds that were delivered. */
export function deleteWaiting(refunds: readonly RefundFacts[]): Statement {
  return sql`delete from waiting_refunds
    where refund_gid in (select jsonb_array_elements_text(${JSON.stringify(refunds.map((refund) => refund.refund_gid))}::jsonb))
      and order_gid in (select jsonb_array_elements_text(${JSON.stringify(refunds.map((refund) => refund.order_gid))}::jsonb))`
}
