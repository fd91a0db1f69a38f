import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { cancellation, money, ORDER, orderOf, redeemOf, refundOf } from '../ledger/examples.ts'
import { REDEMPTION, TestRedeemer } from './examples.ts'
import { redemptionViolations } from './invariants.ts'
import type { EditOrder } from '../ledger/types.ts'
import type { RedemptionRequest } from './types.ts'

/** Someone who paid an order of 60 € of goods with a code for 250 of 1,000 points. The order earns nothing. */
function buyer(change: Partial<RedemptionRequest> = {}) {
  const redeemer = new TestRedeemer(1_000)
  redeemer.redeem(change)
  redeemer.settle(REDEMPTION, 1, { kind: 'issued', redeemCodeGid: null })
  redeemer.ledger.book(paid)
  redeemer.use(REDEMPTION, ORDER, 60_00)
  return redeemer
}

const paid = orderOf({
  parts: money({ goods: 60_00 }),
  rule: { ...orderOf().rule, perAmountMinorNumerator: 1_000_000 },
})

function editTo(goods: number, atMs: number): EditOrder {
  const by = { source: 'shopify', actor: 'shopify', effectiveAtMs: atMs } as const
  return { ...by, kind: 'edit_order', orderGid: ORDER, parts: money({ goods }), editedAtMs: atMs, terms: paid.terms }
}

const returned = (redeemer: TestRedeemer) => redeemer.record(REDEMPTION)?.pointsReturned
const violations = ({ records, ledger }: TestRedeemer) => redemptionViolations(records, ledger.entries)

describe('points that paid for an order', () => {
  it('come back in the share of the goods that are refunded, and with the last of them to the point', () => {
    const redeemer = buyer()
    redeemer.refund(refundOf(20_00, 1))
    expect(redeemer.record(REDEMPTION)).toMatchObject({ state: 'used', pointsReturned: 83 })
    redeemer.refund(refundOf(20_00, 2))
    expect(returned(redeemer)).toBe(166)
    redeemer.refund(refundOf(20_00, 3))
    expect(returned(redeemer)).toBe(250)
    expect(redeemer.ledger.account.posted).toBe(1_000)
    expect(redeemer.ledger.entries.map(({ externalId }) => externalId)).toContain('return:gid://shopify/Refund/1:3')
    expect(violations(redeemer)).toEqual([])
  })

  it('come back once, however often a refund is told', () => {
    const redeemer = buyer()
    for (let time = 0; time < 3; time += 1) redeemer.refund(refundOf(30_00, 1))
    expect(returned(redeemer)).toBe(125)
    expect(redeemer.record(REDEMPTION)?.version).toBe(4)
  })

  it('come back all with its cancellation, also after a refund of a part', () => {
    const redeemer = buyer()
    redeemer.refund(refundOf(10_00, 1))
    redeemer.refund(cancellation())
    expect(returned(redeemer)).toBe(250)
    expect(violations(redeemer)).toEqual([])
  })

  it('stay spent where only shipping is refunded', () => {
    const redeemer = buyer()
    redeemer.refund(refundOf(0, 1, { parts: money({ shipping: 4_90 }) }))
    expect(returned(redeemer)).toBe(0)
  })

  it('come back by the order as it was edited', () => {
    const redeemer = buyer()
    redeemer.ledger.book(editTo(40_00, redeemer.nowMs))
    redeemer.refund(refundOf(20_00, 1))
    expect(returned(redeemer)).toBe(125)
  })

  it('come back with the next refund where an edit makes a bigger share of an old one, though the use is told again', () => {
    const redeemer = buyer()
    redeemer.refund(refundOf(20_00, 1))
    redeemer.ledger.book(editTo(40_00, redeemer.nowMs))
    expect(redeemer.use(REDEMPTION, ORDER, 40_00)).toMatchObject({ pointsReturned: 83 })
    redeemer.refund(refundOf(10_00, 2))
    expect(returned(redeemer)).toBe(187)
    expect(violations(redeemer)).toEqual([])
  })

  it('come back with the next refund all the same where they had been taken by a late use', () => {
    const redeemer = new TestRedeemer(1_000)
    redeemer.redeem()
    redeemer.settle(REDEMPTION, 1, { kind: 'refused', reason: 'shop_refused' })
    redeemer.ledger.book(paid)
    redeemer.use(REDEMPTION, ORDER, 60_00)
    redeemer.refund(refundOf(20_00, 1))
    redeemer.ledger.book(editTo(40_00, redeemer.nowMs))
    expect(redeemer.use(REDEMPTION, ORDER, 40_00)).toMatchObject({ pointsReturned: 83 })
    redeemer.refund(refundOf(20_00, 2))
    expect(returned(redeemer)).toBe(250)
    expect(violations(redeemer)).toEqual([])
  })

  it('come back all with the first refund of an order that had no goods to pay', () => {
    const redeemer = new TestRedeemer(1_000)
    redeemer.redeem()
    redeemer.settle(REDEMPTION, 1, { kind: 'issued', redeemCodeGid: null })
    redeemer.use(REDEMPTION, ORDER, 0)
    redeemer.refund(refundOf(0, 1))
    expect(returned(redeemer)).toBe(250)
  })

  it('come back when the use of the code is heard of after the refund', () => {
    const redeemer = new TestRedeemer(1_000)
    redeemer.redeem()
    redeemer.settle(REDEMPTION, 1, { kind: 'issued', redeemCodeGid: null })
    redeemer.refund(refundOf(30_00, 1))
    expect(redeemer.use(REDEMPTION, ORDER, 60_00)).toMatchObject({ state: 'used', pointsReturned: 125 })
    redeemer.refund(refundOf(30_00, 2))
    expect(returned(redeemer)).toBe(250)
  })

  it('come back whatever the reward says of unused codes', () => {
    const redeemer = buyer({ pointsBack: { expired: false, cancelled: false } })
    redeemer.refund(cancellation())
    expect(returned(redeemer)).toBe(250)
  })

  it('come back as well where they had been taken by a late use, even one whose points were never spent before', () => {
    for (const isIssued of [true, false]) {
      const redeemer = new TestRedeemer(1_000)
      redeemer.redeem()
      redeemer.settle(
        REDEMPTION,
        1,
        isIssued ? { kind: 'issued', redeemCodeGid: null } : { kind: 'refused', reason: 'shop_refused' },
      )
      if (isIssued) {
        redeemer.end(REDEMPTION, 'by_customer')
        redeemer.drive(REDEMPTION, { kind: 'removed' })
      }
      redeemer.use(REDEMPTION, ORDER, 60_00)
      expect(redeemer.ledger.account.posted).toBe(750)
      redeemer.refund(refundOf(30_00, 1))
      redeemer.refund(cancellation())
      expect(returned(redeemer)).toBe(250)
      expect(redeemer.ledger.account.posted).toBe(1_000)
      expect(violations(redeemer)).toEqual([])
    }
  })

  it('go back into the lots that they came from, past what was spent meanwhile', () => {
    const redeemer = buyer()
    redeemer.ledger.book(redeemOf(750, 'rest'))
    redeemer.refund(refundOf(60_00, 1))
    expect(redeemer.ledger.account).toMatchObject({ posted: 250, debt: 0 })
    expect(redeemer.ledger.lot(1)).toMatchObject({ remaining: 250 })
  })

  it('are never more than were spent, whatever is refunded in whatever order', () => {
    const story = fc.array(fc.integer({ min: 0, max: 70_00 }), { minLength: 1, maxLength: 8 })
    fc.assert(
      fc.property(story, fc.nat(8), (amounts, usedAfter) => {
        const redeemer = new TestRedeemer(1_000)
        redeemer.redeem()
        redeemer.settle(REDEMPTION, 1, { kind: 'issued', redeemCodeGid: null })
        for (const [index, amount] of amounts.entries()) {
          if (index === usedAfter) redeemer.use(REDEMPTION, ORDER, 60_00)
          redeemer.refund(refundOf(amount, index + 1))
        }
        redeemer.use(REDEMPTION, ORDER, 60_00)
        const refunded = amounts.reduce((sum, amount) => sum + amount, 0)
        expect(returned(redeemer)).toBe(Math.min(250, Math.floor((250 * refunded) / 60_00)))
        expect(redeemer.ledger.account.posted).toBe(750 + (returned(redeemer) ?? 0))
        expect(violations(redeemer)).toEqual([])
      }),
    )
  })
})
