import { Draft, emptyAccount } from '../ledger/draft.ts'
import type { AccountState, Entry, Hold, LedgerView, Lot, Pending } from '../ledger/types.ts'

/** Where entries are looked up by something else than their turn: the whole of the stored ledger. */
export type EntryLookup = Pick<LedgerView, 'entry' | 'entryByExternalId' | 'entriesOfOrder'>

/**
 * The state that a ledger's entries lead to, entry by entry. It keeps lots, open holds, pending points and what was undone,
 * and looks all other entries up instead of keeping them, so that a long ledger fits into memory. To its reader, what it has not booked yet
 * does not exist.
 */
export class Fold implements LedgerView {
  account: AccountState = emptyAccount()
  /** All that ever were, by id. */
  readonly lots = new Map<number, Lot>()
  /** Their ids, ascending. */
  readonly lotIds: number[] = []
  readonly #entries: EntryLookup
  readonly #open = new Map<number, Lot>()
  #openList: readonly Lot[] | undefined
  readonly #openHolds = new Map<string, Hold>()
  readonly #pendings = new Map<number, Pending>()
  /** By the entry that they undo. */
  readonly #reversals = new Map<number, Entry[]>()

  constructor(entries: EntryLookup) {
    this.#entries = entries
  }

  get openLots(): readonly Lot[] {
    this.#openList ??= [...this.#open.values()]
    return this.#openList
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

  /** Of a hold that has ended only that is known. */
  hold(id: string): Hold | undefined {
    const open = this.#openHolds.get(id)
    if (open !== undefined) return open
    const opened = this.entryByExternalId(`hold:${id}`)
    if (opened === undefined) return undefined
    return { id, points: 0, pins: [], timeoutAtMs: 0, openedSeq: opened.seq, state: 'released' }
  }

  entry(seq: number): Entry | undefined {
    return seq <= this.account.seq ? this.#entries.entry(seq) : undefined
  }

  entryByExternalId(externalId: string): Entry | undefined {
    const entry = this.#entries.entryByExternalId(externalId)
    return entry !== undefined && entry.seq <= this.account.seq ? entry : undefined
  }

  entriesOfOrder(orderGid: string): readonly Entry[] {
    return this.#entries.entriesOfOrder(orderGid).filter(({ seq }) => seq <= this.account.seq)
  }

  reversalsOf(seq: number): readonly Entry[] {
    return this.#reversals.get(seq) ?? []
  }

  /**
   * Books the next entry. One that is out of place is booked all the same, as if it followed: what is wrong with its place
   * is for the auditor to say, and what comes after it can still be checked.
   * @throws LedgerBug when the entry contradicts those before it.
   */
  book(entry: Entry): void {
    this.account = {
      ...this.account,
      seq: entry.seq - 1,
      lastHash: entry.previousHash,
      lastRecordedAtMs: Math.min(this.account.lastRecordedAtMs, entry.recordedAtMs),
    }
    const draft = new Draft(this)
    draft.book(entry)
    const { account, lots, holds, pendings, pendingsEnded } = draft.changes()
    this.account = account
    for (const lot of lots) this.#putLot(lot)
    for (const hold of holds) {
      if (hold.state === 'open') this.#openHolds.set(hold.id, hold)
      else this.#openHolds.delete(hold.id)
    }
    for (const pending of pendings) this.#pendings.set(pending.seq, pending)
    for (const seq of pendingsEnded) this.#pendings.delete(seq)
    if (entry.type === 'reversal') this.#noteReversal(entry)
  }

  #noteReversal(reversal: Entry): void {
    const seq = reversal.detail.refersToSeq ?? 0
    const known = this.#reversals.get(seq)
    if (known === undefined) this.#reversals.set(seq, [reversal])
    else known.push(reversal)
  }

  #putLot(lot: Lot): void {
    if (!this.lots.has(lot.id)) this.lotIds.push(lot.id)
    this.lots.set(lot.id, lot)
    if (lot.remaining > 0) this.#open.set(lot.id, lot)
    else this.#open.delete(lot.id)
    this.#openList = undefined
  }
}
