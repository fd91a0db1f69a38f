import { z } from 'zod'
import { CustomerRef } from '../ids.ts'
import { DecimalString } from '../money.ts'
import { member, operation } from './operation.ts'

const points = z.int().min(0)

/** What is wrong with one ledger. */
export const LedgerFinding = z.object({
  customer_id: z.uuid(),
  invariant: z
    .int()
    .min(1)
    .max(20)
    .nullable()
    .describe('its number in docs/reliability.md; null: the ledger could not be read'),
  seq: z.int().min(1).nullable().describe('the first entry that it shows at'),
  detail: z.string(),
})
export type LedgerFinding = z.infer<typeof LedgerFinding>

/** One customer's ledger, read from its first entry to its last. */
export const LedgerVerification = z.object({
  customer_id: z.uuid(),
  entries: points,
  first_hash: z.string().nullable(),
  last_hash: z.string().nullable().describe('write it down elsewhere: no entry before it can change unseen any more'),
  state_matches: z.boolean().describe('the stored balance, lots, holds and pending points are the fold of the entries'),
  findings: z.array(LedgerFinding),
  verified_at: z.iso.datetime(),
})
export type LedgerVerification = z.infer<typeof LedgerVerification>

/** A run of work over all customers of a shop. */
export const LedgerRun = z.object({
  id: z.uuid(),
  kind: z.enum(['verify', 'rebuild']),
  state: z.enum(['running', 'done', 'failed']),
  customers_total: points.describe('as known when it began'),
  customers_done: points,
  entries: points,
  repaired: points.describe('rebuild: accounts whose stored state was not the fold of their entries'),
  findings: z.array(LedgerFinding).describe('at most the first 100'),
  findings_total: points,
  started_at: z.iso.datetime(),
  started_by: z.string(),
  finished_at: z.iso.datetime().nullable(),
  problem: z.string().nullable(),
})
export type LedgerRun = z.infer<typeof LedgerRun>

/** What the shop owes its customers. Points; `amount` beside them at the value that was asked for. */
export const LiabilityReport = z.object({
  as_of: z.iso.datetime(),
  customers: points.describe('with points, pending points or debt'),
  outstanding: points.describe('spendable or held, after debts: Σ of positive balances'),
  held: points,
  pending: points.describe('not in outstanding yet'),
  debt: points.describe('owed by customers; not taken off outstanding'),
  of_deleted_customers: points.describe('part of outstanding whose customer was deleted in the shop'),
  by_expiry_month: z
    .array(
      z.object({
        month: z.string().nullable().describe("YYYY-MM in the shop's time zone; null: no fixed day"),
        points,
        amount: z.string().nullable(),
      }),
    )
    .describe('what is left of lots, by when they end, soonest first'),
  breakage: z.object({
    months: points.describe('how many past months were looked at'),
    granted: points,
    expired: points,
    rate: z
      .number()
      .min(0)
      .max(1)
      .nullable()
      .describe(
        'expired / granted over lots that have come to an end: their day has passed, or they had none and are used up; null: none has',
      ),
    expected_to_expire: points.describe('outstanding points with an end × rate, rounded down'),
    by_month: z.array(
      z.object({ month: z.string(), granted: points, redeemed: points, expired: points, clawed_back: points }),
    ),
  }),
  currency: z.string().nullable(),
  point_value: z.string().nullable(),
  outstanding_amount: z.string().nullable(),
})
export type LiabilityReport = z.infer<typeof LiabilityReport>

/** The auditor's tools. */
export const LEDGER_OPERATIONS = [
  operation({
    id: 'adminCore.verifyLedger',
    method: 'get',
    path: '/admin/v1/ledgers/{customer_id}/verify',
    tag: 'admin-core',
    summary: "Verify one customer's ledger",
    description:
      'Reads every entry: the hash chain, all invariants, and the stored state against the fold of the entries. Changes nothing.',
    access: member('ledger:audit'),
    rateClass: 'operations',
    idempotencyKey: false,
    params: z.strictObject({ customer_id: CustomerRef }),
    response: LedgerVerification,
    status: 200,
    errors: ['customer_not_found'],
  }),
  operation({
    id: 'adminCore.startLedgerRun',
    method: 'post',
    path: '/admin/v1/ledgers/runs',
    tag: 'admin-core',
    summary: 'Verify, or rebuild, all ledgers of the shop',
    description:
      'rebuild: stored states anew from the entries, where they differ, then the projections. Runs in the background; one of a kind at a time.',
    access: member('ledger:audit'),
    rateClass: 'operations',
    idempotencyKey: true,
    body: z.strictObject({ kind: z.enum(['verify', 'rebuild']) }),
    response: LedgerRun,
    status: 202,
    errors: ['idempotency_key_reused', 'already_running'],
  }),
  operation({
    id: 'adminCore.ledgerRun',
    method: 'get',
    path: '/admin/v1/ledgers/runs/{id}',
    tag: 'admin-core',
    summary: 'How far a run over all ledgers is',
    access: member('ledger:audit'),
    rateClass: 'operations',
    idempotencyKey: false,
    params: z.strictObject({ id: z.uuid() }),
    response: LedgerRun,
    status: 200,
    errors: ['not_found'],
  }),
  operation({
    id: 'adminCore.liability',
    method: 'get',
    path: '/admin/v1/points/liability',
    tag: 'admin-core',
    summary: 'The points-liability report',
    description:
      'What is outstanding, when it ends, and what ended unspent before. From the projections: seconds behind the ledgers.',
    access: member('ledger:audit'),
    rateClass: 'operations',
    idempotencyKey: false,
    query: z.strictObject({
      months: z.coerce.number().int().min(1).max(60).default(12).describe('past months to look at'),
      point_value: DecimalString.refine((text) => !text.startsWith('-'), 'must not be negative')
        .optional()
        .describe("what one point is worth, in the shop's currency"),
    }),
    response: LiabilityReport,
    status: 200,
    errors: [],
  }),
] as const
