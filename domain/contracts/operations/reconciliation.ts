import { z } from 'zod'
import { member, operation } from './operation.ts'

const count = z.int().min(0)

/** One run that asked Shopify for orders. */
export const Reconciliation = z.object({
  id: z.uuid(),
  kind: z
    .enum(['reconcile', 'backfill'])
    .describe('reconcile: what changed since the last run; backfill: history, by a bulk operation'),
  state: z.enum(['waiting', 'running', 'done', 'failed']),
  from: z.iso.datetime().describe('orders updated (backfill: created) since'),
  until: z.iso.datetime(),
  orders_total: count.nullable().describe('as Shopify counts them; null: not known yet'),
  orders_seen: count,
  orders_missing: count.describe('that should have earned and had not: booked now'),
  refunds_missing: count.describe('refunds that were not booked: booked now'),
  cancellations_missing: count,
  edits_missing: count.describe('orders whose items were changed without our knowing'),
  points_booked: z.int().describe('net effect of what was missing'),
  refused: count.describe('orders that a ledger would not take; the log says why'),
  started_at: z.iso.datetime(),
  finished_at: z.iso.datetime().nullable(),
  problem: z.string().nullable().describe('why it failed or waits, in a sentence'),
})
export type Reconciliation = z.infer<typeof Reconciliation>

/** Asking Shopify for what its webhooks may not have told. */
export const RECONCILIATION_OPERATIONS = [
  operation({
    id: 'adminCore.startReconciliation',
    method: 'post',
    path: '/admin/v1/reconciliations',
    tag: 'admin-core',
    summary: 'Ask Shopify for orders now',
    description:
      'Runs in the background; one of a kind at a time. What is in the books already changes nothing. A reconciliation also runs every hour by itself, a backfill when the shop is connected.',
    access: member('operations:write'),
    rateClass: 'operations',
    idempotencyKey: true,
    body: z.strictObject({
      kind: z.enum(['reconcile', 'backfill']),
      from: z.iso
        .datetime()
        .optional()
        .describe('default, and at the latest: where the last run ended; of a backfill: as the settings say'),
    }),
    response: Reconciliation,
    status: 202,
    errors: ['idempotency_key_reused', 'already_running', 'shop_not_connected'],
  }),
  operation({
    id: 'adminCore.listReconciliations',
    method: 'get',
    path: '/admin/v1/reconciliations',
    tag: 'admin-core',
    summary: 'What such runs found, newest first',
    access: member('operations:read'),
    rateClass: 'operations',
    idempotencyKey: false,
    query: z.strictObject({
      cursor: z.string().max(128).optional(),
      limit: z.coerce.number().int().min(1).max(100).default(25),
    }),
    response: z.object({ reconciliations: z.array(Reconciliation), next_cursor: z.string().nullable() }),
    status: 200,
    errors: [],
  }),
] as const
