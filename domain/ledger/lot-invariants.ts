import { type Checker, mustEqual, sum } from './checks.ts'
import { lotEndMs } from './expiry.ts'
import { fifoViolations } from './fifo.ts'
import { rebuild } from './memory.ts'

/** The invariants of lots: what came in, what is left, and in which order it went. */

export const postedIsLotsLessDebt: Checker = ({ account, lots }) =>
  mustEqual('posted', account.posted, sum(lots, (lot) => lot.remaining) - account.debt)

export const lotsAddUp: Checker = ({ lots, holds }) => {
  const pins = holds.filter(({ state }) => state === 'open').flatMap((hold) => hold.pins)
  const byLot = Map.groupBy(pins, (pin) => pin.lot)
  return lots.flatMap((lot) => {
    const pinned = sum(byLot.get(lot.id) ?? [], (pin) => pin.points)
    const parts = [lot.remaining, lot.consumed, lot.expired, lot.clawed, lot.moved]
    return [
      ...mustEqual(
        `lot ${lot.id} granted`,
        lot.granted,
        sum(parts, (part) => part),
      ),
      ...mustEqual(`lot ${lot.id} pinned`, lot.pinned, pinned),
      ...(parts.some((part) => part < 0) || lot.pinned > lot.remaining ? [`lot ${lot.id} is overdrawn`] : []),
    ]
  })
}

/** A LIFO bug passes all sums, so what was taken is compared with what should have been, entry by entry. */
export const takesByFifo: Checker = ({ entries }) => {
  const found: string[] = []
  rebuild(entries, (before, entry) => found.push(...fifoViolations(before, entry)))
  return found
}

/**
 * What is pinned was taken before its lot expired, so a capture may spend it. What comes free in a merged account leaves
 * as of that time, however late an alarm books it: its lot ends in the other account.
 */
export const nothingFromExpiredLots: Checker = ({ entries, lots }) => {
  const byId = new Map(lots.map((lot) => [lot.id, lot]))
  let [lastActivityAtMs, mergedInto]: [number, string | null] = [0, null]
  return entries.flatMap((entry) => {
    const { seq, type, actor, recordedAtMs, effectiveAtMs, detail } = entry
    const takenAtMs = type === 'merge_out' && actor === 'system' ? effectiveAtMs : recordedAtMs
    const endsOfTaken = entry.allocations
      .filter(({ points }) => points < 0)
      .map(({ lot: id }) => {
        const lot = byId.get(id)
        return { id, endMs: lot === undefined ? null : lotEndMs(lot, { lastActivityAtMs, mergedInto }) }
      })
    if (['earn', 'earn_pending', 'redeem', 'hold', 'capture', 'import'].includes(type)) lastActivityAtMs = recordedAtMs
    if (type === 'merge_in') lastActivityAtMs = Math.max(lastActivityAtMs, detail.lastActivityAtMs ?? 0)
    if (type === 'merge_out') mergedInto = detail.otherCustomerId ?? null
    return endsOfTaken.flatMap(({ id, endMs }) => {
      const isOver = endMs !== null && endMs <= takenAtMs
      if (type === 'expire') return isOver ? [] : [`entry ${seq} expires a live lot`]
      return isOver && type !== 'capture' ? [`entry ${seq} takes from expired lot ${id}`] : []
    })
  })
}

/** Beyond the design's list: each entry's points are what it moved, and pending points are those of the entries. */
export const entriesBalance: Checker = ({ account, entries, pendings }) => [
  ...entries.flatMap(({ seq, type, points, allocations, detail: { debtPaid = 0, debtMade = 0 } }) =>
    type === 'hold' || type === 'release'
      ? mustEqual(`entry ${seq}`, points, 0)
      : mustEqual(`entry ${seq}`, points, sum(allocations, (allocation) => allocation.points) + debtPaid - debtMade),
  ),
  ...mustEqual(
    'pending by entries',
    account.pending,
    sum(entries, ({ detail }) => detail.pendingPoints ?? 0),
  ),
  ...mustEqual(
    'pending by rows',
    account.pending,
    sum(pendings, ({ points }) => points),
  ),
]
