import { type EntryFields, sealEntry } from './entry.ts'
import { bookEntry } from './book.ts'
import type { AccountState, Changes, Entry, Hold, LedgerView, Lot, Pending } from './types.ts'

/** The account before its first entry. */
export function emptyAccount(): AccountState {
  return {
    seq: 0,
    posted: 0,
    debt: 0,
    held: 0,
    pending: 0,
    lifetime: { earned: 0, redeemed: 0, expired: 0, clawedBack: 0, adjusted: 0 },
    lastHash: '',
    lastRecordedAtMs: 0,
    lastActivityAtMs: 0,
    mergedInto: null,
    mergedFrom: [],
  }
}

/** Rows of `base` that were not changed, then the changed ones that are still there; `base` itself where none was. */
function overlay<K, T>(
  base: readonly T[],
  changed: ReadonlyMap<K, T>,
  idOf: (row: T) => K,
  isThere: (row: T) => boolean,
): readonly T[] {
  if (changed.size === 0) return base
  return [...base.filter((row) => !changed.has(idOf(row))), ...[...changed.values()].filter(isThere)]
}

/** A view with the entries of one decision on top; nothing reaches the view itself. */
export class Draft implements LedgerView {
  account: AccountState
  readonly #view: LedgerView
  readonly #entries: Entry[] = []
  readonly #lots = new Map<number, Lot>()
  readonly #holds = new Map<string, Hold>()
  readonly #pendings = new Map<number, Pending>()
  readonly #pendingsEnded = new Set<number>()

  constructor(view: LedgerView) {
    this.#view = view
    this.account = view.account
  }

  get openLots(): readonly Lot[] {
    return overlay(
      this.#view.openLots,
      this.#lots,
      (lot) => lot.id,
      (lot) => lot.remaining > 0,
    )
  }

  get openHolds(): readonly Hold[] {
    return overlay(
      this.#view.openHolds,
      this.#holds,
      (hold) => hold.id,
      (hold) => hold.state === 'open',
    )
  }

  get pendings(): readonly Pending[] {
    return overlay(
      this.#view.pendings,
      this.#pendings,
      (pending) => pending.seq,
      () => true,
    ).filter((pending) => !this.#pendingsEnded.has(pending.seq))
  }

  lot(id: number): Lot | undefined {
    return this.#lots.get(id) ?? this.#view.lot(id)
  }

  hold(id: string): Hold | undefined {
    return this.#holds.get(id) ?? this.#view.hold(id)
  }

  entry(seq: number): Entry | undefined {
    return this.#entries.find((entry) => entry.seq === seq) ?? this.#view.entry(seq)
  }

  entryByExternalId(externalId: string): Entry | undefined {
    return this.#entries.find((entry) => entry.externalId === externalId) ?? this.#view.entryByExternalId(externalId)
  }

  entriesOfOrder(orderGid: string): readonly Entry[] {
    return [...this.#view.entriesOfOrder(orderGid), ...this.#entries.filter((entry) => entry.orderGid === orderGid)]
  }

  reversalsOf(seq: number): readonly Entry[] {
    const added = this.#entries.filter(({ type, detail }) => type === 'reversal' && detail.refersToSeq === seq)
    return [...this.#view.reversalsOf(seq), ...added]
  }

  /** Seals the next entry of the chain and applies what it does. */
  append(fields: EntryFields, recordedAtMs: number): Entry {
    const entry = sealEntry(this.account, fields, recordedAtMs)
    this.book(entry)
    return entry
  }

  /** Applies an entry that is sealed already. */
  book(entry: Entry): void {
    bookEntry(this, entry)
    this.#entries.push(entry)
  }

  putLot(lot: Lot): void {
    this.#lots.set(lot.id, lot)
  }

  putHold(hold: Hold): void {
    this.#holds.set(hold.id, hold)
  }

  putPending(pending: Pending): void {
    this.#pendings.set(pending.seq, pending)
  }

  endPending(seq: number): void {
    this.#pendings.delete(seq)
    this.#pendingsEnded.add(seq)
  }

  changes(): Changes {
    return {
      account: this.account,
      entries: this.#entries,
      lots: [...this.#lots.values()],
      holds: [...this.#holds.values()],
      pendings: [...this.#pendings.values()],
      pendingsEnded: [...this.#pendingsEnded],
    }
  }
}
