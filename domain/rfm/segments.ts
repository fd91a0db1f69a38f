import type { RfmScores, Score } from './score.ts'

/** The segments of Shopify's own RFM analysis. */
export const SEGMENTS = [
  'champions',
  'loyal',
  'active',
  'new',
  'promising',
  'needs_attention',
  'almost_lost',
  'at_risk',
  'previously_loyal',
  'dormant',
  'prospects',
] as const
export type Segment = (typeof SEGMENTS)[number]

/** Below this many buyers ranks say nothing: values are shown, and no segment. */
export const LEAST_BUYERS = 50

/** A rectangle of the grid of recency and value that belongs to a segment; both ends belong to it. */
export interface SegmentRule {
  readonly segment: Segment
  readonly recency: readonly [Score, Score]
  /** Of {@link valueScore}. */
  readonly value: readonly [Score, Score]
}

/** How the 25 cells are shared out where the merchant has not changed it. */
export const DEFAULT_RULES: readonly SegmentRule[] = [
  { segment: 'dormant', recency: [1, 2], value: [1, 2] },
  { segment: 'at_risk', recency: [1, 2], value: [3, 4] },
  { segment: 'previously_loyal', recency: [1, 2], value: [5, 5] },
  { segment: 'almost_lost', recency: [3, 3], value: [1, 2] },
  { segment: 'needs_attention', recency: [3, 3], value: [3, 3] },
  { segment: 'loyal', recency: [3, 3], value: [4, 5] },
  { segment: 'promising', recency: [4, 4], value: [1, 1] },
  { segment: 'active', recency: [4, 4], value: [2, 3] },
  { segment: 'loyal', recency: [4, 4], value: [4, 5] },
  { segment: 'new', recency: [5, 5], value: [1, 1] },
  { segment: 'active', recency: [5, 5], value: [2, 3] },
  { segment: 'champions', recency: [5, 5], value: [4, 5] },
]

const SCORES = [1, 2, 3, 4, 5] as const

/** Frequency and money as one: (F + M + 1) div 2. */
export function valueScore({ f, m }: Pick<RfmScores, 'f' | 'm'>): number {
  return (f + m + 1) >> 1
}

function rulesOf(rules: readonly SegmentRule[], r: number, value: number): readonly SegmentRule[] {
  return rules.filter(
    ({ recency, value: of }) => recency[0] <= r && r <= recency[1] && of[0] <= value && value <= of[1],
  )
}

/** A cell that no rule, or more than one, gives a segment. */
export interface SegmentGap {
  readonly recency: Score
  readonly value: Score
  readonly segments: readonly Segment[]
}

/** The cells where rules leave a gap or overlap; none: every customer has exactly one segment. */
export function segmentGaps(rules: readonly SegmentRule[]): readonly SegmentGap[] {
  return SCORES.flatMap((recency) =>
    SCORES.flatMap((value) => {
      const segments = rulesOf(rules, recency, value).map(({ segment }) => segment)
      return segments.length === 1 ? [] : [{ recency, value, segments }]
    }),
  )
}

/** The 25 cells as a table, for scoring many: `table[r * 6 + value]`. Throws a RangeError where rules are not total and disjoint. */
export function segmentTable(rules: readonly SegmentRule[]): readonly (Segment | undefined)[] {
  const [gap] = segmentGaps(rules)
  if (gap) throw new RangeError(`recency ${gap.recency}, value ${gap.value} has ${gap.segments.length} segments`)
  const table: (Segment | undefined)[] = []
  for (const r of SCORES) for (const value of SCORES) table[r * 6 + value] = rulesOf(rules, r, value)[0]?.segment
  return table
}

/** The segment of scores; prospects are those who have none. */
export function segmentOf(scores: RfmScores | null, rules: readonly SegmentRule[] = DEFAULT_RULES): Segment {
  if (scores === null) return 'prospects'
  const [rule] = rulesOf(rules, scores.r, valueScore(scores))
  if (rule === undefined) throw new RangeError('the rules leave a gap')
  return rule.segment
}

/** The founding names: a coarser view of the segments. */
export const FOUNDING_SEGMENTS: Readonly<Record<'high_value' | 'at_risk' | 'new', readonly Segment[]>> = {
  high_value: ['champions', 'loyal'],
  at_risk: ['at_risk', 'previously_loyal', 'almost_lost'],
  new: ['new', 'promising'],
}
