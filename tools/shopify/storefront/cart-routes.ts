import type { Context, Hono } from 'hono'
import { z } from 'zod'
import { type SHIPPING, TIPS_MINOR, offerOf } from '../catalog.ts'
import { Email, Line, formOf } from '../forms.ts'
import { type StorefrontEnv, basketOf, customerOf, localPath, viewOf } from '../session.ts'
import type { Shop } from '../shop.ts'
import {
  type CheckoutDraft,
  EMPTY_DRAFT,
  type RefusedCode,
  cartPage,
  checkoutPage,
  checkoutSummary,
} from './cart-pages.ts'

const CartChange = z.object({ id: z.string(), quantity: z.coerce.number().int().min(0).max(99) })
const Code = z.string().trim().min(1).max(64)

const Shipping = z.enum(['standard', 'express']).default('standard') satisfies z.ZodType<keyof typeof SHIPPING>
const Tip = z.coerce.number().refine((tip) => TIPS_MINOR.includes(tip))
/** What of the checkout's form changes the price. */
const Priced = z.object({ shipping: Shipping.catch('standard'), tip: Tip.catch(0) })

const CheckoutForm = z.object({
  first_name: Line,
  last_name: Line,
  address1: Line,
  zip: Line,
  city: Line,
  shipping: Shipping,
  tip: Tip,
  payment: z.enum(['card', 'bank_transfer']),
})

export function cartRoutes(app: Hono<StorefrontEnv>, shop: Shop, appOrigin: string): void {
  const { store } = shop
  app.get('/cart', async (c) => c.html(cartPage(viewOf(c, shop, appOrigin), basketOf(c, shop), null)))
  app.post('/cart/add', async (c) => {
    const change = CartChange.safeParse(await formOf(c))
    if (change.success && offerOf(change.data.id)) {
      const { token } = c.get('session')
      const inCart = store.cart(token).get(change.data.id) ?? 0
      store.setCartLine(token, change.data.id, Math.min(99, inCart + change.data.quantity))
    }
    return c.redirect('/cart', 303)
  })
  app.post('/cart/change', async (c) => {
    const change = CartChange.safeParse(await formOf(c))
    if (change.success && offerOf(change.data.id)) {
      store.setCartLine(c.get('session').token, change.data.id, change.data.quantity)
    }
    return c.redirect('/cart', 303)
  })
  app.post('/cart/discount', async (c) => {
    const refused = await changeCodes(c, shop, await formOf(c))
    if (refused === null) return c.redirect('/cart', 303)
    return c.html(cartPage(viewOf(c, shop, appOrigin), basketOf(c, shop), refused))
  })
  // Where the page with a refused code stands: who switches the language there comes back to the cart.
  app.get('/cart/discount', (c) => c.redirect('/cart', 302))
  // A link with a code, as shops send them: kept even when it does not fit yet, since the cart may still be empty.
  app.get('/discount/:code', (c) => {
    const { token } = c.get('session')
    const code = Code.safeParse(c.req.param('code'))
    if (code.success) store.setCartCodes(token, [...store.cartCodes(token), code.data])
    return c.redirect(localPath(c.req.query('redirect'), '/'), 302)
  })
}

/** Adds the form's `code`, or takes out `remove`. A code that does nothing is not kept: it is answered with the reason. */
async function changeCodes(
  c: Context<StorefrontEnv>,
  shop: Shop,
  form: Readonly<Record<string, string>>,
): Promise<RefusedCode | null> {
  const { store } = shop
  const { token } = c.get('session')
  const before = store.cartCodes(token)
  const remove = form['remove']
  if (remove !== undefined) {
    store.setCartCodes(
      token,
      before.filter((code) => code.toUpperCase() !== remove.toUpperCase()),
    )
    return null
  }
  const typed = Code.safeParse(form['code'])
  if (!typed.success) return null
  store.setCartCodes(token, [...before, typed.data])
  const { quote } = basketOf(c, shop)
  const refusal = quote.codes.find(({ code }) => code.toUpperCase() === typed.data.toUpperCase())?.refusal ?? null
  if (refusal === null) return null
  store.setCartCodes(token, before)
  return { code: typed.data, refusal }
}

export function checkoutRoutes(app: Hono<StorefrontEnv>, shop: Shop, appOrigin: string): void {
  const show = async (c: Context<StorefrontEnv>, draft: CheckoutDraft, status: 200 | 409 | 422 = 200) => {
    const { shipping, tip } = Priced.parse(draft.values)
    const basket = basketOf(c, shop, shipping, tip)
    if (basket.lines.length === 0) return c.redirect('/cart', 303)
    return c.html(checkoutPage(viewOf(c, shop, appOrigin), basket, draft), status)
  }
  app.get('/checkout', (c) => show(c, EMPTY_DRAFT))
  app.get('/checkout/summary', async (c) => {
    const { shipping, tip } = Priced.parse(c.req.query())
    return c.html(checkoutSummary(viewOf(c, shop, appOrigin), basketOf(c, shop, shipping, tip), null))
  })
  app.post('/checkout/discount', async (c) => {
    // The theme's script sends along what stands in the checkout's form, so that nothing typed is lost.
    const values = await formOf(c)
    const refused = await changeCodes(c, shop, values)
    return show(c, { ...EMPTY_DRAFT, values, refused })
  })
  app.get('/checkout/discount', (c) => c.redirect('/checkout', 302))
  app.post('/checkout', async (c) => {
    const customer = customerOf(c, shop.store)
    const values = await formOf(c)
    const form = CheckoutForm.extend({ email: customer ? z.string().default(customer.email) : Email }).safeParse(values)
    if (!form.success) {
      const wrong = new Set(form.error.issues.map((issue) => String(issue.path[0])))
      return show(c, { ...EMPTY_DRAFT, values, wrong }, 422)
    }
    if (shop.store.cart(c.get('session').token).size === 0) return c.redirect('/cart', 303)
    const { data } = form
    const order = shop.placeOrder(c.get('session').token, {
      email: customer?.email ?? data.email,
      customerId: customer?.id ?? null,
      address: {
        firstName: data.first_name,
        lastName: data.last_name,
        address1: data.address1,
        zip: data.zip,
        city: data.city,
      },
      shipping: data.shipping,
      tipMinor: data.tip,
      payment: data.payment,
      locale: c.get('session').locale,
      currency: c.get('session').currency,
    })
    if ('refused' in order) {
      const [first] = order.refused
      const refused = first?.refusal ? { code: first.code, refusal: first.refusal } : null
      return show(c, { ...EMPTY_DRAFT, values, refused, changed: true }, 409)
    }
    return c.redirect(`/orders/${order.token}`, 303)
  })
}
