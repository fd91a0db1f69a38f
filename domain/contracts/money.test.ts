import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { DecimalString, fromMinor, toMinor } from './money.ts'

const currency = fc.constantFrom('EUR', 'USD', 'JPY', 'KRW', 'KWD', 'BHD', 'CLF', 'XXX')

describe('money in minor units', () => {
  it.each([
    ['59.90', 'EUR', 5990],
    ['59.9', 'EUR', 5990],
    ['-3', 'EUR', -300],
    ['500', 'JPY', 500],
    ['500.00', 'JPY', 500],
    ['1.234', 'KWD', 1234],
    ['0.005', 'EUR', 1],
    ['0.004', 'EUR', 0],
    ['-0.005', 'EUR', -1],
    ['0.999', 'EUR', 100],
    ['90071992547409.91', 'USD', Number.MAX_SAFE_INTEGER],
  ])('%s %s is %d', (amount, code, minor) => {
    expect(toMinor(amount, code)).toBe(minor)
  })

  it.each(['', '1,50', '1e3', ' 1', '1.', '.5', '--1', '0x10', '90071992547409.92'])('%j is no amount', (amount) => {
    expect(toMinor(amount, 'USD')).toBeUndefined()
  })

  it('comes back as it went in', () => {
    fc.assert(
      fc.property(fc.maxSafeInteger(), currency, (minor, code) => {
        expect(toMinor(fromMinor(minor, code), code)).toBe(minor === 0 ? 0 : minor)
      }),
    )
  })

  it('is written as Shopify writes it', () => {
    expect([fromMinor(5, 'EUR'), fromMinor(-5, 'EUR'), fromMinor(500, 'JPY'), fromMinor(1, 'KWD')]).toEqual([
      '0.05',
      '-0.05',
      '500',
      '0.001',
    ])
  })

  it('is never off by more than half a minor unit, and its sign is symmetric', () => {
    const decimal = fc
      .tuple(fc.nat(10 ** 9), fc.nat(999_999))
      .map(([whole, micro]) => `${whole}.${String(micro).padStart(6, '0')}`)
    fc.assert(
      fc.property(decimal, currency, (amount, code) => {
        const minor = toMinor(amount, code) ?? Number.NaN
        const exact = BigInt(amount.replace('.', ''))
        const unit = BigInt(toMinor('1', code) ?? 0)
        const error = BigInt(minor) * 1_000_000n - exact * unit
        expect(2n * error > -1_000_000n && 2n * error <= 1_000_000n).toBe(true)
        expect(toMinor(`-${amount}`, code)).toBe(minor === 0 ? 0 : -minor)
        expect(DecimalString.safeParse(amount).success).toBe(true)
      }),
    )
  })
})
