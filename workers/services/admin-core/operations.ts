import { type Refusal, refuse } from '../../../domain/contracts/errors.ts'
import type { JobMessage } from '../../../domain/contracts/jobs.ts'
import { answerOnce, type Stored } from '../../platform/claims.ts'
import { checkHealth } from '../../platform/health.ts'
import type { HandlerContext, Handlers } from '../../platform/handler.ts'
import { neonPing } from '../../platform/neon.ts'
import { compareProjections } from './comparison.ts'
import { deadLetter, deadLetters, markReplayed, sendAgain } from './repository.ts'

type Ids =
  | 'adminCore.listDeadLetters'
  | 'adminCore.replayDeadLetter'
  | 'adminCore.compareProjections'
  | 'adminCore.rebuildProjections'
  | 'admin-core.health'

/** The merchant that the caller's key belongs to. The gateway lets nobody in without one. */
function merchantOf({ caller }: HandlerContext): string {
  if (caller === null) throw new Error('an operation for members was called without a caller')
  return caller.shop.merchantId
}

/** Acts once for the write's `Idempotency-Key`. */
function once(
  context: HandlerContext,
  act: (env: Env, merchantId: string) => Promise<{ readonly ok: true; readonly body: unknown } | Refusal>,
): Promise<Stored | Refusal> {
  const { env, claim, nowMs } = context
  if (claim === null) throw new Error('a write was called without its claim')
  const merchantId = merchantOf(context)
  return answerOnce(env, merchantId, claim, nowMs, () => act(env, merchantId))
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

  'admin-core.health': ({ env }) =>
    checkHealth('admin-core', {
      control: () => env.CONTROL.prepare('select 1').first(),
      event_log: () => env.EVENT_LOG.prepare('select 1').first(),
      postgres: () => neonPing(env),
    }),
}
