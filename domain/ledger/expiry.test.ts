import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { endOfDayAfterMs, lotEndMs, lotLife, wallClockMs } from './expiry.ts'
import type { CalendarExpiry } from './types.ts'

const at = (iso: string): number => Date.parse(iso)
const endOf = (from: string): number => endOfDayAfterMs(at(from), 30, 'Europe/Berlin')

const activeAt = (lastActivityAtMs: number) => ({ lastActivityAtMs, mergedInto: null })

describe('the end of a day', () => {
  it.each([
    ['an ordinary day', '2026-03-02T11:00Z', 1, 'Europe/Berlin', '2026-03-03T23:00Z'],
    ['the day itself', '2026-03-02T11:00Z', 0, 'Europe/Berlin', '2026-03-02T23:00Z'],
    ['a day that is another one in UTC', '2026-03-02T23:30Z', 0, 'Europe/Berlin', '2026-03-03T23:00Z'],
    ['days over the start of summer time', '2026-03-28T11:00Z', 1, 'Europe/Berlin', '2026-03-29T22:00Z'],
    ['days over the end of summer time', '2026-10-24T11:00Z', 1, 'Europe/Berlin', '2026-10-25T23:00Z'],
    ['the eve of the end of summer time', '2026-10-24T11:00Z', 0, 'Europe/Berlin', '2026-10-24T22:00Z'],
    ['a day to which clocks go back for three hours', '2010-03-04T02:00Z', 0, 'Antarctica/Casey', '2010-03-04T16:00Z'],
    ['a day to which clocks go back for an hour', '2010-11-06T15:00Z', 0, 'America/St_Johns', '2010-11-07T03:30Z'],
    ['a leap day', '2028-02-28T12:00Z', 1, 'UTC', '2028-03-01T00:00Z'],
    ['a year', '2026-03-02T11:00Z', 365, 'Asia/Tokyo', '2027-03-02T15:00Z'],
    ['a zone 45 minutes off', '2026-03-02T11:00Z', 0, 'Asia/Kathmandu', '2026-03-02T18:15Z'],
    [
      'a day that ends at 01:00 because clocks jump over midnight',
      '2018-11-03T15:00Z',
      0,
      'America/Sao_Paulo',
      '2018-11-04T03:00Z',
    ],
    ['a day that has its last hour twice', '2018-02-17T15:00Z', 0, 'America/Sao_Paulo', '2018-02-18T03:00Z'],
    ['the eve of a day that a zone left out', '2011-12-29T20:00Z', 0, 'Pacific/Apia', '2011-12-30T10:00Z'],
    ['a midnight that comes twice, an hour apart', '2025-11-01T15:00Z', 0, 'America/Havana', '2025-11-02T04:00Z'],
  ])('of %s', (_, from, days, timeZone, end) => {
    expect(new Date(endOfDayAfterMs(at(from), days, timeZone)).toISOString()).toBe(new Date(at(end)).toISOString())
  })

  it('is where the date changes, in every zone and at every time', () => {
    const zones = Intl.supportedValuesOf('timeZone')
    const fromMs = fc.integer({ min: at('1990-01-01T00:00Z'), max: at('2090-01-01T00:00Z') })
    fc.assert(
      fc.property(fc.constantFrom(...zones), fromMs, fc.integer({ min: 0, max: 3650 }), (timeZone, startMs, days) => {
        const endMs = endOfDayAfterMs(startMs, days, timeZone)
        const dayOf = (ms: number): number => Math.floor(wallClockMs(ms, timeZone) / 86_400_000)
        const lastDay = dayOf(startMs) + days
        expect(endMs).toBeGreaterThan(startMs)
        expect(dayOf(endMs)).toBeGreaterThan(lastDay)
        expect(dayOf(endMs - 1)).toBeLessThanOrEqual(lastDay)
        expect(endMs % 1000).toBe(0)
      }),
      { numRuns: 2000 },
    )
  })

  it('is the same for every time of a day, and another for the days beside it', () => {
    const noon = endOf('2026-03-28T11:00Z')
    expect([endOf('2026-03-27T23:00Z'), endOf('2026-03-28T22:59:59.999Z')]).toEqual([noon, noon])
    expect(endOf('2026-03-27T22:59:59.999Z')).toBe(noon - 86_400_000)
    expect(endOf('2026-03-28T23:00Z')).toBe(noon + 86_400_000)
  })

  it('is an error in a zone that does not exist', () => {
    expect(() => endOfDayAfterMs(0, 1, 'Europe/Atlantis')).toThrow(RangeError)
  })
})

describe('a lot', () => {
  const NOON_MS = at('2026-03-02T11:00Z')

  it('ends with its last day, or never', () => {
    expect(lotLife({ lotDays: 1, timeZone: 'UTC' }, NOON_MS)).toEqual({ expiresAtMs: at('2026-03-04T00:00Z') })
    expect(lotLife({ lotDays: null, timeZone: 'UTC' }, NOON_MS)).toEqual({ expiresAtMs: null })
  })

  it('ends with its age or with the calendar, whatever comes first', () => {
    const calendar = { month: 12, day: 31, minDays: 0 }
    const endOfYearMs = at('2026-12-31T23:00Z')
    expect(lotLife({ lotDays: 3650, timeZone: 'Europe/Berlin', calendar }, NOON_MS).expiresAtMs).toBe(endOfYearMs)
    expect(lotLife({ lotDays: null, timeZone: 'Europe/Berlin', calendar }, NOON_MS).expiresAtMs).toBe(endOfYearMs)
    expect(lotLife({ lotDays: 1, timeZone: 'Europe/Berlin', calendar }, NOON_MS).expiresAtMs).toBe(
      at('2026-03-03T23:00Z'),
    )
  })

  it('ends by silence, counted from what the customer did last, but not after its fixed end', () => {
    const terms = { lotDays: 30, timeZone: 'Europe/Berlin', inactivityDays: 10 }
    const lot = lotLife(terms, NOON_MS)
    expect(lot.inactivity).toEqual({ days: 10, timeZone: 'Europe/Berlin', fromMs: NOON_MS })
    expect(lotEndMs(lot, activeAt(0))).toBe(at('2026-03-12T23:00Z'))
    expect(lotEndMs(lot, activeAt(at('2026-03-10T08:00Z')))).toBe(at('2026-03-20T23:00Z'))
    // Summer time begins on 29 March.
    expect(lotEndMs(lot, activeAt(at('2026-03-30T08:00Z')))).toBe(lot.expiresAtMs)
    expect(lotEndMs(lotLife({ ...terms, lotDays: null }, NOON_MS), activeAt(at('2026-03-20T08:00Z')))).toBe(
      at('2026-03-30T22:00Z'),
    )
  })
})

function endOfLot(from: string, calendar: CalendarExpiry): string {
  const { expiresAtMs } = lotLife({ lotDays: null, timeZone: 'Europe/Berlin', calendar }, at(from))
  return new Date(expiresAtMs ?? Number.NaN).toISOString()
}

describe('the day of the calendar', () => {
  it.each([
    ['later in the year', '2026-03-02T11:00Z', { month: 6, day: 30, minDays: 0 }, '2026-06-30T22:00:00.000Z'],
    ['of next year', '2026-07-01T11:00Z', { month: 6, day: 30, minDays: 0 }, '2027-06-30T22:00:00.000Z'],
    ['of the grant itself', '2026-06-30T20:00Z', { month: 6, day: 30, minDays: 0 }, '2026-06-30T22:00:00.000Z'],
    ['that has begun in the zone', '2025-12-31T23:30Z', { month: 12, day: 31, minDays: 0 }, '2026-12-31T23:00:00.000Z'],
    ['just far enough', '2026-12-01T11:00Z', { month: 12, day: 31, minDays: 30 }, '2026-12-31T23:00:00.000Z'],
    ['a day too near', '2026-12-02T11:00Z', { month: 12, day: 31, minDays: 30 }, '2027-12-31T23:00:00.000Z'],
    ['a year away at least', '2026-12-31T11:00Z', { month: 12, day: 31, minDays: 366 }, '2028-12-31T23:00:00.000Z'],
    ['29 February in a leap year', '2028-01-10T11:00Z', { month: 2, day: 29, minDays: 0 }, '2028-02-29T23:00:00.000Z'],
    ['28 February otherwise', '2026-01-10T11:00Z', { month: 2, day: 29, minDays: 0 }, '2026-02-28T23:00:00.000Z'],
    ['28 February, missed', '2027-03-01T11:00Z', { month: 2, day: 29, minDays: 0 }, '2028-02-29T23:00:00.000Z'],
  ])('is one %s', (_, from, calendar, end) => {
    expect(endOfLot(from, calendar)).toBe(end)
  })

  it('is the first one that is far enough away, in every zone', () => {
    const zones = Intl.supportedValuesOf('timeZone')
    const grantedAt = fc.integer({ min: at('1990-01-01T00:00Z'), max: at('2090-01-01T00:00Z') })
    const calendars = fc
      .record({ month: fc.integer({ min: 1, max: 12 }), day: fc.integer({ min: 1, max: 31 }), minDays: fc.nat(366) })
      .filter(({ month, day }) => day <= new Date(Date.UTC(2024, month, 0)).getUTCDate())
    fc.assert(
      fc.property(fc.constantFrom(...zones), grantedAt, calendars, (timeZone, grantedAtMs, calendar) => {
        const { expiresAtMs } = lotLife({ lotDays: null, timeZone, calendar }, grantedAtMs)
        const dayOf = (ms: number): number => Math.floor(wallClockMs(ms, timeZone) / 86_400_000)
        // Day by day from the grant on, until one is the calendar's.
        let day = dayOf(grantedAtMs) + calendar.minDays
        const isTheDay = (): boolean => {
          const date = new Date(day * 86_400_000)
          const month = date.getUTCMonth() + 1
          const isLast = new Date((day + 1) * 86_400_000).getUTCDate() === 1
          const dayOfMonth = date.getUTCDate()
          return month === calendar.month && (dayOfMonth === calendar.day || (isLast && dayOfMonth < calendar.day))
        }
        while (!isTheDay()) day += 1
        expect(expiresAtMs).toBe(endOfDayAfterMs(grantedAtMs, day - dayOf(grantedAtMs), timeZone))
      }),
      { numRuns: 500 },
    )
  })
})
