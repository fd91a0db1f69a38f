import type { LotTerms } from './types.ts'

const DAY_MS = 86_400_000
const HOUR_MS = 3_600_000

/** Making a formatter costs a hundred times what using it does. Bounded by the number of IANA zones. */
const clocks = new Map<string, Intl.DateTimeFormat>()

function clockOf(timeZone: string): Intl.DateTimeFormat {
  const known = clocks.get(timeZone)
  if (known) return known
  const clock = new Intl.DateTimeFormat('en-US', {
    timeZone,
    calendar: 'gregory',
    numberingSystem: 'latn',
    hourCycle: 'h23',
    year: 'numeric',
    month: 'numeric',
    day: 'numeric',
    hour: 'numeric',
    minute: 'numeric',
    second: 'numeric',
  })
  clocks.set(timeZone, clock)
  return clock
}

/**
 * What clocks in the zone show at an instant, written as if it were UTC, to the second. Years 1 to 9999.
 * @throws RangeError when the zone is not an IANA zone.
 */
export function wallClockMs(atMs: number, timeZone: string): number {
  const at: Record<string, number> = {}
  for (const { type, value } of clockOf(timeZone).formatToParts(atMs)) at[type] = Number(value)
  const { year = 0, month = 1, day = 1, hour = 0, minute = 0, second = 0 } = at
  return Date.UTC(year, month - 1, day, hour, minute, second)
}

/** Number of the calendar day that the zone has at an instant (days since 1970-01-01). */
function dayNumber(atMs: number, timeZone: string): number {
  return Math.floor(wallClockMs(atMs, timeZone) / DAY_MS)
}

/**
 * The instant at which calendar day number `day` begins in the zone; where clocks jump over midnight (or over the
 * whole day), the first instant after the jump; where they are set back across midnight, the second midnight.
 */
function startOfDayMs(day: number, timeZone: string): number {
  const midnightMs = day * DAY_MS
  // Every offset in force around that midnight is the offset 26 h before or after it.
  const candidates = [-26, 26].map((hours) => {
    const probeMs = midnightMs + hours * HOUR_MS
    return midnightMs - (wallClockMs(probeMs, timeZone) - probeMs)
  })
  const startMs = Math.max(...candidates)
  const earlierMs = Math.min(...candidates)
  for (const atMs of [startMs, earlierMs]) {
    if (wallClockMs(atMs, timeZone) === midnightMs && dayNumber(atMs - 1000, timeZone) < day) return atMs
  }
  return firstInstantOfDay(day, timeZone)
}

/** By bisection, for the rare midnight that no clock shows. */
function firstInstantOfDay(day: number, timeZone: string): number {
  let beforeMs = day * DAY_MS - 26 * HOUR_MS
  let fromMs = day * DAY_MS + 26 * HOUR_MS
  while (fromMs - beforeMs > 1000) {
    const middleMs = beforeMs + Math.floor((fromMs - beforeMs) / 2000) * 1000
    if (dayNumber(middleMs, timeZone) < day) beforeMs = middleMs
    else fromMs = middleMs
  }
  return fromMs
}

/** Day ends worked out lately: the same for everything that happens on one local day. */
const recent = new Map<string, { readonly fromMs: number; readonly untilMs: number; readonly endMs: number }>()
const RECENT_LIMIT = 500

/**
 * The end of the day that is `days` after the day of `fromMs`, both days as the zone counts them: the first instant
 * that no longer belongs to it. 1 day from Monday 15:00 is the end of Tuesday.
 */
export function endOfDayAfterMs(fromMs: number, days: number, timeZone: string): number {
  const key = `${days} ${timeZone}`
  const known = recent.get(key)
  if (known !== undefined && known.fromMs <= fromMs && fromMs < known.untilMs) return known.endMs
  const day = dayNumber(fromMs, timeZone)
  const endMs = startOfDayMs(day + days + 1, timeZone)
  if (recent.size >= RECENT_LIMIT) recent.clear()
  recent.set(key, { fromMs: startOfDayMs(day, timeZone), untilMs: startOfDayMs(day + 1, timeZone), endMs })
  return endMs
}

/** When a lot granted at `grantedAtMs` expires: from this instant on its points cannot be spent. Null: never. */
export function lotExpiryMs(terms: LotTerms, grantedAtMs: number): number | null {
  return terms.lotDays === null ? null : endOfDayAfterMs(grantedAtMs, terms.lotDays, terms.timeZone)
}
