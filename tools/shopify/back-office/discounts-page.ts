import { html } from 'hono/html'
import { type Discount, type RedeemCode, statusOf } from '../discounts/discount.ts'
import type { Html } from '../storefront/layout.ts'
import { act, frame } from './pages.ts'

/** A code with the numbers of the orders that used it. */
export interface CodeUse {
  readonly code: RedeemCode
  readonly orders: readonly { readonly id: string; readonly number: number }[]
}

/** The discounts that the app made, and their codes: the newest first. */
export function discountsPage(
  discounts: readonly { readonly discount: Discount; readonly codes: readonly CodeUse[] }[],
  notice: string | undefined,
): Html {
  return frame(
    'Discounts',
    notice,
    html`<h1>Discounts</h1>
      ${
        discounts.length === 0
          ? html`<p class="lead">No discounts yet. LoyalNest makes one for each reward.</p>`
          : discounts.map(discountPanel)
      }`,
  )
}

function discountPanel({ discount, codes }: { discount: Discount; codes: readonly CodeUse[] }): Html {
  const status = statusOf(discount, Date.now()).toLowerCase()
  return html`<section class="panel">
    <h2>${discount.title} <span class="badge">${status}</span></h2>
    <p>${discount.classes.join(', ').toLowerCase()} · ${codes.length} ${codes.length === 1 ? 'code' : 'codes'}</p>
    <p>${act(`/admin/discounts/${discount.id}/delete`, 'Delete with all its codes', discount.title)}</p>
    <div class="table" role="region" aria-label="Codes of ${discount.title}" tabindex="0">
      <table>
        <thead>
          <tr>
            <th scope="col">Code</th>
            <th scope="col">Used in</th>
            <th scope="col">Actions</th>
          </tr>
        </thead>
        <tbody>
          ${codes.map(codeRow)}
        </tbody>
      </table>
    </div>
  </section>`
}

function codeRow({ code, orders }: CodeUse): Html {
  return html`<tr>
    <th scope="row"><code>${code.code}</code></th>
    <td>
      ${orders.length === 0 ? '–' : orders.map(({ id, number }) => html`<a href="/admin/orders/${id}">#${number}</a> `)}
    </td>
    <td class="acts">${act(`/admin/discounts/codes/${code.id}/delete`, 'Delete', code.code)}</td>
  </tr>`
}
