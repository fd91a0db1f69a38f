import { MAX_POINTS } from '../contracts/settings.ts'
import { verifiesAfter } from '../ledger/entry.ts'
import { lotEndMs } from '../ledger/expiry.ts'
import { fifoViolations } from '../ledger/fifo.ts'
import type { Entry, LedgerView } from '../ledger/types.ts'

/** A violation of an invariant, by its number. */
export interface Violation {
  readonly invariant: number
  readonly detail: string
}

/** What is wrong with an entry, given the state that it found. The numbers are those of `docs/reliability.md`. */
type EntryCheck = (before: LedgerView, entry: Entry) => readonly Violation[]

function violation(invariant: number, isBroken: boolean, detail: () => string): readonly Violation[] {
  return isBroken ? [{ invariant, detail: detail() }] : []
}

const isInItsPlace: EntryCheck = ({ account }, { seq, recordedAtMs }) => [
  ...violation(6, seq !== account.seq + 1, () => `entry ${seq} follows entry ${account.seq}`),
  ...violation(6, recordedAtMs < account.lastRecordedAtMs, () => `entry ${seq} is recorded before its predecessor`),
]

const continuesTheChain: EntryCheck = ({ account }, entry) => {
  const { seq, previousHash } = entry
  if (previousHash !== account.lastHash) {
    return [{ invariant: 15, detail: `entry ${seq} does not carry the hash of the entry before it` }]
  }
  return violation(
    15,
    !verifiesAfter(entry, previousHash),
    () => `the hash of entry ${seq} is not that of its contents`,
  )
}

/** An entry's points are what it moved. */
const balances: EntryCheck = (_before, { seq, type, points, allocations, detail: { debtPaid = 0, debtMade = 0 } }) => {
  const isMove = type !== 'hold' && type !== 'release'
  const moved = isMove ? allocations.reduce((sum, allocation) => sum + allocation.points, 0) + debtPaid - debtMade : 0
  return violation(2, points !== moved, () => `entry ${seq} is of ${points} points and moves ${moved}`)
}

/** Debt comes only from refunds, corrections that may, tills, merges, and the reversal of what had paid it. */
const mayMakeItsDebt: EntryCheck = (before, entry) =>
  violation(4, makesForbiddenDebt(before, entry), () => `entry ${entry.seq} (${entry.type}) must not make debt`)

function makesForbiddenDebt(before: LedgerView, { type, points, source, detail }: Entry): boolean {
  const { debtMade = 0, refersToSeq = 0 } = detail
  if (debtMade === 0 || type === 'clawback') return false
  if (type === 'adjust') return points > 0
  // It was owed before, in the other account.
  if (type === 'merge_in') return debtMade > -points
  if (type === 'reversal') return debtMade !== before.entry(refersToSeq)?.detail.debtPaid
  return type !== 'redeem' || source !== 'pos'
}

const capturesWhatIsHeld: EntryCheck = (before, { seq, type, points, detail: { holdId = '' } }) => {
  if (type !== 'capture') return []
  const held = before.hold(holdId)?.points ?? 0
  return violation(5, -points > held, () => `entry ${seq} captures ${-points} of ${held} points held`)
}

const takesByFifo: EntryCheck = (before, entry) =>
  fifoViolations(before, entry).map((detail) => ({ invariant: 9, detail }))

/**
 * What is pinned was taken before its lot ended, so a capture may spend it. What comes free in a merged account leaves as
 * of that time, however late it is booked.
 */
const takesFromLiveLots: EntryCheck = (before, { seq, type, actor, recordedAtMs, effectiveAtMs, allocations }) => {
  const takenAtMs = type === 'merge_out' && actor === 'system' ? effectiveAtMs : recordedAtMs
  return allocations.flatMap(({ lot: id, points }) => {
    if (points >= 0 || type === 'capture') return []
    const lot = before.lot(id)
    const endMs = lot === undefined ? null : lotEndMs(lot, before.account)
    const isOver = endMs !== null && endMs <= takenAtMs
    if (type === 'expire') return violation(10, !isOver, () => `entry ${seq} expires live lot ${id}`)
    return violation(10, isOver, () => `entry ${seq} takes from expired lot ${id}`)
  })
}

/** In full once, or in parts that together are no more than the entry; and only what was spent comes back in parts. */
const undoesOnce: EntryCheck = (before, { seq, type, points, detail }) => {
  if (type !== 'reversal') return []
  const original = before.entry(detail.refersToSeq ?? 0)
  if (original === undefined) return [{ invariant: 12, detail: `entry ${seq} undoes no entry` }]
  const earlier = before.reversalsOf(original.seq)
  if (detail.becauseOf === undefined) {
    return [
      ...violation(12, earlier.length > 0, () => `entry ${original.seq} is undone again by entry ${seq}`),
      ...violation(12, points !== -original.points, () => `entry ${seq} is not the mirror of ${original.seq}`),
    ]
  }
  const back = earlier.reduce((sum, reversal) => sum + reversal.points, points)
  const isSpending = original.type === 'redeem' || original.type === 'capture'
  const wasUndone = earlier.some((reversal) => reversal.detail.becauseOf === undefined)
  return [
    ...violation(12, wasUndone, () => `entry ${original.seq} is undone in full and given back by entry ${seq}`),
    ...violation(12, !isSpending, () => `entry ${seq} gives back entry ${original.seq}, which spent nothing`),
    ...violation(12, points <= 0, () => `entry ${seq} gives back ${points} points`),
    ...violation(12, back > -original.points, () => `${back} points of entry ${original.seq} have come back`),
  ]
}

/** All that leaves a merged account goes to the same one. */
const leavesForOneAccount: EntryCheck = ({ account: { mergedInto } }, { seq, type, detail }) =>
  violation(
    16,
    type === 'merge_out' && mergedInto !== null && detail.otherCustomerId !== mergedInto,
    () => `entry ${seq} goes into another account than the first merge_out`,
  )

const isInBounds: EntryCheck = (_before, { seq, points }) =>
  violation(19, !Number.isSafeInteger(points) || Math.abs(points) > MAX_POINTS, () => `entry ${seq} is too large`)

const CHECKS: readonly EntryCheck[] = [
  isInItsPlace,
  continuesTheChain,
  balances,
  mayMakeItsDebt,
  capturesWhatIsHeld,
  takesByFifo,
  takesFromLiveLots,
  undoesOnce,
  leavesForOneAccount,
  isInBounds,
]

/** All that is wrong with an entry by itself and by the state that it found. */
export function violationsOfEntry(before: LedgerView, entry: Entry): readonly Violation[] {
  return CHECKS.flatMap((check) => check(before, entry))
}
