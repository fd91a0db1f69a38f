import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import {
  captureOf,
  DAY_MS,
  grantOf,
  holdOf,
  redeemOf,
  returnOf,
  reversalOf,
  TestAccount,
  tillRedeemOf,
} from './examples.ts'

const ONE_DAY = { lotDays: 1, timeZone: 'Europe/Berlin' }

/** 10, 20 and 30 points, of which 45 are spent by entry 4. */
function spentAccount(): TestAccount {
  const account = new TestAccount()
  for (const [index, points] of [10, 20, 30].entries()) account.book(grantOf(points, String(index)))
  account.book(redeemOf(45))
  return account
}

describe('points that were spent on an order that is refunded', () => {
  it('come back into the lots that they came from, the last taken first', () => {
    const account = spentAccount()
    expect(account.book(returnOf(4, 20, 1))).toMatchObject({
      type: 'reversal',
      points: 20,
      externalId: 'return:gid://shopify/Refund/1:4',
      allocations: [
        { lot: 3, points: 15 },
        { lot: 2, points: 5 },
      ],
      detail: { refersToSeq: 4, becauseOf: 'gid://shopify/Refund/1', reason: 'refund' },
    })
    expect(account.book(returnOf(4, 25, 2)).allocations).toEqual([
      { lot: 2, points: 15 },
      { lot: 1, points: 10 },
    ])
    expect(account.available).toBe(60)
  })

  it('do not count as redeemed any more', () => {
    const account = spentAccount()
    account.book(returnOf(4, 20))
    expect(account.account.lifetime).toMatchObject({ earned: 60, redeemed: 25, adjusted: 0 })
    expect(account.lots.get(3)).toMatchObject({ granted: 30, remaining: 30, consumed: 0 })
  })

  it('come back by a hold that was captured as well', () => {
    const account = new TestAccount()
    account.book(grantOf(100))
    account.book(holdOf(50))
    account.book(captureOf('h', 40))
    account.book(returnOf(3, 40))
    expect(account.available).toBe(100)
  })

  it('come back once for each refund, whatever is repeated', () => {
    const account = spentAccount()
    account.book(returnOf(4, 20))
    expect(account.do(returnOf(4, 20)).outcome).toBe('duplicate')
    expect(account.refusal(returnOf(4, 21))).toBe('external_id_conflict')
    expect(account.available).toBe(35)
  })

  it('are never more than were spent', () => {
    const account = spentAccount()
    account.book(returnOf(4, 40, 1))
    expect(account.do(returnOf(4, 6, 2))).toMatchObject({
      refusal: {
        code: 'not_reversible',
        detail: '5 points of entry 4 are left to give back, not 6.',
        pointer: '/points',
      },
    })
    account.book(returnOf(4, 5, 3))
    expect(account.refusal(returnOf(4, 1, 4))).toBe('not_reversible')
  })

  it('expire at once where their lot is over', () => {
    const account = new TestAccount()
    account.book(grantOf(10, 'a', { terms: ONE_DAY }))
    account.book(grantOf(10, 'b'))
    account.book(redeemOf(15))
    account.wait(3 * DAY_MS)
    account.book(returnOf(3, 12))
    expect(account.history.slice(3)).toEqual(['reversal 12', 'expire -7'])
    expect(account.available).toBe(10)
  })

  it.each([0, -1, 0.5])('are not %d', (points) => {
    expect(spentAccount().refusal(returnOf(4, points))).toBe('points_out_of_range')
  })

  it('come of an entry that spent some', () => {
    const account = spentAccount()
    expect(account.refusal(returnOf(1, 1))).toBe('not_reversible')
    expect(account.refusal(returnOf(9, 1))).toBe('not_found')
  })
})

describe('a reversal in full and returns in part', () => {
  it('exclude each other', () => {
    const partly = spentAccount()
    partly.book(returnOf(4, 1))
    expect(partly.refusal(reversalOf(4))).toBe('not_reversible')
    const fully = spentAccount()
    fully.book(reversalOf(4))
    expect(fully.refusal(returnOf(4, 1))).toBe('not_reversible')
  })
})

describe('a redemption at a till that made debt', () => {
  it('has the debt forgiven first', () => {
    const account = new TestAccount()
    account.book(grantOf(30))
    account.book(tillRedeemOf(50, 500))
    expect(account.book(returnOf(2, 15, 1))).toMatchObject({ allocations: [], detail: { debtPaid: 15 } })
    expect(account.book(returnOf(2, 15, 2))).toMatchObject({
      allocations: [{ lot: 1, points: 10 }],
      detail: { debtPaid: 5 },
    })
    expect(account.account).toMatchObject({ posted: 10, debt: 0 })
  })

  it('comes back as a lot of its own where later points have paid the debt', () => {
    const account = new TestAccount()
    account.book(tillRedeemOf(50, 500))
    account.book(grantOf(30, 'a', { terms: ONE_DAY }))
    account.book(returnOf(1, 40))
    expect(account.lots.get(3)).toMatchObject({ granted: 20, expiresAtMs: null })
    expect(account.account).toMatchObject({ posted: 20, debt: 0 })
  })
})

describe('any number of returns', () => {
  it('leaves the lots as a reversal in full does, once everything is back', () => {
    const lots = fc.array(fc.integer({ min: 1, max: 30 }), { minLength: 1, maxLength: 6 })
    const returns = fc.array(fc.integer({ min: 1, max: 20 }), { minLength: 1, maxLength: 30 })
    fc.assert(
      fc.property(lots, returns, fc.nat(), (granted, parts, share) => {
        const [inParts, atOnce] = [new TestAccount(), new TestAccount()]
        const total = granted.reduce((sum, points) => sum + points, 0)
        const spent = 1 + (share % total)
        for (const account of [inParts, atOnce]) {
          for (const [index, points] of granted.entries()) account.book(grantOf(points, String(index)))
          account.book(redeemOf(spent))
        }
        const seq = granted.length + 1
        let left = spent
        for (const [index, part] of parts.entries()) {
          const points = Math.min(part, left)
          if (points > 0) inParts.book(returnOf(seq, points, index))
          left -= points
        }
        if (left > 0) inParts.book(returnOf(seq, left, 1000))
        atOnce.book(reversalOf(seq))
        expect(inParts.lots).toEqual(atOnce.lots)
        expect(inParts.account.lifetime).toEqual(atOnce.account.lifetime)
      }),
      { numRuns: 100 },
    )
  })
})
