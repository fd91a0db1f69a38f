import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { believedTime, isoTime, NO_UPLOADS, type Uploads, uploadsAfter, uploadsAt, utcDay } from './clock.ts'

const NOON = Date.UTC(2026, 7, 1, 12)
const MINUTE = 60_000
const HOUR = 60 * MINUTE
const DAY = 24 * HOUR

describe('believedTime', () => {
  it.each([
    ['a right clock', -HOUR, 0, { effectiveAtMs: NOON - HOUR, flag: 'ok' }],
    ['five minutes slow', -HOUR - 5 * MINUTE, 5 * MINUTE, { effectiveAtMs: NOON - HOUR, flag: 'ok' }],
    ['more than that', -HOUR - 6 * MINUTE, 6 * MINUTE, { effectiveAtMs: NOON - HOUR, flag: 'skewed' }],
    ['fast by a day', DAY - HOUR, -DAY, { effectiveAtMs: NOON - HOUR, flag: 'skewed' }],
    ['fast by more than a day', DAY, -DAY - 1, { effectiveAtMs: NOON, flag: 'ignored' }],
    ['a year slow', -365 * DAY, 365 * DAY, { effectiveAtMs: NOON, flag: 'ignored' }],
    ['a sale in the future', MINUTE, 0, { effectiveAtMs: NOON, flag: 'ok' }],
    ['a sale far in the future', HOUR, 0, { effectiveAtMs: NOON, flag: 'skewed' }],
    ['a sale before the last upload', -7 * HOUR, 0, { effectiveAtMs: NOON - 6 * HOUR, flag: 'skewed' }],
    ['a sale of two days before it', -3 * DAY, 0, { effectiveAtMs: NOON, flag: 'ignored' }],
  ])('%s', (_what, atMs, skewMs, believed) => {
    expect(believedTime(NOON + atMs, skewMs, NOON - 6 * HOUR, NOON)).toEqual(believed)
  })

  it('is never outside of what is possible, whatever a device says', () => {
    const anyTime = fc.integer({ min: Date.UTC(0, 0), max: Date.UTC(9999, 11) })
    fc.assert(
      fc.property(anyTime, anyTime, fc.integer({ min: 0, max: 400 * DAY }), (atMs, sentAtMs, offlineMs) => {
        const { effectiveAtMs } = believedTime(atMs, NOON - sentAtMs, NOON - offlineMs, NOON)
        expect(effectiveAtMs).toBeGreaterThanOrEqual(NOON - offlineMs)
        expect(effectiveAtMs).toBeLessThanOrEqual(NOON)
      }),
    )
  })

  it('takes a registration later than the arrival, of two clocks of ours, as the arrival', () => {
    expect(believedTime(NOON, 0, NOON + 1, NOON).effectiveAtMs).toBe(NOON)
  })
})

/** The floors of batches that arrive at these times; those of a negative time leave something waiting. */
function floorsOf(times: readonly number[]): (number | null)[] {
  let uploads: Uploads = NO_UPLOADS
  return times.map((time) => {
    uploads = uploadsAt(uploads, Math.abs(time))
    const { floorMs } = uploads
    uploads = uploadsAfter(uploads, Math.abs(time), time > 0)
    return floorMs
  })
}

describe('uploads', () => {
  it('have the end of the one before as their floor, the first one none', () => {
    expect(floorsOf([NOON, NOON + DAY, NOON + 2 * DAY])).toEqual([null, NOON, NOON + DAY])
  })

  it('in pieces have one floor', () => {
    const later = NOON + DAY
    expect(floorsOf([NOON, later, later + MINUTE, later + 3 * MINUTE, later + 2 * DAY])).toEqual([
      null,
      NOON,
      NOON,
      NOON,
      later + 3 * MINUTE,
    ])
  })

  it('of which something has to wait move no floor: it may be older than they are', () => {
    const later = NOON + DAY
    expect(floorsOf([NOON, -later, -(later + HOUR), later + 2 * HOUR, later + DAY])).toEqual([
      null,
      NOON,
      NOON,
      NOON,
      later + 2 * HOUR,
    ])
  })

  it('end after an hour, though a device should send each minute', () => {
    const times = Array.from({ length: 130 }, (_, minute) => NOON + minute * MINUTE)
    const floors = floorsOf(times)
    expect(floors[60]).toBeNull()
    expect(floors[61]).toBe(NOON + 60 * MINUTE)
    expect(floors[129]).toBe(NOON + 121 * MINUTE)
  })
})

describe('times as text', () => {
  it('are ISO 8601 with years of four digits, or nothing', () => {
    expect(isoTime(NOON)).toBe('2026-08-01T12:00:00.000Z')
    expect(isoTime(Date.parse('9999-12-31T23:59:59-23:59'))).toBeNull()
    expect(isoTime(Date.parse('0000-01-01T00:00:00+23:59'))).toBeNull()
  })

  it('have days in UTC', () => {
    expect(utcDay(Date.parse('2026-08-01T23:30:00-01:00'))).toBe('2026-08-02')
  })
})
