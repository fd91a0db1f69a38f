import { describe, expect, it } from 'vitest'
import { LedgerBug } from './book.ts'
import { Draft } from './draft.ts'
import { type EntryFields, sealEntry } from './entry.ts'
import {
  captureOf,
  DAY_MS,
  FOREVER,
  grantOf,
  holdOf,
  MONDAY_MS,
  ORDER,
  orderOf,
  redeemOf,
  refundOf,
  releaseOf,
  reversalOf,
  TestAccount,
} from './examples.ts'
import type { AccountState, Command, Entry } from './types.ts'

/** An entry that contradicts the books must not get into them, whoever made it. */

const FIELDS: EntryFields = {
  type: 'redeem',
  points: 0,
  source: 'api',
  externalId: 'redeem:bad',
  fingerprint: 'f',
  effectiveAtMs: MONDAY_MS,
  actor: 'api_key:test',
  allocations: [],
  orderGid: null,
  ruleVersion: null,
  detail: {},
}

function accountAfter(before: readonly Command[]): TestAccount {
  const account = new TestAccount()
  for (const command of before) account.book(command)
  return account
}

/** Tries to book an entry with these fields behind these commands. */
function booking(before: readonly Command[], fields: Partial<EntryFields>): () => Entry {
  const account = accountAfter(before)
  return () => new Draft(account).append({ ...FIELDS, ...fields }, account.nowMs)
}

const HUNDRED = grantOf(100)
const PENDING = orderOf({ returnWindowDays: 14 })
const HOLD = { holdId: 'x', heldPoints: 10, timeoutAtMs: MONDAY_MS + 1 }
const WAITS = { pendingPoints: 10, activatesAtMs: MONDAY_MS + 1, terms: FOREVER }

describe('the books refuse an entry', () => {
  const contradictions: readonly (readonly [string, readonly Command[], Partial<EntryFields>, string])[] = [
    [
      'that reverses one that is not there',
      [],
      { type: 'reversal', detail: { refersToSeq: 9 } },
      'entry 1 (reversal): refers to no entry',
    ],
    [
      'that takes from a lot that is not there',
      [HUNDRED],
      { points: -1, allocations: [{ lot: 9, points: -1 }] },
      'entry 2 (redeem): there is no lot 9',
    ],
    [
      'that takes more than a lot has',
      [HUNDRED],
      { points: -101, allocations: [{ lot: 1, points: -101 }] },
      'entry 2 (redeem): takes more than lot 1 has',
    ],
    [
      'that takes what is pinned',
      [HUNDRED, holdOf(50)],
      { points: -51, allocations: [{ lot: 1, points: -51 }] },
      'entry 3 (redeem): takes more than lot 1 has',
    ],
    [
      'that gives back more than was taken',
      [HUNDRED, redeemOf(10)],
      { type: 'reversal', points: 11, allocations: [{ lot: 1, points: 11 }], detail: { refersToSeq: 2 } },
      'entry 3 (reversal): takes more than lot 1 has',
    ],
    [
      'that opens an empty lot',
      [],
      { type: 'earn', allocations: [{ lot: 1, points: 0 }] },
      'entry 1 (earn): opens an empty lot',
    ],
    ...(['holdId', 'heldPoints', 'timeoutAtMs'] as const).map(
      (missing) =>
        [
          `of a hold without ${missing}`,
          [HUNDRED],
          { type: 'hold', detail: { ...HOLD, [missing]: undefined } },
          'entry 2 (hold): is incomplete',
        ] as const,
    ),
    [
      'that opens a hold again',
      [HUNDRED, holdOf(10, 'x'), releaseOf('x')],
      { type: 'hold', detail: HOLD },
      'entry 4 (hold): opens a hold again',
    ],
    [
      'that pins a lot that is not there',
      [HUNDRED],
      { type: 'hold', allocations: [{ lot: 9, points: -10 }], detail: HOLD },
      'entry 2 (hold): there is no lot 9',
    ],
    [
      'that pins more than a lot has',
      [HUNDRED],
      { type: 'hold', allocations: [{ lot: 1, points: -101 }], detail: HOLD },
      'entry 2 (hold): lot 1 cannot have 101 pinned',
    ],
    [
      'that pins less than nothing',
      [HUNDRED],
      { type: 'hold', allocations: [{ lot: 1, points: 1 }], detail: HOLD },
      'entry 2 (hold): lot 1 cannot have -1 pinned',
    ],
    [
      'that captures a hold that is not there',
      [HUNDRED],
      { type: 'capture', detail: { holdId: 'x' } },
      'entry 2 (capture): ends no open hold',
    ],
    ['that releases no hold', [HUNDRED], { type: 'release' }, 'entry 2 (release): ends no open hold'],
    [
      'that releases a hold that has ended',
      [HUNDRED, holdOf(10, 'x'), captureOf('x')],
      { type: 'release', detail: { holdId: 'x' } },
      'entry 4 (release): ends no open hold',
    ],
    ...(['pendingPoints', 'activatesAtMs', 'terms'] as const).map(
      (missing) =>
        [
          `of pending points without ${missing}`,
          [],
          { type: 'earn_pending', orderGid: ORDER, detail: { ...WAITS, [missing]: undefined } },
          'entry 1 (earn_pending): is incomplete',
        ] as const,
    ),
    [
      'of pending points without an order',
      [],
      { type: 'earn_pending', detail: WAITS },
      'entry 1 (earn_pending): has no order or no points',
    ],
    [
      'of no pending points',
      [],
      { type: 'earn_pending', orderGid: ORDER, detail: { ...WAITS, pendingPoints: 0 } },
      'entry 1 (earn_pending): has no order or no points',
    ],
    [
      'that activates what does not wait',
      [HUNDRED],
      { type: 'activate', detail: { refersToSeq: 1, pendingPoints: -1 } },
      'entry 2 (activate): refers to no pending points',
    ],
    [
      'that activates, and does not say how much',
      [PENDING],
      { type: 'activate', detail: { refersToSeq: 1 } },
      'entry 2 (activate): refers to no pending points',
    ],
    [
      'that cancels more than is pending',
      [PENDING, orderOf({ orderGid: 'gid://shopify/Order/2', returnWindowDays: 14 })],
      { type: 'cancel_pending', detail: { refersToSeq: 1, pendingPoints: -60 } },
      'entry 3 (cancel_pending): takes more than is pending',
    ],
    [
      'that leaves the safe integers',
      [HUNDRED],
      { type: 'earn', points: Number.MAX_SAFE_INTEGER, allocations: [{ lot: 2, points: Number.MAX_SAFE_INTEGER }] },
      'entry 2 (earn): a sum leaves the safe integers',
    ],
    ['that pays debt that there is not', [HUNDRED], { detail: { debtPaid: 1 } }, 'entry 2 (redeem): a sum is negative'],
  ]

  it.each(contradictions)('%s', (_, before, fields, message) => {
    const attempt = booking(before, fields)
    expect(attempt).toThrow(LedgerBug)
    expect(attempt).toThrow(message)
  })

  it.each<readonly [string, readonly Command[], Partial<AccountState>, Partial<EntryFields>]>([
    ['held', [HUNDRED, holdOf(10, 'x')], { held: 9 }, { type: 'release', detail: { holdId: 'x' } }],
    ['pending', [PENDING], { pending: 58 }, { type: 'cancel_pending', detail: { refersToSeq: 1, pendingPoints: -59 } }],
  ])('that takes from the sum of what is %s more than is in it', (_, before, spoilt, fields) => {
    const account = accountAfter(before)
    Object.assign(account, { account: { ...account.account, ...spoilt } })
    expect(() => new Draft(account).append({ ...FIELDS, ...fields }, account.nowMs)).toThrow('a sum is negative')
  })

  it('that does not follow the last one, in number, hash or time', () => {
    const account = accountAfter([HUNDRED])
    const next = sealEntry(account.account, FIELDS, account.nowMs)
    const attempt = (change: Partial<Entry>) => () => new Draft(account).book({ ...next, ...change })
    expect(attempt({ seq: 3 })).toThrow('entry 3 (redeem): the account is at 1')
    expect(attempt({ previousHash: '' })).toThrow('does not follow the last hash')
    expect(attempt({ recordedAtMs: account.nowMs - 1 })).toThrow('is recorded before its predecessor')
    expect(attempt({})).not.toThrow()
  })

  it('with an error of its own name, which nobody takes for a refusal', () => {
    expect(new LedgerBug('x').name).toBe('LedgerBug')
  })
})

describe('an entry that is booked', () => {
  it('counts what a reversed grant takes as taken back, not as spent', () => {
    const account = accountAfter([HUNDRED, reversalOf(1)])
    expect(account.lot(1)).toMatchObject({ clawed: 100, consumed: 0, remaining: 0 })
  })

  it('ends only the pending points that it names', () => {
    const second = 'gid://shopify/Order/2'
    const account = accountAfter([PENDING, orderOf({ orderGid: second, returnWindowDays: 14 })])
    account.book(refundOf(5990, 1, { orderGid: second }))
    expect(account.pendings.map(({ seq, points }) => [seq, points])).toEqual([[1, 59]])
  })

  it('is activity where the customer spends what was set aside', () => {
    const account = accountAfter([HUNDRED, holdOf(10, 'h', 5 * DAY_MS)])
    account.nowMs += DAY_MS
    account.book(captureOf())
    expect(account.account.lastActivityAtMs).toBe(MONDAY_MS + DAY_MS)
  })
})
