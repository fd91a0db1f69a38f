import { describe, expect, it } from 'vitest'
import { sha256Canonical, type Canonical } from './canonical.ts'
import {
  adjustOf,
  cancellation,
  captureOf,
  editOf,
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
} from './examples.ts'
import type { BusinessCommand } from './facts.ts'
import type { Command, MergeIn } from './types.ts'

const HUNDRED = grantOf(100)
const LOT = { points: 5, expiresAtMs: 7, inactivity: null, orderGid: null }
const ARRIVAL: MergeIn = {
  ...mergeInto('kept'),
  kind: 'merge_in',
  fromCustomerId: 'removed',
  number: 1,
  lots: [LOT],
  debt: 0,
  mergedFrom: ['removed'],
  lastActivityAtMs: 0,
}

function accountAfter(before: readonly Command[]): TestAccount {
  const account = new TestAccount()
  for (const command of before) account.book(command)
  return account
}

/**
 * The fingerprint is stored for ever: if the same command had another one tomorrow, its repetition would be refused as a
 * conflict. So what goes into it is written down here once more.
 */
describe('the fingerprint', () => {
  const parts = { ...money({ goods: 5990 }) }
  const refund = 'gid://shopify/Refund/1'
  const cases: readonly (readonly [BusinessCommand, readonly Command[], Canonical])[] = [
    [orderOf(), [], { external_id: `order:${ORDER}:earn:base`, order: ORDER, currency: 'EUR', parts }],
    [
      refundOf(1000),
      [orderOf()],
      { external_id: `refund:${refund}`, order: ORDER, parts: { ...money({ goods: 1000 }) } },
    ],
    [cancellation(), [orderOf()], { external_id: `cancel:${ORDER}`, order: ORDER }],
    [
      editOf(1000),
      [orderOf()],
      {
        external_id: `order:${ORDER}:edit:${MONDAY_MS + 3_600_000}`,
        order: ORDER,
        parts: { ...money({ goods: 1000 }) },
        edited_at_ms: MONDAY_MS + 3_600_000,
      },
    ],
    [grantOf(5, 'a', { reason: 'review' }), [], { external_id: 'activity:a', points: 5, reason: 'review' }],
    [redeemOf(5), [HUNDRED], { external_id: 'redeem:r', points: 5, reason: null }],
    [adjustOf(5), [], { external_id: 'adjust:j', points: 5, reason: 'goodwill' }],
    [holdOf(5), [HUNDRED], { external_id: 'hold:h', points: 5 }],
    [captureOf('h', 3), [HUNDRED, holdOf(5)], { external_id: 'hold:h:capture', points: 3 }],
    [captureOf('h'), [HUNDRED, holdOf(5)], { external_id: 'hold:h:capture', points: 5 }],
    [releaseOf(), [HUNDRED, holdOf(5)], { external_id: 'hold:h:release' }],
    [reversalOf(1), [HUNDRED], { external_id: 'reversal:1', reason: 'mistake' }],
    [returnOf(2, 3), [HUNDRED, redeemOf(5)], { external_id: `return:${refund}:2`, points: 3 }],
    [importOf(5, 8), [], { external_id: 'import:smile:8', points: 5 }],
    [mergeInto('kept'), [HUNDRED], { external_id: 'merge:kept/1:out' }],
    [
      ARRIVAL,
      [],
      {
        external_id: 'merge:removed/1:in',
        debt: 0,
        lots: '[{"expiresAtMs":7,"inactivity":null,"orderGid":null,"points":5}]',
      },
    ],
  ]

  it.each(cases.map(([command, before, facts]) => [command.kind, command, before, facts] as const))(
    'of %s is the hash of what makes it the same fact',
    (_, command, before, facts) => {
      expect(accountAfter(before).book(command).fingerprint).toBe(sha256Canonical(facts))
    },
  )
})

describe('the same business id with other contents', () => {
  const cases: readonly (readonly [string, readonly Command[], BusinessCommand, string])[] = [
    [
      'an order of other money',
      [orderOf()],
      orderOf({ parts: money({ goods: 1, tips: 2 }) }),
      'parts.goods, parts.tips',
    ],
    [
      'an order of which points wait',
      [orderOf({ returnWindowDays: 14 })],
      orderOf({ parts: money({ goods: 1 }) }),
      'parts.goods',
    ],
    ['a refund of other money', [orderOf(), refundOf(1000)], refundOf(1001), 'parts.goods'],
    ['a refund of another order', [orderOf(), refundOf(1000)], refundOf(1000, 1, { orderGid: 'x' }), 'order'],
    [
      'a refund that took pending points',
      [orderOf({ returnWindowDays: 14 }), refundOf(1000)],
      refundOf(1001),
      'parts.goods',
    ],
    ['a redemption of other points', [HUNDRED, redeemOf(5)], redeemOf(6), 'points'],
    [
      'a redemption for another reason',
      [HUNDRED, redeemOf(5, 'r', { reason: 'gift' })],
      redeemOf(5, 'r', { reason: 'another' }),
      'reason',
    ],
    ['a correction', [adjustOf(5)], adjustOf(6, 'j', { reason: 'mistake' }), 'points, reason'],
    ['a hold', [HUNDRED, holdOf(5)], holdOf(6), 'points'],
    ['a capture', [HUNDRED, holdOf(5), captureOf('h', 3)], captureOf('h', 4), 'points'],
    ['an opening balance', [importOf(5)], importOf(6), 'points'],
    ['spent points that come back', [HUNDRED, redeemOf(5), returnOf(2, 3)], returnOf(2, 4), 'points'],
    ['what came from another account', [ARRIVAL], { ...ARRIVAL, debt: 1 }, 'debt, lots'],
  ]

  it.each(cases)('names the fields that differ: %s', (_, before, command, fields) => {
    const decision = accountAfter(before).do(command)
    expect(decision).toMatchObject({
      outcome: 'refused',
      refusal: { code: 'external_id_conflict', detail: expect.stringContaining(` before with another ${fields}; `) },
    })
  })

  it('is none where a capture says in other words what it did', () => {
    const account = accountAfter([HUNDRED, holdOf(5), captureOf()])
    expect(account.do(captureOf('h', 5)).outcome).toBe('duplicate')
    expect(account.do(captureOf()).outcome).toBe('duplicate')
  })
})
