import { type Offer, SHIPPING, collectionGids, shippingPrice } from './catalog.ts'
import { type Currency, RATES, toCurrency } from './currencies.ts'
import { gid } from './customer.ts'
import { type Discount, type RedeemCode, statusOf } from './discounts/discount.ts'
import type { Discounts } from './discounts/discounts.ts'
import { runDiscountFunction } from './functions/run.ts'
import type { DiscountApplication, FunctionCart, FunctionCartLine } from './functions/types.ts'

/** What a cart costs, as cart page, checkout, Ajax cart and order have it. All amounts in minor units of `currency`. */
export interface Quote {
  readonly currency: Currency
  readonly lines: readonly QuotedLine[]
  /** As entered, the refused ones too. */
  readonly codes: readonly QuotedCode[]
  /** What the codes give, for the order that is made of this. Lines and delivery options as in the quote. */
  readonly given: readonly GivenDiscount[]
  /** Goods and gift cards after their lines' own discounts. */
  readonly subtotalMinor: number
  /** What codes take off the order as a whole. */
  readonly orderDiscountMinor: number
  /** Null: nothing to send. */
  readonly shipping: { readonly priceMinor: number; readonly discountMinor: number } | null
  readonly tipMinor: number
  readonly totalMinor: number
}

export interface QuotedLine {
  readonly variantId: string
  readonly quantity: number
  readonly unitPriceMinor: number
  readonly discounts: readonly { readonly code: string; readonly title: string; readonly amountMinor: number }[]
  /** After its own discounts. */
  readonly totalMinor: number
}

export interface QuotedCode {
  /** As the shop has it; of an unknown one as it was typed. */
  readonly code: string
  readonly applicable: boolean
  /** What the checkout names the discount. */
  readonly title: string | null
  readonly target: 'order' | 'lines' | 'shipping' | null
  readonly amountMinor: number
  /** Null: it applies. */
  readonly refusal: Refusal | null
}

export interface GivenDiscount {
  readonly redeemCode: RedeemCode
  readonly discount: Discount
  /** `lineId` is the variant's id, `handle` the way of shipping. */
  readonly application: DiscountApplication
}

/** Why a code does nothing. `not_applicable`: its Function gave nothing for this cart and customer. */
export type Refusal =
  | 'unknown'
  | 'not_started'
  | 'expired'
  | 'used'
  | 'used_by_you'
  | 'not_combinable'
  | 'not_applicable'

export interface QuoteWish {
  readonly currency: Currency
  /** Digits; null: nobody is logged in. */
  readonly customerId: string | null
  readonly shipping: keyof typeof SHIPPING
  /** In minor units of the shop's currency. */
  readonly tipMinor: number
}

type Line = Offer & { readonly quantity: number }
type Found = { readonly redeemCode: RedeemCode; readonly discount: Discount }

const DELIVERY_GROUP = 'gid://shopify/DeliveryGroup/1'
/** Shopify works discounts out in this order: one on the order counts what products cost after theirs. */
const CLASSES = ['PRODUCT', 'ORDER', 'SHIPPING'] as const

/**
 * Prices a cart with its codes, as Shopify's checkout does: a code must exist, be valid today, not used up and combine
 * with those entered before it; what it gives its Function says.
 * @param shop the shop's domain, whose codes they are
 */
export function quoteCart(
  cart: readonly Line[],
  entered: readonly string[],
  wish: QuoteWish,
  { discounts, shop }: { readonly discounts: Discounts; readonly shop: string },
): Quote {
  const given: GivenDiscount[] = []
  const refusals = new Map<string, Refusal>()
  const found = new Map<string, Found>()
  for (const typed of entered) {
    const one = find(typed, shop, discounts)
    const refusal = one === undefined ? 'unknown' : refusalOf(one, [...found.values()], wish, discounts)
    if (one !== undefined && refusal === null) found.set(typed, one)
    else refusals.set(typed, refusal ?? 'unknown')
  }
  const inTurn = [...found].toSorted(([, a], [, b]) => turnOf(a.discount) - turnOf(b.discount))
  for (const [typed, { redeemCode, discount }] of inTurn) {
    const { applications } = runDiscountFunction(
      { functionHandle: discount.functionHandle, discountClasses: discount.classes, metafields: discount.metafields },
      redeemCode.code,
      functionCart(cart, wish, given),
    )
    for (const application of applications) given.push({ redeemCode, discount, application })
    if (applications.length === 0) refusals.set(typed, 'not_applicable')
  }
  return sumUp(cart, entered, wish, { given, found, refusals })
}

function turnOf({ classes }: Discount): number {
  return Math.min(...classes.map((one) => CLASSES.indexOf(one)))
}

function find(typed: string, shop: string, discounts: Discounts): Found | undefined {
  const redeemCode = discounts.code(shop, typed)
  const discount = redeemCode && discounts.find(shop, redeemCode.discountId)
  return redeemCode && discount ? { redeemCode, discount } : undefined
}

function refusalOf(
  { redeemCode, discount }: Found,
  before: readonly Found[],
  { customerId }: QuoteWish,
  discounts: Discounts,
): Refusal | null {
  const status = statusOf(discount, Date.now())
  if (status === 'SCHEDULED') return 'not_started'
  if (status === 'EXPIRED') return 'expired'
  if (discount.usageLimit !== null && discounts.uses(redeemCode.id) >= discount.usageLimit) return 'used'
  if (discount.appliesOncePerCustomer && customerId !== null && discounts.usedBy(discount.id, customerId)) {
    return 'used_by_you'
  }
  return before.every((other) => combine(discount, other.discount)) ? null : 'not_combinable'
}

const COMBINES = { ORDER: 'orderDiscounts', PRODUCT: 'productDiscounts', SHIPPING: 'shippingDiscounts' } as const

/** Both must allow the other's classes; two discounts on shipping never go together. */
function combine(a: Discount, b: Discount): boolean {
  if (a.classes.includes('SHIPPING') && b.classes.includes('SHIPPING')) return false
  return allows(a, b) && allows(b, a)
}

function allows({ combinesWith }: Discount, other: Discount): boolean {
  return other.classes.every((each) => combinesWith[COMBINES[each]])
}

/** What the discounts so far took off a line. */
function takenOff(given: readonly GivenDiscount[], variantId: string): number {
  return given
    .flatMap(({ application }) => application.lines)
    .reduce((sum, { lineId, amountMinor }) => (lineId === variantId ? sum + amountMinor : sum), 0)
}

function functionCart(cart: readonly Line[], wish: QuoteWish, given: readonly GivenDiscount[]): FunctionCart {
  const { currency, customerId } = wish
  const lines = cart.map((line): FunctionCartLine => ({
    id: line.variant.id,
    variantId: gid('ProductVariant', line.variant.id),
    productId: `gid://shopify/Product/${line.product.id}`,
    quantity: line.quantity,
    unitPriceMinor: toCurrency(line.variant.priceMinor, currency),
    discountMinor: takenOff(given, line.variant.id),
    isGiftCard: line.product.kind === 'gift_card',
    collectionIds: collectionGids(line.product),
  }))
  const options = (['standard', 'express'] as const).map((way) => ({
    handle: way,
    title: SHIPPING[way].title.en,
    costMinor: shippingCost(cart, way, currency),
  }))
  return {
    currency,
    rate: String(RATES[currency]),
    customerId: customerId === null ? null : gid('Customer', customerId),
    lines,
    deliveryGroups: hasParcel(cart) ? [{ id: DELIVERY_GROUP, options }] : [],
  }
}

function hasParcel(cart: readonly Line[]): boolean {
  return cart.some(({ product }) => product.kind === 'goods')
}

/** Free from a sum of goods on, counted before any discount. */
function shippingCost(cart: readonly Line[], way: QuoteWish['shipping'], currency: Currency): number {
  const goodsMinor = cart.reduce((sum, { variant, quantity }) => sum + variant.priceMinor * quantity, 0)
  return toCurrency(shippingPrice(way, goodsMinor), currency)
}

interface Outcome {
  readonly given: readonly GivenDiscount[]
  readonly found: ReadonlyMap<string, Found>
  readonly refusals: ReadonlyMap<string, Refusal>
}

function sumUp(cart: readonly Line[], entered: readonly string[], wish: QuoteWish, outcome: Outcome): Quote {
  const { currency } = wish
  const { given } = outcome
  const lines = cart.map((line) => quotedLine(line, wish, given))
  const subtotalMinor = lines.reduce((sum, line) => sum + line.totalMinor, 0)
  const orderDiscountMinor = given
    .filter(({ application }) => application.discountClass === 'ORDER')
    .reduce((sum, { application }) => sum + linesOf(application), 0)
  const priceMinor = shippingCost(cart, wish.shipping, currency)
  const off = given.reduce((sum, { application }) => sum + deliveryOf(application, wish.shipping), 0)
  const shipping = hasParcel(cart) ? { priceMinor, discountMinor: Math.min(off, priceMinor) } : null
  const tipMinor = toCurrency(wish.tipMinor, currency)
  const sendingMinor = shipping === null ? 0 : shipping.priceMinor - shipping.discountMinor
  return {
    currency,
    lines,
    codes: entered.map((typed) => quotedCode(typed, wish, outcome)),
    given,
    subtotalMinor,
    orderDiscountMinor,
    shipping,
    tipMinor,
    totalMinor: subtotalMinor - orderDiscountMinor + sendingMinor + tipMinor,
  }
}

function quotedLine({ variant, quantity }: Line, { currency }: QuoteWish, given: readonly GivenDiscount[]): QuotedLine {
  const unitPriceMinor = toCurrency(variant.priceMinor, currency)
  const discounts = given.flatMap(({ redeemCode, discount, application }) =>
    application.discountClass === 'PRODUCT'
      ? application.lines
          .filter(({ lineId }) => lineId === variant.id)
          .map(({ amountMinor }) => ({
            code: redeemCode.code,
            title: application.message ?? discount.title,
            amountMinor,
          }))
      : [],
  )
  const off = discounts.reduce((sum, { amountMinor }) => sum + amountMinor, 0)
  return { variantId: variant.id, quantity, unitPriceMinor, discounts, totalMinor: unitPriceMinor * quantity - off }
}

function linesOf(application: DiscountApplication): number {
  return application.lines.reduce((sum, { amountMinor }) => sum + amountMinor, 0)
}

function deliveryOf(application: DiscountApplication, way: QuoteWish['shipping']): number {
  return application.deliveries.reduce((sum, { handle, amountMinor }) => (handle === way ? sum + amountMinor : sum), 0)
}

const TARGETS = { ORDER: 'order', PRODUCT: 'lines', SHIPPING: 'shipping' } as const

function quotedCode(typed: string, { shipping }: QuoteWish, { given, found, refusals }: Outcome): QuotedCode {
  const one = found.get(typed)
  const refusal = refusals.get(typed) ?? null
  const gifts = given.filter(({ redeemCode }) => redeemCode.id === one?.redeemCode.id)
  const [first] = gifts
  if (!one || !first || refusal !== null) {
    const code = one?.redeemCode.code ?? typed
    return { code, applicable: false, title: null, target: null, amountMinor: 0, refusal: refusal ?? 'unknown' }
  }
  return {
    code: one.redeemCode.code,
    applicable: true,
    title: first.application.message ?? one.discount.title,
    target: TARGETS[first.application.discountClass],
    amountMinor: gifts.reduce(
      (sum, { application }) => sum + linesOf(application) + deliveryOf(application, shipping),
      0,
    ),
    refusal: null,
  }
}
