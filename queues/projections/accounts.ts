import type { PointsEvent, RedemptionEvent } from '../../domain/contracts/events.ts'
import { balanceRow, bareRedemptionRow, lotRow, redemptionRow, transactionRow } from '../../migrations/postgres/rows.ts'
import type { BalanceRow, LotRow, RedemptionRow, TransactionRow } from '../../migrations/postgres/schema.ts'

/** A customer as an account's event knows it. */
export interface AccountCustomer {
  readonly merchant_id: string
  readonly id: string
  readonly shopify_gid: string | null
  /** The account that this one was merged into. */
  readonly merged_into: string | null
}

/** What the accounts' events of one merchant put into Postgres. Every list is in the order of its primary key. */
export interface AccountRows {
  readonly customers: readonly AccountCustomer[]
  readonly transactions: readonly TransactionRow[]
  /** The newest of each customer. */
  readonly balances: readonly BalanceRow[]
  /** The newest of each. */
  readonly lots: readonly LotRow[]
  /** The newest of each. */
  readonly redemptions: readonly RedemptionRow[]
}

/** What a customer's account tells. */
export type AccountEvent = PointsEvent | RedemptionEvent

/**
 * Folds the accounts' events of one merchant into rows. Events may come in any order and more than once: facts are one
 * row each, states are decided by `seq`. Sorted, so that two batches at once lock rows in the same order.
 */
export function accountRows(events: readonly AccountEvent[]): AccountRows {
  const customers = new Map<string, AccountCustomer>()
  const transactions = new Map<string, TransactionRow>()
  const balances = new Map<string, BalanceRow>()
  const lots = new Map<string, LotRow>()
  const redemptions = new Map<string, RedemptionRow>()
  for (const event of events) {
    const { merchant_id, context } = event
    const id = event.event_type === 'redemption.updated' ? event.data.customer_id : event.data.balance.customer_id
    const known = customers.get(id)
    const gid = context['shopify_customer_id'] ?? known?.shopify_gid ?? null
    const mergedInto = event.event_type === 'redemption.updated' ? null : event.data.merged_into
    customers.set(id, { merchant_id, id, shopify_gid: gid, merged_into: mergedInto ?? known?.merged_into ?? null })
    if (event.event_type !== 'redemption.updated') {
      const { transaction, balance } = event.data
      for (const lot of event.data.lots) keepNewest(lots, keyOf(id, lot.lot), lotRow(merchant_id, id, lot, balance.seq))
      transactions.set(keyOf(id, transaction.seq), transactionRow(event))
      keepNewest(balances, id, balanceRow(merchant_id, balance))
    }
    const row = redemptionOf(event)
    if (row !== undefined && row.version >= (redemptions.get(row.id)?.version ?? 0)) redemptions.set(row.id, row)
  }
  return {
    customers: inOrder(customers),
    transactions: inOrder(transactions),
    balances: inOrder(balances),
    lots: inOrder(lots),
    redemptions: inOrder(redemptions),
  }
}

function keepNewest<T extends { readonly seq: number }>(rows: Map<string, T>, key: string, row: T): void {
  if (row.seq > (rows.get(key)?.seq ?? 0)) rows.set(key, row)
}

/** In the order of customer and number. */
function keyOf(customerId: string, number: number): string {
  return `${customerId}:${String(number).padStart(16, '0')}`
}

function redemptionOf(event: AccountEvent): RedemptionRow | undefined {
  return event.event_type === 'redemption.updated'
    ? redemptionRow(event.merchant_id, event.data)
    : bareRedemptionRow(event.merchant_id, event.data.transaction)
}

function inOrder<T>(rows: ReadonlyMap<string, T>): T[] {
  return [...rows].toSorted(([a], [b]) => (a < b ? -1 : 1)).map(([, row]) => row)
}
