import { html } from 'hono/html'
import type { Customer } from '../customer.ts'
import type { Html } from '../storefront/layout.ts'
import { act, frame } from './pages.ts'

/** A customer and how many orders there are. */
export interface CustomerRow {
  readonly customer: Customer
  readonly orders: number
}

/** The shop's customers, whom the merchant may merge or delete. */
export function customersPage(rows: readonly CustomerRow[], notice: string | undefined): Html {
  return frame(
    'Customers',
    notice,
    html`<h1>Customers</h1>
      ${
        rows.length === 0
          ? html`<p class="lead">No customers yet.</p>`
          : html`<div class="panel table" role="region" aria-label="Customers" tabindex="0">
              <table>
                <thead>
                  <tr>
                    <th scope="col">Customer</th>
                    <th scope="col">E-mail</th>
                    <th scope="col" class="number">Orders</th>
                    <th scope="col">Actions</th>
                  </tr>
                </thead>
                <tbody>
                  ${rows.map((row) => customerRow(row, rows))}
                </tbody>
              </table>
            </div>`
      }`,
  )
}

function customerRow({ customer, orders }: CustomerRow, rows: readonly CustomerRow[]): Html {
  const name = nameOf(customer)
  const others = rows.filter((row) => row.customer.id !== customer.id)
  return html`<tr>
    <th scope="row">${name}</th>
    <td>${customer.email}</td>
    <td class="number">${orders}</td>
    <td class="acts">
      ${others.length === 0 ? '' : mergeForm(customer, others)}
      ${orders > 0 ? '' : act(`/admin/customers/${customer.id}/delete`, 'Delete', name)}
    </td>
  </tr>`
}

function mergeForm(customer: Customer, others: readonly CustomerRow[]): Html {
  const name = nameOf(customer)
  return html`<form class="inline" method="post" action="/admin/customers/${customer.id}/merge">
    <select name="into" aria-label="Customer to keep instead of ${name}">
      ${others.map((other) => html`<option value="${other.customer.id}">${nameOf(other.customer)}</option>`)}
    </select>
    <button class="quiet">Merge into<span class="hidden"> the chosen customer, removing ${name}</span></button>
  </form>`
}

function nameOf({ firstName, lastName }: Customer): string {
  return `${firstName} ${lastName}`
}
