import { describe, expect, it } from 'vitest'
import { grantOf, holdOf, orderOf, redeemOf, TestAccount } from './examples.ts'
import { fifoViolations } from './fifo.ts'
import type { Allocation, Entry, EntryType } from './types.ts'

/** Lots 1 and 4 never end, 2 ends soon, 3 ends later and is an order's. */
function account(): TestAccount {
  const made = new TestAccount()
  made.book(grantOf(10, 'never'))
  made.book(grantOf(10, 'soon', { terms: { lotDays: 1, timeZone: 'UTC' } }))
  made.book(orderOf({ terms: { lotDays: 9, timeZone: 'UTC' } }))
  made.book(grantOf(10, 'never either'))
  return made
}

/** What is wrong with taking these points out of these lots. */
function violations(type: EntryType, taken: readonly (readonly [number, number])[], change: Partial<Entry> = {}) {
  const before = account()
  const entry = before.book(redeemOf(1))
  const allocations = taken.map(([lot, points]): Allocation => ({ lot, points: -points }))
  return fifoViolations(account(), { ...entry, type, allocations, ...change })
}

const TAKING: readonly EntryType[] = ['redeem', 'hold', 'adjust', 'reversal', 'merge_out', 'merge_in']

describe('points are taken in turn', () => {
  it.each(TAKING)('by %s: what ends first goes first, what never ends goes last', (type) => {
    expect(
      violations(type, [
        [2, 10],
        [3, 5],
      ]),
    ).toEqual([])
    expect(
      violations(type, [
        [2, 10],
        [3, 59],
        [1, 10],
        [4, 1],
      ]),
    ).toEqual([])
    expect(violations(type, [[3, 5]])).toEqual([`entry 5 (${type}) takes from lot 3 before lot 2`])
    expect(
      violations(type, [
        [2, 10],
        [3, 59],
        [4, 1],
      ]),
    ).toEqual([`entry 5 (${type}) takes from lot 4 before lot 1`])
    expect(violations(type, [[1, 1]])).toEqual([
      `entry 5 (${type}) takes from lot 1 before lot 2`,
      `entry 5 (${type}) takes from lot 1 before lot 3`,
    ])
  })

  it('by a refund: from the lots of its order before all others', () => {
    const { orderGid } = account().entries[2] ?? { orderGid: null }
    expect(violations('clawback', [[3, 5]], { orderGid })).toEqual([])
    expect(
      violations(
        'clawback',
        [
          [3, 59],
          [2, 1],
        ],
        { orderGid },
      ),
    ).toEqual([])
    expect(violations('clawback', [[2, 1]], { orderGid })).toEqual(['entry 5 (clawback) takes from lot 2 before lot 3'])
  })

  it('by a reversal: from the lot that it takes back before all others', () => {
    const detail = { refersToSeq: 4 }
    expect(violations('reversal', [[4, 5]], { detail })).toEqual([])
    expect(violations('reversal', [[2, 5]], { detail })).toEqual(['entry 5 (reversal) takes from lot 2 before lot 4'])
    expect(violations('redeem', [[4, 5]], { detail })).toHaveLength(3)
  })

  it('except by what spends pins or ends a lot', () => {
    for (const type of ['capture', 'expire', 'release'] as const) expect(violations(type, [[1, 1]])).toEqual([])
  })

  it('and what comes back is not asked for its turn', () => {
    expect(violations('reversal', [[1, -1]])).toEqual([])
  })

  it('and what is pinned cannot be taken', () => {
    const before = account()
    before.book(holdOf(10))
    const entry = before.book(redeemOf(1))
    expect(entry.allocations).toEqual([{ lot: 3, points: -1 }])
    const pinned = account()
    pinned.book(holdOf(10))
    expect(fifoViolations(pinned, entry)).toEqual([])
  })
})
