import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import {
  FUNCTION_INPUT_METAFIELD,
  FUNCTION_METAFIELD,
  type FunctionTerms,
  REWARD_FUNCTION_HANDLE,
} from '../../domain/rewards/function-config.ts'
import { ALL_GOODS, CUSTOMER, SELECTIONS, codeOf, configOf } from '../../functions/reward-code/samples.ts'
import { COLLECTIONS, offerOf } from './catalog.ts'
import { openDatabase } from './database.ts'
import type { Discount } from './discounts/discount.ts'
import { Discounts } from './discounts/discounts.ts'
import { type Quote, type QuoteWish, quoteCart } from './quote.ts'

/** What a checkout makes of discount codes: the app's own Function decides, the shop's rules come first. */

const SHOP = 'thistle-and-kiln.myshopify.com'
const TEAPOT = '45120880110001'
const TOWEL = '45120880110013'
const HONEY = '45120880110019'
const TABLEWARE = `gid://shopify/Collection/${COLLECTIONS[0]?.id}`

let dir: string
let db: ReturnType<typeof openDatabase>
let discounts: Discounts

beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'quote-'))
  db = openDatabase(dir)
  discounts = new Discounts(db, { delayMs: 0, onRemoved: () => {}, onDeleted: () => {} })
})
afterEach(() => {
  discounts.close()
  db.close()
  rmSync(dir, { recursive: true })
})

/** A reward's discount and a code of it for the sample customer. */
function reward(terms: FunctionTerms, more: Partial<Discount> = {}): string {
  const classes = {
    free_product: 'PRODUCT',
    free_shipping: 'SHIPPING',
    amount_off: 'ORDER',
    percent_off: 'ORDER',
  } as const
  const at = new Date(0).toISOString()
  const metafield = { id: '1', type: 'json', createdAt: at, updatedAt: at }
  const selections = { ...SELECTIONS, collections1: [TABLEWARE] }
  const code = codeOf({ prefix: 'TK' })
  discounts.create(
    {
      shop: SHOP,
      title: 'A reward',
      functionHandle: REWARD_FUNCTION_HANDLE,
      classes: [classes[terms.type]],
      combinesWith: { orderDiscounts: false, productDiscounts: true, shippingDiscounts: true },
      appliesOncePerCustomer: false,
      usageLimit: 1,
      startsAt: at,
      endsAt: null,
      tags: [],
      metafields: [
        { ...metafield, ...FUNCTION_METAFIELD, value: JSON.stringify(configOf(terms)) },
        { ...metafield, ...FUNCTION_INPUT_METAFIELD, value: JSON.stringify(selections) },
      ],
      createdAt: at,
      updatedAt: at,
      ...more,
    },
    code,
  )
  return code
}

function quote(pieces: Record<string, number>, codes: readonly string[], wish: Partial<QuoteWish> = {}): Quote {
  const cart = Object.entries(pieces).flatMap(([id, quantity]) => {
    const offer = offerOf(id)
    return offer ? [{ ...offer, quantity }] : []
  })
  const all: QuoteWish = { currency: 'EUR', customerId: CUSTOMER, shipping: 'standard', tipMinor: 0, ...wish }
  return quoteCart(cart, codes, all, { discounts, shop: SHOP })
}

const refusals = ({ codes }: Quote) => codes.map(({ refusal }) => refusal)
const FIVE_EUROS: FunctionTerms = { type: 'amount_off', amount: '5', ...ALL_GOODS }

test('a cart without codes: goods, shipping, tip', () => {
  expect(quote({ [TEAPOT]: 1 }, [], { tipMinor: 100 })).toMatchObject({
    subtotalMinor: 5990,
    shipping: { priceMinor: 490, discountMinor: 0 },
    totalMinor: 6580,
  })
})

test("five euros off for the code's customer, in whatever the shopper pays", () => {
  const code = reward(FIVE_EUROS)
  expect(quote({ [TEAPOT]: 1 }, [code])).toMatchObject({
    codes: [{ code, applicable: true, title: '5 € off', target: 'order', amountMinor: 500, refusal: null }],
    orderDiscountMinor: 500,
    totalMinor: 5980,
  })
  expect(quote({ [TEAPOT]: 1 }, [code], { currency: 'JPY' })).toMatchObject({ orderDiscountMinor: 821 })
  expect(quote({ [TEAPOT]: 1 }, [code], { currency: 'KWD' })).toMatchObject({ orderDiscountMinor: 1668 })
  // However it was typed, it is the code that the shop has.
  expect(quote({ [TEAPOT]: 1 }, [` ${code.toLowerCase()}`]).codes).toMatchObject([{ code, applicable: true }])
})

test('nobody else can use it, a visitor neither', () => {
  const code = reward(FIVE_EUROS)
  for (const customerId of ['1', null]) {
    const foreign = quote({ [TEAPOT]: 1 }, [code], { customerId })
    expect(refusals(foreign)).toEqual(['not_applicable'])
    expect(foreign.totalMinor).toBe(6480)
  }
})

test('unknown, too early, too late, used up, used by this customer', () => {
  const early = reward(FIVE_EUROS, { startsAt: '2999-01-01T00:00:00.000Z' })
  const late = reward(FIVE_EUROS, { endsAt: '2020-01-01T00:00:00.000Z' })
  const used = reward(FIVE_EUROS)
  const once = reward(FIVE_EUROS, { usageLimit: null, appliesOncePerCustomer: true })
  for (const text of [used, once]) {
    const code = discounts.code(SHOP, text)
    if (code) discounts.use(code, '1', CUSTOMER)
  }
  const foreignShop = reward(FIVE_EUROS, { shop: 'other.myshopify.com' })
  const asked = ['NOPE', foreignShop, early, late, used, once].flatMap((code) =>
    refusals(quote({ [TEAPOT]: 1 }, [code])),
  )
  expect(asked).toEqual(['unknown', 'unknown', 'not_started', 'expired', 'used', 'used_by_you'])
})

test('two discounts on the order do not go together where one forbids it; the first stays', () => {
  const [first, second] = [reward(FIVE_EUROS), reward(FIVE_EUROS)]
  const both = quote({ [TEAPOT]: 1 }, [first, second])
  expect(refusals(both)).toEqual([null, 'not_combinable'])
  expect(both.orderDiscountMinor).toBe(500)
})

test('codes that allow each other: the order discount is worked out of what the free product left', () => {
  const combinesWith = { orderDiscounts: true, productDiscounts: true, shippingDiscounts: true }
  const half = reward({ type: 'percent_off', percent: 50, ...ALL_GOODS }, { combinesWith })
  const variants = [`gid://shopify/ProductVariant/${TOWEL}`]
  const towel = reward({ type: 'free_product', variants, ...ALL_GOODS }, { combinesWith })
  const shipping = reward({ type: 'free_shipping', ...ALL_GOODS }, { combinesWith })
  const all = quote({ [HONEY]: 1, [TOWEL]: 2 }, [half, towel, shipping])
  expect(refusals(all)).toEqual([null, null, null])
  expect(all.codes.map(({ target }) => target)).toEqual(['order', 'lines', 'shipping'])
  // 11.50 and two towels at 16.90, one of them free; half of the rest; 4.90 for shipping, given.
  expect(all).toMatchObject({
    subtotalMinor: 2840,
    orderDiscountMinor: 1420,
    shipping: { priceMinor: 490, discountMinor: 490 },
    totalMinor: 1420,
  })
  expect(all.lines[1]).toMatchObject({ variantId: TOWEL, totalMinor: 1690, discounts: [{ amountMinor: 1690 }] })
})

test('two codes for free shipping: the second is refused', () => {
  const terms: FunctionTerms = { type: 'free_shipping', ...ALL_GOODS }
  expect(refusals(quote({ [TEAPOT]: 1 }, [reward(terms), reward(terms)]))).toEqual([null, 'not_combinable'])
})

test("a reward for tableware counts tableware, by the product's collections", () => {
  const code = reward({ type: 'percent_off', percent: 10, minimum: null, collections: 1, share: null })
  expect(quote({ [TEAPOT]: 1, [HONEY]: 1 }, [code]).orderDiscountMinor).toBe(599)
  expect(refusals(quote({ [HONEY]: 1 }, [code]))).toEqual(['not_applicable'])
})
