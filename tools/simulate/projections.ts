import type { PointsEvent } from '../../domain/contracts/events.ts'
import type { BalanceRow, LotRow, TransactionRow } from '../../migrations/postgres/schema.ts'
import { accountRows } from '../../queues/projections/accounts.ts'
import type { Simulation } from './simulation.ts'

const OUTAGE_MS = 30_000

/**
 * The projections in Postgres: the product's own rows, and what its SQL does with them (`on conflict do nothing` for
 * facts, "only if newer" for states).
 */
export class Projections {
  readonly transactions = new Map<string, TransactionRow>()
  readonly balances = new Map<string, BalanceRow>()
  readonly lots = new Map<string, LotRow>()
  readonly mergedInto = new Map<string, string>()
  /** States that went back in time, if only for a while. */
  readonly wentBack: string[] = []
  readonly #simulation: Simulation
  #goneUntilMs = 0

  constructor(simulation: Simulation) {
    this.#simulation = simulation
  }

  /** One transaction a batch; false when the database does not answer. */
  apply(events: readonly PointsEvent[]): boolean {
    const { faults, nowMs } = this.#simulation
    if (faults.strikes('database gone')) this.#goneUntilMs = nowMs + OUTAGE_MS
    if (nowMs < this.#goneUntilMs) return false
    for (const theirs of Map.groupBy(events, ({ merchant_id }) => merchant_id).values()) this.#applyMerchant(theirs)
    return true
  }

  #applyMerchant(events: readonly PointsEvent[]): void {
    const rows = accountRows(events)
    for (const row of rows.transactions) {
      const key = `${row.merchant_id}:${row.customer_id}:${row.seq}`
      if (!this.transactions.has(key)) this.transactions.set(key, row)
    }
    for (const row of rows.balances) {
      const key = `${row.merchant_id}:${row.customer_id}`
      const older = this.balances.get(key)
      if (older === undefined || older.seq < row.seq) this.balances.set(key, row)
      else this.#simulation.situations.meet('an older balance arrives after a newer one', older.seq > row.seq)
      this.#mustNotGoBack(`balance of ${row.customer_id}`, older, this.balances.get(key))
    }
    for (const row of rows.lots) {
      const key = `${row.merchant_id}:${row.customer_id}:${row.lot}`
      const older = this.lots.get(key)
      if (older === undefined || older.seq < row.seq) this.lots.set(key, row)
      this.#mustNotGoBack(`lot ${row.lot} of ${row.customer_id}`, older, this.lots.get(key))
    }
    for (const { merchant_id, id, merged_into } of rows.customers) {
      if (merged_into !== null) this.mergedInto.set(`${merchant_id}:${id}`, merged_into)
    }
  }

  #mustNotGoBack(what: string, before: { readonly seq: number } | undefined, now: typeof before): void {
    if (before !== undefined && (now === undefined || now.seq < before.seq)) {
      this.wentBack.push(`the ${what} went back from ${before.seq} to ${now?.seq}`)
    }
  }
}
