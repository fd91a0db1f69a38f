import { describe, expect, it } from 'vitest'
import { Draft } from './draft.ts'
import {
  cancellation,
  captureOf,
  grantOf,
  holdOf,
  ORDER,
  orderOf,
  redeemOf,
  refundOf,
  releaseOf,
  returnOf,
  reversalOf,
  TestAccount,
} from './examples.ts'
import { type MemoryLedger, rebuild } from './memory.ts'
import type { Command, LedgerView } from './types.ts'

/** A draft over what was stored, with the entries of further commands on top, and the ledger that it becomes. */
function drafted(stored: readonly Command[], added: readonly Command[]) {
  const whole = new TestAccount()
  for (const command of stored) whole.book(command)
  const view = rebuild(whole.entries)
  for (const command of added) whole.book(command)
  const draft = new Draft(view)
  for (const entry of whole.entries.slice(view.entries.length)) draft.book(entry)
  return { draft, view, whole }
}

/** Everything that a view tells, rows in the order of their numbers. */
function reading(view: LedgerView, { entries, lots, holds }: MemoryLedger) {
  return {
    account: view.account,
    openLots: view.openLots.toSorted((a, b) => a.id - b.id),
    openHolds: view.openHolds.toSorted((a, b) => a.openedSeq - b.openedSeq),
    pendings: view.pendings.toSorted((a, b) => a.seq - b.seq),
    lots: [...lots.keys()].map((id) => view.lot(id)),
    holds: [...holds.keys()].map((id) => view.hold(id)),
    entries: entries.map(({ seq }) => view.entry(seq)),
    ids: entries.map(({ externalId }) => view.entryByExternalId(externalId)),
    reversals: entries.map(({ seq }) => view.reversalsOf(seq)),
    order: view.entriesOfOrder(ORDER),
  }
}

const OTHER = 'gid://shopify/Order/2'
const HUNDRED = grantOf(100)
const WAITING = orderOf({ returnWindowDays: 14 })

describe('a draft reads like the ledger that it becomes', () => {
  it.each<readonly [string, readonly Command[], readonly Command[]]>([
    ['nothing at all', [], []],
    ['what was there', [HUNDRED, holdOf(10), WAITING, redeemOf(5), reversalOf(4)], []],
    ['a lot more', [HUNDRED], [grantOf(5, 'b')]],
    ['a lot that is smaller', [HUNDRED, grantOf(5, 'b')], [redeemOf(5)]],
    ['a lot that is used up', [HUNDRED, grantOf(5, 'b')], [redeemOf(100)]],
    ['a lot that came and went', [], [HUNDRED, redeemOf(100)]],
    ['a hold more', [HUNDRED, holdOf(10)], [holdOf(20, 'i')]],
    ['a hold that ended', [HUNDRED, holdOf(10), holdOf(20, 'i')], [captureOf()]],
    ['a hold that came and went', [HUNDRED, holdOf(20, 'i')], [holdOf(10), releaseOf()]],
    ['points that wait', [orderOf({ orderGid: OTHER, returnWindowDays: 7 })], [WAITING]],
    ['fewer points that wait', [WAITING, orderOf({ orderGid: OTHER, returnWindowDays: 7 })], [refundOf(1000)]],
    ['points that wait no more', [WAITING, orderOf({ orderGid: OTHER, returnWindowDays: 7 })], [cancellation()]],
    ['points that waited, shrank and ended', [WAITING], [refundOf(1000), cancellation()]],
    ['points that waited shortly', [], [WAITING, cancellation()]],
    ['an order and another', [orderOf()], [refundOf(1000), orderOf({ orderGid: OTHER }), refundOf(500, 2)]],
    ['a reversal', [HUNDRED, redeemOf(5)], [reversalOf(2), redeemOf(6, 's'), reversalOf(4)]],
    ['returns of one entry', [HUNDRED, redeemOf(50), returnOf(2, 10)], [returnOf(2, 20, 2), returnOf(2, 5, 3)]],
  ])('%s', (_, stored, added) => {
    const { draft, whole } = drafted(stored, added)
    expect(reading(draft, whole)).toEqual(reading(whole, whole))
  })

  it('and finds no entry that is in neither', () => {
    const { draft } = drafted([HUNDRED], [redeemOf(5)])
    expect(draft.entry(3)).toBeUndefined()
    expect(draft.entryByExternalId('redeem:other')).toBeUndefined()
    expect(draft.entriesOfOrder(ORDER)).toEqual([])
    expect(draft.reversalsOf(1)).toEqual([])
  })

  it('while the ledger below stays as it was', () => {
    const { view } = drafted([HUNDRED], [holdOf(5), WAITING, redeemOf(10)])
    expect(view).toEqual(rebuild(view.entries))
    expect(view.account).toMatchObject({ seq: 1, posted: 100, held: 0, pending: 0 })
  })

  it('without a copy of the rows where none was changed: an account may have very many', () => {
    const ledger = drafted([HUNDRED, holdOf(5)], []).view
    const { openLots, openHolds } = ledger
    const draft = new Draft(
      Object.defineProperties(ledger, { openLots: { value: openLots }, openHolds: { value: openHolds } }),
    )
    expect(draft.openLots).toBe(openLots)
    expect(draft.openHolds).toBe(openHolds)
  })
})

describe('the changes of a draft', () => {
  it('are the new entries and each row that they touched, as it is at last', () => {
    const { draft, whole } = drafted([HUNDRED, WAITING], [holdOf(10), captureOf(), refundOf(1000)])
    expect(draft.changes()).toEqual({
      account: whole.account,
      entries: whole.entries.slice(2),
      lots: [whole.lot(1)],
      holds: [whole.hold('h')],
      pendings: whole.pendings,
      pendingsEnded: [],
    })
  })

  it('tell of points that wait no more only that they ended', () => {
    expect(drafted([WAITING], [refundOf(1000), cancellation()]).draft.changes()).toMatchObject({
      pendings: [],
      pendingsEnded: [1],
    })
  })
})
