import { type Refusal, refuse } from '../contracts/errors.ts'
import type { Draft } from './draft.ts'
import { negative } from './entry.ts'
import { coverRefusal, type Proposal } from './holds.ts'
import { takeFromLots } from './lots.ts'
import { readOrder } from './orders.ts'
import type { Allocation, Entry, EntryType, Reverse } from './types.ts'

const REVERSIBLE: ReadonlySet<EntryType> = new Set(['earn', 'redeem', 'capture', 'adjust', 'clawback', 'import'])

/** Mirrors one entry: what it took goes back into the same lots, what it gave is taken from its own lot first. */
export function reverse(draft: Draft, { seq, reason }: Reverse): Proposal {
  const original = draft.entry(seq)
  if (original === undefined) return refuse('not_found', `There is no entry ${seq}.`, '/seq')
  const invalid = reversalRefusal(draft, original)
  if (invalid) return invalid
  const moves = original.points > 0 ? takeAgain(draft, original) : giveBack(draft, original)
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
  return points > 0 ? coverRefusal(draft, points - (detail.debtPaid ?? 0)) : null
}

type Moves = Pick<Entry, 'allocations' | 'detail'>

/** What the entry had granted is taken again; the debt that it had paid is owed again. */
function takeAgain(draft: Draft, { seq, points, detail: { debtPaid = 0 } }: Entry): Moves {
  const { allocations } = takeFromLots(draft, points - debtPaid, (lot) => lot.id === seq)
  return { allocations, detail: debtPaid > 0 ? { debtMade: debtPaid } : {} }
}

/**
 * What the entry had taken goes back. Debt that it had made is forgiven, and where later earnings have paid it, those
 * points come as a lot that never expires, because the lots that paid are not known any more.
 */
function giveBack(draft: Draft, { allocations, detail: { debtMade = 0 } }: Entry): Moves {
  const debtPaid = Math.min(draft.account.debt, debtMade)
  const repaid = debtMade - debtPaid
  const returned = allocations.map(({ lot, points }): Allocation => ({ lot, points: -points }))
  return {
    allocations: repaid > 0 ? [...returned, { lot: draft.account.seq + 1, points: repaid }] : returned,
    detail: { ...(debtPaid > 0 ? { debtPaid } : {}), ...(repaid > 0 ? { expiresAtMs: null } : {}) },
  }
}
