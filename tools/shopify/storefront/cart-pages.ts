import { html } from 'hono/html'
import { FREE_SHIPPING_FROM_MINOR, type Offer, SHIPPING, TIPS_MINOR, inLocale, shippingPrice } from '../catalog.ts'
import type { Quote, QuotedCode, QuotedLine, Refusal } from '../quote.ts'
import { drawing } from './art.ts'
import { type CartLine, cartSubtotal } from './basket.ts'
import { choices, field } from './fields.ts'
import { type Html, type View, page, voice, words } from './layout.ts'
import type { StringId } from './strings.ts'

/** The cart with its prices. */
export interface Basket {
  readonly lines: readonly CartLine[]
  readonly quote: Quote
}

/** A code that was just typed and is not kept. */
export interface RefusedCode {
  readonly code: string
  readonly refusal: Refusal
}

const REFUSALS = {
  unknown: 'refusedUnknown',
  not_started: 'refusedEarly',
  expired: 'refusedExpired',
  used: 'refusedUsed',
  used_by_you: 'refusedUsed',
  not_combinable: 'refusedCombination',
  not_applicable: 'refusedNotYours',
} as const satisfies Record<Refusal, StringId>

/** Keeps a code in its own direction inside a sentence of a right-to-left language. */
function isolated(code: string): string {
  return `\u2068${code}\u2069`
}

function refusalText(view: View, { code, refusal }: RefusedCode): string {
  const logIn = refusal === 'not_applicable' && view.customer === null
  return voice(view).t(logIn ? 'refusedLogIn' : REFUSALS[refusal], { code: isolated(code) })
}

/** A name as plain text, for labels. */
export function offerName(view: View, { product, variant }: Offer): string {
  const title = inLocale(product.title, view.locale)
  return variant.title === null ? title : `${title} · ${inLocale(variant.title, view.locale)}`
}

export function offerWords(view: View, { product, variant }: Offer): Html {
  const title = words(view, product.title)
  return variant.title === null ? title : html`${title} · ${words(view, variant.title)}`
}

/** What each line costs, with the price before its discount struck out. */
function linePrice(view: View, quoted: QuotedLine | undefined): Html {
  if (!quoted) return html``
  const { shown } = voice(view)
  const before = quoted.unitPriceMinor * quoted.quantity
  return html`<strong>
    ${before === quoted.totalMinor ? '' : html`<s>${shown(before)}</s> `}${shown(quoted.totalMinor)}
  </strong>`
}

function quotedLine({ quote }: Basket, line: CartLine): QuotedLine | undefined {
  return quote.lines.find(({ variantId }) => variantId === line.variant.id)
}

export function cartPage(view: View, basket: Basket, refused: RefusedCode | null): Html {
  const { t, money, shown } = voice(view)
  const { lines, quote } = basket
  if (lines.length === 0) {
    return page(
      view,
      t('yourCart'),
      html`<section class="narrow centered">
        <h1>${t('yourCart')}</h1>
        <p class="lead">${t('cartEmpty')}</p>
        <p><a class="button" href="/collections/all">${t('heroAction')}</a></p>
      </section>`,
    )
  }
  return page(
    view,
    t('yourCart'),
    html`<section class="narrow" data-cart>
      <h1>${t('yourCart')}</h1>
      <ul class="lines">
        ${lines.map((line) => cartRow(view, line, quotedLine(basket, line)))}
      </ul>
      ${codesPanel(view, quote, refused, '/cart/discount')}
      <p class="sum"><span>${t('subtotal')}</span> <span>${shown(quote.subtotalMinor)}</span></p>
      ${discountSums(view, quote)}
      <p class="sum total">
        <span>${t('estimated')}</span> <strong>${shown(quote.subtotalMinor - quote.orderDiscountMinor)}</strong>
      </p>
      <p class="fine">${t('taxIncluded', { amount: money(FREE_SHIPPING_FROM_MINOR) })}</p>
      <p><a class="button" href="/checkout" data-full-load>${t('toCheckout')}</a></p>
    </section>`,
  )
}

function cartRow(view: View, line: CartLine, quoted: QuotedLine | undefined): Html {
  const { t } = voice(view)
  const name = offerName(view, line)
  const { id, tone } = line.variant
  return html`<li class="line">
    <span class="frame small">${drawing(line.product.art, tone)}</span>
    <div>
      <a class="name" href="/products/${line.product.handle}?variant=${id}">${offerWords(view, line)}</a>
      <form class="inline" method="post" action="/cart/change">
        <input type="hidden" name="id" value="${id}" />
        <label for="q-${id}" class="hidden">${t('quantity')}: ${name}</label>
        <input id="q-${id}" name="quantity" type="number" min="0" max="99" value="${line.quantity}" required />
        <button class="quiet">${t('update')}<span class="hidden"> ${name}</span></button>
      </form>
      <form class="inline" method="post" action="/cart/change">
        <input type="hidden" name="id" value="${id}" />
        <input type="hidden" name="quantity" value="0" />
        <button class="quiet">${t('remove')}<span class="hidden"> ${name}</span></button>
      </form>
      ${quoted?.discounts.map(({ title, code }) => html`<span class="saving"><bdi>${title}</bdi> <bdi class="code">${code}</bdi></span>`)}
    </div>
    ${linePrice(view, quoted)}
  </li>`
}

/** Codes of the cart, each with a button that removes it, and the field for another. */
function codesPanel(view: View, { codes }: Quote, refused: RefusedCode | null, action: string): Html {
  const { t } = voice(view)
  return html`<div class="codes">
    ${
      codes.length === 0
        ? ''
        : html`<ul class="chips" aria-label="${t('yourCodes')}">
            ${codes.map((code) => codeChip(view, code, action))}
          </ul>`
    }
    <form method="post" action="${action}" class="code-form" data-carry="order">
      <label for="code">${t('discountCode')}</label>
      <div class="code-row">
        <input
          id="code"
          name="code"
          type="text"
          maxlength="64"
          autocomplete="off"
          autocapitalize="characters"
          spellcheck="false"
          dir="ltr"
          required
          value="${refused?.code ?? ''}"
          ${refused ? html`aria-invalid="true" aria-describedby="code-error"` : ''}
        />
        <button class="quiet">${t('apply')}</button>
      </div>
      ${refused ? html`<p class="error" id="code-error" role="alert">${refusalText(view, refused)}</p>` : ''}
    </form>
  </div>`
}

function codeChip(view: View, quoted: QuotedCode, action: string): Html {
  const { t } = voice(view)
  const { code, refusal } = quoted
  return html`<li class="chip ${refusal === null ? '' : 'void'}">
    <bdi class="code">${code}</bdi>
    <form method="post" action="${action}" data-carry="order">
      <button name="remove" value="${code}" aria-label="${t('removeCode', { code: isolated(code) })}">
        <span aria-hidden="true">✕</span>
      </button>
    </form>
    ${refusal === null ? '' : html`<span class="error">${refusalText(view, { code, refusal })}</span>`}
  </li>`
}

/** One line for each code that takes something off the order. */
function discountSums(view: View, { codes }: Quote): Html {
  const { t, shown } = voice(view)
  const given = codes.filter((code) => code.target === 'order' && code.amountMinor > 0)
  return html`${given.map(
    ({ code, title, amountMinor }) =>
      html`<p class="sum saving">
        <span><bdi>${title ?? t('discount')}</bdi> <bdi class="code">${code}</bdi></span>
        <span>${shown(-amountMinor)}</span>
      </p>`,
  )}`
}

function shippingSum(view: View, { shipping, codes }: Quote): Html {
  const { t, shown } = voice(view)
  if (shipping === null) return html``
  const price = shipping.priceMinor - shipping.discountMinor
  const by = codes.find((code) => code.target === 'shipping' && code.amountMinor > 0)
  return html`<p class="sum">
      <span>${t('shipping')}</span>
      <span>
        ${shipping.discountMinor > 0 ? html`<s>${shown(shipping.priceMinor)}</s> ` : ''}${
          price === 0 ? t('free') : shown(price)
        }
      </span>
    </p>
    ${
      by
        ? html`<p class="sum saving">
            <span><bdi>${by.title ?? t('discount')}</bdi> <bdi class="code">${by.code}</bdi></span>
          </p>`
        : ''
    }`
}

/** What the shopper typed, when the form comes back. */
export interface CheckoutDraft {
  readonly values: Readonly<Record<string, string>>
  readonly wrong: ReadonlySet<string>
  readonly refused: RefusedCode | null
  /** A code stopped being good between showing and paying: nothing was ordered. */
  readonly changed: boolean
}

export const EMPTY_DRAFT: CheckoutDraft = { values: {}, wrong: new Set(), refused: null, changed: false }

export function checkoutPage(view: View, basket: Basket, draft: CheckoutDraft): Html {
  const { t } = voice(view)
  return page(
    view,
    t('checkout'),
    html`<h1>${t('checkout')}</h1>
      ${draft.changed ? html`<p class="notice bad" role="alert">${t('codesChanged')}</p>` : ''}
      <div class="two">${checkoutForm(view, basket, draft)} ${checkoutSummary(view, basket, draft.refused)}</div>`,
  )
}

function checkoutForm(view: View, { lines }: Basket, { values, wrong }: CheckoutDraft): Html {
  const { t, money } = voice(view)
  const subtotal = cartSubtotal(lines)
  const parcel = lines.some((line) => line.product.kind === 'goods')
  const text = (name: string, label: string, preset: string, autocomplete: string, type: 'text' | 'email' = 'text') =>
    field(name, label, {
      type,
      autocomplete,
      value: values[name] ?? preset,
      ...(wrong.has(name) ? { error: t('invalid') } : {}),
    })
  const ways = (['standard', 'express'] as const).map((way) => {
    const cost = shippingPrice(way, subtotal)
    return {
      value: way,
      label: inLocale(SHIPPING[way].title, view.locale),
      aside: cost === 0 ? t('free') : money(cost),
    }
  })
  return html`<form method="post" action="/checkout" class="panel" id="order">
    <h2>${t('contact')}</h2>
    ${
      view.customer
        ? html`<p>${t('loggedInAs', { name: `${view.customer.firstName} ${view.customer.lastName}` })}</p>`
        : html`${text('email', t('email'), '', 'email', 'email')}
            <p class="fine"><a href="/account/login">${t('login')}</a>: ${t('guestHint')}</p>`
    }
    <h2>${t('delivery')}</h2>
    <div class="pair">
      ${text('first_name', t('firstName'), view.customer?.firstName ?? '', 'given-name')}
      ${text('last_name', t('lastName'), view.customer?.lastName ?? '', 'family-name')}
    </div>
    ${text('address1', t('street'), 'Lindenstraße 12', 'address-line1')}
    <div class="pair">
      ${text('zip', t('zip'), '10969', 'postal-code')} ${text('city', t('city'), 'Berlin', 'address-level2')}
    </div>
    ${parcel ? choices('shipping', t('shippingWay'), ways, values['shipping']) : ''}
    ${choices(
      'tip',
      t('tipTitle'),
      TIPS_MINOR.map((tip) => ({ value: String(tip), label: tip === 0 ? t('noTip') : money(tip) })),
      values['tip'],
    )}
    ${choices(
      'payment',
      t('payment'),
      [
        { value: 'card', label: t('payCard') },
        { value: 'bank_transfer', label: t('payTransfer') },
      ],
      values['payment'],
    )}
    <p><button class="button">${t('placeOrder')}</button></p>
  </form>`
}

/** Beside the form; the theme's script fetches it again when shipping or tip change. */
export function checkoutSummary(view: View, basket: Basket, refused: RefusedCode | null): Html {
  const { t, shown } = voice(view)
  const { lines, quote } = basket
  return html`<aside class="panel summary" aria-labelledby="summary" data-summary>
    <h2 id="summary">${t('summary')}</h2>
    <ul class="lines">
      ${lines.map(
        (line) =>
          html`<li class="line">
            <span class="frame small">${drawing(line.product.art, line.variant.tone)}</span>
            <span>
              ${line.quantity} × ${offerWords(view, line)}
              ${quotedLine(basket, line)?.discounts.map(
                ({ title, code }) =>
                  html`<span class="saving"><bdi>${title}</bdi> <bdi class="code">${code}</bdi></span>`,
              )}
            </span>
            ${linePrice(view, quotedLine(basket, line))}
          </li>`,
      )}
    </ul>
    ${codesPanel(view, quote, refused, '/checkout/discount')}
    <p class="sum"><span>${t('subtotal')}</span> <span>${shown(quote.subtotalMinor)}</span></p>
    ${discountSums(view, quote)} ${shippingSum(view, quote)}
    ${quote.tipMinor > 0 ? html`<p class="sum"><span>${t('tip')}</span> <span>${shown(quote.tipMinor)}</span></p>` : ''}
    <p class="sum total"><span>${t('total')}</span> <strong>${shown(quote.totalMinor)}</strong></p>
  </aside>`
}
