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
const mayMakeItsDebt: EntryCheck = (before, { seq, type, points, source, detail }) => {
  const { debtMade = 0, refersToSeq = 0 } = detail
  if (debtMade === 0 || type === 'clawback' || type === 'merge_in') return []
  const mayNot =
    type === 'adjust'
      ? points > 0
      : type === 'reversal'
        ? debtMade !== before.entry(refersToSeq)?.detail.debtPaid
        : type !== 'redeem' || source !== 'pos'
  return violation(4, mayNot, () => `entry ${seq} (${type}) must not make debt`)
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

/** In full once, or in parts of what was spent that come to no more than it. */
const undoesOnce: EntryCheck = (before, { seq, type, points, detail }) => {
  if (type !== 'reversal') return []
  const original = before.entry(detail.refersToSeq ?? 0)
  if (original === undefined) return [{ invariant: 12, detail: `entry ${seq} undoes no entry` }]
  const earlier = before.reversalsOf(original.seq)
  const undone = earlier.reduce((sum, reversal) => sum + reversal.points, points)
  const isPart = detail.becauseOf !== undefined
  return [
    ...violation(12, Math.abs(undone) > Math.abs(original.points), () => `entry ${original.seq} is undone too far`),
    ...violation(12, !isPart && earlier.length > 0, () => `entry ${original.seq} is undone again by entry ${seq}`),
    ...violation(12, !isPart && points !== -original.points, () => `entry ${seq} is not the mirror of ${original.seq}`),
  ]
}

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
  isInBounds,
]

/** All that is wrong with an entry by itself and by the state that it found. */
export function violationsOfEntry(before: LedgerView, entry: Entry): readonly Violation[] {
  return CHECKS.flatMap((check) => check(before, entry))
}
