import type { RedemptionLimits } from '../contracts/settings.ts'
import type { MoneyParts } from '../earning/facts.ts'
import type { FrozenRule, Lot, LotTerms, Source } from './types.ts'

/** What can be asked of a ledger. */

/** What each command carries beside its own fields. */
export interface CommandBase {
  readonly source: Source
  readonly actor: string
  readonly effectiveAtMs: number
}

/** A paid order. Worked out by `rule` over `parts`; refunds known already are taken off: f(net). */
export interface EarnOrder extends CommandBase {
  readonly kind: 'earn_order'
  readonly orderGid: string
  readonly parts: MoneyParts
  readonly rule: FrozenRule
  readonly terms: LotTerms
  /** 0: spendable at once, else earn_pending. */
  readonly returnWindowDays: number
}
/** Points granted by a server for something other than a Shopify order. */
export interface EarnPoints extends CommandBase {
  readonly kind: 'earn_points'
  /** Begins with `activity:`, of a till with `pos:`, so that no caller's id meets one of the ledger's own. */
  readonly externalId: string
  readonly points: number
  readonly reason: string | null
  readonly terms: LotTerms
}
/** A refund takes back what its order earned; unknown order: stored, and the earn takes it into account. */
export interface Clawback extends CommandBase {
  readonly kind: 'clawback'
  readonly refundGid: string
  readonly orderGid: string
  readonly parts: MoneyParts
}
/** The order was cancelled: all that is left of its points goes. */
export interface CancelOrder extends CommandBase {
  readonly kind: 'cancel_order'
  readonly orderGid: string
}
/**
 * The order as it stands now, in Shopify's eyes: its items were changed after it was paid. Brings its points to f(net) of
 * the new parts by the rules that it earned by. Nothing is booked for an order that is not in the books, for parts that
 * are the ones in force, and for a state older than the one in force.
 */
export interface EditOrder extends CommandBase {
  readonly kind: 'edit_order'
  readonly orderGid: string
  readonly parts: MoneyParts
  /** When Shopify last changed the order. */
  readonly editedAtMs: number
  /** How the lot of what it adds lives; pending points that it adds live as those that they join. */
  readonly terms: LotTerms
}
/** Spends points in one step. */
export interface Redeem extends CommandBase {
  readonly kind: 'redeem'
  /** Of an offline till it begins with `pos:`. */
  readonly redemptionId: string
  readonly points: number
  readonly limits: RedemptionLimits | null
  readonly reason: string | null
  /** The till has given the goods away already: the account may owe up to this many points afterwards. Default 0. */
  readonly overdraftPoints?: number
  /**
   * Beside it: the most points of this very redemption that nothing covers, for the till has a limit of its own. Default:
   * no other limit. Refused by it: `insufficient_points` with the pointer `/overdraft_made_points`.
   */
  readonly overdraftMadePoints?: number
}
export interface PlaceHold extends CommandBase {
  readonly kind: 'hold'
  readonly holdId: string
  readonly points: number
  readonly timeoutMs: number
  readonly limits: RedemptionLimits | null
}
/** Spends all or part of a hold; the rest goes back. */
export interface CaptureHold extends CommandBase {
  readonly kind: 'capture'
  readonly holdId: string
  /** Defaults to all of it. */
  readonly points?: number
}
export interface ReleaseHold extends CommandBase {
  readonly kind: 'release'
  readonly holdId: string
  readonly reason: string
}
/** A correction by hand. */
export interface Adjust extends CommandBase {
  readonly kind: 'adjust'
  readonly adjustmentId: string
  /** Not 0. */
  readonly points: number
  readonly reason: string
  /** Lets a negative correction go below what is available. */
  readonly allowDebt: boolean
  readonly terms: LotTerms
  /** The second person, where the shop wants one. */
  readonly approvedBy?: string
}
/** Undoes one entry, once: earn, redeem, capture, adjust, clawback, import. */
export interface Reverse extends CommandBase {
  readonly kind: 'reverse'
  readonly seq: number
  readonly reason: string
}
/**
 * Points that were spent on an order come back, because all or a part of it was refunded: `points` of the capture (or
 * redeem) entry `seq` go back into the lots that they came from, the last taken first. May come several times, with other
 * refunds, until all of them are back.
 */
export interface ReturnSpent extends CommandBase {
  readonly kind: 'return_spent'
  readonly seq: number
  readonly points: number
  /** The refund, or `cancel:{order gid}`; business id `return:{becauseOf}:{seq}`. */
  readonly becauseOf: string
  readonly reason: string
}
/** A lot on its way to another account. */
export interface MovedLot extends Pick<Lot, 'expiresAtMs' | 'inactivity' | 'orderGid'> {
  readonly points: number
}
/**
 * Merges this account into another, for good: all free points and all debt leave. What comes free later (a hold that
 * ends, pending points that activate) or is owed later (a refund of an order in these books) follows at once by a further
 * merge_out: from now on this account keeps nothing. Business ids `merge:{into}/{n}:out`: n is 1, of what follows the entry's own seq.
 */
export interface MergeOut extends CommandBase {
  readonly kind: 'merge_out'
  readonly intoCustomerId: string
}
/** What one merge_out of another account carried. Business id `merge:{fromCustomerId}/{number}:in`. */
export interface MergeIn extends CommandBase {
  readonly kind: 'merge_in'
  readonly fromCustomerId: string
  readonly number: number
  readonly lots: readonly MovedLot[]
  readonly debt: number
  /** The other account, and those that were merged into it before. */
  readonly mergedFrom: readonly string[]
  readonly lastActivityAtMs: number
}
/** An opening balance from another program. */
export interface ImportBalance extends CommandBase {
  readonly kind: 'import'
  readonly batchId: string
  readonly row: number
  readonly points: number
  readonly terms: LotTerms
}
/** Books what time alone has brought about: expiries, hold timeouts, activations. */
export interface ApplyDue {
  readonly kind: 'apply_due'
}

export type Command =
  | EarnOrder
  | EarnPoints
  | Clawback
  | CancelOrder
  | EditOrder
  | Redeem
  | PlaceHold
  | CaptureHold
  | ReleaseHold
  | Adjust
  | Reverse
  | ReturnSpent
  | MergeOut
  | MergeIn
  | ImportBalance
  | ApplyDue
