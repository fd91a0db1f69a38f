import { randomBytes } from 'node:crypto'
import type { Context, MiddlewareHandler } from 'hono'
import { getCookie, setCookie } from 'hono/cookie'
import { type CartLine } from './storefront/shopping-pages.ts'
import type { View } from './storefront/layout.ts'
import { CURRENCY, offerOf } from './catalog.ts'
import type { Customer } from './customer.ts'
import type { Session, Store } from './store.ts'

const COOKIE = '_shop_session'

/** What the routes of the storefront find in the context. */
export interface StorefrontEnv {
  Variables: { session: Session }
}

/** Gives each browser a session; `?lang=` changes its language. */
export function sessions(store: Store): MiddlewareHandler<StorefrontEnv> {
  return async (c, next) => {
    const known = store.session(getCookie(c, COOKIE) ?? '')
    const asked = c.req.query('lang')
    const locale = asked === 'ar' || asked === 'en' ? asked : known?.locale
    const preferred = c.req.header('accept-language')?.toLowerCase().startsWith('ar') ? 'ar' : 'en'
    const session: Session = {
      token: known?.token ?? randomBytes(24).toString('base64url'),
      customer_id: known?.customer_id ?? null,
      locale: locale ?? preferred,
      currency: known?.currency ?? CURRENCY,
    }
    if (!known || known.locale !== session.locale) store.saveSession(session)
    if (!known) startCookie(c, session.token)
    c.set('session', session)
    await next()
  }
}

function startCookie(c: Context, token: string): void {
  setCookie(c, COOKIE, token, { httpOnly: true, sameSite: 'Lax', path: '/', maxAge: 30 * 24 * 3600 })
}

/** Logs in, under a new token: one that was planted before the login is worth nothing after it. The cart comes along. */
export function logIn(c: Context<StorefrontEnv>, store: Store, customer: Customer): void {
  const old = c.get('session')
  const session: Session = { ...old, token: randomBytes(24).toString('base64url'), customer_id: customer.id }
  store.saveSession(session)
  for (const [variantId, quantity] of store.cart(old.token)) store.setCartLine(session.token, variantId, quantity)
  store.setCartCodes(session.token, store.cartCodes(old.token))
  store.clearCart(old.token)
  startCookie(c, session.token)
}

export function logOut(c: Context<StorefrontEnv>, store: Store): void {
  store.saveSession({ ...c.get('session'), customer_id: null })
}

export function customerOf(c: Context<StorefrontEnv>, store: Store): Customer | null {
  const id = c.get('session').customer_id
  return id === null ? null : (store.customer(id) ?? null)
}

export function cartLines(c: Context<StorefrontEnv>, store: Store): CartLine[] {
  return [...store.cart(c.get('session').token)].flatMap(([variantId, quantity]) => {
    const offer = offerOf(variantId)
    return offer ? [{ ...offer, quantity }] : []
  })
}

export function viewOf(c: Context<StorefrontEnv>, store: Store, appOrigin: string): View {
  return {
    locale: c.get('session').locale,
    customer: customerOf(c, store),
    cartCount: cartLines(c, store).reduce((sum, line) => sum + line.quantity, 0),
    path: c.req.path,
    appOrigin,
  }
}
