import { html } from 'hono/html'
import { CURRENCY } from '../catalog.ts'
import type { Customer } from '../customer.ts'
import type { DeliveryMode } from '../deliveries.ts'
import {
  type Order,
  codeDiscounts,
  financialStatus,
  piecesLeft,
  refundableShipping,
  refundedQuantity,
  totals,
} from '../order.ts'
import { editSection } from './edit-section.ts'
import type { Delivery } from '../store.ts'
import type { Html } from '../storefront/layout.ts'
import { price } from '../storefront/strings.ts'

const MODES: Readonly<Record<DeliveryMode, string>> = {
  at_once: 'At once, as they happen',
  late: '30 seconds late',
  hold: 'Hold them back until I let them go',
  lossy: 'Lose two of three',
}

function money(amountMinor: number): string {
  return price('en', amountMinor, CURRENCY)
}

/** `14:03:27`, in the machine's time. */
function time(iso: string): Html {
  return html`<time datetime="${iso}">${new Date(iso).toLocaleTimeString('en-GB')}</time>`
}

export function frame(title: string, notice: string | undefined, body: Html): Html {
  return html`<!doctype html>
    <html lang="en" dir="ltr">
      <head>
        <meta charset="utf-8" />
        <meta name="viewport" content="width=device-width, initial-scale=1" />
        <meta name="color-scheme" content="light dark" />
        <title>${title} · Back office</title>
        <link rel="icon" href="/assets/icon.svg" type="image/svg+xml" />
        <link rel="stylesheet" href="/assets/theme.css" />
      </head>
      <body class="office">
        <a class="skip" href="#content">Skip to content</a>
        <header class="top">
          <a class="brand" href="/admin"><span>Back office</span></a>
          <nav class="links" aria-label="Back office">
            <a href="/admin">Orders</a>
            <a href="/admin/customers">Customers</a>
            <a href="/admin/discounts">Discounts</a>
            <a href="/admin/webhooks">Webhooks</a>
            <a href="/">Storefront</a>
          </nav>
        </header>
        <main id="content">
          ${notice === undefined ? '' : html`<p class="notice" role="status">${notice}</p>`} ${body}
        </main>
      </body>
    </html>`
}

/** A form of one button. */
export function act(action: string, label: string, about: string, fields: Readonly<Record<string, string>> = {}): Html {
  return html`<form class="inline" method="post" action="${action}">
    ${Object.entries(fields).map(([name, value]) => html`<input type="hidden" name="${name}" value="${value}" />`)}
    <button class="quiet">${label}<span class="hidden"> ${about}</span></button>
  </form>`
}

function badge(order: Order): Html {
  const status = order.cancelledAt === null ? financialStatus(order) : 'cancelled'
  return html`<span class="badge ${status}">${status.replace('_', ' ')}</span>`
}

export function ordersPage(
  orders: readonly Order[],
  customers: ReadonlyMap<string, Customer>,
  notice: string | undefined,
): Html {
  const row = (order: Order) => {
    const customer = order.customerId === null ? undefined : customers.get(order.customerId)
    const buyer = customer ? `${customer.firstName} ${customer.lastName}` : `${order.email} (guest)`
    return html`<tr>
      <th scope="row"><a href="/admin/orders/${order.id}">#${order.number}</a></th>
      <td>${time(order.createdAt)}</td>
      <td>${buyer}</td>
      <td>${badge(order)}</td>
      <td class="number">${money(totals(order).total)}</td>
      <td class="acts">${orderActs(order)}</td>
    </tr>`
  }
  return frame(
    'Orders',
    notice,
    html`<h1>Orders</h1>
      ${
        orders.length === 0
          ? html`<p class="lead">No orders yet. <a href="/">Buy something</a> and look again.</p>`
          : html`<div class="panel table" role="region" aria-label="Orders" tabindex="0">
              <table>
                <thead>
                  <tr>
                    <th scope="col">Order</th>
                    <th scope="col">Time</th>
                    <th scope="col">Customer</th>
                    <th scope="col">Status</th>
                    <th scope="col" class="number">Total</th>
                    <th scope="col">Actions</th>
                  </tr>
                </thead>
                <tbody>
                  ${orders.map(row)}
                </tbody>
              </table>
            </div>`
      }
      <section class="panel">
        <h2>The app</h2>
        <p>Removing LoyalNest from this shop sends <code>app/uninstalled</code>; points then stop.</p>
        ${act('/admin/uninstall', 'Uninstall LoyalNest', '')}
      </section>`,
  )
}

function orderActs(order: Order): Html {
  const path = `/admin/orders/${order.id}`
  const about = `#${order.number}`
  const open = order.cancelledAt === null
  const status = financialStatus(order)
  const refundable = status === 'paid' || status === 'partially_refunded'
  const isOwed = status === 'pending' || status === 'partially_paid'
  return html`${open && isOwed ? act(`${path}/paid`, 'Mark paid', about) : ''}
  ${refundable ? act(`${path}/refund`, 'Refund all', about, { all: 'yes' }) : ''}
  ${open ? act(`${path}/cancel`, 'Cancel', about) : ''}
  ${act(`${path}/archive`, order.archivedAt === null ? 'Archive' : 'Unarchive', about)}`
}

export function orderPage(order: Order, buyer: string, notice: string | undefined): Html {
  const shippingLeft = refundableShipping(order).amountMinor
  const status = financialStatus(order)
  const refundable = status === 'paid' || status === 'partially_refunded'
  return frame(
    `#${order.number}`,
    notice,
    html`<h1>Order #${order.number} ${badge(order)}</h1>
      <p class="lead">${buyer} · ${money(totals(order).total)} · ${time(order.createdAt)}</p>
      ${codeDiscounts(order).map(
        ({ code, title, amountMinor }) => html`<p>${title}: <code>${code}</code>, ${money(amountMinor)} off</p>`,
      )}
      ${order.presentment === null ? '' : html`<p>Paid in ${order.presentment.currency}.</p>`}
      <div class="acts">${orderActs(order)}</div>
      <section class="panel">
        <h2>Refund in part</h2>
        <form method="post" action="/admin/orders/${order.id}/refund">
          <div class="table">
            <table>
              <thead>
                <tr>
                  <th scope="col">Item</th>
                  <th scope="col" class="number">Price</th>
                  <th scope="col" class="number">Bought</th>
                  <th scope="col" class="number">Refunded</th>
                  <th scope="col">Refund now</th>
                </tr>
              </thead>
              <tbody>
                ${order.lines.map((line) => {
                  const back = refundedQuantity(order, line.id)
                  return html`<tr>
                    <th scope="row">${line.title}${line.variantTitle === null ? '' : ` · ${line.variantTitle}`}</th>
                    <td class="number">${money(line.unitPriceMinor)}</td>
                    <td class="number">${line.quantity - line.removed}</td>
                    <td class="number">${back}</td>
                    <td>
                      <input
                        type="number"
                        name="line-${line.id}"
                        aria-label="Refund now: ${line.title}"
                        min="0"
                        max="${piecesLeft(order, line)}"
                        value="0"
                      />
                    </td>
                  </tr>`
                })}
              </tbody>
            </table>
          </div>
          ${
            shippingLeft > 0
              ? html`<p>
                  <label class="choice"
                    ><input type="checkbox" name="shipping" value="yes" />
                    <span>Shipping, ${money(shippingLeft)}</span></label
                  >
                </p>`
              : ''
          }
          <p><button class="button" ${refundable ? '' : 'disabled'}>Refund these</button></p>
        </form>
      </section>
      ${order.cancelledAt === null ? editSection(order) : ''}`,
  )
}

export function webhooksPage(deliveries: readonly Delivery[], mode: DeliveryMode, notice: string | undefined): Html {
  const held = deliveries.filter((delivery) => delivery.state === 'held').length
  return frame(
    'Webhooks',
    notice,
    html`<h1>Webhooks</h1>
      <form class="panel" method="post" action="/admin/webhooks/mode">
        <fieldset class="choices">
          <legend>New webhooks leave</legend>
          ${Object.entries(MODES).map(
            ([value, label]) =>
              html`<label class="choice">
                <input type="radio" name="mode" value="${value}" ${value === mode ? 'checked' : ''} />
                <span>${label}</span>
              </label>`,
          )}
        </fieldset>
        <p><button class="button">Save</button></p>
      </form>
      ${
        held === 0
          ? ''
          : html`<section class="panel">
              <h2>${held} held back</h2>
              <p>“Newest first” delivers a refund before its order, which Shopify also does at times.</p>
              ${act('/admin/webhooks/release', 'Let go in order', '', { order: 'in_order' })}
              ${act('/admin/webhooks/release', 'Let go newest first', '', { order: 'newest_first' })}
            </section>`
      }
      <p><a href="/admin/webhooks">Refresh the list</a></p>
      <div class="panel table" role="region" aria-label="Deliveries" tabindex="0">
        <table>
          <thead>
            <tr>
              <th scope="col">Time</th>
              <th scope="col">Topic</th>
              <th scope="col">Order</th>
              <th scope="col">State</th>
              <th scope="col">Answer</th>
              <th scope="col">Actions</th>
            </tr>
          </thead>
          <tbody>
            ${deliveries.map(deliveryRow)}
          </tbody>
        </table>
      </div>`,
  )
}

function deliveryRow(delivery: Delivery): Html {
  const path = `/admin/webhooks/${delivery.id}`
  const about = `${delivery.topic}, delivery ${delivery.id}`
  const attempts = delivery.attempts === 0 ? '' : ` (${delivery.attempts}×)`
  return html`<tr>
    <td>${time(delivery.triggered_at)}</td>
    <th scope="row">
      <a href="${path}">${delivery.topic}</a>${delivery.note === null ? '' : html` <small>${delivery.note}</small>`}
    </th>
    <td>${delivery.order_number === null ? '–' : `#${delivery.order_number}`}</td>
    <td><span class="badge ${delivery.state}">${delivery.state}</span></td>
    <td>${delivery.last_outcome ?? '–'}${attempts}</td>
    <td class="acts">
      ${
        delivery.state === 'held'
          ? act(`${path}/release`, 'Let go', about)
          : html`${act(`${path}/again`, 'Send again', about)}
            ${act(`${path}/again`, 'Send again in 30 s', about, { late: 'yes' })}`
      }
    </td>
  </tr>`
}

export function deliveryPage(delivery: Delivery): Html {
  return frame(
    delivery.topic,
    undefined,
    html`<h1>${delivery.topic}</h1>
      <p class="lead">
        X-Shopify-Webhook-Id <code>${delivery.webhook_id}</code><br />X-Shopify-Event-Id
        <code>${delivery.event_id}</code>
      </p>
      <pre class="panel" role="region" aria-label="Body" tabindex="0">
${delivery.body.replaceAll(/,(?=")/g, ',\n')}</pre>`,
  )
}
