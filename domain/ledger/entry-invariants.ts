import { MAX_POINTS } from '../contracts/settings.ts'
import { canonicalJson } from './canonical.ts'
import { type Books, booksOf, type Checker, mustEqual, sum } from './checks.ts'
import { verifiesAfter } from './entry.ts'
import { rebuild } from './memory.ts'
import { pointsLeft, readOrder } from './orders.ts'
import type { Entry } from './types.ts'

/** The invariants of the entries, and of the state that is their fold. */

export const postedIsTheSumOfEntries: Checker = ({ account, entries }) =>
  mustEqual(
    'posted',
    account.posted,
    sum(entries, (entry) => entry.points),
  )

export const noOverdraft: Checker = ({ account, entries, lots }) => {
  const available = sum(lots, (lot) => lot.remaining - lot.pinned) - account.debt
  const debtors = entries.filter((entry) => {
    const { debtMade = 0, refersToSeq = 0 } = entry.detail
    if (debtMade === 0 || entry.type === 'clawback') return false
    if (entry.type === 'adjust') return entry.points > 0
    // It was owed before, in the other account.
    if (entry.type === 'merge_in') return debtMade > -entry.points
    if (entry.type === 'reversal') return debtMade !== entries[refersToSeq - 1]?.detail.debtPaid
    return entry.type !== 'redeem' || entry.source !== 'pos'
  })
  return [
    ...(available < 0 && account.debt === 0 ? [`${available} available without debt`] : []),
    ...debtors.map(({ seq, type }) => `entry ${seq} (${type}) must not make debt`),
  ]
}

export const holdsEndOnce: Checker = ({ account, entries, holds }) => {
  const open = holds.filter(({ state }) => state === 'open')
  const byHold = Map.groupBy(entries, ({ detail }) => detail.holdId)
  return [
    ...mustEqual(
      'held',
      account.held,
      sum(open, (hold) => hold.points),
    ),
    ...holds.flatMap((hold) => {
      const ends = (byHold.get(hold.id) ?? []).filter(({ type }) => type === 'capture' || type === 'release')
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

export const seqIsGapless: Checker = ({ account, entries }) => [
  ...mustEqual('account seq', account.seq, entries.length),
  ...entries.flatMap((entry, index) => {
    const before = entries[index - 1]?.recordedAtMs ?? 0
    return [
      ...mustEqual('seq', entry.seq, index + 1),
      ...(entry.recordedAtMs < before ? [`entry ${entry.seq} is recorded before its predecessor`] : []),
    ]
  }),
]

export const businessIdsAreUnique: Checker = ({ entries }) => {
  const seen = new Set<string>()
  return entries.flatMap(({ externalId }) => {
    const again = seen.has(externalId)
    seen.add(externalId)
    return again ? [`${externalId} is booked twice`] : []
  })
}

export const ordersEndAtNet: Checker = ({ entries }) => {
  const ledger = rebuild(entries)
  const gids = new Set(entries.flatMap(({ orderGid }) => orderGid ?? []))
  const reversed = new Set(entries.flatMap(({ type, orderGid }) => (type === 'reversal' ? (orderGid ?? []) : [])))
  return [...gids].flatMap((gid) => {
    const order = readOrder(ledger, gid)
    const left = order.earned - order.clawed
    if (order.clawed < 0 || left < 0) return [`${gid}: ${order.clawed} taken back of ${order.earned}`]
    return reversed.has(gid) ? [] : mustEqual(`${gid} net`, left, pointsLeft(order))
  })
}

/** In full once, or in parts that together are no more than the entry; and only what was spent comes back in parts. */
export const reversalsMirrorOnce: Checker = ({ entries }) => {
  const reversals = entries.filter(({ type }) => type === 'reversal')
  return [...Map.groupBy(reversals, ({ detail }) => detail.refersToSeq ?? 0)].flatMap(([seq, theirs]) => {
    const original = entries[seq - 1]
    if (original === undefined || original.seq !== seq) return [`entry ${seq} was reversed and is not there`]
    return theirs.some(isPart) ? partsViolations(original, theirs) : fullViolations(original, theirs)
  })
}

function isPart({ detail }: Entry): boolean {
  return detail.becauseOf !== undefined
}

function fullViolations({ seq, points }: Entry, reversals: readonly Entry[]): readonly string[] {
  return mustEqual(`reversals of entry ${seq}`, reversals.length, 1).concat(
    mustEqual(`entry ${seq} and its reversal`, points + sum(reversals, (reversal) => reversal.points), 0),
  )
}

function partsViolations({ seq, type, points }: Entry, reversals: readonly Entry[]): readonly string[] {
  const back = sum(reversals, (reversal) => reversal.points)
  return [
    ...(reversals.every(isPart) ? [] : [`entry ${seq} was reversed both in full and in parts`]),
    ...(['redeem', 'capture'].includes(type) ? [] : [`entry ${seq} (${type}) came back in parts`]),
    ...(back <= -points ? [] : [`${back} points came back of the ${-points} of entry ${seq}`]),
    ...reversals.filter((part) => part.points <= 0).map((part) => `entry ${part.seq} gives back ${part.points}`),
  ]
}

export const hashChainVerifies: Checker = ({ account, entries }) => {
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

export const stateIsTheFoldOfEntries: Checker = (books) => {
  const folded = booksOf(rebuild(books.entries))
  const stored = asText(books)
  return Object.entries(asText(folded)).flatMap(([table, text]) =>
    stored[table] === text ? [] : [`${table} differ from the fold of the entries: ${stored[table]}, not ${text}`],
  )
}

export const numbersStayInBounds: Checker = ({ account, entries }) => {
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
