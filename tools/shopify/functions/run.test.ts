import { describe, expect, it } from 'vitest'
import {
  FUNCTION_INPUT_METAFIELD,
  FUNCTION_METAFIELD,
  REWARD_FUNCTION_HANDLE,
} from '../../../domain/rewards/function-config.ts'
import { cartOf, codeOf, configOf, line, SELECTIONS } from '../../../functions/reward-code/samples.ts'
import { checkOutput, discountSchema } from '../../functions/schema.ts'
import { applicationsOf } from './effect.ts'
import { functionHandles, runDiscountFunction } from './run.ts'
import type { FunctionDiscount } from './types.ts'

/** What the Function decides is tested beside it; here, what the checkout does around it. */

const CONFIG = configOf({ type: 'percent_off', percent: 50, minimum: null, collections: 0, share: null })
const INPUT = { ...FUNCTION_INPUT_METAFIELD, value: JSON.stringify(SELECTIONS) }

function discountOf(config: object, more: Partial<FunctionDiscount> = {}): FunctionDiscount {
  return {
    functionHandle: REWARD_FUNCTION_HANDLE,
    discountClasses: ['ORDER'],
    metafields: [{ ...FUNCTION_METAFIELD, value: JSON.stringify(config) }, INPUT],
    ...more,
  }
}

it("knows the app's Functions and no other", () => {
  expect(functionHandles()).toEqual([REWARD_FUNCTION_HANDLE])
  const other = discountOf(CONFIG, { functionHandle: 'someone-elses' })
  expect(() => runDiscountFunction(other, codeOf(), cartOf([line('1', 100)]))).toThrow(/no Function someone-elses/)
})

describe('an order discount', () => {
  it('is spread over what product discounts have left', () => {
    const cart = cartOf([line('1', 1000, { discountMinor: 1000 }), line('2', 1000, { discountMinor: 400 })])
    const { applications } = runDiscountFunction(discountOf(CONFIG), codeOf(), cart)
    expect(applications.map(({ lines }) => lines)).toEqual([[{ lineId: 'gid://shopify/CartLine/2', amountMinor: 300 }]])
  })

  it('is left out where nothing is left', () => {
    const cart = cartOf([line('1', 1000, { discountMinor: 1000 })])
    expect(runDiscountFunction(discountOf(CONFIG), codeOf(), cart).applications).toEqual([])
  })
})

describe('metafields', () => {
  const cart = cartOf([line('1', 1000)])

  it('of more than 10,000 bytes are not given to the Function', () => {
    const fits = { ...CONFIG, padding: '' }
    fits.padding = 'x'.repeat(10_000 - Buffer.byteLength(JSON.stringify(fits)))
    expect(runDiscountFunction(discountOf(fits), codeOf(), cart).applications).toHaveLength(1)
    const large = { ...fits, padding: `${fits.padding}x` }
    expect(runDiscountFunction(discountOf(large), codeOf(), cart).applications).toEqual([])
  })

  it('of other namespaces are not ours', () => {
    const metafields = [{ namespace: 'loyalnest', key: 'reward', value: JSON.stringify(CONFIG) }, INPUT]
    expect(runDiscountFunction(discountOf(CONFIG, { metafields }), codeOf(), cart).applications).toEqual([])
  })

  it('give variables of at most 100 elements', () => {
    const collections1 = Array.from({ length: 101 }, (_, n) => `gid://shopify/Collection/${n}`)
    const metafields = [
      { ...FUNCTION_METAFIELD, value: JSON.stringify(CONFIG) },
      { ...FUNCTION_INPUT_METAFIELD, value: JSON.stringify({ ...SELECTIONS, collections1 }) },
    ]
    expect(() => runDiscountFunction(discountOf(CONFIG, { metafields }), codeOf(), cart)).toThrow(/101 elements/)
  })
})

describe('outputs', () => {
  const target = 'cart.lines.discounts.generate.run'
  const schema = discountSchema('2026-10')

  it('must be what the schema says', () => {
    expect(() => checkOutput(schema, target, { operations: [] })).not.toThrow()
    expect(() => checkOutput(schema, target, { operations: [{ orderDiscountAdd: {} }] })).toThrow(/orderDiscountAdd/)
    expect(() => checkOutput(schema, target, {})).toThrow(/operations/)
    expect(() => checkOutput(schema, 'cart.lines.run', { operations: [] })).toThrow(/no target/)
    const long = { operations: [], more: 'x'.repeat(20_000) }
    expect(() => checkOutput(schema, target, long)).toThrow(/bytes/)
  })

  it('must name lines that are there, and be of the kinds that the checkout takes', () => {
    const cart = cartOf([line('1', 1000)])
    const percentage = { percentage: { value: '100' } }
    const product = (id: string) => ({
      productDiscountsAdd: {
        selectionStrategy: 'MAXIMUM',
        candidates: [{ targets: [{ cartLine: { id, quantity: 5 } }], value: percentage }],
      },
    })
    const given = applicationsOf({ operations: [product('gid://shopify/CartLine/1')] }, cart)
    expect(given[0]?.lines).toEqual([{ lineId: 'gid://shopify/CartLine/1', amountMinor: 1000 }])
    expect(() => applicationsOf({ operations: [product('elsewhere')] }, cart)).toThrow(/line elsewhere/)
    const accept = { enteredDiscountCodesAccept: { codes: [] } }
    expect(() => applicationsOf({ operations: [accept] }, cart)).toThrow(/Invalid input/)
  })
})
