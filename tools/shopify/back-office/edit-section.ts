import { html } from 'hono/html'
import { fromMinor } from '../../../domain/contracts/money.ts'
import { CURRENCY, PRODUCTS } from '../catalog.ts'
import { type Order, piecesLeft } from '../order.ts'

/** The part of an order's page by which its items are changed. Fields: `remove-{line}`, `variant`, `add`. */
export function editSection(order: Order) {
  const lines = order.lines.filter((line) => line.kind !== 'tip' && piecesLeft(order, line) > 0)
  const variants = PRODUCTS.flatMap((product) =>
    product.variants.map(({ id, title, priceMinor }) => ({
      id,
      name: `${product.title.en}${title === null ? '' : ` · ${title.en}`}, ${fromMinor(priceMinor, CURRENCY)}`,
    })),
  )
  return html`<section class="panel">
    <h2>Edit the order</h2>
    <form method="post" action="/admin/orders/${order.id}/edit">
      <div class="table">
        <table>
          <thead>
            <tr>
              <th scope="col">Item</th>
              <th scope="col" class="number">Now</th>
              <th scope="col">Take out</th>
            </tr>
          </thead>
          <tbody>
            ${lines.map(
              (line) =>
                html`<tr>
                  <th scope="row">${line.title}${line.variantTitle === null ? '' : ` · ${line.variantTitle}`}</th>
                  <td class="number">${piecesLeft(order, line)}</td>
                  <td>
                    <input
                      type="number"
                      name="remove-${line.id}"
                      aria-label="Take out: ${line.title}"
                      min="0"
                      max="${piecesLeft(order, line)}"
                      value="0"
                    />
                  </td>
                </tr>`,
            )}
          </tbody>
        </table>
      </div>
      <p>
        <label>
          Put in
          <select name="variant">
            ${variants.map(({ id, name }) => html`<option value="${id}">${name}</option>`)}
          </select>
        </label>
        <label>Pieces <input type="number" name="add" min="0" max="99" value="0" /></label>
      </p>
      <p><button class="button">Save the edit</button></p>
    </form>
  </section>`
}
