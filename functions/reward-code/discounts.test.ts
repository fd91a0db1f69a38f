import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { FunctionTerms } from '../../domain/rewards/function-config.ts'
import { runFunction } from '../../tools/functions/host.ts'
import {
  ALL_GOODS,
  amountsOf,
  cartOf,
  codeOf,
  configOf,
  CUSTOMER,
  inputOf,
  line,
  POTS,
  redeem,
  rewardFunction,
  TEAS,
} from './samples.ts'

const FIVE_OFF: FunctionTerms = { type: 'amount_off', amount: '5', ...ALL_GOODS }

describe('money off', () => {
  it('comes off the order, spread over its lines', () => {
    const [given] = redeem(configOf(FIVE_OFF), cartOf([line('1', 1999, { quantity: 2 }), line('2', 1002)]))
    expect(given).toMatchObject({
      discountClass: 'ORDER',
      target: 'line_item',
      allocationMethod: 'across',
      targetSelection: 'all',
      valueType: 'fixed_amount',
      value: '5.00',
      message: '5 € off',
    })
    expect(amountsOf(given ? [given] : [])).toEqual({ '1': 400, '2': 100 })
  })

  it('is never more than the goods', () => {
    expect(amountsOf(redeem(configOf(FIVE_OFF), cartOf([line('1', 320)])))).toEqual({ '1': 320 })
    expect(redeem(configOf(FIVE_OFF), cartOf([line('1', 0)]))).toEqual([])
    expect(redeem(configOf(FIVE_OFF), cartOf([]))).toEqual([])
  })

  it('counts steps of a sliding reward, by what the code says', () => {
    const config = configOf({ ...FIVE_OFF, amount: '0.25' }, { sliding: true })
    expect(amountsOf(redeem(config, cartOf([line('1', 9_000)]), codeOf({ steps: 14 })))).toEqual({ '1': 350 })
  })

  it('pays at most its share of the goods, rounded down', () => {
    const config = configOf({ ...FIVE_OFF, share: 30 })
    expect(amountsOf(redeem(config, cartOf([line('1', 1001)])))).toEqual({ '1': 300 })
    expect(amountsOf(redeem(config, cartOf([line('1', 9999)])))).toEqual({ '1': 500 })
  })

  it('keeps the worth that the code was issued with', () => {
    const config = configOf(FIVE_OFF, { terms: { '1': FIVE_OFF, '2': { ...FIVE_OFF, amount: '7' } } })
    const cart = cartOf([line('1', 5000)])
    expect(amountsOf(redeem(config, cart, codeOf({ termsNumber: 1 })))).toEqual({ '1': 500 })
    expect(amountsOf(redeem(config, cart, codeOf({ termsNumber: 2 })))).toEqual({ '1': 700 })
  })

  it('never touches gift cards', () => {
    const cart = cartOf([line('1', 1000), line('2', 5000, { isGiftCard: true })])
    const [given] = redeem(configOf({ ...FIVE_OFF, amount: '20' }), cart)
    expect(amountsOf(given ? [given] : [])).toEqual({ '1': 1000 })
    expect(given?.targetSelection).toBe('entitled')
  })
})

describe('a minimum spend', () => {
  const config = configOf({ ...FIVE_OFF, minimum: '40' })

  it('must be reached', () => {
    expect(redeem(config, cartOf([line('1', 3999)]))).toEqual([])
    expect(amountsOf(redeem(config, cartOf([line('1', 4000)])))).toEqual({ '1': 500 })
  })

  it('counts only goods of the collections, and no gift card', () => {
    expect(redeem(config, cartOf([line('1', 3000), line('2', 3000, { isGiftCard: true })]))).toEqual([])
    const ofTeas = configOf({ ...FIVE_OFF, minimum: '40', collections: 1 })
    expect(redeem(ofTeas, cartOf([line('1', 3999, { collectionIds: [TEAS] }), line('2', 9000)]))).toEqual([])
  })

  it('holds for free shipping and free products too', () => {
    const shipping = configOf({ type: 'free_shipping', ...ALL_GOODS, minimum: '40' })
    expect(redeem(shipping, cartOf([line('1', 3999)]))).toEqual([])
    expect(redeem(shipping, cartOf([line('1', 4000)]))).toHaveLength(1)
    const product = configOf({
      type: 'free_product',
      variants: ['gid://shopify/ProductVariant/1'],
      ...ALL_GOODS,
      minimum: '40',
    })
    expect(redeem(product, cartOf([line('1', 3999)]))).toEqual([])
    expect(redeem(product, cartOf([line('1', 3999), line('2', 1)]))).toHaveLength(1)
  })
})

describe('collections', () => {
  const lines = [
    line('1', 1000, { collectionIds: [TEAS] }),
    line('2', 2000, { collectionIds: [POTS, TEAS] }),
    line('3', 4000),
  ]

  it('take the discount alone', () => {
    const [given] = redeem(configOf({ ...FIVE_OFF, amount: '30', collections: 1 }), cartOf(lines))
    expect(amountsOf(given ? [given] : [])).toEqual({ '1': 1000, '2': 2000 })
    expect(given?.targetSelection).toBe('entitled')
  })

  it('are those of the terms of the code, not of later ones', () => {
    const terms = {
      '1': { ...FIVE_OFF, collections: 2 },
      '2': { ...FIVE_OFF, collections: 1 },
    }
    const config = configOf(FIVE_OFF, { terms })
    expect(amountsOf(redeem(config, cartOf(lines), codeOf({ termsNumber: 1 })))).toEqual({ '2': 500 })
  })

  it('may leave nothing', () => {
    expect(redeem(configOf({ ...FIVE_OFF, collections: 3 }), cartOf(lines))).toEqual([])
    expect(redeem(configOf({ ...FIVE_OFF, collections: 4 }), cartOf(lines))).toEqual([])
  })
})

describe('per cent off', () => {
  it('comes off the goods that count', () => {
    const config = configOf({ type: 'percent_off', percent: 15, ...ALL_GOODS, collections: 1 })
    const cart = cartOf([line('1', 1999, { collectionIds: [TEAS] }), line('2', 5000)])
    const [given] = redeem(config, cart)
    expect(given).toMatchObject({ discountClass: 'ORDER', valueType: 'percentage', value: '15' })
    expect(amountsOf(given ? [given] : [])).toEqual({ '1': 300 })
  })
})

describe('a free product', () => {
  const variants = ['gid://shopify/ProductVariant/1', 'gid://shopify/ProductVariant/2']
  const config = configOf({ type: 'free_product', variants, ...ALL_GOODS })

  it('is one piece of the dearest line that matches', () => {
    const cart = cartOf([line('2', 1500, { quantity: 3 }), line('1', 1000), line('3', 9000)])
    const [given] = redeem(config, cart)
    expect(given).toMatchObject({ discountClass: 'PRODUCT', valueType: 'percentage', value: '100' })
    expect(amountsOf(given ? [given] : [])).toEqual({ '2': 1500 })
  })

  it('is nothing without the product, or when it costs nothing', () => {
    expect(redeem(config, cartOf([line('3', 9000)]))).toEqual([])
    expect(redeem(config, cartOf([line('1', 0), line('3', 9000)]))).toEqual([])
    expect(redeem(config, cartOf([line('1', 900, { isGiftCard: true }), line('3', 9000)]))).toEqual([])
  })
})

describe('free shipping', () => {
  const config = configOf({ type: 'free_shipping', ...ALL_GOODS })

  it('makes every option of every group free', () => {
    const [given] = redeem(config, cartOf([line('1', 1000)]))
    expect(given).toMatchObject({ discountClass: 'SHIPPING', target: 'shipping_line', value: '100' })
    expect(given?.deliveries).toEqual([
      { groupId: 'group', handle: 'standard', amountMinor: 495 },
      { groupId: 'group', handle: 'express', amountMinor: 1290 },
    ])
  })

  it('is nothing where nothing is shipped, or there are no goods', () => {
    expect(redeem(config, cartOf([line('1', 1000)], { deliveryGroups: [] }))).toEqual([])
    expect(redeem(config, cartOf([line('1', 1000, { isGiftCard: true })]))).toEqual([])
  })
})

it('leaves what a subscription ships later as it is', () => {
  const { module, targets } = rewardFunction()
  const groups = ['SUBSCRIPTION', 'ONE_TIME_PURCHASE'].map((groupType) => ({ id: groupType, groupType }))
  const config = configOf({ type: 'free_shipping', ...ALL_GOODS })
  const input = inputOf({ code: codeOf(), customer: CUSTOMER, config }, groups)
  const { output } = runFunction(module, targets[1]?.exportName ?? '', input)
  const target = { deliveryGroup: { id: 'ONE_TIME_PURCHASE' } }
  expect(output).toMatchObject({ operations: [{ deliveryDiscountsAdd: { candidates: [{ targets: [target] }] } }] })
  expect(JSON.stringify(output)).not.toContain('SUBSCRIPTION')
})

it('gives only discounts of the classes that the discount has', () => {
  const cart = cartOf([line('1', 5000)])
  const product = configOf({ type: 'free_product', variants: ['gid://shopify/ProductVariant/1'], ...ALL_GOODS })
  expect(redeem(configOf(FIVE_OFF), cart, codeOf(), ['PRODUCT', 'SHIPPING'])).toEqual([])
  expect(redeem(product, cart, codeOf(), ['ORDER', 'SHIPPING'])).toEqual([])
  expect(redeem(configOf({ type: 'free_shipping', ...ALL_GOODS }), cart, codeOf(), ['ORDER', 'PRODUCT'])).toEqual([])
})

it('never takes off more than there is, whatever the cart', () => {
  const price = fc.integer({ min: 0, max: 200_000 })
  const lines = fc.array(
    fc.record({ price, quantity: fc.integer({ min: 1, max: 5 }), isGiftCard: fc.boolean(), tea: fc.boolean() }),
    { maxLength: 6 },
  )
  const terms = fc.record({
    amount: fc.integer({ min: 1, max: 500_000 }).map((minor) => (minor / 100).toFixed(2)),
    share: fc.option(fc.integer({ min: 1, max: 100 })),
    collections: fc.constantFrom(0, 1),
  })
  fc.assert(
    fc.property(lines, terms, (goods, { amount, share, collections }) => {
      const cart = cartOf(
        goods.map(({ price: unit, tea, ...more }, n) =>
          line(String(n), unit, { ...more, collectionIds: tea ? [TEAS] : [] }),
        ),
      )
      const counted = goods.filter(({ isGiftCard, tea }) => !isGiftCard && (tea || collections === 0))
      const total = counted.reduce((sum, { price: unit, quantity }) => sum + unit * quantity, 0)
      const most = Math.floor((total * (share ?? 100)) / 100)
      const given = redeem(configOf({ type: 'amount_off', amount, minimum: null, share, collections }), cart)
      const sum = Object.values(amountsOf(given)).reduce((all, minor) => all + minor, 0)
      expect(sum).toBe(Math.min(most, Math.round(Number(amount) * 100)))
    }),
    { numRuns: 150 },
  )
})
