import { z } from 'zod'
import { CustomerRef, ShopifyOrderGid } from './ids.ts'
import { CurrencyCode, DecimalString } from './money.ts'
import { Redemption } from './rewards.ts'
import { MAX_POINTS } from './settings.ts'
import { oneLine } from './text.ts'

const points = z.int().min(0)
const businessId = z
  .string()
  .regex(/^[A-Za-z0-9][A-Za-z0-9._:/-]{0,127}$/, 'must be 1 to 128 letters, digits, or . _ : / -')
/** One of the caller's own, in a name space shared with tills and with codes that were used late. */
const callersId = businessId.refine(
  (id) => !/^(?:pos|late-use):/.test(id),
  'must not begin with pos: or late-use:, as those of tills and of codes do',
)

const reason = oneLine(200)

/** The whole balance of a customer in one answer. */
export const Balance = z.object({
  customer_id: z.uuid(),
  points: points.describe('available to spend now'),
  posted: z.int().describe('the sum of all entries; negative while there is debt'),
  pending: points.describe('waiting for the end of a return window'),
  held: points.describe('set aside for redemptions under way'),
  debt: points.describe('owed after a refund of points already spent; paid by the next earnings'),
  lifetime: z.object({
    earned: points,
    redeemed: points,
    expired: points,
    clawed_back: points,
    adjusted: z.int(),
  }),
  next_expiration: z.object({ points, at: z.iso.datetime() }).nullable(),
  tier: z
    .object({
      current: z.string(),
      progress: z.number().min(0).max(1),
      delta_to_next: points.nullable(),
      delta_to_keep: points.nullable(),
    })
    .nullable()
    .describe('null: the shop has no tiers'),
  seq: points.describe('number of the last entry; grows by one with each'),
  as_of: z.iso.datetime(),
})
export type Balance = z.infer<typeof Balance>

/** The founding types of a transaction; `kind` beside it is finer. */
export const TransactionType = z.enum(['earn', 'redeem', 'adjust'])

/** Every type of ledger entry that there is or will be; later work adds none and changes no meaning. */
export const TransactionKind = z.enum([
  'earn',
  'earn_pending',
  'activate',
  'cancel_pending',
  'redeem',
  'hold',
  'capture',
  'release',
  'adjust',
  'expire',
  'clawback',
  'reversal',
  'merge_out',
  'merge_in',
  'import',
])

/** The way in by which an entry came. */
export const TransactionSource = z.enum(['shopify', 'api', 'pos', 'import', 'merge', 'system'])

/** One ledger entry as callers see it. */
export const Transaction = z.object({
  id: z.string().describe('`{customer_id}:{seq}`'),
  seq: z.int().min(1),
  customer_id: z.uuid(),
  type: TransactionType,
  kind: TransactionKind,
  points: z.int().describe('effect on the posted balance'),
  pending_points: z.int().describe('effect on the pending balance'),
  source: TransactionSource,
  external_id: z.string(),
  order_id: z.string().nullable(),
  reason: z.string().nullable(),
  actor: z.string(),
  rule_version: z.int().nullable(),
  expires_at: z.iso.datetime().nullable(),
  effective_at: z.iso.datetime(),
  recorded_at: z.iso.datetime(),
  hash: z.string(),
})
export type Transaction = z.infer<typeof Transaction>

/** The answer of every write: what was booked and the balance after it. */
export const PointsWritten = z.object({ transaction: Transaction, balance: Balance })
export type PointsWritten = z.infer<typeof PointsWritten>

export const EarnRequest = z
  .strictObject({
    customer_id: CustomerRef,
    points: z.int().min(1).max(MAX_POINTS).optional().describe('how many; or give `amount`'),
    amount: DecimalString.optional().describe("money in the shop's currency that the earning rule turns into points"),
    currency: CurrencyCode.optional().describe("must be the shop's currency; only with `amount`"),
    activity_id: businessId.optional().describe('your own id of what happened; never booked twice'),
    reason: reason.optional(),
  })
  .refine((body) => (body.points === undefined) !== (body.amount === undefined), {
    path: ['points'],
    message: 'give either points or amount',
  })
  .refine((body) => body.amount === undefined || !body.amount.startsWith('-'), {
    path: ['amount'],
    message: 'must not be negative',
  })
  .refine((body) => body.currency === undefined || body.amount !== undefined, {
    path: ['currency'],
    message: 'goes with amount only',
  })
export type EarnRequest = z.infer<typeof EarnRequest>

export const RedeemRequest = z.strictObject({
  customer_id: CustomerRef,
  points: z.int().min(1).max(MAX_POINTS),
  redemption_id: callersId.optional().describe('your own id of the redemption; never booked twice'),
  reason: reason.optional(),
})
export type RedeemRequest = z.infer<typeof RedeemRequest>

export const AdjustRequest = z.strictObject({
  customer_id: CustomerRef,
  points: z
    .int()
    .min(-MAX_POINTS)
    .max(MAX_POINTS)
    .refine((value) => value !== 0, 'must not be 0'),
  reason: reason.describe('shown in the history'),
  adjustment_id: callersId.optional().describe('your own id of the correction; never booked twice'),
  allow_debt: z.boolean().default(false).describe('let a negative correction take more than is available'),
})
export type AdjustRequest = z.infer<typeof AdjustRequest>

/** A large correction that waits for a second person, or what became of it. */
export const Adjustment = z.object({
  id: z.uuid(),
  customer_id: z.uuid(),
  points: z.int(),
  reason: z.string(),
  allow_debt: z.boolean(),
  state: z.enum(['waiting', 'approved', 'rejected', 'expired']),
  requested_by: z.string(),
  requested_at: z.iso.datetime(),
  expires_at: z.iso.datetime().describe('a request that nobody decided about ends then'),
  decided_by: z.string().nullable(),
  decided_at: z.iso.datetime().nullable(),
  note: z.string().nullable(),
  transaction: Transaction.nullable().describe('the entry, once approved'),
})
export type Adjustment = z.infer<typeof Adjustment>

/** The answer to a correction: booked, or waiting for a second person; then `transaction` is null. */
export const AdjustAnswer = z.object({
  transaction: Transaction.nullable(),
  balance: Balance,
  approval: Adjustment.optional().describe("present where the correction is above the shop's limit"),
})
export type AdjustAnswer = z.infer<typeof AdjustAnswer>

export const BalanceQuery = z.strictObject({
  customer_id: CustomerRef.optional().describe('needed with an API key; a shopper token already names its customer'),
})
export const TransactionsQuery = z.strictObject({
  customer_id: CustomerRef.optional().describe('needed with an API key; a shopper token already names its customer'),
  cursor: z.string().max(64).optional().describe('`next_cursor` of the page before'),
  limit: z.coerce.number().int().min(1).max(100).default(25),
  order_id: ShopifyOrderGid.optional().describe('only entries of this order'),
})
export const TransactionsPage = z.object({
  transactions: z.array(Transaction).describe('newest first'),
  next_cursor: z.string().nullable(),
})
export type TransactionsPage = z.infer<typeof TransactionsPage>

/** Messages that the server sends on `/api/points/stream`, one JSON text each. */
export const StreamMessage = z.discriminatedUnion('type', [
  z.object({ type: z.literal('balance'), balance: Balance }),
  z.object({ type: z.literal('change'), transaction: Transaction, balance: Balance }),
  z.object({ type: z.literal('redemption'), redemption: Redemption }).describe('as it stands after a change'),
])
export type StreamMessage = z.infer<typeof StreamMessage>

/** Close codes of `/api/points/stream`, as documented. */
export const STREAM_CLOSE = {
  /** The object restarts or moves; connect again. */
  serviceRestart: 1012,
  /** Credentials were revoked; do not come back without a new token. */
  revoked: 4401,
  /** The account was merged; ask for a new token, then connect again. */
  accountMerged: 4410,
  /** Too many connections of this customer; the oldest goes. */
  tooManyConnections: 4429,
} as const

export const StreamTicket = z.object({
  ticket: z.string(),
  expires_at: z.iso.datetime(),
  url: z.string().describe('WebSocket address with the ticket in it; works once, for 30 seconds'),
})

const CartAmount = DecimalString.refine((text) => !text.startsWith('-'), 'must not be negative')
/** As Shopify writes rates: with more decimals than money has. */
const ExchangeRate = z
  .string()
  .regex(/^(?:0|[1-9][0-9]{0,14})(?:\.[0-9]{1,20})?$/, 'must be a decimal number in a string, such as "1.0853"')
  .refine((text) => Number(text) > 0, 'must be more than 0')

/** What a cart or a product would earn. Amounts are what the storefront shows: after discounts, as priced. */
export const SimulateRequest = z.strictObject({
  currency: CurrencyCode.describe('of the amounts; another than the shop needs `exchange_rate`'),
  exchange_rate: ExchangeRate.optional().describe(
    "how many units of `currency` one unit of the shop's currency is, as `Shopify.currency.rate` says",
  ),
  lines: z
    .array(z.strictObject({ amount: CartAmount, gift_card: z.boolean().default(false) }))
    .max(500)
    .describe('what is bought, each line with all its pieces'),
  shipping: CartAmount.default('0'),
  tip: CartAmount.default('0'),
})
export const Simulation = z.object({
  points: points.describe('what an order of this would earn'),
  pending_days: z.int().min(0).describe('how long they wait for the end of the return window'),
  expires_at: z.iso.datetime().nullable().describe('when they would end, earned now'),
  is_estimate: z
    .boolean()
    .describe('true where tax, a discount or an exchange rate decides, which only the order itself will know exactly'),
})
