import { describe, expect, it } from 'vitest'
import { nextDueAtMs, isDue } from './due.ts'
import { DAY_MS, grantOf, holdOf, MONDAY_MS, orderOf, redeemOf, TestAccount } from './examples.ts'
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
