import { currencyExponent } from '../contracts/money.ts'
import type { LiabilityReport } from '../contracts/operations/ledgers.ts'
import { endOfDayAfterMs, wallClockMs } from '../ledger/expiry.ts'

/**
 * The points-liability report, worked out from sums over the projections. Months are those of the shop's time zone; money
 * is exact: decimals as integers, rounded once at the end.
 */

/** What is left of all lots that end at one instant; null: no day is fixed. */
export interface LotsEnding {
  readonly expiresAtMs: number | null
  readonly points: number
}

/** What a month's entries amount to. What was undone later is not in them: it counts as if it had never been. */
export interface MonthFlows {
  /** The number of the month, 0 for the first one that {@link monthStarts} names. */
  readonly month: number
  readonly granted: number
  readonly redeemed: number
  readonly expired: number
  readonly clawedBack: number
}

/** Sums over a shop's projections, all of one instant. */
export interface LiabilityFacts {
  /** Customers with points, pending points or debt. */
  readonly customers: number
  readonly outstanding: number
  readonly held: number
  readonly pending: number
  readonly debt: number
  readonly ofDeletedCustomers: number
  readonly lots: readonly LotsEnding[]
  /** Of lots that have come to an end within the months that are looked at. */
  readonly ended: { readonly granted: number; readonly expired: number }
  readonly flows: readonly MonthFlows[]
}

/** For when, where, and at which value. */
export interface LiabilityTerms {
  readonly asOfMs: number
  readonly timeZone: string
  /** How many months before the running one are looked at. */
  readonly months: number
  readonly currency: string
  /** What one point is worth, as a decimal number that is not negative; null: no amounts. */
  readonly pointValue: string | null
}

/** The report that the facts make. */
export function liabilityReport(facts: LiabilityFacts, terms: LiabilityTerms): LiabilityReport {
  const { asOfMs, timeZone, currency, pointValue } = terms
  const amountOf = (points: number) => (pointValue === null ? null : pointsAmount(points, pointValue, currency))
  const ends = pointsByMonth(facts.lots, timeZone)
  const { granted, expired } = facts.ended
  const ending = ends.reduce((sum, { month, points }) => (month === null ? sum : sum + points), 0)
  return {
    as_of: new Date(asOfMs).toISOString(),
    customers: facts.customers,
    outstanding: facts.outstanding,
    held: facts.held,
    pending: facts.pending,
    debt: facts.debt,
    of_deleted_customers: facts.ofDeletedCustomers,
    by_expiry_month: ends.map(({ month, points }) => ({ month, points, amount: amountOf(points) })),
    breakage: {
      months: terms.months,
      granted,
      expired,
      rate: granted === 0 ? null : expired / granted,
      expected_to_expire: granted === 0 ? 0 : Number((BigInt(ending) * BigInt(expired)) / BigInt(granted)),
      by_month: flowsByMonth(facts.flows, terms),
    },
    currency,
    point_value: pointValue,
    outstanding_amount: amountOf(facts.outstanding),
  }
}

/** What is left by month, soonest first; what has no fixed day comes last. A lot belongs to the last day it is good for. */
function pointsByMonth(
  lots: readonly LotsEnding[],
  timeZone: string,
): readonly { readonly month: string | null; readonly points: number }[] {
  const sums = new Map<string | null, number>()
  for (const { expiresAtMs, points } of lots) {
    const month = expiresAtMs === null ? null : monthOf(expiresAtMs - 1, timeZone)
    sums.set(month, (sums.get(month) ?? 0) + points)
  }
  const far = '~'
  return [...sums]
    .toSorted(([a], [b]) => ((a ?? far) < (b ?? far) ? -1 : 1))
    .map(([month, points]) => ({ month, points }))
}

/** One line a month that was looked at, oldest first, also where nothing happened. */
function flowsByMonth(flows: readonly MonthFlows[], terms: LiabilityTerms): LiabilityReport['breakage']['by_month'] {
  const byMonth = new Map(flows.map((flow) => [flow.month, flow]))
  return monthStarts(terms).map((startMs, month) => {
    const flow = byMonth.get(month)
    return {
      month: monthOf(startMs, terms.timeZone),
      granted: flow?.granted ?? 0,
      redeemed: flow?.redeemed ?? 0,
      expired: flow?.expired ?? 0,
      clawed_back: flow?.clawedBack ?? 0,
    }
  })
}

/** `YYYY-MM` of an instant in a zone. */
export function monthOf(atMs: number, timeZone: string): string {
  return new Date(wallClockMs(atMs, timeZone)).toISOString().slice(0, 7)
}

/** When the months that are looked at begin in the shop's zone, oldest first; the last one is the running month. */
export function monthStarts({
  asOfMs,
  timeZone,
  months,
}: Pick<LiabilityTerms, 'asOfMs' | 'timeZone' | 'months'>): readonly number[] {
  const running = new Date(wallClockMs(asOfMs, timeZone))
  return Array.from({ length: months + 1 }, (_, index) =>
    monthStartMs(running.getUTCFullYear(), running.getUTCMonth() - months + index, timeZone),
  )
}

/** @param month from 0; may be negative or above 11. */
function monthStartMs(year: number, month: number, timeZone: string): number {
  const noonMs = Date.UTC(year, month, 0, 12)
  // Noon of the day before, as the zone's clocks show it.
  return endOfDayAfterMs(noonMs - (wallClockMs(noonMs, timeZone) - noonMs), 0, timeZone)
}

/** Decimals of a point's value; what `DecimalString` allows. */
const VALUE_DECIMALS = 6

/**
 * What so many points are worth, rounded half up to the currency's minor unit: (1234, "0.005", "EUR") → "6.17".
 * @param pointValue a decimal number of at most six decimals, not negative.
 */
export function pointsAmount(points: number, pointValue: string, currency: string): string {
  const [whole = '0', fraction = ''] = pointValue.split('.')
  const value = BigInt(whole + fraction.padEnd(VALUE_DECIMALS, '0'))
  const exponent = currencyExponent(currency)
  const unit = 10n ** BigInt(VALUE_DECIMALS)
  const minor = (BigInt(points) * value * 10n ** BigInt(exponent) * 2n + unit) / (unit * 2n)
  const digits = String(minor).padStart(exponent + 1, '0')
  return exponent === 0 ? digits : `${digits.slice(0, -exponent)}.${digits.slice(-exponent)}`
}
