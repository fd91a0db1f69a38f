import type { RedemptionEvent } from '../contracts/events.ts'
import type { Redemption } from '../contracts/rewards.ts'
import type { EventOwner } from '../ledger/transaction.ts'
import type { RedemptionRecord } from './types.ts'

/** A redemption as callers see it. The code shows only once it works, and stays for who wants to know what it was. */
export function toRedemption(record: RedemptionRecord): Redemption {
  return {
    id: record.id,
    customer_id: record.customerId,
    reward_id: record.rewardId,
    title: record.title,
    value: record.value,
    currency: record.currency,
    points: record.points,
    points_returned: record.pointsReturned,
    state: record.state,
    ending: record.ending,
    cancel_reason: record.cancelReason,
    code: record.issuedAtMs === null ? null : record.code,
    order_id: record.orderGid,
    requested_at: momentOf(record.requestedAtMs),
    issued_at: record.issuedAtMs === null ? null : momentOf(record.issuedAtMs),
    expires_at: record.expiresAtMs === null ? null : momentOf(record.expiresAtMs),
    ended_at: record.endedAtMs === null ? null : momentOf(record.endedAtMs),
    version: record.version,
  }
}

/** The event of a redemption's last change. */
export function toRedemptionEvent(
  record: RedemptionRecord,
  { merchantId, customerId, shopifyCustomerGid }: Omit<EventOwner, 'currency'>,
): RedemptionEvent {
  return {
    event_id: `${record.id}:${record.version}`,
    event_type: 'redemption.updated',
    merchant_id: merchantId,
    user_id: customerId,
    timestamp: momentOf(record.changedAtMs),
    context: {
      ...(record.orderGid === null ? {} : { order_id: record.orderGid }),
      ...(shopifyCustomerGid === null ? {} : { shopify_customer_id: shopifyCustomerGid }),
    },
    seq: record.version,
    data: toRedemption(record),
  }
}

function momentOf(atMs: number): string {
  return new Date(atMs).toISOString()
}
