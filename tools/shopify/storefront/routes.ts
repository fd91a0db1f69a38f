import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { type Context, Hono } from 'hono'
import { z } from 'zod'
import { LOCALES, collectionOf, productOf } from '../catalog.ts'
import { CURRENCIES } from '../currencies.ts'
import { Email, Line, formOf } from '../forms.ts'
import { type StorefrontEnv, customerOf, localPath, logIn, logOut, viewOf } from '../session.ts'
import type { Shop } from '../shop.ts'
import { accountPage, loginPage, notFoundPage, orderPage, registerPage, rewardsPage } from './account-pages.ts'
import { cartRoutes, checkoutRoutes } from './cart-routes.ts'
import { barePage, shopifyGlobals } from './layout.ts'
import { collectionPage, homePage, productPage } from './product-pages.ts'

const Person = z.object({ first_name: Line, last_name: Line })
const Localization = z.object({
  locale_code: z.enum(LOCALES).optional(),
  currency_code: z.enum(CURRENCIES).optional(),
  return_to: z.string().optional(),
})

const THEME = join(import.meta.dirname, '../theme')
const SCRIPTS = {
  'theme.js': readFileSync(join(THEME, 'theme.js'), 'utf8'),
  'single-page.js': readFileSync(join(THEME, 'single-page.js'), 'utf8'),
} as const
const JAVASCRIPT = { 'content-type': 'text/javascript; charset=utf-8' }

/** The pages that a shopper sees. */
export function storefront(shop: Shop, appOrigin: string): Hono<StorefrontEnv> {
  const app = new Hono<StorefrontEnv>()
  const view = (c: Context<StorefrontEnv>) => viewOf(c, shop, appOrigin)
  const notFound = (c: Context<StorefrontEnv>) => c.html(notFoundPage(view(c)), 404)
  scripts(app, shop)
  app.get('/', (c) => c.html(homePage(view(c))))
  app.get('/bare', (c) => c.html(barePage(view(c))))
  app.get('/pages/rewards', (c) => c.html(rewardsPage(view(c))))
  app.get('/collections/all', (c) => c.html(collectionPage(view(c), undefined)))
  app.get('/collections/:handle', (c) => {
    const collection = collectionOf(c.req.param('handle'))
    return collection ? c.html(collectionPage(view(c), collection)) : notFound(c)
  })
  app.get('/products/:handle', (c) => {
    const product = productOf(c.req.param('handle'))
    return product ? c.html(productPage(view(c), product, c.req.query('variant'))) : notFound(c)
  })
  app.post('/localization', async (c) => {
    const form = Localization.safeParse(await formOf(c))
    if (!form.success) return c.redirect('/', 303)
    const session = c.get('session')
    shop.store.saveSession({
      ...session,
      locale: form.data.locale_code ?? session.locale,
      currency: form.data.currency_code ?? session.currency,
    })
    return c.redirect(localPath(form.data.return_to, '/'), 303)
  })
  cartRoutes(app, shop, appOrigin)
  checkoutRoutes(app, shop, appOrigin)
  accountRoutes(app, shop, appOrigin)
  app.get('/orders/:token', (c) => {
    const order = shop.store.orderByToken(c.req.param('token'))
    return order ? c.html(orderPage(view(c), order)) : notFound(c)
  })
  app.get('*', notFound)
  return app
}

function scripts(app: Hono<StorefrontEnv>, { identity }: Shop): void {
  for (const [name, script] of Object.entries(SCRIPTS)) {
    app.get(`/assets/${name}`, (c) => c.body(script, 200, JAVASCRIPT))
  }
  app.get('/assets/shopify-globals.js', (c) => {
    const locale = LOCALES.find((one) => one === c.req.query('locale')) ?? 'en'
    const currency = CURRENCIES.find((one) => one === c.req.query('currency')) ?? 'EUR'
    return c.body(shopifyGlobals(identity.domain, locale, currency), 200, JAVASCRIPT)
  })
}

function accountRoutes(app: Hono<StorefrontEnv>, shop: Shop, appOrigin: string): void {
  const { store } = shop
  const view = (c: Context<StorefrontEnv>) => viewOf(c, shop, appOrigin)
  app.get('/account/login', (c) => c.html(loginPage(view(c), '', false)))
  app.post('/account/login', async (c) => {
    const form = await formOf(c)
    const typed = form['email'] ?? ''
    const email = Email.safeParse(typed)
    const customer = email.success ? store.customerByEmail(email.data) : undefined
    if (!customer) return c.html(loginPage(view(c), typed, true), 422)
    logIn(c, store, customer)
    return c.redirect(localPath(form['return_to'], '/account'), 303)
  })
  app.get('/account/register', (c) => c.html(registerPage(view(c), {}, false)))
  app.post('/account/register', async (c) => {
    const values = await formOf(c)
    const form = Person.extend({ email: Email }).safeParse(values)
    const taken = form.success && store.customerByEmail(form.data.email) !== undefined
    if (!form.success || taken) return c.html(registerPage(view(c), values, taken), 422)
    const { email, first_name: firstName, last_name: lastName } = form.data
    logIn(c, store, shop.register({ email, firstName, lastName }))
    return c.redirect('/account', 303)
  })
  app.post('/account/logout', async (c) => {
    logOut(c, store)
    return c.redirect(localPath((await formOf(c))['return_to'], '/'), 303)
  })
  app.get('/account', (c) => {
    const customer = customerOf(c, store)
    if (!customer) return c.redirect('/account/login', 303)
    return c.html(accountPage(view(c), customer, store.orders(customer.id)))
  })
  app.post('/account', async (c) => {
    const customer = customerOf(c, store)
    const form = Person.safeParse(await formOf(c))
    if (customer && form.success) shop.rename(customer, form.data.first_name, form.data.last_name)
    return c.redirect('/account', 303)
  })
}
