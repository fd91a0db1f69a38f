import type { AccountState, CalendarExpiry, EntryDetail, Inactivity, LotTerms } from './types.ts'

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
  let fromMs = Math.max(...candidates)
  // Mostly both are one. A day does not begin later, and at the later one wherever the day before goes on until then.
  if (dayNumber(fromMs - 1000, timeZone) < day) return fromMs
  let beforeMs = Math.min(...candidates) - 1000
  while (fromMs - beforeMs > 1000) {
    const middleMs = beforeMs + Math.floor((fromMs - beforeMs) / 2000) * 1000
    if (dayNumber(middleMs, timeZone) < day) beforeMs = middleMs
    else fromMs = middleMs
  }
  return fromMs
}

/** A day's end that was worked out lately: the same for everything that happens on one local day. */
interface KnownEnd {
  /** The number of that day, which lasts from `fromMs` until `untilMs`. */
  readonly day: number
  readonly fromMs: number
  readonly untilMs: number
  readonly endMs: number
}

const recent = new Map<string, KnownEnd>()
const RECENT_LIMIT = 4_000

/** The last answer: lots of one account that end by silence mostly ask the same again. */
let last: { readonly days: number; readonly timeZone: string; readonly known: KnownEnd } | null = null

/**
 * The end of the day that is `days` after the day of `fromMs`, both days as the zone counts them: the first instant
 * that no longer belongs to it. 1 day from Monday 15:00 is the end of Tuesday.
 */
export function endOfDayAfterMs(fromMs: number, days: number, timeZone: string): number {
  return endAfter(fromMs, days, timeZone).endMs
}

function endAfter(fromMs: number, days: number, timeZone: string): KnownEnd {
  if (last?.days === days && last.timeZone === timeZone && isWithin(last.known, fromMs)) return last.known
  const key = `${days} ${Math.floor(fromMs / DAY_MS)} ${timeZone}`
  let known = recent.get(key)
  if (known === undefined || !isWithin(known, fromMs)) {
    known = workedOut(fromMs, days, timeZone)
    if (recent.size >= RECENT_LIMIT) recent.clear()
    recent.set(key, known)
  }
  last = { days, timeZone, known }
  return known
}

function isWithin({ fromMs, untilMs }: KnownEnd, atMs: number): boolean {
  return fromMs <= atMs && atMs < untilMs
}

function workedOut(atMs: number, days: number, timeZone: string): KnownEnd {
  const day = dayNumber(atMs, timeZone)
  return {
    day,
    fromMs: startOfDayMs(day, timeZone),
    untilMs: startOfDayMs(day + 1, timeZone),
    endMs: startOfDayMs(day + days + 1, timeZone),
  }
}

/** Number of the calendar's day in a year; a day that the month does not have that year is its last one. */
function calendarDay({ month, day }: CalendarExpiry, year: number): number {
  const lastOfMonth = new Date(Date.UTC(year, month, 0)).getUTCDate()
  return Date.UTC(year, month - 1, Math.min(day, lastOfMonth)) / DAY_MS
}

/** The end of the first day of the calendar that is at least `minDays` after the day of the grant. */
function calendarEndMs(calendar: CalendarExpiry, timeZone: string, grantedAtMs: number): number {
  const grantedOn = endAfter(grantedAtMs, 0, timeZone).day
  const earliest = grantedOn + calendar.minDays
  const year = new Date(earliest * DAY_MS).getUTCFullYear()
  const thisYear = calendarDay(calendar, year)
  const endsOn = thisYear >= earliest ? thisYear : calendarDay(calendar, year + 1)
  return endOfDayAfterMs(grantedAtMs, endsOn - grantedOn, timeZone)
}

/** How a lot lives, as its entry freezes it: no later change of the shop's terms touches it. */
export type LotLife = Pick<EntryDetail, 'inactivity'> & {
  /** From this instant on its points cannot be spent, whatever the customer does. Null: no day is fixed. */
  readonly expiresAtMs: number | null
}

/** How a lot granted at `grantedAtMs` under these terms lives. */
export function lotLife(terms: LotTerms, grantedAtMs: number): LotLife {
  const { lotDays, timeZone, inactivityDays: days = null, calendar = null } = terms
  const byAge = lotDays === null ? null : endOfDayAfterMs(grantedAtMs, lotDays, timeZone)
  const byCalendar = calendar === null ? null : calendarEndMs(calendar, timeZone, grantedAtMs)
  const expiresAtMs = sooner(byAge, byCalendar)
  return days === null ? { expiresAtMs } : { expiresAtMs, inactivity: { days, timeZone, fromMs: grantedAtMs } }
}

function sooner(a: number | null, b: number | null): number | null {
  if (a === null || b === null) return a ?? b
  return Math.min(a, b)
}

/** What of an account its lots' end by silence depends on. */
export type Activity = Pick<AccountState, 'lastActivityAtMs' | 'mergedInto'>

/**
 * When a lot ends, should the customer stay silent: its fixed end or the end by silence, whatever is earlier. Null: never.
 * In a merged account silence ends nothing: what the customer does is told to the other account, and what comes free here
 * goes there and lives or ends by it.
 */
export function lotEndMs(
  { expiresAtMs, inactivity }: LotEnd,
  { lastActivityAtMs, mergedInto }: Activity,
): number | null {
  if (inactivity === null || inactivity === undefined || mergedInto !== null) return expiresAtMs
  const silentFromMs = Math.max(inactivity.fromMs, lastActivityAtMs)
  return sooner(expiresAtMs, endOfDayAfterMs(silentFromMs, inactivity.days, inactivity.timeZone))
}

/** What of a lot says when it ends. */
export interface LotEnd {
  readonly expiresAtMs: number | null
  readonly inactivity?: Inactivity | null
}
