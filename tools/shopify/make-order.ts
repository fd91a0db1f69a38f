import { CURRENCY, SHIPPING, offerOf } from './catalog.ts'
import { type Currency, toEur } from './currencies.ts'
import type { DiscountApplication } from './functions/types.ts'
import { type Allocation, type Application, type Order, type OrderLine, discountOf, includedTax } from './order.ts'
import type { GivenDiscount, Quote, QuoteWish } from './quote.ts'

/** The money of an order, made of a quote: in the shop's currency, and in the shopper's where that is another. */

export type OrderMoney = Pick<Order, 'lines' | 'shipping' | 'applications' | 'presentment'>

/** @param nextId gives a fresh id at each call */
export function orderMoney(quote: Quote, wish: QuoteWish, nextId: () => string): OrderMoney {
  const { currency, given } = quote
  const lines = quote.lines.map((quoted) => {
    const line = orderLine(quoted.variantId, quoted.quantity, nextId())
    const discounts = allocations(given, (one) => one.lines.find(({ lineId }) => lineId === quoted.variantId))
    const seen = priced(line, quoted.unitPriceMinor, discounts)
    const seenGross = quoted.unitPriceMinor * quoted.quantity
    const inShop = inEur(discounts, seenGross, line.unitPriceMinor * line.quantity, currency)
    return { line: { ...line, ...priced(line, line.unitPriceMinor, inShop) }, seen }
  })
  if (wish.tipMinor > 0) {
    const line = tipLine(wish.tipMinor, nextId())
    lines.push({ line, seen: { unitPriceMinor: quote.tipMinor, taxMinor: 0, discounts: [] } })
  }
  const ways = allocations(given, (one) => one.deliveries.find(({ handle }) => handle === wish.shipping))
  const shipping = quote.shipping && shippingMoney(quote.shipping.priceMinor, ways)
  const title = SHIPPING[wish.shipping].title.en
  const seenLines = Object.fromEntries(lines.map(({ line, seen }) => [line.id, seen]))
  return {
    lines: lines.map(({ line }) => line),
    shipping: shipping && { id: nextId(), title, ...shippingInEur(shipping, currency) },
    applications: given.map(application),
    presentment: currency === CURRENCY ? null : { currency, lines: seenLines, shipping },
  }
}

/** A line of so many pieces of a variant, at its price. */
export function orderLine(variantId: string, quantity: number, id: string): OrderLine {
  const offer = offerOf(variantId)
  if (!offer) throw new Error(`There is no variant ${variantId}.`)
  const { product, variant } = offer
  return {
    id,
    kind: product.kind,
    variantId,
    productId: product.id,
    title: product.title.en,
    variantTitle: variant.title?.en ?? null,
    sku: variant.sku,
    unitPriceMinor: variant.priceMinor,
    quantity,
    removed: 0,
    taxMinor: 0,
    discounts: [],
    grams: product.grams,
  }
}

function tipLine(amountMinor: number, id: string): OrderLine {
  return {
    id,
    kind: 'tip',
    variantId: null,
    productId: null,
    title: 'Tip',
    variantTitle: null,
    sku: null,
    unitPriceMinor: amountMinor,
    quantity: 1,
    removed: 0,
    taxMinor: 0,
    discounts: [],
    grams: 0,
  }
}

/** What a line costs after its discounts. */
export function priced({ kind, quantity }: OrderLine, unitPriceMinor: number, discounts: Allocation[]) {
  const net = unitPriceMinor * quantity - discountOf({ discounts })
  return { unitPriceMinor, taxMinor: kind === 'goods' ? includedTax(net) : 0, discounts }
}

function shippingMoney(priceMinor: number, discounts: Allocation[]) {
  return { priceMinor, taxMinor: includedTax(priceMinor - discountOf({ discounts })), discounts }
}

function shippingInEur(seen: ReturnType<typeof shippingMoney>, currency: Currency) {
  const priceMinor = toEur(seen.priceMinor, currency)
  return shippingMoney(priceMinor, inEur(seen.discounts, seen.priceMinor, priceMinor, currency))
}

/** Discounts in the shop's currency: never more than there is, and all of it where all is taken off. */
function inEur(discounts: readonly Allocation[], seenGross: number, gross: number, currency: Currency): Allocation[] {
  const last = discounts.length - 1
  const free = discountOf({ discounts }) === seenGross
  let left = gross
  return discounts.map(({ application: index, amountMinor }, at) => {
    const amount = free && at === last ? left : Math.min(left, toEur(amountMinor, currency))
    left -= amount
    return { application: index, amountMinor: amount }
  })
}

function allocations(
  given: readonly GivenDiscount[],
  find: (application: DiscountApplication) => { readonly amountMinor: number } | undefined,
): Allocation[] {
  return given.flatMap((one, index) => {
    const amountMinor = find(one.application)?.amountMinor ?? 0
    return amountMinor > 0 ? [{ application: index, amountMinor }] : []
  })
}

function application({ redeemCode, discount, application: given }: GivenDiscount): Application {
  return {
    code: redeemCode.code,
    title: given.message ?? discount.title,
    target: given.target,
    valueType: given.valueType,
    value: given.value,
    allocationMethod: given.allocationMethod,
    targetSelection: given.targetSelection,
  }
}
