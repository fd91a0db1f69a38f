import { describe, expect, it } from 'vitest'
import { adjustOf, Family, grantOf, holdOf, mergeInto, releaseOf } from './examples.ts'

describe('a merge of an account that has points and owes some', () => {
  it('carries both at once, and the other account pays what was owed from what came', () => {
    const { removed, kept, family } = Family.ofTwo()
    removed.book(grantOf(100))
    removed.book(holdOf(100))
    removed.book(adjustOf(-30, 'debt', { allowDebt: true }))
    removed.book(releaseOf())
    expect(removed.account).toMatchObject({ posted: 70, debt: 30 })
    expect(removed.book(mergeInto('kept'))).toMatchObject({ points: -70, detail: { debtPaid: 30 } })
    family.deliver()
    expect(kept.history).toEqual(['merge_in 100', 'merge_in -30'])
    expect(kept.account).toMatchObject({ posted: 70, debt: 0 })
    expect(removed.account).toMatchObject({ posted: 0, debt: 0 })
  })
})

describe('an account that two others are merged into', () => {
  it('knows the orders of both', () => {
    const family = new Family(['first', 'second', 'kept'])
    for (const customerId of ['first', 'second']) {
      family.account(customerId).book(grantOf(10))
      family.account(customerId).book(mergeInto('kept'))
      family.deliver()
    }
    expect(family.account('kept').account).toMatchObject({ posted: 20, mergedFrom: ['first', 'second'] })
  })
})
