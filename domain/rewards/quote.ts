import { type Refusal, refuse } from '../contracts/errors.ts'
import { fromMinor, toMinor } from '../contracts/money.ts'
import type { RewardInput, RewardStanding, RewardValue } from '../contracts/rewards.ts'
import { MAX_POINTS } from '../contracts/settings.ts'
import { MAX_CODE_STEPS } from './code.ts'
import type { StoredReward } from './types.ts'
import type { z } from 'zod'

/** What a redemption would cost and be worth, and how a customer stands towards a reward. Pure. */

type Value = z.output<typeof RewardValue>
type Standing = z.output<typeof RewardStanding>

/** What one redemption takes and gives. */
export interface Quote {
  readonly points: number
  /** Of a sliding reward the amount in all. */
  readonly value: Value
  /** Null: the reward is not sliding. */
  readonly steps: number | null
}

/**
 * What `points` of a reward buy, by its terms of now.
 * @param points null: what a fixed reward costs. A sliding one needs them.
 * @param currency the shop's.
 */
export function quote(reward: Pick<StoredReward, 'input'>, points: number | null, currency: string): Quote | Refusal {
  const { cost, value } = reward.input
  if (cost.kind === 'fixed') {
    if (points === null || points === cost.points) return { points: cost.points, value, steps: null }
    return refuse('points_out_of_range', `This reward costs ${cost.points} points.`, '/points')
  }
  if (points === null) return refuse('points_out_of_range', 'Say how many points to spend on it.', '/points')
  const steps = points / cost.step_points
  const { least, most } = stepRange(cost)
  if (!Number.isInteger(steps) || steps < least || steps > most) {
    const range = `from ${least * cost.step_points} to ${most * cost.step_points}`
    return refuse('points_out_of_range', `It takes a multiple of ${cost.step_points} points, ${range}.`, '/points')
  }
  const amount = value.type === 'amount_off' ? timesSteps(value.amount, steps, currency) : undefined
  if (amount === undefined) {
    return refuse('points_out_of_range', `That many points are no amount of ${currency} here.`, '/points')
  }
  return { points, value: { type: 'amount_off', amount }, steps }
}

type Sliding = Extract<StoredReward['input']['cost'], { kind: 'sliding' }>

/** The steps that one redemption may take, by the reward, by what one entry may hold, and by what a code can say. */
function stepRange({ step_points, min_steps, max_steps }: Sliding): { readonly least: number; readonly most: number } {
  const possible = Math.min(Math.floor(MAX_POINTS / step_points), MAX_CODE_STEPS)
  return { least: min_steps, most: max_steps === null ? possible : Math.min(max_steps, possible) }
}

/** Exactly so many times an amount, rounded once, half up, to the currency's minor unit; undefined where that is no amount. */
function timesSteps(amount: string, steps: number, currency: string): string | undefined {
  const [whole = '0', fraction = ''] = amount.split('.')
  const product = String(BigInt(whole + fraction) * BigInt(steps)).padStart(fraction.length + 1, '0')
  const cut = product.length - fraction.length
  const minor = toMinor(fraction === '' ? product : `${product.slice(0, cut)}.${product.slice(cut)}`, currency)
  // The contract's amounts have at most 15 digits before the point, and a safe integer has 15 in all.
  return minor === undefined || minor === 0 ? undefined : fromMinor(minor, currency)
}

/**
 * Why the amounts of a reward are no money of the shop's: points must not buy nothing. Undefined: they are.
 * @param currency the shop's.
 */
export function amountRefusal({ value, cost, conditions }: RewardInput, currency: string): Refusal | undefined {
  const leastSteps = cost.kind === 'sliding' ? cost.min_steps : 1
  if (value.type === 'amount_off' && timesSteps(value.amount, leastSteps, currency) === undefined) {
    return refuse('validation_failed', `is too small or too large for an amount of ${currency}`, '/value/amount')
  }
  const { minimum_spend: minimum } = conditions
  if (minimum === null || toMinor(minimum, currency) !== undefined) return undefined
  return refuse('validation_failed', `is too large for an amount of ${currency}`, '/conditions/minimum_spend')
}

/** A customer, as far as a reward asks. */
export interface Redeemer {
  /** Spendable now. */
  readonly points: number
  readonly tier: string | null
  /** Redemptions of this reward that count against `limit_per_customer`. */
  readonly redeemed: number
  /** Slots of `limit_total` that are taken; null: not asked. */
  readonly slotsTaken: number | null
}

/** How a customer stands towards a reward: the first thing that is in the way, or nothing. */
export function standingOf(reward: StoredReward, redeemer: Redeemer, nowMs: number): Standing {
  const { input } = reward
  const needed = leastPoints(input.cost)
  const missing = Math.max(0, needed - redeemer.points)
  const left = input.limit_per_customer === null ? null : Math.max(0, input.limit_per_customer - redeemer.redeemed)
  const status = obstacle(reward, redeemer, left, nowMs) ?? (missing > 0 ? 'not_enough_points' : 'available')
  return {
    status,
    points_missing: missing,
    progress: Math.min(1, redeemer.points / needed),
    max_points: status === 'available' ? mostPoints(input.cost, redeemer.points) : 0,
    redemptions_left: left,
  }
}

type Obstacle = Exclude<Standing['status'], 'available' | 'not_enough_points'>

function obstacle(
  reward: StoredReward,
  { tier, slotsTaken }: Redeemer,
  left: number | null,
  nowMs: number,
): Obstacle | undefined {
  const { starts_at, ends_at, limit_total, tier: needed } = reward.input
  if (reward.status === 'archived' || (ends_at !== null && nowMs >= Date.parse(ends_at))) return 'over'
  if (starts_at !== null && nowMs < Date.parse(starts_at)) return 'not_started'
  if (needed !== null && needed !== tier) return 'tier_required'
  if (limit_total !== null && slotsTaken !== null && slotsTaken >= limit_total) return 'sold_out'
  if (left === 0) return 'limit_reached'
  const isReady = reward.discountState === 'ready' && reward.discountGid !== null
  return isReady && reward.status === 'active' ? undefined : 'being_prepared'
}

/** Why a reward cannot be redeemed now, the customer's points aside; undefined: nothing is in the way. */
export function redeemRefusal(reward: StoredReward, redeemer: Redeemer, nowMs: number): Refusal | undefined {
  const { status } = standingOf(reward, redeemer, nowMs)
  switch (status) {
    case 'available':
    case 'not_enough_points':
      return undefined
    case 'over':
      return refuse('reward_unavailable', 'This reward is over.')
    case 'not_started':
      return refuse('reward_unavailable', `This reward begins at ${reward.input.starts_at}.`)
    case 'tier_required':
      return refuse('reward_unavailable', `This reward is for customers of the tier ${reward.input.tier}.`)
    case 'being_prepared':
      if (reward.status === 'draft') return refuse('reward_unavailable', 'This reward is a draft: activate it first.')
      return refuse('reward_unavailable', 'The shop does not have the discount of this reward yet; try again soon.')
    case 'sold_out':
      return refuse('reward_limit', 'All of this reward are taken.')
    case 'limit_reached':
      return limitRefusal(reward.input.limit_per_customer ?? 0)
  }
}

/** The refusal of one redemption more than a customer may make. */
export function limitRefusal(limitPerCustomer: number): Refusal {
  return refuse('reward_limit', `A customer may redeem this reward ${limitPerCustomer} times.`)
}

type Cost = StoredReward['input']['cost']

/** The points of the cheapest choice. */
export function leastPoints(cost: Cost): number {
  return cost.kind === 'fixed' ? cost.points : cost.step_points * cost.min_steps
}

function mostPoints(cost: Cost, available: number): number {
  if (cost.kind === 'fixed') return cost.points
  return Math.min(Math.floor(available / cost.step_points), stepRange(cost).most) * cost.step_points
}
