import { html } from 'hono/html'
import {
  COLLECTIONS,
  type Collection,
  FREE_SHIPPING_FROM_MINOR,
  PRODUCTS,
  type Product,
  type Variant,
  inLocale,
} from '../catalog.ts'
import { toCurrency } from '../currencies.ts'
import { drawing } from './art.ts'
import { hundredths } from './basket.ts'
import { choices } from './fields.ts'
import { type Html, type View, page, voice, words } from './layout.ts'

/** What the products cost together: one price, or the lowest. */
function priceOf(view: View, variants: readonly Variant[]): string {
  const { t, money } = voice(view)
  const prices = variants.map((variant) => variant.priceMinor)
  const lowest = Math.min(...prices)
  return lowest === Math.max(...prices) ? money(lowest) : t('from', { amount: money(lowest) })
}

function card(view: View, product: Product): Html {
  return html`<li class="card">
    <a href="/products/${product.handle}">
      <span class="frame">${drawing(product.art, product.variants[0].tone)}</span>
      <span class="name">${words(view, product.title)}</span>
      <span class="price">${priceOf(view, product.variants)}</span>
    </a>
  </li>`
}

function grid(view: View, products: readonly Product[]): Html {
  return html`<ul class="grid">
    ${products.map((product) => card(view, product))}
  </ul>`
}

function inCollection({ handle }: Collection): readonly Product[] {
  return PRODUCTS.filter((product) => product.collections.includes(handle))
}

/** Links to the collections; `current` is the one that is shown. */
function collectionLinks(view: View, current: string): Html {
  const links = [
    { href: 'all', label: html`${voice(view).t('allProducts')}` },
    ...COLLECTIONS.map(({ handle, title }) => ({ href: handle, label: words(view, title) })),
  ]
  return html`<nav class="tabs" aria-label="${voice(view).t('collection')}">
    ${links.map(
      ({ href, label }) =>
        html`<a href="/collections/${href}" ${href === current ? html`aria-current="page"` : ''}>${label}</a>`,
    )}
  </nav>`
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
        ${collectionLinks(view, '')} ${grid(view, PRODUCTS)}
      </section>
      <section class="note">
        <h2>${t('pointsTitle')}</h2>
        <p>${t('pointsText')}</p>
        <p><a class="more" href="/pages/rewards">${t('pointsAction')}</a></p>
      </section>`,
  )
}

/** All products, or those of one collection. */
export function collectionPage(view: View, collection: Collection | undefined): Html {
  const title = collection ? inLocale(collection.title, view.locale) : voice(view).t('collection')
  return page(
    view,
    title,
    html`<section class="wide">
      <h1>${title}</h1>
      ${collectionLinks(view, collection?.handle ?? 'all')}
      ${grid(view, collection ? inCollection(collection) : PRODUCTS)}
    </section>`,
  )
}

/** What goes with it: others of its collections. */
function companions(product: Product): readonly Product[] {
  const shared = (other: Product) => other.collections.some((handle) => product.collections.includes(handle))
  return PRODUCTS.filter((other) => other !== product && shared(other)).slice(0, 4)
}

/** `variantId`: what `?variant=` asks for. */
export function productPage(view: View, product: Product, variantId: string | undefined): Html {
  const { t, money } = voice(view)
  const chosen = product.variants.find((variant) => variant.id === variantId) ?? product.variants[0]
  const same = product.variants.every((variant) => variant.priceMinor === chosen.priceMinor)
  const more = companions(product)
  return page(
    view,
    inLocale(product.title, view.locale),
    html`<p class="crumb"><a href="/collections/${product.collections[0] ?? 'all'}">${t('back')}</a></p>
      <article class="product">
        <div class="frame large" data-picture>${drawing(product.art, chosen.tone)}</div>
        <div class="buy">
          <h1>${words(view, product.title)}</h1>
          <p class="price big" data-price>${same ? money(chosen.priceMinor) : priceOf(view, [chosen])}</p>
          ${productPoints(view, product, chosen)}
          <p class="lead">${words(view, product.story)}</p>
          <form method="post" action="/cart/add">
            ${variantChoice(view, product, chosen, same)}
            <p class="field short">
              <label for="quantity">${t('quantity')}</label>
              <input id="quantity" name="quantity" type="number" min="1" max="99" value="1" required />
            </p>
            <p><button class="button">${t('addToCart')}</button></p>
          </form>
          <p class="fine">${t('taxIncluded', { amount: money(FREE_SHIPPING_FROM_MINOR) })}</p>
        </div>
      </article>
      ${
        more.length === 0
          ? ''
          : html`<section class="wide also">
              <h2>${t('alsoLike')}</h2>
              ${grid(view, more)}
            </section>`
      }`,
  )
}

/** Radio buttons that tell the theme's script what to show: price and glaze. */
function variantChoice(view: View, product: Product, chosen: Variant, same: boolean): Html {
  const { t, money } = voice(view)
  if (product.variants.length === 1) return html`<input type="hidden" name="id" value="${chosen.id}" />`
  const options = product.variants.map((variant) => ({
    value: variant.id,
    label: words(view, variant.title ?? product.title),
    data: {
      price: money(variant.priceMinor),
      tone: variant.tone,
    },
    ...(same ? {} : { aside: money(variant.priceMinor) }),
  }))
  return choices('id', t('choose'), options, chosen.id)
}

/** The block "points for this product" of the theme app extension, with the attributes that its Liquid writes. */
function productPoints(view: View, product: Product, chosen: Variant): Html {
  if (!view.widget) return html``
  const price = ({ priceMinor }: Variant) => hundredths(toCurrency(priceMinor, view.currency), view.currency)
  return html`<loyalnest-product-points
    data-price="${price(chosen)}"
    data-prices="${product.variants.map((variant) => `${variant.id}:${price(variant)}`).join(',')}"
    data-currency="${view.currency}"
    ${product.kind === 'gift_card' ? 'data-gift-card' : ''}
  ></loyalnest-product-points>`
}
