import { z } from 'zod'
import { type Refusal, refuse } from '../../../domain/contracts/errors.ts'
import type { CustomerRef } from '../../../domain/contracts/ids.ts'
import type { JobMessage } from '../../../domain/contracts/jobs.ts'
import type { LedgerRun, LedgerVerification } from '../../../domain/contracts/operations/ledgers.ts'
import type { IdempotencyClaim } from '../../../durable-objects/kernel/protocol.ts'
import { callAccount, targetAccount, unknownCustomer } from '../../platform/account.ts'
import { idOfClaim, isTaken } from '../../platform/claims.ts'
import type { Caller } from '../../platform/handler.ts'
import {
  findRun,
  insertRun,
  type NewRun,
  type RunKind,
  runningRun,
  runOf,
  type StoredRun,
} from '../../platform/ledger-runs.ts'
import { neonBatch, sql } from '../../platform/neon.ts'

/** Longer than any page takes, with all its attempts but the last: a run that stood still for so long lost its job. */
const STANDSTILL_MS = 30 * 60_000

const Counted = z.tuple([z.tuple([z.object({ count: z.coerce.number().pipe(z.int()) })])])

/** Reads one customer's ledger from end to end and says what is wrong with it. */
export async function verifyLedger(
  env: Env,
  caller: Caller,
  customer: CustomerRef,
  nowMs: number,
): Promise<{ readonly ok: true; readonly body: LedgerVerification } | Refusal> {
  const target = targetAccount(caller, customer)
  if (!target.ok) return target
  const { ref, mustExist } = target
  const audit = await callAccount(env, ref, (stub) => stub.audit(ref))
  if (audit === null && mustExist) return unknownCustomer()
  const { customerId } = ref
  const body: LedgerVerification = {
    customer_id: customerId,
    entries: audit?.entries ?? 0,
    first_hash: audit?.firstHash ?? null,
    last_hash: audit?.lastHash ?? null,
    state_matches: audit?.stateMatches ?? true,
    findings: (audit?.findings ?? []).map(({ invariant, seq, detail }) => ({
      customer_id: customerId,
      invariant,
      seq,
      detail,
    })),
    verified_at: new Date(nowMs).toISOString(),
  }
  return { ok: true, body }
}

/** Who starts a run, under which key. */
export interface RunStart {
  readonly kind: RunKind
  readonly by: string
  readonly claim: IdempotencyClaim
  readonly nowMs: number
}

/**
 * Starts a run over all ledgers of the shop. The run's id comes from the request's key, so that a start which was cut short
 * is finished by its repetition. One that stands still is taken up again instead of a new one.
 */
export async function startRun(
  env: Env,
  merchantId: string,
  start: RunStart,
): Promise<{ readonly ok: true; readonly body: LedgerRun } | Refusal> {
  const { kind, by, claim, nowMs } = start
  const id = idOfClaim(merchantId, claim)
  const known = await findRun(env, merchantId, id)
  if (known === undefined) {
    const begun = await begin(env, merchantId, { id, kind, by, nowMs })
    if (!begun) return runningAlready(env, merchantId, kind, nowMs)
  }
  const run = await findRun(env, merchantId, id)
  if (run === undefined) throw new Error(`run ${id} is gone`)
  await sendOn(env, merchantId, run)
  return { ok: true, body: runOf(run) }
}

/** False: one of its kind is running. */
async function begin(env: Env, merchantId: string, run: Omit<NewRun, 'customersTotal'>): Promise<boolean> {
  const rows = await neonBatch(env, merchantId, [sql`select count(*) from customers where merchant_id = ${merchantId}`])
  const [[{ count: customersTotal }]] = Counted.parse(rows)
  try {
    await insertRun(env, merchantId, { ...run, customersTotal })
    return true
  } catch (error) {
    if (!isTaken(error)) throw error
    return false
  }
}

async function runningAlready(
  env: Env,
  merchantId: string,
  kind: RunKind,
  nowMs: number,
): Promise<{ readonly ok: true; readonly body: LedgerRun } | Refusal> {
  const running = await runningRun(env, merchantId, kind)
  if (running !== undefined && running.movedAtMs < nowMs - STANDSTILL_MS) {
    await sendOn(env, merchantId, running)
    return { ok: true, body: runOf(running) }
  }
  return refuse('already_running', `Wait for the end of run ${running?.id ?? ''}, or ask again in a moment.`)
}

/** Puts the job of the run's next page on the queue. One that is there already is harmless. */
async function sendOn(env: Env, merchantId: string, { id, kind, state, after }: StoredRun): Promise<void> {
  if (state !== 'running') return
  const job = kind === 'verify' ? 'verify_ledgers' : 'rebuild_ledgers'
  await env.JOBS.send({ job, merchant_id: merchantId, run_id: id, after } satisfies JobMessage)
}
