import { sql } from 'drizzle-orm'
import {
  bigint,
  boolean,
  foreignKey,
  index,
  integer,
  jsonb,
  pgPolicy,
  pgRole,
  pgTable,
  primaryKey,
  text,
  timestamp,
  uniqueIndex,
  uuid,
} from 'drizzle-orm/pg-core'

/**
 * Postgres: the home of the customers' profiles, and projections of the ledgers that can be rebuilt from the objects.
 * `npm run db:generate` writes the numbered SQL from this file; `npm run db:migrate` applies it. Properties are named
 * as their columns, so that a row travels as JSON (`jsonb_populate_recordset`) without a second list of names.
 * No personal data in clear: e-mail addresses are sealed (AES-256-GCM) beside a blind index.
 */

/** The role that the Worker takes on inside each transaction: it owns nothing, so row-level security binds it. */
export const appRole = pgRole('loyalnest_app').existing()

/** Rows of the merchant that the transaction was opened for, and no others. */
function tenantPolicy() {
  return pgPolicy('tenant', {
    for: 'all',
    to: appRole,
    using: sql`merchant_id = nullif(current_setting('app.merchant_id', true), '')::uuid`,
    withCheck: sql`merchant_id = nullif(current_setting('app.merchant_id', true), '')::uuid`,
  })
}

const at = (name: string) => timestamp(name, { withTimezone: true, precision: 3, mode: 'string' })
const points = (name: string) => bigint(name, { mode: 'number' })

export const merchants = pgTable(
  'merchants',
  {
    merchant_id: uuid('merchant_id').primaryKey(),
    first_seen_at: at('first_seen_at').notNull().defaultNow(),
  },
  () => [tenantPolicy()],
)

export const customers = pgTable(
  'customers',
  {
    merchant_id: uuid('merchant_id')
      .notNull()
      .references(() => merchants.merchant_id),
    /** UUIDv5, see domain/ledger/identity.ts. */
    id: uuid('id').notNull(),
    /** Null for guests. */
    shopify_gid: text('shopify_gid'),
    email_index: text('email_index'),
    email_sealed: text('email_sealed'),
    email_verified: boolean('email_verified').notNull().default(false),
    /** When Shopify last changed the profile; null while only the ledger has spoken of the customer. */
    profile_updated_at: at('profile_updated_at'),
    profile_created_at: at('profile_created_at'),
    merged_into: uuid('merged_into'),
    /** When the shop deleted the customer; the profile is empty then, the ledger stays. */
    deleted_at: at('deleted_at'),
    first_seen_at: at('first_seen_at').notNull().defaultNow(),
  },
  (table) => [
    primaryKey({ columns: [table.merchant_id, table.id] }),
    uniqueIndex('customers_shopify_gid').on(table.merchant_id, table.shopify_gid),
    index('customers_email_index').on(table.merchant_id, table.email_index),
    tenantPolicy(),
  ],
)

/** The ledger entries of all customers, as the events carried them. Never updated. */
export const pointsTransactions = pgTable(
  'points_transactions',
  {
    merchant_id: uuid('merchant_id').notNull(),
    customer_id: uuid('customer_id').notNull(),
    seq: bigint('seq', { mode: 'number' }).notNull(),
    /** The founding type: earn, redeem or adjust; `kind` is finer. */
    type: text('type').notNull(),
    kind: text('kind').notNull(),
    points: points('points').notNull(),
    pending_points: points('pending_points').notNull(),
    source: text('source').notNull(),
    external_id: text('external_id').notNull(),
    order_gid: text('order_gid'),
    reason: text('reason'),
    actor: text('actor').notNull(),
    rule_version: integer('rule_version'),
    effective_at: at('effective_at').notNull(),
    recorded_at: at('recorded_at').notNull(),
    expires_at: at('expires_at'),
    previous_hash: text('previous_hash').notNull(),
    hash: text('hash').notNull(),
  },
  (table) => [
    primaryKey({ columns: [table.merchant_id, table.customer_id, table.seq] }),
    foreignKey({
      columns: [table.merchant_id, table.customer_id],
      foreignColumns: [customers.merchant_id, customers.id],
    }),
    // Finds the customer of an order when a refund arrives, which names none.
    index('points_transactions_order')
      .on(table.merchant_id, table.order_gid)
      .where(sql`${table.order_gid} is not null`),
    tenantPolicy(),
  ],
)

/** Each customer's balance as of the newest entry that has arrived. */
export const pointsBalances = pgTable(
  'points_balances',
  {
    merchant_id: uuid('merchant_id').notNull(),
    customer_id: uuid('customer_id').notNull(),
    seq: bigint('seq', { mode: 'number' }).notNull(),
    points: points('points').notNull(),
    posted: points('posted').notNull(),
    pending: points('pending').notNull(),
    held: points('held').notNull(),
    debt: points('debt').notNull(),
    lifetime_earned: points('lifetime_earned').notNull(),
    lifetime_redeemed: points('lifetime_redeemed').notNull(),
    lifetime_expired: points('lifetime_expired').notNull(),
    lifetime_clawed_back: points('lifetime_clawed_back').notNull(),
    lifetime_adjusted: points('lifetime_adjusted').notNull(),
    next_expiration_points: points('next_expiration_points'),
    next_expiration_at: at('next_expiration_at'),
    as_of: at('as_of').notNull(),
  },
  (table) => [
    primaryKey({ columns: [table.merchant_id, table.customer_id] }),
    foreignKey({
      columns: [table.merchant_id, table.customer_id],
      foreignColumns: [customers.merchant_id, customers.id],
    }),
    tenantPolicy(),
  ],
)

/** What is left of each lot, as of the newest event that touched it. For the points-liability report. */
export const pointsLots = pgTable(
  'points_lots',
  {
    merchant_id: uuid('merchant_id').notNull(),
    customer_id: uuid('customer_id').notNull(),
    /** The seq of the entry that opened it. */
    lot: bigint('lot', { mode: 'number' }).notNull(),
    granted: points('granted').notNull(),
    remaining: points('remaining').notNull(),
    expired: points('expired').notNull(),
    expires_at: at('expires_at'),
    /** The account's seq that this was the state at: a newer one wins. */
    seq: bigint('seq', { mode: 'number' }).notNull(),
  },
  (table) => [
    primaryKey({ columns: [table.merchant_id, table.customer_id, table.lot] }),
    foreignKey({
      columns: [table.merchant_id, table.customer_id],
      foreignColumns: [customers.merchant_id, customers.id],
    }),
    index('points_lots_outstanding')
      .on(table.merchant_id, table.expires_at)
      .where(sql`${table.remaining} > 0`),
    tenantPolicy(),
  ],
)

/**
 * What tills sent, as the devices' objects recorded it (`PosRecord` of the contract), newest version of each. A rejected
 * item is the merchant's task until it is decided.
 */
export const posOfflineQueue = pgTable(
  'pos_offline_queue',
  {
    merchant_id: uuid('merchant_id').notNull(),
    id: text('id').notNull(),
    device_id: uuid('device_id').notNull(),
    record: bigint('record', { mode: 'number' }).notNull(),
    op_id: text('op_id'),
    device_seq: bigint('device_seq', { mode: 'number' }),
    kind: text('kind').notNull(),
    customer_id: uuid('customer_id'),
    result: text('result').notNull(),
    task: text('task').notNull(),
    received_at: at('received_at').notNull(),
    version: integer('version').notNull(),
    /** The whole `PosRecord`. No personal data. */
    body: jsonb('body').notNull(),
  },
  (table) => [
    primaryKey({ columns: [table.merchant_id, table.id] }),
    index('pos_offline_queue_newest').on(table.merchant_id, table.received_at, table.id),
    index('pos_offline_queue_open')
      .on(table.merchant_id, table.received_at, table.id)
      .where(sql`${table.task} = 'open'`),
    tenantPolicy(),
  ],
)

/**
 * One row a redemption: of a reward, as its `redemption.updated` events say, or a bare one of the API: an entry of kind
 * redeem. A capture's row is that of its redemption.
 */
export const rewardRedemptions = pgTable(
  'reward_redemptions',
  {
    merchant_id: uuid('merchant_id').notNull(),
    /** The redemption's id; of a bare one `{customer_id}:{seq}` of the entry. */
    id: text('id').notNull(),
    customer_id: uuid('customer_id').notNull(),
    /** Positive: what was, or is to be, spent. */
    points: points('points').notNull(),
    /** pending, issued, used, expired, cancelled; of a bare one redeemed. */
    state: text('state').notNull(),
    /** When it was asked for. */
    redeemed_at: at('redeemed_at').notNull(),
    reward_id: uuid('reward_id'),
    code: text('code'),
    order_gid: text('order_gid'),
    points_returned: points('points_returned').notNull().default(0),
    ended_at: at('ended_at'),
    version: integer('version').notNull().default(0),
    /** The whole `Redemption` of the contract; null of a bare one. No personal data. */
    body: jsonb('body'),
  },
  (table) => [
    primaryKey({ columns: [table.merchant_id, table.id] }),
    foreignKey({
      columns: [table.merchant_id, table.customer_id],
      foreignColumns: [customers.merchant_id, customers.id],
    }),
    index('reward_redemptions_customer').on(table.merchant_id, table.customer_id),
    index('reward_redemptions_code')
      .on(table.merchant_id, table.code)
      .where(sql`${table.code} is not null`),
    index('reward_redemptions_newest').on(table.merchant_id, table.redeemed_at, table.id),
    tenantPolicy(),
  ],
)

/** Refunds whose order has not been booked yet; a refund names no customer. Deleted once delivered. */
export const waitingRefunds = pgTable(
  'waiting_refunds',
  {
    merchant_id: uuid('merchant_id').notNull(),
    order_gid: text('order_gid').notNull(),
    refund_gid: text('refund_gid').notNull(),
    /** `RefundFacts` (domain/earning/facts.ts): money only. */
    facts: jsonb('facts').notNull(),
    received_at: at('received_at').notNull(),
  },
  (table) => [primaryKey({ columns: [table.merchant_id, table.order_gid, table.refund_gid] }), tenantPolicy()],
)

/** A row as the Worker writes it. */
export type CustomerRow = typeof customers.$inferSelect
export type TransactionRow = typeof pointsTransactions.$inferSelect
export type BalanceRow = typeof pointsBalances.$inferSelect
export type RedemptionRow = typeof rewardRedemptions.$inferSelect
export type LotRow = typeof pointsLots.$inferSelect
export type PosRow = typeof posOfflineQueue.$inferSelect
export type WaitingRefundRow = typeof waitingRefunds.$inferSelect
