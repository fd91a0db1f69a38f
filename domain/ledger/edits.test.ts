import { describe, expect, it } from 'vitest'
import { freezeRule } from '../earning/rule.ts'
import {
  cancellation,
  DAY_MS,
  editOf,
  grantOf,
  MONDAY_MS,
  money,
  ORDER,
  orderOf,
  redeemOf,
  refundOf,
  reversalOf,
  settingsWith,
  TestAccount,
} from './examples.ts'

/** What the order is worth in the books, spendable or waiting. */
function worth({ account }: TestAccount): number {
  return account.posted + account.pending
}

describe('an edit', () => {
  it('that adds items earns what they add, by an entry of its own', () => {
    const account = new TestAccount()
    account.book(orderOf())
    const edited = account.book(editOf(8000))
    expect(edited).toMatchObject({
      type: 'earn',
      points: 21,
      externalId: `order:${ORDER}:edit:${MONDAY_MS + 3_600_000}`,
      orderGid: ORDER,
      ruleVersion: 1,
      allocations: [{ lot: 2, points: 21 }],
    })
    expect(worth(account)).toBe(80)
  })

  it('that removes items takes back what they earned, from the lot of their order first', () => {
    const account = new TestAccount()
    account.book(grantOf(100, 'before'))
    account.book(orderOf())
    expect(account.book(editOf(2000))).toMatchObject({
      type: 'clawback',
      points: -39,
      allocations: [{ lot: 2, points: -39 }],
    })
  })

  it('counts by the rule that the order earned by, whatever the rule is today', () => {
    const account = new TestAccount()
    account.book(orderOf({ rule: freezeRule(settingsWith({ points: 3, per_amount: '10' })) }))
    account.book(editOf(10_000))
    expect(account.history).toEqual(['earn 17', 'earn 13'])
  })

  it('rounds once for the order as it is now, not for what was added', () => {
    const account = new TestAccount()
    account.book(orderOf({ parts: money({ goods: 5990 }) }))
    account.book(editOf(6010))
    expect(account.history).toEqual(['earn 59', 'earn 1'])
  })

  it('that changes nothing about the points is booked with 0, so that later refunds count from there', () => {
    const account = new TestAccount()
    account.book(orderOf({ parts: money({ goods: 5000, shipping: 500 }) }))
    account.book(editOf(5000, 1, { parts: money({ goods: 5000, shipping: 900 }) }))
    expect(account.history).toEqual(['earn 50', 'clawback 0'])
  })

  it('makes debt where the points are spent', () => {
    const account = new TestAccount()
    account.book(orderOf())
    account.book(redeemOf(50))
    expect(account.book(editOf(1000))).toMatchObject({ points: -49, detail: { debtMade: 40 } })
  })

  it('pays debt first with what it adds', () => {
    const account = new TestAccount()
    account.book(orderOf())
    account.book(redeemOf(59))
    account.book(refundOf(1000))
    expect(account.book(editOf(7990))).toMatchObject({ points: 20, detail: { debtPaid: 10 } })
    expect(account.available).toBe(10)
  })

  it('grants a lot that lives by the terms of the day on which it is made', () => {
    const account = new TestAccount()
    account.book(orderOf())
    account.wait(300 * DAY_MS)
    account.book(editOf(6990, 1, { terms: { lotDays: 1, timeZone: 'UTC' } }))
    expect(account.lots.get(2)?.expiresAtMs).toBe(Date.UTC(2026, 11, 29))
  })

  it('of so much money that nobody could count it is refused', () => {
    const account = new TestAccount()
    account.book(orderOf())
    const parts = money({ goods: Number.MAX_SAFE_INTEGER, goods_discount: Number.MAX_SAFE_INTEGER })
    expect(account.refusal(editOf(0, 1, { parts: { ...parts, tips: 1 } }))).toBe('points_out_of_range')
  })
})

describe('an edit within the return window', () => {
  it('adds pending points that activate together with the others', () => {
    const account = new TestAccount()
    account.book(orderOf({ returnWindowDays: 14 }))
    expect(account.book(editOf(8000))).toMatchObject({ type: 'earn_pending', points: 0, detail: { pendingPoints: 21 } })
    account.wait(15 * DAY_MS)
    expect(account.history).toEqual(['earn_pending 0', 'earn_pending 0', 'activate 59', 'activate 21'])
  })

  it('does so also where all of the first points were taken back', () => {
    const account = new TestAccount()
    account.book(orderOf({ returnWindowDays: 14 }))
    account.book(refundOf(5990))
    account.book(editOf(8990))
    expect(account.account).toMatchObject({ posted: 0, pending: 30 })
  })

  it('takes from the pending points', () => {
    const account = new TestAccount()
    account.book(orderOf({ returnWindowDays: 14 }))
    expect(account.book(editOf(1000))).toMatchObject({ type: 'cancel_pending', detail: { pendingPoints: -49 } })
    expect(account.account.pending).toBe(10)
  })

  it('that is over adds points to spend', () => {
    const account = new TestAccount()
    account.book(orderOf({ returnWindowDays: 14 }))
    account.wait(15 * DAY_MS)
    account.book(editOf(8000))
    expect(account.history).toEqual(['earn_pending 0', 'activate 59', 'earn 21'])
  })
})

describe('nothing is booked for an edit', () => {
  it('of an order that is not in the books, also if its refund is', () => {
    const account = new TestAccount()
    expect(account.do(editOf(8000)).outcome).toBe('none')
    account.book(refundOf(100))
    expect(account.do(editOf(8000)).outcome).toBe('none')
    expect(account.history).toEqual(['clawback 0'])
  })

  it('that changes no money', () => {
    const account = new TestAccount()
    account.book(orderOf())
    expect(account.do(editOf(5990)).outcome).toBe('none')
    account.book(editOf(8000, 1))
    expect(account.do(editOf(8000, 2)).outcome).toBe('none')
  })

  it('that is older than the one in force, or as old as it', () => {
    const account = new TestAccount()
    account.book(orderOf())
    account.book(editOf(8000, 5))
    expect(account.do(editOf(9000, 4)).outcome).toBe('none')
    expect(account.do(editOf(9000, 5)).outcome).toBe('none')
    expect(account.do(editOf(8000, 5)).outcome).toBe('duplicate')
    expect(worth(account)).toBe(80)
  })
})

describe('an edited order', () => {
  it('is refunded from what it is now', () => {
    const account = new TestAccount()
    account.book(orderOf())
    account.book(editOf(8000))
    account.book(refundOf(8000))
    expect(account.history).toEqual(['earn 59', 'earn 21', 'clawback -80'])
  })

  it('that was refunded before is worth what it is now without the refunds', () => {
    const account = new TestAccount()
    account.book(orderOf())
    account.book(refundOf(990))
    account.book(editOf(8000))
    expect(worth(account)).toBe(70)
  })

  it('that is cancelled has nothing, and gets nothing by a later edit', () => {
    const account = new TestAccount()
    account.book(orderOf())
    account.book(editOf(8000, 1))
    account.book(cancellation())
    account.book(editOf(9000, 2))
    expect(worth(account)).toBe(0)
  })

  it('can be edited back and forth', () => {
    const account = new TestAccount()
    account.book(orderOf())
    for (const [hour, goods] of [2000, 9000, 100, 5990].entries()) account.book(editOf(goods, hour + 1))
    expect(worth(account)).toBe(59)
  })

  it('is as it was before an edit that was reversed', () => {
    const account = new TestAccount()
    account.book(orderOf())
    account.book(editOf(8000))
    account.book(reversalOf(2))
    account.book(refundOf(1000))
    expect(worth(account)).toBe(49)
  })

  it('counts tax as its new state says', () => {
    const account = new TestAccount()
    const rule = freezeRule(settingsWith({ tax: 'exclude' }))
    account.book(orderOf({ rule, parts: money({ goods: 11_900, goods_tax: 1900 }) }))
    account.book(editOf(0, 1, { parts: money({ goods: 5950, goods_tax: 950 }) }))
    expect(worth(account)).toBe(50)
  })
})
