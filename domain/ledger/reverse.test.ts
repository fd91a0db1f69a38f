import { describe, expect, it } from 'vitest'
import {
  adjustOf,
  captureOf,
  DAY_MS,
  grantOf,
  holdOf,
  orderOf,
  redeemOf,
  refundOf,
  reversalOf,
  TestAccount,
} from './examples.ts'

describe('a reversal', () => {
  it('gives the points of a redemption back to the lots that they came from', () => {
    const account = new TestAccount()
    account.book(grantOf(10, 'a', { terms: { lotDays: 5, timeZone: 'Europe/Berlin' } }))
    account.book(grantOf(10, 'b'))
    account.book(redeemOf(15))
    expect(account.book(reversalOf(3)).allocations).toEqual([
      { lot: 1, points: 10 },
      { lot: 2, points: 5 },
    ])
    expect(account.account).toMatchObject({ posted: 20, lifetime: { redeemed: 0 } })
  })

  it('lets points that come back to an expired lot expire at once', () => {
    const account = new TestAccount()
    account.book(grantOf(10, 'a', { terms: { lotDays: 1, timeZone: 'Europe/Berlin' } }))
    account.book(redeemOf(10))
    account.wait(5 * DAY_MS)
    account.book(reversalOf(2))
    expect(account.history).toEqual(['earn 10', 'redeem -10', 'reversal 10', 'expire -10'])
  })

  it('undoes a capture', () => {
    const account = new TestAccount()
    account.book(grantOf(10))
    account.book(holdOf(8))
    account.book(captureOf('h', 6))
    account.book(reversalOf(3))
    expect(account.available).toBe(10)
  })

  it('happens once', () => {
    const account = new TestAccount()
    account.book(grantOf(10))
    account.book(redeemOf(10))
    account.book(reversalOf(2))
    expect(account.do(reversalOf(2)).outcome).toBe('duplicate')
    expect(account.refusal(reversalOf(2, 'another reason'))).toBe('reversal_exists')
  })

  it("takes a grant's points from its own lot first, and only if they are still there", () => {
    const account = new TestAccount()
    account.book(grantOf(10, 'a'))
    account.book(grantOf(10, 'b'))
    expect(account.book(reversalOf(2)).allocations).toEqual([{ lot: 2, points: -10 }])
    account.book(redeemOf(4))
    expect(account.refusal(reversalOf(1))).toBe('insufficient_points')
  })

  it('of a grant that paid debt owes that debt again', () => {
    const account = new TestAccount()
    account.book(adjustOf(-30, 'forced', { allowDebt: true }))
    account.book(grantOf(50))
    account.book(reversalOf(2))
    expect(account.account).toMatchObject({ posted: -30, debt: 30 })
  })

  it('forgives debt that the entry had made', () => {
    const account = new TestAccount()
    account.book(adjustOf(-30, 'forced', { allowDebt: true }))
    account.book(reversalOf(1))
    expect(account.account).toMatchObject({ posted: 0, debt: 0 })
  })

  it('gives points for debt that later earnings have paid', () => {
    const account = new TestAccount()
    account.book(adjustOf(-30, 'forced', { allowDebt: true }))
    account.book(grantOf(50))
    expect(account.book(reversalOf(1)).allocations).toEqual([{ lot: 3, points: 30 }])
    expect(account.available).toBe(50)
  })

  it('of a clawback lets its refund count no more', () => {
    const account = new TestAccount()
    account.book(orderOf())
    account.book(refundOf(1990, 1))
    account.book(reversalOf(2, 'refunded by mistake'))
    account.book(refundOf(1000, 2))
    expect(account.history).toEqual(['earn 59', 'clawback -19', 'reversal 19', 'clawback -10'])
  })

  it('of an order that was refunded in part needs the clawback reversed first', () => {
    const account = new TestAccount()
    account.book(orderOf())
    account.book(refundOf(1990))
    expect(account.refusal(reversalOf(1))).toBe('not_reversible')
    account.book(reversalOf(2))
    account.book(reversalOf(1))
    expect(account.available).toBe(0)
  })

  it('is not for what time has done, nor for what is not there', () => {
    const account = new TestAccount()
    account.book(grantOf(10, 'a', { terms: { lotDays: 1, timeZone: 'Europe/Berlin' } }))
    account.wait(5 * DAY_MS)
    expect(account.refusal(reversalOf(2))).toBe('not_reversible')
    expect(account.refusal(reversalOf(3))).toBe('not_found')
  })

  it('of a grant that paid debt takes only what it granted, and leaves other lots alone', () => {
    const account = new TestAccount()
    account.book(adjustOf(-30, 'debt', { allowDebt: true }))
    account.book(grantOf(40, 'paid'))
    account.book(grantOf(100, 'other'))
    expect(account.book(reversalOf(2))).toMatchObject({
      points: -40,
      allocations: [{ lot: 2, points: -10 }],
      detail: { debtMade: 30 },
    })
    expect(account.account).toMatchObject({ posted: 70, debt: 30 })
  })
})
