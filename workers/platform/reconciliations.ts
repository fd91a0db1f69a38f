import { z } from 'zod'
import type { JobMessage } from '../../domain/contracts/jobs.ts'
import { Reconciliation } from '../../domain/contracts/operations/reconciliation.ts'

/**
 * Runs that ask Shopify for orders, in D1 `CONTROL`. A row says where its run is, so that whoever comes next goes on from
 * there; a lease keeps two steps from being done at once.
 */

/** Orders of the last minutes are asked for again by the next run: Shopify's search learns of a change a moment later. */
const OVERLAP_MS = 15 * 60_000
/** A step that has not been heard of for so long is dead. */
const LEASE_MS = 40_000

export const Counts = Reconciliation.pick({
  orders_total: true,
  orders_seen: true,
  orders_missing: true,
  refunds_missing: true,
  cancellations_missing: true,
  edits_missing: true,
  points_booked: true,
  refused: true,
})
export type Counts = z.infer<typeof Counts>

const NOTHING: Counts = {
  orders_total: null,
  orders_seen: 0,
  orders_missing: 0,
  refunds_missing: 0,
  cancellations_missing: 0,
  edits_missing: 0,
  points_booked: 0,
  refused: 0,
}

const Row = z.object({
  id: z.uuid(),
  merchant_id: z.uuid(),
  kind: z.enum(['reconcile', 'backfill']),
  state: z.enum(['waiting', 'running', 'done', 'failed']),
  from_ms: z.int(),
  until_ms: z.int(),
  cursor: z.string().nullable(),
  bulk_operation_gid: z.string().nullable(),
  lease: z.int(),
  lease_ends_at_ms: z.int(),
  counts: z.string().transform((text) => Counts.parse(JSON.parse(text))),
  started_at_ms: z.int(),
  finished_at_ms: z.int().nullable(),
  problem: z.string().nullable(),
})
/** A run as its row has it. `cursor`: of the page, or the next byte of the history's file. */
export type Run = z.infer<typeof Row>

/** What a step changes of its run. */
export type RunChange = Partial<
  Pick<Run, 'state' | 'cursor' | 'bulk_operation_gid' | 'counts' | 'finished_at_ms' | 'problem'>
>

/** What to begin. */
export interface RunStart {
  readonly id: string
  readonly merchantId: string
  readonly kind: Run['kind']
  readonly fromMs: number
  readonly untilMs: number
  readonly nowMs: number
}

async function insertRun(env: Env, start: RunStart): Promise<boolean> {
  const { id, merchantId, kind, fromMs, untilMs, nowMs } = start
  const inserted = await env.CONTROL.prepare(
    `INSERT INTO reconciliations (id, merchant_id, kind, state, from_ms, until_ms, counts, started_at_ms)
     VALUES (?1, ?2, ?3, 'running', ?4, ?5, ?6, ?7) ON CONFLICT DO NOTHING RETURNING id`,
  )
    .bind(id, merchantId, kind, fromMs, untilMs, JSON.stringify(NOTHING), nowMs)
    .first()
  return inserted !== null
}

/** The job of a run's next step: each step takes a lease, and so has a number. */
export function stepJob({ merchant_id, id, lease }: Pick<Run, 'merchant_id' | 'id' | 'lease'>): JobMessage {
  return { job: 'reconcile', merchant_id, run_id: id, step: lease }
}

/** Enters a run and sends its first step on its way; false: one of this kind is under way in this shop. */
export async function startRun(env: Env, start: RunStart): Promise<boolean> {
  const isNew = await insertRun(env, start)
  if (isNew) await env.JOBS.send(stepJob({ merchant_id: start.merchantId, id: start.id, lease: 0 }))
  return isNew
}

/** Begins a reconciliation where the last one ended, after a push for the runs that are under way. */
export async function reconcileSince(env: Env, merchantId: string, untilMs: number, nowMs: number): Promise<void> {
  const fromMs = await nextFromMs(env, merchantId)
  if (fromMs === undefined || fromMs >= untilMs) return
  await resumeRuns(env, merchantId)
  await startRun(env, { id: crypto.randomUUID(), merchantId, kind: 'reconcile', fromMs, untilMs, nowMs })
}

/** From when on a reconciliation has to ask: a bit before the last one's end; at first, when the shop was installed. */
export async function nextFromMs(env: Env, merchantId: string): Promise<number | undefined> {
  const row = await env.CONTROL.prepare(
    `SELECT coalesce((SELECT max(until_ms) - ?2 FROM reconciliations
       WHERE merchant_id = ?1 AND kind = 'reconcile' AND state = 'done'), installed_at_ms) AS from_ms
     FROM shops WHERE merchant_id = ?1`,
  )
    .bind(merchantId, OVERLAP_MS)
    .first('from_ms')
  return z.int().nullable().parse(row) ?? undefined
}

/** Puts all runs of a shop that are not at their end on the queue, whatever they wait for. */
export async function resumeRuns(env: Env, merchantId: string): Promise<void> {
  const { results } = await env.CONTROL.prepare(
    `SELECT * FROM reconciliations WHERE merchant_id = ?1 AND state IN ('waiting', 'running')`,
  )
    .bind(merchantId)
    .all()
  for (const run of z.array(Row).parse(results)) await env.JOBS.send(stepJob(run))
}

/**
 * Takes the next step of a run. `over`: there is none, or somebody else is at it or was there before. `waitMs`: for so
 * long an earlier attempt of this very step may still be under way.
 */
export async function leaseRun(
  env: Env,
  merchantId: string,
  runId: string,
  step: number,
  nowMs: number,
): Promise<Run | 'over' | { readonly waitMs: number }> {
  const run = await findRun(env, merchantId, runId)
  if (run === undefined || run.state === 'done' || run.state === 'failed') return 'over'
  // A step that was taken and never ended was this message's, before it was delivered again.
  const isNext = step === run.lease || (step === run.lease - 1 && run.lease_ends_at_ms !== 0)
  if (!isNext) return 'over'
  if (run.lease_ends_at_ms > nowMs) return { waitMs: run.lease_ends_at_ms - nowMs }
  const taken = await env.CONTROL.prepare(
    `UPDATE reconciliations SET lease = lease + 1, lease_ends_at_ms = ?4, state = 'running', problem = NULL
     WHERE merchant_id = ?1 AND id = ?2 AND lease = ?3 AND state IN ('waiting', 'running') RETURNING *`,
  )
    .bind(merchantId, runId, run.lease, nowMs + LEASE_MS)
    .first()
  return taken === null ? 'over' : Row.parse(taken)
}

/**
 * Writes down how far a leased step got. False: the lease is somebody else's by now. `isLast`: the step ends with it.
 */
export async function saveStep(
  env: Env,
  run: Run,
  change: RunChange,
  nowMs: number,
  isLast: boolean,
): Promise<boolean> {
  const next = { ...run, ...change }
  const saved = await env.CONTROL.prepare(
    `UPDATE reconciliations SET state = ?4, cursor = ?5, bulk_operation_gid = ?6, counts = ?7, finished_at_ms = ?8,
       problem = ?9, lease_ends_at_ms = ?10
     WHERE merchant_id = ?1 AND id = ?2 AND lease = ?3 RETURNING id`,
  )
    .bind(
      run.merchant_id,
      run.id,
      run.lease,
      next.state,
      next.cursor,
      next.bulk_operation_gid,
      JSON.stringify(next.counts),
      next.finished_at_ms,
      next.problem,
      isLast ? 0 : nowMs + LEASE_MS,
    )
    .first()
  return saved !== null
}

/** Gives up a step that failed, so that its message may take it again at once. */
export async function abandonStep(env: Env, { merchant_id: merchantId, id, lease }: Run): Promise<void> {
  await env.CONTROL.prepare(
    'UPDATE reconciliations SET lease_ends_at_ms = 1 WHERE merchant_id = ?1 AND id = ?2 AND lease = ?3',
  )
    .bind(merchantId, id, lease)
    .run()
}

export async function findRun(env: Env, merchantId: string, runId: string): Promise<Run | undefined> {
  const row = await env.CONTROL.prepare('SELECT * FROM reconciliations WHERE merchant_id = ?1 AND id = ?2')
    .bind(merchantId, runId)
    .first()
  return row === null ? undefined : Row.parse(row)
}

/** The run that waits for a bulk operation. */
export async function runOfBulkOperation(env: Env, merchantId: string, gid: string): Promise<Run | undefined> {
  const row = await env.CONTROL.prepare(
    `SELECT * FROM reconciliations WHERE merchant_id = ?1 AND bulk_operation_gid = ?2 AND state IN ('waiting', 'running')`,
  )
    .bind(merchantId, gid)
    .first()
  return row === null ? undefined : Row.parse(row)
}

/** Runs before a place, the newest first. */
export async function listRuns(
  env: Env,
  merchantId: string,
  before: { readonly startedAtMs: number; readonly id: string } | undefined,
  limit: number,
): Promise<readonly Run[]> {
  const { results } = await env.CONTROL.prepare(
    `SELECT * FROM reconciliations WHERE merchant_id = ?1 AND (?2 IS NULL OR (started_at_ms, id) < (?2, ?3))
     ORDER BY started_at_ms DESC, id DESC LIMIT ?4`,
  )
    .bind(merchantId, before?.startedAtMs ?? null, before?.id ?? null, limit)
    .all()
  return z.array(Row).parse(results)
}

/**
 * From when on orders earn: those made before the app was installed only as far back as history was asked for since then.
 * Others are known at most by their refunds; so are those that were made while the app was away.
 */
export async function earnsFromMs(env: Env, merchantId: string): Promise<number> {
  const row = await env.CONTROL.prepare(
    `SELECT min(installed_at_ms, coalesce((SELECT min(from_ms) FROM reconciliations
       WHERE merchant_id = ?1 AND kind = 'backfill' AND started_at_ms >= shops.installed_at_ms), installed_at_ms)) AS from_ms
     FROM shops WHERE merchant_id = ?1`,
  )
    .bind(merchantId)
    .first('from_ms')
  return z.int().parse(row)
}

const DAY_MS = 24 * 3_600_000

/**
 * Begins to read a shop's history once an installation, as far back as its settings say: for whoever has just got access
 * to the shop.
 */
export async function backfillOnce(env: Env, merchantId: string, earnDays: number, nowMs: number): Promise<void> {
  if (earnDays === 0) return
  const known = await env.CONTROL.prepare(
    `SELECT 1 FROM reconciliations WHERE merchant_id = ?1 AND kind = 'backfill'
     AND started_at_ms >= (SELECT installed_at_ms FROM shops WHERE merchant_id = ?1) LIMIT 1`,
  )
    .bind(merchantId)
    .first()
  if (known !== null) return
  const id = crypto.randomUUID()
  const fromMs = nowMs - earnDays * DAY_MS
  await startRun(env, { id, merchantId, kind: 'backfill', fromMs, untilMs: nowMs, nowMs })
}

function iso(atMs: number): string {
  return new Date(atMs).toISOString()
}

/** The run as the API shows it. */
export function toReconciliation(run: Run): Reconciliation {
  const { id, kind, state, counts, problem } = run
  return {
    id,
    kind,
    state,
    from: iso(run.from_ms),
    until: iso(run.until_ms),
    ...counts,
    started_at: iso(run.started_at_ms),
    finished_at: run.finished_at_ms === null ? null : iso(run.finished_at_ms),
    problem,
  }
}
