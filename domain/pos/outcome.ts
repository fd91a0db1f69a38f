import type { ErrorCode, Refusal } from '../contracts/errors.ts'
import type { PosEvent } from '../contracts/events.ts'
import type { PosItemResult, PosReason, PosRecord } from '../contracts/pos.ts'
import { deviceSeqOf, opIdOf } from './read.ts'
import type { Ending, SentItem, TakenItem } from './types.ts'

/** What a customer's account says of a booking. */
export type Booked =
  | { readonly ok: true; readonly points: number; readonly overdraftPoints: number }
  | { readonly ok: false; readonly refusal: Refusal }

const DETAIL_LENGTH = 200

/** A taken item as it is recorded. `booked`: null where nothing was to be booked. */
export function recordOf({ draft }: TakenItem, record: number, booked: Booked | null): PosRecord {
  // An id that was used before for something else is another record's.
  const isNamed = draft.op_id !== null && draft.reason !== 'op_id_reused'
  const id = `${draft.device_id}:${isNamed ? draft.op_id : `#${record}`}`
  return { ...draft, id, record, ...(booked === null ? {} : endingOf(booked)) }
}

function endingOf(booked: Booked): Partial<PosRecord> {
  if (booked.ok) {
    const { points, overdraftPoints } = booked
    return { points, overdraft_points: overdraftPoints, ...(overdraftPoints > 0 && { result: 'accepted_overdraft' }) }
  }
  const { refusal } = booked
  const reason = reasonOf(refusal)
  return { result: 'rejected', reason, detail: refusal.detail.slice(0, DETAIL_LENGTH), task: 'open' }
}

const REASONS: Partial<Readonly<Record<ErrorCode, PosReason>>> = {
  insufficient_points: 'overdraft_customer',
  points_out_of_range: 'points_out_of_range',
  customer_not_found: 'customer_not_found',
  external_id_conflict: 'op_id_reused',
}

/** What the account's refusal means at the till. */
function reasonOf({ code, pointer }: Refusal): PosReason {
  return pointer === '/overdraft_made_points' ? 'overdraft_device' : (REASONS[code] ?? 'refused')
}

/** What the device is told of an item that was recorded now. */
export function resultOf(sent: SentItem, record: PosRecord): PosItemResult {
  return {
    index: sent.index,
    op_id: opIdOf(sent),
    device_seq: deviceSeqOf(sent),
    result: record.result,
    first_result: null,
    reason: record.reason,
    detail: record.detail,
    points: record.points,
    overdraft_points: record.overdraft_points,
    points_differ: differs(sent, record),
    clock_flag: record.clock_flag,
    effective_at: record.effective_at,
  }
}

/** What it is told of one that was recorded before; what the merchant has decided since is none of its business. */
export function duplicateOf(sent: SentItem, record: PosRecord, isOfThisBatch: boolean): PosItemResult {
  const result = resultOf(sent, record)
  const points = record.result === 'rejected' ? 0 : record.points
  return {
    ...result,
    result: 'duplicate',
    first_result: record.result,
    points,
    ...(isOfThisBatch && { reason: 'batch_duplicate', detail: 'It is in this batch more than once.' }),
  }
}

/** What it is told of one that was not recorded. */
export function unrecorded(sent: SentItem, ending: Ending): PosItemResult {
  return {
    index: sent.index,
    op_id: opIdOf(sent),
    device_seq: deviceSeqOf(sent),
    ...ending,
    first_result: null,
    points: 0,
    overdraft_points: 0,
    points_differ: false,
    clock_flag: 'ok',
    effective_at: null,
  }
}

/** Whether the till had shown the customer another number of points. */
function differs(sent: SentItem, { result, reason, points }: PosRecord): boolean {
  if (sent.kind !== 'item' || sent.item.kind !== 'earn') return false
  const { expected_points: expected } = sent.item
  if (expected === undefined || result === 'rejected' || reason === 'shopify_order') return false
  return expected !== points
}

/** The event that tells of a record as it stands. */
export function toPosEvent(merchantId: string, record: PosRecord, nowMs: number): PosEvent {
  return {
    event_id: `${record.id}:${record.version}`,
    event_type: 'pos.item_recorded',
    merchant_id: merchantId,
    user_id: record.customer_id,
    timestamp: new Date(nowMs).toISOString(),
    context: { device_id: record.device_id },
    seq: record.version,
    data: record,
  }
}
