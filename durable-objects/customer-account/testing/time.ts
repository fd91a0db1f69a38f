import type { CalendarExpiry } from '../../../domain/ledger/types.ts'

/** When things end, worked out by counting days: the model knows only zones whose clocks never change. */

const DAY_MS = 86_400_000
const HOUR_MS = 3_600_000

/** Hours ahead of UTC. */
export const ZONES: Readonly<Record<string, number>> = { UTC: 0, 'Asia/Tokyo': 9, 'America/Phoenix': -7 }

function offsetMs(timeZone: string): number {
  const hours = ZONES[timeZone]
  if (hours === undefined) throw new Error(`the model does not know the zone ${timeZone}`)
  return hours * HOUR_MS
}

function dayOf(atMs: number, timeZone: string): number {
  return Math.floor((atMs + offsetMs(timeZone)) / DAY_MS)
}

function endOfDayMs(day: number, timeZone: string): number {
  return (day + 1) * DAY_MS - offsetMs(timeZone)
}

/** The end of the day that is so many days after that of an instant. */
export function endAfterDaysMs(fromMs: number, days: number, timeZone: string): number {
  return endOfDayMs(dayOf(fromMs, timeZone) + days, timeZone)
}

/** The end of the first such day of the year that is far enough away: found by trying each day. */
export function endOfCalendarMs({ month, day, minDays }: CalendarExpiry, fromMs: number, timeZone: string): number {
  for (let candidate = dayOf(fromMs, timeZone) + minDays; ; candidate += 1) {
    const date = new Date(candidate * DAY_MS)
    const tomorrow = new Date((candidate + 1) * DAY_MS)
    const isLastOfFebruary = date.getUTCMonth() === 1 && tomorrow.getUTCMonth() === 2
    const dayMatches = date.getUTCDate() === day || (month === 2 && day === 29 && isLastOfFebruary)
    if (date.getUTCMonth() + 1 === month && dayMatches) return endOfDayMs(candidate, timeZone)
  }
}

/** The UTC date of an instant. */
export function dateOf(atMs: number): string {
  return new Date(atMs).toISOString().slice(0, 10)
}
