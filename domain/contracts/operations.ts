import { z } from 'zod'
import { type ErrorCode } from './errors.ts'
import { type Permission } from './permissions.ts'
import { CustomerRef } from './ids.ts'
import {
  AdjustRequest,
  Balance,
  BalanceQuery,
  EarnRequest,
  PointsWritten,
  RedeemRequest,
  SimulateRequest,
  Simulation,
  StreamTicket,
  TransactionsPage,
  TransactionsQuery,
} from './points.ts'
import {
  RedeemRewardRequest,
  Redemption,
  RedemptionsPage,
  RedemptionsQuery,
  Reward,
  RewardInput,
  RewardsPage,
  RewardsQuery,
  RewardUpdate,
} from './rewards.ts'
import { ProgramSettings, VersionedSettings } from './settings.ts'
import { StorefrontProgram } from './widget.ts'
import { WEBHOOK_TOPICS } from '../earning/facts.ts'

/**
 * Each operation, declared once. The gateway makes its routes, OpenAPI and guards from this list, the web its typed
 * client, the tests their authorization matrix.
 */

/**
 * Who may call:
 * - public: anyone. - webhook: Shopify, by HMAC. - proxy: Shopify's app proxy, by signature.
 * - member: an API key with `permission`; with `shopper` also a shopper token, for its own customer only; with `visitor`
 *   also the token of a storefront page where nobody is logged in.
 * - session_token: a member of the shop's staff inside Shopify's admin, by App Bridge's session token.
 */
export type Access =
  | { readonly kind: 'public' }
  | { readonly kind: 'webhook' }
  | { readonly kind: 'proxy' }
  | { readonly kind: 'member'; readonly permission: Permission; readonly shopper: boolean; readonly visitor?: boolean }
  | { readonly kind: 'session_token' }
  | { readonly kind: 'shopper' }

/** Which limit counts a call; the limits themselves are in `workers/gateway/middleware/rate-limit.ts`. */
export type RateClass = 'health' | 'webhook' | 'read' | 'write' | 'settings_write' | 'session' | 'operations'

/** One operation. `idempotencyKey`: the header is required and answers are replayed. */
export interface Operation {
  readonly id: string
  readonly method: 'get' | 'post' | 'put' | 'delete'
  readonly path: string
  readonly tag: string
  readonly summary: string
  readonly description?: string
  readonly access: Access
  readonly rateClass: RateClass
  readonly idempotencyKey: boolean
  readonly params?: z.ZodObject
  readonly query?: z.ZodObject
  readonly body?: z.ZodType
  readonly response: z.ZodType
  readonly status: 200 | 201 | 202
  /** Codes of its own, beside those that every operation may answer. */
  readonly errors: readonly ErrorCode[]
}

/** Keeps the precise types of a declaration while checking its shape. */
function operation<const O extends Operation>(declared: O): O {
  return declared
}

/** State of one store as a health check saw it. */
export const Health = z.object({
  status: z.enum(['ok', 'failing']),
  service: z.string(),
  checks: z.array(z.object({ name: z.string(), status: z.enum(['ok', 'failing']), duration_ms: z.number() })),
})
export type Health = z.infer<typeof Health>

function health<const P extends string, const S extends string>(path: P, service: S) {
  return operation({
    id: `${service}.health`,
    method: 'get',
    path,
    tag: 'health',
    summary: `Whether ${service} and its stores answer`,
    access: { kind: 'public' },
    rateClass: 'health',
    idempotencyKey: false,
    response: Health,
    status: 200,
    errors: ['unavailable'],
  })
}

export const SettingsUpdate = z.strictObject({
  version: z.int().min(1).describe('the version you read; a stale one is refused with 409'),
  settings: ProgramSettings,
})

export const DeadLetter = z.object({
  id: z.string(),
  queue: z.string(),
  received_at: z.iso.datetime(),
  attempts: z.int(),
  reason: z.string().describe('what the last attempt failed with; no personal data'),
  summary: z.string().describe('topic or event type, and the ids in it'),
  state: z.enum(['waiting', 'replayed']),
  replayed_at: z.iso.datetime().nullable(),
})
export const DeadLettersPage = z.object({
  dead_letters: z.array(DeadLetter).describe('newest first'),
  next_cursor: z.string().nullable(),
})

export const ProjectionDifference = z.object({
  customer_id: z.uuid(),
  table: z.enum(['points_transactions', 'points_balances', 'reward_redemptions']),
  key: z.string().describe('the row within the customer: a seq, or the id of a redemption'),
  problem: z.enum(['missing', 'extra', 'differs']).describe('as seen from the ledger'),
  fields: z.array(z.string()).describe('which fields differ'),
})
export type ProjectionDifference = z.infer<typeof ProjectionDifference>

export const ProjectionComparison = z.object({
  customers: z.int().describe('how many were compared on this page'),
  entries: z.int().describe('how many ledger entries they have'),
  in_flight: z.int().describe('entries so new that they may still be on their way; not counted as missing'),
  differences: z.array(ProjectionDifference),
  next_after: z.uuid().nullable().describe('`after` of the next page; null: this was the last'),
})
export type ProjectionComparison = z.infer<typeof ProjectionComparison>

export const ShopperSession = z.object({
  token: z.string().describe('send as `Authorization: Bearer …`; lives 15 minutes'),
  expires_at: z.iso.datetime(),
  customer_id: z.uuid().nullable().describe('null: nobody is logged in; the token reads what visitors may see'),
  app: z.url().describe('origin of the API'),
})

const member = (permission: Permission) => ({ kind: 'member' as const, permission, shopper: false })
const memberOrShopper = (permission: Permission) => ({ kind: 'member' as const, permission, shopper: true })
const anyoneOfTheShop = (permission: Permission) => ({ ...memberOrShopper(permission), visitor: true })
const RewardId = z.strictObject({ id: z.uuid() })

const pointsErrors = [
  'customer_not_found',
  'external_id_conflict',
  'idempotency_key_reused',
  'account_merged',
  'points_out_of_range',
] as const

export const OPERATIONS = [
  operation({
    id: 'points.earn',
    method: 'post',
    path: '/v1/api/points/earn',
    tag: 'points',
    summary: 'Grant points to a customer',
    description: 'Either `points`, or an `amount` of money that the earning rule turns into points.',
    access: { kind: 'member', permission: 'points:write', shopper: false },
    rateClass: 'write',
    idempotencyKey: true,
    body: EarnRequest,
    response: PointsWritten,
    status: 200,
    errors: [...pointsErrors, 'currency_mismatch'],
  }),
  operation({
    id: 'points.redeem',
    method: 'post',
    path: '/v1/api/points/redeem',
    tag: 'points',
    summary: 'Spend points of a customer',
    access: { kind: 'member', permission: 'points:write', shopper: false },
    rateClass: 'write',
    idempotencyKey: true,
    body: RedeemRequest,
    response: PointsWritten,
    status: 200,
    errors: [...pointsErrors, 'insufficient_points', 'redemption_limit'],
  }),
  operation({
    id: 'points.adjust',
    method: 'post',
    path: '/v1/api/points/adjust',
    tag: 'points',
    summary: "Correct a customer's balance by hand",
    access: { kind: 'member', permission: 'points:adjust', shopper: false },
    rateClass: 'write',
    idempotencyKey: true,
    body: AdjustRequest,
    response: PointsWritten,
    status: 200,
    errors: [...pointsErrors, 'insufficient_points'],
  }),
  operation({
    id: 'points.balance',
    method: 'get',
    path: '/v1/api/points/balance',
    tag: 'points',
    summary: 'The whole balance of a customer',
    access: { kind: 'member', permission: 'points:read', shopper: true },
    rateClass: 'read',
    idempotencyKey: false,
    query: BalanceQuery,
    response: Balance,
    status: 200,
    errors: ['customer_not_found'],
  }),
  operation({
    id: 'points.transactions',
    method: 'get',
    path: '/v1/api/points/transactions',
    tag: 'points',
    summary: "A customer's ledger entries, newest first, in pages",
    access: { kind: 'member', permission: 'points:read', shopper: true },
    rateClass: 'read',
    idempotencyKey: false,
    query: TransactionsQuery,
    response: TransactionsPage,
    status: 200,
    errors: ['customer_not_found'],
  }),
  operation({
    id: 'points.simulate',
    method: 'post',
    path: '/v1/api/points/simulate',
    tag: 'points',
    summary: 'What a cart would earn',
    description: "By the shop's rule of now. Books nothing.",
    access: anyoneOfTheShop('points:read'),
    rateClass: 'read',
    idempotencyKey: false,
    body: SimulateRequest,
    response: Simulation,
    status: 200,
    errors: ['currency_mismatch', 'points_out_of_range'],
  }),
  operation({
    id: 'rewards.list',
    method: 'get',
    path: '/v1/api/rewards',
    tag: 'rewards',
    summary: 'What points buy, and how a customer stands towards it',
    access: anyoneOfTheShop('rewards:read'),
    rateClass: 'read',
    idempotencyKey: false,
    query: RewardsQuery,
    response: RewardsPage,
    status: 200,
    errors: ['customer_not_found'],
  }),
  operation({
    id: 'rewards.create',
    method: 'post',
    path: '/v1/api/rewards',
    tag: 'rewards',
    summary: 'Create a reward and its discount in the shop',
    description:
      'The reward is stored even when the shop does not answer; `discount.state` says whether it can be redeemed already.',
    access: member('rewards:write'),
    rateClass: 'settings_write',
    idempotencyKey: true,
    body: RewardInput,
    response: Reward,
    status: 201,
    errors: ['idempotency_key_reused', 'reward_limit'],
  }),
  operation({
    id: 'rewards.get',
    method: 'get',
    path: '/v1/api/rewards/{id}',
    tag: 'rewards',
    summary: 'One reward',
    access: member('rewards:read'),
    rateClass: 'read',
    idempotencyKey: false,
    params: RewardId,
    response: Reward,
    status: 200,
    errors: ['not_found'],
  }),
  operation({
    id: 'rewards.update',
    method: 'put',
    path: '/v1/api/rewards/{id}',
    tag: 'rewards',
    summary: 'Replace a reward',
    description: 'Codes issued before keep what they were worth. The type of value and the kind of cost stay.',
    access: member('rewards:write'),
    rateClass: 'settings_write',
    idempotencyKey: true,
    params: RewardId,
    body: RewardUpdate,
    response: Reward,
    status: 200,
    errors: ['idempotency_key_reused', 'not_found', 'version_conflict', 'reward_changed'],
  }),
  operation({
    id: 'rewards.archive',
    method: 'delete',
    path: '/v1/api/rewards/{id}',
    tag: 'rewards',
    summary: 'Take a reward away',
    description: 'Nobody redeems it any more; codes issued before still work. Harmless to repeat.',
    access: member('rewards:write'),
    rateClass: 'settings_write',
    idempotencyKey: true,
    params: RewardId,
    response: Reward,
    status: 200,
    errors: ['idempotency_key_reused', 'not_found'],
  }),
  operation({
    id: 'rewards.redeem',
    method: 'post',
    path: '/v1/api/rewards/{id}/redeem',
    tag: 'rewards',
    summary: 'Turn points into a code',
    description:
      'Answers within a few seconds, whatever the shop does: `issued` with the code, or `pending`: the points are held, the code is being made, and the live stream says when it is there. The same Idempotency-Key answers with the redemption as it stands by then.',
    access: memberOrShopper('rewards:write'),
    rateClass: 'write',
    idempotencyKey: true,
    params: RewardId,
    body: RedeemRewardRequest,
    response: Redemption,
    status: 200,
    errors: [
      'idempotency_key_reused',
      'not_found',
      'customer_not_found',
      'account_merged',
      'insufficient_points',
      'points_out_of_range',
      'reward_unavailable',
      'reward_limit',
      'shop_not_connected',
    ],
  }),
  operation({
    id: 'rewards.redemptions',
    method: 'get',
    path: '/v1/api/redemptions',
    tag: 'rewards',
    summary: 'Redemptions and their codes, newest first, in pages',
    description: "A customer's are as of now; those of all customers may lag behind by seconds.",
    access: memberOrShopper('rewards:read'),
    rateClass: 'read',
    idempotencyKey: false,
    query: RedemptionsQuery,
    response: RedemptionsPage,
    status: 200,
    errors: ['customer_not_found'],
  }),
  operation({
    id: 'rewards.redemption',
    method: 'get',
    path: '/v1/api/redemptions/{id}',
    tag: 'rewards',
    summary: 'One redemption',
    access: memberOrShopper('rewards:read'),
    rateClass: 'read',
    idempotencyKey: false,
    params: RewardId,
    query: z.strictObject({ customer_id: CustomerRef.optional().describe('needed with an API key') }),
    response: Redemption,
    status: 200,
    errors: ['not_found', 'customer_not_found'],
  }),
  operation({
    id: 'rewards.cancel',
    method: 'post',
    path: '/v1/api/redemptions/{id}/cancel',
    tag: 'rewards',
    summary: 'Give an unused code back',
    description:
      'The code is deleted in the shop; the points come back where the reward says so. Shoppers may do it only then.',
    access: memberOrShopper('rewards:write'),
    rateClass: 'write',
    idempotencyKey: true,
    params: RewardId,
    body: z.strictObject({ customer_id: CustomerRef.optional().describe('needed with an API key') }),
    response: Redemption,
    status: 200,
    errors: ['idempotency_key_reused', 'not_found', 'customer_not_found', 'redemption_closed', 'reward_unavailable'],
  }),
  operation({
    id: 'points.streamTicket',
    method: 'post',
    path: '/v1/api/points/stream/ticket',
    tag: 'points',
    summary: 'A single-use ticket for the live stream',
    description:
      'Open the returned `url` as a WebSocket within 30 seconds, from the same origin. The current balance comes at once, every change after it.',
    access: { kind: 'shopper' },
    rateClass: 'session',
    idempotencyKey: false,
    response: StreamTicket,
    status: 200,
    errors: ['origin_not_allowed'],
  }),
  operation({
    id: 'core.getSettings',
    method: 'get',
    path: '/v1/api/core/settings',
    tag: 'core',
    summary: 'The program settings and their version',
    access: { kind: 'member', permission: 'settings:read', shopper: false },
    rateClass: 'read',
    idempotencyKey: false,
    response: VersionedSettings,
    status: 200,
    errors: [],
  }),
  operation({
    id: 'core.updateSettings',
    method: 'put',
    path: '/v1/api/core/settings',
    tag: 'core',
    summary: 'Replace the program settings',
    description: 'Entries booked before keep the rule they were booked by.',
    access: { kind: 'member', permission: 'settings:write', shopper: false },
    rateClass: 'settings_write',
    idempotencyKey: true,
    body: SettingsUpdate,
    response: VersionedSettings,
    status: 200,
    errors: ['version_conflict', 'idempotency_key_reused', 'currency_mismatch'],
  }),
  operation({
    id: 'core.program',
    method: 'get',
    path: '/v1/api/core/program',
    tag: 'core',
    summary: 'What a storefront page needs to know of the program',
    description: 'May be a minute old.',
    access: anyoneOfTheShop('settings:read'),
    rateClass: 'read',
    idempotencyKey: false,
    response: StorefrontProgram,
    status: 200,
    errors: [],
  }),
  operation({
    id: 'auth.connectShop',
    method: 'post',
    path: '/v1/api/auth/shopify/connect',
    tag: 'auth',
    summary: "Give LoyalNest access to the shop's Admin API",
    description:
      "Sent by the embedded app with App Bridge's session token, which is exchanged for an expiring offline token. Harmless to repeat.",
    access: { kind: 'session_token' },
    rateClass: 'session',
    idempotencyKey: false,
    response: z.object({ connected: z.literal(true), scopes: z.array(z.string()) }),
    status: 200,
    errors: ['credentials_required', 'credentials_invalid', 'session_token_invalid', 'shop_unknown', 'unavailable'],
  }),
  operation({
    id: 'auth.shopperSession',
    method: 'get',
    path: '/proxy/session',
    tag: 'auth',
    summary: "A token for a storefront page, for Shopify's app proxy only",
    description: 'The storefront calls `/apps/loyalnest/session`; Shopify signs and forwards it here.',
    access: { kind: 'proxy' },
    rateClass: 'session',
    idempotencyKey: false,
    response: ShopperSession,
    status: 200,
    errors: ['signature_invalid', 'shop_unknown'],
  }),
  operation({
    id: 'adminCore.listDeadLetters',
    method: 'get',
    path: '/admin/v1/dead-letters',
    tag: 'admin-core',
    summary: 'Messages that could not be processed',
    access: { kind: 'member', permission: 'operations:read', shopper: false },
    rateClass: 'operations',
    idempotencyKey: false,
    query: z.strictObject({
      cursor: z.string().max(64).optional(),
      limit: z.coerce.number().int().min(1).max(100).default(25),
      state: z.enum(['waiting', 'replayed']).optional(),
    }),
    response: DeadLettersPage,
    status: 200,
    errors: [],
  }),
  operation({
    id: 'adminCore.replayDeadLetter',
    method: 'post',
    path: '/admin/v1/dead-letters/{id}/replay',
    tag: 'admin-core',
    summary: 'Put a dead letter back on its queue',
    description: 'Harmless to repeat: every consumer applies a message once.',
    access: { kind: 'member', permission: 'operations:write', shopper: false },
    rateClass: 'operations',
    idempotencyKey: true,
    params: z.strictObject({ id: z.string().min(1).max(64) }),
    response: DeadLetter,
    status: 202,
    errors: ['idempotency_key_reused', 'not_found'],
  }),
  operation({
    id: 'adminCore.compareProjections',
    method: 'post',
    path: '/admin/v1/projections/compare',
    tag: 'admin-core',
    summary: 'Compare the projections in Postgres with the ledgers',
    description: 'One page of customers a call. Changes nothing.',
    access: { kind: 'member', permission: 'operations:write', shopper: false },
    rateClass: 'operations',
    idempotencyKey: false,
    body: z.strictObject({
      after: z.uuid().nullable().default(null).describe('`next_after` of the page before'),
      limit: z.int().min(1).max(100).default(25).describe('customers a page'),
    }),
    response: ProjectionComparison,
    status: 200,
    errors: [],
  }),
  operation({
    id: 'adminCore.rebuildProjections',
    method: 'post',
    path: '/admin/v1/projections/rebuild',
    tag: 'admin-core',
    summary: 'Write the projections in Postgres anew from the ledgers',
    description: 'Runs in the background, customer by customer. Harmless to repeat.',
    access: { kind: 'member', permission: 'operations:write', shopper: false },
    rateClass: 'operations',
    idempotencyKey: true,
    response: z.object({ queued: z.literal(true) }),
    status: 202,
    errors: ['idempotency_key_reused'],
  }),
  health('/health', 'gateway'),
  health('/v1/api/core/health', 'core'),
  health('/v1/api/auth/health', 'auth'),
  health('/v1/api/points/health', 'points'),
  health('/v1/api/events/health', 'events'),
  health('/admin/core/health', 'admin-core'),
] as const

/** Shopify's webhooks, one operation a topic; their bodies are Shopify's. */
export const WEBHOOK_OPERATIONS = WEBHOOK_TOPICS.map((topic) =>
  operation({
    id: `webhooks.${topic}`,
    method: 'post',
    path: `/v1/api/webhooks/${topic}`,
    tag: 'webhooks',
    summary: `Shopify's ${topic}`,
    access: { kind: 'webhook' },
    rateClass: 'webhook',
    idempotencyKey: false,
    body: z.looseObject({}),
    response: z.object({ received: z.literal(true) }),
    status: 200,
    errors: ['signature_invalid', 'shop_unknown', 'topic_mismatch', 'payload_too_large'],
  }),
)

/** Declared operations by id. */
export type OperationId = (typeof OPERATIONS)[number]['id']
