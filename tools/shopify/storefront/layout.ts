import { html } from 'hono/html'
import { LOCALES, type Locale, SHOP_NAME, type Text } from '../catalog.ts'
import { CURRENCIES, type Currency, RATES, toCurrency } from '../currencies.ts'
import type { Customer } from '../customer.ts'
import { MARK } from './art.ts'
import { type StringId, currencyName, directionOf, languageName, price, say } from './strings.ts'

/** A piece of a page. Whatever is put into `html` is escaped. */
export type Html = ReturnType<typeof html>

/** What every page of the storefront knows. */
export interface View {
  readonly locale: Locale
  readonly currency: Currency
  readonly customer: Customer | null
  /** Whom one may be with a click. */
  readonly people: readonly Customer[]
  readonly cartCount: number
  /** Path and query: where a form of the header leads back to. */
  readonly place: string
  readonly appOrigin: string
  /** `….myshopify.com` */
  readonly domain: string
  /** Off: the page as it is without the app. */
  readonly widget: boolean
  /** Links change the page by history and fetch. */
  readonly singlePage: boolean
}

/**
 * The strings and prices of one view. `money` takes minor units of the shop's currency and shows them in the shopper's;
 * `shown` takes those of the shopper's.
 */
export function voice(view: View) {
  return {
    t: (id: StringId, values?: Readonly<Record<string, string>>) => say(view.locale, id, values),
    money: (amountMinor: number) => price(view.locale, toCurrency(amountMinor, view.currency), view.currency),
    shown: (amountMinor: number) => price(view.locale, amountMinor, view.currency),
  }
}

/** The merchant's words; where they are not translated, marked as the English that they are. */
export function words(view: View, text: Text): Html {
  return text[view.locale] === undefined ? html`<bdi lang="en">${text.en}</bdi>` : html`${text[view.locale]}`
}

/** What a theme app extension puts into each page: the embed block, at the end of the body. */
function embed({ appOrigin, customer }: View): Html {
  return html`<loyalnest-launcher
      data-proxy="/apps/loyalnest"
      data-login="/account/login"
      ${customer ? '' : 'data-visitor'}
    ></loyalnest-launcher>
    <script src="${appOrigin}/widget/loyalnest.js" defer></script>`
}

/** What the theme's blocks load: those for the balance and for a product's points. */
function blocksScript({ appOrigin }: View): Html {
  return html`<script src="${appOrigin}/widget/loyalnest-blocks.js" defer></script>`
}

/** Head of every page; `window.Shopify` comes from a file, since the policy of this shop allows no inline script. */
function head(view: View, title: string): Html {
  const globals = new URLSearchParams({ locale: view.locale, currency: view.currency })
  return html`<head>
    <meta charset="utf-8" />
    <meta name="viewport" content="width=device-width, initial-scale=1" />
    <meta name="color-scheme" content="light dark" />
    <meta name="description" content="${voice(view).t('tagline')}" />
    <title>${title} · ${SHOP_NAME}</title>
    <link rel="icon" href="/assets/icon.svg" type="image/svg+xml" />
    <link rel="stylesheet" href="/assets/theme.css" />
    <script src="/assets/shopify-globals.js?${globals}"></script>
    <script src="/assets/theme.js" defer></script>
    ${view.singlePage ? html`<script src="/assets/single-page.js" defer></script>` : ''}
  </head>`
}

/** What themes find in `window.Shopify`, as a script. */
export function shopifyGlobals(domain: string, locale: Locale, currency: Currency): string {
  const globals = {
    shop: domain,
    locale,
    currency: { active: currency, rate: String(RATES[currency]) },
    country: 'DE',
    routes: { root: '/' },
  }
  return `window.Shopify = Object.assign(window.Shopify ?? {}, ${JSON.stringify(globals)})\n`
}

/** A whole page of the storefront, with the loyalty widget in it. `title` is text. */
export function page(view: View, title: string, body: Html): Html {
  const { t } = voice(view)
  return html`<!doctype html>
    <html lang="${view.locale}" dir="${directionOf(view.locale)}">
      ${head(view, title)}
      <body>
        <a class="skip" href="#content">${t('skip')}</a>
        ${demoBar(view)}
        <header class="top">
          <a class="brand" href="/">${MARK}<span>${SHOP_NAME}</span></a>
          <nav class="links" aria-label="${t('shop')}">
            <a href="/collections/all">${t('shop')}</a>
            <a href="/pages/rewards">${t('rewards')}</a>
            <a href="${view.customer ? '/account' : '/account/login'}">${t(view.customer ? 'account' : 'login')}</a>
            <a href="/cart">${t('cart')} <span class="count" data-cart-count>${view.cartCount}</span></a>
          </nav>
          ${
            view.widget
              ? html`<loyalnest-balance
                  proxy="/apps/loyalnest"
                  login="/account/login"
                  ${view.customer ? '' : 'visitor'}
                ></loyalnest-balance>`
              : ''
          }
        </header>
        <main id="content" tabindex="-1">${body}</main>
        <footer class="foot">
          <p>${t('footer')}</p>
          <p><a href="/admin" data-full-load>${t('backOffice')}</a></p>
        </footer>
        ${view.widget ? html`${blocksScript(view)} ${embed(view)}` : ''}
      </body>
    </html>`
}

/** Nothing but the widget: what it needs of a page is nothing. */
export function barePage(view: View): Html {
  return html`<!doctype html>
    <html lang="${view.locale}" dir="${directionOf(view.locale)}">
      <head>
        <meta charset="utf-8" />
        <meta name="viewport" content="width=device-width, initial-scale=1" />
        <title>${SHOP_NAME}</title>
      </head>
      <body>
        <main><h1>${SHOP_NAME}</h1></main>
        ${embed(view)}
      </body>
    </html>`
}

/** Who am I, in which language, paying in what: what a demo must switch quickly. */
function demoBar(view: View): Html {
  const { t } = voice(view)
  const me = view.customer
  const name = me ? html`<bdi>${me.firstName} ${me.lastName}</bdi>` : html`${t('visitor')}`
  return html`<aside class="demo" aria-label="${t('demoBar')}">
    <span class="demo-title" aria-hidden="true">${t('demoBar')}</span>
    ${menu(
      t('customer'),
      name,
      html`${view.people.map((person) => personForm(view, person))}
        <form method="post" action="/account/logout">
          <input type="hidden" name="return_to" value="${view.place}" />
          <button ${me ? '' : html`aria-current="true"`}>${t('beVisitor')}</button>
        </form>
        <a href="/account/login">${t('otherCustomer')}</a>`,
    )}
    ${menu(
      t('language'),
      html`${languageName(view.locale)}`,
      localization(
        view,
        'locale_code',
        LOCALES.map((locale) => ({
          value: locale,
          label: html`<span lang="${locale}">${languageName(locale)}</span>`,
          current: locale === view.locale,
        })),
      ),
    )}
    ${menu(
      t('currency'),
      html`<bdi>${view.currency}</bdi>`,
      localization(
        view,
        'currency_code',
        CURRENCIES.map((currency) => ({
          value: currency,
          label: html`<bdi class="code">${currency}</bdi> ${currencyName(view.locale, currency)}`,
          current: currency === view.currency,
        })),
      ),
    )}
  </aside>`
}

/** The theme's script closes it on Escape and on a click elsewhere; without it the summary does. */
function menu(label: string, current: Html, list: Html): Html {
  return html`<details class="menu" name="demo">
    <summary><span class="hidden">${label}: </span>${current}</summary>
    <div class="menu-list">${list}</div>
  </details>`
}

function personForm(view: View, person: Customer): Html {
  return html`<form method="post" action="/account/login">
    <input type="hidden" name="return_to" value="${view.place}" />
    <button name="email" value="${person.email}" ${person.id === view.customer?.id ? html`aria-current="true"` : ''}>
      <bdi>${person.firstName} ${person.lastName}</bdi>
    </button>
  </form>`
}

interface Option {
  readonly value: string
  readonly label: Html
  readonly current: boolean
}

/** The form of Shopify's themes for language and currency. */
function localization(view: View, field: 'locale_code' | 'currency_code', options: readonly Option[]): Html {
  return html`<form method="post" action="/localization">
    <input type="hidden" name="return_to" value="${view.place}" />
    ${options.map(
      ({ value, label, current }) =>
        html`<button name="${field}" value="${value}" ${current ? html`aria-current="true"` : ''}>${label}</button>`,
    )}
  </form>`
}
