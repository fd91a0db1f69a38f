import { type Refusal, refuse } from '../contracts/errors.ts'
import type { Draft } from './draft.ts'
import { negative } from './entry.ts'
import { pointsRefusal } from './grants.ts'
import { coverRefusal, type Proposal } from './holds.ts'
import { takeFromLots } from './lots.ts'
import { readOrder } from './orders.ts'
import type { Allocation, Entry, EntryType, LedgerView, ReturnSpent, Reverse } from './types.ts'

const REVERSIBLE: ReadonlySet<EntryType> = new Set(['earn', 'redeem', 'capture', 'adjust', 'clawback', 'import'])

/** Mirrors one entry: what it took goes back into the same lots, what it gave is taken from its own lot first. */
export function reverse(draft: Draft, { seq, reason }: Reverse): Proposal {
  const original = draft.entry(seq)
  if (original === undefined) return refuse('not_found', `There is no entry ${seq}.`, '/seq')
  const invalid = reversalRefusal(draft, original)
  if (invalid) return invalid
  const moves = original.points > 0 ? takeAgain(draft, original) : giveBack(draft, takingsOf(original).toReversed())
  return {
    type: 'reversal',
    points: negative(original.points),
    allocations: moves.allocations,
    orderGid: original.orderGid,
    ruleVersion: original.ruleVersion,
    detail: { ...moves.detail, refersToSeq: seq, reason },
  }
}

function reversalRefusal(draft: Draft, original: Entry): Refusal | null {
  const { seq, type, orderGid, points, detail } = original
  if (!REVERSIBLE.has(type)) return refuse('not_reversible', `An entry of type ${type} cannot be reversed.`, '/seq')
  if (type === 'earn' && orderGid !== null && readOrder(draft, orderGid).clawed > 0) {
    // It would take the refunded part a second time.
    return refuse('not_reversible', `Entry ${seq} has been taken back in part; reverse those clawbacks first.`, '/seq')
  }
  if (returnedPoints(draft, seq) !== 0) {
    return refuse('not_reversible', `Points of entry ${seq} have been given back before.`, '/seq')
  }
  return points > 0 ? coverRefusal(draft, points - (detail.debtPaid ?? 0)) : null
}

type Moves = Pick<Entry, 'allocations' | 'detail'>

/** What the entry had granted is taken again; the debt that it had paid is owed again. */
function takeAgain(draft: Draft, { seq, points, detail: { debtPaid = 0 } }: Entry): Moves {
  const { allocations } = takeFromLots(draft, points - debtPaid, (lot) => lot.id === seq)
  return { allocations, detail: debtPaid > 0 ? { debtMade: debtPaid } : {} }
}

/** Points that an entry took: out of a lot, or, where `lot` is null, out of nothing, which made debt. */
interface Taking {
  readonly lot: number | null
  readonly points: number
}

/** What an entry took, the last taken first: points are taken from lots before they make debt. */
function takingsOf({ allocations, detail: { debtMade = 0 } }: Entry): readonly Taking[] {
  const fromLots = allocations.map(({ lot, points }): Taking => ({ lot, points: -points })).toReversed()
  return debtMade > 0 ? [{ lot: null, points: debtMade }, ...fromLots] : fromLots
}

/** The next `points` of some takings, after `skipped` of them. */
function sliceOf(takings: readonly Taking[], skipped: number, points: number): readonly Taking[] {
  let [toSkip, toTake] = [skipped, points]
  return takings.flatMap(({ lot, points: there }) => {
    const passed = Math.min(there, toSkip)
    const taken = Math.min(there - passed, toTake)
    toSkip -= passed
    toTake -= taken
    return taken > 0 ? [{ lot, points: taken }] : []
  })
}

/**
 * What an entry had taken goes back into the same lots. Debt that it had made is forgiven, and where later earnings have
 * paid it, those points come as a lot that never expires, because the lots that paid are not known any more.
 */
function giveBack(draft: Draft, takings: readonly Taking[]): Moves {
  const debtMade = takings.reduce((sum, { lot, points }) => (lot === null ? sum + points : sum), 0)
  const debtPaid = Math.min(draft.account.debt, debtMade)
  const repaid = debtMade - debtPaid
  const returned = takings.flatMap(({ lot, points }): readonly Allocation[] => (lot === null ? [] : [{ lot, points }]))
  return {
    allocations: repaid > 0 ? [...returned, { lot: draft.account.seq + 1, points: repaid }] : returned,
    detail: { ...(debtPaid > 0 ? { debtPaid } : {}), ...(repaid > 0 ? { expiresAtMs: null } : {}) },
  }
}

/** Gives back a part of what an entry spent; together never more than it spent. */
export function returnSpent(draft: Draft, { seq, points, becauseOf, reason }: ReturnSpent): Proposal {
  const spent = draft.entry(seq)
  if (spent === undefined) return refuse('not_found', `There is no entry ${seq}.`, '/seq')
  if (spent.type !== 'redeem' && spent.type !== 'capture') {
    return refuse('not_reversible', `Entry ${seq} of type ${spent.type} spent nothing.`, '/seq')
  }
  const returned = returnedPoints(draft, seq)
  const left = -spent.points - returned
  const invalid = pointsRefusal(draft.account, points, 1)
  if (invalid) return invalid
  if (points > left) {
    return refuse('not_reversible', `${left} points of entry ${seq} are left to give back, not ${points}.`, '/points')
  }
  const moves = giveBack(draft, sliceOf(takingsOf(spent), returned, points))
  return {
    type: 'reversal',
    points,
    allocations: moves.allocations,
    orderGid: null,
    ruleVersion: null,
    detail: { ...moves.detail, refersToSeq: seq, becauseOf, reason },
  }
}

/** How many points of an entry that spent are back, by reversals of it in full or in part. */
export function returnedPoints(view: LedgerView, seq: number): number {
  return view.reversalsOf(seq).reduce((sum, { points }) => sum + points, 0)
}
