import { Hono } from 'hono'
import { z } from 'zod'
import { CURRENCY, offerOf } from './catalog.ts'
import { formOf } from './forms.ts'
import { type StorefrontEnv, cartLines } from './session.ts'
import { type CartLine, cartSubtotal } from './storefront/shopping-pages.ts'
import type { Shop } from './shop.ts'

/** Ids come as numbers or strings, as in Shopify's Ajax API. */
const Item = z.object({
  id: z.union([z.string(), z.int().transform(String)]),
  quantity: z.coerce.number().int().min(1).max(99).default(1),
})
const AddBody = z.union([
  z.object({ items: z.array(Item).min(1).max(50) }),
  Item.transform((one) => ({ items: [one] })),
])

function item({ product, variant, quantity }: CartLine) {
  return {
    id: Number(variant.id),
    variant_id: Number(variant.id),
    key: `${variant.id}:${product.handle}`,
    product_id: Number(product.id),
    title: variant.title ? `${product.title.en} - ${variant.title.en}` : product.title.en,
    quantity,
    price: variant.priceMinor,
    line_price: variant.priceMinor * quantity,
    sku: variant.sku,
    gift_card: product.kind === 'gift_card',
    url: `/products/${product.handle}?variant=${variant.id}`,
    handle: product.handle,
    requires_shipping: product.kind === 'goods',
    product_title: product.title.en,
    variant_title: variant.title?.en ?? null,
  }
}

function cart(token: string, lines: readonly CartLine[]) {
  return {
    token,
    note: null,
    attributes: {},
    original_total_price: cartSubtotal(lines),
    total_price: cartSubtotal(lines),
    total_discount: 0,
    item_count: lines.reduce((sum, line) => sum + line.quantity, 0),
    items: lines.map(item),
    requires_shipping: lines.some((line) => line.product.kind === 'goods'),
    currency: CURRENCY,
  }
}

/** Shopify's Ajax cart API, as themes use it: amounts in minor units. */
export function ajaxCart({ store }: Shop): Hono<StorefrontEnv> {
  const app = new Hono<StorefrontEnv>()
  app.get('/cart.js', (c) => c.json(cart(c.get('session').token, cartLines(c, store))))
  app.post('/cart/add.js', async (c) => {
    const isJson = c.req.header('content-type')?.includes('json') ?? false
    const body = AddBody.safeParse(isJson ? await c.req.json().catch(() => null) : await formOf(c))
    const unknown = body.success && body.data.items.some(({ id }) => !offerOf(id))
    if (!body.success || unknown) {
      return c.json({ status: 422, message: 'Cart Error', description: 'There is no such variant.' }, 422)
    }
    const { token } = c.get('session')
    const wanted = new Set(body.data.items.map(({ id }) => id))
    for (const { id, quantity } of body.data.items) {
      store.setCartLine(token, id, Math.min(99, (store.cart(token).get(id) ?? 0) + quantity))
    }
    return c.json({
      items: cartLines(c, store)
        .filter((line) => wanted.has(line.variant.id))
        .map(item),
    })
  })
  app.post('/cart/clear.js', (c) => {
    store.clearCart(c.get('session').token)
    return c.json(cart(c.get('session').token, []))
  })
  return app
}
