import { Decimal } from './decimal'

/** Amounts in minor units of the cart's currency. */

/** ISO 4217: as in domain/contracts/money.ts, which a test compares. */
const NO_DECIMALS = 'BIF CLP DJF GNF ISK JPY KMF KRW PYG RWF UGX UYI VND VUV XAF XOF XPF'
const THREE_DECIMALS = 'BHD IQD JOD KWD LYD OMR TND'
const FOUR_DECIMALS = 'CLF UYW'

export class Currency {
  private constructor(
    /** How many units of the cart's currency one unit of the shop's currency is. */
    private readonly rate: Decimal,
    private readonly exponent: i32,
  ) {}

  /** Null: the shop told no rate. */
  static of(code: string, rate: string): Currency | null {
    const parsed = Decimal.parse(rate)
    return parsed === null ? null : new Currency(parsed, exponentOf(code))
  }

  /** An amount in the cart's currency; 0 if it is none. */
  minor(amount: string): i64 {
    const parsed = Decimal.parse(amount)
    return parsed === null ? 0 : parsed.toMinor(this.exponent)
  }

  /** So many times an amount in the shop's currency, rounded half up to the cart's; -1 if it is none. */
  converted(amount: string, times: u32): i64 {
    const parsed = Decimal.parse(amount)
    return parsed === null ? -1 : parsed.times(Decimal.of(times)).times(this.rate).toMinor(this.exponent)
  }

  /** 1234 → 12.34. */
  decimal(minor: i64): string {
    let digits = minor.toString()
    if (this.exponent == 0) return digits
    digits = digits.padStart(this.exponent + 1, '0')
    const point = digits.length - this.exponent
    return digits.substring(0, point) + '.' + digits.substring(point)
  }
}

function exponentOf(code: string): i32 {
  if (code.length != 3) return 2
  if (NO_DECIMALS.includes(code)) return 0
  if (THREE_DECIMALS.includes(code)) return 3
  return FOUR_DECIMALS.includes(code) ? 4 : 2
}
