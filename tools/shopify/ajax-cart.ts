import { type Context, Hono } from 'hono'
import { z } from 'zod'
import { type Product, inLocale, offerOf } from './catalog.ts'
import type { Currency } from './currencies.ts'
import { formOf } from './forms.ts'
import type { Quote, QuotedLine } from './quote.ts'
import { type StorefrontEnv, basketOf } from './session.ts'
import { type CartLine, hundredths } from './storefront/basket.ts'
import type { Basket } from './storefront/cart-pages.ts'
import type { Shop } from './shop.ts'

/** Ids come as numbers or strings, as in Shopify's Ajax API. */
const Id = z.union([z.string(), z.int().transform(String)])
const Quantity = z.coerce.number().int().min(0).max(99)
const Item = z.object({ id: Id, quantity: Quantity.min(1).default(1) })
const AddBody = z.union([
  z.object({ items: z.array(Item).min(1).max(50) }),
  Item.transform((one) => ({ items: [one] })),
])
/** A line by variant id, by its key, or by its place from 1 on. */
const ChangeBody = z
  .object({ id: Id.optional(), line: z.coerce.number().int().min(1).optional(), quantity: Quantity })
  .refine(({ id, line }) => id !== undefined || line !== undefined)
const UpdateBody = z.object({
  /** By variant id or key, or in the order of the lines. */
  updates: z.union([z.record(z.string(), Quantity), z.array(Quantity)]).optional(),
  /** The complete set of codes, separated by commas; empty: none. */
  discount: z.string().max(2000).optional(),
  note: z.string().nullish(),
  attributes: z.record(z.string(), z.unknown()).optional(),
})

function keyOf({ variant, product }: CartLine): string {
  return `${variant.id}:${product.handle}`
}

function variantIdOf(idOrKey: string): string {
  return idOrKey.split(':')[0] ?? idOrKey
}

/** An item as `cart.js` writes it. Amounts in hundredths of the currency's unit, whatever the currency. */
function item(line: CartLine, quoted: QuotedLine, currency: Currency) {
  const { product, variant, quantity } = line
  const amount = (minor: number) => hundredths(minor, currency)
  const original = quoted.unitPriceMinor * quantity
  const discount = amount(original - quoted.totalMinor)
  const discounts = quoted.discounts.map(({ title, amountMinor }) => ({ title, amount: amount(amountMinor) }))
  return {
    id: Number(variant.id),
    properties: {},
    quantity,
    variant_id: Number(variant.id),
    key: keyOf(line),
    title: variant.title ? `${product.title.en} - ${variant.title.en}` : product.title.en,
    price: amount(quoted.unitPriceMinor),
    original_price: amount(quoted.unitPriceMinor),
    presentment_price: amount(quoted.unitPriceMinor) / 100,
    discounted_price: amount(quoted.totalMinor / quantity),
    line_price: amount(original),
    original_line_price: amount(original),
    total_discount: discount,
    discounts,
    sku: variant.sku,
    grams: product.grams,
    vendor: 'Thistle & Kiln',
    taxable: product.kind === 'goods',
    product_id: Number(product.id),
    product_has_only_default_variant: product.variants.length === 1,
    gift_card: product.kind === 'gift_card',
    final_price: amount(quoted.totalMinor / quantity),
    final_line_price: amount(quoted.totalMinor),
    url: `/products/${product.handle}?variant=${variant.id}`,
    featured_image: null,
    image: null,
    handle: product.handle,
    requires_shipping: product.kind === 'goods',
    product_type: product.kind === 'goods' ? 'Goods' : 'Gift card',
    product_title: product.title.en,
    product_description: inLocale(product.story, 'en'),
    variant_title: variant.title?.en ?? null,
    variant_options: [variant.title?.en ?? 'Default Title'],
    options_with_values: optionsOf(product, variant.title?.en),
    line_level_discount_allocations: quoted.discounts.map(({ title, amountMinor }) => ({
      amount: amount(amountMinor),
      discount_application: application(title, amount(amountMinor), 'explicit'),
    })),
    line_level_total_discount: discount,
  }
}

function optionsOf(product: Product, title: string | undefined) {
  return product.variants.length === 1 ? [] : [{ name: 'Kind', value: title ?? '' }]
}

function application(title: string, amount: number, selection: 'all' | 'explicit') {
  return {
    type: 'discount_code',
    key: title,
    title,
    description: null,
    value: (amount / 100).toFixed(2),
    created_at: new Date().toISOString(),
    value_type: 'fixed_amount',
    allocation_method: 'across',
    target_selection: selection,
    target_type: 'line_item',
    total_allocated_amount: amount,
  }
}

/** The codes that take something off the cart as a whole. */
function cartDiscounts({ codes, currency }: Quote) {
  return codes
    .filter((code) => code.target === 'order' && code.amountMinor > 0)
    .map(({ code, title, amountMinor }) => application(title ?? code, hundredths(amountMinor, currency), 'all'))
}

function cart(token: string, { lines, quote }: Basket) {
  const { currency } = quote
  const items = lines.flatMap((line) => {
    const quoted = quote.lines.find(({ variantId }) => variantId === line.variant.id)
    return quoted ? [item(line, quoted, currency)] : []
  })
  const original = items.reduce((sum, one) => sum + one.original_line_price, 0)
  const total = hundredths(quote.subtotalMinor - quote.orderDiscountMinor, currency)
  return {
    token,
    note: '',
    attributes: {},
    original_total_price: original,
    total_price: total,
    total_discount: original - total,
    total_weight: lines.reduce((sum, line) => sum + line.product.grams * line.quantity, 0),
    item_count: lines.reduce((sum, line) => sum + line.quantity, 0),
    items,
    requires_shipping: lines.some((line) => line.product.kind === 'goods'),
    currency,
    items_subtotal_price: hundredths(quote.subtotalMinor, currency),
    cart_level_discount_applications: cartDiscounts(quote),
    discount_codes: quote.codes.map(({ code, applicable }) => ({ code, applicable })),
  }
}

const NO_SUCH_VARIANT = { status: 422, message: 'Cart Error', description: 'There is no such variant.' }
const NO_SUCH_LINE = { status: 400, message: 'Bad Request', description: 'There is no such line in the cart.' }

/**
 * Shopify's Ajax cart API, as themes and apps use it. Amounts are in hundredths of the currency's unit, the yen's too;
 * Shopify documents that for currencies without decimals, for those with three we take it to be the same.
 */
export function ajaxCart(shop: Shop): Hono<StorefrontEnv> {
  const { store } = shop
  const app = new Hono<StorefrontEnv>()

  app.get('/cart.js', async (c) => c.json(cart(c.get('session').token, basketOf(c, shop))))
  app.post('/cart/add.js', async (c) => {
    const asked = AddBody.safeParse(await bodyOf(c))
    if (!asked.success || asked.data.items.some(({ id }) => !offerOf(id))) return c.json(NO_SUCH_VARIANT, 422)
    const { token } = c.get('session')
    const wanted = new Set(asked.data.items.map(({ id }) => id))
    for (const { id, quantity } of asked.data.items) {
      store.setCartLine(token, id, Math.min(99, (store.cart(token).get(id) ?? 0) + quantity))
    }
    const { items } = cart(token, basketOf(c, shop))
    return c.json({ items: items.filter(({ id }) => wanted.has(String(id))) })
  })
  app.post('/cart/change.js', async (c) => {
    const asked = ChangeBody.safeParse(await bodyOf(c))
    const { token } = c.get('session')
    if (!asked.success) return c.json(NO_SUCH_LINE, 400)
    const { id, line, quantity } = asked.data
    const variantId = id === undefined ? [...store.cart(token).keys()][(line ?? 0) - 1] : variantIdOf(id)
    if (variantId === undefined || !store.cart(token).has(variantId)) return c.json(NO_SUCH_LINE, 400)
    store.setCartLine(token, variantId, quantity)
    return c.json(cart(token, basketOf(c, shop)))
  })
  app.post('/cart/update.js', async (c) => {
    const asked = UpdateBody.safeParse(await bodyOf(c))
    const { token } = c.get('session')
    if (!asked.success) return c.json(NO_SUCH_LINE, 400)
    const { updates, discount } = asked.data
    const known = [...store.cart(token).keys()]
    const wishes = Array.isArray(updates)
      ? updates.map((quantity, at) => [known[at], quantity] as const)
      : entries(updates)
    for (const [id, quantity] of wishes) {
      if (id !== undefined && offerOf(variantIdOf(id))) store.setCartLine(token, variantIdOf(id), quantity)
    }
    if (discount !== undefined) store.setCartCodes(token, discount.split(','))
    return c.json(cart(token, basketOf(c, shop)))
  })
  app.post('/cart/clear.js', async (c) => {
    const { token } = c.get('session')
    for (const id of store.cart(token).keys()) store.setCartLine(token, id, 0)
    return c.json(cart(token, basketOf(c, shop)))
  })
  return app
}

/** A JSON body or a form; null if it is neither. */
function bodyOf(c: Context): Promise<unknown> {
  return c.req.header('content-type')?.includes('json') ? c.req.json().catch(() => null) : formOf(c)
}

function entries(updates: Readonly<Record<string, number>> | undefined): (readonly [string, number])[] {
  return Object.entries(updates ?? {})
}
