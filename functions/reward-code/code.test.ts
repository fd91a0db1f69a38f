import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { composeCode, firstCodeOf, MAX_CODE_STEPS, verifyCode } from '../../domain/rewards/code.ts'
import { runFunction } from '../../tools/functions/host.ts'
import { ALL_GOODS, cartOf, codeOf, configOf, CUSTOMER, inputOf, KEY, line, redeem, rewardFunction } from './samples.ts'

const TERMS = { type: 'amount_off', amount: '5', ...ALL_GOODS } as const
const FIVE_OFF = configOf(TERMS)
const CART = cartOf([line('1', 10_000)])

function works(code: string, customerId: string | null = `gid://shopify/Customer/${CUSTOMER}`): boolean {
  return redeem(FIVE_OFF, { ...CART, customerId }, code).length > 0
}

describe('a code', () => {
  it('works for the customer it was made for', () => {
    expect(works(codeOf())).toBe(true)
    expect(works(codeOf({ prefix: 'TEAHOUSE10' }))).toBe(true)
  })

  it('works in lower case, with spaces or without separators', () => {
    const code = codeOf({ prefix: 'TEA' })
    expect(works(code.toLowerCase())).toBe(true)
    expect(works(` ${code.replaceAll('-', ' ')} `)).toBe(true)
    expect(works(code.replaceAll('-', ''))).toBe(true)
  })

  it('works for nobody else', () => {
    const code = codeOf()
    expect(works(code, 'gid://shopify/Customer/7345612345679')).toBe(false)
    expect(works(code, null)).toBe(false)
    expect(works(codeOf({ customer: '' }), null)).toBe(false)
  })

  it('is checked to the last bit of its signature', () => {
    const alphabet = '0123456789ABCDEFGHJKMNPQRSTVWXYZ'
    const code = codeOf()
    const neighbour = alphabet.charAt(alphabet.indexOf(code.slice(-1)) ^ 1)
    expect(works(code)).toBe(true)
    expect(works(code.slice(0, -1) + neighbour)).toBe(false)
  })

  it.each([
    ['the first code of the discount', firstCodeOf('3f2c8a10-9b7e-4c1d-8a52-0f6e5d4c3b2a')],
    ['another key', codeOf({ key: Buffer.alloc(32, 8).toString('base64') })],
    ['terms that are not there', codeOf({ termsNumber: 2 })],
    ['terms number 0', codeOf({ termsNumber: 0 })],
    ['a sliding code of a fixed reward', codeOf({ steps: 3 })],
    ['a code that is too short', codeOf().slice(5)],
    ['a letter outside the alphabet', codeOf().replace(/^./, 'U')],
    ['nothing', ''],
  ])('gives nothing: %s', (_case, code) => {
    expect(works(code)).toBe(false)
  })

  it.each([
    { broken: 'no key', config: { ...FIVE_OFF, key: '' } },
    { broken: 'a short key', config: { ...FIVE_OFF, key: Buffer.alloc(16, 7).toString('base64') } },
    { broken: 'no base64', config: { ...FIVE_OFF, key: `${KEY.slice(0, -4)}*** ` } },
    { broken: 'no terms', config: { ...FIVE_OFF, terms: {} } },
    { broken: 'no metafield', config: null },
    { broken: 'a later version', config: { ...FIVE_OFF, v: 2 } },
    { broken: 'no word on collections', config: configOf({ ...TERMS, collections: -1 }) },
  ])('gives nothing under a configuration with $broken', ({ config }) => {
    const { module, targets } = rewardFunction()
    // The key of the configuration has signed it, whatever key that is.
    const code = codeOf({ key: config?.key ?? KEY })
    const input = inputOf({ code, customer: CUSTOMER, config })
    for (const { exportName } of targets) {
      expect(runFunction(module, exportName, input).output).toEqual({ operations: [] })
    }
  })
})

describe('the Function and domain/rewards/code.ts', () => {
  const { module, targets } = rewardFunction()
  const exportName = targets[0]?.exportName ?? ''

  const key = fc.uint8Array({ minLength: 32, maxLength: 32 }).map((bytes) => Buffer.from(bytes).toString('base64'))
  const customer = fc.bigInt(1n, 99_999_999_999_999_999_999n).map(String)
  const issued = fc.record({
    key,
    customer,
    random: fc.uint8Array({ minLength: 7, maxLength: 7 }),
    termsNumber: fc.integer({ min: 1, max: 100 }),
    steps: fc.option(fc.integer({ min: 1, max: MAX_CODE_STEPS })),
    prefix: fc.option(fc.stringMatching(/^[A-Z0-9]{2,10}$/)),
  })
  /** What may happen to a code on its way: mostly nothing, else one changed character or another way of writing. */
  const written = fc.oneof(
    fc.constant((code: string) => code),
    fc.constant((code: string) => code.toLowerCase().replaceAll('-', ' ')),
    fc
      .record({ at: fc.nat(40), character: fc.constantFrom(...'0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ-ü'.split('')) })
      .map(
        ({ at, character }) =>
          (code: string) =>
            code.slice(0, at % code.length) + character + code.slice((at % code.length) + 1),
      ),
  )

  it('say the same of any code, for any customer', () => {
    fc.assert(
      fc.property(issued, written, fc.option(customer), fc.nat(5), (parts, write, other, luck) => {
        const code = write(composeCode(parts))
        const buyer = other ?? parts.customer
        // Now and then a code of the other kind of reward.
        const sliding = (parts.steps !== null) === luck > 0
        const expected = verifyCode(code, { key: parts.key, customer: buyer, sliding })
        // Each number of terms is worth another amount, so that the output tells the terms and the steps.
        const terms = Object.fromEntries(
          Array.from({ length: 100 }, (_, n) => [n + 1, { type: 'amount_off', amount: String(n + 1), ...ALL_GOODS }]),
        )
        const config = { v: 1, key: parts.key, sliding, title: 'Reward', terms }
        const output = runFunction(module, exportName, inputOf({ code, customer: buyer, config })).output
        const worth = expected && expected.termsNumber <= 100 ? expected.termsNumber * (expected.steps ?? 1) : 0
        const operations = worth === 0 ? [] : [amountOff(String(worth))]
        expect(output).toEqual({ operations })
      }),
      { numRuns: 400 },
    )
  })
})

function amountOff(amount: string) {
  const candidate = {
    message: 'Reward',
    targets: [{ orderSubtotal: { excludedCartLineIds: [] } }],
    value: { fixedAmount: { amount } },
  }
  return { orderDiscountsAdd: { selectionStrategy: 'MAXIMUM', candidates: [candidate] } }
}
