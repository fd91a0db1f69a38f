import { Hono } from 'hono'
import { z } from 'zod'
import { TIPS_MINOR, offerOf, productOf } from '../catalog.ts'
import { Email, Line, formOf } from '../forms.ts'
import { type StorefrontEnv, cartLines, customerOf, logIn, logOut, viewOf } from '../session.ts'
import type { Shop } from '../shop.ts'
import { accountPage, loginPage, notFoundPage, orderPage, registerPage } from './account-pages.ts'
import { cartPage, checkoutPage, homePage, productPage } from './shopping-pages.ts'

const CartChange = z.object({ id: z.string(), quantity: z.coerce.number().int().min(0).max(99) })

const CheckoutForm = z.object({
  first_name: Line,
  last_name: Line,
  address1: Line,
  zip: Line,
  city: Line,
  shipping: z.enum(['standard', 'express']).default('standard'),
  tip: z.coerce.number().refine((tip) => TIPS_MINOR.includes(tip)),
  payment: z.enum(['card', 'bank_transfer']),
})

const Person = z.object({ first_name: Line, last_name: Line })

/** The pages that a shopper sees. */
export function storefront(shop: Shop, appOrigin: string): Hono<StorefrontEnv> {
  const { store } = shop
  const app = new Hono<StorefrontEnv>()
  app.get('/', (c) => c.html(homePage(viewOf(c, store, appOrigin))))
  app.get('/products/:handle', (c) => {
    const product = productOf(c.req.param('handle'))
    const view = viewOf(c, store, appOrigin)
    return product ? c.html(productPage(view, product)) : c.html(notFoundPage(view), 404)
  })
  cartRoutes(app, shop, appOrigin)
  checkoutRoutes(app, shop, appOrigin)
  accountRoutes(app, shop, appOrigin)
  app.get('*', (c) => c.html(notFoundPage(viewOf(c, store, appOrigin)), 404))
  return app
}

function cartRoutes(app: Hono<StorefrontEnv>, { store }: Shop, appOrigin: string): void {
  app.get('/cart', (c) => c.html(cartPage(viewOf(c, store, appOrigin), cartLines(c, store))))
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
}

function checkoutRoutes(app: Hono<StorefrontEnv>, shop: Shop, appOrigin: string): void {
  const { store } = shop
  app.get('/checkout', (c) => {
    const lines = cartLines(c, store)
    if (lines.length === 0) return c.redirect('/cart', 303)
    return c.html(checkoutPage(viewOf(c, store, appOrigin), lines, { values: {}, wrong: new Set() }))
  })
  app.post('/checkout', async (c) => {
    const lines = cartLines(c, store)
    if (lines.length === 0) return c.redirect('/cart', 303)
    const customer = customerOf(c, store)
    const values = await formOf(c)
    const form = CheckoutForm.extend({ email: customer ? z.string().default(customer.email) : Email }).safeParse(values)
    if (!form.success) {
      const wrong = new Set(form.error.issues.map((issue) => String(issue.path[0])))
      return c.html(checkoutPage(viewOf(c, store, appOrigin), lines, { values, wrong }), 422)
    }
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
    })
    return c.redirect(`/orders/${order.token}`, 303)
  })
  app.get('/orders/:token', (c) => {
    const order = store.orderByToken(c.req.param('token'))
    const view = viewOf(c, store, appOrigin)
    return order ? c.html(orderPage(view, order)) : c.html(notFoundPage(view), 404)
  })
}

function accountRoutes(app: Hono<StorefrontEnv>, shop: Shop, appOrigin: string): void {
  const { store } = shop
  app.get('/account/login', (c) => {
    const view = viewOf(c, store, appOrigin)
    return c.html(loginPage(view, store.customers().slice(0, 4), '', false))
  })
  app.post('/account/login', async (c) => {
    const typed = (await formOf(c))['email'] ?? ''
    const email = Email.safeParse(typed)
    const customer = email.success ? store.customerByEmail(email.data) : undefined
    if (!customer) {
      return c.html(loginPage(viewOf(c, store, appOrigin), store.customers().slice(0, 4), typed, true), 422)
    }
    logIn(c, store, customer)
    return c.redirect('/account', 303)
  })
  app.get('/account/register', (c) => c.html(registerPage(viewOf(c, store, appOrigin), {}, false)))
  app.post('/account/register', async (c) => {
    const values = await formOf(c)
    const form = Person.extend({ email: Email }).safeParse(values)
    const taken = form.success && store.customerByEmail(form.data.email) !== undefined
    if (!form.success || taken) return c.html(registerPage(viewOf(c, store, appOrigin), values, taken), 422)
    const { email, first_name: firstName, last_name: lastName } = form.data
    logIn(c, store, shop.register({ email, firstName, lastName }))
    return c.redirect('/account', 303)
  })
  app.post('/account/logout', (c) => {
    logOut(c, store)
    return c.redirect('/', 303)
  })
  app.get('/account', (c) => {
    const customer = customerOf(c, store)
    if (!customer) return c.redirect('/account/login', 303)
    return c.html(accountPage(viewOf(c, store, appOrigin), customer, store.orders(customer.id)))
  })
  app.post('/account', async (c) => {
    const customer = customerOf(c, store)
    const form = Person.safeParse(await formOf(c))
    if (customer && form.success) shop.rename(customer, form.data.first_name, form.data.last_name)
    return c.redirect('/account', 303)
  })
}
