import type { PointsEvent } from '../../domain/contracts/events.ts'
import { balanceRow, redemptionRow, transactionRow } from '../../migrations/postgres/rows.ts'
import type { BalanceRow, RedemptionRow, TransactionRow } from '../../migrations/postgres/schema.ts'

/** A customer as a ledger event knows it. */
export interface LedgerCustomer {
  readonly merchant_id: string
  readonly id: string
  readonly shopify_gid: string | null
}

/** What the points events of one merchant put into Postgres. Every list is in the order of its primary key. */
export interface PointsRows {
  readonly customers: readonly LedgerCustomer[]
  readonly transactions: readonly TransactionRow[]
  /** The newest of each customer. */
  readonly balances: readonly BalanceRow[]
  readonly redemptions: readonly RedemptionRow[]
}

/**
 * Folds the points events of one merchant into rows. Events may come in any order and more than once: facts are one
 * row each, states are decided by `seq`. Sorted, so that two batches at once lock rows in the same order.
 */
export function pointsRows(events: readonly PointsEvent[]): PointsRows {
  const customers = new Map<string, LedgerCustomer>()
  const transactions = new Map<string, TransactionRow>()
  const balances = new Map<string, BalanceRow>()
  const redemptions = new Map<string, RedemptionRow>()
  for (const event of events) {
    const { merchant_id, context, data } = event
    const { transaction, balance } = data
    const id = transaction.customer_id
    const gid = context['shopify_customer_id'] ?? customers.get(id)?.shopify_gid ?? null
    customers.set(id, { merchant_id, id, shopify_gid: gid })
    transactions.set(`${id}:${String(transaction.seq).padStart(16, '0')}`, transactionRow(event))
    if (balance.seq > (balances.get(id)?.seq ?? 0)) balances.set(id, balanceRow(merchant_id, balance))
    const redemption = redemptionRow(merchant_id, transaction)
    if (redemption !== undefined) redemptions.set(redemption.id, redemption)
  }
  return {
    customers: inOrder(customers),
    transactions: inOrder(transactions),
    balances: inOrder(balances),
    redemptions: inOrder(redemptions),
  }
}

function inOrder<T>(rows: ReadonlyMap<string, T>): T[] {
  return [...rows].toSorted(([a], [b]) => (a < b ? -1 : 1)).map(([, row]) => row)
}
