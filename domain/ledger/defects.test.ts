import { describe, expect, it } from 'vitest'
import type { Books } from './checks.ts'
import {
  adjustOf,
  captureOf,
  DAY_MS,
  Family,
  grantOf,
  holdOf,
  mergeInto,
  MONDAY_MS,
  ORDER,
  only,
  orderOf,
  redeemOf,
  refundOf,
  releaseOf,
  retold,
  returnOf,
  reversalOf,
  TestAccount,
  tillRedeemOf,
} from './examples.ts'
import { booksOf, INVARIANTS } from './invariants.ts'
import { mergeViolations } from './merge-invariants.ts'
import type { AccountState, Command, Entry, Lot } from './types.ts'

/** What each checker says of books with one defect, to the letter: an auditor has nothing else to go by. */

type Name = keyof typeof INVARIANTS
type Case = readonly [
  what: string,
  before: readonly Command[],
  spoil: (books: Books) => Books,
  texts: readonly string[],
]

function booksAfter(before: readonly Command[]): Books {
  const account = new TestAccount()
  for (const command of before) account.book(command)
  return booksOf(account)
}

const withAccount = (change: Partial<AccountState>) => (books: Books) => ({
  ...books,
  account: { ...books.account, ...change },
})
const withLot = (change: Partial<Lot>) => (books: Books) => ({
  ...books,
  lots: books.lots.map((lot) => (lot.id === 1 ? { ...lot, ...change } : lot)),
})
const withEntry = (seq: number, change: Partial<Entry>) => (books: Books) => retold(books, only(seq, change))

const HUNDRED = grantOf(100)
const HELD = [HUNDRED, holdOf(10)] as const
const SPENT = [HUNDRED, redeemOf(30)] as const
const FOREIGN = { fromCustomerId: 'removed', number: 1, lots: [], mergedFrom: ['removed'], lastActivityAtMs: 0 }
const OWED: Command = { ...mergeInto('kept'), kind: 'merge_in', ...FOREIGN, debt: 20 }

const defects: Readonly<Partial<Record<Name, readonly Case[]>>> = {
  '1 posted is the sum of entries': [['a sum', SPENT, withAccount({ posted: 1 }), ['posted: 1 instead of 70']]],
  '2 posted is lots less debt': [
    ['debt of nobody', SPENT, withAccount({ debt: 5 }), ['posted: 70 instead of 65']],
    ['points of nobody', SPENT, withLot({ remaining: 71 }), ['posted: 70 instead of 71']],
  ],
  '3 lots add up': [
    ['a grant', SPENT, withLot({ granted: 99 }), ['lot 1 granted: 99 instead of 100']],
    ['a pin of no hold', SPENT, withLot({ pinned: 1 }), ['lot 1 pinned: 1 instead of 0']],
    ['points that moved back', SPENT, withLot({ remaining: 71, moved: -1 }), ['lot 1 is overdrawn']],
    ['more pinned than there is', HELD, withLot({ remaining: 9, consumed: 91 }), ['lot 1 is overdrawn']],
  ],
  '4 no overdraft': [
    ['less than nothing, and no debt', HELD, withLot({ remaining: 40, pinned: 60 }), ['-20 available without debt']],
    ['less than nothing, owed', HELD, (books) => withAccount({ debt: 1 })(withLot({ remaining: 0 })(books)), []],
    ['debt by an API', SPENT, withEntry(2, { detail: { debtMade: 1 } }), ['entry 2 (redeem) must not make debt']],
    ['debt by a till', [HUNDRED, tillRedeemOf(110, 10)], (books) => books, []],
    [
      'debt by a till that spends nothing',
      SPENT,
      withEntry(1, { source: 'pos', detail: { debtMade: 1 } }),
      ['entry 1 (earn) must not make debt'],
    ],
    ['debt by a refund', [orderOf(), redeemOf(59), refundOf(1000)], (books) => books, []],
    ['debt by a correction down', [adjustOf(-5, 'j', { allowDebt: true })], (books) => books, []],
    [
      'debt by a correction up',
      [adjustOf(5)],
      withEntry(1, { detail: { debtMade: 1 } }),
      ['entry 1 (adjust) must not make debt'],
    ],
    ['debt that came', [OWED], (books) => books, []],
    [
      'more debt than came',
      [OWED],
      withEntry(1, { detail: { debtMade: 21 } }),
      ['entry 1 (merge_in) must not make debt'],
    ],
    [
      'debt that a reversal owes again',
      [adjustOf(-5, 'j', { allowDebt: true }), HUNDRED, reversalOf(2)],
      (books) => books,
      [],
    ],
    [
      'debt that a reversal makes up',
      [adjustOf(-5, 'j', { allowDebt: true }), HUNDRED, reversalOf(2)],
      withEntry(3, { detail: { refersToSeq: 2, debtMade: 4 } }),
      ['entry 3 (reversal) must not make debt'],
    ],
    [
      'debt by the reversal of nothing',
      [HUNDRED, reversalOf(1)],
      withEntry(2, { detail: { debtMade: 4 } }),
      ['entry 2 (reversal) must not make debt'],
    ],
  ],
  '5 holds end once': [
    ['a sum of holds', HELD, withAccount({ held: 9 }), ['held: 9 instead of 10']],
    [
      'a hold that ended and is open',
      [...HELD, releaseOf()],
      (books) => ({
        ...withAccount({ held: 10 })(books),
        holds: books.holds.map((hold) => ({ ...hold, state: 'open' as const })),
      }),
      ['hold h ends: 1 instead of 0'],
    ],
    [
      'a hold that pins less than it holds',
      HELD,
      (books) => ({ ...books, holds: books.holds.map((hold) => ({ ...hold, pins: [{ lot: 1, points: 9 }] })) }),
      ['hold h pins: 9 instead of 10'],
    ],
    [
      'a capture of more than is held',
      [...HELD, captureOf()],
      withEntry(3, { points: -11 }),
      ['hold h captured 11 of 10'],
    ],
    ['a capture of less than is held', [...HELD, captureOf('h', 4)], (books) => books, []],
  ],
  '6 seq is gapless': [
    ['a number', SPENT, withAccount({ seq: 3 }), ['account seq: 3 instead of 2']],
    [
      'a gap',
      SPENT,
      (books) => ({
        ...books,
        entries: books.entries.map((entry) => (entry.seq === 2 ? { ...entry, seq: 5 } : entry)),
      }),
      ['seq: 5 instead of 2'],
    ],
    [
      'a clock that went back',
      SPENT,
      withEntry(2, { recordedAtMs: MONDAY_MS - 1 }),
      ['entry 2 is recorded before its predecessor'],
    ],
    [
      'a time before all times',
      SPENT,
      withEntry(1, { recordedAtMs: -1 }),
      ['entry 1 is recorded before its predecessor'],
    ],
  ],
  '7 business ids are unique': [
    ['an id', [HUNDRED, grantOf(1, 'b')], withEntry(2, { externalId: 'activity:a' }), ['activity:a is booked twice']],
  ],
  '10 nothing from expired lots': [
    ['a lot that was over', SPENT, withLot({ expiresAtMs: MONDAY_MS }), ['entry 2 takes from expired lot 1']],
    ['a lot that was about to be over', SPENT, withLot({ expiresAtMs: MONDAY_MS + 1 }), []],
    [
      'a capture from a lot that is over',
      [...HELD, captureOf()],
      withLot({ expiresAtMs: MONDAY_MS }),
      ['entry 2 takes from expired lot 1'],
    ],
  ],
  '11 orders end at f(net)': [
    [
      'points that nobody took',
      [orderOf(), refundOf(1000)],
      withEntry(2, { points: 0, allocations: [] }),
      [`${ORDER} net: 59 instead of 49`],
    ],
    [
      'points taken that were never there',
      [orderOf(), HUNDRED, refundOf(5990)],
      withEntry(3, {
        points: -60,
        allocations: [
          { lot: 1, points: -59 },
          { lot: 2, points: -1 },
        ],
      }),
      [`${ORDER}: 60 taken back of 59`],
    ],
    [
      'points given by a refund',
      [orderOf(), redeemOf(1), refundOf(1000)],
      withEntry(3, { points: 1, allocations: [{ lot: 3, points: 1 }] }),
      [`${ORDER}: -1 taken back of 59`],
    ],
    ['points of an order that a person took', [orderOf(), reversalOf(1), refundOf(1000, 1)], (books) => books, []],
  ],
  '12 reversals mirror once': [
    [
      'a reversal of nothing',
      [...SPENT, reversalOf(2)],
      withEntry(3, { detail: { refersToSeq: 9 } }),
      ['entry 9 was reversed and is not there'],
    ],
    [
      'a reversal of less',
      [...SPENT, reversalOf(2)],
      withEntry(3, { points: 29 }),
      ['entry 2 and its reversal: -1 instead of 0'],
    ],
    [
      'a second reversal',
      [...SPENT, redeemOf(30, 's'), reversalOf(2), reversalOf(3)],
      withEntry(5, { detail: { refersToSeq: 2 } }),
      ['reversals of entry 2: 2 instead of 1', 'entry 2 and its reversal: 30 instead of 0'],
    ],
    [
      'a part and all of it',
      [...SPENT, returnOf(2, 10), returnOf(2, 5, 2)],
      withEntry(4, { detail: { refersToSeq: 2 } }),
      ['entry 2 was reversed both in full and in parts'],
    ],
    [
      'more than was spent',
      [...SPENT, returnOf(2, 10)],
      withEntry(3, { points: 31 }),
      ['31 points came back of the 30 of entry 2'],
    ],
    ['less than nothing', [...SPENT, returnOf(2, 10)], withEntry(3, { points: 0 }), ['entry 3 gives back 0']],
  ],
  '15 the hash chain verifies': [
    [
      'an actor',
      SPENT,
      (books) => ({
        ...books,
        entries: books.entries.map((entry) => (entry.seq === 2 ? { ...entry, actor: 'x' } : entry)),
      }),
      ['the hash chain breaks at entry 2'],
    ],
    ['a last hash', SPENT, withAccount({ lastHash: 'x' }), ['the account does not know the last hash']],
  ],
  '19 numbers stay in bounds': [
    ['half a point', SPENT, withAccount({ held: 0.5 }), ['held is 0.5']],
    ...(['debt', 'held', 'pending'] as const).map((name): Case => [
      name,
      SPENT,
      withAccount({ [name]: -2 }),
      ['a sum is -2'],
    ]),
    ...(['earned', 'redeemed', 'expired', 'clawedBack'] as const).map((name): Case => [
      name,
      [],
      withAccount({
        lifetime: {
          earned: 0,
          redeemed: 0,
          expired: 0,
          clawedBack: 0,
          adjusted: name === 'earned' ? 2 : -2,
          [name]: -2,
        },
      }),
      ['a sum is -2'],
    ]),
    ['an entry', [HUNDRED], withEntry(1, { points: 1_000_000_001 }), ['entry 1 is too large']],
    ['an entry the other way', [HUNDRED], withEntry(1, { points: -1_000_000_001 }), ['entry 1 is too large']],
    ['the largest entry', [HUNDRED], withEntry(1, { points: 1_000_000_000 }), []],
    ['a sum of sums', SPENT, withAccount({ posted: 71 }), ['posted by lifetime sums: 70 instead of 71']],
  ],
  'entries balance': [
    ['points', SPENT, withEntry(2, { points: -31 }), ['entry 2: -31 instead of -30']],
    ['points of a hold', HELD, withEntry(2, { points: -10 }), ['entry 2: -10 instead of 0']],
    [
      'what waits',
      [orderOf({ returnWindowDays: 14 })],
      withAccount({ pending: 60 }),
      ['pending by entries: 60 instead of 59', 'pending by rows: 60 instead of 59'],
    ],
  ],
  'merged accounts keep nothing': [
    [
      'another account',
      [HUNDRED, mergeInto('kept')],
      withAccount({ mergedInto: 'third' }),
      ['merged into third, by the entries into kept'],
    ],
    ['debt', [HUNDRED, mergeInto('kept')], withAccount({ debt: 1 }), ['debt of a merged account: 1 instead of 0']],
  ],
}

const all = Object.entries(INVARIANTS).flatMap(([name, check]) =>
  isName(name) ? (defects[name] ?? []).map((told) => [name, told[0], check, told] as const) : [],
)

function isName(name: string): name is Name {
  return Object.hasOwn(INVARIANTS, name)
}

describe('a checker says what is wrong', () => {
  it.each(all)('%s: %s', (_name, _what, check, [, before, spoil, texts]) => {
    expect(check(spoil(booksAfter(before)))).toEqual(texts)
  })

  const waiting = [orderOf({ returnWindowDays: 14 }), HUNDRED, holdOf(10)]
  it.each<readonly [string, (books: Books) => Books]>([
    [
      'account',
      (books) => ({ ...books, account: { ...books.account, lifetime: { ...books.account.lifetime, earned: 5 } } }),
    ],
    ['account', withAccount({ debt: 1 })],
    ['lots', (books) => ({ ...books, lots: books.lots.map((lot) => ({ ...lot, consumed: 1 })) })],
    ['holds', (books) => ({ ...books, holds: books.holds.map((hold) => ({ ...hold, points: 9 })) })],
    [
      'holds',
      (books) => ({ ...books, holds: books.holds.map((hold) => ({ ...hold, pins: [{ lot: 2, points: 9 }] })) }),
    ],
    ['pendings', (books) => ({ ...books, pendings: books.pendings.map((pending) => ({ ...pending, points: 1 })) })],
  ])('18 the state is the fold of the entries: %s', (table, spoil) => {
    const check = INVARIANTS['18 the state is the fold of the entries']
    const books = booksAfter(waiting)
    expect(check(books)).toEqual([])
    expect(check(spoil(books))).toEqual([
      expect.stringMatching(`^${table} differ from the fold of the entries: .+, not .+`),
    ])
  })

  it('names the entry that expires a lot before its day', () => {
    const account = new TestAccount()
    account.book(grantOf(100, 'a', { terms: { lotDays: 1, timeZone: 'UTC' } }))
    account.wait(3 * DAY_MS)
    const check = INVARIANTS['10 nothing from expired lots']
    expect(check(booksOf(account))).toEqual([])
    expect(check(withLot({ expiresAtMs: account.nowMs + 1 })(booksOf(account)))).toEqual(['entry 2 expires a live lot'])
  })
})

/** Silence of two days ends a lot; who does something on the way keeps it. */
describe('what keeps a lot alive', () => {
  const check = INVARIANTS['10 nothing from expired lots']
  const silence = { days: 1, timeZone: 'UTC', fromMs: MONDAY_MS }

  function spentAfter(activity: Command): readonly string[] {
    const account = new TestAccount()
    account.book(HUNDRED)
    account.book(holdOf(10, 'early', 30 * DAY_MS))
    account.nowMs += DAY_MS
    account.book(activity)
    account.nowMs += DAY_MS + DAY_MS / 2
    account.book(adjustOf(-1, 'spent'))
    return check(withLot({ inactivity: silence })(booksOf(account)))
  }

  it.each([grantOf(5, 'b'), orderOf({ returnWindowDays: 14 }), redeemOf(1), holdOf(1), captureOf('early')])(
    'is what the customer does: $kind',
    (activity) => {
      expect(spentAfter(activity)).toEqual([])
    },
  )

  it.each([adjustOf(5, 'b'), releaseOf('early'), refundOf(1)])('is not what others do: $kind', (activity) => {
    expect(spentAfter(activity)).toEqual([`entry 4 takes from expired lot 1`])
  })

  it.each([
    [DAY_MS, []],
    [0, ['entry 4 takes from expired lot 1']],
  ])('is what the customer did in a merged account, %d ms later', (laterMs, texts) => {
    const active = { ...OWED, debt: 0, lastActivityAtMs: MONDAY_MS + laterMs }
    expect(spentAfter(active)).toEqual(texts)
  })
})

/** What is wrong with a merge, of which other entries arrived. */
function merged(spoil: (entries: readonly Entry[]) => readonly Entry[]): readonly string[] {
  const { removed, kept, family } = Family.ofTwo()
  removed.book(grantOf(100))
  removed.book(holdOf(100))
  removed.book(adjustOf(-30, 'debt', { allowDebt: true }))
  removed.book(releaseOf())
  removed.book(mergeInto('kept'))
  family.deliver()
  const books = booksOf(kept)
  return mergeViolations(
    new Map([
      ['removed', booksOf(removed)],
      ['kept', { ...books, entries: spoil(books.entries) }],
    ]),
    false,
  )
}

const changed = (seq: number, change: Partial<Entry>) => (entries: readonly Entry[]) => entries.map(only(seq, change))

describe('a merge that is wrong is told', () => {
  it.each<readonly [string, (entries: readonly Entry[]) => readonly Entry[], readonly string[]]>([
    ['right', (entries) => entries, []],
    [
      'a lot that is not there',
      (entries) => entries.slice(1),
      ['removed/1 in kept: -30 instead of 70', 'removed/1: 1 lots left, 0 came'],
    ],
    [
      'a lot that became smaller',
      changed(1, { points: 99 }),
      [
        'removed/1 in kept: 69 instead of 70',
        'removed/1: the lot of 100 points came as entry 1 otherwise than it left',
      ],
    ],
    [
      'debt that became smaller',
      changed(2, { points: -29 }),
      ['removed/1 in kept: 71 instead of 70', 'debt of removed/1: 29 instead of 30'],
    ],
    [
      'an id of nowhere',
      (entries) => [...entries, ...entries.map((entry) => ({ ...entry, externalId: 'merge:x/1:in' }))],
      ['x/1 arrived and never left'],
    ],
  ])('%s', (_, spoil, texts) => {
    expect(merged(spoil)).toEqual(texts)
  })
})
