import { firstCodeOf } from '../../../domain/rewards/code.ts'
import { discountClassOf, functionConfigOf, functionVariablesOf } from '../../../domain/rewards/terms.ts'
import type { StoredReward } from '../../../domain/rewards/types.ts'
import { endJob, forgetReward, openCodeKey, readReward, syncJob } from '../../platform/rewards.ts'
import type { AdminAnswer, AdminFault, RewardDiscountInput, ShopRef } from './admin/answer.ts'
import { createRewardDiscount, updateRewardDiscount } from './admin/discounts.ts'

/** Makes the one discount of a reward say what the reward says. */

/**
 * What became of it.
 * - synced: the shop has it. - failed: the shop refuses it as it is; the next save tries again.
 * - not_connected: only a visit of the merchant helps. - later: no answer yet. - gone: there is nothing to do.
 */
export type SyncOutcome = 'synced' | 'failed' | 'not_connected' | 'later' | 'gone'

/**
 * Everything about the discount.
 *
 * It has no end and begins with the reward: the reward's own dates say when it can be redeemed, and codes outlive them.
 * `appliesOncePerCustomer` is not used: it counts by discount, and a customer may redeem a reward twice.
 * @param key of the codes' signatures: base64 of 32 bytes.
 */
export function discountInputOf(reward: StoredReward, key: string): RewardDiscountInput {
  const { input, terms, createdAtMs, id } = reward
  return {
    title: input.title,
    firstCode: firstCodeOf(id),
    startsAt: new Date(createdAtMs).toISOString(),
    endsAt: null,
    classes: [discountClassOf(input.value)],
    combinesWith: {
      orderDiscounts: input.combines_with.order_discounts,
      productDiscounts: input.combines_with.product_discounts,
      shippingDiscounts: input.combines_with.shipping_discounts,
    },
    config: functionConfigOf({ input, terms }, key),
    variables: functionVariablesOf({ terms }),
  }
}

/** Whether both rewards have the same discount, so that the shop need not be asked. */
export function hasSameDiscount(one: StoredReward, other: StoredReward): boolean {
  return JSON.stringify(discountInputOf(one, '')) === JSON.stringify(discountInputOf(other, ''))
}

/** Whether the shop's discount says what the reward says. */
export function isSynced({ discountState, syncedVersion, version }: StoredReward): boolean {
  return discountState === 'ready' && syncedVersion === version
}

/** For so long one driver has the shop's discount to itself, and stops this much earlier to talk to the shop. */
const LEASE_MS = 25_000
const LEASE_MARGIN_MS = 5_000

/**
 * Creates or updates the discount until it says what the reward says by then: a save that comes between is told as well.
 * One driver at a time, so that of two texts the older one never arrives last.
 * @param deadlineMs by when it stops, on the scale of `Date.now()`
 */
export async function syncReward(env: Env, shop: ShopRef, rewardId: string, deadlineMs: number): Promise<SyncOutcome> {
  const { merchantId } = shop
  const leaseEndsAtMs = await takeLease(env, merchantId, rewardId)
  const untilMs = Math.min(deadlineMs, leaseEndsAtMs - LEASE_MARGIN_MS)
  for (;;) {
    const reward = await readReward(env, merchantId, rewardId)
    if (reward === undefined || reward.status === 'archived') return 'gone'
    if (isSynced(reward)) return 'synced'
    if (Date.now() >= untilMs) return 'later'
    const answer = await send(env, shop, reward, untilMs)
    const isNewest = await keep(env, reward, answer)
    forgetReward(merchantId, rewardId)
    if (!answer.ok) return OUTCOMES[answer.fault.kind]
    if (isNewest) return 'synced'
  }
}

/** Answers when the lease ends; 0: somebody else has it. */
async function takeLease(env: Env, merchantId: string, rewardId: string): Promise<number> {
  const nowMs = Date.now()
  const taken = await env.CONTROL.prepare(
    `UPDATE rewards SET sync_until_ms = ?3
     WHERE merchant_id = ?1 AND id = ?2 AND sync_until_ms <= ?4 AND status <> 'archived'
       AND NOT (discount_state = 'ready' AND synced_version = version) RETURNING id`,
  )
    .bind(merchantId, rewardId, nowMs + LEASE_MS, nowMs)
    .first()
  return taken === null ? 0 : nowMs + LEASE_MS
}

const OUTCOMES = {
  refused: 'failed',
  not_connected: 'not_connected',
  throttled: 'later',
  unavailable: 'later',
} as const satisfies Record<AdminFault['kind'], SyncOutcome>

async function send(
  env: Env,
  shop: ShopRef,
  reward: StoredReward,
  deadlineMs: number,
): Promise<AdminAnswer<{ readonly discountGid: string }>> {
  const input = discountInputOf(reward, await openCodeKey(env, reward))
  const { discountGid, merchantId, id } = reward
  if (discountGid === null) return createRewardDiscount(env, shop, input, deadlineMs)
  const updated = await updateRewardDiscount(env, shop, discountGid, input, deadlineMs)
  if (!isMissing(updated)) return updated
  // Somebody deleted the discount in the shop, and its codes with it: the reward gets a new one.
  await endCodes(env, merchantId, id, discountGid)
  return createRewardDiscount(env, shop, { ...input, firstCode: firstCodeOf(id, discountGid) }, deadlineMs)
}

function isMissing(answer: AdminAnswer<unknown>): boolean {
  return !answer.ok && answer.fault.kind === 'refused' && answer.fault.problems.some(({ field }) => field === 'id')
}

/**
 * Writes down what the shop said; false where the reward has changed since it was read. With the last word the lease
 * ends, unless a request is out there that may still take effect.
 */
async function keep(
  env: Env,
  { merchantId, id, version }: StoredReward,
  answer: AdminAnswer<{ readonly discountGid: string }>,
): Promise<boolean> {
  const row = env.CONTROL.prepare(
    `UPDATE rewards SET
       sync_until_ms = CASE WHEN ?7 AND version = ?4 THEN 0 ELSE sync_until_ms END,
       discount_gid = COALESCE(?3, discount_gid),
       discount_state = CASE WHEN version = ?4 THEN ?5 ELSE 'waiting' END,
       discount_problem = CASE WHEN version = ?4 THEN ?6 ELSE discount_problem END,
       synced_version = CASE WHEN ?3 IS NULL THEN synced_version WHEN version = ?4 THEN ?4 ELSE 0 END
     WHERE merchant_id = ?1 AND id = ?2 RETURNING version`,
  )
  const gid = answer.ok ? answer.data.discountGid : null
  const state = answer.ok ? 'ready' : answer.fault.kind === 'refused' ? 'failed' : 'waiting'
  const problem = answer.ok ? null : problemOf(answer.fault)
  const isOut = !answer.ok && answer.fault.kind === 'unavailable' && answer.fault.maybeDone
  const written = await row.bind(merchantId, id, gid, version, state, problem, isOut ? 0 : 1).first()
  return written?.['version'] === version
}

const PROBLEM_LENGTH = 500

/** What a merchant reads about it. */
function problemOf(fault: AdminFault): string {
  switch (fault.kind) {
    case 'not_connected':
      return "LoyalNest has no access to the shop's discounts. Open LoyalNest in Shopify's admin once."
    case 'throttled':
    case 'unavailable':
      return 'Shopify did not answer. LoyalNest tries again by itself.'
    case 'refused':
      return `Shopify says: ${fault.problems.map(({ message }) => message.replace(/\.?$/, '.')).join(' ')} Change the reward and save it again.`.slice(
        0,
        PROBLEM_LENGTH,
      )
  }
}

/**
 * Somebody deleted the discount in the shop, and its codes with it: its reward, if it is one of a reward, is to get another
 * one before anybody redeems it again, and redemptions that have a code of it come to their end. An archived reward gets
 * none, but its codes did work.
 */
export async function discountVanished(env: Env, merchantId: string, discountGid: string): Promise<void> {
  const gone = await env.CONTROL.prepare(
    `UPDATE rewards SET synced_version = 0,
       discount_state = CASE WHEN status = 'archived' THEN discount_state ELSE 'waiting' END
     WHERE merchant_id = ?1 AND discount_gid = ?2 RETURNING id`,
  )
    .bind(merchantId, discountGid)
    .first<{ id: string }>()
  if (gone === null) return
  forgetReward(merchantId, gone.id)
  await endCodes(env, merchantId, gone.id, discountGid)
  await env.JOBS.send(syncJob(merchantId, gone.id))
}

/** A code may be so new that Postgres, where the job looks for codes, has not heard of it: so it looks again. */
const LOOK_AGAIN_S = 1_800

async function endCodes(env: Env, merchantId: string, rewardId: string, discountGid: string): Promise<void> {
  const body = endJob(merchantId, rewardId, discountGid)
  await env.JOBS.sendBatch([{ body }, { body, delaySeconds: LOOK_AGAIN_S }])
}

/** Puts all rewards of a shop whose discount waits on the queue. For whoever has just got access to the shop. */
export async function syncWaitingRewards(env: Env, merchantId: string): Promise<void> {
  const { results } = await env.CONTROL.prepare(
    `SELECT id FROM rewards WHERE merchant_id = ?1 AND status <> 'archived' AND discount_state <> 'ready' LIMIT 100`,
  )
    .bind(merchantId)
    .all<{ id: string }>()
  if (results.length === 0) return
  await env.JOBS.sendBatch(results.map(({ id }) => ({ body: syncJob(merchantId, id) })))
}
