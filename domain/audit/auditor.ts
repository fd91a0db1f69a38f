import { z } from 'zod'
import { type Canonical, canonicalJson } from '../ledger/canonical.ts'
import { freePoints } from '../ledger/lots.ts'
import { pointsLeft, readOrder } from '../ledger/orders.ts'
import type { AccountState, Entry, Hold, LedgerView, Lot, Pending } from '../ledger/types.ts'
import { type Violation, violationsOfEntry } from './entry-checks.ts'
import { type EntryLookup, Fold } from './fold.ts'

/** One thing that is wrong with a ledger. */
export interface Finding {
  /** Its number in `docs/reliability.md`; null: the ledger could not be read. */
  readonly invariant: number | null
  /** The first entry that it shows at; of a lot the entry that opened it. */
  readonly seq: number | null
  readonly detail: string
}

/** The account's row as it is stored, but for its lots. */
export interface StoredAccount {
  readonly account: AccountState
  readonly openHolds: readonly Hold[]
  readonly pendings: readonly Pending[]
  /** Events up to this entry are sent. */
  readonly relayedSeq: number
  /** Σ remaining of the stored lots. */
  readonly remaining: number
}

/** A ledger so broken must not drown the reader, nor the answer that carries it. */
const FINDINGS_KEPT = 100

/**
 * Reads a ledger from its first entry to its last and checks every invariant that one account can show; then compares what
 * is stored beside the entries with what they add up to. It sees each entry once, in order, and keeps none.
 */
export class LedgerAuditor {
  readonly #lookup: EntryLookup
  readonly #fold: Fold
  readonly #findings: Finding[] = []
  readonly #externalIds = new Set<string>()
  readonly #orders = new Set<string>()
  #entries = 0
  #firstHash: string | null = null
  #lastHash: string | null = null
  #lastSeq = 0
  #postedByEntries = 0
  #pendingByEntries = 0
  /** The entries say no more what the state should be. */
  #isUnreadable = false
  #isBroken = false
  #stateMatches = true
  /** How many of the folded lots were compared; they are in the order of their ids. */
  #lotsCompared = 0

  /** @param lookup all entries of the same ledger. */
  constructor(lookup: EntryLookup) {
    this.#lookup = lookup
    this.#fold = new Fold(lookup)
  }

  get findings(): readonly Finding[] {
    return this.#findings
  }
  get entries(): number {
    return this.#entries
  }
  get firstHash(): string | null {
    return this.#firstHash
  }
  get lastHash(): string | null {
    return this.#lastHash
  }
  /** The last entry that was read. */
  get lastSeq(): number {
    return this.#lastSeq
  }
  /** The entries are not those that were booked, or not all of them: no state can be made of them. */
  get isBroken(): boolean {
    return this.#isBroken || this.#isUnreadable
  }
  /** What was compared so far is the fold of the entries. */
  get stateMatches(): boolean {
    return this.#stateMatches && !this.#isUnreadable
  }
  /** The state that the entries lead to. */
  get folded(): LedgerView & { readonly lots: ReadonlyMap<number, Lot> } {
    return this.#fold
  }

  /** The next entry. */
  take(entry: Entry): void {
    const { seq, externalId, points, orderGid, detail } = entry
    this.#entries += 1
    this.#firstHash ??= entry.hash
    this.#guarded(seq, () => {
      for (const { invariant, detail: what } of violationsOfEntry(this.#fold, entry)) {
        if (OF_GROUND.has(invariant)) this.#isBroken = true
        this.#note(invariant, seq, what)
      }
    })
    if (this.#externalIds.has(externalId)) this.#note(7, seq, `${externalId} is booked twice`)
    this.#externalIds.add(externalId)
    this.#postedByEntries += points
    this.#pendingByEntries += detail.pendingPoints ?? 0
    this.#book(entry)
    this.#lastHash = entry.hash
    this.#lastSeq = seq
    if (orderGid !== null) this.#guarded(seq, () => this.#checkOrder(orderGid, seq))
  }

  /** An entry that is there and cannot be read. */
  cannotRead(seq: number, why: string): void {
    this.#entries += 1
    this.#isUnreadable = true
    this.#lastSeq = seq
    this.#note(null, seq, `entry ${seq} cannot be read: ${why}`)
  }

  /**
   * Compares a page of stored lots with the folded ones; pages come by id. @param upTo the last id of the page, or infinity
   * with the last page. @returns the ids of those that differ.
   */
  compareLots(stored: readonly Lot[], upTo: number): readonly number[] {
    if (this.#isUnreadable) return []
    const byId = new Map(stored.map((lot) => [lot.id, lot]))
    const ids = new Set(byId.keys())
    const { lotIds } = this.#fold
    for (let id = lotIds[this.#lotsCompared]; id !== undefined && id <= upTo; id = lotIds[this.#lotsCompared]) {
      ids.add(id)
      this.#lotsCompared += 1
    }
    return [...ids].filter((id) => !this.#compareLot(id, byId.get(id)))
  }

  /** Compares the stored account with the folded one. True if they are the same. */
  compareAccount(stored: StoredAccount): boolean {
    const { account, openHolds, pendings } = stored
    const seq = this.#lastSeq === 0 ? null : this.#lastSeq
    for (const { invariant, detail } of this.#violationsOfAccount(stored)) this.#note(invariant, seq, detail)
    if (this.#isUnreadable) return false
    const folded = this.#fold
    const keeps = freePoints(folded) + folded.account.debt
    if (folded.account.mergedInto !== null && keeps !== 0) {
      this.#note(16, seq, 'the account was merged, and keeps free points or debt')
    }
    const differing = [
      ...differences('account', accountRow(account), accountRow(folded.account)),
      ...differences('open holds', { rows: openHolds.map(holdRow) }, { rows: folded.openHolds.map(holdRow) }),
      ...differences('pending points', { rows: pendings.map(pendingRow) }, { rows: folded.pendings.map(pendingRow) }),
    ]
    for (const detail of differing) this.#note(18, seq, detail)
    if (differing.length > 0) this.#stateMatches = false
    return differing.length === 0
  }

  /** There are entries, and no account. */
  accountIsMissing(): void {
    this.#stateMatches = false
    this.#note(18, this.#lastSeq === 0 ? null : this.#lastSeq, 'the account is missing')
  }

  #violationsOfAccount({ account, openHolds, relayedSeq, remaining }: StoredAccount): readonly Violation[] {
    const { seq, posted, debt, held, pending, lifetime, lastHash } = account
    const { earned, redeemed, expired, clawedBack, adjusted } = lifetime
    const heldByHolds = openHolds.reduce((sum, { points }) => sum + points, 0)
    const postedByLifetime = earned - redeemed - expired - clawedBack + adjusted
    const isAtEnd = lastHash === (this.#lastHash ?? '')
    return [
      ...mustBe(1, 'posted', posted, 'the entries', this.#postedByEntries),
      ...mustBe(2, 'posted', posted, 'lots less debt', remaining - debt),
      ...(remaining < held && debt === 0 ? [{ invariant: 4, detail: 'more is held than there is' }] : []),
      ...mustBe(5, 'held', held, 'the open holds', heldByHolds),
      ...mustBe(6, 'the number of the last entry', seq, 'the last entry', this.#lastSeq),
      ...(relayedSeq > this.#lastSeq ? [{ invariant: 13, detail: `events are sent up to entry ${relayedSeq}` }] : []),
      ...(isAtEnd ? [] : [{ invariant: 15, detail: 'the account does not know the last hash' }]),
      ...mustBe(18, 'pending', pending, 'the entries', this.#pendingByEntries),
      ...mustBe(19, 'posted', posted, 'the lifetime sums', postedByLifetime),
      ...[debt, held, pending, earned, redeemed, expired, clawedBack]
        .filter((sum) => sum < 0 || !Number.isSafeInteger(sum))
        .map((sum) => ({ invariant: 19, detail: `a sum is ${sum}` })),
    ]
  }

  /** True if the lot is stored as it is folded. */
  #compareLot(id: number, stored: Lot | undefined): boolean {
    const folded = this.#fold.lot(id)
    if (stored !== undefined) {
      const { granted, remaining, pinned, consumed, expired, clawed, moved } = stored
      const parts = [remaining, consumed, expired, clawed, moved]
      const isWhole = granted === parts.reduce((sum, part) => sum + part, 0) && parts.every((part) => part >= 0)
      if (!isWhole || pinned < 0 || pinned > remaining) this.#note(3, id, `lot ${id} does not add up`)
    }
    const differing = differences(`lot ${id}`, stored && lotRow(stored), folded && lotRow(folded))
    for (const detail of differing) this.#note(18, id, detail)
    if (differing.length > 0) this.#stateMatches = false
    return differing.length === 0
  }

  #book(entry: Entry): void {
    if (this.#isUnreadable) return
    try {
      this.#fold.book(entry)
    } catch (error) {
      this.#isUnreadable = true
      this.#note(18, entry.seq, `no state follows from the entries: ${messageOf(error)}`)
    }
  }

  /** Once an order: what it says of the order as it stands now holds at every time. */
  #checkOrder(orderGid: string, seq: number): void {
    if (this.#orders.has(orderGid)) return
    this.#orders.add(orderGid)
    const whole = new Fold(this.#lookup)
    whole.account = { ...whole.account, seq: Number.POSITIVE_INFINITY }
    const order = readOrder(whole, orderGid)
    const left = order.earned - order.clawed
    if (order.clawed < 0 || left < 0) {
      return this.#note(11, seq, `${orderGid}: ${order.clawed} points taken back of ${order.earned}`)
    }
    const isReversed = whole
      .entriesOfOrder(orderGid)
      .some((entry) => whole.entryByExternalId(`reversal:${entry.seq}`) !== undefined)
    const net = pointsLeft(order)
    if (!isReversed && left !== net) this.#note(11, seq, `${orderGid} has ${left} points left instead of ${net}`)
  }

  #guarded(seq: number, check: () => void): void {
    try {
      check()
    } catch (error) {
      this.#isUnreadable = true
      this.#note(null, seq, `entry ${seq} cannot be checked: ${messageOf(error)}`)
    }
  }

  #note(invariant: number | null, seq: number | null, detail: string): void {
    if (this.#findings.length < FINDINGS_KEPT) this.#findings.push({ invariant, seq, detail: detail.slice(0, 500) })
  }
}

/** Invariants without which entries are no ground for a state: their numbers, the chain. */
const OF_GROUND: ReadonlySet<number> = new Set([6, 15])

function mustBe(invariant: number, what: string, is: number, by: string, should: number): readonly Violation[] {
  return is === should ? [] : [{ invariant, detail: `${what} is ${is}, by ${by} ${should}` }]
}

/** Why something could not be read, in one line. */
export function messageOf(error: unknown): string {
  if (error instanceof z.ZodError) return 'it does not parse'
  return error instanceof Error ? error.message : String(error)
}

type Row = Readonly<Record<string, Canonical | undefined>>

function lotRow({ inactivity, ...lot }: Lot): Row {
  return { ...lot, inactivity: inactivity && { ...inactivity } }
}

function holdRow(hold: Hold): Row {
  return { ...hold, pins: hold.pins.map(({ lot, points }) => ({ lot, points })) }
}

function pendingRow({ calendar, ...pending }: Pending): Row {
  return { ...pending, calendar: calendar && { ...calendar } }
}

function accountRow(account: AccountState): Row {
  return { ...account, lifetime: { ...account.lifetime } }
}

/** What a stored row says differently from the folded one. */
function differences(what: string, stored: Row | undefined, folded: Row | undefined): readonly string[] {
  if (stored === undefined) return [`${what} is missing`]
  if (folded === undefined) return [`${what} comes from no entry`]
  const names = [...new Set([...Object.keys(folded), ...Object.keys(stored)])]
  return names.flatMap((name) => {
    const [is, should] = [textOf(stored[name]), textOf(folded[name])]
    return is === should ? [] : [`${what}: ${name} is ${is} instead of ${should}`]
  })
}

/** Equal exactly when the values are; what no row of ours holds is told apart all the same. */
function textOf(value: Canonical | undefined): string {
  try {
    return value === undefined ? 'missing' : canonicalJson(value)
  } catch {
    return `unlike anything stored here: ${JSON.stringify(value)}`
  }
}
