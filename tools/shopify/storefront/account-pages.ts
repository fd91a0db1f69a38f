import { html, raw } from 'hono/html'
import { offerOf } from '../catalog.ts'
import type { Customer } from '../customer.ts'
import {
  type Order,
  type OrderLine,
  codeDiscounts,
  financialStatus,
  lineTotal,
  presented,
  refundTotal,
  totals,
} from '../order.ts'
import { MARK, drawing } from './art.ts'
import { offerWords } from './cart-pages.ts'
import { field } from './fields.ts'
import { type Html, type View, page, voice } from './layout.ts'
import { day, price } from './strings.ts'

function lineName(view: View, line: OrderLine): Html {
  const offer = line.variantId === null ? undefined : offerOf(line.variantId)
  return offer ? offerWords(view, offer) : html`${voice(view).t('tip')}`
}

/** `#1001`, in an isolate that keeps the sign in front in Arabic too. */
function orderName(order: Order): string {
  return `\u2066#${order.number}\u2069`
}

function statusOf(view: View, order: Order): string {
  const { t } = voice(view)
  return order.cancelledAt === null ? t(financialStatus(order)) : t('cancelled')
}

/**
 * The thank-you page, and later the status of the order, in the currency that was paid in. Goods and shipping before
 * discounts, then what each code took off: it adds up as one reads it.
 */
export function orderPage(view: View, placed: Order): Html {
  const { t } = voice(view)
  const order = presented(placed)
  const money = (amountMinor: number) => price(view.locale, amountMinor, order.currency)
  const { total, tax, discounts } = totals(order)
  const number = orderName(order)
  const next =
    order.customerId === null ? t('guestThanks', { email: order.email }) : order.paidAt === null ? '' : t('watchPoints')
  return page(
    view,
    `${t('order')} ${number}`,
    html`<section class="narrow">
      <p class="eyebrow">${t('order')} ${number} · ${statusOf(view, order)}</p>
      <h1>${t('thanks', { name: order.address.firstName })}</h1>
      <p class="lead">${t('thanksText', { number })} ${next}</p>
      <div class="panel">
        <ul class="lines">
          ${order.lines.map((line) => orderLine(view, order, line))}
        </ul>
        ${
          order.shipping
            ? html`<p class="sum"><span>${t('shipping')}</span> <span>${money(order.shipping.priceMinor)}</span></p>`
            : ''
        }
        ${codeDiscounts(order).map(
          ({ code, title, amountMinor }) =>
            html`<p class="sum saving">
              <span><bdi>${title}</bdi> <bdi class="code">${code}</bdi></span> <span>${money(-amountMinor)}</span>
            </p>`,
        )}
        <p class="sum"><span>${t('ofWhichTax')}</span> <span>${money(tax)}</span></p>
        <p class="sum total"><span>${t('total')}</span> <strong>${money(total)}</strong></p>
        ${order.refunds.map(
          (refund) =>
            html`<p class="sum">
              <span>${t('refundOf')}, ${day(view.locale, refund.createdAt)}</span>
              <span>${money(-refundTotal(refund))}</span>
            </p>`,
        )}
        ${discounts > 0 ? html`<p class="saving">${t('saved', { amount: money(discounts) })}</p>` : ''}
      </div>
      <p><a class="button" href="/collections/all">${t('keepShopping')}</a></p>
    </section>`,
  )
}

function orderLine(view: View, { currency }: Order, line: OrderLine): Html {
  const offer = line.variantId === null ? undefined : offerOf(line.variantId)
  return html`<li class="line">
    <span class="frame small">${offer ? drawing(offer.product.art, offer.variant.tone) : MARK}</span>
    <span>${line.quantity} × ${lineName(view, line)}</span>
    <strong>${price(view.locale, lineTotal(line), currency)}</strong>
  </li>`
}

export function loginPage(view: View, typed: string, unknown: boolean): Html {
  const { t } = voice(view)
  return page(
    view,
    t('login'),
    html`<section class="narrow">
      <h1>${t('loginTitle')}</h1>
      <p class="lead">${t('loginText')}</p>
      <form method="post" action="/account/login" class="panel">
        ${field('email', t('email'), {
          type: 'email',
          autocomplete: 'email',
          value: typed,
          ...(unknown ? { error: t('emailUnknown') } : {}),
        })}
        <p><button class="button">${t('login')}</button></p>
        <p class="fine">${t('newHere')} <a href="/account/register">${t('register')}</a></p>
      </form>
      <h2>${t('demoCustomers')}</h2>
      <ul class="people">
        ${view.people.map(
          (customer) =>
            html`<li>
              <form method="post" action="/account/login">
                <button class="person" name="email" value="${customer.email}">
                  <span class="avatar" aria-hidden="true">${customer.firstName.slice(0, 1)}</span>
                  <span
                    >${customer.firstName} ${customer.lastName}<br /><small><bdi>${customer.email}</bdi></small></span
                  >
                </button>
              </form>
            </li>`,
        )}
      </ul>
    </section>`,
  )
}

export function registerPage(view: View, values: Readonly<Record<string, string>>, taken: boolean): Html {
  const { t } = voice(view)
  return page(
    view,
    t('registerTitle'),
    html`<section class="narrow">
      <h1>${t('registerTitle')}</h1>
      <form method="post" action="/account/register" class="panel">
        <div class="pair">
          ${field('first_name', t('firstName'), { autocomplete: 'given-name', value: values['first_name'] ?? '' })}
          ${field('last_name', t('lastName'), { autocomplete: 'family-name', value: values['last_name'] ?? '' })}
        </div>
        ${field('email', t('email'), {
          type: 'email',
          autocomplete: 'email',
          value: values['email'] ?? '',
          ...(taken ? { error: t('emailTaken') } : {}),
        })}
        <p><button class="button">${t('register')}</button></p>
      </form>
    </section>`,
  )
}

function orderTotal(view: View, placed: Order): string {
  const order = presented(placed)
  return price(view.locale, totals(order).total, order.currency)
}

export function accountPage(view: View, customer: Customer, orders: readonly Order[]): Html {
  const { t } = voice(view)
  return page(
    view,
    t('account'),
    html`<section class="narrow">
      <h1>${t('hello', { name: customer.firstName })}</h1>
      <form method="post" action="/account/logout">
        <p class="who"><bdi>${customer.email}</bdi> <button class="quiet">${t('logout')}</button></p>
      </form>
      ${
        view.widget
          ? html`<div class="panel tease">
              <h2>${t('rewardsTitle')}</h2>
              <p>${t('rewardsText')}</p>
              <p><a class="more" href="/pages/rewards">${t('pointsAction')}</a></p>
            </div>`
          : ''
      }
      <h2>${t('yourOrders')}</h2>
      ${
        orders.length === 0
          ? html`<p class="lead">${t('noOrders')}</p>`
          : html`<div class="panel table">
              <table>
                <thead>
                  <tr>
                    <th scope="col">${t('order')}</th>
                    <th scope="col">${t('date')}</th>
                    <th scope="col">${t('status')}</th>
                    <th scope="col" class="number">${t('total')}</th>
                  </tr>
                </thead>
                <tbody>
                  ${orders.map(
                    (order) =>
                      html`<tr>
                        <th scope="row"><a href="/orders/${order.token}">${orderName(order)}</a></th>
                        <td>${day(view.locale, order.createdAt)}</td>
                        <td>${statusOf(view, order)}</td>
                        <td class="number">${orderTotal(view, order)}</td>
                      </tr>`,
                  )}
                </tbody>
              </table>
            </div>`
      }
      <h2>${t('details')}</h2>
      <form method="post" action="/account" class="panel">
        <div class="pair">
          ${field('first_name', t('firstName'), { autocomplete: 'given-name', value: customer.firstName })}
          ${field('last_name', t('lastName'), { autocomplete: 'family-name', value: customer.lastName })}
        </div>
        <p><button class="button">${t('save')}</button></p>
      </form>
    </section>`,
  )
}

/** The merchant's page with the block "rewards page" of the theme app extension. */
export function rewardsPage(view: View): Html {
  const { t } = voice(view)
  return page(
    view,
    t('rewardsTitle'),
    html`<section class="narrow">
      <h1>${t('rewardsTitle')}</h1>
      <p class="lead">${t('rewardsText')}</p>
      ${
        view.widget
          ? html`<noscript><p>${t('needsScript')}</p></noscript>
              <loyalnest-page data-proxy="/apps/loyalnest" data-login="/account/login"></loyalnest-page>
              <script src="${view.appOrigin}/widget/loyalnest-page.js" defer></script>`
          : html`<p>${t('widgetOff')}</p>`
      }
    </section>`,
  )
}

/** What the app answered to the app proxy, in the shop's layout. `markup` is the app's own and not escaped. */
export function appPage(view: View, markup: string): Html {
  return page(view, voice(view).t('rewards'), html`${raw(markup)}`)
}

export function notFoundPage(view: View): Html {
  const { t } = voice(view)
  return page(
    view,
    t('notFound'),
    html`<section class="narrow centered">
      <h1>${t('notFound')}</h1>
      <p><a class="button" href="/">${t('keepShopping')}</a></p>
    </section>`,
  )
}
