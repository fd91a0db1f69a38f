import { describe, expect, it } from 'vitest'
import { balanceOf } from './balance.ts'
import { booksOf } from './checks.ts'
import { decide } from './decide.ts'
import { isDue } from './due.ts'
import {
  adjustOf,
  cancellation,
  DAY_MS,
  grantOf,
  holdOf,
  MONDAY_MS,
  ORDER,
  orderOf,
  redeemOf,
  refundOf,
  TestAccount,
} from './examples.ts'
import { MemoryLedger, rebuild } from './memory.ts'
import type { Command, Entry, Hold, Lot, Pending } from './types.ts'

/** What comes when, to the millisecond, and whatever the order in which a store gives its rows. */

const days = (lotDays: number) => ({ lotDays, timeZone: 'UTC' })
/** The end of the first, second, … day after Monday. */
const endOf = (day: number): number => Date.UTC(2026, 2, 3 + day)

/** A store that gives its rows in turn from the front and from the back. */
class Shuffled extends MemoryLedger {
  readonly #turn: <T>(rows: readonly T[]) => readonly T[]

  constructor(entries: readonly Entry[], turn: <T>(rows: readonly T[]) => readonly T[]) {
    super()
    this.#turn = turn
    const { account, lots, openHolds, pendings } = rebuild(entries)
    this.apply({ account, entries, lots: [...lots.values()], holds: openHolds, pendings, pendingsEnded: [] })
  }

  override get openLots(): readonly Lot[] {
    return this.#turn(super.openLots)
  }

  override get openHolds(): readonly Hold[] {
    return this.#turn(super.openHolds)
  }

  override get pendings(): readonly Pending[] {
    return this.#turn(super.pendings)
  }
}

const turns: readonly (readonly [string, <T>(rows: readonly T[]) => readonly T[]])[] = [
  ['forwards', (rows) => rows],
  ['backwards', (rows) => rows.toReversed()],
  ['odd ones first', (rows) => [...rows.filter((_, i) => i % 2 === 1), ...rows.filter((_, i) => i % 2 === 0)]],
]

function storyOf(commands: readonly Command[]): TestAccount {
  const account = new TestAccount()
  for (const command of commands) account.book(command)
  return account
}

describe.each(turns)('a store that gives its rows %s', (_, turn) => {
  /** What a command books there, each entry by what it is about. */
  function booked(before: readonly Command[], command: Command, nowMs = MONDAY_MS): readonly string[] {
    const store = new Shuffled(storyOf(before).entries, turn)
    return decide(store, command, nowMs).changes.entries.flatMap(({ type, allocations, detail }) => {
      const about = detail.refersToSeq ?? detail.holdId
      const told: readonly (string | number)[] = about === undefined ? allocations.map(({ lot }) => lot) : [about]
      return `${type} ${told.join(' ')}`.split(' ')
    })
  }
  const waiting = [1, 2, 3].map((n) => orderOf({ orderGid: `${ORDER}${n}`, returnWindowDays: 1 }))
  const ending = ['a', 'b', 'c', 'd'].map((id) => grantOf(10, id, { terms: days(1) }))

  it('has lots of one end taken as they were granted', () => {
    expect(booked(ending, redeemOf(40))).toEqual(['redeem', '1', '2', '3', '4'])
  })

  it('has lots that never end taken as they were granted', () => {
    expect(booked([grantOf(1, 'a'), grantOf(1, 'b'), grantOf(1, 'c')], redeemOf(3))).toEqual(['redeem', '1', '2', '3'])
  })

  it('has lots of one end expire as they were granted', () => {
    const due = booked(ending, { kind: 'apply_due' }, endOf(1))
    expect(due).toEqual(['expire', '1', 'expire', '2', 'expire', '3', 'expire', '4'])
  })

  it('has holds that end together end as they were opened', () => {
    const holds = ['c', 'b', 'a'].map((id) => holdOf(1, id))
    const due = booked([grantOf(10), ...holds], { kind: 'apply_due' }, MONDAY_MS + 600_000)
    expect(due).toEqual(['release', 'c', 'release', 'b', 'release', 'a'])
  })

  it('has points of one day activate as they were earned', () => {
    const due = booked(waiting, { kind: 'apply_due' }, MONDAY_MS + 3 * DAY_MS)
    expect(due).toEqual(['activate', '1', 'activate', '2', 'activate', '3'])
  })

  it('has points that an edit added wait behind those of the order, and go after them', () => {
    const edit = { parts: { ...orderOf().parts, goods: 8000 }, editedAtMs: MONDAY_MS + 1, terms: days(9) }
    const edited = { ...cancellation(), ...edit, kind: 'edit_order' } as const
    const order = orderOf({ returnWindowDays: 14 })
    expect(booked([order, edited, ...waiting], cancellation())).toEqual(['cancel_pending', '1', 'cancel_pending', '2'])
  })

  it('has the same books', () => {
    const account = storyOf([...ending, ...waiting, holdOf(1, 'h'), holdOf(1, 'i'), holdOf(1, 'j')])
    expect(booksOf(new Shuffled(account.entries, turn))).toEqual(booksOf(account))
  })
})

describe('what is due', () => {
  it('is so from its millisecond on', () => {
    const account = storyOf([grantOf(10, 'a', { terms: days(1) })])
    expect([endOf(1) - 1, endOf(1)].map((atMs) => isDue(account, atMs))).toEqual([false, true])
    account.wait(endOf(1) - 1 - account.nowMs)
    expect(account.history).toEqual(['earn 10'])
    account.wait(1)
    expect(account.history).toEqual(['earn 10', 'expire -10'])
  })

  it('includes a hold that ends this very millisecond, and leaves one that ends in the next', () => {
    const account = storyOf([grantOf(10), holdOf(3, 'now', 1000), holdOf(4, 'next', 1001)])
    account.wait(1000)
    expect(account.entries.at(-1)?.detail).toEqual({ holdId: 'now', heldPoints: 3, reason: 'timeout' })
    expect(account.account.held).toBe(4)
    account.wait(1)
    expect(account.account.held).toBe(0)
  })

  it('includes points that activate and end by now, each in its turn among the others', () => {
    const account = storyOf([grantOf(5, 'a', { terms: days(4) }), orderOf({ returnWindowDays: 1, terms: days(1) })])
    const early = rebuild(account.entries)
    account.wait(endOf(4) - account.nowMs)
    expect(account.entries.slice(2).map(({ points, effectiveAtMs }) => [points, effectiveAtMs])).toEqual([
      [59, endOf(1)],
      [-59, endOf(3)],
      [-5, endOf(4)],
    ])
    const booked = decide(early, { kind: 'apply_due' }, endOf(3)).changes.entries
    expect(booked.map(({ points }) => points)).toEqual([59, -59])
  })

  it('is booked by the system, as of its time', () => {
    const account = storyOf([grantOf(5, 'a', { terms: days(2) }), holdOf(1), orderOf({ returnWindowDays: 1 })])
    account.wait(9 * DAY_MS)
    expect(
      account.entries.slice(3).map(({ type, source, actor, effectiveAtMs }) => [type, source, actor, effectiveAtMs]),
    ).toEqual([
      ['release', 'system', 'system', MONDAY_MS + 600_000],
      ['activate', 'system', 'system', endOf(1) - 3_600_000],
      ['expire', 'system', 'system', endOf(2)],
    ])
  })

  it('cannot be points whose order is not in the books', () => {
    const account = storyOf([orderOf({ returnWindowDays: 1 })])
    account.entries.length = 0
    expect(() => decide(account, { kind: 'apply_due' }, endOf(1))).toThrow(
      'there is no entry 1 whose points could activate',
    )
  })
})

describe('the next lot to end, in a balance', () => {
  it('is the first of those of which something is free', () => {
    const account = storyOf([
      grantOf(5, 'a', { terms: days(1) }),
      holdOf(5),
      grantOf(7, 'b', { terms: days(2) }),
      grantOf(9, 'c', { terms: days(3) }),
    ])
    expect(balanceOf(account, 'c', MONDAY_MS).next_expiration).toEqual({
      points: 7,
      at: new Date(endOf(2)).toISOString(),
    })
  })

  it('is none where nothing ever ends', () => {
    expect(balanceOf(storyOf([adjustOf(5), orderOf(), refundOf(100)]), 'c', MONDAY_MS).next_expiration).toBeNull()
  })
})
