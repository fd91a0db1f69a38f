import { describe, expect, test } from 'vitest'
import { gapQuantiles, lifecycleOf } from './lifecycle.ts'

const DAY_MS = 86_400_000
const NOW_MS = Date.UTC(2026, 10, 23)
const GAPS = { q75Ms: 60 * DAY_MS, q90Ms: 120 * DAY_MS }

describe('gaps between purchases', () => {
  test('under 200 of them say nothing: 60 and 120 days', () => {
    expect(gapQuantiles(new Float64Array(199))).toEqual(GAPS)
  })

  test('three of four are within q75, nine of ten within q90', () => {
    const gaps = Float64Array.from({ length: 200 }, (_, index) => (200 - index) * DAY_MS)
    expect(gapQuantiles(gaps)).toEqual({ q75Ms: 150 * DAY_MS, q90Ms: 180 * DAY_MS })
  })
})

test.each([
  [null, 'prospect'],
  [{ orders: 1, silentDays: 60, gapDays: null }, 'new'],
  [{ orders: 2, silentDays: 60, gapDays: 30 }, 'active'],
  [{ orders: 2, silentDays: 60, gapDays: 121 }, 'reactivated'],
  [{ orders: 2, silentDays: 61, gapDays: 121 }, 'cooling'],
  [{ orders: 1, silentDays: 120, gapDays: null }, 'cooling'],
  [{ orders: 9, silentDays: 121, gapDays: 10 }, 'lapsed'],
  [{ orders: 9, silentDays: 240, gapDays: 10 }, 'lapsed'],
  [{ orders: 9, silentDays: 241, gapDays: 10 }, 'lost'],
] as const)('%o is %s', (customer, stage) => {
  const purchases = customer && {
    orders: customer.orders,
    lastAtMs: NOW_MS - customer.silentDays * DAY_MS,
    lastGapMs: customer.gapDays === null ? null : customer.gapDays * DAY_MS,
  }
  expect(lifecycleOf(purchases, GAPS, NOW_MS)).toBe(stage)
})
