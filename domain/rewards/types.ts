import type { z } from 'zod'
import type { CancelReason, Redemption, RewardConditions, RewardInput, RewardValue } from '../contracts/rewards.ts'
import type { Command, Source } from '../ledger/types.ts'

/**
 * The shapes of rewards and their redemptions inside. All times are milliseconds since 1970 (UTC). The machine itself is
 * in `redemption.ts`; this file holds no logic.
 */

/**
 * What a code of one reward does in a checkout, numbered within the reward from 1. A change of value or conditions makes
 * a new one; codes name theirs, so that what was issued keeps its worth.
 */
export interface RewardTerms {
  readonly number: number
  readonly value: z.output<typeof RewardValue>
  readonly conditions: z.output<typeof RewardConditions>
}

/** A reward as stored (D1 `CONTROL.rewards`). */
export interface StoredReward {
  readonly id: string
  readonly merchantId: string
  readonly version: number
  readonly status: 'draft' | 'active' | 'archived'
  readonly input: RewardInput
  /** All terms ever in force, oldest first; the last one is what new codes get. At most 100. */
  readonly terms: readonly [RewardTerms, ...RewardTerms[]]
  /** Key of the codes' signatures: base64 of 32 bytes, sealed for `rewards.code_key_sealed` and this reward. */
  readonly codeKeySealed: string
  readonly discountGid: string | null
  readonly discountState: 'waiting' | 'ready' | 'failed'
  readonly discountProblem: string | null
  /** The version that the shop's discount says. */
  readonly syncedVersion: number
  readonly createdAtMs: number
  readonly updatedAtMs: number
}

/** A redemption as the customer's account keeps it. */
export interface RedemptionRecord {
  readonly id: string
  readonly customerId: string
  readonly rewardId: string
  readonly title: string
  /** Of a sliding reward the amount in all. */
  readonly value: z.output<typeof RewardValue>
  readonly currency: string
  readonly points: number
  readonly pointsReturned: number
  readonly state: Redemption['state']
  readonly ending: Redemption['ending']
  readonly cancelReason: z.output<typeof CancelReason> | null
  readonly code: string
  readonly discountGid: string
  /** gid://shopify/DiscountRedeemCode/…; null until the shop has told it. */
  readonly redeemCodeGid: string | null
  readonly orderGid: string | null
  /** Goods of that order, in minor units of the shop's currency. Absent: not told. */
  readonly orderGoodsMinor?: number
  /** The refund of that order, or its cancellation, that gave points back last: each does so once. */
  readonly returnedFor?: string
  /** Whether it takes one of the reward's `limit_total`. */
  readonly limitTotal: number | null
  /** Days that the code is valid from its issue on, ending with the day in `timeZone`; null: until it is used. */
  readonly codeValidDays: number | null
  readonly timeZone: string
  readonly pointsBack: RewardInput['points_back']
  readonly requestedAtMs: number
  readonly issuedAtMs: number | null
  readonly expiresAtMs: number | null
  readonly endedAtMs: number | null
  /** The seq of the capture entry, once issued. */
  readonly capturedSeq: number | null
  /** Grows with each change that anybody sees. */
  readonly version: number
  /** When the version last grew. */
  readonly changedAtMs: number

  /** Who works on it with the shop now: grows with each lease. A result under an older number is not taken. */
  readonly lease: number
  /** 0: whoever held it has said what came of it. */
  readonly leaseEndsAtMs: number
  /**
   * When the account asks for the next attempt by itself; null: there is nothing to do. Of a cancelled one: until the
   * reward's total limit has its slot again.
   */
  readonly nextAttemptAtMs: number | null
  /** Attempts that ended without an answer. */
  readonly attempts: number
  /**
   * When a request whose outcome nobody knows last left for the shop; null: each one was answered. As long as it may
   * still take effect, "there is no such code" proves nothing.
   */
  readonly unansweredAtMs: number | null
}

/** What a request to redeem has already settled when it reaches the account. */
export interface RedemptionRequest {
  readonly id: string
  readonly rewardId: string
  readonly title: string
  readonly value: z.output<typeof RewardValue>
  readonly currency: string
  readonly points: number
  readonly code: string
  readonly discountGid: string
  readonly limitPerCustomer: number | null
  readonly limitTotal: number | null
  readonly codeValidDays: number | null
  readonly timeZone: string
  readonly pointsBack: RewardInput['points_back']
  readonly source: Source
  readonly actor: string
}

/** What whoever held the lease found out. */
export type SettledBy =
  /** The code works in the shop: the points are spent. */
  | { readonly kind: 'issued'; readonly redeemCodeGid: string | null }
  /** The shop has no such code and never will: the points come back. Only while pending. */
  | { readonly kind: 'refused'; readonly reason: z.output<typeof CancelReason> }
  /** The code is gone from the shop and was not used. Only while an ending is under way. */
  | { readonly kind: 'removed' }
  /** The code was used before it could be removed; the order will come, or is named. */
  | { readonly kind: 'used'; readonly orderGid: string | null }
  /** The reward's total limit has its slot again. Only once it is cancelled. */
  | { readonly kind: 'slot_freed' }
  /** No answer. `maybeDone`: the shop may have received the request. */
  | { readonly kind: 'unanswered'; readonly maybeDone: boolean; readonly notBeforeMs?: number }

/** What a change of a redemption asks of the ledger, in the same transaction. */
export type LedgerStep = Extract<
  Command,
  { kind: 'hold' | 'capture' | 'release' | 'reverse' | 'return_spent' | 'adjust' }
>
