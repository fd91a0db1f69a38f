import { html } from 'hono/html'
import { CURRENCY, type Locale, SHOP_NAME } from '../catalog.ts'
import type { Customer } from '../customer.ts'
import { MARK } from './art.ts'
import { type StringId, price, say } from './strings.ts'

/** A piece of a page. Whatever is put into `html` is escaped. */
export type Html = ReturnType<typeof html>

/** What every page of the storefront knows. */
export interface View {
  readonly locale: Locale
  readonly customer: Customer | null
  readonly cartCount: number
  readonly path: string
  readonly appOrigin: string
}

/** The strings and prices of one view. */
export function voice(view: View) {
  return {
    t: (id: StringId, values?: Readonly<Record<string, string>>) => say(view.locale, id, values),
    money: (amountMinor: number) => price(view.locale, amountMinor, CURRENCY),
  }
}

/** A whole page of the storefront, with the loyalty widget in its header. */
export function page(view: View, title: string, body: Html): Html {
  const { t } = voice(view)
  const other: Locale = view.locale === 'en' ? 'ar' : 'en'
  const direction = view.locale === 'ar' ? 'rtl' : 'ltr'
  return html`<!doctype html>
    <html lang="${view.locale}" dir="${direction}">
      <head>
        <meta charset="utf-8" />
        <meta name="viewport" content="width=device-width, initial-scale=1" />
        <meta name="color-scheme" content="light dark" />
        <title>${title} · ${SHOP_NAME}</title>
        <link rel="icon" href="/assets/icon.svg" type="image/svg+xml" />
        <link rel="stylesheet" href="/assets/theme.css" />
        <script src="${view.appOrigin}/widget/loyalnest.js" defer></script>
      </head>
      <body>
        <a class="skip" href="#content">${t('skip')}</a>
        <header class="top">
          <a class="brand" href="/">${MARK}<span>${SHOP_NAME}</span></a>
          <nav class="links" aria-label="${t('shop')}">
            <a href="/#collection">${t('shop')}</a>
            <a href="${view.customer ? '/account' : '/account/login'}">${t(view.customer ? 'account' : 'login')}</a>
            <a href="/cart">${t('cart')} <span class="count">${view.cartCount}</span></a>
            <a href="${view.path}?lang=${other}" lang="${other}" hreflang="${other}">${t('otherLanguage')}</a>
          </nav>
          <loyalnest-balance
            proxy="/apps/loyalnest"
            login="/account/login"
            ${view.customer ? '' : 'visitor'}
          ></loyalnest-balance>
        </header>
        <main id="content">${body}</main>
        <footer class="foot">
          <p>${t('footer')}</p>
          <p><a href="/admin">${t('backOffice')}</a></p>
        </footer>
      </body>
    </html>`
}

export interface FieldOptions {
  readonly type?: 'text' | 'email'
  readonly value?: string
  readonly autocomplete?: string
  readonly error?: string
}

/** A labelled text field; an error is tied to it. */
export function field(name: string, label: string, options: FieldOptions = {}): Html {
  const error = options.error
  return html`<p class="field">
    <label for="${name}">${label}</label>
    <input
      id="${name}"
      name="${name}"
      type="${options.type ?? 'text'}"
      value="${options.value ?? ''}"
      autocomplete="${options.autocomplete ?? 'off'}"
      maxlength="120"
      required
      ${error === undefined ? '' : html`aria-invalid="true" aria-describedby="${name}-error"`}
    />
    ${error === undefined ? '' : html`<span class="error" id="${name}-error">${error}</span>`}
  </p>`
}

export interface Choice {
  readonly value: string
  readonly label: string
  readonly aside?: string
}

/** A group of radio buttons; the first is chosen. */
export function choices(name: string, legend: string, options: readonly Choice[]): Html {
  return html`<fieldset class="choices">
    <legend>${legend}</legend>
    ${options.map(
      (option, index) =>
        html`<label class="choice">
          <input type="radio" name="${name}" value="${option.value}" ${index === 0 ? 'checked' : ''} />
          <span>${option.label}</span>
          ${option.aside === undefined ? '' : html`<span class="aside">${option.aside}</span>`}
        </label>`,
    )}
  </fieldset>`
}
