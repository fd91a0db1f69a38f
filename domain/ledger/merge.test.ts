import { describe, expect, it } from 'vitest'
import { MAX_POINTS } from '../contracts/settings.ts'
import { decide } from './decide.ts'
import {
  adjustOf,
  cancellation,
  captureOf,
  DAY_MS,
  editOf,
  Family,
  grantOf,
  holdOf,
  importOf,
  mergeInto,
  MONDAY_MS,
  ORDER,
  orderOf,
  redeemOf,
  refundOf,
  releaseOf,
  returnOf,
  reversalOf,
} from './examples.ts'
import { mergeInOf } from './merge.ts'
import type { Command, MergeIn } from './types.ts'

const ONE_DAY = { lotDays: 1, timeZone: 'Europe/Berlin' }
const THREE_DAYS = { lotDays: 3, timeZone: 'Europe/Berlin' }
const SILENCE = { lotDays: null, timeZone: 'Europe/Berlin', inactivityDays: 3 }

describe('a merge', () => {
  it('moves all lots to the other account, where they live on as they did', () => {
    const { removed, kept, family } = Family.ofTwo()
    removed.book(orderOf({ terms: THREE_DAYS }))
    removed.book(grantOf(10, 'a', { terms: SILENCE }))
    expect(removed.book(mergeInto('kept'))).toMatchObject({
      type: 'merge_out',
      points: -69,
      externalId: 'merge:kept/1:out',
      allocations: [
        { lot: 1, points: -59 },
        { lot: 2, points: -10 },
      ],
      detail: { otherCustomerId: 'kept' },
    })
    family.deliver()
    expect(kept.entries).toMatchObject([
      { type: 'merge_in', points: 59, externalId: 'merge:removed/1:in:part:1', detail: { otherCustomerId: 'removed' } },
      { type: 'merge_in', points: 10, externalId: 'merge:removed/1:in' },
    ])
    const fixedEndMs = Date.UTC(2026, 2, 5, 23)
    expect(kept.lots.get(1)).toMatchObject({ granted: 59, expiresAtMs: fixedEndMs, orderGid: ORDER, inactivity: null })
    expect(kept.lots.get(2)?.inactivity).toEqual({ days: 3, timeZone: 'Europe/Berlin', fromMs: MONDAY_MS })
    expect(removed.lots.get(1)).toMatchObject({ remaining: 0, moved: 59, consumed: 0 })
    expect(removed.account).toMatchObject({ posted: 0, mergedInto: 'kept' })
    expect(kept.account).toMatchObject({ posted: 69, mergedFrom: ['removed'] })
  })

  it('of an account with nothing is booked all the same, and arrives', () => {
    const { removed, kept, family } = Family.ofTwo()
    expect(removed.book(mergeInto('kept'))).toMatchObject({ points: 0, allocations: [] })
    family.deliver()
    expect(kept.entries).toMatchObject([{ type: 'merge_in', points: 0, externalId: 'merge:removed/1:in' }])
  })

  it('moves what is owed, which takes from the lots of the other account by FIFO', () => {
    const { removed, kept, family } = Family.ofTwo()
    removed.book(adjustOf(-30, 'debt', { allowDebt: true }))
    kept.book(grantOf(10, 'never'))
    kept.book(grantOf(10, 'soon', { terms: ONE_DAY }))
    expect(removed.book(mergeInto('kept'))).toMatchObject({ points: 30, detail: { debtPaid: 30 } })
    family.deliver()
    expect(kept.entries.at(-1)).toMatchObject({
      points: -30,
      allocations: [
        { lot: 2, points: -10 },
        { lot: 1, points: -10 },
      ],
      detail: { debtMade: 10 },
    })
    expect(kept.account).toMatchObject({ posted: -10, debt: 10 })
    expect(removed.account).toMatchObject({ posted: 0, debt: 0 })
  })

  it('lets later points pay what is owed on either side', () => {
    const { removed, kept, family } = Family.ofTwo()
    removed.book(grantOf(100))
    removed.book(holdOf(100))
    removed.book(adjustOf(-30, 'debt', { allowDebt: true }))
    kept.book(adjustOf(-20, 'debt', { allowDebt: true }))
    removed.book(mergeInto('kept'))
    removed.book(releaseOf())
    family.deliver()
    expect(kept.account).toMatchObject({ posted: 50, debt: 0 })
    expect(kept.history.slice(1)).toEqual(['merge_in -30', 'merge_in 100'])
  })

  it('brings lots before the debt that leaves with them, so that they pay it', () => {
    const { removed, kept, family } = Family.ofTwo()
    removed.book(grantOf(100))
    removed.book(holdOf(100))
    removed.book(adjustOf(-30, 'debt', { allowDebt: true }))
    removed.book(releaseOf())
    expect(removed.book(mergeInto('kept'))).toMatchObject({ points: -70, detail: { debtPaid: 30 } })
    family.deliver()
    expect(kept.entries).toMatchObject([
      { externalId: 'merge:removed/1:in:part:1', points: 100, source: 'merge' },
      { externalId: 'merge:removed/1:in', points: -30, allocations: [{ lot: 1, points: -30 }], source: 'merge' },
    ])
    expect(kept.lots.get(1)).toMatchObject({ granted: 100, remaining: 70, moved: 30 })
    expect(kept.account.debt).toBe(0)
  })

  it('carries exactly as many points at once as an entry can', () => {
    const { removed, kept, family } = Family.ofTwo()
    removed.book(grantOf(MAX_POINTS - 1, 'a'))
    removed.book(grantOf(1, 'b'))
    removed.book(grantOf(1, 'c'))
    removed.book(mergeInto('kept'))
    expect(removed.history.slice(3)).toEqual([`merge_out ${-MAX_POINTS}`, 'merge_out -1'])
    family.deliver()
    expect(kept.account.posted).toBe(MAX_POINTS + 1)
  })

  it('arrives once, however often it is told', () => {
    const { removed, kept, family } = Family.ofTwo()
    removed.book(grantOf(10))
    removed.book(mergeInto('kept'))
    const told = family.messages(removed)
    for (const message of [...told, ...told]) kept.do(message)
    expect(kept.history).toEqual(['merge_in 10'])
  })

  it('asked for again is the same merge; into a third account it is refused', () => {
    const { removed } = Family.ofTwo()
    removed.book(mergeInto('kept'))
    expect(removed.do(mergeInto('kept')).outcome).toBe('duplicate')
    expect(removed.refusal(mergeInto('third'))).toBe('account_merged')
  })

  it('puts off the end by silence on both sides: the customer is one', () => {
    const { removed, kept, family } = Family.ofTwo()
    kept.book(grantOf(10, 'kept', { terms: SILENCE }))
    family.wait(2 * DAY_MS)
    removed.book(grantOf(10, 'removed', { terms: SILENCE }))
    removed.book(mergeInto('kept'))
    family.deliver()
    family.wait(3 * DAY_MS)
    expect(kept.available).toBe(20)
    family.wait(DAY_MS)
    expect(kept.available).toBe(0)
  })

  it('lets a lot that was alive for the activity of its own account arrive alive', () => {
    const { removed, kept, family } = Family.ofTwo()
    removed.book(grantOf(10, 'old', { terms: SILENCE }))
    family.wait(3 * DAY_MS)
    removed.book(grantOf(1, 'activity'))
    family.wait(2 * DAY_MS)
    removed.book(mergeInto('kept'))
    family.deliver()
    expect(kept.history).toEqual(['merge_in 10', 'merge_in 1'])
  })

  it('lets no silence in the merged account end what comes back there: the customer is active in the other one', () => {
    const { removed, kept, family } = Family.ofTwo()
    removed.book(grantOf(10, 'old', { terms: SILENCE }))
    removed.book(holdOf(4, 'order'))
    const spent = removed.book(captureOf('order'))
    removed.book(holdOf(3, 'cart', 9 * DAY_MS))
    removed.book(mergeInto('kept'))
    for (const day of [1, 2, 3]) {
      family.deliver()
      family.wait(2 * DAY_MS)
      kept.book(grantOf(1, `day ${2 * day}`, { terms: SILENCE }))
    }
    removed.book(returnOf(spent.seq, 4))
    removed.book(releaseOf('cart'))
    family.deliver()
    expect(removed.history.filter((entry) => entry.startsWith('expire'))).toEqual([])
    expect(kept.available).toBe(13)
    family.wait(4 * DAY_MS)
    expect(kept.available).toBe(0)
  })

  it('is not told of with less than it carries, should a lot have gone missing', () => {
    const { removed } = Family.ofTwo()
    removed.book(grantOf(10))
    const out = removed.book(mergeInto('kept'))
    removed.lots.delete(1)
    expect(() => mergeInOf(removed, out, 'removed')).toThrow('merge_out 2 carries a lot 1 that is not there')
  })

  it('expires at once what ended on its way', () => {
    const { removed, kept, family } = Family.ofTwo()
    removed.book(grantOf(10, 'a', { terms: ONE_DAY }))
    removed.book(grantOf(5, 'b'))
    removed.book(mergeInto('kept'))
    family.wait(5 * DAY_MS)
    family.deliver()
    expect(kept.history).toEqual(['merge_in 10', 'expire -10', 'merge_in 5'])
  })

  it('goes in pieces where there are many lots', () => {
    const { removed, kept, family } = Family.ofTwo()
    for (let row = 1; row <= 250; row += 1) removed.apply(decide(removed, importOf(1, row), MONDAY_MS).changes)
    removed.book(mergeInto('kept'))
    expect(removed.history.slice(250)).toEqual(['merge_out -100', 'merge_out -100', 'merge_out -50'])
    family.deliver()
    expect(kept.account).toMatchObject({ posted: 250, seq: 250 })
  })

  it('goes in pieces where there are more points than an entry can carry', () => {
    const { removed, kept, family } = Family.ofTwo()
    for (const id of ['a', 'b', 'c']) removed.book(grantOf(600_000_000, id))
    removed.book(adjustOf(-1, 'j'))
    removed.book(mergeInto('kept'))
    family.deliver()
    expect(kept.account.posted).toBe(1_799_999_999)
  })

  it('of numbers that are none is refused', () => {
    const { kept } = Family.ofTwo()
    const message: MergeIn = {
      kind: 'merge_in',
      source: 'merge',
      actor: 'system',
      effectiveAtMs: MONDAY_MS,
      fromCustomerId: 'removed',
      number: 1,
      lots: [{ points: 5, expiresAtMs: null, inactivity: null, orderGid: null }],
      debt: 0,
      mergedFrom: ['removed'],
      lastActivityAtMs: 0,
    }
    const lot = message.lots[0]
    for (const points of [0, -1]) {
      expect(kept.refusal({ ...message, lots: lot === undefined ? [] : [{ ...lot, points }] })).toBe(
        'points_out_of_range',
      )
    }
    expect(kept.refusal({ ...message, debt: -1 })).toBe('points_out_of_range')
    expect(kept.do({ ...message, debt: -1 })).toHaveProperty(
      'refusal.detail',
      'The points of a merge are whole numbers.',
    )
    expect(kept.refusal({ ...message, debt: Number.MAX_SAFE_INTEGER })).toBe('points_out_of_range')
    kept.book(message)
    expect(kept.refusal({ ...message, debt: 1 })).toBe('external_id_conflict')
  })
})

describe('a merged account', () => {
  it('takes again what a code of its own was worth that was used late', () => {
    const { removed, kept, family } = Family.ofTwo()
    removed.book(mergeInto('kept'))
    removed.book(adjustOf(-30, 'late-use:r1', { allowDebt: true }))
    family.deliver()
    expect(kept.account.debt).toBe(30)
  })

  const refused: readonly (readonly [string, Command])[] = [
    ['a grant', grantOf(1, 'new')],
    ['a redemption', redeemOf(1)],
    ['a hold', holdOf(1, 'new')],
    ['a correction', adjustOf(1)],
    ['an opening balance', importOf(1)],
    ['an order that it does not know', orderOf({ orderGid: 'gid://shopify/Order/9' })],
    ['a refund of such an order', refundOf(1, 1, { orderGid: 'gid://shopify/Order/9' })],
    ['the cancellation of one', cancellation('gid://shopify/Order/9')],
    ['an edit of one', editOf(1, 1, { orderGid: 'gid://shopify/Order/9' })],
    ['the end of a hold that it does not have', releaseOf('new')],
    ['a capture of one', captureOf('new')],
  ]

  it.each(refused)('refuses %s', (_, command) => {
    const { removed } = Family.ofTwo()
    removed.book(orderOf())
    removed.book(mergeInto('kept'))
    expect(removed.refusal(command)).toBe('account_merged')
  })

  it('answers what it booked before', () => {
    const { removed } = Family.ofTwo()
    const before = removed.book(grantOf(10))
    removed.book(mergeInto('kept'))
    expect(removed.do(grantOf(10))).toMatchObject({ outcome: 'duplicate', entry: before })
  })

  it('sends pending points after it when their window ends, as of that time', () => {
    const { removed, kept, family } = Family.ofTwo()
    removed.book(orderOf({ returnWindowDays: 14, terms: { lotDays: 30, timeZone: 'UTC' } }))
    removed.book(mergeInto('kept'))
    expect(removed.account.pending).toBe(59)
    family.wait(20 * DAY_MS)
    expect(removed.entries.slice(2)).toMatchObject([
      { type: 'activate', points: 59, effectiveAtMs: Date.UTC(2026, 2, 17) },
      { type: 'merge_out', points: -59, externalId: 'merge:kept/4:out', effectiveAtMs: Date.UTC(2026, 2, 17) },
    ])
    family.deliver()
    expect(kept.account.posted).toBe(59)
    expect(kept.lots.get(2)?.expiresAtMs).toBe(removed.lots.get(3)?.expiresAtMs)
  })

  it('ends its holds itself; what is left of them goes after the rest', () => {
    const { removed, kept, family } = Family.ofTwo()
    removed.book(grantOf(100))
    removed.book(holdOf(40, 'used'))
    removed.book(holdOf(30, 'let go'))
    removed.book(holdOf(20, 'forgotten'))
    removed.book(mergeInto('kept'))
    removed.book(captureOf('used', 25))
    removed.book(releaseOf('let go'))
    family.wait(DAY_MS)
    expect(removed.history.slice(4)).toEqual([
      'merge_out -10',
      'capture -25',
      'merge_out -15',
      'release 0',
      'merge_out -30',
      'release 0',
      'merge_out -20',
    ])
    family.deliver()
    expect(kept.available).toBe(75)
  })

  it('books refunds of its orders and sends what is owed after', () => {
    const { removed, kept, family } = Family.ofTwo()
    removed.book(orderOf())
    removed.book(mergeInto('kept'))
    family.deliver()
    removed.book(refundOf(1000))
    expect(removed.history.slice(2)).toEqual(['clawback -10', 'merge_out 10'])
    expect(removed.account.debt).toBe(0)
    family.deliver()
    expect(kept.available).toBe(49)
    expect(kept.account.debt).toBe(0)
  })

  it('books edits and cancellations of its orders', () => {
    const { removed, kept, family } = Family.ofTwo()
    removed.book(orderOf())
    removed.book(mergeInto('kept'))
    removed.book(editOf(8000))
    family.deliver()
    expect(kept.available).toBe(80)
    removed.book(cancellation())
    family.deliver()
    expect(kept.available).toBe(0)
  })

  it('earns on an order whose refund came before the merge', () => {
    const { removed, kept, family } = Family.ofTwo()
    removed.book(refundOf(1990))
    removed.book(mergeInto('kept'))
    removed.book(orderOf())
    family.deliver()
    expect(kept.available).toBe(40)
  })

  it('gives back what was spent in it, by reversal or with a refund of the order that it paid for', () => {
    const { removed, kept, family } = Family.ofTwo()
    removed.book(grantOf(100))
    removed.book(redeemOf(40, 'a'))
    removed.book(redeemOf(30, 'b'))
    removed.book(mergeInto('kept'))
    removed.book(reversalOf(2))
    removed.book(returnOf(3, 10))
    family.deliver()
    expect(kept.available).toBe(80)
    expect(removed.refusal(reversalOf(1))).toBe('insufficient_points')
  })

  it('can have accounts merged into it before, whose orders stay known', () => {
    const family = new Family(['a', 'b', 'c'])
    const [a, b, c] = [family.account('a'), family.account('b'), family.account('c')]
    a.book(grantOf(10))
    a.book(mergeInto('b'))
    family.deliver()
    b.book(mergeInto('c'))
    family.deliver()
    expect(c.account).toMatchObject({ posted: 10, mergedFrom: ['b', 'a'] })
    expect(b.account.mergedFrom).toEqual(['a'])
  })

  it('that was merged on itself takes what comes late further on', () => {
    const family = new Family(['a', 'b', 'c'])
    const [a, b, c] = [family.account('a'), family.account('b'), family.account('c')]
    a.book(orderOf({ returnWindowDays: 14 }))
    a.book(mergeInto('b'))
    b.book(mergeInto('c'))
    family.wait(20 * DAY_MS)
    family.deliver()
    expect(c.account.posted).toBe(59)
    expect(b.account.posted).toBe(0)
  })
})
