import { html } from 'hono/html'
import {
  FREE_SHIPPING_FROM_MINOR,
  type Offer,
  PRODUCTS,
  type Product,
  SHIPPING,
  TIPS_MINOR,
  shippingPrice,
} from '../catalog.ts'
import { drawing } from './art.ts'
import { type Html, type View, choices, field, page, voice } from './layout.ts'

/** A line of the cart. */
export interface CartLine extends Offer {
  readonly quantity: number
}

export function cartSubtotal(lines: readonly CartLine[]): number {
  return lines.reduce((sum, line) => sum + line.variant.priceMinor * line.quantity, 0)
}

function variantName(view: View, { product, variant }: Offer): string {
  const title = product.title[view.locale]
  return variant.title === null ? title : `${title} · ${variant.title[view.locale]}`
}

function card(view: View, product: Product): Html {
  const { t, money } = voice(view)
  const prices = product.variants.map((variant) => variant.priceMinor)
  const lowest = Math.min(...prices)
  const shown = lowest === Math.max(...prices) ? money(lowest) : `${t('from')} ${money(lowest)}`
  return html`<li class="card">
    <a href="/products/${product.handle}">
      <span class="frame">${drawing(product.art, product.variants[0].tone)}</span>
      <span class="name">${product.title[view.locale]}</span>
      <span class="price">${shown}</span>
    </a>
  </li>`
}

export function homePage(view: View): Html {
  const { t } = voice(view)
  return page(
    view,
    t('tagline'),
    html`<section class="hero">
        <div class="hero-text">
          <p class="eyebrow">${t('tagline')}</p>
          <h1>${t('heroTitle')}</h1>
          <p class="lead">${t('heroText')}</p>
          <p><a class="button" href="#collection">${t('heroAction')}</a></p>
        </div>
        <div class="still-life">
          <span class="sun"></span><span class="table-top"></span>
          ${drawing('vase', 'clay')}${drawing('teapot', 'moss')}${drawing('mug', 'oat')}
        </div>
      </section>
      <section id="collection" class="wide">
        <h2>${t('collection')}</h2>
        <ul class="grid">
          ${PRODUCTS.map((product) => card(view, product))}
        </ul>
      </section>
      <section class="note">
        <h2>${t('pointsTitle')}</h2>
        <p>${t('pointsText')}</p>
      </section>`,
  )
}

export function productPage(view: View, product: Product): Html {
  const { t, money } = voice(view)
  const [first] = product.variants
  const same = product.variants.every((variant) => variant.priceMinor === first.priceMinor)
  const options = product.variants.map((variant) => ({
    value: variant.id,
    label: variant.title?.[view.locale] ?? product.title[view.locale],
    ...(same ? {} : { aside: money(variant.priceMinor) }),
  }))
  return page(
    view,
    product.title[view.locale],
    html`<p class="crumb"><a href="/#collection">${t('back')}</a></p>
      <article class="product">
        <div class="frame large">${drawing(product.art, first.tone)}</div>
        <div class="buy">
          <h1>${product.title[view.locale]}</h1>
          <p class="price big">${same ? money(first.priceMinor) : `${t('from')} ${money(first.priceMinor)}`}</p>
          <p class="lead">${product.story[view.locale]}</p>
          <form method="post" action="/cart/add">
            ${
              options.length > 1
                ? choices('id', t('choose'), options)
                : html`<input type="hidden" name="id" value="${first.id}" />`
            }
            <p class="field short">
              <label for="quantity">${t('quantity')}</label>
              <input id="quantity" name="quantity" type="number" min="1" max="99" value="1" required />
            </p>
            <p><button class="button">${t('addToCart')}</button></p>
          </form>
          <p class="fine">${t('taxIncluded', { amount: money(FREE_SHIPPING_FROM_MINOR) })}</p>
          ${product.kind === 'goods' ? html`<p class="fine">${t('earns')}</p>` : ''}
        </div>
      </article>`,
  )
}

export function cartPage(view: View, lines: readonly CartLine[]): Html {
  const { t, money } = voice(view)
  if (lines.length === 0) {
    return page(
      view,
      t('yourCart'),
      html`<section class="narrow centered">
        <h1>${t('yourCart')}</h1>
        <p class="lead">${t('cartEmpty')}</p>
        <p><a class="button" href="/#collection">${t('heroAction')}</a></p>
      </section>`,
    )
  }
  return page(
    view,
    t('yourCart'),
    html`<section class="narrow">
      <h1>${t('yourCart')}</h1>
      <ul class="lines">
        ${lines.map((line) => cartRow(view, line))}
      </ul>
      <p class="sum"><span>${t('subtotal')}</span> <strong>${money(cartSubtotal(lines))}</strong></p>
      <p class="fine">${t('taxIncluded', { amount: money(FREE_SHIPPING_FROM_MINOR) })}</p>
      <p><a class="button" href="/checkout">${t('toCheckout')}</a></p>
    </section>`,
  )
}

function cartRow(view: View, line: CartLine): Html {
  const { t, money } = voice(view)
  const name = variantName(view, line)
  const { id, priceMinor, tone } = line.variant
  return html`<li class="line">
    <span class="frame small">${drawing(line.product.art, tone)}</span>
    <div>
      <a class="name" href="/products/${line.product.handle}">${name}</a>
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
    </div>
    <strong>${money(priceMinor * line.quantity)}</strong>
  </li>`
}

/** What the shopper typed, when the form comes back with errors. */
export interface CheckoutDraft {
  readonly values: Readonly<Record<string, string>>
  readonly wrong: ReadonlySet<string>
}

export function checkoutPage(view: View, lines: readonly CartLine[], draft: CheckoutDraft): Html {
  const { t, money } = voice(view)
  const subtotal = cartSubtotal(lines)
  const parcel = lines.some((line) => line.product.kind === 'goods')
  const text = (name: string, label: string, preset: string, autocomplete: string, type: 'text' | 'email' = 'text') =>
    field(name, label, {
      type,
      autocomplete,
      value: draft.values[name] ?? preset,
      ...(draft.wrong.has(name) ? { error: t('invalid') } : {}),
    })
  const ways = (['standard', 'express'] as const).map((way) => {
    const cost = shippingPrice(way, subtotal)
    return { value: way, label: SHIPPING[way].title[view.locale], aside: cost === 0 ? t('free') : money(cost) }
  })
  return page(
    view,
    t('checkout'),
    html`<h1>${t('checkout')}</h1>
      <div class="two">
        <form method="post" action="/checkout" class="panel">
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
          ${parcel ? choices('shipping', t('shippingWay'), ways) : ''}
          ${choices(
            'tip',
            t('tipTitle'),
            TIPS_MINOR.map((tip) => ({ value: String(tip), label: tip === 0 ? t('noTip') : money(tip) })),
          )}
          ${choices('payment', t('payment'), [
            { value: 'card', label: t('payCard') },
            { value: 'bank_transfer', label: t('payTransfer') },
          ])}
          <p><button class="button">${t('placeOrder')}</button></p>
        </form>
        <aside class="panel summary" aria-labelledby="summary">
          <h2 id="summary">${t('summary')}</h2>
          <ul class="lines">
            ${lines.map(
              (line) =>
                html`<li class="line">
                  <span class="frame small">${drawing(line.product.art, line.variant.tone)}</span>
                  <span>${line.quantity} × ${variantName(view, line)}</span>
                  <strong>${money(line.variant.priceMinor * line.quantity)}</strong>
                </li>`,
            )}
          </ul>
          <p class="sum"><span>${t('subtotal')}</span> <strong>${money(subtotal)}</strong></p>
        </aside>
      </div>`,
  )
}
