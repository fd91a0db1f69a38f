import { describe, expect, it } from 'vitest'
import { refillMs, reserve } from './cost.ts'

/** What Shopify tells of a shop that has `available` of 2,000 points, filling up by 100 a second. */
function told(available: number, requestedQueryCost = 10) {
  return {
    requestedQueryCost,
    throttleStatus: { maximumAvailable: 2_000, currentlyAvailable: available, restoreRate: 100 },
  }
}

describe("a shop's budget", () => {
  it('holds nothing back before Shopify has told of it', () => {
    expect(reserve(crypto.randomUUID(), 'query Unknown', 0).waitMs).toBe(0)
  })

  it('lets wait what it does not cover, one behind the other', () => {
    const shop = crypto.randomUUID()
    reserve(shop, 'query A', 0).end(told(25), 0)
    const waits = [1, 2, 3, 4].map(() => reserve(shop, 'query A', 0).waitMs)
    expect(waits).toEqual([0, 0, 50, 150])
  })

  it('fills up with time, up to its maximum', () => {
    const shop = crypto.randomUUID()
    reserve(shop, 'query B', 0).end(told(0), 0)
    expect(reserve(shop, 'query B', 100).waitMs).toBe(0)
    expect(reserve(shop, 'query B', 100).waitMs).toBe(100)
    expect(reserve(shop, 'query B', 60_000).waitMs).toBe(0)
  })

  it('counts what other requests have taken that are not answered yet', () => {
    const shop = crypto.randomUUID()
    reserve(shop, 'query C', 0).end(told(2_000), 0)
    const first = reserve(shop, 'query C', 0)
    const second = reserve(shop, 'query C', 0)
    first.end(told(15), 0)
    // 15 are there, 10 of them taken by the second.
    expect(reserve(shop, 'query C', 0).waitMs).toBe(50)
    second.end(null, 0)
    expect(reserve(shop, 'query C', 0).waitMs).toBe(50)
  })

  it('is one shop’s: another one is not held back', () => {
    const [busy, idle] = [crypto.randomUUID(), crypto.randomUUID()]
    reserve(busy, 'query D', 0).end(told(0), 0)
    expect(reserve(busy, 'query D', 0).waitMs).toBe(100)
    expect(reserve(idle, 'query D', 0).waitMs).toBe(0)
  })
})

describe('the wait after THROTTLED', () => {
  it('is what the query still lacks, at the rate at which the budget fills', () => {
    expect(refillMs(told(40, 90))).toBe(500)
    expect(refillMs(told(90, 90))).toBe(0)
  })
})
