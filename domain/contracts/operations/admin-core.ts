import { z } from 'zod'
import { member, operation } from './operation.ts'

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
  table: z.enum(['points_transactions', 'points_balances', 'points_lots', 'reward_redemptions', 'customers']),
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

export const ADMIN_CORE_OPERATIONS = [
  operation({
    id: 'adminCore.listDeadLetters',
    method: 'get',
    path: '/admin/v1/dead-letters',
    tag: 'admin-core',
    summary: 'Messages that could not be processed',
    access: member('operations:read'),
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
    access: member('operations:write'),
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
    access: member('operations:write'),
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
    access: member('operations:write'),
    rateClass: 'operations',
    idempotencyKey: true,
    response: z.object({ queued: z.literal(true) }),
    status: 202,
    errors: ['idempotency_key_reused'],
  }),
] as const
