import type { Draft } from './draft.ts'
import type { AccountState, Allocation, Entry, EntryType, Hold, Lifetime, Lot, Pending } from './types.ts'

/**
 * What each entry does to the account, its lots, holds and pendings. The same fold runs when a command is decided and
 * when a state is rebuilt from its entries, so that the state is always the fold of the entries.
 */

/** A broken invariant: never a user's fault, never to be caught and ignored. */
export class LedgerBug extends Error {
  override readonly name = 'LedgerBug'
}

function assert(condition: boolean, entry: Entry, what: string): asserts condition {
  if (!condition) throw new LedgerBug(`entry ${entry.seq} (${entry.type}): ${what}`)
}

/** Where a lot counts the points that left it. */
type Counter = 'consumed' | 'expired' | 'clawed' | 'moved'

function counterOf(type: EntryType): Counter {
  if (type === 'expire') return 'expired'
  if (type === 'clawback' || type === 'reversal') return 'clawed'
  return type === 'merge_out' || type === 'merge_in' ? 'moved' : 'consumed'
}

/** Books an entry: checks its place and its sums, then changes the draft. */
export function bookEntry(draft: Draft, entry: Entry): void {
  const { account } = draft
  assert(entry.seq === account.seq + 1, entry, `the account is at ${account.seq}`)
  assert(entry.previousHash === account.lastHash, entry, 'does not follow the last hash')
  assert(entry.recordedAtMs >= account.lastRecordedAtMs, entry, 'is recorded before its predecessor')
  const original = originalOf(draft, entry)
  const held = account.held + changeHold(draft, entry)
  if (entry.type === 'earn_pending') openPending(draft, entry)
  if (entry.type === 'activate' || entry.type === 'cancel_pending') reducePending(draft, entry)
  if (entry.type !== 'hold' && entry.type !== 'release') {
    for (const allocation of entry.allocations) moveLot(draft, entry, allocation, original)
  }
  draft.account = accountAfter(account, entry, original, held)
}

function accountAfter(account: AccountState, entry: Entry, original: Entry | null, held: number): AccountState {
  const { debtPaid = 0, debtMade = 0, pendingPoints = 0 } = entry.detail
  const next: AccountState = {
    seq: entry.seq,
    posted: account.posted + entry.points,
    debt: account.debt + debtMade - debtPaid,
    held,
    pending: account.pending + pendingPoints,
    lifetime: lifetimeAfter(account.lifetime, original?.type ?? entry.type, entry.points),
    lastHash: entry.hash,
    lastRecordedAtMs: entry.recordedAtMs,
    lastActivityAtMs: lastActivityAfter(account.lastActivityAtMs, entry),
    mergedInto: entry.type === 'merge_out' ? (entry.detail.otherCustomerId ?? null) : account.mergedInto,
    mergedFrom: mergedFromAfter(account.mergedFrom, entry),
  }
  const sums = [next.posted, next.debt, next.held, next.pending, ...Object.values(next.lifetime)]
  assert(sums.every(Number.isSafeInteger), entry, 'a sum leaves the safe integers')
  assert(next.debt >= 0 && next.held >= 0 && next.pending >= 0, entry, 'a sum is negative')
  return next
}

/** What counts as the customer's own doing: spending, setting aside, and what they were given for something. */
const ACTIVITIES: ReadonlySet<EntryType> = new Set(['earn', 'earn_pending', 'redeem', 'hold', 'capture', 'import'])

function lastActivityAfter(beforeMs: number, { type, recordedAtMs, detail }: Entry): number {
  if (type === 'merge_in') return Math.max(beforeMs, detail.lastActivityAtMs ?? 0)
  return ACTIVITIES.has(type) ? Math.max(beforeMs, recordedAtMs) : beforeMs
}

function mergedFromAfter(before: readonly string[], { detail: { mergedFrom } }: Entry): readonly string[] {
  return mergedFrom === undefined ? before : [...new Set([...before, ...mergedFrom])]
}

/** The lifetime sum that a type of entry counts in, and its sign there; all other types count as adjusted. */
const LIFETIME: Partial<Readonly<Record<EntryType, readonly [keyof Lifetime, 1 | -1]>>> = {
  earn: ['earned', 1],
  activate: ['earned', 1],
  redeem: ['redeemed', -1],
  capture: ['redeemed', -1],
  expire: ['expired', -1],
  clawback: ['clawedBack', -1],
}

/** @param type of the entry, or of its original when it is a reversal. */
function lifetimeAfter(lifetime: Lifetime, type: EntryType, points: number): Lifetime {
  if (points === 0) return lifetime
  const [sum, sign] = LIFETIME[type] ?? ['adjusted', 1]
  return { ...lifetime, [sum]: lifetime[sum] + sign * points }
}

function originalOf(draft: Draft, entry: Entry): Entry | null {
  if (entry.type !== 'reversal') return null
  const original = draft.entry(entry.detail.refersToSeq ?? 0)
  assert(original !== undefined, entry, 'refers to no entry')
  return original
}

/** Points into the lot that this entry opens, out of a lot, or back into a lot from which they had come. */
function moveLot(draft: Draft, entry: Entry, { lot: id, points }: Allocation, original: Entry | null): void {
  if (id === entry.seq) {
    draft.putLot(newLot(entry, points))
    return
  }
  const lot = draft.lot(id)
  assert(lot !== undefined, entry, `there is no lot ${id}`)
  const counter = counterOf(points < 0 ? entry.type : (original?.type ?? entry.type))
  const moved: Lot = { ...lot, remaining: lot.remaining + points, [counter]: lot[counter] - points }
  assert(moved.remaining >= moved.pinned && moved[counter] >= 0, entry, `takes more than lot ${id} has`)
  draft.putLot(moved)
}

function newLot(entry: Entry, points: number): Lot {
  assert(points > 0, entry, 'opens an empty lot')
  return {
    id: entry.seq,
    granted: points,
    remaining: points,
    pinned: 0,
    consumed: 0,
    expired: 0,
    clawed: 0,
    moved: 0,
    expiresAtMs: entry.detail.expiresAtMs ?? null,
    inactivity: entry.detail.inactivity ?? null,
    orderGid: entry.orderGid,
  }
}

/** Changes what is pinned of a lot by `points`. */
function pin(draft: Draft, entry: Entry, id: number, points: number): void {
  const lot = draft.lot(id)
  assert(lot !== undefined, entry, `there is no lot ${id}`)
  const pinned = lot.pinned + points
  assert(pinned >= 0 && pinned <= lot.remaining, entry, `lot ${id} cannot have ${pinned} pinned`)
  draft.putLot({ ...lot, pinned })
}

/** Opens or ends the entry's hold. @returns the change of all points held. */
function changeHold(draft: Draft, entry: Entry): number {
  if (entry.type === 'hold') return openHold(draft, entry)
  return entry.type === 'capture' || entry.type === 'release' ? -closeHold(draft, entry) : 0
}

function openHold(draft: Draft, entry: Entry): number {
  const { holdId, heldPoints, timeoutAtMs } = entry.detail
  assert(holdId !== undefined && heldPoints !== undefined && timeoutAtMs !== undefined, entry, 'is incomplete')
  assert(draft.hold(holdId) === undefined, entry, 'opens a hold again')
  const pins = entry.allocations.map(({ lot, points }): Allocation => ({ lot, points: -points }))
  for (const { lot, points } of pins) pin(draft, entry, lot, points)
  const hold: Hold = { id: holdId, points: heldPoints, pins, timeoutAtMs, openedSeq: entry.seq, state: 'open' }
  draft.putHold(hold)
  return heldPoints
}

function closeHold(draft: Draft, entry: Entry): number {
  const hold = draft.hold(entry.detail.holdId ?? '')
  assert(hold !== undefined && hold.state === 'open', entry, 'ends no open hold')
  for (const { lot, points } of hold.pins) pin(draft, entry, lot, -points)
  draft.putHold({ ...hold, state: entry.type === 'capture' ? 'captured' : 'released' })
  return hold.points
}

function openPending(draft: Draft, entry: Entry): void {
  const { pendingPoints, activatesAtMs, terms } = entry.detail
  assert(pendingPoints !== undefined && activatesAtMs !== undefined && terms !== undefined, entry, 'is incomplete')
  assert(entry.orderGid !== null && pendingPoints > 0, entry, 'has no order or no points')
  draft.putPending({ seq: entry.seq, points: pendingPoints, orderGid: entry.orderGid, activatesAtMs, ...terms })
}

function reducePending(draft: Draft, entry: Entry): void {
  const { refersToSeq, pendingPoints } = entry.detail
  const pending: Pending | undefined = draft.pendings.find(({ seq }) => seq === refersToSeq)
  assert(pending !== undefined && pendingPoints !== undefined, entry, 'refers to no pending points')
  const points = pending.points + pendingPoints
  assert(points >= 0, entry, 'takes more than is pending')
  if (points === 0) draft.endPending(pending.seq)
  else draft.putPending({ ...pending, points })
}
