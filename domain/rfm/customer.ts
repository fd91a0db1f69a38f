import { wallClockMs } from '../ledger/expiry.ts'
import { DEFAULT_HALF_LIFE_DAYS, decayedRecency } from './decayed.ts'

/** An order as RFM knows it, as it stands now: edits, refunds and its cancellation are in it. */
export interface RfmOrder {
  readonly orderGid: string
  readonly orderedAtMs: number
  /** Net of refunds, in minor units of the shop's currency. */
  readonly netMinor: number
  readonly cancelled: boolean
  readonly test: boolean
}

/** A customer's row: everything that scores, stages and charts are made of. Counted orders only; it has at least one. */
export interface RfmCustomer {
  readonly firstAtMs: number
  readonly lastAtMs: number
  /** F. */
  readonly orders: number
  /** Calendar days with an order, in the shop's time zone. */
  readonly purchaseDays: number
  /** M. */
  readonly spentMinor: number
  readonly lastGapMs: number | null
  /** See decayed.ts. */
  readonly decayed: number
}

const DAY_MS = 86_400_000

function isCounted({ test, cancelled, netMinor }: RfmOrder): boolean {
  return !test && !cancelled && netMinor > 0
}

/** The calendar day of an instant in the zone: days since 1970-01-01. */
export function dayOf(atMs: number, timeZone: string): number {
  return Math.floor(wallClockMs(atMs, timeZone) / DAY_MS)
}

/**
 * A customer's row as the fold of their orders, each once, as of now: the same for every order of arrival, because it
 * looks at nothing but what the orders are. Null: no counted order.
 */
export function rfmCustomer(
  orders: readonly RfmOrder[],
  timeZone: string,
  halfLifeDays = DEFAULT_HALF_LIFE_DAYS,
): RfmCustomer | null {
  const counted = orders.filter(isCounted).toSorted((a, b) => a.orderedAtMs - b.orderedAtMs)
  const [first] = counted
  const last = counted.at(-1)
  if (first === undefined || last === undefined) return null
  const times = counted.map(({ orderedAtMs }) => orderedAtMs)
  const before = times.at(-2)
  return {
    firstAtMs: first.orderedAtMs,
    lastAtMs: last.orderedAtMs,
    orders: counted.length,
    purchaseDays: new Set(times.map((atMs) => dayOf(atMs, timeZone))).size,
    spentMinor: counted.reduce((sum, { netMinor }) => sum + netMinor, 0),
    lastGapMs: before === undefined ? null : last.orderedAtMs - before,
    decayed: decayedRecency(times, halfLifeDays) ?? 0,
  }
}

/** Recency as shown: calendar days between two instants, in the shop's time zone. */
export function recencyDays(lastAtMs: number, atMs: number, timeZone: string): number {
  return dayOf(atMs, timeZone) - dayOf(lastAtMs, timeZone)
}
