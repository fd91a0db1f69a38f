/**
 * The error registry: each code that LoyalNest ever answers with, its HTTP status, its title and whether
 * the same request may succeed later without a change. Titles are fixed; what went wrong in one case
 * goes into the problem's `detail`.
 */
export const ERRORS = {
  malformed_json: { status: 400, title: 'The body is not valid JSON', retryable: false },
  validation_failed: { status: 400, title: 'The request does not fit its schema', retryable: false },
  idempotency_key_required: { status: 400, title: 'The Idempotency-Key header is missing', retryable: false },
  topic_mismatch: { status: 400, title: 'The webhook topic does not match the address', retryable: false },
  credentials_required: { status: 401, title: 'Credentials are missing', retryable: false },
  credentials_invalid: { status: 401, title: 'The credentials are not valid', retryable: false },
  signature_invalid: { status: 401, title: 'The signature is not valid', retryable: false },
  session_token_invalid: { status: 401, title: 'The Shopify session token is not valid', retryable: false },
  device_signature_invalid: { status: 401, title: "The device's signature is not valid", retryable: false },
  device_unknown: { status: 401, title: 'The device is not registered here', retryable: false },
  device_revoked: { status: 401, title: "The device's key was revoked", retryable: false },
  ticket_invalid: { status: 401, title: 'The stream ticket is not valid', retryable: false },
  forbidden: { status: 403, title: 'The credentials do not permit this', retryable: false },
  origin_not_allowed: { status: 403, title: 'This origin is not allowed', retryable: false },
  not_found: { status: 404, title: 'There is nothing at this address', retryable: false },
  customer_not_found: { status: 404, title: 'The customer is not known', retryable: false },
  shop_unknown: { status: 404, title: 'The shop is not known here', retryable: false },
  method_not_allowed: { status: 405, title: 'The method is not allowed here', retryable: false },
  version_conflict: { status: 409, title: 'Someone else changed this first', retryable: false },
  external_id_conflict: {
    status: 409,
    title: 'This business id was booked with other contents',
    retryable: false,
  },
  hold_closed: { status: 409, title: 'The hold has already ended', retryable: false },
  reversal_exists: { status: 409, title: 'The entry has already been reversed', retryable: false },
  not_reversible: { status: 409, title: 'The entry cannot be reversed', retryable: false },
  reward_changed: { status: 409, title: 'The reward cannot be changed like this', retryable: false },
  redemption_closed: { status: 409, title: 'The redemption has already ended', retryable: false },
  shop_not_connected: {
    status: 409,
    title: 'Shopify has not given LoyalNest access to this shop',
    retryable: false,
  },
  second_person_required: { status: 403, title: 'Another person must decide this', retryable: false },
  already_decided: { status: 409, title: 'This was decided before', retryable: false },
  already_running: { status: 409, title: 'One of these is running already', retryable: false },
  account_merged: { status: 409, title: 'The account was merged into another', retryable: false },
  payload_too_large: { status: 413, title: 'The body is too large', retryable: false },
  unsupported_media_type: { status: 415, title: 'The content type is not supported', retryable: false },
  idempotency_key_reused: {
    status: 422,
    title: 'The Idempotency-Key was used for another request',
    retryable: false,
  },
  insufficient_points: { status: 422, title: 'The balance does not cover this', retryable: false },
  reward_unavailable: { status: 422, title: 'The reward cannot be redeemed now', retryable: false },
  reward_limit: { status: 422, title: "The reward's limit is reached", retryable: false },
  redemption_limit: { status: 422, title: "The shop's redemption limits do not allow this", retryable: false },
  points_out_of_range: { status: 422, title: 'The number of points is out of range', retryable: false },
  currency_mismatch: { status: 422, title: "The currency is not the shop's", retryable: false },
  upgrade_required: { status: 426, title: 'This address speaks WebSocket only', retryable: false },
  batch_too_large: { status: 413, title: 'The batch has too many items', retryable: false },
  rate_limited: { status: 429, title: 'Too many requests', retryable: true },
  internal: { status: 500, title: 'Something went wrong on our side', retryable: true },
  unavailable: { status: 503, title: 'A part that this needs is not available', retryable: true },
} as const satisfies Record<string, { status: number; title: string; retryable: boolean }>

/** A code from the registry. */
export type ErrorCode = keyof typeof ERRORS

/** What a domain rule or an object refuses with: a code, a sentence for the developer, and facts about it. */
export interface Refusal {
  readonly ok: false
  readonly code: ErrorCode
  /** One sentence that says what to do; safe to show to the caller. */
  readonly detail: string
  /** Which input field it is about, as a JSON pointer (`/points`), where it is about one. */
  readonly pointer?: string
}

/** Builds a {@link Refusal}. */
export function refuse(code: ErrorCode, detail: string, pointer?: string): Refusal {
  return pointer === undefined ? { ok: false, code, detail } : { ok: false, code, detail, pointer }
}
