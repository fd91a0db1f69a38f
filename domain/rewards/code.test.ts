import { createHmac } from 'node:crypto'
import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import {
  canonicalCode,
  composeCode,
  firstCodeOf,
  looksLikeOurs,
  parseCode,
  verifyCode,
  type CodeParts,
} from './code.ts'
import { KEY } from './examples.ts'

const CUSTOMER = '9007199254740993'
const plain: CodeParts = {
  key: KEY,
  random: Uint8Array.from([0, 1, 2, 3, 4, 5, 6]),
  termsNumber: 1,
  steps: null,
  customer: CUSTOMER,
  prefix: null,
}

const parts: fc.Arbitrary<CodeParts> = fc.record({
  key: fc.uint8Array({ minLength: 32, maxLength: 32 }).map((bytes) => Buffer.from(bytes).toString('base64')),
  random: fc.uint8Array({ minLength: 7, maxLength: 7 }),
  termsNumber: fc.integer({ min: 1, max: 1023 }),
  steps: fc.option(fc.integer({ min: 1, max: 1_000_000 })),
  customer: fc.bigInt({ min: 1n, max: 10n ** 20n - 1n }).map(String),
  prefix: fc.option(fc.stringMatching(/^[A-Z0-9]{2,10}$/)),
})

function verifies(code: string, { key, customer, steps }: CodeParts): boolean {
  return verifyCode(code, { key, customer, sliding: steps !== null }) !== undefined
}

describe('a code', () => {
  it('is in groups of four, without letters that are misread, behind the merchant’s prefix', () => {
    expect(composeCode(plain)).toMatch(/^000G-40R4-0M01-[0-9A-HJKMNP-TV-Z]{4}$/)
    expect(composeCode({ ...plain, steps: 33, prefix: 'SUMMER' })).toMatch(/^SUMMER-000G-40R4-0M01-0011-[0-9A-Z]{4}$/)
  })

  it('is signed with the first twenty bits of the HMAC of its body and its customer', () => {
    const mac = createHmac('sha256', Buffer.from(KEY, 'base64')).update(`000G40R40M01|${CUSTOMER}`).digest()
    const [first = 0, second = 0, third = 0] = mac
    const bits = (first * 0x1_00_00 + second * 0x1_00 + third) >> 4
    const characters = Array.from(
      { length: 4 },
      (_, at) => '0123456789ABCDEFGHJKMNPQRSTVWXYZ'[(bits >> (15 - 5 * at)) & 31],
    )
    expect(composeCode(plain).slice(-4)).toBe(characters.join(''))
  })

  it('says its terms and steps to whoever has key and customer', () => {
    fc.assert(
      fc.property(parts, (made) => {
        const { key, customer, steps, termsNumber } = made
        const code = composeCode(made)
        expect(looksLikeOurs(code)).toBe(true)
        expect(canonicalCode(code)).toBe(code)
        expect(verifyCode(code, { key, customer, sliding: steps !== null })).toEqual({ termsNumber, steps })
      }),
    )
  })

  it('holds however it is typed', () => {
    const code = composeCode({ ...plain, prefix: 'SUMMER' })
    for (const typed of [code.toLowerCase(), code.replaceAll('-', ' '), code.replaceAll('-', ''), ` ${code} `]) {
      expect(verifies(typed, plain)).toBe(true)
    }
    expect(canonicalCode(` ${code.toLowerCase()} `)).toBe(code)
  })

  it('does not hold for another customer or key, or with a character changed', () => {
    // Twenty bits: one wrong code in a million holds by chance, so these are fixed examples and no random ones.
    const sliding = { ...plain, steps: 12 }
    for (const made of [plain, sliding]) {
      const code = composeCode(made)
      expect(verifies(code, made)).toBe(true)
      expect(verifies(code, { ...made, customer: '9007199254740992' })).toBe(false)
      expect(verifies(code, { ...made, key: Buffer.alloc(32, 8).toString('base64') })).toBe(false)
      for (const [at, character] of Array.from(code).entries()) {
        if (character === '-') continue
        const other = character === '7' ? '8' : '7'
        expect(verifies(code.slice(0, at) + other + code.slice(at + 1), made)).toBe(false)
      }
    }
  })

  it('of a sliding reward is none of a fixed one', () => {
    const code = composeCode({ ...plain, steps: 12 })
    expect(verifies(code, plain)).toBe(false)
    expect(parseCode(composeCode(plain), true)).toBeUndefined()
  })

  it('cannot say a number that does not fit, and needs its randomness', () => {
    expect(() => composeCode({ ...plain, termsNumber: 1024 })).toThrow(RangeError)
    expect(() => composeCode({ ...plain, steps: 32 ** 4 })).toThrow(RangeError)
    expect(() => composeCode({ ...plain, random: new Uint8Array(6) })).toThrow(RangeError)
  })
})

describe('another text', () => {
  it.each(['SUMMER-SALE', 'WELCOME10', '', 'ILOU-ILOU-ILOU-ILOU', '0000-0000-0000', `${'0000-'.repeat(6)}0000`])(
    'is none of ours: %s',
    (text) => {
      expect(looksLikeOurs(text)).toBe(false)
    },
  )

  it('is not read where it is too short or has other letters', () => {
    expect(parseCode('0000-0000-000', false)).toBeUndefined()
    expect(parseCode('0000-0000-0000-000U', false)).toBeUndefined()
  })
})

describe("a discount's first code", () => {
  it('is made of the reward and holds for nobody', () => {
    const code = firstCodeOf('5f0c2f9e-2f1d-4c0a-9f50-0d3c4a9b7e11')
    expect(code).toBe('LN-REWARD-5F0C2F9E2F1D')
    expect(looksLikeOurs(code)).toBe(false)
    expect(verifies(code, plain)).toBe(false)
  })

  it('is another one where the discount takes the place of one that was deleted', () => {
    const code = firstCodeOf('5f0c2f9e-2f1d-4c0a-9f50-0d3c4a9b7e11', 'gid://shopify/DiscountCodeNode/1427310000001')
    expect(code).toBe('LN-REWARD-5F0C2F9E2F1D-AFTER-1427310000001')
    expect(looksLikeOurs(code)).toBe(false)
    expect(verifies(code, plain)).toBe(false)
  })
})
