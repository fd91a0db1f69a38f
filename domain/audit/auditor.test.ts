import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { sealEntry } from '../ledger/entry.ts'
import { emptyAccount } from '../ledger/draft.ts'
import {
  adjustOf,
  cancellation,
  captureOf,
  DAY_MS,
  tillRedeemOf,
  returnOf,
  MONDAY_MS,
  editOf,
  grantOf,
  holdOf,
  mergeInto,
  ORDER,
  orderOf,
  redeemOf,
  refundOf,
  releaseOf,
  reversalOf,
  TestAccount,
} from '../ledger/examples.ts'
import { type Books, booksOf, violationsOf } from '../ledger/invariants.ts'
import type { Command, Entry, LotTerms } from '../ledger/types.ts'
import { audited } from './examples.ts'

/** An account with some of everything: lots, a hold, pending points, a refund, a reversal, a return. */
function busyAccount(): TestAccount {
  const account = new TestAccount()
  account.book(grantOf(100, 'a', { terms: { lotDays: 30, timeZone: 'Europe/Berlin' } }))
  account.book(grantOf(50, 'b'))
  account.book(orderOf())
  account.book(redeemOf(120))
  account.book(refundOf(2000))
  account.book(holdOf(20))
  account.book(orderOf({ orderGid: 'gid://shopify/Order/2', returnWindowDays: 14 }))
  account.book(adjustOf(7))
  account.book(reversalOf(8))
  return account
}

/** What the auditor says, as `invariant@seq`. */
function placesIn(books: Books): readonly string[] {
  return audited(books).findings.map(({ invariant, seq }) => `${invariant}@${seq}`)
}

function withEntry(books: Books, seq: number, change: Partial<Entry>): Books {
  const entries = books.entries.map((entry) => (entry.seq === seq ? { ...entry, ...change } : entry))
  return { ...books, entries }
}

/** The entries with one changed, and sealed anew from there on, as by somebody who knows how. */
function forged(books: Books, seq: number, change: Partial<Entry>): Books {
  const entries: Entry[] = []
  for (const entry of books.entries) {
    const { seq: _seq, recordedAtMs, previousHash: _previous, hash: _hash, ...fields } = entry
    const account = { ...emptyAccount(), seq: entries.length, lastHash: entries.at(-1)?.hash ?? '' }
    entries.push(sealEntry(account, { ...fields, ...(entry.seq === seq ? change : {}) }, recordedAtMs))
  }
  const lastHash = entries.at(-1)?.hash ?? ''
  return { ...books, entries, account: { ...books.account, lastHash } }
}

describe('a sound ledger', () => {
  it('is read from its first entry to its last, without a finding', () => {
    const account = busyAccount()
    const auditor = audited(booksOf(account))
    expect(auditor.findings).toEqual([])
    expect(auditor).toMatchObject({ stateMatches: true, isBroken: false, entries: 9 })
    expect([auditor.firstHash, auditor.lastHash]).toEqual([account.entries[0]?.hash, account.account.lastHash])
  })

  it('may be that of a merged customer whose hold ran out just before its lot, and whose alarm rang after both', () => {
    const account = new TestAccount()
    account.book(grantOf(10, 'a', { terms: { lotDays: 1, timeZone: 'Europe/Berlin' } }))
    account.book(holdOf(10, 'cart', DAY_MS))
    account.book(mergeInto('kept'))
    account.wait(3 * DAY_MS)
    expect(account.history.at(-1)).toBe('merge_out -10')
    expect(placesIn(booksOf(account))).toEqual([])
  })

  it('may be one in which nothing happened', () => {
    expect(placesIn(booksOf(new TestAccount()))).toEqual([])
  })
})

describe('entries that are not as they were booked', () => {
  it('show where the points of one were changed', () => {
    const books = withEntry(booksOf(busyAccount()), 2, { points: 51 })
    expect(placesIn(books)).toEqual(expect.arrayContaining(['15@2', '2@2', '1@9', '18@9']))
    expect(audited(books)).toMatchObject({ isBroken: true, stateMatches: false })
  })

  it('show what was changed though it moves no points', () => {
    const actor = 'api_key:another'
    const auditor = audited(withEntry(booksOf(busyAccount()), 8, { actor }))
    expect(auditor.findings).toEqual([
      { invariant: 15, seq: 8, detail: 'the hash of entry 8 is not that of its contents' },
    ])
    expect(auditor).toMatchObject({ isBroken: true, stateMatches: true })
  })

  it('show where one is missing', () => {
    const books = booksOf(busyAccount())
    const places = placesIn({ ...books, entries: books.entries.filter(({ seq }) => seq !== 4) })
    expect(places).toEqual(expect.arrayContaining(['6@5', '15@5']))
  })

  it('show that the last one is missing', () => {
    const books = booksOf(busyAccount())
    const auditor = audited({ ...books, entries: books.entries.slice(0, -1) })
    expect(auditor.findings.map(({ invariant }) => invariant)).toEqual(expect.arrayContaining([6, 13, 15]))
    expect(auditor.stateMatches).toBe(false)
  })

  it('show where a hash was swapped for another', () => {
    const books = booksOf(busyAccount())
    const places = placesIn(withEntry(books, 3, { hash: books.entries[5]?.hash ?? '' }))
    expect(places).toEqual(['15@3', '15@4'])
  })

  it('show that two changed places', () => {
    const books = booksOf(busyAccount())
    const [first, second, ...rest] = books.entries
    expect(placesIn({ ...books, entries: [second, first, ...rest].flatMap((entry) => entry ?? []) })).toEqual(
      expect.arrayContaining(['6@2', '15@2', '6@1', '15@1']),
    )
  })

  it('show one that cannot be read, and leave the others to be checked', () => {
    const { entries } = booksOf(busyAccount())
    const auditor = audited({ ...booksOf(new TestAccount()), entries: [] })
    auditor.cannotRead(1, 'not JSON')
    for (const entry of entries.slice(1)) auditor.take(entry)
    expect(auditor.findings.filter(({ invariant }) => invariant === null)).toMatchObject([{ seq: 1 }])
    expect(auditor).toMatchObject({ isBroken: true, stateMatches: false, entries: 9 })
  })
})

describe('entries that somebody made up, hashes and all,', () => {
  it.each<[string, number, Partial<Entry>, string]>([
    [
      'take from the wrong lot',
      4,
      {
        allocations: [
          { lot: 3, points: -59 },
          { lot: 2, points: -50 },
          { lot: 1, points: -11 },
        ],
      },
      '9@4',
    ],
    ['give more than they move', 2, { points: 60 }, '2@2'],
    ['book a business id again', 2, { externalId: 'activity:a' }, '7@2'],
    ['make debt that they must not', 4, { points: -130, detail: { debtMade: 10 } }, '4@4'],
    ['are too large', 2, { points: 2_000_000_000, allocations: [{ lot: 2, points: 2_000_000_000 }] }, '19@2'],
    [
      'undo more than there was',
      9,
      {
        points: -17,
        allocations: [
          { lot: 8, points: -7 },
          { lot: 2, points: -10 },
        ],
      },
      '12@9',
    ],
    ['are recorded in the past', 5, { recordedAtMs: 1 }, '6@5'],
    ['take too little back of an order', 5, { points: -1, allocations: [{ lot: 3, points: -1 }] }, '11@3'],
  ])('show when they %s', (_what, seq, change, place) => {
    const books = forged(booksOf(busyAccount()), seq, change)
    const recorded = 'recordedAtMs' in change ? withEntry(books, seq, change) : books
    expect(placesIn(recorded)).toContain(place)
  })

  it('show when they take from a lot that is over, or end one that is not', () => {
    const account = new TestAccount()
    account.book(grantOf(100, 'a', { terms: { lotDays: 1, timeZone: 'Europe/Berlin' } }))
    account.book(grantOf(100, 'b'))
    account.wait(5 * DAY_MS)
    account.book(redeemOf(10))
    const taken = forged(booksOf(account), 4, { allocations: [{ lot: 1, points: -10 }] })
    expect(placesIn(taken)).toContain('10@4')
    const ended = forged(booksOf(account), 3, { allocations: [{ lot: 2, points: -100 }] })
    expect(placesIn(ended)).toContain('10@3')
  })
})

describe('a merged account', () => {
  it('is sound with what it could not let go yet, and shows what it should have let go', () => {
    const account = busyAccount()
    account.book(mergeInto('kept'))
    expect(placesIn(booksOf(account))).toEqual([])
    const books = booksOf(account)
    const last = books.entries.at(-1)
    const kept = last?.allocations.slice(1) ?? []
    const points = kept.reduce((sum, allocation) => sum + allocation.points, 0)
    expect(placesIn(forged(books, 10, { points, allocations: kept }))).toContain('16@10')
  })

  it('shows where points leave for somebody else', () => {
    const account = busyAccount()
    account.book(mergeInto('kept'))
    account.wait(30 * DAY_MS)
    const books = booksOf(account)
    const late = books.entries.findLast(({ type }) => type === 'merge_out')
    expect(late?.seq).toBeGreaterThan(10)
    const detail = { ...late?.detail, otherCustomerId: 'thief' }
    expect(placesIn(forged(books, late?.seq ?? 0, { detail }))).toContain(`16@${late?.seq}`)
  })
})

describe('a stored state that is not what the entries say', () => {
  it('shows a changed lot, a missing one and one from nowhere', () => {
    const books = booksOf(busyAccount())
    const change = (id: number, remaining: number) =>
      books.lots.map((lot) => (lot.id === id ? { ...lot, remaining, consumed: lot.granted - remaining } : lot))
    expect(audited({ ...books, lots: change(1, 40) }).findings).toContainEqual({
      invariant: 18,
      seq: 1,
      detail: 'lot 1: remaining is 40 instead of 0',
    })
    expect(placesIn({ ...books, lots: books.lots.filter(({ id }) => id !== 3) })).toContain('18@3')
    const [lot] = books.lots
    expect(placesIn({ ...books, lots: [...books.lots, ...(lot ? [{ ...lot, id: 77 }] : [])] })).toContain('18@77')
    const [first, ...rest] = books.lots
    const unsound = first ? [{ ...first, clawed: first.clawed + 1 }, ...rest] : []
    expect(placesIn({ ...books, lots: unsound })).toContain('3@1')
  })

  it('shows a changed balance, debt, hold and pending points', () => {
    const books = booksOf(busyAccount())
    const { account } = books
    expect(placesIn({ ...books, account: { ...account, posted: account.posted + 1 } })).toEqual(
      expect.arrayContaining(['1@9', '2@9', '18@9', '19@9']),
    )
    expect(placesIn({ ...books, account: { ...account, debt: 5 } })).toEqual(['2@9', '18@9'])
    expect(placesIn({ ...books, account: { ...account, held: 0 } })).toEqual(['5@9', '18@9'])
    expect(placesIn({ ...books, holds: [] })).toEqual(['5@9', '18@9'])
    expect(placesIn({ ...books, pendings: [] })).toEqual(['18@9'])
    expect(placesIn({ ...books, account: { ...account, mergedInto: 'somebody' } })).toEqual(['18@9'])
  })
})

const terms: fc.Arbitrary<LotTerms> = fc.record({
  lotDays: fc.constantFrom(null, 1, 30),
  inactivityDays: fc.constantFrom(null, null, 2),
  calendar: fc.constantFrom(null, null, { month: 3, day: 5, minDays: 1 }),
  timeZone: fc.constant('Europe/Berlin'),
})
const points = fc.integer({ min: 1, max: 200 })
const id = fc.integer({ min: 1, max: 5 }).map(String)
const gid = fc.integer({ min: 1, max: 3 }).map((number) => `${ORDER}${number}`)
const command: fc.Arbitrary<Command> = fc.oneof(
  fc
    .record({ orderGid: gid, terms, returnWindowDays: fc.constantFrom(0, 0, 2) })
    .map((order) => orderOf({ ...order, parts: { ...orderOf().parts, goods: 5000 } })),
  fc
    .record({ number: fc.nat(6), orderGid: gid, goods: fc.nat(4000) })
    .map((refund) => refundOf(refund.goods, refund.number, { orderGid: refund.orderGid })),
  gid.map(cancellation),
  fc.record({ id, points, terms }).map((grant) => grantOf(grant.points, grant.id, { terms: grant.terms })),
  fc.record({ id, points }).map((spent) => redeemOf(spent.points, spent.id)),
  fc
    .record({ id, points: fc.integer({ min: -200, max: 200 }), allowDebt: fc.boolean() })
    .map((by) => adjustOf(by.points, by.id, { allowDebt: by.allowDebt })),
  fc.record({ id, points }).map((held) => holdOf(held.points, held.id, DAY_MS)),
  id.map((hold) => captureOf(hold)),
  id.map(releaseOf),
  fc.integer({ min: 1, max: 20 }).map((seq) => reversalOf(seq)),
  fc
    .record({ orderGid: gid, goods: fc.nat(9000), hours: fc.integer({ min: 1, max: 4 }) })
    .map((edit) => editOf(edit.goods, edit.hours, { orderGid: edit.orderGid })),
  fc
    .record({ seq: fc.integer({ min: 1, max: 20 }), points: fc.integer({ min: 1, max: 40 }), refund: fc.nat(3) })
    .map((back) => returnOf(back.seq, back.points, back.refund)),
  fc.record({ id, points }).map((spent) => tillRedeemOf(spent.points, 150, spent.id)),
  fc.record({ number: fc.integer({ min: 1, max: 3 }), points, debt: fc.constantFrom(0, 90) }).map(mergeIn),
  fc.constant(mergeInto('kept')),
)

/** What another account's merge_out carries here. */
function mergeIn(of: { number: number; points: number; debt: number }): Command {
  const lot = { points: of.points, expiresAtMs: null, inactivity: null, orderGid: null }
  const by = { source: 'merge', actor: 'shopify', effectiveAtMs: MONDAY_MS } as const
  const from = { fromCustomerId: 'other', number: of.number, mergedFrom: ['other'], lastActivityAtMs: MONDAY_MS }
  return { ...by, kind: 'merge_in', ...from, lots: [lot], debt: of.debt }
}
const stories = fc.array(fc.record({ afterMs: fc.constantFrom(1000, 1000, DAY_MS, 3 * DAY_MS), command }), {
  minLength: 1,
  maxLength: 25,
  size: 'max',
})

function told(story: readonly { readonly afterMs: number; readonly command: Command }[]): Books {
  const account = new TestAccount()
  for (const { afterMs, command: asked } of story) {
    account.nowMs += afterMs
    account.do(asked)
  }
  return booksOf(account)
}

describe('any story', { timeout: 60_000 }, () => {
  it('is sound, to the auditor as to the checkers of the invariants', () => {
    fc.assert(
      fc.property(stories, (story) => {
        const books = told(story)
        expect(audited(books).findings).toEqual([])
        expect(audited(books).stateMatches).toBe(true)
      }),
      { numRuns: 200 },
    )
  })

  it('is found out once anything of it was changed that those checkers find', () => {
    const tamper = fc.record({
      seq: fc.integer({ min: 1, max: 25 }),
      how: fc.constantFrom('points', 'reason', 'hash', 'removed', 'lot', 'posted', 'forged'),
      by: fc.integer({ min: 1, max: 9 }),
    })
    fc.assert(
      fc.property(stories, tamper, (story, { seq, how, by }) => {
        const books = told(story)
        const entry = books.entries[seq - 1]
        fc.pre(entry !== undefined)
        const changed = tampered(books, entry, how, by)
        expect(violationsOf(changed)).not.toEqual([])
        expect(audited(changed).findings).not.toEqual([])
      }),
      { numRuns: 300 },
    )
  })
})

function tampered(books: Books, entry: Entry, how: string, by: number): Books {
  const { seq, points: of, allocations } = entry
  const { account } = books
  if (how === 'points') return withEntry(books, seq, { points: of + by })
  if (how === 'reason') return withEntry(books, seq, { detail: { ...entry.detail, reason: 'another' } })
  if (how === 'hash') return withEntry(books, seq, { hash: '0'.repeat(64) })
  if (how === 'removed') return { ...books, entries: books.entries.filter((one) => one !== entry) }
  if (how === 'forged') {
    const [first, ...rest] = allocations
    const moved = first === undefined ? [] : [{ ...first, points: first.points + by }, ...rest]
    return forged(books, seq, first === undefined ? { points: of + by } : { points: of + by, allocations: moved })
  }
  const [lot] = books.lots
  if (how === 'posted' || lot === undefined) return { ...books, account: { ...account, posted: account.posted + by } }
  const lots = books.lots.map((one) => (one === lot ? { ...one, consumed: one.consumed + by } : one))
  return { ...books, lots }
}
