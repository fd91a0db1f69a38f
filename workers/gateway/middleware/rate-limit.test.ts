import { describe, expect, it } from 'vitest'
import { TokenBuckets } from './rate-limit.ts'

describe('a token bucket', () => {
  it('lets its quota through at once, then one more each time a share of the window has passed', () => {
    const buckets = new TokenBuckets(10)
    const take = (nowMs: number) => buckets.take('shop', 60, nowMs)
    for (let left = 59; left >= 0; left -= 1) expect(take(0)).toMatchObject({ allowed: true, left })
    expect(take(0)).toEqual({ allowed: false, left: 0, resetSeconds: 60, retrySeconds: 1 })
    expect(take(999).allowed).toBe(false)
    expect(take(1_000).allowed).toBe(true)
    expect(take(1_000).allowed).toBe(false)
    expect(take(3_600_000)).toMatchObject({ allowed: true, left: 59, resetSeconds: 1 })
  })

  it('says when to come back: 2 in 60 seconds are one each 30', () => {
    const buckets = new TokenBuckets(10)
    buckets.take('a', 2, 0)
    buckets.take('a', 2, 0)
    expect(buckets.take('a', 2, 10_000)).toMatchObject({ allowed: false, retrySeconds: 20 })
    expect(buckets.take('b', 2, 10_000).allowed).toBe(true)
  })

  it('shuts nobody out when the clock is set back', () => {
    const buckets = new TokenBuckets(10)
    buckets.take('shop', 60, 3_600_000)
    expect(buckets.take('shop', 60, 0)).toMatchObject({ allowed: true, left: 58 })
    expect(buckets.take('shop', 60, 1_000)).toMatchObject({ allowed: true, left: 58 })
  })

  it('looks without taking, and remembers only so many keys', () => {
    const buckets = new TokenBuckets(2)
    expect(buckets.take('a', 1, 0, 0).allowed).toBe(true)
    expect(buckets.take('a', 1, 0).allowed).toBe(true)
    expect(buckets.take('a', 1, 0).allowed).toBe(false)
    buckets.take('b', 1, 0)
    buckets.take('c', 1, 0)
    expect(buckets.take('a', 1, 0).allowed).toBe(true)
  })
})
