/**
 * Fills in what older API versions and tools that imitate Shopify leave out, where the payload says it in another way:
 * gids by their numbers, `*_set`s by the plain amounts beside them, which are in the shop's currency. What is there stays
 * as it is; what cannot be filled in is left for the schema to name.
 */

type Json = Readonly<Record<string, unknown>>

function isObject(value: unknown): value is Json {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

/** An object with this member replaced, if it is an object and lacks a value there. */
function fill(value: unknown, name: string, make: (object: Json) => unknown): unknown {
  if (!isObject(value) || (value[name] !== undefined && value[name] !== null)) return value
  const made = make(value)
  return made === undefined ? value : { ...value, [name]: made }
}

function within(value: unknown, name: string, change: (member: unknown) => unknown): unknown {
  if (!isObject(value) || value[name] === undefined || value[name] === null) return value
  const member = value[name]
  const changed = Array.isArray(member) ? member.map(change) : change(member)
  return { ...value, [name]: changed }
}

/** A number beyond 2^53 has lost its last digits: such an id is not guessed. */
function withGid(value: unknown, resource: string): unknown {
  return fill(value, 'admin_graphql_api_id', ({ id }) =>
    Number.isSafeInteger(id) || (typeof id === 'string' && /^[0-9]+$/.test(id))
      ? `gid://shopify/${resource}/${String(id)}`
      : undefined,
  )
}

function withSet(value: unknown, set: string, plain: string, currency: string): unknown {
  return fill(value, set, ({ [plain]: amount }) =>
    typeof amount === 'string' || typeof amount === 'number'
      ? { shop_money: { amount: String(amount), currency_code: currency } }
      : undefined,
  )
}

function completeLine(line: unknown, currency: string): unknown {
  const priced = withSet(withGid(line, 'LineItem'), 'price_set', 'price', currency)
  const taxed = within(priced, 'tax_lines', (tax) => withSet(tax, 'price_set', 'price', currency))
  return within(taxed, 'discount_allocations', (one) => withSet(one, 'amount_set', 'amount', currency))
}

/** A refund's payload, its own or listed in its order; it names no currency, so the shop's or the order's is given. */
export function completeRefund(refund: unknown, currency: string): unknown {
  const withLines = within(withGid(refund, 'Refund'), 'refund_line_items', (one) => {
    const subtotal = withSet(one, 'subtotal_set', 'subtotal', currency)
    const tax = withSet(subtotal, 'total_tax_set', 'total_tax', currency)
    // Without its line, what was refunded counts as goods at the price that was paid back.
    const lined = fill(tax, 'line_item', ({ quantity, subtotal_set: price }) => ({ quantity, price_set: price }))
    return within(lined, 'line_item', (line) => completeLine(line, currency))
  })
  return within(withLines, 'order_adjustments', (one) => {
    const amount = withSet(one, 'amount_set', 'amount', currency)
    return withSet(amount, 'tax_amount_set', 'tax_amount', currency)
  })
}

/** An order's payload. */
export function completeOrder(order: unknown): unknown {
  if (!isObject(order) || typeof order['currency'] !== 'string') return order
  const { currency } = order
  const owned = within(withGid(order, 'Order'), 'customer', (customer) => withGid(customer, 'Customer'))
  const lines = within(owned, 'line_items', (line) => completeLine(line, currency))
  const shipped = within(lines, 'shipping_lines', (line) => completeLine(line, currency))
  return within(shipped, 'refunds', (refund) => completeRefund(refund, currency))
}

/** A customer's payload. */
export function completeCustomer(customer: unknown): unknown {
  return withGid(customer, 'Customer')
}
