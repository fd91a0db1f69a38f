import { z } from 'zod'
import { Balance, Transaction } from './points.ts'
import { PosRecord } from './pos.ts'
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

/** What is left of a lot, as it stood at the balance's `seq`. */
export const LotState = z.object({
  lot: z.int().min(1).describe('the seq of the entry that opened it'),
  granted: z.int().min(1),
  remaining: z.int().min(0),
  expired: z.int().min(0),
  expires_at: z.iso.datetime().nullable(),
})
export type LotState = z.infer<typeof LotState>

const pointsData = z.object({
  transaction: Transaction,
  balance: Balance,
  lots: z.array(LotState).default([]).describe('those that the entry touched, as they stood at `balance.seq`'),
  merged_into: z.uuid().nullable().default(null).describe('the account that this one was merged into'),
  previous_hash: z.string(),
  currency: z.string().nullable(),
})

/**
 * Ledger events; `event_id` is `{customer_id}:{seq}`. An entry that touched more than 500 lots has several events of one
 * id, which differ in `lots` alone; the event log keeps one of them. Which type an entry has: earn, activate → points.earned;
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

/** A till was registered or revoked. `event_id` is `{device_id}:registered` or `{device_id}:revoked`. */
const deviceData = z.object({ device_id: z.uuid(), name: z.string(), by: z.string() })

/** An item of a till, as it stands. `event_id` is `{record id}:{version}`, `seq` the version; newer ones win. */
export const PosEvent = z.object({ ...envelope, event_type: z.literal('pos.item_recorded'), data: PosRecord })
export type PosEvent = z.infer<typeof PosEvent>

export const LoyalNestEvent = z.discriminatedUnion('event_type', [
  ...PointsEvent.options,
  RedemptionEvent,
  PosEvent,
  z.object({ ...envelope, event_type: z.literal('device.registered'), data: deviceData }),
  z.object({ ...envelope, event_type: z.literal('device.revoked'), data: deviceData }),
  z.object({ ...envelope, event_type: z.literal('customer.deleted'), data: customerData }),
  z.object({ ...envelope, event_type: z.literal('customer.created'), data: customerData }),
  z.object({ ...envelope, event_type: z.literal('customer.updated'), data: customerData }),
])
export type LoyalNestEvent = z.infer<typeof LoyalNestEvent>
