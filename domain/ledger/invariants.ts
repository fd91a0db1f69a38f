import { MAX_POINTS } from '../contracts/settings.ts'
import { canonicalJson } from './canonical.ts'
import { verifiesAfter } from './entry.ts'
import { lotEndMs } from './expiry.ts'
import { fifoViolations } from './fifo.ts'
import { type MemoryLedger, rebuild } from './memory.ts'
import { pointsLeft, readOrder } from './orders.ts'
import type { AccountState, Entry, Hold, Lot, Pending } from './types.ts'

/**
 * What must hold for every account at every time, one checker each. A checker answers with what is wrong, in words
 * for whoever has to find out why; nothing when all is well. The numbers are those of the design (`docs/`): 8, 13, 14,
 * 16, 17 and 20 need more than one account's books and are checked where those are.
 */

/** Everything that is stored of one account. */
export interface Books {
  readonly account: AccountState
  /** All of them, by seq. */
  readonly entries: readonly Entry[]
  /** All that ever were, by id. */
  readonly lots: readonly Lot[]
  readonly holds: readonly Hold[]
  readonly pendings: readonly Pending[]
}

/** Finds what is wrong with the books. */
export type Checker = (books: Books) => readonly string[]

/** The books of a ledger in memory. */
export function booksOf(ledger: MemoryLedger): Books {
  return {
    account: ledger.account,
    entries: ledger.entries,
    lots: [...ledger.lots.values()].toSorted((a, b) => a.id - b.id),
    holds: [...ledger.holds.values()].toSorted((a, b) => a.openedSeq - b.openedSeq),
    pendings: ledger.pendings.toSorted((a, b) => a.seq - b.seq),
  }
}

function sum<T>(rows: readonly T[], amountOf: (row: T) => number): number {
  return rows.reduce((total, row) => total + amountOf(row), 0)
}

function mustEqual(what: string, actual: number, expected: number): readonly string[] {
  return actual === expected ? [] : [`${what}: ${actual} instead of ${expected}`]
}

const postedIsTheSumOfEntries: Checker = ({ account, entries }) =>
  mustEqual(
    'posted',
    account.posted,
    sum(entries, (entry) => entry.points),
  )

const postedIsLotsLessDebt: Checker = ({ account, lots }) =>
  mustEqual('posted', account.posted, sum(lots, (lot) => lot.remaining) - account.debt)

const lotsAddUp: Checker = ({ lots, holds }) =>
  lots.flatMap((lot) => {
    const pins = holds.filter(({ state }) => state === 'open').flatMap((hold) => hold.pins)
    const pinned = sum(
      pins.filter((pin) => pin.lot === lot.id),
      (pin) => pin.points,
    )
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

const noOverdraft: Checker = ({ account, entries, lots }) => {
  const available = sum(lots, (lot) => lot.remaining - lot.pinned) - account.debt
  const debtors = entries.filter((entry) => {
    const { debtMade = 0, refersToSeq = 0 } = entry.detail
    if (debtMade === 0 || entry.type === 'clawback') return false
    if (entry.type === 'adjust') return entry.points > 0
    if (entry.type === 'reversal') return debtMade !== entries[refersToSeq - 1]?.detail.debtPaid
    return entry.type !== 'redeem' || entry.source !== 'pos'
  })
  return [
    ...(available < 0 && account.debt === 0 ? [`${available} available without debt`] : []),
    ...debtors.map(({ seq, type }) => `entry ${seq} (${type}) must not make debt`),
  ]
}

const holdsEndOnce: Checker = ({ account, entries, holds }) => {
  const open = holds.filter(({ state }) => state === 'open')
  return [
    ...mustEqual(
      'held',
      account.held,
      sum(open, (hold) => hold.points),
    ),
    ...holds.flatMap((hold) => {
      const own = entries.filter(({ detail }) => detail.holdId === hold.id)
      const ends = own.filter(({ type }) => type === 'capture' || type === 'release')
      const captured = -sum(ends, (entry) => entry.points)
      return [
        ...mustEqual(`hold ${hold.id} ends`, ends.length, hold.state === 'open' ? 0 : 1),
        ...mustEqual(
          `hold ${hold.id} pins`,
          sum(hold.pins, (pin) => pin.points),
          hold.points,
        ),
        ...(captured > hold.points ? [`hold ${hold.id} captured ${captured} of ${hold.points}`] : []),
      ]
    }),
  ]
}

const seqIsGapless: Checker = ({ account, entries }) => [
  ...mustEqual('account seq', account.seq, entries.length),
  ...entries.flatMap((entry, index) => {
    const before = entries[index - 1]?.recordedAtMs ?? 0
    return [
      ...mustEqual('seq', entry.seq, index + 1),
      ...(entry.recordedAtMs < before ? [`entry ${entry.seq} is recorded before its predecessor`] : []),
    ]
  }),
]

const businessIdsAreUnique: Checker = ({ entries }) => {
  const seen = new Set<string>()
  return entries.flatMap(({ externalId }) => {
    const again = seen.has(externalId)
    seen.add(externalId)
    return again ? [`${externalId} is booked twice`] : []
  })
}

/** A LIFO bug passes all sums, so what was taken is compared with what should have been, entry by entry. */
const takesByFifo: Checker = ({ entries }) => {
  const found: string[] = []
  rebuild(entries, (before, entry) => found.push(...fifoViolations(before, entry)))
  return found
}

/** What is pinned was taken before its lot expired, so a capture may spend it. */
const nothingFromExpiredLots: Checker = ({ entries, lots }) => {
  const byId = new Map(lots.map((lot) => [lot.id, lot]))
  let lastActivityAtMs = 0
  return entries.flatMap((entry) => {
    const { seq, type, recordedAtMs, detail } = entry
    const endsOfTaken = entry.allocations
      .filter(({ points }) => points < 0)
      .map(({ lot: id }) => {
        const lot = byId.get(id)
        return { id, endMs: lot === undefined ? null : lotEndMs(lot, lastActivityAtMs) }
      })
    if (['earn', 'earn_pending', 'redeem', 'hold', 'capture', 'import'].includes(type)) lastActivityAtMs = recordedAtMs
    if (type === 'merge_in') lastActivityAtMs = Math.max(lastActivityAtMs, detail.lastActivityAtMs ?? 0)
    return endsOfTaken.flatMap(({ id, endMs }) => {
      const isOver = endMs !== null && endMs <= recordedAtMs
      if (type === 'expire') return isOver ? [] : [`entry ${seq} expires a live lot`]
      return isOver && type !== 'capture' ? [`entry ${seq} takes from expired lot ${id}`] : []
    })
  })
}

const ordersEndAtNet: Checker = ({ entries }) => {
  const ledger = rebuild(entries)
  const gids = new Set(entries.flatMap(({ orderGid }) => orderGid ?? []))
  return [...gids].flatMap((gid) => {
    const order = readOrder(ledger, gid)
    const left = order.earned - order.clawed
    if (order.clawed < 0 || left < 0) return [`${gid}: ${order.clawed} taken back of ${order.earned}`]
    const reversed = entries.some(({ type, orderGid }) => type === 'reversal' && orderGid === gid)
    return reversed ? [] : mustEqual(`${gid} net`, left, pointsLeft(order))
  })
}

const reversalsMirrorOnce: Checker = ({ entries }) => {
  const reversals = entries.filter(({ type }) => type === 'reversal')
  return reversals.flatMap(({ seq, points, detail: { refersToSeq = 0 } }) => {
    const same = reversals.filter(({ detail }) => detail.refersToSeq === refersToSeq).length
    return mustEqual(`reversals of entry ${refersToSeq}`, same, 1).concat(
      mustEqual(`reversal ${seq} and its original`, points + (entries[refersToSeq - 1]?.points ?? Number.NaN), 0),
    )
  })
}

const hashChainVerifies: Checker = ({ account, entries }) => {
  const broken = entries.find((entry, index) => !verifiesAfter(entry, entries[index - 1]?.hash ?? ''))
  if (broken) return [`the hash chain breaks at entry ${broken.seq}`]
  return account.lastHash === (entries.at(-1)?.hash ?? '') ? [] : ['the account does not know the last hash']
}

/** Each table as text that is equal exactly when its rows are. */
function asText({ account, lots, holds, pendings }: Books): Readonly<Record<string, string>> {
  return {
    account: canonicalJson({ ...account, lifetime: { ...account.lifetime } }),
    lots: canonicalJson(lots.map((lot) => ({ ...lot }))),
    holds: canonicalJson(holds.map((hold) => ({ ...hold, pins: hold.pins.map((pin) => ({ ...pin })) }))),
    pendings: canonicalJson(pendings.map((pending) => ({ ...pending }))),
  }
}

const stateIsTheFoldOfEntries: Checker = (books) => {
  const folded = booksOf(rebuild(books.entries))
  const stored = asText(books)
  return Object.entries(asText(folded)).flatMap(([table, text]) =>
    stored[table] === text ? [] : [`${table} differ from the fold of the entries: ${stored[table]}, not ${text}`],
  )
}

const numbersStayInBounds: Checker = ({ account, entries }) => {
  const { posted, debt, held, pending, lifetime } = account
  const sums = { posted, debt, held, pending, ...lifetime }
  const { earned, redeemed, expired, clawedBack, adjusted } = lifetime
  return [
    ...Object.entries(sums).flatMap(([name, value]) => (Number.isSafeInteger(value) ? [] : [`${name} is ${value}`])),
    ...[debt, held, pending, earned, redeemed, expired, clawedBack]
      .filter((value) => value < 0)
      .map((v) => `a sum is ${v}`),
    ...entries.filter(({ points }) => Math.abs(points) > MAX_POINTS).map(({ seq }) => `entry ${seq} is too large`),
    ...mustEqual('posted by lifetime sums', earned - redeemed - expired - clawedBack + adjusted, posted),
  ]
}

/** Beyond the design's list: each entry's points are what it moved, and pending points are those of the entries. */
const entriesBalance: Checker = ({ account, entries, pendings }) => [
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

/** The checkers by the design's number of their invariant. */
export const INVARIANTS = {
  '1 posted is the sum of entries': postedIsTheSumOfEntries,
  '2 posted is lots less debt': postedIsLotsLessDebt,
  '3 lots add up': lotsAddUp,
  '4 no overdraft': noOverdraft,
  '5 holds end once': holdsEndOnce,
  '6 seq is gapless': seqIsGapless,
  '7 business ids are unique': businessIdsAreUnique,
  '9 points are taken by FIFO': takesByFifo,
  '10 nothing from expired lots': nothingFromExpiredLots,
  '11 orders end at f(net)': ordersEndAtNet,
  '12 reversals mirror once': reversalsMirrorOnce,
  '15 the hash chain verifies': hashChainVerifies,
  '18 the state is the fold of the entries': stateIsTheFoldOfEntries,
  '19 numbers stay in bounds': numbersStayInBounds,
  'entries balance': entriesBalance,
} as const satisfies Readonly<Record<string, Checker>>

/** What a checker says, or that the books are too wrong for it to read them. */
function verdict(check: Checker, books: Books): readonly string[] {
  try {
    return check(books)
  } catch (error) {
    return [`cannot be checked: ${error instanceof Error ? error.message : String(error)}`]
  }
}

/** All violations of all invariants, each with the name of its invariant; empty when the books are right. */
export function violationsOf(books: Books): readonly string[] {
  return Object.entries(INVARIANTS).flatMap(([name, check]) => verdict(check, books).map((text) => `${name}: ${text}`))
}
