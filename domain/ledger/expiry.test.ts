import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { endOfDayAfterMs, lotExpiryMs, wallClockMs } from './expiry.ts'

const at = (iso: string): number => Date.parse(iso)
const endOf = (from: string): number => endOfDayAfterMs(at(from), 30, 'Europe/Berlin')

describe('the end of a day', () => {
  it.each([
    ['an ordinary day', '2026-03-02T11:00Z', 1, 'Europe/Berlin', '2026-03-03T23:00Z'],
    ['the day itself', '2026-03-02T11:00Z', 0, 'Europe/Berlin', '2026-03-02T23:00Z'],
    ['a day that is another one in UTC', '2026-03-02T23:30Z', 0, 'Europe/Berlin', '2026-03-03T23:00Z'],
    ['days over the start of summer time', '2026-03-28T11:00Z', 1, 'Europe/Berlin', '2026-03-29T22:00Z'],
    ['days over the end of summer time', '2026-10-24T11:00Z', 1, 'Europe/Berlin', '2026-10-25T23:00Z'],
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
  it('expires at the end of its last day, or never', () => {
    const grantedAtMs = at('2026-03-02T11:00Z')
    expect(lotExpiryMs({ lotDays: 1, timeZone: 'UTC' }, grantedAtMs)).toBe(at('2026-03-04T00:00Z'))
    expect(lotExpiryMs({ lotDays: null, timeZone: 'UTC' }, grantedAtMs)).toBeNull()
  })
})
