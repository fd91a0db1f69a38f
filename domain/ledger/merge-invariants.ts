import { canonicalJson } from './canonical.ts'
import { type Books, type Checker, mustEqual, sum } from './checks.ts'
import type { Entry, Lot, MovedLot } from './types.ts'

/** The invariants of merged accounts: in their own books, and between the books of a set of accounts. */

/** What is pinned or pending stays until it comes free, and then goes at once. */
export const mergedKeepNothing: Checker = ({ account, entries, lots }) => {
  const first = entries.find(({ type }) => type === 'merge_out')
  const into = first?.detail.otherCustomerId ?? null
  if (account.mergedInto !== into) return [`merged into ${account.mergedInto}, by the entries into ${into}`]
  if (into === null) return []
  const strayed = entries.filter(({ type, detail }) => type === 'merge_out' && detail.otherCustomerId !== into)
  return [
    ...mustEqual(
      'free points of a merged account',
      sum(lots, (lot) => lot.remaining - lot.pinned),
      0,
    ),
    ...mustEqual('debt of a merged account', account.debt, 0),
    ...strayed.map(({ seq }) => `entry ${seq} goes into another account than the first merge_out`),
  ]
}

/** One merge_out on its way. */
interface Delivery {
  readonly from: string
  readonly number: string
  readonly out: Entry
}

/** What arrived of a merge_out, in one account. */
interface Arrival {
  readonly to: string
  readonly entries: readonly Entry[]
}

/**
 * 16: a merge conserves the total. Each merge_out arrives in one account only, with as many points, with lots that live
 * as they did, and with the debt; nothing arrives that did not leave; and the points of all accounts together are what
 * all other entries made them.
 * @param accounts all accounts of one merchant, by customer id.
 * @param isQuiet everything must have arrived; otherwise merge_outs may be on their way.
 */
export function mergeViolations(accounts: ReadonlyMap<string, Books>, isQuiet: boolean): readonly string[] {
  const deliveries = [...accounts].flatMap(([from, { entries }]) =>
    entries
      .filter(({ type }) => type === 'merge_out')
      .map((out): Delivery => ({ from, number: /\/(\d+):out$/.exec(out.externalId)?.[1] ?? '?', out })),
  )
  const arrivals = arrivalsIn(accounts)
  const expected = new Set(deliveries.map(idOf))
  return [
    ...deliveries.flatMap((delivery) =>
      deliveryViolations(delivery, arrivals.get(idOf(delivery)) ?? [], accounts, isQuiet),
    ),
    ...[...arrivals.keys()].filter((id) => !expected.has(id)).map((id) => `${id} arrived and never left`),
    ...(isQuiet ? totalViolations(accounts) : []),
  ]
}

function idOf({ from, number }: Delivery): string {
  return `${from}/${number}`
}

function arrivalsIn(accounts: ReadonlyMap<string, Books>): ReadonlyMap<string, readonly Arrival[]> {
  const found = new Map<string, Arrival[]>()
  for (const [to, { entries }] of accounts) {
    const theirs = entries.filter(({ type }) => type === 'merge_in')
    for (const [id, parts] of Map.groupBy(
      theirs,
      ({ externalId }) => /^merge:(.*):in(?::part:\d+)?$/.exec(externalId)?.[1],
    )) {
      const arrival = { to, entries: parts }
      found.set(id ?? '?', [...(found.get(id ?? '?') ?? []), arrival])
    }
  }
  return found
}

function deliveryViolations(
  delivery: Delivery,
  arrivals: readonly Arrival[],
  accounts: ReadonlyMap<string, Books>,
  isQuiet: boolean,
): readonly string[] {
  const id = idOf(delivery)
  const [arrival] = arrivals
  if (arrival === undefined) return isQuiet ? [`${id} never arrived`] : []
  if (arrivals.length > 1) return [`${id} arrived in ${arrivals.map(({ to }) => to).join(' and ')}`]
  const { out, from } = delivery
  const owed = -sum(arrival.entries, ({ points }) => Math.min(0, points))
  return [
    ...mustEqual(
      `${id} in ${arrival.to}`,
      sum(arrival.entries, ({ points }) => points),
      -out.points,
    ),
    ...mustEqual(`debt of ${id}`, owed, out.detail.debtPaid ?? 0),
    ...lotViolations(id, lotsThatLeft(out, accounts.get(from)?.lots ?? []), arrival.entries),
  ]
}

function lotsThatLeft({ allocations }: Entry, lots: readonly Lot[]): readonly MovedLot[] {
  return allocations.flatMap(({ lot: id, points }) => {
    const lot = lots.find((one) => one.id === id)
    return lot === undefined ? [] : [{ ...lot, points: -points }]
  })
}

/** How a lot lives that paid debt with all of its points is not told: it was never opened. */
function lotViolations(id: string, left: readonly MovedLot[], arrived: readonly Entry[]): readonly string[] {
  const came = arrived.filter(({ points }) => points > 0)
  if (came.length !== left.length) return [`${id}: ${left.length} lots left, ${came.length} came`]
  return left.flatMap(({ points, orderGid, expiresAtMs, inactivity }, index) => {
    const entry = came[index]
    const lived = canonicalJson({ expiresAtMs, inactivity: inactivity && { ...inactivity } })
    const { expiresAtMs: ends, inactivity: silence } = entry?.detail ?? {}
    const lives = canonicalJson({
      expiresAtMs: ends ?? null,
      inactivity: silence === undefined ? null : { ...silence },
    })
    const isOther = entry?.points !== points || entry.orderGid !== orderGid || (ends !== undefined && lived !== lives)
    return isOther ? [`${id}: the lot of ${points} points came as entry ${entry?.seq} otherwise than it left`] : []
  })
}

function totalViolations(accounts: ReadonlyMap<string, Books>): readonly string[] {
  const all = [...accounts.values()]
  const entries = all.flatMap((books) => books.entries)
  const others = entries.filter(({ type }) => type !== 'merge_out' && type !== 'merge_in')
  return mustEqual(
    'posted of all accounts together',
    sum(all, ({ account }) => account.posted),
    sum(others, ({ points }) => points),
  )
}
