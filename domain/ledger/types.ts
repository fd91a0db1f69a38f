import type { z } from 'zod'
import type { TransactionKind, TransactionSource } from '../contracts/points.ts'
import type { EarningRule } from '../contracts/settings.ts'
import type { Refusal } from '../contracts/errors.ts'
import type { MoneyParts } from '../earning/facts.ts'
import type { Command } from './commands.ts'

/**
 * The shapes of the points ledger. All times are milliseconds since 1970 (UTC), all points are safe integers.
 * The machine itself is `decide(view, command, nowMs)`; this file holds no logic.
 */

export type * from './commands.ts'

/** The type of an entry, declared once in the contracts. */
export type EntryType = z.infer<typeof TransactionKind>

/** The way in by which a command came. */
export type Source = z.infer<typeof TransactionSource>

/**
 * How many points an entry put into or took out of one lot. Positive: in; negative: out. Of `hold` (negative) and
 * `release` (positive) they are the points that became or ceased to be pinned; all other types change `remaining`.
 */
export interface Allocation {
  readonly lot: number
  readonly points: number
}

/**
 * The earning rule as an entry froze it, with money as integers:
 * points = round(base · points · multiplierNumerator / (perAmountMinor · multiplierDenominator)).
 */
export interface FrozenRule extends Pick<
  EarningRule,
  'points' | 'rounding' | 'tax' | 'include_shipping' | 'include_tips' | 'include_gift_cards' | 'before_discounts'
> {
  readonly ruleId: string
  /** Version of the settings that the rule came from. */
  readonly version: number
  readonly currency: string
  /** `per_amount` as a fraction of minor units, so that a rate finer than the minor unit stays exact. */
  readonly perAmountMinorNumerator: number
  readonly perAmountMinorDenominator: number
  readonly multiplierNumerator: number
  readonly multiplierDenominator: number
}

/** How a lot lives. What is set together ends it together: whatever comes first. Absent is null. */
export type LotTerms = {
  /** Days, ending with the day in `timeZone`; null: for ever. */
  readonly lotDays: number | null
  readonly timeZone: string
  /** Days without activity of the customer, ending with the day in `timeZone`; null: silence ends nothing. */
  readonly inactivityDays?: number | null
  /** The fixed day of the year on which lots end; null: none. */
  readonly calendar?: CalendarExpiry | null
}

/** Lots end with the first such day that is at least `minDays` after the grant. 29 February is 28 in common years. */
export type CalendarExpiry = {
  /** 1 to 12. */
  readonly month: number
  /** 1 to 31, as the month has. */
  readonly day: number
  readonly minDays: number
}

/** The end of a lot by silence: `days` after the later of `fromMs` and the account's last activity. */
export type Inactivity = {
  readonly days: number
  readonly timeZone: string
  /** When the lot was granted; of a moved lot, what it was before the move. */
  readonly fromMs: number
}

/** What only entries of one type carry. Kept with the entry and covered by its hash; no personal data. */
export interface EntryDetail {
  /** earn, earn_pending: the rule that worked it out. */
  readonly rule?: FrozenRule
  /** earn, earn_pending: the order's money; clawback: the refund's. */
  readonly parts?: MoneyParts
  /** earn, earn_pending of an order: what its rule counts of `parts`, before refunds, in minor units. */
  readonly baseMinor?: number
  /**
   * earn, activate, adjust +, import, merge_in, reversal +: part that paid debt instead of opening a lot. expire: part
   * that paid debt instead of being lost.
   */
  readonly debtPaid?: number
  /** clawback, adjust −, pos redeem: part that no lot covered. reversal −: debt that the original had paid. */
  readonly debtMade?: number
  /** Expiry of the lot that it opened: the earlier of lot days and calendar. */
  readonly expiresAtMs?: number | null
  /** How the lot that it opened ends by silence. Absent: never. */
  readonly inactivity?: Inactivity
  /** earn_pending: when the points become spendable, and how their lot will live then. */
  readonly activatesAtMs?: number
  readonly terms?: LotTerms
  /** hold, capture, release. */
  readonly holdId?: string
  /** hold: points pinned and when it ends by itself. capture, release: points that went back to their lots. */
  readonly heldPoints?: number
  readonly timeoutAtMs?: number
  /** activate, cancel_pending, reversal: the entry that it refers to. */
  readonly refersToSeq?: number
  /** reversal: it gives back only these points of the entry, because of this refund or cancellation of its order. */
  readonly becauseOf?: string
  /** Effect on the pending balance: earn_pending positive; activate, cancel_pending negative. */
  readonly pendingPoints?: number
  /** earn (not of an order), redeem, adjust, reversal, release: why, in the words of whoever did it. */
  readonly reason?: string
  /** merge_*: the other account. */
  readonly otherCustomerId?: string
  /** merge_in: accounts whose orders are kept in books elsewhere, the other account and those merged into it before. */
  readonly mergedFrom?: readonly string[]
  /** merge_in: when the customers of the merged accounts were last active. */
  readonly lastActivityAtMs?: number
  /** earn, earn_pending, clawback, cancel_pending of an edited order: it was like `parts` at this time by Shopify's clock. */
  readonly editedAtMs?: number
  /** adjust: the second person who approved it. */
  readonly approvedBy?: string
  /** A clawback (or cancel_pending) that cancels the whole order. */
  readonly cancelsOrder?: boolean
}

/** One line of the append-only ledger. */
export interface Entry {
  /** Gapless from 1 in each account. */
  readonly seq: number
  readonly type: EntryType
  /** Effect on the posted balance. */
  readonly points: number
  readonly source: Source
  /** Business id; unique for ever in the account. */
  readonly externalId: string
  /** SHA-256 (hex) of the canonical JSON of the command's meaningful fields. */
  readonly fingerprint: string
  /** When it happened in the world. */
  readonly effectiveAtMs: number
  /** When it was booked; never goes back. */
  readonly recordedAtMs: number
  /** `shopify`, `system`, `api_key:…`, `user:…`, `device:…`. Never a name or an address. */
  readonly actor: string
  readonly allocations: readonly Allocation[]
  readonly orderGid: string | null
  readonly ruleVersion: number | null
  readonly detail: EntryDetail
  /** Hash of the entry before ('' before the first). */
  readonly previousHash: string
  /** SHA-256 (hex) over the canonical JSON of everything above, `previousHash` included. */
  readonly hash: string
}

/** A grant of points with its own expiry. granted = remaining + consumed + expired + clawed + moved. */
export interface Lot {
  /** The seq of the entry that opened it. */
  readonly id: number
  readonly granted: number
  readonly remaining: number
  /** Part of `remaining` that open holds keep: 0 ≤ pinned ≤ remaining. */
  readonly pinned: number
  readonly consumed: number
  readonly expired: number
  readonly clawed: number
  readonly moved: number
  /** Null: no day is fixed. By it lots are taken in turn, whatever silence may do. */
  readonly expiresAtMs: number | null
  /** Null: silence does not end it. */
  readonly inactivity: Inactivity | null
  readonly orderGid: string | null
}

/** Points set aside for a redemption that is under way. */
export interface Hold {
  readonly id: string
  readonly points: number
  readonly pins: readonly Allocation[]
  readonly timeoutAtMs: number
  readonly openedSeq: number
  readonly state: 'open' | 'captured' | 'released'
}

/** Points of an order that wait for the end of the return window, and how their lot will live then. */
export interface Pending extends LotTerms {
  /** The seq of the earn_pending entry. */
  readonly seq: number
  readonly points: number
  readonly orderGid: string
  readonly activatesAtMs: number
}

/**
 * Sums over all time, none negative except `adjusted` (which also counts imports and merges);
 * posted = earned − redeemed − expired − clawedBack + adjusted. A reversal takes back from the sum of its original.
 */
export interface Lifetime {
  readonly earned: number
  readonly redeemed: number
  readonly expired: number
  readonly clawedBack: number
  readonly adjusted: number
}

/** The account's one row. posted = Σ entries = Σ remaining − debt. */
export interface AccountState {
  readonly seq: number
  readonly posted: number
  readonly debt: number
  /** Σ open holds. */
  readonly held: number
  readonly pending: number
  readonly lifetime: Lifetime
  readonly lastHash: string
  readonly lastRecordedAtMs: number
  /**
   * When the customer last did something, as recorded: an order that earned, points granted for an activity, points
   * spent or set aside, an opening balance. Corrections, refunds and what time brings are not activity. 0: never.
   */
  readonly lastActivityAtMs: number
  /** Set once the account was merged into another. */
  readonly mergedInto: string | null
  /** Accounts that were merged into this one, directly or through others. Their orders stay in their books. */
  readonly mergedFrom: readonly string[]
}

/**
 * What a decision may read. In production it is backed by the object's SQLite, in tests by arrays.
 * Everything it returns is a snapshot of one instant.
 */
export interface LedgerView {
  readonly account: AccountState
  /** Lots with remaining > 0, in any order. */
  readonly openLots: readonly Lot[]
  readonly openHolds: readonly Hold[]
  readonly pendings: readonly Pending[]
  lot(id: number): Lot | undefined
  hold(id: string): Hold | undefined
  entry(seq: number): Entry | undefined
  entryByExternalId(externalId: string): Entry | undefined
  /** The earn, earn_pending, activate, cancel_pending and clawback entries of an order, each once, by seq. */
  entriesOfOrder(orderGid: string): readonly Entry[]
  /** The reversal entries that refer to an entry, in full or in part, by seq. */
  reversalsOf(seq: number): readonly Entry[]
}

/** New rows and changed rows; the shell writes them in one transaction. */
export interface Changes {
  readonly account: AccountState
  /** In seq order. What was due comes before what was asked. */
  readonly entries: readonly Entry[]
  readonly lots: readonly Lot[]
  readonly holds: readonly Hold[]
  /** Added or changed. */
  readonly pendings: readonly Pending[]
  /** Ended: activated or cancelled in full. */
  readonly pendingsEnded: readonly number[]
}

/**
 * The outcome of a command. What was due is applied in every case, also before a refusal.
 * - applied: `entry` is new. - duplicate: `entry` was there before, nothing was asked twice.
 * - none: nothing was asked for: `apply_due`, an `edit_order` that changes nothing.
 */
export type Decision = { readonly changes: Changes } & (
  | { readonly outcome: 'applied' | 'duplicate'; readonly entry: Entry }
  | { readonly outcome: 'none' }
  | { readonly outcome: 'refused'; readonly refusal: Refusal }
)

/** `decide(view, command, nowMs)`: pure; throws only on a bug (a broken invariant). */
export type Decide = (view: LedgerView, command: Command, nowMs: number) => Decision
