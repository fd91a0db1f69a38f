import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { POS_CODE_BYTES, posCode } from './code.ts'

describe('posCode', () => {
  it('is readable, and as different as its bytes', () => {
    const bytes = fc.uint8Array({ minLength: POS_CODE_BYTES, maxLength: POS_CODE_BYTES })
    fc.assert(
      fc.property(bytes, bytes, (one, other) => {
        expect(posCode(one)).toMatch(/^(?:[0-9A-HJKMNP-TV-Z]{5}-){4}[0-9A-HJKMNP-TV-Z]{6}$/)
        expect(posCode(one) === posCode(other)).toBe(one.every((byte, index) => byte === other[index]))
      }),
    )
  })

  it('has the first and the last bit of its bytes in it', () => {
    const zeros = new Uint8Array(POS_CODE_BYTES)
    expect(posCode(zeros)).toBe('00000-00000-00000-00000-000000')
    expect(posCode(zeros.with(0, 0x80))).toBe('40000-00000-00000-00000-000000')
    expect(posCode(zeros.with(15, 1))).toBe('00000-00000-00000-00000-000001')
  })

  it('wants all the randomness there is to be', () => {
    expect(() => posCode(new Uint8Array(POS_CODE_BYTES - 1))).toThrow(RangeError)
  })
})
