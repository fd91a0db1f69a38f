import type { BulkOperation } from './bulk.ts'
import { type Customer, gid } from './customer.ts'
import type { Edit } from './edit.ts'

/** Webhook bodies that are not about an order; see `payloads.ts`. */

type Payload = Record<string, unknown>

/** The parts of a shop that its webhooks tell. */
export interface ShopIdentity {
  readonly domain: string
  readonly name: string
  readonly currency: string
  readonly timeZone: string
}

/** `customers/create`, `customers/update`, and the customer inside an order (there without `addresses`). */
export function customerPayload(customer: Customer, currency: string): Payload {
  return {
    id: BigInt(customer.id),
    created_at: customer.createdAt,
    updated_at: customer.updatedAt,
    first_name: customer.firstName,
    last_name: customer.lastName,
    state: 'enabled',
    note: null,
    verified_email: true,
    multipass_identifier: null,
    tax_exempt: false,
    email: customer.email,
    phone: null,
    currency,
    addresses: [],
    tax_exemptions: [],
    admin_graphql_api_id: gid('Customer', customer.id),
    default_address: null,
  }
}

/** `customers/merge`, once it is done. */
export function customersMergedPayload(kept: Customer, removed: Customer): Payload {
  return {
    admin_graphql_api_customer_kept_id: gid('Customer', kept.id),
    admin_graphql_api_customer_deleted_id: gid('Customer', removed.id),
    admin_graphql_api_job_id: null,
    status: 'completed',
    errors: [],
  }
}

/** `customers/delete`. */
export function customerDeletedPayload({ id }: Customer): Payload {
  return { id: BigInt(id), tax_exemptions: [], admin_graphql_api_id: gid('Customer', id) }
}

/** `app/uninstalled` carries the shop. */
export function shopPayload(shop: ShopIdentity): Payload {
  return {
    id: 548380009n,
    name: shop.name,
    email: `hello@${shop.domain}`,
    domain: shop.domain,
    province: null,
    country: 'DE',
    address1: null,
    zip: null,
    city: null,
    source: null,
    phone: null,
    latitude: null,
    longitude: null,
    primary_locale: 'en',
    address2: null,
    created_at: null,
    updated_at: null,
    country_code: 'DE',
    country_name: 'Germany',
    currency: shop.currency,
    customer_email: `hello@${shop.domain}`,
    timezone: '(GMT+01:00) Berlin',
    iana_timezone: shop.timeZone,
    shop_owner: shop.name,
    money_format: '€{{amount}}',
    money_with_currency_format: '€{{amount}} EUR',
    weight_unit: 'kg',
    province_code: null,
    taxes_included: true,
    auto_configure_tax_inclusivity: null,
    tax_shipping: null,
    county_taxes: true,
    plan_display_name: 'Basic',
    plan_name: 'basic',
    has_discounts: false,
    has_gift_cards: true,
    myshopify_domain: shop.domain,
    google_apps_domain: null,
    google_apps_login_enabled: null,
    money_in_emails_format: '€{{amount}}',
    money_with_currency_in_emails_format: '€{{amount}} EUR',
    eligible_for_payments: true,
    requires_extra_payments_agreement: false,
    password_enabled: false,
    has_storefront: true,
    finances: true,
    primary_location_id: 655441491n,
    checkout_api_supported: true,
    multi_location_enabled: false,
    setup_required: false,
    pre_launch_enabled: false,
    enabled_presentment_currencies: [shop.currency],
    marketing_sms_consent_enabled_at_checkout: false,
    transactional_sms_disabled: false,
  }
}

/** `discounts/redeemcode_removed`. `discountId`: digits. */
export function codeRemovedPayload(discountId: string, code: { readonly id: string; readonly code: string }): Payload {
  return {
    admin_graphql_api_id: `gid://shopify/DiscountCodeNode/${discountId}`,
    redeem_code: { id: `gid://shopify/DiscountRedeemCode/${code.id}`, code: code.code },
    updated_at: new Date().toISOString(),
  }
}

/** `discounts/delete`. `discountId`: digits. */
export function discountDeletedPayload(discountId: string): Payload {
  return {
    admin_graphql_api_id: `gid://shopify/DiscountCodeNode/${discountId}`,
    deleted_at: new Date().toISOString(),
  }
}

function deltas(lines: Edit['additions']): Payload[] {
  return lines.map(({ lineId, pieces }) => ({ id: BigInt(lineId), delta: pieces }))
}

/** `orders/edited`: which lines, and by how many pieces; everything else is to be asked for. Ids are digits. */
export function orderEditedPayload(edit: Edit): Payload {
  return {
    order_edit: {
      id: BigInt(edit.id),
      app_id: null,
      created_at: edit.committedAt,
      committed_at: edit.committedAt,
      notify_customer: false,
      order_id: BigInt(edit.orderId),
      staff_note: '',
      user_id: null,
      line_items: { additions: deltas(edit.additions), removals: deltas(edit.removals) },
      discounts: { line_item: { additions: [], removals: [] } },
      shipping_lines: { additions: [], removals: [] },
    },
  }
}

/** `bulk_operations/finish`. */
export function bulkFinishedPayload(operation: BulkOperation): Payload {
  return {
    admin_graphql_api_id: `gid://shopify/BulkOperation/${operation.id}`,
    completed_at: operation.completedAt,
    created_at: operation.createdAt,
    error_code: operation.errorCode?.toLowerCase() ?? null,
    status: operation.status.toLowerCase(),
    type: 'query',
  }
}
