import { z } from 'zod'
import { LedgerFinding, type LedgerRun } from '../../domain/contracts/operations/ledgers.ts'

/** Runs of the auditor over all ledgers of a shop, in D1 `CONTROL.ledger_runs`. The work itself is a job on the queue. */

/** How many findings a run keeps; all are counted. */
const FINDINGS_KEPT = 100

export type RunKind = LedgerRun['kind']

/** A run, and where it is. */
export interface StoredRun extends LedgerRun {
  /** The customer that it got to; null: none yet. */
  readonly after: string | null
  readonly movedAtMs: number
}

const Row = z
  .object({
    id: z.string(),
    kind: z.enum(['verify', 'rebuild']),
    state: z.enum(['running', 'done', 'failed']),
    customers_total: z.int(),
    customers_done: z.int(),
    entries: z.int(),
    repaired: z.int(),
    findings: z.string().transform((text) => z.array(LedgerFinding).parse(JSON.parse(text))),
    findings_total: z.int(),
    after: z.string().nullable(),
    moved_at_ms: z.int(),
    started_at_ms: z.int(),
    started_by: z.string(),
    finished_at_ms: z.int().nullable(),
    problem: z.string().nullable(),
  })
  .transform(
    ({ moved_at_ms: movedAtMs, started_at_ms: startedAtMs, finished_at_ms: finishedAtMs, ...row }): StoredRun => ({
      ...row,
      started_at: new Date(startedAtMs).toISOString(),
      finished_at: finishedAtMs === null ? null : new Date(finishedAtMs).toISOString(),
      movedAtMs,
    }),
  )

/** A run as callers see it. */
export function runOf({ after: _after, movedAtMs: _movedAtMs, ...run }: StoredRun): LedgerRun {
  return run
}

/** What is known of a run before it begins. */
export interface NewRun {
  readonly id: string
  readonly kind: RunKind
  readonly customersTotal: number
  readonly by: string
  readonly nowMs: number
}

/**
 * Makes the row of a new run.
 * @throws `UNIQUE constraint failed` where one of its kind is running.
 */
export async function insertRun(env: Env, merchantId: string, run: NewRun): Promise<void> {
  const { id, kind, customersTotal, by, nowMs } = run
  await env.CONTROL.prepare(
    `INSERT INTO ledger_runs (id, merchant_id, kind, state, customers_total, moved_at_ms, started_at_ms, started_by)
     VALUES (?1, ?2, ?3, 'running', ?4, ?5, ?5, ?6)`,
  )
    .bind(id, merchantId, kind, customersTotal, nowMs, by)
    .run()
}

/** One run of the merchant, or undefined. */
export async function findRun(env: Env, merchantId: string, id: string): Promise<StoredRun | undefined> {
  const row = await env.CONTROL.prepare('SELECT * FROM ledger_runs WHERE merchant_id = ?1 AND id = ?2')
    .bind(merchantId, id)
    .first()
  return row === null ? undefined : Row.parse(row)
}

/** The run of this kind that the merchant has going, or undefined. */
export async function runningRun(env: Env, merchantId: string, kind: RunKind): Promise<StoredRun | undefined> {
  const row = await env.CONTROL.prepare(
    "SELECT * FROM ledger_runs WHERE merchant_id = ?1 AND kind = ?2 AND state = 'running'",
  )
    .bind(merchantId, kind)
    .first()
  return row === null ? undefined : Row.parse(row)
}

/** What one page of customers came to. */
export interface PageCounts {
  /** Where the page ended: the next one begins after it. */
  readonly upTo: string | null
  readonly customers: number
  readonly entries: number
  readonly repaired: number
  readonly findings: readonly LedgerFinding[]
  readonly isLast: boolean
}

/** Counts a page that began where the run was. False: the run has gone on, or is over, and nothing is counted. */
export async function countPage(
  env: Env,
  merchantId: string,
  run: StoredRun,
  page: PageCounts,
  nowMs: number,
): Promise<boolean> {
  const findings = [...run.findings, ...page.findings].slice(0, FINDINGS_KEPT)
  const { meta } = await env.CONTROL.prepare(
    `UPDATE ledger_runs SET customers_done = customers_done + ?4, entries = entries + ?5, repaired = repaired + ?6,
       findings = ?7, findings_total = findings_total + ?8, after = ?9, moved_at_ms = ?10,
       state = ?11, finished_at_ms = ?12
     WHERE merchant_id = ?1 AND id = ?2 AND state = 'running' AND after IS ?3`,
  )
    .bind(
      merchantId,
      run.id,
      run.after,
      page.customers,
      page.entries,
      page.repaired,
      JSON.stringify(findings),
      page.findings.length,
      page.upTo,
      nowMs,
      page.isLast ? 'done' : 'running',
      page.isLast ? nowMs : null,
    )
    .run()
  return meta.changes === 1
}

/** Ends a run that cannot go on. */
export async function failRun(env: Env, merchantId: string, id: string, problem: string, nowMs: number): Promise<void> {
  await env.CONTROL.prepare(
    `UPDATE ledger_runs SET state = 'failed', problem = ?3, finished_at_ms = ?4
     WHERE merchant_id = ?1 AND id = ?2 AND state = 'running'`,
  )
    .bind(merchantId, id, problem, nowMs)
    .run()
}
