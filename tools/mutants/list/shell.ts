import { type Mutant, shellMutant } from '../mutant.ts'

const ACCOUNT = 'tools/simulate/account.ts'

/** What an account's object does around the rules, as the simulation has it, and the fold of the projections. */
export const OF_SHELL: readonly Mutant[] = [
  shellMutant(
    'the cursor moves before the events are sent',
    ACCOUNT,
    "    if (faults.strikes('send refused')) return this.#arm()\n    const entries = this.ledger.entries.slice(this.relayedSeq, this.relayedSeq + RELAY_PAGE)",
    "    const entries = this.ledger.entries.slice(this.relayedSeq, this.relayedSeq + RELAY_PAGE)\n    this.relayedSeq += entries.length\n    if (faults.strikes('send refused')) return this.#arm()",
  ),
  shellMutant(
    'an answer before the commit',
    ACCOUNT,
    "    if (faults.strikes('crash before commit')) return this.#crash()\n",
    "    answer({ by: this.owner.customerId, decision })\n    if (faults.strikes('crash before commit')) return this.#crash()\n",
  ),
  shellMutant(
    'the daily sweep wakes nobody',
    ACCOUNT,
    '    this.#lostAlarm = false\n    this.#ringsAtMs = null\n    this.#arm()\n',
    '    this.#lostAlarm = false\n',
  ),
  shellMutant(
    'a merge is booked and never delivered',
    ACCOUNT,
    '      if (!isReceived) return false\n',
    '      if (!isReceived) {\n        this.deliveredSeq = out.seq\n        return false\n      }\n',
  ),
  shellMutant(
    'each delivery of a merge is another one',
    ACCOUNT,
    'const command = mergeInOf(this.ledger, out, this.owner.customerId)',
    'const command = { ...mergeInOf(this.ledger, out, this.owner.customerId), number: this.#simulation.nowMs }',
  ),
  shellMutant(
    'the kept account does not ask whose an order is',
    ACCOUNT,
    '    const holder = this.#holderOf(orderGid)\n',
    '    const holder = null as string | null | undefined\n',
  ),
  shellMutant(
    'a merge into an account that is merged itself',
    ACCOUNT,
    '      if (next === null) return current\n',
    '      return current\n',
  ),
  shellMutant(
    'an older balance replaces a newer one',
    'tools/simulate/projections.ts',
    'older === undefined || older.seq < row.seq) this.balances',
    'older === undefined || older.seq > row.seq) this.balances',
  ),
  shellMutant(
    'of one batch the first balance counts, not the newest',
    'queues/projections/accounts.ts',
    'if (row.seq > (rows.get(key)?.seq ?? 0)) rows',
    'if (!rows.has(key)) rows',
  ),
  shellMutant(
    'rows lie with another merchant',
    'migrations/postgres/rows.ts',
    'export function transactionRow({ merchant_id, data }: PointsEvent): TransactionRow {\n',
    "export function transactionRow({ data }: PointsEvent): TransactionRow {\n  const merchant_id = '8f14e45f-ceea-467f-a9d2-1b6f0a4c1111'\n",
  ),
]
