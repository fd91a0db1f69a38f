import { z } from 'zod'
import { CustomerRef, ShopifyOrderGid } from './ids.ts'
import { CurrencyCode, DecimalString } from './money.ts'
import { MAX_POINTS } from './settings.ts'
import { oneLine } from './text.ts'

/**
 * Tills that were offline. A device numbers its items from 1 without gaps (`device_seq`) and stores each with its
 * `op_id` before it sends it. Items of one device are taken in the order of their numbers, never by clock; each is booked
 * by itself, the batch never as a whole.
 */

export { DEVICE_HEADERS, deviceSigningText, POS_BATCH_LIMIT } from './pos-signing.ts'

/** The id that a device gave an item. */
export const PosOpId = z
  .string()
  .regex(/^[A-Za-z0-9][A-Za-z0-9_-]{7,63}$/, 'must be 8 to 64 letters, digits, - or _; a UUID is a good one')
/** The number of an item on its device. */
export const PosDeviceSeq = z.int().min(1).max(Number.MAX_SAFE_INTEGER)
const itemBase = {
  op_id: PosOpId.describe('made and stored on the device before it is used; never used again'),
  device_seq: PosDeviceSeq.describe('the number of the item on the device, from 1, without gaps'),
  at: z.iso.datetime({ offset: true }).describe("when it happened, by the device's clock"),
}

/** One thing that happened at the till. */
export const PosItem = z.discriminatedUnion('kind', [
  z
    .strictObject({
      ...itemBase,
      kind: z.literal('earn'),
      customer_id: CustomerRef,
      amount: DecimalString.refine((text) => !text.startsWith('-'), 'must not be negative').describe('what was paid'),
      currency: CurrencyCode.describe("must be the shop's"),
      receipt: oneLine(64).optional().describe("the till's own number of the sale"),
      shopify_order_id: ShopifyOrderGid.optional().describe(
        'the sale is an order of Shopify, whose webhook will earn the points: nothing is booked here',
      ),
      expected_points: z
        .int()
        .min(0)
        .optional()
        .describe('what the device showed the customer; compared, never booked'),
    })
    .describe('a sale: the server works out the points'),
  z
    .strictObject({
      ...itemBase,
      kind: z.literal('redeem'),
      customer_id: CustomerRef,
      code: oneLine(64).describe('one of the codes reserved for the device'),
      receipt: oneLine(64).optional(),
    })
    .describe('a reserved code was used: its points are spent, into debt up to the limits'),
  z
    .strictObject({ ...itemBase, kind: z.literal('void') })
    .describe('the device lost what this number was; the numbers after it go on'),
])
export type PosItem = z.infer<typeof PosItem>

/** The batch's frame. Items are looked at one by one, so that a bad one harms no other. */
export const PosBatch = z.strictObject({
  sent_at: z.iso.datetime({ offset: true }).describe("the device's clock as it sends: tells how wrong it is"),
  items: z.array(z.unknown()).min(1).describe('each a `PosItem`'),
})
export type PosBatch = z.infer<typeof PosBatch>

export const PosResult = z.enum(['accepted', 'duplicate', 'accepted_overdraft', 'rejected', 'deferred'])
export type PosResult = z.infer<typeof PosResult>
/** Why an item was rejected or deferred, or what is to be said of an accepted one. */
export const PosReason = z.enum([
  'malformed',
  'op_id_reused',
  'device_seq_reused',
  'gap',
  'sequence_jump',
  'batch_duplicate',
  'currency_mismatch',
  'amount_out_of_range',
  'shopify_order',
  'code_unknown',
  'code_used',
  'code_expired',
  'overdraft_customer',
  'overdraft_device',
  'customer_not_found',
  'points_out_of_range',
  'earning_disabled',
  'unavailable',
  'refused',
])
export type PosReason = z.infer<typeof PosReason>

/** What became of one item. `duplicate`: as `first_result` says, the first time that it came. */
export const PosItemResult = z.object({
  index: z.int().min(0).describe('the place in `items` of the request'),
  op_id: z.string().nullable(),
  device_seq: z.int().nullable(),
  result: PosResult,
  first_result: PosResult.nullable().describe('of a duplicate'),
  reason: PosReason.nullable(),
  detail: z.string().nullable().describe('a sentence for people'),
  points: z.int().describe("effect on the customer's posted balance"),
  overdraft_points: z.int().min(0).describe('part of it that no points covered'),
  points_differ: z.boolean().describe('`expected_points` was something else'),
  clock_flag: z
    .enum(['ok', 'skewed', 'ignored'])
    .describe('skewed: over 5 minutes off; ignored: over 24 hours off, the time of arrival counts'),
  effective_at: z.iso.datetime().nullable(),
})
export type PosItemResult = z.infer<typeof PosItemResult>

export const PosSyncAnswer = z.object({
  received_at: z.iso.datetime(),
  clock_skew_ms: z.int().describe("what to add to the device's clock"),
  next_device_seq: z.int().min(1).describe('the number that the server waits for'),
  results: z.array(PosItemResult).describe('in the order of the request'),
})
export type PosSyncAnswer = z.infer<typeof PosSyncAnswer>

/** A code that a device may use while it is offline. */
export const ReservedCode = z.object({
  code: z.string(),
  reward_id: z.uuid(),
  title: z.string(),
  points: z.int().min(1),
  value: z.unknown().describe('`value` of the reward as it was: what the till takes off'),
  conditions: z.unknown().describe('`conditions` of the reward as they were: the till sees to them'),
  expires_at: z.iso.datetime(),
  state: z.enum(['reserved', 'used', 'expired']),
})
export type ReservedCode = z.infer<typeof ReservedCode>

/** A P-256 public key as the device exports it. */
export const DevicePublicKey = z.strictObject({
  kty: z.literal('EC'),
  crv: z.literal('P-256'),
  x: z.string().regex(/^[A-Za-z0-9_-]{43}$/, 'must be base64url of 32 bytes'),
  y: z.string().regex(/^[A-Za-z0-9_-]{43}$/, 'must be base64url of 32 bytes'),
})
export type DevicePublicKey = z.infer<typeof DevicePublicKey>

export const Device = z.object({
  id: z.uuid(),
  name: z.string(),
  location: z.string().nullable(),
  registered_at: z.iso.datetime(),
  registered_by: z.string(),
  revoked_at: z.iso.datetime().nullable(),
  revoked_by: z.string().nullable(),
  key_fingerprint: z.string().describe('SHA-256 of the public key, to compare with what the device shows'),
})
export type Device = z.infer<typeof Device>

/** One item as `pos_offline_queue` has it. A rejected one is a task for the merchant until somebody decides. */
export const PosRecord = z.object({
  id: z.string().describe('`{device_id}:{op_id}`, or `{device_id}:#{record}` of one without an op_id'),
  device_id: z.uuid(),
  record: z.int().min(1).describe("number in the device's records"),
  op_id: z.string().nullable(),
  device_seq: z.int().nullable(),
  kind: z.enum(['earn', 'redeem', 'void', 'unknown']),
  customer_id: z.uuid().nullable(),
  amount: z.string().nullable(),
  currency: z.string().nullable(),
  code: z.string().nullable(),
  receipt: z.string().nullable(),
  result: PosResult,
  reason: PosReason.nullable(),
  detail: z.string().nullable(),
  points: z.int(),
  overdraft_points: z.int().min(0),
  clock_flag: z.enum(['ok', 'skewed', 'ignored']),
  device_at: z.iso.datetime().nullable(),
  effective_at: z.iso.datetime().nullable(),
  received_at: z.iso.datetime(),
  task: z.enum(['none', 'open', 'booked', 'dismissed']),
  decided_at: z.iso.datetime().nullable(),
  decided_by: z.string().nullable(),
  note: z.string().nullable(),
  version: z.int().min(1).describe('grows with each change'),
})
export type PosRecord = z.infer<typeof PosRecord>

/** What the merchant decides about a rejected item. */
export const PosDecision = z
  .strictObject({
    decision: z.enum(['book', 'dismiss']).describe('book: by a correction of `points`; dismiss: nothing is booked'),
    points: z
      .int()
      .min(-MAX_POINTS)
      .max(MAX_POINTS)
      .refine((value) => value !== 0, 'must not be 0')
      .optional()
      .describe('needed to book'),
    note: oneLine(200).describe('why; shown in the history'),
  })
  .refine(({ decision, points }) => (decision === 'book') === (points !== undefined), {
    path: ['points'],
    message: 'goes with the decision book, and only with it',
  })
export type PosDecision = z.infer<typeof PosDecision>
