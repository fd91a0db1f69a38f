import { randomBytes } from 'node:crypto'
import path from 'node:path'
import { z } from 'zod'
import { CODE_RANDOM_BYTES, composeCode } from '../../domain/rewards/code.ts'
import {
  FUNCTION_INPUT_METAFIELD,
  FUNCTION_METAFIELD,
  type FunctionConfig,
  type FunctionInputVariables,
  type FunctionTerms,
  REWARD_FUNCTION_HANDLE,
} from '../../domain/rewards/function-config.ts'
import { loadExtensions, type FunctionExtension } from '../../tools/functions/extension.ts'
import type { Json } from '../../tools/functions/host.ts'
import { runDiscountFunction } from '../../tools/shopify/functions/run.ts'
import type {
  DiscountApplication,
  DiscountClass,
  FunctionCart,
  FunctionCartLine,
} from '../../tools/shopify/functions/types.ts'

/** What the tests of the Function begin with: a reward, its customer and a cart. */

export const KEY = Buffer.alloc(32, 7).toString('base64')
export const CUSTOMER = '7345612345678'
export const ALL_GOODS = { minimum: null, collections: 0, share: null } satisfies Partial<FunctionTerms>

export function rewardFunction(): FunctionExtension {
  const root = path.resolve(import.meta.dirname, '../..')
  const extension = loadExtensions(root).find(({ handle }) => handle === REWARD_FUNCTION_HANDLE)
  if (!extension) throw new Error(`There is no Function ${REWARD_FUNCTION_HANDLE}.`)
  return extension
}

export function configOf(terms: FunctionTerms, more: Partial<FunctionConfig> = {}): FunctionConfig {
  return { v: 1, key: KEY, sliding: false, title: '5 € off', terms: { '1': terms }, ...more }
}

/** A code of the sample reward for the sample customer. */
export function codeOf(parts: Partial<Parameters<typeof composeCode>[0]> = {}): string {
  const random = randomBytes(CODE_RANDOM_BYTES)
  return composeCode({ key: KEY, random, termsNumber: 1, steps: null, customer: CUSTOMER, prefix: null, ...parts })
}

export function line(id: string, unitPriceMinor: number, more: Partial<FunctionCartLine> = {}): FunctionCartLine {
  return {
    id: `gid://shopify/CartLine/${id}`,
    variantId: `gid://shopify/ProductVariant/${id}`,
    productId: `gid://shopify/Product/${id}`,
    quantity: 1,
    unitPriceMinor,
    discountMinor: 0,
    isGiftCard: false,
    collectionIds: [],
    ...more,
  }
}

export function cartOf(lines: readonly FunctionCartLine[], more: Partial<FunctionCart> = {}): FunctionCart {
  return {
    currency: 'EUR',
    rate: '1.0',
    customerId: `gid://shopify/Customer/${CUSTOMER}`,
    lines,
    deliveryGroups: [
      {
        id: 'group',
        options: [
          { handle: 'standard', title: 'Standard', costMinor: 495 },
          { handle: 'express', title: 'Express', costMinor: 1290 },
        ],
      },
    ],
    ...more,
  }
}

const CLASSES: Readonly<Record<FunctionTerms['type'], DiscountClass>> = {
  amount_off: 'ORDER',
  percent_off: 'ORDER',
  free_product: 'PRODUCT',
  free_shipping: 'SHIPPING',
}

/** The sample shop's collections, and the selections of them that rewards name by number. */
export const TEAS = 'gid://shopify/Collection/1'
export const POTS = 'gid://shopify/Collection/2'
export const SELECTIONS: z.infer<typeof FunctionInputVariables> = {
  collections1: [TEAS],
  collections2: [POTS, 'gid://shopify/Collection/3'],
  collections3: ['gid://shopify/Collection/9'],
  collections4: [],
}

/** What a checkout gives for a code of a reward; empty: nothing. */
export function redeem(
  config: FunctionConfig,
  cart: FunctionCart,
  code = codeOf(),
  classes: readonly DiscountClass[] = Object.values(config.terms).map(({ type }) => CLASSES[type]),
): readonly DiscountApplication[] {
  const discount = {
    functionHandle: REWARD_FUNCTION_HANDLE,
    discountClasses: classes,
    metafields: [
      { ...FUNCTION_METAFIELD, value: JSON.stringify(config) },
      { ...FUNCTION_INPUT_METAFIELD, value: JSON.stringify(SELECTIONS) },
    ],
  }
  return runDiscountFunction(discount, code, cart).applications
}

/** The one discount of a checkout as what it takes off, line by line. */
export function amountsOf(applications: readonly DiscountApplication[]): Readonly<Record<string, number>> {
  return Object.fromEntries(
    applications.flatMap(({ lines }) =>
      lines.map(({ lineId, amountMinor }) => [lineId.replace(/^.*\//, ''), amountMinor]),
    ),
  )
}

/** The least that the Function reads, for runs without a schema. */
export function inputOf(
  { code, customer, config }: { readonly code: string; readonly customer: string; readonly config: object | null },
  deliveryGroups = [{ id: 'group', groupType: 'ONE_TIME_PURCHASE' }],
): Json {
  return {
    triggeringDiscountCode: code,
    presentmentCurrencyRate: '1.0',
    discount: {
      discountClasses: ['ORDER', 'SHIPPING'],
      metafield: config === null ? null : { jsonValue: z.json().parse(config) },
    },
    cart: {
      buyerIdentity: { customer: { id: `gid://shopify/Customer/${customer}` } },
      cost: { subtotalAmount: { currencyCode: 'JPY' } },
      lines: [{ id: 'line', cost: { subtotalAmount: { amount: '999999999999999.0' } }, merchandise: {} }],
      deliveryGroups,
    },
  }
}
