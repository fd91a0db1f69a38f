import { describe, expect, it } from 'vitest'
import {
  adjustOf,
  cancellation,
  captureOf,
  DAY_MS,
  editOf,
  Family,
  FOREVER,
  grantOf,
  holdOf,
  importOf,
  mergeInto,
  MONDAY_MS,
  money,
  ORDER,
  orderOf,
  redeemOf,
  refundOf,
  releaseOf,
  returnOf,
  reversalOf,
  TestAccount,
  tillRedeemOf,
} from './examples.ts'
import type { Command, Entry } from './types.ts'

/** What each type of entry says, in full: it is hashed, so it never changes, and nothing is in it that need not be. */

const TERMS = { lotDays: 1, timeZone: 'Europe/Berlin', inactivityDays: 2, calendar: null }
const TUESDAY_END_MS = Date.UTC(2026, 2, 3, 23)
const SILENCE = { days: 2, timeZone: 'Europe/Berlin', fromMs: MONDAY_MS }

function lastAfter(...commands: readonly Command[]): Entry {
  const account = new TestAccount()
  for (const command of commands) account.book(command)
  const last = account.entries.at(-1)
  if (last === undefined) throw new Error('nothing was booked')
  return last
}

const DEBT = adjustOf(-30, 'debt', { allowDebt: true })
const { rule } = orderOf()

const cases: readonly (readonly [string, readonly Command[], Entry['detail']])[] = [
  ['a grant', [grantOf(10)], { expiresAtMs: null }],
  [
    'a grant with a reason and an end',
    [grantOf(10, 'a', { reason: 'review', terms: TERMS })],
    { reason: 'review', expiresAtMs: TUESDAY_END_MS, inactivity: SILENCE },
  ],
  ['a grant that pays debt', [DEBT, grantOf(10, 'a', { terms: TERMS })], { debtPaid: 10 }],
  ['a grant that pays all debt', [DEBT, grantOf(31)], { debtPaid: 30, expiresAtMs: null }],
  ['an opening balance', [importOf(10)], { expiresAtMs: null }],
  ['an order', [orderOf()], { rule, parts: money({ goods: 5990 }), baseMinor: 5990, expiresAtMs: null }],
  [
    'an order that waits',
    [orderOf({ returnWindowDays: 1, terms: TERMS })],
    {
      rule,
      parts: money({ goods: 5990 }),
      baseMinor: 5990,
      pendingPoints: 59,
      activatesAtMs: TUESDAY_END_MS,
      terms: TERMS,
    },
  ],
  ['a refund', [orderOf(), refundOf(1000)], { parts: money({ goods: 1000 }) }],
  [
    'a refund of points that are spent',
    [orderOf(), redeemOf(59), refundOf(1000)],
    { parts: money({ goods: 1000 }), debtMade: 10 },
  ],
  [
    'a refund of points that wait',
    [orderOf({ returnWindowDays: 1 }), refundOf(1000)],
    { parts: money({ goods: 1000 }), refersToSeq: 1, pendingPoints: -10 },
  ],
  ['a cancellation', [orderOf(), cancellation()], { cancelsOrder: true }],
  [
    'an edit that adds',
    [orderOf(), editOf(7000)],
    { parts: money({ goods: 7000 }), editedAtMs: MONDAY_MS + 3_600_000, expiresAtMs: null },
  ],
  [
    'an edit that adds to what waits',
    [orderOf({ returnWindowDays: 1, terms: TERMS }), editOf(7000)],
    {
      parts: money({ goods: 7000 }),
      editedAtMs: MONDAY_MS + 3_600_000,
      pendingPoints: 11,
      activatesAtMs: TUESDAY_END_MS,
      terms: TERMS,
    },
  ],
  [
    'an edit that removes',
    [orderOf(), editOf(1000)],
    { parts: money({ goods: 1000 }), editedAtMs: MONDAY_MS + 3_600_000 },
  ],
  ['a redemption', [grantOf(10), redeemOf(1)], {}],
  ['a redemption with a reason', [grantOf(10), redeemOf(1, 'r', { reason: 'mug' })], { reason: 'mug' }],
  ['a redemption at a till', [grantOf(10), tillRedeemOf(10, 500)], {}],
  ['a redemption at a till into debt', [grantOf(10), tillRedeemOf(15, 500)], { debtMade: 5 }],
  ['a hold', [grantOf(10), holdOf(4)], { holdId: 'h', heldPoints: 4, timeoutAtMs: MONDAY_MS + 600_000 }],
  ['a capture', [grantOf(10), holdOf(4), captureOf()], { holdId: 'h', heldPoints: 0 }],
  ['a capture in part', [grantOf(10), holdOf(4), captureOf('h', 1)], { holdId: 'h', heldPoints: 3 }],
  ['a release', [grantOf(10), holdOf(4), releaseOf()], { holdId: 'h', heldPoints: 4, reason: 'cart emptied' }],
  ['a correction', [adjustOf(5)], { reason: 'goodwill', expiresAtMs: null }],
  ['a correction down', [grantOf(10), adjustOf(-5)], { reason: 'goodwill' }],
  ['a correction down to nothing', [grantOf(10), adjustOf(-10, 'j', { allowDebt: true })], { reason: 'goodwill' }],
  [
    'a correction into debt',
    [grantOf(10), adjustOf(-11, 'j', { allowDebt: true })],
    { reason: 'goodwill', debtMade: 1 },
  ],
  [
    'a correction that was approved',
    [adjustOf(5, 'j', { approvedBy: 'user:2' })],
    { reason: 'goodwill', approvedBy: 'user:2', expiresAtMs: null },
  ],
  ['the reversal of a grant', [grantOf(10), reversalOf(1)], { refersToSeq: 1, reason: 'mistake' }],
  [
    'the reversal of a grant that paid debt',
    [DEBT, grantOf(40), reversalOf(2)],
    { refersToSeq: 2, reason: 'mistake', debtMade: 30 },
  ],
  ['the reversal of debt', [DEBT, reversalOf(1)], { refersToSeq: 1, reason: 'mistake', debtPaid: 30 }],
  [
    'the reversal of debt that was paid',
    [DEBT, grantOf(40), reversalOf(1)],
    { refersToSeq: 1, reason: 'mistake', expiresAtMs: null },
  ],
  [
    'the reversal of debt that was paid in part',
    [DEBT, grantOf(10), reversalOf(1)],
    { refersToSeq: 1, reason: 'mistake', debtPaid: 20, expiresAtMs: null },
  ],
  [
    'the reversal of a redemption, whatever is owed since',
    [grantOf(5), redeemOf(5), DEBT, reversalOf(2)],
    { refersToSeq: 2, reason: 'mistake' },
  ],
  [
    'points that come back',
    [grantOf(10), redeemOf(5), returnOf(2, 3)],
    { refersToSeq: 2, becauseOf: 'gid://shopify/Refund/1', reason: 'refund' },
  ],
  ['a merge', [grantOf(10), mergeInto('kept')], { otherCustomerId: 'kept' }],
  ['a merge with debt', [DEBT, mergeInto('kept')], { otherCustomerId: 'kept', debtPaid: 30 }],
]

describe('the detail of', () => {
  it.each(cases)('%s', (_, commands, detail) => {
    expect(lastAfter(...commands).detail).toEqual(detail)
  })

  it('what time brings', () => {
    const account = new TestAccount()
    account.book(orderOf({ returnWindowDays: 1, terms: TERMS }))
    account.book(grantOf(10))
    account.book(holdOf(4))
    account.wait(9 * DAY_MS)
    expect(account.entries.slice(3).map(({ type, detail }) => [type, detail])).toEqual([
      ['release', { holdId: 'h', heldPoints: 4, reason: 'timeout' }],
      [
        'activate',
        {
          refersToSeq: 1,
          pendingPoints: -59,
          expiresAtMs: Date.UTC(2026, 2, 5, 23),
          inactivity: { ...SILENCE, fromMs: TUESDAY_END_MS },
        },
      ],
      ['expire', {}],
    ])
  })

  it('what arrives with a merge', () => {
    const { removed, kept, family } = Family.ofTwo()
    removed.book(grantOf(10, 'a', { terms: TERMS }))
    removed.book(holdOf(10))
    removed.book(DEBT)
    removed.book(grantOf(50, 'b'))
    removed.book(adjustOf(-40, 'more', { allowDebt: true }))
    removed.book(mergeInto('kept'))
    removed.book(releaseOf())
    kept.book(adjustOf(-4, 'debt', { allowDebt: true }))
    family.deliver()
    const shared = { otherCustomerId: 'removed', mergedFrom: ['removed'], lastActivityAtMs: MONDAY_MS }
    expect(kept.entries.slice(1).map(({ points, detail }) => [points, detail])).toEqual([
      [-20, { ...shared, debtMade: 20 }],
      [10, { ...shared, debtPaid: 10 }],
    ])
    kept.book(grantOf(20, 'c', { terms: FOREVER }))
    expect(kept.account).toMatchObject({ posted: 6, debt: 0 })
  })
})

describe('an entry', () => {
  it('says of which order and rule it is, where it is of one', () => {
    expect(lastAfter(orderOf(), refundOf(1000))).toMatchObject({ orderGid: ORDER, ruleVersion: 1 })
    expect(lastAfter(orderOf(), editOf(1000))).toMatchObject({ orderGid: ORDER, ruleVersion: 1 })
    expect(lastAfter(orderOf(), editOf(9000))).toMatchObject({ orderGid: ORDER, ruleVersion: 1 })
    expect(lastAfter(orderOf(), reversalOf(1))).toMatchObject({ orderGid: ORDER, ruleVersion: 1 })
    expect(lastAfter(refundOf(1000))).toMatchObject({ orderGid: ORDER, ruleVersion: null })
    expect(lastAfter(grantOf(1))).toMatchObject({ orderGid: null, ruleVersion: null })
    expect(lastAfter(grantOf(9), redeemOf(5), returnOf(2, 1))).toMatchObject({ orderGid: null, ruleVersion: null })
  })

  it('says who brought it about and which way it came', () => {
    expect(lastAfter(orderOf())).toMatchObject({ source: 'shopify', actor: 'shopify' })
    expect(lastAfter(grantOf(9), tillRedeemOf(9, 0))).toMatchObject({ source: 'pos', actor: 'device:till' })
    const account = new TestAccount()
    account.book(grantOf(9))
    account.book(holdOf(9))
    account.wait(DAY_MS)
    expect(account.entries.at(-1)).toMatchObject({ source: 'system', actor: 'system' })
    account.book(holdOf(9, 'again'))
    account.book(mergeInto('kept'))
    account.book(releaseOf('again'))
    expect(account.entries.at(-1)).toMatchObject({ type: 'merge_out', source: 'merge', actor: 'system' })
  })
})
