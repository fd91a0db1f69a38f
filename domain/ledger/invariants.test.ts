import { describe, expect, it } from 'vitest'
import {
  adjustOf,
  captureOf,
  DAY_MS,
  grantOf,
  holdOf,
  only,
  orderOf,
  redeemOf,
  refundOf,
  releaseOf,
  retold,
  returnOf,
  reversalOf,
  TestAccount,
} from './examples.ts'
import { type Books, booksOf, INVARIANTS, violationsOf } from './invariants.ts'
import { rebuild } from './memory.ts'

/** An account with something of everything in it. */
function richAccount(): TestAccount {
  const account = new TestAccount()
  account.book(grantOf(100, 'short', { terms: { lotDays: 1, timeZone: 'Europe/Berlin' } }))
  account.book(grantOf(100, 'long'))
  account.book(orderOf())
  account.book(refundOf(1000))
  account.book(redeemOf(30))
  account.book(reversalOf(5))
  account.book(holdOf(20, 'h1'))
  account.book(captureOf('h1', 5))
  account.book(holdOf(10, 'h2'))
  account.book(releaseOf('h2'))
  account.book(holdOf(7, 'open', 90 * DAY_MS))
  account.wait(3 * DAY_MS)
  account.book(adjustOf(-500, 'debt', { allowDebt: true }))
  account.book(orderOf({ orderGid: 'gid://shopify/Order/2', returnWindowDays: 30 }))
  return account
}

/** Two grants, then something spent. */
function spentAccount(): Books {
  const account = new TestAccount()
  account.book(grantOf(100, 'first'))
  account.book(grantOf(100, 'second'))
  account.book(redeemOf(30))
  return booksOf(account)
}

describe('the books', () => {
  it('of an account with something of everything are right', () => {
    expect(violationsOf(booksOf(richAccount()))).toEqual([])
  })

  type Name = keyof typeof INVARIANTS
  const defects: readonly (readonly [Name, (books: Books) => Books])[] = [
    ['1 posted is the sum of entries', (books) => ({ ...books, account: { ...books.account, posted: 1 } })],
    ['2 posted is lots less debt', (books) => ({ ...books, account: { ...books.account, debt: 0 } })],
    [
      '3 lots add up',
      (books) => ({ ...books, lots: books.lots.map((lot) => Object.assign({ ...lot }, { pinned: 0 })) }),
    ],
    ['4 no overdraft', (books) => retold(books, only(5, { detail: { debtMade: 3 } }))],
    ['5 holds end once', (books) => ({ ...books, entries: books.entries.filter(({ type }) => type !== 'release') })],
    ['6 seq is gapless', (books) => ({ ...books, entries: books.entries.toSpliced(3, 1) })],
    ['7 business ids are unique', (books) => retold(books, only(2, { externalId: 'activity:short' }))],
    ['9 points are taken by FIFO', () => retold(spentAccount(), only(3, { allocations: [{ lot: 2, points: -30 }] }))],
    [
      '10 nothing from expired lots',
      (books) => ({
        ...books,
        lots: books.lots.map((lot) => Object.assign({ ...lot }, { expiresAtMs: 1 })),
      }),
    ],
    [
      '11 orders end at f(net)',
      (books) => retold(books, only(4, { points: -9, allocations: [{ lot: 3, points: -9 }] })),
    ],
    ['12 reversals mirror once', (books) => ({ ...books, entries: [...books.entries, ...books.entries.slice(5, 6)] })],
    ['15 the hash chain verifies', (books) => ({ ...books, entries: books.entries.map(only(2, { actor: 'nobody' })) })],
    ['18 the state is the fold of the entries', (books) => ({ ...books, pendings: [] })],
    ['19 numbers stay in bounds', (books) => ({ ...books, account: { ...books.account, held: 0.5 } })],
    ['entries balance', (books) => ({ ...books, pendings: [] })],
    ['merged accounts keep nothing', (books) => ({ ...books, account: { ...books.account, mergedInto: 'other' } })],
  ]

  it.each(defects)('with a defect are caught by: %s', (name, spoil) => {
    expect(INVARIANTS[name](spoil(booksOf(richAccount())))).not.toEqual([])
  })

  it.each([
    ['more in parts than was spent', { points: 21, becauseOf: 'refund' }],
    ['in parts and in full', { points: 5 }],
    ['a part of nothing', { points: 0, becauseOf: 'refund' }],
  ])('in which points come back wrongly are caught: %s', (_, { points, ...detail }) => {
    const account = new TestAccount()
    account.book(grantOf(100))
    account.book(redeemOf(30))
    account.book(returnOf(2, 10, 1))
    account.book(returnOf(2, 5, 2))
    const right = booksOf(account)
    const spoilt = retold(right, only(4, { points, detail: { refersToSeq: 2, ...detail } }))
    expect(INVARIANTS['12 reversals mirror once'](right)).toEqual([])
    expect(INVARIANTS['12 reversals mirror once'](spoilt)).toHaveLength(1)
  })

  it('in which something else than spending comes back in parts are caught', () => {
    const account = new TestAccount()
    account.book(adjustOf(-30, 'debt', { allowDebt: true }))
    account.book(reversalOf(1))
    const spoilt = retold(booksOf(account), only(2, { points: 5, detail: { refersToSeq: 1, becauseOf: 'refund' } }))
    expect(INVARIANTS['12 reversals mirror once'](spoilt)).toEqual(['entry 1 (adjust) came back in parts'])
  })

  it('of an account that was silent for too long must not be spent from', () => {
    const account = new TestAccount()
    const silence = { days: 1, timeZone: 'UTC', fromMs: account.nowMs }
    account.book(grantOf(100))
    account.nowMs += 3 * DAY_MS
    account.book(redeemOf(10))
    const books = booksOf(account)
    const spoilt = { ...books, lots: books.lots.map((lot) => Object.assign({ ...lot }, { inactivity: silence })) }
    expect(INVARIANTS['10 nothing from expired lots'](spoilt)).toEqual(['entry 2 takes from expired lot 1'])
  })

  it('have a defect tested for each invariant', () => {
    expect(defects.map(([name]) => name)).toEqual(Object.keys(INVARIANTS))
  })

  it('that cannot even be read are reported, too', () => {
    const books = booksOf(richAccount())
    expect(violationsOf({ ...books, entries: books.entries.toSpliced(3, 1) })).toContainEqual(
      expect.stringContaining('cannot be checked'),
    )
  })
})

describe('a rebuild', () => {
  it('leads to the stored state', () => {
    const account = richAccount()
    expect(booksOf(rebuild(account.entries))).toEqual(booksOf(account))
  })

  it('stops at entries that contradict themselves', () => {
    const { entries } = richAccount()
    expect(() => rebuild(entries.toSpliced(2, 1))).toThrow('the account is at 2')
    const overdrawn = retold(booksOf(richAccount()), only(5, { points: -300, allocations: [{ lot: 1, points: -300 }] }))
    expect(() => rebuild(overdrawn.entries)).toThrow('takes more than lot 1 has')
  })
})
