import { describe, expect, it } from 'vitest'
import { REDEMPTION, TestRedeemer } from './examples.ts'
import { redemptionViolations } from './invariants.ts'
import type { RedemptionRecord } from './types.ts'

/** An issued redemption of 250 points, and what is said of it once its record says something else. */
function violationsWith(change: Partial<RedemptionRecord>, entries?: (type: string) => boolean): readonly string[] {
  const redeemer = new TestRedeemer(1000)
  redeemer.redeem()
  redeemer.settle(REDEMPTION, 1, { kind: 'issued', redeemCodeGid: null })
  const records = redeemer.records.map((record) => ({ ...record, ...change }))
  return redemptionViolations(
    records,
    redeemer.ledger.entries.filter(({ type }) => entries?.(type) ?? true),
  )
}

describe('redemptions and ledger', () => {
  it('agree after what the machine does', () => {
    expect(violationsWith({})).toEqual([])
  })

  it.each<[string, Partial<RedemptionRecord>]>([
    ['points that came back by word only', { state: 'cancelled', pointsReturned: 250 }],
    ['an issued one that is said to be pending', { state: 'pending' }],
    ['another price', { points: 200 }],
    ['another capture', { capturedSeq: 2 }],
    ['an end of what has ended', { state: 'used', ending: 'expired' }],
    ['no version', { version: 0 }],
  ])('do not agree: %s', (_, change) => {
    expect(violationsWith(change)).not.toEqual([])
  })

  it('do not agree where the ledger lacks the spending, or the hold', () => {
    expect(violationsWith({}, (type) => type !== 'capture')).not.toEqual([])
    expect(violationsWith({}, (type) => type !== 'hold')).not.toEqual([])
  })
})
