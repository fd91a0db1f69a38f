import { Hono } from 'hono'
import type { Context } from 'hono'
import { z } from 'zod'
import { fromMinor } from '../../domain/contracts/money.ts'
import { CURRENCY, PRODUCTS, offerOf } from './catalog.ts'
import { CURRENCIES } from './currencies.ts'
import { gid } from './customer.ts'
import { API_VERSION, DeliveryMode } from './deliveries.ts'
import type { Discounts } from './discounts/discounts.ts'
import { Email, Line } from './forms.ts'
import { toJson } from './json.ts'
import { Order as OrderOfShop, type Order, wholeRefund } from './order.ts'
import { orderPayload, refundPayload } from './payloads.ts'
import type { Refusal } from './quote.ts'
import type { ShopLookup } from './shop-lookup.ts'
import type { ShopOrders } from './shop-orders.ts'
import type { Shop } from './shop.ts'
import { customerPayload } from './shop-payloads.ts'

/**
 * A way for programs, close to Shopify's REST Admin API: numeric ids as Shopify writes them, money in strings.
 * See README.md. The GraphQL Admin API stands at `/admin/api/{version}/graphql.json`, beside these.
 */

const OrderBody = z.object({
  order: z.object({
    email: Email.optional(),
    customer: z.object({ id: z.union([z.string(), z.int().transform(String)]) }).optional(),
    line_items: z
      .array(
        z.object({
          variant_id: z.union([z.string(), z.int().transform(String)]),
          quantity: z.int().min(1).max(99).default(1),
        }),
      )
      .min(1)
      .max(50),
    financial_status: z.enum(['pending', 'paid']).default('paid'),
    discount_codes: z
      .array(z.object({ code: z.string().max(255) }))
      .max(25)
      .default([]),
    presentment_currency: z.enum(CURRENCIES).default(CURRENCY),
    tip_minor: z.int().min(0).max(100_000).default(0),
  }),
})
const RefundBody = z.object({
  refund: z.object({
    note: Line.optional(),
    shipping: z.object({ full_refund: z.boolean() }).optional(),
    refund_line_items: z
      .array(z.object({ line_item_id: z.string(), quantity: z.int().min(1) }))
      .optional()
      .describe('nothing of this and no shipping: all that is left'),
  }),
})
const EditBody = z.object({
  order_edit: z.object({
    removals: z.array(z.object({ line_item_id: z.string(), quantity: z.int().min(1) })).default([]),
    additions: z
      .array(
        z.object({ variant_id: z.union([z.string(), z.int().transform(String)]), quantity: z.int().min(1).max(99) }),
      )
      .default([]),
  }),
})
const HistoryBody = z.object({ shop: z.string().optional(), orders: z.array(OrderOfShop).max(5_000) })
const CustomerBody = z.object({ customer: z.object({ email: Email, first_name: Line, last_name: Line }) })

const REFUSALS: Readonly<Record<Refusal, string>> = {
  unknown: 'is not a valid discount code',
  not_started: 'is not valid yet',
  expired: 'has expired',
  used: 'has been used already',
  used_by_you: 'was used by this customer already',
  not_combinable: 'cannot be combined with the other codes',
  not_applicable: 'is not valid for these items or this customer',
}

function answer(c: Context, status: 200 | 201, body: unknown): Response {
  return c.body(toJson(body), status, { 'content-type': 'application/json; charset=utf-8' })
}

function errors(c: Context, status: 404 | 422, message: unknown): Response {
  return c.json({ errors: message }, status)
}

/** `{ errors }` of a body that does not fit, or its parsed form. */
async function parse<S extends z.ZodType>(c: Context, schema: S) {
  const parsed = schema.safeParse(await c.req.json().catch(() => null))
  return parsed.success ? { data: parsed.data } : { refused: errors(c, 422, z.flattenError(parsed.error)) }
}

/** @param lookup whose codes are asked for, where several shops share the stand-in */
export function adminApi(shop: Shop, lookup: ShopLookup, orders: ShopOrders): Hono {
  const app = new Hono().basePath(`/admin/api/${API_VERSION}`)
  catalogRoutes(app, shop)
  orderRoutes(app, shop)
  app.get('/discount_codes.json', (c) => {
    const domain = lookup(c)
    return domain === undefined
      ? errors(c, 404, 'Not Found')
      : c.json({ discount_codes: codesOf(shop.discounts, domain) })
  })
  app.put('/history.json', async (c) => {
    const { data, refused } = await parse(c, HistoryBody)
    if (refused) return refused
    shop.store.transaction(() => orders.add(data.shop ?? shop.identity.domain, data.orders))
    return c.json({ orders: data.orders.length })
  })
  app.put('/webhook_deliveries/mode.json', async (c) => {
    const { data, refused } = await parse(c, z.object({ mode: DeliveryMode }))
    if (refused) return refused
    shop.webhooks.mode = data.mode
    return c.json(data)
  })
  app.get('/webhook_deliveries.json', (c) => c.json({ webhook_deliveries: shop.store.deliveries(200) }))
  return app
}

/** All codes of the shop with what they were used for. */
function codesOf(discounts: Discounts, domain: string) {
  return discounts.list(domain).flatMap((discount) =>
    discounts.codes(discount.id).map((code) => ({
      id: `gid://shopify/DiscountRedeemCode/${code.id}`,
      code: code.code,
      discount_id: `gid://shopify/DiscountCodeNode/${discount.id}`,
      title: discount.title,
      created_at: code.createdAt,
      usage_count: discounts.uses(code.id),
      order_ids: discounts.ordersOf(code.id).map((id) => gid('Order', id)),
    })),
  )
}

function catalogRoutes(app: Hono, shop: Shop): void {
  app.get('/products.json', (c) =>
    c.json({
      products: PRODUCTS.map((product) => ({
        id: Number(product.id),
        title: product.title.en,
        handle: product.handle,
        variants: product.variants.map((variant) => ({
          id: Number(variant.id),
          admin_graphql_api_id: gid('ProductVariant', variant.id),
          title: variant.title?.en ?? 'Default Title',
          price: fromMinor(variant.priceMinor, CURRENCY),
          sku: variant.sku,
        })),
      })),
    }),
  )
  app.get('/customers.json', (c) =>
    answer(c, 200, { customers: shop.store.customers().map((customer) => customerPayload(customer, CURRENCY)) }),
  )
  app.post('/customers.json', async (c) => {
    const { data, refused } = await parse(c, CustomerBody)
    if (refused) return refused
    const { email, first_name: firstName, last_name: lastName } = data.customer
    if (shop.store.customerByEmail(email)) return errors(c, 422, { email: ['has already been taken'] })
    return answer(c, 201, { customer: customerPayload(shop.register({ email, firstName, lastName }), CURRENCY) })
  })
}

function orderRoutes(app: Hono, shop: Shop): void {
  const { store } = shop
  const payload = (order: Order) => {
    const customer = order.customerId === null ? null : (store.customer(order.customerId) ?? null)
    return { order: orderPayload(order, customer, shop.identity) }
  }
  app.get('/orders.json', (c) => answer(c, 200, { orders: store.orders().map((order) => payload(order).order) }))
  app.post('/orders.json', async (c) => {
    const { data, refused } = await parse(c, OrderBody)
    if (refused) return refused
    const { email, customer, line_items: items, financial_status: status, tip_minor: tipMinor } = data.order
    const { discount_codes: codes, presentment_currency: currency } = data.order
    const buyer = customer ? store.customer(customer.id) : undefined
    if (customer && !buyer) return errors(c, 422, { customer: ['is unknown'] })
    const contact = buyer?.email ?? email
    if (contact === undefined) return errors(c, 422, { email: ['or customer is needed'] })
    if (items.some((item) => !offerOf(item.variant_id))) return errors(c, 422, { line_items: ['unknown variant_id'] })
    const cart = `api:${crypto.randomUUID()}`
    for (const { variant_id: id, quantity } of items) {
      store.setCartLine(cart, id, (store.cart(cart).get(id) ?? 0) + quantity)
    }
    store.setCartCodes(
      cart,
      codes.map(({ code }) => code),
    )
    const checkout = {
      email: contact,
      customerId: buyer?.id ?? null,
      address: {
        firstName: buyer?.firstName ?? 'Guest',
        lastName: buyer?.lastName ?? 'Guest',
        address1: 'Lindenstraße 12',
        zip: '10969',
        city: 'Berlin',
      },
      shipping: 'standard',
      tipMinor,
      currency,
      payment: status === 'paid' ? 'card' : 'bank_transfer',
      locale: 'en',
    } as const
    const order = shop.placeOrder(cart, checkout, true)
    if ('refused' in order) {
      const sentences = order.refused.map(({ code, refusal }) => `${code} ${REFUSALS[refusal ?? 'unknown']}`)
      return errors(c, 422, { discount_codes: sentences })
    }
    return answer(c, 201, payload(order))
  })
  app.get('/orders/:id{[0-9]+\\.json}', (c) => {
    const order = store.order(c.req.param('id').replace('.json', ''))
    return order ? answer(c, 200, payload(order)) : errors(c, 404, 'Not Found')
  })
  app.post('/orders/:id/refunds.json', async (c) => {
    const order = store.order(c.req.param('id'))
    if (!order) return errors(c, 404, 'Not Found')
    const { data, refused } = await parse(c, RefundBody)
    if (refused) return refused
    const { note = null, shipping, refund_line_items: items } = data.refund
    const quantities = new Map(items?.map((item) => [item.line_item_id, item.quantity]))
    const some = items !== undefined || shipping !== undefined
    const wish = some ? { quantities, shipping: shipping?.full_refund ?? false, note } : wholeRefund(order, note)
    const why = shop.refund(order, wish)
    if (why !== undefined) return errors(c, 422, { base: [why] })
    const after = store.order(order.id)
    const refund = after?.refunds.at(-1)
    if (!after || !refund) throw new Error('the refund just made is missing')
    return answer(c, 201, { refund: refundPayload(after, refund) })
  })
  app.post('/orders/:id/edit.json', async (c) => {
    const { data, refused } = await parse(c, EditBody)
    if (refused) return refused
    const { removals, additions } = data.order_edit
    const remove = new Map(removals.map((one) => [one.line_item_id, one.quantity]))
    const add = new Map(additions.map((one) => [one.variant_id, one.quantity]))
    return change(c, (order) => shop.edit(order, { remove, add }))
  })
  app.post('/orders/:id/archive.json', (c) => change(c, (order) => shop.archive(order)))
  app.post('/orders/:id/cancel.json', (c) => change(c, (order) => shop.cancel(order, true)))
  app.post('/orders/:id/mark_as_paid.json', (c) => change(c, (order) => shop.markPaid(order)))

  function change(c: Context, act: (order: Order) => string | undefined): Response {
    const order = store.order(c.req.param('id') ?? '')
    if (!order) return errors(c, 404, 'Not Found')
    const why = act(order)
    if (why !== undefined) return errors(c, 422, { base: [why] })
    return answer(c, 200, payload(store.order(order.id) ?? order))
  }
}
