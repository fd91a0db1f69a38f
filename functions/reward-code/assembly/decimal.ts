/**
 * Exact decimal numbers: whole numbers of up to 256 bits and a count of decimals. No floating point: an amount must be
 * the same cent here, in the app and in the shop.
 */
const LIMBS = 8
/** 30 digits are 100 bits: an amount times a rate times a number of steps (32 bits) stays below 256. */
const MAX_DIGITS = 30
const LIMIT: u64 = 10_000_000_000_000_000

export class Decimal {
  /** 32 bits each, the lowest first; those from `used` on are 0. */
  private readonly limbs: StaticArray<u32> = new StaticArray<u32>(LIMBS)
  private used: i32 = 0
  private decimals: i32 = 0

  /** Of `12`, `12.5`, `0.85`; null if the text is no such number, or far too long. */
  static parse(text: string): Decimal | null {
    const length = text.length
    if (length == 0 || length > MAX_DIGITS + 1) return null
    const number = new Decimal()
    let point = -1
    for (let i = 0; i < length; i++) {
      const char = text.charCodeAt(i)
      if (char == 0x2e && point < 0 && i > 0 && i < length - 1) {
        point = i
      } else if (char >= 0x30 && char <= 0x39) {
        number.scale(10, char - 0x30)
      } else {
        return null
      }
    }
    number.decimals = point < 0 ? 0 : length - 1 - point
    return number
  }

  static of(value: u32): Decimal {
    const number = new Decimal()
    number.scale(1, value)
    return number
  }

  times(other: Decimal): Decimal {
    const product = new Decimal()
    for (let i = 0; i < this.used; i++) {
      let carry: u64 = 0
      for (let j = 0; j < other.used; j++) {
        const sum = <u64>this.limbs[i] * <u64>other.limbs[j] + <u64>product.limbs[i + j] + carry
        product.limbs[i + j] = <u32>sum
        carry = sum >> 32
      }
      if (carry != 0) product.limbs[i + other.used] = <u32>carry
    }
    product.used = min<i32>(this.used + other.used, LIMBS)
    product.decimals = this.decimals + other.decimals
    return product
  }

  /** In units of 10^-exponent, rounded half up, as money is shown; at most 10^16. Changes the number. */
  toMinor(exponent: i32): i64 {
    let drop = this.decimals - exponent
    for (; drop < 0; drop++) this.scale(10, 0)
    let dropped: u32 = 0
    for (; drop > 0; drop--) dropped = this.tenth()
    if (dropped >= 5) this.scale(1, 1)
    for (let i = 2; i < this.used; i++) if (this.limbs[i] != 0) return <i64>LIMIT
    const minor = ((<u64>this.limbs[1]) << 32) | <u64>this.limbs[0]
    return <i64>min<u64>(minor, LIMIT)
  }

  private scale(factor: u32, add: u32): void {
    let carry = <u64>add
    for (let i = 0; i < this.used; i++) {
      const sum = <u64>this.limbs[i] * <u64>factor + carry
      this.limbs[i] = <u32>sum
      carry = sum >> 32
    }
    if (carry != 0) this.limbs[this.used++] = <u32>carry
  }

  /** Divides by ten; answers what was left over. */
  private tenth(): u32 {
    let rest: u64 = 0
    for (let i = this.used - 1; i >= 0; i--) {
      const value = (rest << 32) | <u64>this.limbs[i]
      this.limbs[i] = <u32>(value / 10)
      rest = value % 10
    }
    return <u32>rest
  }
}
