import { describe, expect, it } from 'vitest'
import { Draft } from './draft.ts'
import type { EntryFields } from './entry.ts'
import { grantOf, holdOf, MONDAY_MS, ORDER, orderOf, redeemOf, releaseOf, TestAccount } from './examples.ts'

const FIELDS: EntryFields = {
  type: 'redeem',
  points: 0,
  source: 'api',
  externalId: 'redeem:drafted',
  fingerprint: 'f',
  effectiveAtMs: MONDAY_MS,
  actor: 'api_key:test',
  allocations: [],
  orderGid: null,
  ruleVersion: null,
  detail: {},
}
const SECOND = 'gid://shopify/Order/2'

/** Two lots, two holds, two orders whose points wait, and something spent. */
function account(): TestAccount {
  const made = new TestAccount()
  made.book(grantOf(10, 'a'))
  made.book(grantOf(10, 'b'))
  made.book(holdOf(2, 'first'))
  made.book(holdOf(3, 'second'))
  made.book(orderOf({ returnWindowDays: 14 }))
  made.book(orderOf({ returnWindowDays: 14, orderGid: SECOND }))
  made.book(redeemOf(1))
  return made
}

function draftWith(fields: Partial<EntryFields>) {
  const view = account()
  const draft = new Draft(view)
  const entry = draft.append({ ...FIELDS, ...fields }, view.nowMs)
  return { draft, entry, view }
}

describe('a draft shows the view with what it booked on top', () => {
  it('lots: as they are now, and no empty ones', () => {
    const { draft, view } = draftWith({ points: -10, allocations: [{ lot: 2, points: -10 }] })
    expect(draft.openLots.map(({ id, remaining }) => [id, remaining])).toEqual([[1, 9]])
    expect(draft.lot(2)).toMatchObject({ remaining: 0, consumed: 10 })
    expect(draft.lot(1)).toEqual(view.lot(1))
    expect(view.openLots).toHaveLength(2)
  })

  it('holds: none that has ended', () => {
    const view = account()
    const draft = new Draft(view)
    expect(draft.openHolds.map(({ id }) => id)).toEqual(['first', 'second'])
    draft.append({ ...FIELDS, type: 'release', externalId: 'x', detail: { holdId: 'first' } }, view.nowMs)
    expect(draft.openHolds.map(({ id }) => id)).toEqual(['second'])
    expect(draft.hold('first')?.state).toBe('released')
    expect(view.hold('first')?.state).toBe('open')
    const timeout = { holdId: 'third', heldPoints: 1, timeoutAtMs: view.nowMs + 1 }
    const allocations = [{ lot: 2, points: -1 }]
    draft.append({ ...FIELDS, type: 'hold', externalId: 'y', allocations, detail: timeout }, view.nowMs)
    expect(draft.openHolds.map(({ id }) => id)).toEqual(['second', 'third'])
  })

  it('pending points: what is left of them', () => {
    const view = account()
    const draft = new Draft(view)
    const cancel = (seq: number, points: number) =>
      draft.append(
        {
          ...FIELDS,
          type: 'cancel_pending',
          externalId: `cancel:${seq}:${points}`,
          orderGid: ORDER,
          detail: { refersToSeq: seq, pendingPoints: -points },
        },
        view.nowMs,
      )
    cancel(5, 9)
    expect(draft.pendings.map(({ seq, points }) => [seq, points])).toEqual([
      [6, 59],
      [5, 50],
    ])
    cancel(5, 50)
    expect(draft.pendings.map(({ seq, points }) => [seq, points])).toEqual([[6, 59]])
    expect(draft.changes()).toMatchObject({ pendings: [], pendingsEnded: [5] })
    expect(view.pendings).toHaveLength(2)
  })

  it('entries: by number, by business id, by order, and those that reverse one', () => {
    const { draft, entry, view } = draftWith({
      type: 'reversal',
      points: 1,
      allocations: [{ lot: 1, points: 1 }],
      orderGid: ORDER,
      detail: { refersToSeq: 7 },
    })
    expect(draft.entry(8)).toBe(entry)
    expect(draft.entry(7)).toBe(view.entry(7))
    expect(draft.entryByExternalId('redeem:drafted')).toBe(entry)
    expect(draft.entryByExternalId('redeem:r')).toBe(view.entry(7))
    expect(draft.entriesOfOrder(ORDER).map(({ seq }) => seq)).toEqual([5, 8])
    expect(draft.entriesOfOrder(SECOND).map(({ seq }) => seq)).toEqual([6])
    expect(draft.reversalsOf(7)).toEqual([entry])
    expect(draft.reversalsOf(1)).toEqual([])
    expect(view.entry(8)).toBeUndefined()
  })
})

describe('a ledger in memory', () => {
  it('takes no entry out of turn, and no business id twice', () => {
    const view = account()
    const draft = new Draft(view)
    draft.append({ ...FIELDS, externalId: 'redeem:r' }, view.nowMs)
    expect(() => view.apply(draft.changes())).toThrow('redeem:r is booked already')
    const behind = new Draft(view)
    behind.append(FIELDS, view.nowMs)
    const [next] = behind.changes().entries
    if (next === undefined) throw new Error('there is no entry')
    const gap = { ...behind.changes(), entries: [{ ...next, seq: 9 }] }
    expect(() => view.apply(gap)).toThrow('entry 9 does not follow')
  })

  it('has open lots only while there is something in them', () => {
    const made = new TestAccount()
    made.book(grantOf(10))
    made.book(redeemOf(10))
    expect(made.openLots).toEqual([])
  })

  it('finds the entries of an order by its gid, and those that are of none nowhere', () => {
    const made = account()
    made.wait(20 * 86_400_000)
    expect(made.entriesOfOrder(ORDER).map(({ type }) => type)).toEqual(['earn_pending', 'activate'])
    expect(made.entriesOfOrder('')).toEqual([])
    expect(made.reversalsOf(7)).toEqual([])
    made.do(releaseOf('first'))
  })
})
