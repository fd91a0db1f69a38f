import { z } from 'zod'
import { Balance, Transaction } from './points.ts'
import { Redemption } from './rewards.ts'

/**
 * Every event on the queues, declared once. `data` carries the state after the change, so that a consumer needs no
 * order: it applies a fact once and a state only if its `seq` is newer.
 */

const envelope = {
  event_id: z.string().describe('unique; a consumer never applies one twice'),
  merchant_id: z.uuid(),
  user_id: z.uuid().nullable().describe('the customer or staff user concerned'),
  timestamp: z.iso.datetime(),
  context: z
    .record(z.string(), z.string())
    .describe('ids around it, such as order_id or shopify_customer_id; no personal data'),
  seq: z
    .int()
    .min(0)
    .describe("the customer's ledger seq, or a redemption's version; 0 where the event is from neither"),
}

const pointsData = z.object({
  transaction: Transaction,
  balance: Balance,
  previous_hash: z.string(),
  currency: z.string().nullable(),
})

/**
 * Ledger events; `event_id` is `{customer_id}:{seq}`. Which type an entry has: earn, activate → points.earned;
 * redeem, capture → points.redeemed; all others → points.adjusted.
 */
export const PointsEvent = z.discriminatedUnion('event_type', [
  z.object({ ...envelope, event_type: z.literal('points.earned'), data: pointsData }),
  z.object({ ...envelope, event_type: z.literal('points.redeemed'), data: pointsData }),
  z.object({ ...envelope, event_type: z.literal('points.adjusted'), data: pointsData }),
])
export type PointsEvent = z.infer<typeof PointsEvent>

/** A customer's profile was stored; personal data stays out. */
const customerData = z.object({ shopify_customer_gid: z.string(), updated_at: z.iso.datetime() })

/**
 * A redemption of a reward changed. `seq` is the redemption's `version`, `event_id` is `{redemption_id}:{version}`; a
 * consumer takes the state only if the version is newer.
 */
export const RedemptionEvent = z.object({
  ...envelope,
  event_type: z.literal('redemption.updated'),
  data: Redemption,
})
export type RedemptionEvent = z.infer<typeof RedemptionEvent>

export const LoyalNestEvent = z.discriminatedUnion('event_type', [
  ...PointsEvent.options,
  RedemptionEvent,
  z.object({ ...envelope, event_type: z.literal('customer.created'), data: customerData }),
  z.object({ ...envelope, event_type: z.literal('customer.updated'), data: customerData }),
])
export type LoyalNestEvent = z.infer<typeof LoyalNestEvent>
