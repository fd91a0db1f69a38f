import { fromMinor } from '../../../domain/contracts/money.ts'
import { MAX_METAFIELD_BYTES } from '../../functions/schema.ts'
import type { FunctionCart, FunctionCartLine, FunctionDiscount } from './types.ts'

/** What the input query of a discount Function is executed over. Fields with arguments are functions, as graphql-js likes. */
export function inputRoot(discount: FunctionDiscount, code: string, cart: FunctionCart): object {
  const money = (amountMinor: number) => moneyOf(amountMinor, cart.currency)
  const lines = cart.lines.map((line) => lineRoot(line, money))
  const subtotal = money(cart.lines.reduce((sum, line) => sum + line.unitPriceMinor * line.quantity, 0))
  const metafield = metafieldsOf(discount)
  return {
    triggeringDiscountCode: code,
    enteredDiscountCodes: [{ code, rejectable: false }],
    presentmentCurrencyRate: cart.rate,
    discount: { discountClasses: discount.discountClasses, metafield },
    cart: {
      // Of a visitor without an account Shopify knows nothing here until an address is entered.
      buyerIdentity: cart.customerId === null ? null : { isAuthenticated: true, customer: { id: cart.customerId } },
      cost: { subtotalAmount: subtotal, totalAmount: subtotal },
      lines,
      deliveryGroups: cart.deliveryGroups.map((group) => ({
        id: group.id,
        groupType: 'ONE_TIME_PURCHASE',
        cartLines: lines,
        deliveryOptions: group.options.map(({ handle, title, costMinor }) => ({
          handle,
          title,
          code: title,
          cost: money(costMinor),
          deliveryMethodType: 'SHIPPING',
        })),
      })),
    },
  }
}

/** The values of the query's variables. Without the metafield all of them are null. */
export function inputVariables(
  discount: FunctionDiscount,
  metafield: { readonly namespace: string; readonly key: string } | null,
): { readonly [name: string]: unknown } {
  const value = metafield === null ? null : metafieldsOf(discount)(metafield)
  return value !== null && isRecord(value.jsonValue) ? value.jsonValue : {}
}

interface MoneyV2 {
  readonly amount: string
  readonly currencyCode: string
}

/** Shopify writes amounts with as few decimals as they need, and one at least: "59.9", "1000.0". */
function moneyOf(amountMinor: number, currency: string): MoneyV2 {
  const text = fromMinor(amountMinor, currency)
  const amount = text.includes('.') ? text.replace(/0+$/, '').replace(/\.$/, '.0') : `${text}.0`
  return { amount, currencyCode: currency }
}

function lineRoot(line: FunctionCartLine, money: (amountMinor: number) => MoneyV2): object {
  const total = money(line.unitPriceMinor * line.quantity)
  const inCollections = ({ ids }: { readonly ids: readonly string[] }) =>
    ids.map((collectionId) => ({ collectionId, isMember: line.collectionIds.includes(collectionId) }))
  const inAnyCollection = ({ ids }: { readonly ids: readonly string[] }) =>
    ids.some((id) => line.collectionIds.includes(id))
  return {
    id: line.id,
    quantity: line.quantity,
    cost: { amountPerQuantity: money(line.unitPriceMinor), subtotalAmount: total, totalAmount: total },
    merchandise: {
      __typename: 'ProductVariant',
      id: line.variantId,
      inCollections,
      inAnyCollection,
      product: { id: line.productId, isGiftCard: line.isGiftCard, inCollections, inAnyCollection },
    },
  }
}

function metafieldsOf(discount: FunctionDiscount) {
  return ({ namespace, key }: { readonly namespace?: string | null; readonly key: string }) => {
    const found = discount.metafields.find((field) => field.namespace === namespace && field.key === key)
    if (!found || Buffer.byteLength(found.value) > MAX_METAFIELD_BYTES) return null
    const jsonValue: unknown = JSON.parse(found.value)
    return { type: 'json', value: found.value, jsonValue }
  }
}

function isRecord(value: unknown): value is { readonly [name: string]: unknown } {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
