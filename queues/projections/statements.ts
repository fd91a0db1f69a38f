import { sql, type Statement } from '../../workers/platform/neon.ts'
import type { BalanceRow, LotRow, RedemptionRow, TransactionRow } from '../../migrations/postgres/schema.ts'
import type { AccountCustomer, AccountRows } from './accounts.ts'

/**
 * The SQL of the projections. Rows travel as one JSON parameter a table: a statement has the same text for any number
 * of rows, and the columns are named once, in the table.
 */

/** Facts are inserted once; states replace older ones only. Harmless to repeat, in any order. */
export function projectAccounts(merchantId: string, rows: AccountRows): Statement[] {
  return [
    ...ensureCustomers(merchantId, rows.customers),
    ...(rows.transactions.length === 0 ? [] : [insertTransactions(rows.transactions)]),
    ...(rows.balances.length === 0 ? [] : [upsertBalances(rows.balances)]),
    ...(rows.lots.length === 0 ? [] : [upsertLots(rows.lots)]),
    ...(rows.redemptions.length === 0 ? [] : [upsertRedemptions(rows.redemptions)]),
  ]
}

/** Bare rows for the customers of accounts; their profiles come from Shopify's customer webhooks. */
export function ensureCustomers(merchantId: string, customers: readonly AccountCustomer[]): Statement[] {
  if (customers.length === 0) return []
  return [
    sql`insert into merchants (merchant_id) values (${merchantId}) on conflict do nothing`,
    sql`insert into customers (merchant_id, id, shopify_gid, merged_into)
      select merchant_id, id, shopify_gid, merged_into
      from jsonb_populate_recordset(null::customers, ${JSON.stringify(customers)}::jsonb)
      on conflict (merchant_id, id) do update set shopify_gid = coalesce(customers.shopify_gid, excluded.shopify_gid),
        merged_into = coalesce(customers.merged_into, excluded.merged_into)
      where (customers.shopify_gid is null and excluded.shopify_gid is not null)
        or (customers.merged_into is null and excluded.merged_into is not null)`,
  ]
}

export function insertTransactions(rows: readonly TransactionRow[]): Statement {
  return sql`insert into points_transactions
    select * from jsonb_populate_recordset(null::points_transactions, ${JSON.stringify(rows)}::jsonb)
    on conflict do nothing`
}

export function upsertLots(rows: readonly LotRow[]): Statement {
  return sql`insert into points_lots
    select * from jsonb_populate_recordset(null::points_lots, ${JSON.stringify(rows)}::jsonb)
    on conflict (merchant_id, customer_id, lot) do update set
      granted = excluded.granted, remaining = excluded.remaining, expired = excluded.expired,
      expires_at = excluded.expires_at, seq = excluded.seq
    where points_lots.seq < excluded.seq`
}

/** A bare redemption is a fact; that of a reward is a state, as new as its version. */
export function upsertRedemptions(rows: readonly RedemptionRow[]): Statement {
  return sql`insert into reward_redemptions
    select * from jsonb_populate_recordset(null::reward_redemptions, ${JSON.stringify(rows)}::jsonb)
    on conflict (merchant_id, id) do update set
      customer_id = excluded.customer_id, points = excluded.points, state = excluded.state,
      redeemed_at = excluded.redeemed_at, reward_id = excluded.reward_id, code = excluded.code,
      order_gid = excluded.order_gid, points_returned = excluded.points_returned, ended_at = excluded.ended_at,
      version = excluded.version, body = excluded.body
    where reward_redemptions.version < excluded.version`
}

export function upsertBalances(rows: readonly BalanceRow[]): Statement {
  return sql`insert into points_balances
    select * from jsonb_populate_recordset(null::points_balances, ${JSON.stringify(rows)}::jsonb)
    on conflict (merchant_id, customer_id) do update set
      seq = excluded.seq, points = excluded.points, posted = excluded.posted, pending = excluded.pending,
      held = excluded.held, debt = excluded.debt, lifetime_earned = excluded.lifetime_earned,
      lifetime_redeemed = excluded.lifetime_redeemed, lifetime_expired = excluded.lifetime_expired,
      lifetime_clawed_back = excluded.lifetime_clawed_back, lifetime_adjusted = excluded.lifetime_adjusted,
      next_expiration_points = excluded.next_expiration_points, next_expiration_at = excluded.next_expiration_at,
      as_of = excluded.as_of
    where points_balances.seq < excluded.seq`
}
