import { describe, expect, it } from 'vitest'
import { freezeRule } from '../earning/rule.ts'
import {
  cancellation,
  DAY_MS,
  grantOf,
  MONDAY_MS,
  money,
  orderOf,
  redeemOf,
  refundOf,
  releaseOf,
  holdOf,
  settingsWith,
  TestAccount,
} from './examples.ts'

describe('an order', () => {
  it('earns 59 points for 59.90 EUR', () => {
    const account = new TestAccount()
    expect(account.book(orderOf())).toMatchObject({
      type: 'earn',
      points: 59,
      externalId: 'order:gid://shopify/Order/820982911946154508:earn:base',
      ruleVersion: 1,
      detail: { baseMinor: 5990 },
    })
  })

  it('of nothing is booked with 0 points, so that it stays booked', () => {
    const account = new TestAccount()
    account.book(orderOf({ parts: money() }))
    expect(account.do(orderOf({ parts: money() })).outcome).toBe('duplicate')
    expect(account.history).toEqual(['earn 0'])
    expect([...account.lots]).toEqual([])
  })

  it('of a shop whose clock is ahead of ours is spendable at once, and its return window begins now at the latest', () => {
    const ahead = { effectiveAtMs: MONDAY_MS + 400 * DAY_MS }
    const account = new TestAccount()
    account.book(orderOf(ahead))
    account.book(orderOf({ ...ahead, orderGid: 'gid://shopify/Order/2', returnWindowDays: 2 }))
    expect(account.history).toEqual(['earn 59', 'earn_pending 0'])
    account.wait(3 * DAY_MS)
    expect(account.account).toMatchObject({ posted: 118, pending: 0 })
  })

  it('of more points than an entry can hold is refused', () => {
    const rule = freezeRule(settingsWith({ points: 1_000_000 }))
    expect(new TestAccount().refusal(orderOf({ rule, parts: money({ goods: 10 ** 12 }) }))).toBe('points_out_of_range')
  })
})

describe('refunds', () => {
  it('take back the points of the refunded part, rounded once for the order', () => {
    const account = new TestAccount()
    account.book(orderOf())
    account.book(refundOf(1990, 1))
    expect(account.available).toBe(40)
  })

  it('in several parts sum up exactly, whatever each would round to', () => {
    const account = new TestAccount()
    account.book(orderOf({ parts: money({ goods: 1000 }) }))
    for (const [index, goods] of [333, 333, 334].entries()) account.book(refundOf(goods, index + 1))
    expect(account.history).toEqual(['earn 10', 'clawback -4', 'clawback -3', 'clawback -3'])
    expect(account.available).toBe(0)
  })

  it('count once, from whichever topic they come', () => {
    const account = new TestAccount()
    account.book(orderOf())
    account.book(refundOf(1000))
    expect(account.do(refundOf(1000)).outcome).toBe('duplicate')
    expect(account.refusal(refundOf(2000))).toBe('external_id_conflict')
    expect(account.available).toBe(49)
  })

  it('that come before their order are kept, and the order then earns f(net)', () => {
    const account = new TestAccount()
    account.book(refundOf(1990))
    account.book(orderOf())
    expect(account.history).toEqual(['clawback 0', 'earn 40'])
  })

  it('of shipping alone take nothing when shipping earned nothing', () => {
    const account = new TestAccount()
    account.book(orderOf({ parts: money({ goods: 5000, shipping: 990 }) }))
    account.book(refundOf(0, 1, { parts: money({ shipping: 990 }) }))
    expect(account.history).toEqual(['earn 50', 'clawback 0'])
  })

  it('of shipping take what shipping earned', () => {
    const account = new TestAccount()
    const rule = freezeRule(settingsWith({ include_shipping: true }))
    account.book(orderOf({ rule, parts: money({ goods: 5000, shipping: 990 }) }))
    account.book(refundOf(0, 1, { parts: money({ shipping: 990 }) }))
    expect(account.history).toEqual(['earn 59', 'clawback -9'])
  })

  it('contain tax exactly if their order does, since a refund does not say', () => {
    const rule = freezeRule(settingsWith({ tax: 'exclude' }))
    const goods = { goods: 11_900, goods_tax: 1900 }
    const inclusive = new TestAccount()
    inclusive.book(orderOf({ rule, parts: money({ ...goods, taxes_included: true }) }))
    inclusive.book(refundOf(0, 1, { parts: money({ goods: 5950, goods_tax: 950, taxes_included: false }) }))
    expect(inclusive.history).toEqual(['earn 100', 'clawback -50'])
  })

  it('never take more than the order earned', () => {
    const account = new TestAccount()
    account.book(orderOf())
    account.book(refundOf(9000))
    expect(account.history).toEqual(['earn 59', 'clawback -59'])
  })

  it('go by the rule that the order earned by', () => {
    const account = new TestAccount()
    account.book(orderOf({ rule: freezeRule(settingsWith({ points: 3, per_amount: '10.00' }, {}, 8)) }))
    expect(account.book(refundOf(2000))).toMatchObject({ points: -6, ruleVersion: 8 })
  })

  it("take from the order's own lot, then from the others by FIFO, then make debt", () => {
    const account = new TestAccount()
    account.book(grantOf(10, 'soon', { terms: { lotDays: 5, timeZone: 'Europe/Berlin' } }))
    account.book(orderOf())
    account.book(redeemOf(60, 'most'))
    const taken = account.book(refundOf(5990))
    expect(taken.allocations).toEqual([{ lot: 2, points: -9 }])
    expect(account.lot(2)).toMatchObject({ granted: 59, remaining: 0, consumed: 50, clawed: 9, expired: 0 })
    expect(taken.detail.debtMade).toBe(50)
    expect(account.account).toMatchObject({ posted: -50, debt: 50 })
    account.book(grantOf(70, 'later'))
    expect(account.available).toBe(20)
  })

  it('leave alone what a hold has pinned', () => {
    const account = new TestAccount()
    account.book(orderOf())
    account.book(holdOf(59))
    account.book(refundOf(5990))
    expect(account.account).toMatchObject({ posted: 0, debt: 59, held: 59 })
    account.book(releaseOf())
    expect(account.available).toBe(0)
    expect(account.refusal(redeemOf(1))).toBe('insufficient_points')
  })
})

describe('a cancelled order', () => {
  it('loses all that refunds have left', () => {
    const account = new TestAccount()
    account.book(orderOf())
    account.book(refundOf(1990))
    account.book(cancellation())
    expect(account.history).toEqual(['earn 59', 'clawback -19', 'clawback -40'])
    account.book(refundOf(4000, 2))
    expect(account.available).toBe(0)
  })

  it('earns nothing when the cancellation came first', () => {
    const account = new TestAccount()
    account.book(cancellation())
    account.book(orderOf())
    expect(account.history).toEqual(['clawback 0', 'earn 0'])
  })
})

describe('a return window', () => {
  const windowed = orderOf({ returnWindowDays: 14 })

  it('keeps the points pending until the end of its last day', () => {
    const account = new TestAccount()
    account.book(windowed)
    expect(account.account).toMatchObject({ posted: 0, pending: 59 })
    expect(account.refusal(redeemOf(1))).toBe('insufficient_points')
    account.wait(14 * DAY_MS)
    expect(account.account.pending).toBe(59)
    account.wait(12 * 3_600_000)
    expect(account.history).toEqual(['earn_pending 0', 'activate 59'])
    expect(account.account).toMatchObject({ posted: 59, pending: 0, lifetime: { earned: 59 } })
  })

  it('lets refunds cancel pending points in part and as a whole', () => {
    const account = new TestAccount()
    account.book(windowed)
    expect(account.book(refundOf(1990, 1))).toMatchObject({ type: 'cancel_pending', detail: { pendingPoints: -19 } })
    expect(account.account.pending).toBe(40)
    account.book(refundOf(4000, 2))
    expect(account.pendings).toEqual([])
    account.wait(60 * DAY_MS)
    expect(account.history).toEqual(['earn_pending 0', 'cancel_pending 0', 'cancel_pending 0'])
  })

  it('lets a refund after its end take the points as usual', () => {
    const account = new TestAccount()
    account.book(windowed)
    account.nowMs += 15 * DAY_MS
    account.book(refundOf(1990))
    expect(account.history).toEqual(['earn_pending 0', 'activate 59', 'clawback -19'])
  })

  it('that is over when the order is heard of makes its points spendable at once', () => {
    const account = new TestAccount()
    account.nowMs += 20 * DAY_MS
    account.book(windowed)
    expect(account.history).toEqual(['earn 59'])
  })

  it('of an order with two rules gives each its entry when they are cancelled', () => {
    const account = new TestAccount()
    account.book(windowed)
    account.book({ ...windowed, rule: { ...windowed.rule, ruleId: 'campaign', points: 2 } })
    account.book(cancellation())
    expect(
      account.entries.map(({ externalId, detail }) => [externalId.split(':').at(-1), detail.pendingPoints]),
    ).toEqual([
      ['base', 59],
      ['campaign', 119],
      ['1', -59],
      ['//shopify/Order/820982911946154508', -119],
    ])
  })
})
