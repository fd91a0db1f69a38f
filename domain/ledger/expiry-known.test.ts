import { describe, expect, it, vi } from 'vitest'

describe('the end of a day is worked out once', async () => {
  // With nothing known from other tests.
  vi.resetModules()
  const { endOfDayAfterMs } = await import('./expiry.ts')

  /** How many times a clock was read for it. */
  function readings(from: string, days = 30, timeZone = 'Asia/Tokyo'): number {
    const clock = vi.spyOn(Intl.DateTimeFormat.prototype, 'formatToParts')
    endOfDayAfterMs(Date.parse(from), days, timeZone)
    const { length } = clock.mock.calls
    clock.mockRestore()
    return length
  }

  it('for all times that are of one day in the zone and in UTC, whatever is asked in between', () => {
    expect(readings('2051-03-01T15:00Z')).toBeGreaterThan(0)
    expect(readings('2051-05-01T15:00Z')).toBeGreaterThan(0)
    expect(readings('2051-03-01T15:00Z')).toBe(0)
    expect(readings('2051-05-01T23:59:59.999Z')).toBe(0)
    expect(readings('2051-03-01T23:59:59.999Z')).toBe(0)
    expect(readings('2051-03-02T14:59:59.999Z')).toBeLessThanOrEqual(10)
  })

  it('for each number of days, day and zone', () => {
    expect(readings('2052-03-01T15:00Z')).toBeGreaterThan(0)
    expect(readings('2052-03-01T15:00Z', 31)).toBeGreaterThan(0)
    expect(readings('2052-03-01T15:00Z', 30, 'Asia/Seoul')).toBeGreaterThan(0)
    expect(readings('2052-03-01T14:59:59.999Z')).toBeGreaterThan(0)
    expect(readings('2052-03-02T15:00Z')).toBeGreaterThan(0)
  })

  it('until thousands of others were asked for: they do not pile up', () => {
    expect(readings('2053-03-01T15:00Z')).toBeGreaterThan(0)
    for (let days = 0; days < 4000; days += 1) readings('2053-03-01T15:00Z', 100 + days)
    expect(readings('2053-03-01T15:00Z')).toBeGreaterThan(0)
    expect(readings('2053-03-01T15:00Z')).toBe(0)
  })
})
