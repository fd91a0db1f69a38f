/**
 * Scores of 1 to 5 by rank, larger is better, the same for equal values:
 * `score = LEAST(5, 1 + floor(5 · percent_rank()))` in integers, where percent_rank = below / (N − 1) and below is how many
 * values are strictly smaller. NTILE would split equal values: most customers of a shop bought once.
 */

/** A score. */
export type Score = 1 | 2 | 3 | 4 | 5

/**
 * The step function of one dimension: a value's score is 1 + how many of these it is greater than. Ascending; null: no
 * value is greater (a single customer, or none).
 */
export type Thresholds = readonly [number | null, number | null, number | null, number | null]

/** Nobody is above anybody. */
export const NO_THRESHOLDS: Thresholds = [null, null, null, null]

const STEPS = [1, 2, 3, 4] as const

/**
 * The thresholds of all values of a shop. With m = ⌈k·(N−1)/5⌉, 5·below ≥ k·(N−1) means that at least m values are
 * smaller, and that is so exactly for what is greater than the m-th smallest.
 * @param values finite; sorted in place, ascending.
 */
export function thresholdsOf(values: Float64Array): Thresholds {
  const others = values.length - 1
  if (others < 1) return NO_THRESHOLDS
  values.sort()
  const at = (step: number): number | null => values[Math.ceil((step * others) / 5) - 1] ?? null
  return [at(STEPS[0]), at(STEPS[1]), at(STEPS[2]), at(STEPS[3])]
}

/** The score of one value, also of one that was not among those that the thresholds were made of. */
export function scoreOf(value: number, thresholds: Thresholds): Score {
  const [first, second, third, fourth] = thresholds
  if (fourth !== null && value > fourth) return 5
  if (third !== null && value > third) return 4
  if (second !== null && value > second) return 3
  return first !== null && value > first ? 2 : 1
}

/** The three numbers of each buyer of a shop, a column each; equal lengths. */
export interface RfmColumns {
  /** The last order: milliseconds since 1970. An instant: by day, a big shop's best would never reach 5. */
  readonly lastAtMs: Float64Array
  /** How many counted orders. */
  readonly orders: Float64Array
  /** Σ of their net amounts, in minor units of the shop's currency. */
  readonly spentMinor: Float64Array
}

/** A shop's twelve thresholds. */
export interface RfmThresholds {
  readonly recency: Thresholds
  readonly frequency: Thresholds
  readonly monetary: Thresholds
}

/** The scores of one customer. */
export interface RfmScores {
  readonly r: Score
  readonly f: Score
  readonly m: Score
}

/** The thresholds of a whole shop. Leaves the columns as they are: sorting is done on copies, one at a time. */
export function rfmThresholds({ lastAtMs, orders, spentMinor }: RfmColumns): RfmThresholds {
  return {
    recency: thresholdsOf(lastAtMs.slice()),
    frequency: thresholdsOf(orders.slice()),
    monetary: thresholdsOf(spentMinor.slice()),
  }
}

/** Scores one buyer: O(1). */
export function rfmScores(
  buyer: { readonly lastAtMs: number; readonly orders: number; readonly spentMinor: number },
  thresholds: RfmThresholds,
): RfmScores {
  return {
    r: scoreOf(buyer.lastAtMs, thresholds.recency),
    f: scoreOf(buyer.orders, thresholds.frequency),
    m: scoreOf(buyer.spentMinor, thresholds.monetary),
  }
}

/** The scores of many buyers: r·100 + f·10 + m of each, in the order of the columns. */
export function scoreAll({ lastAtMs, orders, spentMinor }: RfmColumns, thresholds: RfmThresholds): Uint16Array {
  const { recency, frequency, monetary } = thresholds
  return Uint16Array.from(
    lastAtMs,
    (atMs, index) =>
      scoreOf(atMs, recency) * 100 +
      scoreOf(orders[index] ?? 0, frequency) * 10 +
      scoreOf(spentMinor[index] ?? 0, monetary),
  )
}
