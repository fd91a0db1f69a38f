import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { NO_THRESHOLDS, rfmScores, rfmThresholds, scoreAll, scoreOf, thresholdsOf } from './score.ts'

/** By definition: LEAST(5, 1 + floor(5 · percent_rank())), in integers. */
function naiveScore(values: readonly number[], value: number): number {
  if (values.length <= 1) return 1
  const below = values.filter((other) => other < value).length
  return Math.min(5, 1 + Math.floor((5 * below) / (values.length - 1)))
}

const values = fc.oneof(
  fc.array(fc.integer({ min: -5, max: 5 }), { minLength: 1, maxLength: 60 }),
  fc.array(fc.integer({ min: 0, max: Number.MAX_SAFE_INTEGER }), { minLength: 1, maxLength: 60 }),
)

describe('a score by rank', () => {
  test('is what percent_rank says, also of values that are not in the shop', () => {
    fc.assert(
      fc.property(values, fc.integer({ min: -6, max: 6 }), (shop, other) => {
        const thresholds = thresholdsOf(Float64Array.from(shop))
        for (const value of [...shop, other]) expect(scoreOf(value, thresholds)).toBe(naiveScore(shop, value))
      }),
    )
  })

  test('equal values get equal scores: of a shop where most bought once, nobody of them gets more than 1', () => {
    const bought = Float64Array.from([...Array.from({ length: 95 }, () => 1), 2, 2, 3, 4, 9])
    const thresholds = thresholdsOf(bought.slice())
    expect(scoreOf(1, thresholds)).toBe(1)
    expect([2, 3, 4, 9].map((orders) => scoreOf(orders, thresholds))).toEqual([5, 5, 5, 5])
  })

  test('five customers, five scores', () => {
    const thresholds = thresholdsOf(Float64Array.from([50, 10, 40, 20, 30]))
    expect([10, 20, 30, 40, 50].map((value) => scoreOf(value, thresholds))).toEqual([1, 2, 3, 4, 5])
  })

  test('a single customer is a 1, and so is everybody of a shop without customers', () => {
    expect(thresholdsOf(Float64Array.from([7]))).toEqual(NO_THRESHOLDS)
    expect(scoreOf(7, thresholdsOf(Float64Array.from([7])))).toBe(1)
    expect(scoreOf(7, thresholdsOf(new Float64Array()))).toBe(1)
  })
})

test('many at once are scored as one by one, and the columns stay as they are', () => {
  const columns = {
    lastAtMs: Float64Array.from([30, 10, 20, 50, 40]),
    orders: Float64Array.from([1, 1, 1, 2, 9]),
    spentMinor: Float64Array.from([500, 400, 300, 200, 100]),
  }
  const thresholds = rfmThresholds(columns)
  const all = scoreAll(columns, thresholds)
  expect([...columns.lastAtMs]).toEqual([30, 10, 20, 50, 40])
  expect([...all]).toEqual([315, 114, 213, 542, 451])
  expect(rfmScores({ lastAtMs: 50, orders: 2, spentMinor: 200 }, thresholds)).toEqual({ r: 5, f: 4, m: 2 })
})
