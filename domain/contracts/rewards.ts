import { z } from 'zod'
import { CustomerRef, ShopifyCollectionGid, ShopifyVariantGid } from './ids.ts'
import { DecimalString } from './money.ts'
import { MAX_POINTS } from './settings.ts'
import { oneLine, translations } from './text.ts'

/**
 * Rewards: what points buy. Each has one discount in the shop; each redemption adds one code to it. The value that a code
 * was issued with stays with it, whatever the reward says later.
 */

const PositiveAmount = DecimalString.refine((text) => Number(text) > 0, 'must be more than 0')
const moment = z.iso.datetime()

/** What the code takes off. Amounts are in the shop's currency; the checkout converts them. */
export const RewardValue = z.discriminatedUnion('type', [
  z.strictObject({
    type: z.literal('amount_off'),
    amount: PositiveAmount.describe('off the order; with a sliding cost: for each step'),
  }),
  z.strictObject({ type: z.literal('percent_off'), percent: z.int().min(1).max(100) }),
  z.strictObject({ type: z.literal('free_shipping') }),
  z.strictObject({
    type: z.literal('free_product'),
    variant_ids: z.array(ShopifyVariantGid).min(1).max(20).describe('one piece of one of these is free'),
  }),
])
export type RewardValue = z.infer<typeof RewardValue>

/** What it costs. Sliding: the shopper chooses how many points, in steps ("pay with points"). */
export const RewardCost = z.discriminatedUnion('kind', [
  z.strictObject({ kind: z.literal('fixed'), points: z.int().min(1).max(MAX_POINTS) }),
  z.strictObject({
    kind: z.literal('sliding'),
    step_points: z.int().min(1).max(MAX_POINTS),
    min_steps: z.int().min(1).max(1_000_000),
    max_steps: z.int().min(1).max(1_000_000).nullable(),
  }),
])
export type RewardCost = z.infer<typeof RewardCost>

/** When the code applies in a checkout. */
export const RewardConditions = z.strictObject({
  minimum_spend: PositiveAmount.nullable().default(null).describe('of goods, before the code'),
  collection_ids: z
    .array(ShopifyCollectionGid)
    .max(20)
    .default([])
    .describe('only goods of these collections count and are discounted; empty: all goods'),
  max_share_percent: z
    .int()
    .min(1)
    .max(100)
    .nullable()
    .default(null)
    .describe('amount_off only: the code pays at most this share of the goods'),
})
export type RewardConditions = z.infer<typeof RewardConditions>

/** Everything a merchant sets about a reward. */
export const RewardInput = z
  .strictObject({
    title: oneLine(80),
    description: oneLine(200).nullable().default(null),
    translations: translations(
      z.strictObject({ title: oneLine(80), description: oneLine(200).nullable().default(null) }),
    ).default({}),
    status: z.enum(['draft', 'active']).default('active').describe('shoppers see and redeem active ones'),
    position: z.int().min(0).max(10_000).default(0).describe('the lowest comes first'),
    value: RewardValue,
    cost: RewardCost,
    conditions: RewardConditions.prefault({}),
    limit_per_customer: z.int().min(1).max(1_000_000).nullable().default(null),
    limit_total: z.int().min(1).max(1_000_000_000).nullable().default(null),
    starts_at: moment.nullable().default(null),
    ends_at: moment.nullable().default(null),
    tier: oneLine(40).nullable().default(null).describe('only for customers of this tier'),
    code_prefix: z
      .string()
      .regex(/^[A-Z0-9]{2,10}$/, 'must be 2 to 10 capital letters or digits')
      .nullable()
      .default(null)
      .describe('what its codes begin with'),
    code_valid_days: z.int().min(1).max(3650).nullable().default(null).describe('null: until it is used'),
    points_back: z
      .strictObject({ expired: z.boolean().default(false), cancelled: z.boolean().default(true) })
      .prefault({})
      .describe('whether the points of an unused code come back when it expires, or is cancelled'),
    combines_with: z
      .strictObject({
        order_discounts: z.boolean().default(false),
        product_discounts: z.boolean().default(true),
        shipping_discounts: z.boolean().default(true),
      })
      .prefault({}),
  })
  .refine(({ value, cost }) => cost.kind === 'fixed' || value.type === 'amount_off', {
    path: ['cost', 'kind'],
    message: 'sliding goes with amount_off only',
  })
  .refine(({ value, conditions }) => conditions.max_share_percent === null || value.type === 'amount_off', {
    path: ['conditions', 'max_share_percent'],
    message: 'goes with amount_off only',
  })
  .refine(({ value, conditions }) => conditions.collection_ids.length === 0 || !value.type.startsWith('free_'), {
    path: ['conditions', 'collection_ids'],
    message: 'goes with amount_off and percent_off only',
  })
  .refine(({ starts_at, ends_at }) => starts_at === null || ends_at === null || starts_at < ends_at, {
    path: ['ends_at'],
    message: 'must be after starts_at',
  })
  .refine(({ cost }) => cost.kind === 'fixed' || cost.max_steps === null || cost.max_steps >= cost.min_steps, {
    path: ['cost', 'max_steps'],
    message: 'must not be less than min_steps',
  })
export type RewardInput = z.infer<typeof RewardInput>

/** How a customer stands towards a reward. */
export const RewardStanding = z.object({
  status: z.enum([
    'available',
    'not_enough_points',
    'limit_reached',
    'sold_out',
    'not_started',
    'over',
    'tier_required',
    'being_prepared',
  ]),
  points_missing: z.int().min(0),
  progress: z.number().min(0).max(1).describe('of the points that the cheapest choice needs'),
  max_points: z.int().min(0).describe('the most points that it could take now; sliding: in whole steps'),
  redemptions_left: z.int().min(0).nullable().describe('null: no limit'),
})
export type RewardStanding = z.infer<typeof RewardStanding>

/** Whether the shop has the reward's discount. */
export const RewardDiscount = z.object({
  state: z.enum(['waiting', 'ready', 'failed']),
  discount_id: z.string().nullable().describe('gid://shopify/DiscountCodeNode/…'),
  problem: z.string().nullable().describe('what the shop said against it, and what to do'),
})

export const Reward = z.object({
  id: z.uuid(),
  version: z.int().min(1),
  ...RewardInput.shape,
  status: z.enum(['draft', 'active', 'archived']),
  currency: z.string(),
  created_at: moment,
  updated_at: moment,
  discount: RewardDiscount.nullable().describe('null in answers to shoppers'),
  standing: RewardStanding.nullable().describe("the shopper's, or that of `customer_id`; else null"),
})
export type Reward = z.infer<typeof Reward>

export const RewardsQuery = z.strictObject({
  customer_id: CustomerRef.optional().describe('with an API key: adds how this customer stands towards each reward'),
  status: z.enum(['draft', 'active', 'archived']).optional().describe('with an API key; shoppers see active ones'),
  cursor: z.string().max(64).optional(),
  limit: z.coerce.number().int().min(1).max(100).default(50),
})
export const RewardsPage = z.object({
  rewards: z.array(Reward).describe('by position, then oldest first'),
  next_cursor: z.string().nullable(),
})

export const RewardUpdate = z.strictObject({
  version: z.int().min(1).describe('the version you read; a stale one is refused with 409'),
  reward: RewardInput,
})

export const RedeemRewardRequest = z.strictObject({
  customer_id: CustomerRef.optional().describe('needed with an API key; a shopper token already names its customer'),
  points: z
    .int()
    .min(1)
    .max(MAX_POINTS)
    .optional()
    .describe('sliding rewards: how many, in whole steps; of a fixed one it must be the cost if given'),
})

/**
 * Where a redemption stands. pending: points are held, the code is being made. issued: the points are spent, the code
 * works. used: an order with the code came. expired, cancelled: the code is gone.
 */
export const RedemptionState = z.enum(['pending', 'issued', 'used', 'expired', 'cancelled'])
export type RedemptionState = z.infer<typeof RedemptionState>

/** Why a redemption was cancelled. */
export const CancelReason = z.enum([
  'sold_out',
  'shop_refused',
  'shop_unreachable',
  'by_customer',
  'by_merchant',
  'removed_in_shop',
])
export type CancelReason = z.infer<typeof CancelReason>

/** A redemption of a reward: the record of `reward_redemptions`. */
export const Redemption = z.object({
  id: z.uuid(),
  customer_id: z.uuid(),
  reward_id: z.uuid(),
  title: z.string().describe("the reward's, when it was redeemed"),
  value: RewardValue.describe('what the code is worth; of a sliding reward the amount in all'),
  currency: z.string(),
  points: z.int().min(1),
  points_returned: z.int().min(0),
  state: RedemptionState,
  ending: z
    .enum(['expired', 'cancelled'])
    .nullable()
    .describe('the end that it is coming to; until the shop has confirmed it, the code may still work'),
  cancel_reason: CancelReason.nullable(),
  code: z.string().nullable().describe('null until it works in a checkout'),
  order_id: z.string().nullable().describe('the order that used it'),
  requested_at: moment,
  issued_at: moment.nullable(),
  expires_at: moment.nullable(),
  ended_at: moment.nullable().describe('used, expired or cancelled'),
  version: z.int().min(1).describe('grows with each change'),
})
export type Redemption = z.infer<typeof Redemption>

export const RedemptionsQuery = z.strictObject({
  customer_id: CustomerRef.optional().describe("with an API key: one customer's; without it those of all customers"),
  state: RedemptionState.optional(),
  reward_id: z.uuid().optional(),
  code: z.string().max(64).optional(),
  cursor: z.string().max(128).optional(),
  limit: z.coerce.number().int().min(1).max(100).default(25),
})
export const RedemptionsPage = z.object({
  redemptions: z.array(Redemption).describe('newest first'),
  next_cursor: z.string().nullable(),
})
