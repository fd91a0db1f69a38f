import { refuse } from '../../../domain/contracts/errors.ts'
import type { JobMessage } from '../../../domain/contracts/jobs.ts'
import { checkHealth } from '../../platform/health.ts'
import type { HandlerContext, Handlers } from '../../platform/handler.ts'
import { neonPing } from '../../platform/neon.ts'
import { compareProjections } from './comparison.ts'
import { answerTo, deadLetter, deadLetters, keepAnswer, markReplayed, sendAgain } from './repository.ts'

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

/** Looking after the machinery of a merchant: dead letters and projections. */
export const adminCore: Handlers<Ids> = {
  'adminCore.listDeadLetters': async (context, { query }) => {
    const page = await deadLetters(context.env, merchantOf(context), query)
    return page === undefined
      ? refuse('validation_failed', 'The cursor is not one that this list gave out.', '/cursor')
      : { ok: true, body: page }
  },

  'adminCore.replayDeadLetter': async (context, { params }) => {
    const { env, claim, nowMs } = context
    const merchantId = merchantOf(context)
    const known = claim === null ? undefined : await answerTo(env, merchantId, claim, params.id)
    if (known === 'other request')
      return refuse('idempotency_key_reused', 'Use a new Idempotency-Key for another dead letter.')
    if (known !== undefined) return { ok: true, json: known.json, replayed: true }
    const found = await deadLetter(env, merchantId, params.id)
    if (found === undefined) return refuse('not_found', 'There is no dead letter with this id.')
    if (found.letter.state === 'waiting') await sendAgain(env, found)
    const letter =
      found.letter.state === 'waiting' ? await markReplayed(env, merchantId, found.letter, nowMs) : found.letter
    const json = JSON.stringify(letter)
    if (claim !== null) await keepAnswer(env, merchantId, claim, params.id, json, nowMs)
    return { ok: true, json, replayed: false }
  },

  'adminCore.compareProjections': async (context, { body }) => ({
    ok: true,
    body: await compareProjections(context.env, merchantOf(context), body, context.nowMs),
  }),

  'adminCore.rebuildProjections': async (context) => {
    const job: JobMessage = { job: 'rebuild_projection', merchant_id: merchantOf(context), after: null }
    await context.env.JOBS.send(job)
    return { ok: true, body: { queued: true } }
  },

  'admin-core.health': ({ env }) =>
    checkHealth('admin-core', {
      control: () => env.CONTROL.prepare('select 1').first(),
      event_log: () => env.EVENT_LOG.prepare('select 1').first(),
      postgres: () => neonPing(env),
    }),
}
