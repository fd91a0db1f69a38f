import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { money, settingsWith } from '../ledger/examples.ts'
import { baseMinor } from './base.ts'
import { freezeRule, pointsFor, pointsForAmount } from './rule.ts'

describe('points for an amount', () => {
  it.each([
    ['59.90', 'EUR', '1', 1, 59],
    ['59.90', 'EUR', '10.00', 1, 5],
    ['59.90', 'EUR', '0.50', 1, 119],
    ['59.90', 'EUR', '2.00', 3, 89],
    ['0.99', 'EUR', '1', 1, 0],
    ['500', 'JPY', '100', 1, 5],
    ['500', 'JPY', '1', 1, 500],
    ['1.234', 'KWD', '0.100', 1, 12],
    ['1.234', 'KWD', '1', 1000, 1234],
    ['1.00', 'EUR', '0.005', 1, 200],
  ])('%s %s at %s for %d points: %d', (amount, currency, per_amount, points, expected) => {
    expect(pointsForAmount(settingsWith({ per_amount, points }, { currency }), amount)).toBe(expected)
  })

  it.each([
    ['floor', 5],
    ['half_up', 6],
    ['ceil', 6],
  ] as const)('rounds 5.5 by %s to %d', (rounding, expected) => {
    expect(pointsForAmount(settingsWith({ rounding, per_amount: '10.00' }), '55.00')).toBe(expected)
  })

  it('rounds just below and just above a half to where it belongs', () => {
    const settings = settingsWith({ rounding: 'half_up', per_amount: '10.00' })
    expect([pointsForAmount(settings, '54.99'), pointsForAmount(settings, '50.01')]).toEqual([5, 5])
    expect(pointsForAmount(settingsWith({ rounding: 'ceil', per_amount: '10.00' }), '50.01')).toBe(6)
  })

  it('is 0 while earning is switched off, and nothing for what is no amount', () => {
    expect(pointsForAmount(settingsWith({ enabled: false }), '59.90')).toBe(0)
    expect(pointsForAmount(settingsWith(), 'a lot')).toBeUndefined()
    expect(pointsForAmount(settingsWith(), '99999999999999999999')).toBeUndefined()
  })

  it('is exact where floating point is not', () => {
    // 0.07 × 100 is 7.000000000000001 in floating point, 1.15 × 100 is 114.99999999999999.
    expect(pointsForAmount(settingsWith({ per_amount: '0.01' }), '1.15')).toBe(115)
    expect(pointsForAmount(settingsWith({ per_amount: '0.07' }), '0.07')).toBe(1)
  })

  it('never falls when the amount grows, and is never off by a whole point', () => {
    const per = fc.constantFrom('1', '10.00', '0.3', '0.005', '7.77')
    const rounding = fc.constantFrom('floor', 'half_up', 'ceil')
    const amounts = fc.tuple(fc.nat(10_000_000), fc.nat(10_000_000))
    fc.assert(
      fc.property(amounts, per, rounding, fc.integer({ min: 1, max: 50 }), ([a, b], per_amount, mode, points) => {
        const rule = freezeRule(settingsWith({ per_amount, points, rounding: mode }))
        const [less, more] = [Math.min(a, b), Math.max(a, b)]
        expect(pointsFor(rule, less)).toBeLessThanOrEqual(pointsFor(rule, more))
        // result · per − base · points, all in whole numbers, lies within one `per`.
        const numerator = BigInt(more) * BigInt(points) * BigInt(rule.perAmountMinorDenominator)
        const error = BigInt(pointsFor(rule, more)) * BigInt(rule.perAmountMinorNumerator) - numerator
        const per1 = BigInt(rule.perAmountMinorNumerator)
        const within = {
          floor: error <= 0n && error > -per1,
          half_up: 2n * error > -per1 && 2n * error <= per1,
          ceil: error >= 0n && error < per1,
        }
        expect(within[mode]).toBe(true)
      }),
    )
  })
})

describe('a rule with a multiplier', () => {
  const rule = { ...freezeRule(settingsWith({ points: 2 })), multiplierNumerator: 3, multiplierDenominator: 2 }

  it('multiplies before it rounds', () => {
    expect(pointsFor(rule, 333)).toBe(9)
    expect(pointsFor({ ...rule, rounding: 'half_up' }, 350)).toBe(11)
    expect(pointsFor({ ...rule, rounding: 'ceil' }, 334)).toBe(11)
    expect(pointsFor({ ...rule, multiplierNumerator: 1, multiplierDenominator: 3 }, 1000)).toBe(6)
  })

  it('gives nothing for nothing or less, however it rounds', () => {
    for (const rounding of ['floor', 'half_up', 'ceil'] as const) {
      expect([pointsFor({ ...rule, rounding }, 0), pointsFor({ ...rule, rounding }, -1)]).toEqual([0, 0])
    }
  })
})

describe('a frozen rule', () => {
  it.each(['0', '0.00', '1000000000000000000'])('cannot be made of a rate of %s', (per_amount) => {
    expect(() => freezeRule(settingsWith({ per_amount }))).toThrow(new RangeError(`${per_amount} EUR is out of range`))
  })

  it('is all that a later refund needs', () => {
    expect(freezeRule(settingsWith({ points: 3, per_amount: '0.005' }, {}, 7))).toEqual({
      ruleId: 'base',
      version: 7,
      currency: 'EUR',
      points: 3,
      perAmountMinorNumerator: 1,
      perAmountMinorDenominator: 2,
      multiplierNumerator: 1,
      multiplierDenominator: 1,
      rounding: 'floor',
      tax: 'as_priced',
      include_shipping: false,
      include_tips: false,
      include_gift_cards: false,
      before_discounts: false,
    })
  })

  it('counts money in the minor units of the currency that the order is in', () => {
    expect(freezeRule(settingsWith({ per_amount: '1' }), 'JPY').perAmountMinorNumerator).toBe(1)
    expect(freezeRule(settingsWith({ per_amount: '1' }), 'KWD').perAmountMinorNumerator).toBe(1000)
  })

  it('takes every rate that the settings allow', () => {
    const rates = fc.tuple(fc.integer({ min: 0, max: 999_999_999 }), fc.integer({ min: 1, max: 999_999 }))
    fc.assert(
      fc.property(rates, fc.constantFrom('EUR', 'JPY', 'KWD', 'CLF'), ([whole, micro], currency) => {
        const per_amount = `${whole}.${String(micro).padStart(6, '0')}`
        const rule = freezeRule(settingsWith({ per_amount }, { currency }))
        expect(Number.isSafeInteger(rule.perAmountMinorNumerator) && rule.perAmountMinorNumerator > 0).toBe(true)
        // Buying for exactly so many times `per_amount` that the currency can say it earns exactly so many points.
        expect(pointsFor(rule, rule.perAmountMinorNumerator)).toBe(rule.perAmountMinorDenominator)
      }),
    )
  })
})

describe('what counts of an order', () => {
  const parts = money({
    goods: 10_000,
    goods_tax: 1597,
    goods_discount: 2500,
    gift_cards: 5000,
    shipping: 990,
    shipping_tax: 158,
    tips: 300,
  })

  it.each([
    [{}, true, 10_000],
    [{}, false, 10_000],
    [{ tax: 'include' }, true, 10_000],
    [{ tax: 'include' }, false, 11_597],
    [{ tax: 'exclude' }, true, 8403],
    [{ tax: 'exclude' }, false, 10_000],
    [{ include_shipping: true }, true, 10_990],
    [{ include_shipping: true, tax: 'exclude' }, true, 8403 + 832],
    [{ include_shipping: true, tax: 'include' }, false, 11_597 + 1148],
    [{ include_tips: true }, true, 10_300],
    [{ include_gift_cards: true }, true, 15_000],
    [{ before_discounts: true }, true, 12_500],
  ] as const)('by %o with taxes included %s is %d', (switches, taxes_included, expected) => {
    expect(baseMinor(freezeRule(settingsWith(switches)), { ...parts, taxes_included })).toBe(expected)
  })

  it('is never less than nothing', () => {
    const rule = freezeRule(settingsWith({ tax: 'exclude' }))
    expect(baseMinor(rule, money({ goods: 100, goods_tax: 150 }))).toBe(0)
  })
})
