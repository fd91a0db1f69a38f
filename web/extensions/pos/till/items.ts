import type { PosItem, PosReason, PosSyncAnswer, ReservedCode } from '../../../../domain/contracts/pos.ts'

/** A sale, as the till's own program tells of it. */
export interface Sale {
  /** LoyalNest's id of the customer, or Shopify's. */
  readonly customerId: string
  /** What was paid, as a decimal string such as `59.90`. */
  readonly amount: string
  readonly currency: string
  readonly receipt?: string
  /** If the sale is an order of Shopify, whose webhook earns the points. */
  readonly shopifyOrderId?: string
  /** What the till showed the customer. */
  readonly expectedPoints?: number
  /** An id of the caller's own, so that recording the same sale again is harmless; else one is made. */
  readonly opId?: string
}

/** A customer takes a reward at the till. */
export interface Taking {
  readonly customerId: string
  readonly rewardId: string
  readonly receipt?: string
  readonly opId?: string
}

/** An item that LoyalNest did not book. The merchant has it as a task; people at the till should know. */
export interface RejectedItem {
  readonly op_id: string
  readonly device_seq: number
  readonly reason: PosReason | null
  readonly detail: string | null
}

/** The state that stands under one key. */
export interface Head {
  readonly v: 1
  /** Null: not registered. */
  readonly device_id: string | null
  readonly first_page: number
  /** The next number is at least this. */
  readonly next_seq: number
  readonly codes: readonly ReservedCode[]
  /** Newest first. */
  readonly rejected: readonly RejectedItem[]
  /** LoyalNest's clock. */
  readonly last_sync_at: string | null
  /** What to add to the till's clock. */
  readonly clock_skew_ms: number
}

/** Some items that follow each other. A page is written whole, so what one write adds is there or not. */
export interface Page {
  /** The next number, as of this page. */
  readonly next_seq: number
  /** How many items it was given; those that LoyalNest has are no longer in it. */
  readonly appended: number
  readonly items: readonly PosItem[]
}

export const NEW_HEAD: Head = {
  v: 1,
  device_id: null,
  first_page: 0,
  next_seq: 1,
  codes: [],
  rejected: [],
  last_sync_at: null,
  clock_skew_ms: 0,
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null
}

/** Only that it is ours and of this version: what is in it we wrote ourselves. */
export function isHead(value: unknown): value is Head {
  return isObject(value) && value['v'] === 1 && Array.isArray(value['codes']) && Array.isArray(value['rejected'])
}

export function isPage(value: unknown): value is Page {
  return isObject(value) && typeof value['next_seq'] === 'number' && Array.isArray(value['items'])
}

const RESULTS = new Set(['accepted', 'duplicate', 'accepted_overdraft', 'rejected', 'deferred'])

/** Whether it is LoyalNest's answer, and not the login page of the shop's Wi-Fi. */
export function isSyncAnswer(value: unknown): value is PosSyncAnswer {
  if (!isObject(value) || typeof value['received_at'] !== 'string') return false
  if (typeof value['clock_skew_ms'] !== 'number' || !Number.isSafeInteger(value['next_device_seq'])) return false
  const results: unknown = value['results']
  return (
    Array.isArray(results) &&
    results.every((one: unknown) => isObject(one) && typeof one['result'] === 'string' && RESULTS.has(one['result']))
  )
}

export function isCodesAnswer(value: unknown): value is { codes: ReservedCode[] } {
  if (!isObject(value) || !Array.isArray(value['codes'])) return false
  return value['codes'].every((one: unknown) => isObject(one) && typeof one['code'] === 'string')
}

/** An instant that the contract takes, whatever the till's clock says: years of four digits. */
export function instantOf(ms: number): string {
  const [first, last] = [Date.UTC(1970), Date.UTC(9999)]
  return new Date(Number.isNaN(ms) ? first : Math.min(Math.max(ms, first), last)).toISOString()
}
