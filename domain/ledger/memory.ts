import { Draft, emptyAccount } from './draft.ts'
import type { AccountState, Changes, Entry, Hold, LedgerView, Lot, Pending } from './types.ts'

/** A whole ledger in memory, with everything it ever held: for tests, simulation and rebuilds. */
export class MemoryLedger implements LedgerView {
  account: AccountState = emptyAccount()
  readonly entries: Entry[] = []
  readonly lots = new Map<number, Lot>()
  readonly holds = new Map<string, Hold>()
  readonly #open = new Map<number, Lot>()
  readonly #openHolds = new Map<string, Hold>()
  readonly #pendings = new Map<number, Pending>()
  readonly #byExternalId = new Map<string, Entry>()
  readonly #byOrder = new Map<string, Entry[]>()
  readonly #reversals = new Map<number, Entry[]>()

  get openLots(): readonly Lot[] {
    return [...this.#open.values()]
  }

  get openHolds(): readonly Hold[] {
    return [...this.#openHolds.values()]
  }

  get pendings(): readonly Pending[] {
    return [...this.#pendings.values()]
  }

  lot(id: number): Lot | undefined {
    return this.lots.get(id)
  }

  hold(id: string): Hold | undefined {
    return this.holds.get(id)
  }

  entry(seq: number): Entry | undefined {
    return this.entries[seq - 1]
  }

  entryByExternalId(externalId: string): Entry | undefined {
    return this.#byExternalId.get(externalId)
  }

  entriesOfOrder(orderGid: string): readonly Entry[] {
    return this.#byOrder.get(orderGid) ?? []
  }

  reversalsOf(seq: number): readonly Entry[] {
    return this.#reversals.get(seq) ?? []
  }

  /** Writes what a decision changed. @throws when it does not follow what is here or books a business id again. */
  apply(changes: Changes): void {
    for (const entry of changes.entries) this.#add(entry)
    this.account = changes.account
    for (const lot of changes.lots) {
      this.lots.set(lot.id, lot)
      if (lot.remaining > 0) this.#open.set(lot.id, lot)
      else this.#open.delete(lot.id)
    }
    for (const hold of changes.holds) {
      this.holds.set(hold.id, hold)
      if (hold.state === 'open') this.#openHolds.set(hold.id, hold)
      else this.#openHolds.delete(hold.id)
    }
    for (const pending of changes.pendings) this.#pendings.set(pending.seq, pending)
    for (const seq of changes.pendingsEnded) this.#pendings.delete(seq)
  }

  #add(entry: Entry): void {
    if (entry.seq !== this.entries.length + 1) throw new Error(`entry ${entry.seq} does not follow`)
    if (this.#byExternalId.has(entry.externalId)) throw new Error(`${entry.externalId} is booked already`)
    this.entries.push(entry)
    this.#byExternalId.set(entry.externalId, entry)
    if (
      entry.orderGid !== null &&
      ['earn', 'earn_pending', 'activate', 'cancel_pending', 'clawback'].includes(entry.type)
    ) {
      addTo(this.#byOrder, entry.orderGid, entry)
    }
    const { refersToSeq } = entry.detail
    if (entry.type === 'reversal' && refersToSeq !== undefined) addTo(this.#reversals, refersToSeq, entry)
  }
}

function addTo<K>(lists: Map<K, Entry[]>, key: K, entry: Entry): void {
  const list = lists.get(key)
  if (list) list.push(entry)
  else lists.set(key, [entry])
}

/**
 * The state that a ledger's entries lead to.
 * @throws LedgerBug when the entries contradict themselves.
 */
export function rebuild(entries: Iterable<Entry>, visit?: (before: LedgerView, entry: Entry) => void): MemoryLedger {
  const ledger = new MemoryLedger()
  for (const entry of entries) {
    visit?.(ledger, entry)
    const draft = new Draft(ledger)
    draft.book(entry)
    ledger.apply(draft.changes())
  }
  return ledger
}
