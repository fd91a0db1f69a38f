import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { addDecayed, decayedAt, decayedOrder, decayedRecency } from './decayed.ts'

const DAY_MS = 86_400_000
const NOW_MS = Date.UTC(2026, 10, 23)

/** By definition. */
function naive(times: readonly number[], atMs: number, halfLifeDays: number): number {
  return times.reduce((sum, time) => sum + 2 ** (-(atMs - time) / (halfLifeDays * DAY_MS)), 0)
}

const times = fc.array(
  fc.integer({ min: 0, max: 2_000 }).map((days) => NOW_MS - days * DAY_MS),
  { minLength: 1, maxLength: 50 },
)

describe('recency that sums over orders', () => {
  test('is the sum of all orders, each halved every half-life', () => {
    fc.assert(
      fc.property(times, fc.integer({ min: 1, max: 365 }), (orders, halfLifeDays) => {
        const expected = naive(orders, NOW_MS, halfLifeDays)
        expect(decayedAt(decayedRecency(orders, halfLifeDays), NOW_MS, halfLifeDays)).toBeCloseTo(expected, 9)
      }),
    )
  })

  test('one more order needs nothing but the sum so far', () => {
    fc.assert(
      fc.property(times, (orders) => {
        const all = decayedRecency(orders) ?? 0
        const before = decayedRecency(orders.slice(1))
        expect(addDecayed(before, decayedOrder(orders[0] ?? 0, 90))).toBeCloseTo(all, 9)
      }),
    )
  })

  test('two orders of a month ago outrank one of last week', () => {
    const regular = decayedRecency([NOW_MS - 30 * DAY_MS, NOW_MS - 31 * DAY_MS]) ?? 0
    const once = decayedRecency([NOW_MS - 7 * DAY_MS]) ?? 0
    expect(regular).toBeGreaterThan(once)
  })

  test('far apart in time nothing overflows', () => {
    const ages = [Date.UTC(1, 0), Date.UTC(9999, 0)]
    expect(decayedRecency(ages, 1)).toBe(decayedOrder(Date.UTC(9999, 0), 1))
    expect(decayedAt(null, NOW_MS)).toBe(0)
  })
})
