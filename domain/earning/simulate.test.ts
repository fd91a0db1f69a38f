import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { z } from 'zod'
import { SimulateRequest } from '../contracts/points.ts'
import type { Expiry as ExpirySchema } from '../contracts/settings.ts'
import { MONDAY_MS, settingsWith } from '../ledger/examples.ts'
import { type Cart, simulate } from './simulate.ts'

type Expiry = z.infer<typeof ExpirySchema>

/** A cart of these lines; amounts in euro unless `more` says otherwise. */
function cart(amounts: readonly string[], more: Partial<Cart> = {}): Cart {
  return SimulateRequest.parse({ currency: 'EUR', lines: amounts.map((amount) => ({ amount })), ...more })
}

function pointsOf(asked: Cart, settings = settingsWith()): number | string {
  const answer = simulate(asked, settings, MONDAY_MS)
  return answer.ok ? answer.simulation.points : answer.code
}

describe('what a cart would earn', () => {
  it('is what an order of it earns: rounded once, not a line', () => {
    expect(pointsOf(cart(['19.95', '19.95', '20.00']))).toBe(59)
    expect(pointsOf(cart([]))).toBe(0)
  })

  it.each([
    ['JPY', '5900', { per_amount: '100' }, 59],
    ['KWD', '5.900', { per_amount: '0.100' }, 59],
    ['USD', '59.90', { per_amount: '10.00' }, 5],
  ])('in %s, %s at %o: %d', (currency, amount, earning, points) => {
    expect(pointsOf(cart([amount], { currency }), settingsWith(earning, { currency }))).toBe(points)
  })

  it('counts gift cards, shipping and tips only where the rule does', () => {
    const asked = cart(['10.00'], { shipping: '4.90', tip: '1.10' })
    const withCard: Cart = { ...asked, lines: [...asked.lines, { amount: '25.00', gift_card: true }] }
    expect(pointsOf(withCard)).toBe(10)
    expect(pointsOf(withCard, settingsWith({ include_shipping: true }))).toBe(14)
    expect(pointsOf(withCard, settingsWith({ include_shipping: true, include_tips: true }))).toBe(16)
    expect(pointsOf(withCard, settingsWith({ include_gift_cards: true }))).toBe(35)
  })

  it('is nothing while earning is switched off, however large the cart', () => {
    expect(pointsOf(cart(['99999999999999.00']), settingsWith({ enabled: false }))).toBe(0)
  })

  it('too large for one entry, or for a whole number, is refused with the field', () => {
    expect(pointsOf(cart(['1000000000.00']))).toBe(1_000_000_000)
    expect(pointsOf(cart(['1000000001.00']))).toBe('points_out_of_range')
    const settings = settingsWith({}, { currency: 'KWD' })
    expect(simulate(cart(['1', '999999999999999.999'], { currency: 'KWD' }), settings, MONDAY_MS)).toMatchObject({
      code: 'points_out_of_range',
      pointer: '/lines/1/amount',
    })
    const tiny = cart(['100.00'], { currency: 'USD', exchange_rate: '0.00000000000000000001' })
    expect(pointsOf(tiny)).toBe('points_out_of_range')
  })
})

function refused(asked: Cart, settings = settingsWith()) {
  return simulate(asked, settings, MONDAY_MS)
}

describe('a refusal', () => {
  it('names what is too large', () => {
    const detail = 'The amount is too large.'
    const large = '90071992547409.91'
    const refusal = { ok: false, code: 'points_out_of_range', detail }
    expect(refused(cart([large, '0.01']))).toEqual({ ...refusal, pointer: '/lines/1/amount' })
    expect(refused(cart(['1.00'], { shipping: '99999999999999.99' }))).toEqual({ ...refusal, pointer: '/shipping' })
    expect(refused(cart(['1.00'], { tip: '99999999999999.99' }))).toEqual({ ...refusal, pointer: '/tip' })
    expect(refused(cart(['1000000001.00']))).toEqual({ ...refusal, pointer: '/lines' })
    expect(refused(cart([large]), settingsWith({ per_amount: '1000000' }))).toMatchObject({ ok: true })
  })

  it('says which rate is missing', () => {
    expect(refused(cart(['59.90'], { currency: 'USD' }))).toEqual({
      ok: false,
      code: 'currency_mismatch',
      detail: "The shop's currency is EUR: amounts in USD need exchange_rate.",
      pointer: '/exchange_rate',
    })
  })
})

describe('a cart in another currency', () => {
  it.each([
    ['EUR', 'USD', '65.02', '1.0853', 59],
    ['EUR', 'JPY', '9743', '162.6543219876', 59],
    ['EUR', 'KWD', '19.990', '0.333333', 59],
    ['JPY', 'USD', '38.35', '0.0065', 5900],
    ['KWD', 'EUR', '17.70', '3', 5],
  ])('of a %s shop: %s %s at the rate %s earn %d points', (shop, currency, amount, exchange_rate, points) => {
    expect(pointsOf(cart([amount], { currency, exchange_rate }), settingsWith({}, { currency: shop }))).toBe(points)
  })

  it('needs the rate; the shop’s own needs none and ignores one', () => {
    expect(simulate(cart(['59.90'], { currency: 'USD' }), settingsWith(), MONDAY_MS)).toMatchObject({
      code: 'currency_mismatch',
      pointer: '/exchange_rate',
    })
    expect(pointsOf(cart(['59.90'], { exchange_rate: '1.0' }))).toBe(59)
    expect(pointsOf(cart(['59.90'], { exchange_rate: '2' }))).toBe(59)
  })

  it('is never off by more than half a minor unit of the shop', () => {
    const perMinor = settingsWith({ per_amount: '0.01' })
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 1_000_000 }), fc.integer({ min: 100, max: 5_000_000 }), (minor, rate) => {
        const exchange_rate = (rate / 10_000).toFixed(4)
        const earned = pointsOf(cart([(minor / 100).toFixed(2)], { currency: 'USD', exchange_rate }), perMinor)
        // Earned cents × rate lie within rate / 2 of the cart's cents, all in whole numbers.
        const error = BigInt(earned) * BigInt(rate) - BigInt(minor) * 10_000n
        expect(2n * error <= BigInt(rate) && 2n * error >= -BigInt(rate)).toBe(true)
      }),
    )
  })
})

/** A cart in a shop where points end like this. */
function endOf(expiry: Partial<Expiry>, return_window_days = 0) {
  const all = { lot_days: null, inactivity_days: null, calendar: null, ...expiry }
  return simulate(cart(['59.90']), settingsWith({}, { expiry: all, return_window_days }), MONDAY_MS)
}

describe('beside the points', () => {
  it('stand the return window and the end of what is granted after it', () => {
    const settings = settingsWith(
      {},
      { expiry: { lot_days: 365, inactivity_days: null, calendar: null }, return_window_days: 14 },
    )
    expect(simulate(cart(['59.90']), settings, MONDAY_MS)).toMatchObject({
      // Monday 2 March + 14 days ends as 17 March begins; + 365 days ends as 18 March 2027 begins, in Berlin.
      simulation: { points: 59, pending_days: 14, expires_at: '2027-03-17T23:00:00.000Z' },
    })
    expect(simulate(cart(['59.90']), settingsWith(), MONDAY_MS)).toMatchObject({
      simulation: { pending_days: 0, expires_at: null },
    })
  })

  it('stands the end by silence or by the calendar, if that comes first', () => {
    expect(endOf({ inactivity_days: 10 })).toMatchObject({ simulation: { expires_at: '2026-03-12T23:00:00.000Z' } })
    expect(endOf({ inactivity_days: 10 }, 1)).toMatchObject({ simulation: { expires_at: '2026-03-14T23:00:00.000Z' } })
    const calendar = { month: 3, day: 3, min_days: 1 }
    expect(endOf({ calendar })).toMatchObject({ simulation: { expires_at: '2026-03-03T23:00:00.000Z' } })
    expect(endOf({ calendar, lot_days: 365 }, 1)).toMatchObject({
      simulation: { expires_at: '2027-03-03T23:00:00.000Z' },
    })
  })

  it('stands no end where nothing is earned', () => {
    const expiry = { lot_days: 365, inactivity_days: null, calendar: null }
    expect(simulate(cart(['0.99']), settingsWith({}, { expiry }), MONDAY_MS)).toEqual({
      ok: true,
      simulation: { points: 0, pending_days: 0, expires_at: null, is_estimate: false },
    })
  })

  it.each([
    [{}, {}, false],
    [{ tax: 'exclude' }, {}, true],
    [{ tax: 'include' }, {}, true],
    [{ before_discounts: true }, {}, true],
    [{}, { currency: 'USD', exchange_rate: '1.1' }, true],
  ] as const)('%o and %o: an estimate is %s', (earning, more, is_estimate) => {
    expect(simulate(cart(['59.90'], more), settingsWith(earning), MONDAY_MS)).toMatchObject({
      simulation: { is_estimate },
    })
  })

  it('nothing is no estimate', () => {
    expect(simulate(cart([]), settingsWith({ tax: 'exclude' }), MONDAY_MS)).toMatchObject({
      simulation: { points: 0, is_estimate: false },
    })
  })
})

describe('the request', () => {
  it('takes no negative amount and no rate of nothing', () => {
    expect(SimulateRequest.safeParse({ currency: 'EUR', lines: [{ amount: '-1' }] }).success).toBe(false)
    expect(SimulateRequest.safeParse({ currency: 'USD', exchange_rate: '0.00', lines: [] }).success).toBe(false)
  })
})
