import { type Refusal, refuse } from '../../../domain/contracts/errors.ts'
import type { JobMessage } from '../../../domain/contracts/jobs.ts'
import type { IdempotencyClaim } from '../../../durable-objects/kernel/protocol.ts'
import { answerOnce, type Stored } from '../../platform/claims.ts'
import { readSettings } from '../../platform/control.ts'
import { checkHealth } from '../../platform/health.ts'
import type { Caller, HandlerContext, Handlers } from '../../platform/handler.ts'
import { findRun, runOf } from '../../platform/ledger-runs.ts'
import { neonPing } from '../../platform/neon.ts'
import { compareProjections } from './comparison.ts'
import { startRun, verifyLedger } from './ledgers.ts'
import { readLiability } from './liability.ts'
import { listReconciliations, startReconciliation } from './reconciliation.ts'
import { deadLetter, deadLetters, markReplayed, sendAgain } from './repository.ts'

type Ids =
  | 'adminCore.listDeadLetters'
  | 'adminCore.replayDeadLetter'
  | 'adminCore.compareProjections'
  | 'adminCore.rebuildProjections'
  | 'adminCore.verifyLedger'
  | 'adminCore.startLedgerRun'
  | 'adminCore.ledgerRun'
  | 'adminCore.liability'
  | 'adminCore.startReconciliation'
  | 'adminCore.listReconciliations'
  | 'admin-core.health'

function callerOf({ caller }: HandlerContext): Caller {
  if (caller === null) throw new Error('an operation for members was called without a caller')
  return caller
}

/** The merchant that the caller's key belongs to. The gateway lets nobody in without one. */
function merchantOf(context: HandlerContext): string {
  return callerOf(context).shop.merchantId
}

/** Acts once for the write's `Idempotency-Key`. */
function once(
  context: HandlerContext,
  act: (
    env: Env,
    merchantId: string,
    claim: IdempotencyClaim,
  ) => Promise<{ readonly ok: true; readonly body: unknown } | Refusal>,
): Promise<Stored | Refusal> {
  const { env, claim, nowMs } = context
  if (claim === null) throw new Error('a write was called without its claim')
  const merchantId = merchantOf(context)
  return answerOnce(env, merchantId, claim, nowMs, () => act(env, merchantId, claim))
}

/** Looking after the machinery of a merchant: dead letters and projections. */
export const adminCore: Handlers<Ids> = {
  'adminCore.listDeadLetters': async (context, { query }) => {
    const page = await deadLetters(context.env, merchantOf(context), query)
    return page === undefined
      ? refuse('validation_failed', 'The cursor is not one that this list gave out.', '/cursor')
      : { ok: true, body: page }
  },

  'adminCore.replayDeadLetter': (context, { params }) =>
    once(context, async (env, merchantId) => {
      const found = await deadLetter(env, merchantId, params.id)
      if (found === undefined) return refuse('not_found', 'There is no dead letter with this id.')
      if (found.letter.state === 'replayed') return { ok: true, body: found.letter }
      await sendAgain(env, found)
      return { ok: true, body: await markReplayed(env, merchantId, found.letter, context.nowMs) }
    }),

  'adminCore.compareProjections': async (context, { body }) => ({
    ok: true,
    body: await compareProjections(context.env, merchantOf(context), body, context.nowMs),
  }),

  'adminCore.rebuildProjections': (context) =>
    once(context, async (env, merchantId) => {
      const job: JobMessage = { job: 'rebuild_projection', merchant_id: merchantId, after: null }
      await env.JOBS.send(job)
      return { ok: true, body: { queued: true } }
    }),

  'adminCore.verifyLedger': (context, { params }) =>
    verifyLedger(context.env, callerOf(context), params.customer_id, context.nowMs),

  'adminCore.startLedgerRun': (context, { body }) =>
    once(context, (env, merchantId, claim) => {
      const { principal } = callerOf(context)
      const by = principal.kind === 'api_key' ? `api_key:${principal.id}` : principal.kind
      return startRun(env, merchantId, { kind: body.kind, by, claim, nowMs: context.nowMs })
    }),

  'adminCore.ledgerRun': async (context, { params }) => {
    const run = await findRun(context.env, merchantOf(context), params.id)
    return run === undefined ? refuse('not_found', 'There is no run with this id.') : { ok: true, body: runOf(run) }
  },

  'adminCore.liability': async (context, { query }) => {
    const { env, nowMs } = context
    const merchantId = merchantOf(context)
    const { settings } = await readSettings(env, merchantId)
    const terms = {
      asOfMs: nowMs,
      timeZone: settings.time_zone,
      months: query.months,
      currency: settings.currency,
      pointValue: query.point_value ?? null,
    }
    return { ok: true, body: await readLiability(env, merchantId, terms) }
  },

  'adminCore.startReconciliation': (context, { body }) =>
    once(context, (env, _merchantId, claim) =>
      startReconciliation(env, callerOf(context).shop, body, claim, context.nowMs),
    ),

  'adminCore.listReconciliations': async (context, { query }) => {
    const page = await listReconciliations(context.env, merchantOf(context), query)
    return page === undefined
      ? refuse('validation_failed', 'The cursor is not one that this list gave out.', '/cursor')
      : { ok: true, body: page }
  },

  'admin-core.health': ({ env }) =>
    checkHealth('admin-core', {
      control: () => env.CONTROL.prepare('select 1').first(),
      event_log: () => env.EVENT_LOG.prepare('select 1').first(),
      postgres: () => neonPing(env),
    }),
}
