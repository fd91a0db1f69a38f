import type { Reward } from '../../domain/contracts/rewards.ts'

type Status = NonNullable<Reward['standing']>['status']

/** What the points of now make of a reward. */
export interface Offer {
  readonly status: Status
  readonly missing: number
  /** Of the points that the cheapest choice needs. */
  readonly progress: number
  /** What a shopper may choose: from `min` to `max` in steps of `step`. Of a fixed cost they are all the cost. */
  readonly min: number
  readonly max: number
  readonly step: number
}

/**
 * How a reward stands with `points`: the server's word on limits, dates and tiers, the balance of now on the rest, so that
 * progress moves with it. With `goods` in the cart (in the shop's currency; 0: nothing in it) a sliding reward offers no
 * more than its share of them can use, since the rest of such a code would be lost.
 */
export function offerOf({ cost, value, conditions, standing }: Reward, points: number, goods: number): Offer {
  const isSliding = cost.kind === 'sliding'
  const step = isSliding ? cost.step_points : cost.points
  const least = isSliding ? cost.min_steps : 1
  const min = step * least
  const amount = value.type === 'amount_off' ? Number(value.amount) : 0
  const payable = (goods * (conditions.max_share_percent ?? 100)) / 100
  // A hair less, so that 30.000000000000004 steps of 1 are 30.
  const useful = payable > 0 && amount > 0 ? Math.ceil(payable / amount - 1e-9) : Infinity
  const most = isSliding ? Math.min(Math.floor(points / step), cost.max_steps ?? Infinity, useful) : 1
  const said = standing?.status ?? 'available'
  const isAboutPoints = said === 'available' || said === 'not_enough_points'
  return {
    status: isAboutPoints ? (points < min ? 'not_enough_points' : 'available') : said,
    missing: Math.max(0, min - points),
    progress: points / min,
    min,
    max: step * Math.max(most, least),
    step,
  }
}

/** What `points` of the reward take off, in the shop's currency; 0 where it is no amount. */
export function amountFor({ cost, value }: Reward, points: number): number {
  if (value.type !== 'amount_off') return 0
  return Number(value.amount) * (cost.kind === 'sliding' ? points / cost.step_points : 1)
}
