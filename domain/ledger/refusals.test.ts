import { describe, expect, it } from 'vitest'
import type { Refusal } from '../contracts/errors.ts'
import { MAX_POINTS } from '../contracts/settings.ts'
import { freezeRule } from '../earning/rule.ts'
import { decide } from './decide.ts'
import {
  adjustOf,
  captureOf,
  editOf,
  FOREVER,
  grantOf,
  holdOf,
  importOf,
  mergeInto,
  money,
  orderOf,
  redeemOf,
  refundOf,
  releaseOf,
  returnOf,
  reversalOf,
  settingsWith,
  TestAccount,
  tillRedeemOf,
} from './examples.ts'
import type { Command } from './types.ts'

/** What each refusal says, to the letter: callers read it, and clients find the field by the pointer. */

const LIMITS = { min_points: 20, max_points: 60, step_points: 10 }

function refusalOf(before: readonly Command[], command: Command): Refusal {
  const account = new TestAccount()
  for (const booked of before) account.book(booked)
  const entries = account.entries.length
  const decision = account.do(command)
  if (decision.outcome !== 'refused') throw new Error(`it was ${decision.outcome}`)
  expect(account.entries).toHaveLength(entries)
  return decision.refusal
}

type Case = readonly [
  what: string,
  before: readonly Command[],
  command: Command,
  code: Refusal['code'],
  detail: string,
  pointer?: string,
]

const HUNDRED = grantOf(100)

const cases: readonly Case[] = [
  ['half a point', [], grantOf(0.5), 'points_out_of_range', 'points must be a whole number.', '/points'],
  [
    'more points than an entry can carry',
    [],
    grantOf(MAX_POINTS + 1),
    'points_out_of_range',
    'points must be a whole number from 1 to 1000000000.',
    '/points',
  ],
  [
    'no points',
    [],
    importOf(0),
    'points_out_of_range',
    'points must be a whole number from 1 to 1000000000.',
    '/points',
  ],
  [
    'a correction of nothing',
    [],
    adjustOf(0),
    'points_out_of_range',
    'points must be a whole number from 1 to 1000000000.',
    '/points',
  ],
  [
    'an order of more points than an entry can carry',
    [],
    orderOf({ rule: freezeRule(settingsWith({ points: 1_000_000 })), parts: money({ goods: 10 ** 12 }) }),
    'points_out_of_range',
    'points must be a whole number of at most 1000000000.',
    '/points',
  ],
  [
    'an order of more money than can be counted',
    [],
    orderOf({
      rule: freezeRule(settingsWith({ include_tips: true })),
      parts: money({ goods: Number.MAX_SAFE_INTEGER, tips: 1 }),
    }),
    'points_out_of_range',
    'The amount is too large.',
    '/parts',
  ],
  [
    'an edit to more money than can be counted',
    [orderOf({ rule: freezeRule(settingsWith({ include_tips: true })) })],
    editOf(0, 1, { parts: money({ goods: Number.MAX_SAFE_INTEGER, tips: 1 }) }),
    'points_out_of_range',
    'The amount is too large.',
    '/parts',
  ],
  [
    "an earning with an id of the ledger's own",
    [],
    grantOf(1, 'a', { externalId: 'order:1:earn:base' }),
    'validation_failed',
    'The id of an earning begins with activity:, at a till with pos:.',
    '/external_id',
  ],
  [
    'a redemption with the id of a till',
    [HUNDRED],
    redeemOf(1, 'pos:till:1'),
    'validation_failed',
    'The ids of tills begin with pos:, others must not.',
    '/redemption_id',
  ],
  [
    'a redemption of more than there is',
    [HUNDRED],
    redeemOf(101),
    'insufficient_points',
    '101 points are needed, 100 are available.',
    '/points',
  ],
  [
    'a redemption while there is debt',
    [adjustOf(-5, 'debt', { allowDebt: true })],
    redeemOf(1),
    'insufficient_points',
    '1 points are needed, 0 are available.',
    '/points',
  ],
  [
    'a redemption at a till beyond what the customer may owe',
    [HUNDRED],
    tillRedeemOf(111, 10, '1', { overdraftMadePoints: 10 }),
    'insufficient_points',
    '111 points are needed, 100 are available.',
    '/points',
  ],
  [
    'a redemption at a till beyond what is left to the till',
    [HUNDRED],
    tillRedeemOf(111, 11, '1', { overdraftMadePoints: 10 }),
    'insufficient_points',
    '111 points are needed, 100 are available.',
    '/overdraft_made_points',
  ],
  [
    'a correction down by more than there is',
    [HUNDRED],
    adjustOf(-101),
    'insufficient_points',
    '101 points are needed, 100 are available.',
    '/points',
  ],
  [
    'a redemption of too few points for the shop',
    [HUNDRED],
    redeemOf(19, 'r', { limits: LIMITS }),
    'redemption_limit',
    'A redemption is of at least 20 points.',
    '/points',
  ],
  [
    'a redemption of too many points for the shop',
    [HUNDRED],
    redeemOf(61, 'r', { limits: LIMITS }),
    'redemption_limit',
    'A redemption is of at most 60 points.',
    '/points',
  ],
  [
    'a redemption between the steps of the shop',
    [HUNDRED],
    redeemOf(25, 'r', { limits: LIMITS }),
    'redemption_limit',
    'A redemption is a multiple of 10 points.',
    '/points',
  ],
  [
    'a hold against the limits of the shop',
    [HUNDRED],
    { ...holdOf(25), limits: LIMITS },
    'redemption_limit',
    'A redemption is a multiple of 10 points.',
    '/points',
  ],
  [
    'a hold whose id is that of an end of a hold',
    [HUNDRED],
    holdOf(1, 'h:capture'),
    'validation_failed',
    'A hold id must not end in :capture or :release.',
    '/hold_id',
  ],
  ...[0, -1, 0.5, Number.MAX_SAFE_INTEGER].map((timeoutMs): Case => [
    `a hold for ${timeoutMs} ms`,
    [HUNDRED],
    holdOf(1, 'h', timeoutMs),
    'validation_failed',
    'The timeout must be a whole number of milliseconds above 0.',
    '/timeout_ms',
  ]),
  ['the capture of a hold that is not there', [], captureOf('x'), 'not_found', 'There is no hold x.', '/hold_id'],
  [
    'the release of a hold that was captured',
    [HUNDRED, holdOf(10), captureOf()],
    releaseOf(),
    'hold_closed',
    'The hold h was captured before.',
    '/hold_id',
  ],
  [
    'the capture of a hold that was released',
    [HUNDRED, holdOf(10), releaseOf()],
    captureOf(),
    'hold_closed',
    'The hold h was released before.',
    '/hold_id',
  ],
  [
    'the capture of more than is held',
    [HUNDRED, holdOf(10)],
    captureOf('h', 11),
    'insufficient_points',
    'The hold has 10 points, not 11.',
    '/points',
  ],
  [
    'the capture of nothing',
    [HUNDRED, holdOf(10)],
    captureOf('h', 0),
    'points_out_of_range',
    'points must be a whole number from 1 to 1000000000.',
    '/points',
  ],
  ['the reversal of no entry', [], reversalOf(1), 'not_found', 'There is no entry 1.', '/seq'],
  [
    'a second reversal',
    [HUNDRED, redeemOf(1), reversalOf(2)],
    reversalOf(2, 'another'),
    'reversal_exists',
    'Entry 2 was reversed by entry 3.',
    '/seq',
  ],
  [
    'the reversal of a hold',
    [HUNDRED, holdOf(1)],
    reversalOf(2),
    'not_reversible',
    'An entry of type hold cannot be reversed.',
    '/seq',
  ],
  [
    'the reversal of an order that was refunded',
    [orderOf(), refundOf(1000)],
    reversalOf(1),
    'not_reversible',
    'Entry 1 has been taken back in part; reverse those clawbacks first.',
    '/seq',
  ],
  [
    'the reversal of points that are spent',
    [HUNDRED, redeemOf(1)],
    reversalOf(1),
    'insufficient_points',
    '100 points are needed, 99 are available.',
    '/points',
  ],
  [
    'the reversal of what was given back in part',
    [HUNDRED, redeemOf(10), returnOf(2, 1)],
    reversalOf(2),
    'not_reversible',
    'Points of entry 2 have been given back before.',
    '/seq',
  ],
  [
    'the return of more than was spent',
    [HUNDRED, redeemOf(10)],
    returnOf(2, 11),
    'not_reversible',
    '10 points of entry 2 are left to give back, not 11.',
    '/points',
  ],
  [
    'the return of what no entry spent',
    [HUNDRED],
    returnOf(1, 1),
    'not_reversible',
    'Entry 1 of type earn spent nothing.',
    '/seq',
  ],
  ['the return of no entry', [], returnOf(1, 1), 'not_found', 'There is no entry 1.', '/seq'],
  [
    'the same business id with another field',
    [HUNDRED],
    grantOf(99),
    'external_id_conflict',
    'activity:a was booked before with another points; send the same contents or use another id.',
    '/points',
  ],
  [
    'the same business id with other fields',
    [HUNDRED],
    grantOf(99, 'a', { reason: 'review' }),
    'external_id_conflict',
    'activity:a was booked before with another points, reason; send the same contents or use another id.',
  ],
  [
    'anything in an account that was merged',
    [mergeInto('kept')],
    grantOf(1),
    'account_merged',
    'This account was merged into kept.',
  ],
]

describe('a refusal', () => {
  it.each(cases.map((told) => [told[0], told] as const))('of %s says why', (_, told) => {
    const [, before, command, code, detail, pointer] = told
    expect(refusalOf(before, command)).toEqual({
      ok: false,
      code,
      detail,
      ...(pointer === undefined ? {} : { pointer }),
    })
  })
})

describe('what is just within the bounds', () => {
  const allowed: readonly (readonly [string, readonly Command[], Command])[] = [
    ['as many points as an entry can carry', [], grantOf(MAX_POINTS)],
    ['one point', [], grantOf(1)],
    ['a correction down by as many', [], adjustOf(-MAX_POINTS, 'j', { allowDebt: true })],
    ['all points', [HUNDRED], redeemOf(100)],
    ['as few as the shop allows', [HUNDRED], redeemOf(20, 'r', { limits: LIMITS })],
    ['as many as the shop allows', [HUNDRED], redeemOf(60, 'r', { limits: LIMITS })],
    ['more, where the shop sets no most', [HUNDRED], redeemOf(70, 'r', { limits: { ...LIMITS, max_points: null } })],
    ['a hold of one millisecond', [HUNDRED], holdOf(1, 'h', 1)],
    ['a hold whose id has the word in its middle', [HUNDRED], holdOf(1, 'h:capture:1')],
    ['a capture of all', [HUNDRED, holdOf(10)], captureOf('h', 10)],
    ['as much debt as both limits of a till allow', [HUNDRED], tillRedeemOf(110, 10, '1', { overdraftMadePoints: 10 })],
    ['the reversal of points of which none is spent', [HUNDRED], reversalOf(1)],
  ]

  it.each(allowed)('is booked: %s', (_, before, command) => {
    const account = new TestAccount()
    for (const booked of before) account.book(booked)
    expect(account.do(command).outcome).toBe('applied')
  })

  it('ends where the sums of the account would not be exact any more', () => {
    const account = new TestAccount()
    const nearly = {
      ...account.account,
      lifetime: { ...account.account.lifetime, earned: Number.MAX_SAFE_INTEGER - 5 },
    }
    Object.assign(account, { account: nearly })
    const refusal = {
      ok: false,
      code: 'points_out_of_range',
      detail: 'The sums of this account cannot take that many points more.',
      pointer: '/points',
    }
    const decided = (command: Command) => decide(account, command, account.nowMs)
    expect(decided(grantOf(6))).toMatchObject({ outcome: 'refused', refusal })
    expect(decided(adjustOf(-6, 'j', { allowDebt: true }))).toMatchObject({ outcome: 'refused', refusal })
    expect(decided(arrivalOf(6))).toMatchObject({ outcome: 'refused', refusal })
    expect(decided(grantOf(5, 'b', { terms: FOREVER })).outcome).toBe('applied')
    expect(decided(arrivalOf(5)).outcome).toBe('applied')
  })
})

/** One lot of another account. */
function arrivalOf(points: number): Command {
  const other = { fromCustomerId: 'removed', number: 1, mergedFrom: ['removed'], lastActivityAtMs: 0, debt: 0 }
  const lots = [{ points, expiresAtMs: null, inactivity: null, orderGid: null }]
  return { ...mergeInto('kept'), kind: 'merge_in', lots, ...other }
}
