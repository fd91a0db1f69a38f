import { refuse } from '../../../domain/contracts/errors.ts'
import { syncReward } from '../../integrations/shopify/sync.ts'
import type { Answer, Caller, HandlerContext, Handlers } from '../../platform/handler.ts'
import { readReward, syncJob } from '../../platform/rewards.ts'
import { listRewards } from './catalog.ts'
import { inTime } from './in-time.ts'
import { answerBy, redeemReward } from './redeem.ts'
import { cancelRedemption, listRedemptions, readRedemption } from './redemptions.ts'
import {
  archiveReward,
  createReward,
  keepNewerAnswer,
  type RewardWriter,
  updateReward,
  type Written,
} from './repository.ts'
import { rewardView } from './view.ts'

/** The job waits while the request itself syncs the discount; it is there for a request that dies. */
const JOB_DELAY_S = 10
/** A sync that outlives its request ends before the platform ends it. */
const SYNC_MS = 15_000

function callerOf({ caller }: HandlerContext): Caller {
  if (!caller) throw new Error('the guard lets nobody unknown here')
  return caller
}

function writerOf(context: HandlerContext): RewardWriter {
  const { shop, principal } = callerOf(context)
  const { claim, nowMs } = context
  if (principal.kind !== 'api_key' || !claim) throw new Error('the guard lets only claimed writes of API keys here')
  return { merchantId: shop.merchantId, currency: shop.currency, actor: `api_key:${principal.id}`, claim, nowMs }
}

/** The answer to a change of a reward, after the shop was given a moment to follow it. */
async function synced(context: HandlerContext, writer: RewardWriter, written: Written): Promise<Answer<never>> {
  if (written.kind === 'known') return written.answer
  const { env, requestId } = context
  const { merchantId, currency } = writer
  const { reward } = written
  if (reward.status === 'archived' || reward.discountState === 'ready') {
    return { ok: true, replayed: false, json: JSON.stringify(rewardView(reward, currency, 'member')) }
  }
  await env.JOBS.send(syncJob(merchantId, reward.id), { delaySeconds: JOB_DELAY_S })
  const { domain } = callerOf(context).shop
  await inTime(syncReward(env, { merchantId, domain }, reward.id, Date.now() + SYNC_MS), answerBy(context), requestId)
  const json = JSON.stringify(rewardView((await readReward(env, merchantId, reward.id)) ?? reward, currency, 'member'))
  await keepNewerAnswer(env, writer, json)
  return { ok: true, replayed: false, json }
}

/** Rewards, and what becomes of them: stored in D1, redeemed in the customer's account, made good in the shop. */
export const rewards: Handlers<
  | 'rewards.list'
  | 'rewards.create'
  | 'rewards.get'
  | 'rewards.update'
  | 'rewards.archive'
  | 'rewards.redeem'
  | 'rewards.redemptions'
  | 'rewards.redemption'
  | 'rewards.cancel'
> = {
  'rewards.list': (context, { query }) => listRewards(context, callerOf(context), query),

  async 'rewards.create'(context, { body }) {
    const writer = writerOf(context)
    return synced(context, writer, await createReward(context.env, writer, body))
  },

  async 'rewards.get'(context, { params }) {
    const { merchantId, currency } = callerOf(context).shop
    const reward = await readReward(context.env, merchantId, params.id.toLowerCase())
    if (!reward) return refuse('not_found', 'The shop has no reward of this id.')
    return { ok: true, body: rewardView(reward, currency, 'member') }
  },

  async 'rewards.update'(context, { params, body }) {
    const writer = writerOf(context)
    return synced(context, writer, await updateReward(context.env, writer, params.id.toLowerCase(), body))
  },

  async 'rewards.archive'(context, { params }) {
    const writer = writerOf(context)
    return synced(context, writer, await archiveReward(context.env, writer, params.id.toLowerCase()))
  },

  'rewards.redeem': (context, { params, body }) =>
    redeemReward(context, callerOf(context), params.id.toLowerCase(), body),

  'rewards.redemptions': (context, { query }) => listRedemptions(context, callerOf(context), query),

  'rewards.redemption': (context, { params, query }) =>
    readRedemption(context, callerOf(context), params.id.toLowerCase(), query.customer_id),

  'rewards.cancel': (context, { params, body }) =>
    cancelRedemption(context, callerOf(context), params.id.toLowerCase(), body.customer_id),
}
