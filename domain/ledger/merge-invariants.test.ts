import { describe, expect, it } from 'vitest'
import { type Books, booksOf } from './checks.ts'
import { adjustOf, Family, grantOf, holdOf, mergeInto, orderOf, refundOf } from './examples.ts'
import { INVARIANTS } from './invariants.ts'
import { mergeViolations } from './merge-invariants.ts'
import type { Entry } from './types.ts'

/** Two accounts merged, with lots and debt that have arrived. */
function merged(): Map<string, Books> {
  const { removed, kept, family } = Family.ofTwo()
  removed.book(grantOf(100, 'a', { terms: { lotDays: 30, timeZone: 'UTC', inactivityDays: 10 } }))
  removed.book(orderOf())
  removed.book(holdOf(50))
  removed.book(mergeInto('kept'))
  family.deliver()
  removed.book(refundOf(1000))
  family.deliver()
  return new Map([
    ['removed', booksOf(removed)],
    ['kept', booksOf(kept)],
  ])
}

/** The accounts with other entries in one of them. */
function withEntries(customerId: string, change: (entries: readonly Entry[]) => readonly Entry[]): Map<string, Books> {
  const accounts = merged()
  const books = accounts.get(customerId)
  if (books !== undefined) accounts.set(customerId, { ...books, entries: change(books.entries) })
  return accounts
}

describe('16: accounts that are merged', () => {
  it('are right when everything has arrived', () => {
    expect(mergeViolations(merged(), true)).toEqual([])
  })

  it('may have something on its way, as long as it is not quiet', () => {
    const underWay = withEntries('kept', (entries) => entries.slice(0, -1))
    expect(mergeViolations(underWay, false)).toEqual([])
    expect(mergeViolations(underWay, true)).toContainEqual('removed/6 never arrived')
  })

  const defects: readonly (readonly [string, string, (entries: readonly Entry[]) => readonly Entry[]])[] = [
    ['a lot that got lost', 'kept', (entries) => entries.slice(1)],
    ['points that became more', 'kept', (entries) => entries.map((entry) => ({ ...entry, points: entry.points + 1 }))],
    ['debt that was forgotten', 'kept', (entries) => entries.filter(({ points }) => points > 0)],
    ['points of nowhere', 'removed', (entries) => entries.filter(({ type }) => type !== 'merge_out')],
    ['a lot that lives longer', 'kept', (entries) => entries.map((entry) => lasting(entry))],
    ['a lot that silence does not end any more', 'kept', (entries) => entries.map((entry) => loud(entry))],
    ['a lot of another order', 'kept', (entries) => entries.map((entry) => ({ ...entry, orderGid: 'other' }))],
  ]

  it.each(defects)('are caught with %s', (_, customerId, spoil) => {
    expect(mergeViolations(withEntries(customerId, spoil), true)).not.toEqual([])
  })

  it('are caught when something arrived twice', () => {
    const accounts = merged()
    const kept = accounts.get('kept')
    if (kept !== undefined) accounts.set('third', kept)
    expect(mergeViolations(accounts, false)).toContainEqual('removed/1 arrived in kept and third')
  })

  it('are caught when the points of all together are not what was earned and spent', () => {
    const accounts = merged()
    const { removed, kept } = Family.ofTwo()
    removed.book(adjustOf(5))
    accounts.set('fourth', { ...booksOf(kept), entries: booksOf(removed).entries })
    expect(mergeViolations(accounts, true)).toEqual(['posted of all accounts together: 149 instead of 154'])
  })
})

function lasting(entry: Entry): Entry {
  return { ...entry, detail: { ...entry.detail, expiresAtMs: null } }
}

function loud({ detail: { inactivity: _silence, ...detail }, ...entry }: Entry): Entry {
  return { ...entry, detail }
}

function removedBooks(): Books {
  return merged().get('removed') ?? booksOf(Family.ofTwo().removed)
}

describe('a merged account', () => {
  const keepsNothing = INVARIANTS['merged accounts keep nothing']

  it('keeps nothing but what is pinned', () => {
    expect(keepsNothing(removedBooks())).toEqual([])
  })

  it('is caught with points, with debt, or with a merge_out into a third account', () => {
    const books = removedBooks()
    const lots = books.lots.map((lot) => ({ ...lot, pinned: 0 }))
    expect(keepsNothing({ ...books, lots })).toEqual(['free points of a merged account: 50 instead of 0'])
    expect(keepsNothing({ ...books, account: { ...books.account, debt: 1 } })).toHaveLength(1)
    const entries = books.entries.map((entry) =>
      entry.seq === 6 ? { ...entry, detail: { otherCustomerId: 'third' } } : entry,
    )
    expect(keepsNothing({ ...books, entries })).toEqual(['entry 6 goes into another account than the first merge_out'])
  })
})
