import type { AccountState, Changes, Entry, Hold, LedgerView, Lot, Pending } from '../../domain/ledger/types.ts'
import { emptyAccount } from '../../domain/ledger/draft.ts'
import { CUSTOMER_ACCOUNT_MIGRATIONS } from '../../migrations/durable-objects/customer-account/index.ts'
import { isMigrated, migrate } from '../kernel/migrate.ts'
import type { AccountRef } from '../kernel/protocol.ts'
import {
  accountOf,
  endedHoldOf,
  entryOf,
  insertEntry,
  lotOf,
  openHoldsOf,
  pendingsOf,
  putAccount,
  putLot,
  type AccountRow,
  type EntryRow,
  type Identity,
  type LotRow,
} from './rows.ts'

/** What a decision reads again and again, kept in memory. SQLite is the truth; after a failed transaction this goes. */
interface Memory {
  identity: Identity | null
  account: AccountState
  relayedSeq: number
  mergeDeliveredSeq: number
  mergeTargetGid: string | null
  /** Of the newest merge_out; 0: none. */
  mergeOutSeq: number
  readonly openLots: Map<number, Lot>
  /** The same as a list, until a lot changes: a decision asks for it several times. */
  openLotList: readonly Lot[] | undefined
  readonly openHolds: Map<string, Hold>
  readonly pendings: Map<number, Pending>
  /** Changed in this transaction, to be written once at its end. */
  accountChanged: boolean
}

/** One page of {@link Store.entriesBefore}. */
export interface PageQuery {
  readonly beforeSeq: number | null
  readonly limit: number
  readonly orderGid: string | null
}

/**
 * The account in the object's SQLite, and the view of it that `decide` reads. Tables are made by the first write: reading
 * an account that was never written leaves nothing behind.
 */
export class Store implements LedgerView {
  readonly #storage: DurableObjectStorage
  #memory: Memory | undefined
  #hasTables = false
  #rollbacks = 0

  constructor(storage: DurableObjectStorage) {
    this.#storage = storage
    if (isMigrated(storage.sql)) this.createTables()
  }

  get identity(): Identity | null {
    return this.#loaded().identity
  }
  get relayedSeq(): number {
    return this.#loaded().relayedSeq
  }
  get unsentCount(): number {
    const { account, relayedSeq } = this.#loaded()
    return account.seq - relayedSeq
  }

  /** The oldest merge_out that the account which this one was merged into does not have yet. */
  get undeliveredMerge(): Entry | undefined {
    const { mergeOutSeq, mergeDeliveredSeq } = this.#loaded()
    if (mergeOutSeq <= mergeDeliveredSeq) return undefined
    const query = "SELECT * FROM entries WHERE seq > ? AND type = 'merge_out' ORDER BY seq LIMIT 1"
    return this.#rows<EntryRow>(query, mergeDeliveredSeq).map(entryOf)[0]
  }
  get mergeTargetGid(): string | null {
    return this.#loaded().mergeTargetGid
  }

  get account(): AccountState {
    return this.#loaded().account
  }
  get openLots(): readonly Lot[] {
    const memory = this.#loaded()
    memory.openLotList ??= [...memory.openLots.values()]
    return memory.openLotList
  }
  get openHolds(): readonly Hold[] {
    return [...this.#loaded().openHolds.values()]
  }
  get pendings(): readonly Pending[] {
    return [...this.#loaded().pendings.values()]
  }
  lot(id: number): Lot | undefined {
    return this.#loaded().openLots.get(id) ?? this.#rows<LotRow>('SELECT * FROM lots WHERE id = ?', id).map(lotOf)[0]
  }
  hold(id: string): Hold | undefined {
    return this.#loaded().openHolds.get(id) ?? this.#endedHold(id)
  }
  entry(seq: number): Entry | undefined {
    return this.#rows<EntryRow>('SELECT * FROM entries WHERE seq = ?', seq).map(entryOf)[0]
  }
  entryByExternalId(externalId: string): Entry | undefined {
    return this.#rows<EntryRow>('SELECT * FROM entries WHERE external_id = ?', externalId).map(entryOf)[0]
  }
  entriesOfOrder(orderGid: string): readonly Entry[] {
    const types = "('earn', 'earn_pending', 'activate', 'cancel_pending', 'clawback')"
    return this.#rows<EntryRow>(`${OF_ORDER} AND type IN ${types} ORDER BY seq`, ...ofOrder(orderGid)).map(entryOf)
  }

  /** Reads all later entries, which is cheaper than an index in every customer's database: it is seldom asked. */
  reversalsOf(seq: number): readonly Entry[] {
    const referring = "type = 'reversal' AND json_extract(detail, '$.refersToSeq') = ?"
    const query = `SELECT * FROM entries WHERE seq > ? AND ${referring} ORDER BY seq`
    return this.#rows<EntryRow>(query, seq, seq).map(entryOf)
  }

  /** Entries after `afterSeq`, oldest first. */
  entriesAfter(afterSeq: number, limit: number): Entry[] {
    return this.#rows<EntryRow>('SELECT * FROM entries WHERE seq > ? ORDER BY seq LIMIT ?', afterSeq, limit).map(
      entryOf,
    )
  }

  /** Entries before `beforeSeq` (all if null), newest first; of one order if it is given. */
  entriesBefore({ beforeSeq, limit, orderGid }: PageQuery): Entry[] {
    const before = beforeSeq ?? Number.MAX_SAFE_INTEGER
    const rows =
      orderGid === null
        ? this.#rows<EntryRow>('SELECT * FROM entries WHERE seq < ? ORDER BY seq DESC LIMIT ?', before, limit)
        : this.#rows<EntryRow>(`${OF_ORDER} AND seq < ? ORDER BY seq DESC LIMIT ?`, ...ofOrder(orderGid), before, limit)
    return rows.map(entryOf)
  }

  /** Runs `body` in one transaction: all that it writes is there, or nothing of it. */
  transaction<T>(body: () => T): T {
    try {
      return this.#storage.transactionSync(() => {
        const result = body()
        this.#writeAccount()
        return result
      })
    } catch (error) {
      this.#memory = undefined
      this.#rollbacks += 1
      this.#hasTables = isMigrated(this.#storage.sql)
      throw error
    }
  }

  /** Runs `body`, which writes rows by itself, in one transaction; what was kept of them in memory is read anew. */
  repair(body: () => void): void {
    try {
      this.#storage.transactionSync(body)
    } finally {
      this.#memory = undefined
      this.#rollbacks += 1
    }
  }

  /** Writes the changes of one decision. Only within {@link transaction}. */
  write(ref: AccountRef, changes: Changes): void {
    if (changes.entries.length === 0) return
    this.createTables()
    const memory = this.#loaded()
    const { sql } = this.#storage
    for (const entry of changes.entries) {
      insertEntry(sql, entry)
      if (entry.type === 'merge_out') memory.mergeOutSeq = entry.seq
    }
    if (changes.lots.length > 0) memory.openLotList = undefined
    for (const lot of changes.lots) {
      putLot(sql, lot)
      if (lot.remaining > 0) memory.openLots.set(lot.id, lot)
      else memory.openLots.delete(lot.id)
    }
    for (const hold of changes.holds) {
      if (hold.state === 'open') memory.openHolds.set(hold.id, hold)
      else memory.openHolds.delete(hold.id)
    }
    for (const pending of changes.pendings) memory.pendings.set(pending.seq, pending)
    for (const seq of changes.pendingsEnded) memory.pendings.delete(seq)
    memory.identity = {
      merchantId: ref.merchantId,
      customerId: ref.customerId,
      shopifyCustomerGid: memory.identity?.shopifyCustomerGid ?? ref.shopifyCustomerGid,
      currency: ref.currency ?? memory.identity?.currency ?? null,
    }
    memory.account = changes.account
    memory.accountChanged = true
  }

  /** Notes that the entries up to `seq` are on the queue. The cursor never goes back. */
  moveRelayCursor(seq: number): void {
    const memory = this.#loaded()
    if (seq <= memory.relayedSeq) return
    memory.relayedSeq = seq
    memory.accountChanged = true
    this.#writeAccount()
  }

  /** Notes that the account which this one was merged into has all up to `seq`. The cursor never goes back. */
  moveMergeCursor(seq: number): void {
    const memory = this.#loaded()
    if (seq <= memory.mergeDeliveredSeq) return
    memory.mergeDeliveredSeq = seq
    memory.accountChanged = true
    this.#writeAccount()
  }

  /** Notes whose account this one is merged into. Within the transaction that merges it. */
  noteMergeTarget(shopifyCustomerGid: string | null): void {
    const memory = this.#loaded()
    memory.mergeTargetGid = shopifyCustomerGid
    memory.accountChanged = true
  }

  /** Makes the tables if this object has none yet. */
  createTables(): void {
    if (this.#hasTables) return
    migrate(this.#storage, CUSTOMER_ACCOUNT_MIGRATIONS)
    this.#hasTables = true
  }

  get hasTables(): boolean {
    return this.#hasTables
  }

  /** How many transactions failed; whoever keeps rows in memory reads them again after one. */
  get rollbacks(): number {
    return this.#rollbacks
  }

  #endedHold(id: string): Hold | undefined {
    const opened = this.entryByExternalId(`hold:${id}`)
    if (opened === undefined) return undefined
    const captured = this.entryByExternalId(`hold:${id}:capture`) !== undefined
    return endedHoldOf(opened, captured ? 'capture' : 'release')
  }

  #writeAccount(): void {
    const memory = this.#memory
    if (memory === undefined || !memory.accountChanged || memory.identity === null) return
    const { identity, account, relayedSeq, mergeDeliveredSeq, mergeTargetGid } = memory
    const open = { openHolds: memory.openHolds.values(), pendings: memory.pendings.values() }
    const record = { identity, account, relayedSeq, mergeDeliveredSeq, mergeTargetGid, ...open }
    putAccount(this.#storage.sql, record)
    memory.accountChanged = false
  }

  #loaded(): Memory {
    this.#memory ??= this.#load()
    return this.#memory
  }

  #load(): Memory {
    const row = this.#rows<AccountRow>('SELECT * FROM accounts')[0]
    const lots = this.#rows<LotRow>('SELECT * FROM lots WHERE remaining > 0').map(lotOf)
    const holds = row === undefined ? [] : openHoldsOf(row)
    const pendings = row === undefined ? [] : pendingsOf(row)
    return {
      identity:
        row === undefined
          ? null
          : {
              merchantId: row.merchant_id,
              customerId: row.customer_id,
              shopifyCustomerGid: row.shopify_customer_gid,
              currency: row.currency,
            },
      account: row === undefined ? emptyAccount() : accountOf(row),
      relayedSeq: row?.relayed_seq ?? 0,
      mergeDeliveredSeq: row?.merge_delivered_seq ?? 0,
      mergeTargetGid: row?.merge_target_gid ?? null,
      mergeOutSeq: row === undefined || row.merged_into === null ? 0 : this.#newestMergeOut(),
      openLots: new Map(lots.map((lot) => [lot.id, lot])),
      openLotList: lots,
      openHolds: new Map(holds.map((hold) => [hold.id, hold])),
      pendings: new Map(pendings.map((pending) => [pending.seq, pending])),
      accountChanged: false,
    }
  }

  #newestMergeOut(): number {
    return this.#rows<{ seq: number }>("SELECT max(seq) AS seq FROM entries WHERE type = 'merge_out'")[0]?.seq ?? 0
  }

  #rows<Row extends Record<string, SqlStorageValue>>(query: string, ...bindings: SqlStorageValue[]): Row[] {
    return this.#hasTables ? this.#storage.sql.exec<Row>(query, ...bindings).toArray() : []
  }
}

/** The entries of an order, each once: those that earn by their external id, the others by the partial index. */
const OF_ORDER = `SELECT * FROM entries WHERE seq IN (
  SELECT seq FROM entries WHERE external_id >= ? AND external_id < ?
  UNION SELECT seq FROM entries WHERE order_gid = ? AND type NOT IN ('earn', 'earn_pending'))`

function ofOrder(orderGid: string): SqlStorageValue[] {
  // ';' follows ':' in ASCII, so the range holds exactly what begins with `order:{gid}:`.
  return [`order:${orderGid}:`, `order:${orderGid};`, orderGid]
}
