import { describe, expect, it } from 'vitest'
import { type LiabilityFacts, liabilityReport, monthOf, monthStarts, pointsAmount } from './liability.ts'

const NOTHING: LiabilityFacts = {
  customers: 0,
  outstanding: 0,
  held: 0,
  pending: 0,
  debt: 0,
  ofDeletedCustomers: 0,
  lots: [],
  ended: { granted: 0, expired: 0 },
  flows: [],
}
const TERMS = {
  asOfMs: Date.parse('2026-11-23T12:00:00Z'),
  timeZone: 'Europe/Berlin',
  months: 2,
  currency: 'EUR',
  pointValue: null,
}

describe('months', () => {
  it('begin at midnight of the shop’s zone, on both sides of a change of clocks', () => {
    expect(monthStarts(TERMS).map((ms) => new Date(ms).toISOString())).toEqual([
      '2026-08-31T22:00:00.000Z',
      '2026-09-30T22:00:00.000Z',
      '2026-10-31T23:00:00.000Z',
    ])
  })

  it('are those of zones far from Greenwich too', () => {
    for (const timeZone of ['Pacific/Kiritimati', 'Pacific/Pago_Pago', 'Asia/Kathmandu', 'America/St_Johns']) {
      for (const startMs of monthStarts({ ...TERMS, timeZone, months: 24 })) {
        expect(monthOf(startMs, timeZone)).not.toBe(monthOf(startMs - 1, timeZone))
      }
    }
    expect(monthStarts({ ...TERMS, timeZone: 'Pacific/Kiritimati', months: 0 })).toEqual([
      Date.parse('2026-10-31T10:00:00Z'),
    ])
  })

  it('go back over the turn of the year', () => {
    const asOfMs = Date.parse('2027-01-31T23:30:00Z')
    const months = monthStarts({ ...TERMS, asOfMs, months: 2 }).map((ms) => monthOf(ms, TERMS.timeZone))
    expect(months).toEqual(['2026-12', '2027-01', '2027-02'])
  })
})

describe('lots', () => {
  it('count in the month of the last day that they are good for, soonest first, those without a day last', () => {
    const lots = [
      { expiresAtMs: null, points: 7 },
      // The end of 31 December in Berlin, and a second later.
      { expiresAtMs: Date.parse('2026-12-31T23:00:00Z'), points: 10 },
      { expiresAtMs: Date.parse('2026-12-31T23:00:01Z'), points: 100 },
      { expiresAtMs: Date.parse('2026-12-15T23:00:00Z'), points: 1 },
    ]
    expect(liabilityReport({ ...NOTHING, lots }, TERMS).by_expiry_month).toEqual([
      { month: '2026-12', points: 11, amount: null },
      { month: '2027-01', points: 100, amount: null },
      { month: null, points: 7, amount: null },
    ])
  })
})

describe('breakage', () => {
  it('is expired by granted, and says how many of the points with an end may expire, rounded down', () => {
    const lots = [
      { expiresAtMs: TERMS.asOfMs + 1, points: 1_000 },
      { expiresAtMs: null, points: 5_000 },
    ]
    const { breakage } = liabilityReport({ ...NOTHING, lots, ended: { granted: 300, expired: 100 } }, TERMS)
    expect(breakage).toMatchObject({ months: 2, granted: 300, expired: 100, expected_to_expire: 333 })
    expect(breakage.rate).toBeCloseTo(1 / 3, 12)
  })

  it('is unknown while no lot has come to an end', () => {
    expect(liabilityReport(NOTHING, TERMS).breakage).toMatchObject({ rate: null, expected_to_expire: 0 })
  })

  it('shows a line for each month, also for one in which nothing happened', () => {
    const flows = [{ month: 2, granted: 5, redeemed: 4, expired: 3, clawedBack: 2 }]
    expect(liabilityReport({ ...NOTHING, flows }, TERMS).breakage.by_month).toEqual([
      { month: '2026-09', granted: 0, redeemed: 0, expired: 0, clawed_back: 0 },
      { month: '2026-10', granted: 0, redeemed: 0, expired: 0, clawed_back: 0 },
      { month: '2026-11', granted: 5, redeemed: 4, expired: 3, clawed_back: 2 },
    ])
  })
})

describe('money', () => {
  it.each([
    [1234, '0.005', 'EUR', '6.17'],
    [1, '0.005', 'EUR', '0.01'],
    [1, '0.004999', 'EUR', '0.00'],
    [3, '0.1', 'EUR', '0.30'],
    [0, '2', 'EUR', '0.00'],
    [150, '0.01', 'JPY', '2'],
    [149, '0.01', 'JPY', '1'],
    [7, '0.0015', 'KWD', '0.011'],
    [Number.MAX_SAFE_INTEGER, '999999999999999.999999', 'EUR', '9007199254740990999990992800745.26'],
  ])('%i points at %s %s are %s, exactly', (points, value, currency, amount) => {
    expect(pointsAmount(points, value, currency)).toBe(amount)
  })

  it('stands beside the points where a value was given', () => {
    const facts = { ...NOTHING, outstanding: 250, lots: [{ expiresAtMs: null, points: 250 }] }
    expect(liabilityReport(facts, { ...TERMS, pointValue: '0.02' })).toMatchObject({
      currency: 'EUR',
      point_value: '0.02',
      outstanding_amount: '5.00',
      by_expiry_month: [{ amount: '5.00' }],
    })
  })
})
