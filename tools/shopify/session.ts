import { randomBytes } from 'node:crypto'
import type { Context, MiddlewareHandler } from 'hono'
import { getCookie, setCookie } from 'hono/cookie'
import type { CartLine } from './storefront/basket.ts'
import type { Basket } from './storefront/cart-pages.ts'
import type { View } from './storefront/layout.ts'
import { CURRENCY, LOCALES, type Locale, offerOf } from './catalog.ts'
import { CURRENCIES } from './currencies.ts'
import { type Customer, DEMO_CUSTOMERS } from './customer.ts'
import { type QuoteWish, quoteCart } from './quote.ts'
import type { Shop } from './shop.ts'
import type { Session, Store } from './store.ts'

const COOKIE = '_shop_session'
/** `?spa=1` and `?widget=off` last for the browser's session. */
const SWITCHES = { spa: ['1', '0'], widget: ['on', 'off'] } as const
type Switch = keyof typeof SWITCHES

/** What the routes of the storefront find in the context. */
export interface StorefrontEnv {
  Variables: { session: Session }
}

/** Gives each browser a session; `?lang=` and `?currency=` change what it shows. */
export function sessions(store: Store): MiddlewareHandler<StorefrontEnv> {
  return async (c, next) => {
    const known = store.session(getCookie(c, COOKIE) ?? '')
    const session: Session = {
      token: known?.token ?? randomBytes(24).toString('base64url'),
      customer_id: known?.customer_id ?? null,
      locale: localeOf(c.req.query('lang')) ?? known?.locale ?? preferredLocale(c.req.header('accept-language')),
      currency: CURRENCIES.find((code) => code === c.req.query('currency')) ?? known?.currency ?? CURRENCY,
    }
    if (known?.locale !== session.locale || known.currency !== session.currency) store.saveSession(session)
    if (!known) startCookie(c, session.token)
    for (const [name, values] of Object.entries(SWITCHES)) {
      const asked = values.find((value) => value === c.req.query(name))
      if (asked !== undefined) setCookie(c, `_shop_${name}`, asked, { httpOnly: true, sameSite: 'Lax', path: '/' })
    }
    c.set('session', session)
    await next()
  }
}

function localeOf(tag: string | undefined): Locale | undefined {
  return LOCALES.find((locale) => locale === tag)
}

/** The first language of `Accept-Language` that the shop has. */
function preferredLocale(header = ''): Locale {
  const tags = header.split(',').map((part) => localeOf(part.trim().slice(0, 2).toLowerCase()))
  return tags.find((tag) => tag !== undefined) ?? 'en'
}

function isOn(c: Context, name: Switch, on: string, byDefault: string): boolean {
  const asked = SWITCHES[name].find((value) => value === c.req.query(name))
  return (asked ?? getCookie(c, `_shop_${name}`) ?? byDefault) === on
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

/** The session's cart with its prices. */
export function basketOf(
  c: Context<StorefrontEnv>,
  { store, discounts, identity }: Shop,
  shipping: QuoteWish['shipping'] = 'standard',
  tipMinor = 0,
): Basket {
  const { token, currency, customer_id: customerId } = c.get('session')
  const lines = cartLines(c, store)
  const wish = { currency, customerId, shipping, tipMinor }
  return { lines, quote: quoteCart(lines, store.cartCodes(token), wish, { discounts, shop: identity.domain }) }
}

export function viewOf(c: Context<StorefrontEnv>, { store, identity }: Shop, appOrigin: string): View {
  const { locale, currency } = c.get('session')
  const url = new URL(c.req.url)
  for (const once of ['lang', 'currency', ...Object.keys(SWITCHES)]) url.searchParams.delete(once)
  return {
    locale,
    currency,
    customer: customerOf(c, store),
    people: DEMO_CUSTOMERS.flatMap(({ id }) => store.customer(id) ?? []),
    cartCount: cartLines(c, store).reduce((sum, line) => sum + line.quantity, 0),
    place: url.pathname + url.search,
    appOrigin,
    domain: identity.domain,
    widget: isOn(c, 'widget', 'on', 'on'),
    singlePage: isOn(c, 'spa', '1', '0'),
  }
}

/** A path of this shop from a form or a link, or `otherwise`: nobody is sent to another site. */
export function localPath(asked: string | undefined, otherwise: string): string {
  return asked !== undefined && /^\/(?![/\\])[^\s\\]*$/.test(asked) ? asked : otherwise
}
