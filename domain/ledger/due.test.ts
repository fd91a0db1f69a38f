import { describe, expect, it } from 'vitest'
import { balanceOf } from './balance.ts'
import { nextDueAtMs, isDue } from './due.ts'
import {
  adjustOf,
  DAY_MS,
  grantOf,
  holdOf,
  importOf,
  MONDAY_MS,
  orderOf,
  redeemOf,
  refundOf,
  releaseOf,
  reversalOf,
  TestAccount,
} from './examples.ts'
import type { Command } from './types.ts'

const ONE_DAY = { lotDays: 1, timeZone: 'Europe/Berlin' }
const TUESDAY_END_MS = Date.UTC(2026, 2, 3, 23)

describe('expiry', () => {
  it("comes at the end of the lot's last day in the shop's zone, one entry a lot", () => {
    const account = new TestAccount()
    account.book(grantOf(10, 'a', { terms: ONE_DAY }))
    account.book(grantOf(5, 'b', { terms: ONE_DAY }))
    account.wait(TUESDAY_END_MS - 1 - MONDAY_MS)
    expect(account.available).toBe(15)
    account.wait(1)
    expect(account.entries.slice(2)).toMatchObject([
      { externalId: 'expire:1:2026-03-03', points: -10, effectiveAtMs: TUESDAY_END_MS },
      { externalId: 'expire:2:2026-03-03', points: -5 },
    ])
    expect(account.account.lifetime.expired).toBe(15)
  })

  it('is booked before a command is decided, also before one that is refused', () => {
    const account = new TestAccount()
    account.book(grantOf(10, 'a', { terms: ONE_DAY }))
    account.nowMs += 30 * DAY_MS
    expect(account.refusal(redeemOf(1))).toBe('insufficient_points')
    expect(account.history).toEqual(['earn 10', 'expire -10'])
  })

  it('reaches a lot that was activated and ended while nobody looked', () => {
    const account = new TestAccount()
    account.book(orderOf({ returnWindowDays: 7, terms: ONE_DAY }))
    account.wait(365 * DAY_MS)
    expect(account.history).toEqual(['earn_pending 0', 'activate 59', 'expire -59'])
  })
})

describe('expiry by silence', () => {
  const SILENCE = { lotDays: 30, timeZone: 'Europe/Berlin', inactivityDays: 3 }

  it('ends all points together, so many days after the customer did something', () => {
    const account = new TestAccount()
    account.book(grantOf(10, 'a', { terms: SILENCE }))
    account.wait(2 * DAY_MS)
    account.book(grantOf(5, 'b', { terms: SILENCE }))
    account.wait(3 * DAY_MS)
    expect(account.available).toBe(15)
    account.wait(DAY_MS)
    // Wednesday and three days.
    const endMs = Date.UTC(2026, 2, 7, 23)
    expect(account.entries.slice(2)).toMatchObject([
      { externalId: 'expire:1:2026-03-07', points: -10, effectiveAtMs: endMs },
      { externalId: 'expire:2:2026-03-07', points: -5, effectiveAtMs: endMs },
    ])
  })

  it.each([
    ['an order', orderOf({ orderGid: 'gid://shopify/Order/2' })],
    ['a pending order', orderOf({ orderGid: 'gid://shopify/Order/2', returnWindowDays: 30 })],
    ['points spent', redeemOf(1)],
    ['points set aside', holdOf(1)],
    ['an opening balance', importOf(1)],
  ])('is put off by %s', (_, command) => {
    const account = new TestAccount()
    account.book(grantOf(10, 'a', { terms: SILENCE }))
    account.wait(3 * DAY_MS)
    account.book(command)
    account.wait(3 * DAY_MS)
    expect(account.lots.get(1)?.expired).toBe(0)
    account.wait(DAY_MS)
    expect(account.lots.get(1)?.expired).toBeGreaterThan(0)
  })

  it.each([
    ['a correction', adjustOf(1)],
    ['a refund', refundOf(100)],
    ['a reversal', reversalOf(2)],
  ])('is not put off by %s', (_, command) => {
    const account = new TestAccount()
    account.book(grantOf(10, 'a', { terms: SILENCE }))
    account.book(redeemOf(4))
    account.wait(3 * DAY_MS)
    account.book(command)
    account.wait(DAY_MS)
    expect(account.lots.get(1)).toMatchObject({ remaining: 0 })
    expect(account.lots.get(1)?.expired).toBeGreaterThan(0)
  })

  it('does not put off the end of a lot whose day is fixed', () => {
    const account = new TestAccount()
    account.book(grantOf(10, 'a', { terms: { ...SILENCE, lotDays: 2 } }))
    account.wait(2 * DAY_MS)
    account.book(redeemOf(1))
    account.wait(DAY_MS)
    expect(account.history.at(-1)).toBe('expire -9')
    expect(account.entries.at(-1)?.externalId).toBe('expire:1:2026-03-04')
  })

  it('never touches lots that were granted under other terms', () => {
    const account = new TestAccount()
    account.book(grantOf(10, 'old'))
    account.book(grantOf(5, 'new', { terms: SILENCE }))
    account.wait(365 * DAY_MS)
    expect(account.available).toBe(10)
  })

  it('counts as the end of a lot in the balance and for the alarm', () => {
    const account = new TestAccount()
    account.book(grantOf(10, 'a', { terms: SILENCE }))
    const endMs = Date.UTC(2026, 2, 5, 23)
    expect(nextDueAtMs(account)).toBe(endMs)
    const { next_expiration } = balanceOf(account, 'c', MONDAY_MS)
    expect(next_expiration).toEqual({ points: 10, at: new Date(endMs).toISOString() })
  })

  it('begins with the day on which pending points became points', () => {
    const account = new TestAccount()
    account.book(orderOf({ returnWindowDays: 10, terms: SILENCE }))
    account.wait(30 * DAY_MS)
    expect(account.entries.slice(1)).toMatchObject([
      { type: 'activate', effectiveAtMs: Date.UTC(2026, 2, 12, 23) },
      { type: 'expire', effectiveAtMs: Date.UTC(2026, 2, 16, 23) },
    ])
  })

  it('waits for pinned points; should the customer be active until they come back, they live on', () => {
    const account = new TestAccount()
    account.book(grantOf(10, 'a', { terms: SILENCE }))
    account.book(holdOf(10, 'h', 10 * DAY_MS))
    account.wait(8 * DAY_MS)
    expect(account.history).toEqual(['earn 10', 'hold 0'])
    account.book(grantOf(1, 'b'))
    account.book(releaseOf('h'))
    expect(account.available).toBe(11)
  })
})

describe('what is due at one instant', () => {
  it('goes in this order: a hold ends, points activate, a lot expires', () => {
    const account = new TestAccount()
    account.book(grantOf(30, 'lasting'))
    account.book(holdOf(30, 'h', TUESDAY_END_MS - account.nowMs))
    account.book(grantOf(100, 'ending', { terms: ONE_DAY }))
    account.book(orderOf({ returnWindowDays: 1 }))
    account.wait(DAY_MS * 3)
    expect(account.history.slice(4)).toEqual(['release 0', 'activate 59', 'expire -100'])
  })
})

describe('the outcome', () => {
  const story: readonly Command[] = [
    grantOf(100, 'a', { terms: ONE_DAY }),
    orderOf({ returnWindowDays: 2, terms: { lotDays: 3, timeZone: 'Asia/Tokyo' } }),
    holdOf(30, 'short', 3_600_000),
    holdOf(20, 'long', 4 * DAY_MS),
  ]

  it('does not depend on when the alarm ran', () => {
    const awake = new TestAccount()
    const asleep = new TestAccount()
    for (const command of story) {
      awake.book(command)
      asleep.book(command)
    }
    for (let hour = 0; hour < 24 * 10; hour += 1) awake.wait(3_600_000)
    asleep.wait(10 * DAY_MS)
    expect(asleep.history).toEqual(awake.history)
    expect(asleep.history.slice(4)).toEqual([
      'release 0',
      'expire -80',
      'activate 59',
      'release 0',
      'expire -20',
      'expire -59',
    ])
    expect(asleep.entries.map((entry) => entry.effectiveAtMs)).toEqual(
      awake.entries.map((entry) => entry.effectiveAtMs),
    )
  })
})

describe('the next thing due', () => {
  it('is nothing where nothing can happen', () => {
    const account = new TestAccount()
    account.book(grantOf(10))
    expect(nextDueAtMs(account)).toBeNull()
    expect(isDue(account, Number.MAX_SAFE_INTEGER)).toBe(false)
  })

  it('is the earliest of expiry, timeout and activation', () => {
    const account = new TestAccount()
    account.book(orderOf({ returnWindowDays: 1 }))
    expect(nextDueAtMs(account)).toBe(TUESDAY_END_MS)
    account.book(grantOf(10, 'a', { terms: { lotDays: 1, timeZone: 'Asia/Tokyo' } }))
    expect(nextDueAtMs(account)).toBe(TUESDAY_END_MS - 8 * 3_600_000)
    account.book(holdOf(5, 'h', 60_000))
    expect(nextDueAtMs(account)).toBe(MONDAY_MS + 60_000)
    expect(isDue(account, MONDAY_MS + 60_000)).toBe(true)
  })

  it('is not the expiry of a lot that is pinned in full', () => {
    const account = new TestAccount()
    account.book(grantOf(10, 'a', { terms: ONE_DAY }))
    account.book(holdOf(10, 'h', 5 * DAY_MS))
    expect(nextDueAtMs(account)).toBe(MONDAY_MS + 5 * DAY_MS)
  })
})
