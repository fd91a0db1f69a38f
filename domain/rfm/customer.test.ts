import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { recencyDays, rfmCustomer, type RfmOrder } from './customer.ts'

const HOUR_MS = 3_600_000
const BERLIN = 'Europe/Berlin'

function order(number: number, at: string, netMinor: number, more: Partial<RfmOrder> = {}): RfmOrder {
  const orderGid = `gid://shopify/Order/${number}`
  return { orderGid, orderedAtMs: Date.parse(at), netMinor, cancelled: false, test: false, ...more }
}

function toOrders(orders: readonly { hours: number; netMinor: number; cancelled: boolean }[]): RfmOrder[] {
  return orders.map(({ hours, netMinor, cancelled }) =>
    order(hours, '2026-01-01T00:00:00Z', netMinor, {
      orderedAtMs: Date.UTC(2026, 0) + hours * HOUR_MS,
      cancelled,
    }),
  )
}

describe("a customer's row", () => {
  test('counts what was paid and kept', () => {
    const row = rfmCustomer(
      [
        order(1, '2026-03-01T10:00:00Z', 5_000),
        order(2, '2026-03-05T10:00:00Z', 2_500),
        order(3, '2026-04-01T10:00:00Z', 0),
        order(4, '2026-04-02T10:00:00Z', 9_900, { cancelled: true }),
        order(5, '2026-04-03T10:00:00Z', 9_900, { test: true }),
      ],
      BERLIN,
    )
    expect(row).toMatchObject({
      firstAtMs: Date.parse('2026-03-01T10:00:00Z'),
      lastAtMs: Date.parse('2026-03-05T10:00:00Z'),
      orders: 2,
      purchaseDays: 2,
      spentMinor: 7_500,
      lastGapMs: 4 * 24 * HOUR_MS,
    })
  })

  test('of somebody whose every order went back is none', () => {
    expect(rfmCustomer([order(1, '2026-03-01T10:00:00Z', 0)], BERLIN)).toBeNull()
  })

  test("days are the shop's: half past eleven at night in UTC is tomorrow in Berlin", () => {
    const late = Date.parse('2026-03-01T23:30:00Z')
    expect(recencyDays(late, late + HOUR_MS, BERLIN)).toBe(0)
    expect(recencyDays(late, late + HOUR_MS, 'UTC')).toBe(1)
  })

  test('is the same for every order of arrival', () => {
    const history = fc.array(
      fc.record({
        hours: fc.integer({ min: 0, max: 20_000 }),
        netMinor: fc.integer({ min: 0, max: 100_000 }),
        cancelled: fc.boolean(),
      }),
      { maxLength: 20 },
    )
    const shuffled = history.chain((orders) =>
      fc.tuple(fc.constant(orders), fc.shuffledSubarray(orders, { minLength: orders.length })),
    )
    fc.assert(
      fc.property(shuffled, ([one, other]) => {
        expect(rfmCustomer(toOrders(other), BERLIN)).toEqual(rfmCustomer(toOrders(one), BERLIN))
      }),
    )
  })
})
