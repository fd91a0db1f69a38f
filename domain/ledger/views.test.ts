import { describe, expect, it } from 'vitest'
import type { PointsEvent } from '../contracts/events.ts'
import { balanceOf } from './balance.ts'
import {
  adjustOf,
  cancellation,
  captureOf,
  DAY_MS,
  grantOf,
  holdOf,
  only,
  ORDER,
  orderOf,
  redeemOf,
  refundOf,
  releaseOf,
  returnOf,
  reversalOf,
  TestAccount,
} from './examples.ts'
import { MemoryLedger } from './memory.ts'
import { eventStateOf, eventTypeOf, toPointsEvent, toPointsEvents, typeOf } from './transaction.ts'
import type { Command, Entry } from './types.ts'

/** What is read out of a ledger: by its rules, and by those whom its events tell. */

function storyOf(commands: readonly Command[]): TestAccount {
  const account = new TestAccount()
  for (const command of commands) account.book(command)
  return account
}

const seqs = (entries: readonly Entry[]): readonly number[] => entries.map(({ seq }) => seq)
const WAITING = orderOf({ returnWindowDays: 1 })

describe('a ledger in memory', () => {
  it('finds what an order did, and nothing that others did with its points', () => {
    const account = storyOf([WAITING, refundOf(1000), grantOf(10), orderOf({ orderGid: `${ORDER}1` })])
    account.wait(3 * DAY_MS)
    account.book(refundOf(500, 2))
    account.book(reversalOf(6))
    expect(account.history).toEqual([
      'earn_pending 0',
      'cancel_pending 0',
      'earn 10',
      'earn 59',
      'activate 49',
      'clawback -5',
      'reversal 5',
    ])
    expect(seqs(account.entriesOfOrder(ORDER))).toEqual([1, 2, 5, 6])
    expect(seqs(account.entriesOfOrder(`${ORDER}1`))).toEqual([4])
    expect(account.entriesOfOrder('gid://shopify/Order/3')).toEqual([])
  })

  it('does not count the expiry of its lot as a doing of an order', () => {
    const account = storyOf([orderOf({ terms: { lotDays: 1, timeZone: 'UTC' } })])
    account.wait(9 * DAY_MS)
    expect(account.entries[1]).toMatchObject({ type: 'expire', orderGid: ORDER })
    expect(seqs(account.entriesOfOrder(ORDER))).toEqual([1])
  })

  it('finds the reversals of an entry, and nothing else that refers to it', () => {
    const account = storyOf([grantOf(50), redeemOf(20), returnOf(2, 5), returnOf(2, 6, 2), WAITING, cancellation()])
    expect(seqs(account.reversalsOf(2))).toEqual([3, 4])
    expect(account.entries[5]?.detail.refersToSeq).toBe(5)
    expect(account.reversalsOf(5)).toEqual([])
  })

  it('shows as open only what still has points', () => {
    const account = storyOf([grantOf(5, 'a'), grantOf(6, 'b'), redeemOf(5)])
    expect(account.openLots.map(({ id }) => id)).toEqual([2])
    expect(account.lot(1)?.remaining).toBe(0)
  })

  it('takes no entry twice, and none that does not follow', () => {
    const { account, entries, lots } = storyOf([grantOf(5)])
    const second = storyOf([grantOf(6), grantOf(5, 'b')]).entries.slice(1)
    const changes = { account, entries, lots: [...lots.values()], holds: [], pendings: [], pendingsEnded: [] }
    const ledger = new MemoryLedger()
    ledger.apply(changes)
    expect(() => ledger.apply(changes)).toThrow('entry 1 does not follow')
    const again = { ...changes, entries: second.map(only(2, { externalId: 'activity:a' })) }
    expect(() => ledger.apply(again)).toThrow('activity:a is booked already')
  })
})

describe('the types that others know an entry by', () => {
  it.each([
    ['earn', 'earn', 'points.earned'],
    ['earn_pending', 'earn', 'points.adjusted'],
    ['activate', 'earn', 'points.earned'],
    ['cancel_pending', 'adjust', 'points.adjusted'],
    ['redeem', 'redeem', 'points.redeemed'],
    ['hold', 'redeem', 'points.adjusted'],
    ['capture', 'redeem', 'points.redeemed'],
    ['release', 'redeem', 'points.adjusted'],
    ['adjust', 'adjust', 'points.adjusted'],
    ['expire', 'adjust', 'points.adjusted'],
    ['clawback', 'adjust', 'points.adjusted'],
    ['reversal', 'adjust', 'points.adjusted'],
    ['merge_out', 'adjust', 'points.adjusted'],
    ['merge_in', 'adjust', 'points.adjusted'],
    ['import', 'adjust', 'points.adjusted'],
  ] as const)('of %s are %s and %s', (kind, type, eventType) => {
    expect([typeOf(kind), eventTypeOf(kind)]).toEqual([type, eventType])
  })
})

describe('the event of an entry', () => {
  const owner = { merchantId: 'm', customerId: 'c', shopifyCustomerGid: null, currency: null }

  it('of a guest names no customer of Shopify', () => {
    const account = storyOf([grantOf(5)])
    const [entry] = account.entries
    const told = entry && toPointsEvent(entry, balanceOf(account, 'c', account.nowMs), owner)
    expect(told?.context).toEqual({})
  })

  it('tells of the lots that are there', () => {
    const account = storyOf([grantOf(5)])
    const entry = account.book(redeemOf(2))
    expect(eventStateOf(account, entry).lots).toHaveLength(1)
    expect(eventStateOf(new MemoryLedger(), entry).lots).toEqual([])
  })

  it.each([
    [0, [0]],
    [499, [499]],
    [500, [500]],
    [501, [500, 1]],
    [1000, [500, 500]],
  ])('that touched %d lots is as many as tell of all of them', (count, told) => {
    const account = storyOf([grantOf(5)])
    const [entry] = account.entries
    const lot = { lot: 1, granted: 5, remaining: 5, expired: 0, expires_at: null }
    const state = { lots: Array.from({ length: count }, () => lot), mergedInto: null }
    const balance = balanceOf(account, 'c', account.nowMs)
    const events: readonly PointsEvent[] = entry ? toPointsEvents(entry, balance, owner, state) : []
    expect(events.map(({ data }) => data.lots.length)).toEqual(told)
  })
})

describe('a command that takes from lots that are over by now', () => {
  const DAY = { lotDays: 1, timeZone: 'UTC' }
  const LATE = [grantOf(30, 'a', { terms: DAY }), holdOf(20, 'h', 30 * DAY_MS)] as const

  it('a capture of a part lets the rest expire at once', () => {
    const account = storyOf(LATE)
    account.wait(9 * DAY_MS)
    account.book(captureOf('h', 5))
    expect(account.history).toEqual(['earn 30', 'hold 0', 'expire -10', 'capture -5', 'expire -15'])
  })

  it('a capture of a part lets also lots expire from which it took nothing', () => {
    const account = storyOf([
      grantOf(5, 'a', { terms: DAY }),
      grantOf(5, 'b', { terms: DAY }),
      holdOf(10, 'h', 30 * DAY_MS),
    ])
    account.wait(9 * DAY_MS)
    account.book(captureOf('h', 2))
    expect(account.history.slice(3)).toEqual(['capture -2', 'expire -3', 'expire -5'])
  })

  it('a release lets all of it expire', () => {
    const account = storyOf(LATE)
    account.wait(9 * DAY_MS)
    account.book(releaseOf())
    expect(account.history.slice(3)).toEqual(['release 0', 'expire -20'])
  })

  it('a reversal lets expire what it gives back', () => {
    const account = storyOf([grantOf(30, 'a', { terms: DAY }), redeemOf(20), adjustOf(1)])
    account.wait(9 * DAY_MS)
    account.book(reversalOf(2))
    expect(account.history.slice(3)).toEqual(['expire -10', 'reversal 20', 'expire -20'])
  })
})

describe('a capture', () => {
  it('of all that is held is the same whether or not it says how much that is', () => {
    const account = storyOf([grantOf(30), holdOf(20)])
    account.book(captureOf())
    expect(account.do(captureOf('h', 20)).outcome).toBe('duplicate')
    expect(account.do(captureOf('h', 19)).outcome).toBe('refused')
  })
})
