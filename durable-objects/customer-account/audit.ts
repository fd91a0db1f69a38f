import { type Finding, LedgerAuditor, messageOf, type StoredAccount } from '../../domain/audit/auditor.ts'
import type { Lot } from '../../domain/ledger/types.ts'
import type { AccountRef, LedgerAudit } from '../kernel/protocol.ts'
import {
  accountOf,
  entryOf,
  lotOf,
  openHoldsOf,
  pendingsOf,
  putAccount,
  putLot,
  type AccountRow,
  type EntryRow,
  type LotRow,
} from './rows.ts'
import type { Store } from './store.ts'

/** Rows that are read in one go; between pages the object serves others. */
const ENTRIES_A_PAGE = 250
const LOTS_A_PAGE = 500
/** Each is one round of the event loop; a call that waits gets in within about a dozen. */
const TURNS_BETWEEN = 12

/** Reads all of the ledger and checks it; changes nothing. Null if nothing was ever booked here. */
export async function auditLedger(storage: DurableObjectStorage, store: Store): Promise<LedgerAudit | null> {
  if (!store.hasTables || isEmpty(storage.sql)) return null
  const reading = new Reading(storage, store)
  const unreadable: Finding[] = []
  try {
    await reading.toItsEnd(() => {
      const lots = reading.compareLots()
      if (lots.isLast) reading.compareAccount()
      return lots.isLast
    })
  } catch (error) {
    unreadable.push({ invariant: null, seq: null, detail: `cannot be read to its end: ${messageOf(error)}` })
  }
  const { entries, firstHash, lastHash, stateMatches, findings } = reading.auditor
  return {
    entries,
    firstHash,
    lastHash,
    stateMatches: stateMatches && unreadable.length === 0,
    findings: [...findings, ...unreadable],
  }
}

/**
 * Writes lots and account anew from the entries where they differ; the rest of the account's row stays. True if it did.
 * @throws when the entries are broken, or do not reach as far as the account says: then they are no ground for a state.
 */
export async function rebuildLedger(
  storage: DurableObjectStorage,
  store: Store,
  account: AccountRef,
): Promise<boolean> {
  if (!store.hasTables || isEmpty(storage.sql)) return false
  const reading = new Reading(storage, store)
  let changed = false
  await reading.toItsEnd(() => {
    reading.refuseBroken()
    const { differing, isLast } = reading.compareLots()
    const isWrong = isLast && !reading.compareAccount()
    if (differing.length === 0 && !isWrong) return isLast
    changed = true
    store.repair(() => {
      for (const id of differing) reading.rewriteLot(id)
      if (isWrong) reading.rewriteAccount(account)
    })
    return isLast
  })
  return changed
}

function isEmpty(sql: SqlStorage): boolean {
  return sql.exec('SELECT 1 FROM entries UNION ALL SELECT 1 FROM accounts LIMIT 1').toArray().length === 0
}

/**
 * A reading of the ledger as it lies in SQLite. What is booked meanwhile is read too: rows are compared only in a turn of
 * the object that has found no further entry, so that nothing which changes looks wrong.
 */
class Reading {
  readonly auditor: LedgerAuditor
  readonly #storage: DurableObjectStorage
  readonly #sql: SqlStorage
  #lotCursor = 0

  constructor(storage: DurableObjectStorage, store: Store) {
    this.#storage = storage
    this.#sql = storage.sql
    this.auditor = new LedgerAuditor(store)
  }

  /** Reads on until `atEnd`, called each time when there is no further entry, has nothing more to do. */
  async toItsEnd(atEnd: () => boolean): Promise<void> {
    for (let isOver = false; !isOver; await this.#giveWay()) isOver = this.#readPage() ? false : atEnd()
  }

  /** Lets whoever waits have a turn. Not by a timer: workerd rings none while calls keep coming, and this would starve. */
  async #giveWay(): Promise<void> {
    for (let turn = 0; turn < TURNS_BETWEEN; turn += 1) await this.#storage.sync()
  }

  /** True: there may be more. */
  #readPage(): boolean {
    const rows = this.#sql
      .exec<EntryRow>('SELECT * FROM entries WHERE seq > ? ORDER BY seq LIMIT ?', this.auditor.lastSeq, ENTRIES_A_PAGE)
      .toArray()
    for (const row of rows) this.#take(row)
    return rows.length === ENTRIES_A_PAGE
  }

  #take(row: EntryRow): void {
    let entry
    try {
      entry = entryOf(row)
    } catch (error) {
      return this.auditor.cannotRead(row.seq, messageOf(error))
    }
    this.auditor.take(entry)
  }

  /** Compares the next page of lots. */
  compareLots(): { readonly differing: readonly number[]; readonly isLast: boolean } {
    const lots: readonly Lot[] = this.#sql
      .exec<LotRow>('SELECT * FROM lots WHERE id > ? ORDER BY id LIMIT ?', this.#lotCursor, LOTS_A_PAGE)
      .toArray()
      .map(lotOf)
    const isLast = lots.length < LOTS_A_PAGE
    this.#lotCursor = lots.at(-1)?.id ?? this.#lotCursor
    const differing = this.auditor.compareLots(lots, isLast ? Number.POSITIVE_INFINITY : this.#lotCursor)
    return { differing, isLast }
  }

  /** True if the account's row is as the entries say. */
  compareAccount(): boolean {
    const stored = this.#storedAccount()
    if (stored === undefined) {
      this.auditor.accountIsMissing()
      return false
    }
    return this.auditor.compareAccount(stored)
  }

  /** @throws when no state may be made of the entries. */
  refuseBroken(): void {
    const { isBroken, findings, lastSeq, lastHash } = this.auditor
    if (isBroken) throw new Error(`The entries are broken: ${findings[0]?.detail ?? 'they contradict each other'}`)
    const row = this.#row()
    if (row === undefined) return
    // An account that is ahead of its entries has lost some. Booking on from there would give their numbers to others.
    const isAhead = row.seq > lastSeq && row.last_hash !== (lastHash ?? '')
    if (isAhead || row.relayed_seq > lastSeq) throw new Error(`Entries after ${lastSeq} are missing`)
  }

  rewriteLot(id: number): void {
    const lot = this.auditor.folded.lot(id)
    if (lot === undefined) this.#sql.exec('DELETE FROM lots WHERE id = ?', id)
    else putLot(this.#sql, lot)
  }

  rewriteAccount({ merchantId, customerId, shopifyCustomerGid, currency }: AccountRef): void {
    const { account, openHolds, pendings } = this.auditor.folded
    const row = this.#row()
    putAccount(this.#sql, {
      identity: {
        merchantId,
        customerId,
        shopifyCustomerGid: row?.shopify_customer_gid ?? shopifyCustomerGid,
        currency: row?.currency ?? currency,
      },
      // Of a row that is gone it is not known what was sent: everything goes again, which is harmless.
      relayedSeq: row?.relayed_seq ?? 0,
      mergeDeliveredSeq: row?.merge_delivered_seq ?? 0,
      mergeTargetGid: row?.merge_target_gid ?? null,
      account,
      openHolds,
      pendings,
    })
  }

  #row(): AccountRow | undefined {
    return this.#sql.exec<AccountRow>('SELECT * FROM accounts').toArray()[0]
  }

  #storedAccount(): StoredAccount | undefined {
    const row = this.#row()
    if (row === undefined) return undefined
    const [sum] = this.#sql
      .exec<{ remaining: number }>('SELECT coalesce(sum(remaining), 0) AS remaining FROM lots')
      .toArray()
    return {
      account: accountOf(row),
      openHolds: openHoldsOf(row),
      pendings: pendingsOf(row),
      relayedSeq: row.relayed_seq,
      remaining: sum?.remaining ?? 0,
    }
  }
}
