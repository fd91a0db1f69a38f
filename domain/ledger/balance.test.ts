import { describe, expect, it } from 'vitest'
import { Balance } from '../contracts/points.ts'
import { balanceOf } from './balance.ts'
import { DAY_MS, grantOf, holdOf, MONDAY_MS, orderOf, redeemOf, refundOf, TestAccount } from './examples.ts'

const CUSTOMER = '0b0f5f3e-7d0c-5b7a-9d0e-3b7c7c1f2a10'
const ONE_DAY = { lotDays: 1, timeZone: 'Europe/Berlin' }

describe('a balance', () => {
  it('of an account that was never written is all zeros', () => {
    const balance = balanceOf(new TestAccount(), CUSTOMER, MONDAY_MS)
    expect(balance).toMatchObject({ points: 0, posted: 0, pending: 0, held: 0, debt: 0, next_expiration: null, seq: 0 })
    expect(Balance.parse(balance)).toEqual(balance)
  })

  it('says everything in one answer', () => {
    const account = new TestAccount()
    account.book(grantOf(100, 'a', { terms: ONE_DAY }))
    account.book(grantOf(20, 'b'))
    account.book(orderOf({ returnWindowDays: 14 }))
    account.book(holdOf(30))
    expect(balanceOf(account, CUSTOMER, MONDAY_MS)).toEqual({
      customer_id: CUSTOMER,
      points: 90,
      posted: 120,
      pending: 59,
      held: 30,
      debt: 0,
      lifetime: { earned: 120, redeemed: 0, expired: 0, clawed_back: 0, adjusted: 0 },
      next_expiration: { points: 70, at: '2026-03-03T23:00:00.000Z' },
      tier: null,
      seq: 4,
      as_of: '2026-03-02T11:00:00.000Z',
    })
  })

  it('adds up the lots that expire at the same instant', () => {
    const account = new TestAccount()
    account.book(grantOf(5, 'late', { terms: { lotDays: 9, timeZone: 'Europe/Berlin' } }))
    account.book(grantOf(10, 'a', { terms: ONE_DAY }))
    account.book(grantOf(10, 'b', { terms: ONE_DAY }))
    expect(balanceOf(account, CUSTOMER, MONDAY_MS).next_expiration?.points).toBe(20)
  })

  it('does not wait for the alarm: what is due counts as done, and nothing is booked by looking', () => {
    const account = new TestAccount()
    account.book(grantOf(100, 'a', { terms: ONE_DAY }))
    account.book(orderOf({ returnWindowDays: 2 }))
    const later = balanceOf(account, CUSTOMER, MONDAY_MS + 10 * DAY_MS)
    expect(later).toMatchObject({ points: 59, pending: 0, lifetime: { earned: 159, expired: 100 }, seq: 2 })
    expect(account.entries).toHaveLength(2)
  })

  it('shows no negative points while there is debt', () => {
    const account = new TestAccount()
    account.book(orderOf())
    account.book(redeemOf(59))
    account.book(refundOf(5990))
    const balance = balanceOf(account, CUSTOMER, MONDAY_MS)
    expect(balance).toMatchObject({ points: 0, posted: -59, debt: 59 })
    expect(Balance.parse(balance)).toEqual(balance)
  })
})
