import * as fc from 'fast-check'
import { isEnumType } from 'graphql'
import { describe, expect, it } from 'vitest'
import { currencyExponent } from '../../domain/contracts/money.ts'
import type { FunctionTerms } from '../../domain/rewards/function-config.ts'
import { discountSchema } from '../../tools/functions/schema.ts'
import { ALL_GOODS, cartOf, codeOf, configOf, line, redeem, rewardFunction } from './samples.ts'

/** A checkout in another currency: the reward's amounts are converted by the rate that Shopify tells, exactly. */

const FIVE_OFF: FunctionTerms = { type: 'amount_off', amount: '5', ...ALL_GOODS }

function off(terms: FunctionTerms, currency: string, rate: string, priceMinor = 1_000_000_000): string | undefined {
  return redeem(configOf(terms), cartOf([line('1', priceMinor)], { currency, rate }))[0]?.value
}

/** A decimal number of so many places. */
const decimal = (max: number, places: number) =>
  fc
    .tuple(fc.integer({ min: 0, max }), fc.integer({ min: 1, max: 10 ** places - 1 }))
    .map(([whole, part]) => `${whole}.${String(part).padStart(places, '0')}`)

describe('an amount', () => {
  it.each([
    { currency: 'EUR', rate: '1.0', value: '5.00' },
    { currency: 'USD', rate: '1.0834', value: '5.42' },
    { currency: 'JPY', rate: '163.21', value: '816' },
    { currency: 'KWD', rate: '0.33355', value: '1.668' },
    { currency: 'VND', rate: '27123.4567890123', value: '135617' },
  ])('of 5 EUR is $value $currency at $rate', ({ currency, rate, value }) => {
    expect(off(FIVE_OFF, currency, rate)).toBe(value)
  })

  it('is limited by the share and the goods in their own currency', () => {
    const yen = cartOf([line('1', 1501)], { currency: 'JPY', rate: '163.21' })
    expect(redeem(configOf({ ...FIVE_OFF, share: 50 }), yen)[0]?.value).toBe('750')
    expect(redeem(configOf({ ...FIVE_OFF, amount: '500' }), yen)[0]?.value).toBe('1501')
  })

  it('may be larger than any number of a machine', () => {
    // 2^64 + 4 cents.
    expect(off({ ...FIVE_OFF, amount: '184467440737095516.20' }, 'EUR', '1.0', 50_000)).toBe('500.00')
  })

  it('comes to nothing where it is less than half of the smallest coin', () => {
    expect(off({ ...FIVE_OFF, amount: '0.01' }, 'KWD', '0.04')).toBeUndefined()
    expect(off({ ...FIVE_OFF, amount: '0.01' }, 'KWD', '0.05')).toBe('0.001')
  })

  it('is nothing at all without a rate', () => {
    expect(off(FIVE_OFF, 'USD', 'unknown')).toBeUndefined()
  })

  it('is the exact product of amount, steps and rate, rounded half up', () => {
    const currencies = fc.constantFrom('EUR', 'JPY', 'KWD')
    const steps = fc.integer({ min: 1, max: 1_000_000 })
    fc.assert(
      fc.property(decimal(9_999, 6), decimal(30_000, 9), steps, currencies, (amount, rate, count, currency) => {
        const cart = cartOf([line('1', 9_000_000_000_000_000)], { currency, rate })
        const config = configOf({ ...FIVE_OFF, amount }, { sliding: true })
        const value = redeem(config, cart, codeOf({ steps: count }))[0]?.value ?? '0'
        const exact = BigInt(amount.replace('.', '')) * BigInt(rate.replace('.', '')) * BigInt(count)
        const unit = 10n ** BigInt(15 - currencyExponent(currency))
        const rounded = (exact + unit / 2n) / unit
        const most = 9_000_000_000_000_000n
        expect(BigInt(value.replace('.', ''))).toBe(rounded < most ? rounded : most)
      }),
      { numRuns: 200 },
    )
  })
})

const dollars = (priceMinor: number) => cartOf([line('1', priceMinor)], { currency: 'USD', rate: '1.08343' })

describe('a minimum spend', () => {
  it('is compared as it is shown: converted and rounded', () => {
    // 40 EUR at 1.08343 are 43.3372 USD, which a shopper reads as 43.34.
    const config = configOf({ ...FIVE_OFF, minimum: '40' })
    expect(redeem(config, dollars(4333))).toEqual([])
    expect(redeem(config, dollars(4334))).toHaveLength(1)
  })
})

it("knows every currency's coins as the app does", () => {
  const currencies = discountSchema(rewardFunction().apiVersion).getType('CurrencyCode')
  const codes = isEnumType(currencies) ? currencies.getValues().map(({ name }) => name) : []
  expect(codes.length).toBeGreaterThan(150)
  const decimals = codes.map((code) => [code, (off(FIVE_OFF, code, '1.0')?.split('.')[1] ?? '').length])
  expect(decimals).toEqual(codes.map((code) => [code, currencyExponent(code)]))
})
