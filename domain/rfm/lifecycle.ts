/** Where a customer is between the first order and the last, measured by the shop's own gaps between purchases. */

export const LIFECYCLES = ['prospect', 'new', 'reactivated', 'active', 'cooling', 'lapsed', 'lost'] as const
export type Lifecycle = (typeof LIFECYCLES)[number]

/** What a shop's gaps say, in milliseconds: three of four purchases come sooner than q75, nine of ten than q90. */
export interface GapQuantiles {
  readonly q75Ms: number
  readonly q90Ms: number
}

const DAY_MS = 86_400_000
/** Of fewer gaps quantiles are chance. */
const LEAST_GAPS = 200
const FALLBACK: GapQuantiles = { q75Ms: 60 * DAY_MS, q90Ms: 120 * DAY_MS }

/** The quantiles of a shop's gaps (nearest rank). @param gapsMs sorted in place. */
export function gapQuantiles(gapsMs: Float64Array): GapQuantiles {
  if (gapsMs.length < LEAST_GAPS) return FALLBACK
  gapsMs.sort()
  const rank = (percent: number): number => gapsMs[Math.ceil((percent * gapsMs.length) / 100) - 1] ?? 0
  return { q75Ms: rank(75), q90Ms: rank(90) }
}

/** What the lifecycle needs of a customer: counted orders only. */
export interface Purchases {
  readonly orders: number
  readonly lastAtMs: number
  /** Between the last order and the one before it; null: there was one order. */
  readonly lastGapMs: number | null
}

/** The stage as of an instant; null: never bought. */
export function lifecycleOf(purchases: Purchases | null, { q75Ms, q90Ms }: GapQuantiles, atMs: number): Lifecycle {
  if (purchases === null || purchases.orders === 0) return 'prospect'
  const silenceMs = atMs - purchases.lastAtMs
  if (silenceMs <= q75Ms) {
    if (purchases.lastGapMs === null) return 'new'
    return purchases.lastGapMs > q90Ms ? 'reactivated' : 'active'
  }
  if (silenceMs <= q90Ms) return 'cooling'
  return silenceMs <= 2 * q90Ms ? 'lapsed' : 'lost'
}
