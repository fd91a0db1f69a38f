import type { AccountRef } from '../../../durable-objects/kernel/protocol.ts'
import { reportFailure } from '../../../durable-objects/kernel/log.ts'
import { withRetry } from '../../../durable-objects/kernel/retry.ts'
import { customerAccount, merchantHub } from '../../../durable-objects/kernel/stubs.ts'
import type { RedemptionRecord, SettledBy } from '../../../domain/rewards/types.ts'
import { shopByMerchant } from '../../platform/control.ts'
import type { AdminFault, AdminProblem, FoundCode, ShopRef } from './admin/answer.ts'
import { addCode, findCode, removeCode } from './admin/discounts.ts'
import { discountVanished } from './sync.ts'

/**
 * The driver of a redemption (ADR 0011): brings the points and the code in the shop to the same end, from wherever the
 * last one left off. A request uses it and so does the job that the account sends when a lease has run out.
 */

/** A driver stops talking to the shop this long before its lease ends, and so never writes after another one began. */
const LEASE_MARGIN_MS = 4_000
/** For so long a code is added again and again. After that the shop is only asked whether it has it. */
const FORWARD_MS = 60 * 60_000
/** How long a request that nobody answered may still take effect in the shop. */
const IN_FLIGHT_MS = 10 * 60_000
/** Without access only a visit of the merchant helps: there is no hurry. */
const UNCONNECTED_WAIT_MS = 15 * 60_000

/**
 * Settles a redemption whose lease the caller holds, and answers how it stands then: still pending or ending if the shop
 * gave no answer, and the account asks for the next attempt.
 */
export async function settle(env: Env, account: AccountRef, leased: RedemptionRecord): Promise<RedemptionRecord> {
  if (leased.state === 'cancelled') return freeSlot(env, account, leased)
  const by = await findOut(env, account.merchantId, leased, leased.leaseEndsAtMs - LEASE_MARGIN_MS)
  const settled = (await tell(env, account, leased, by)) ?? leased
  if (settled.state !== 'cancelled' || settled.limitTotal === null) return settled
  try {
    return await freeSlot(env, account, settled)
  } catch (error) {
    // The account knows that this is left to do, and asks for the next driver.
    reportFailure('redemption.free_slot', { merchant_id: account.merchantId, redemption_id: leased.id }, error)
    return settled
  }
}

/** Tells the account what was found out under the lease. */
function tell(
  env: Env,
  account: AccountRef,
  { id, lease }: RedemptionRecord,
  by: SettledBy,
): Promise<RedemptionRecord | null> {
  return withRetry(
    () => customerAccount(env, account.merchantId, account.customerId),
    (stub) => stub.settleRedemption(account, id, lease, by),
  )
}

/** Takes the lease of a redemption and settles it; null: it has no work left, or somebody else is at it. */
export async function leaseAndSettle(
  env: Env,
  account: AccountRef,
  redemptionId: string,
): Promise<RedemptionRecord | null> {
  const leased = await withRetry(
    () => customerAccount(env, account.merchantId, account.customerId),
    (stub) => stub.leaseRedemption(account, redemptionId),
  )
  return leased === null ? null : settle(env, account, leased)
}

/**
 * Gives the part of the reward's total limit of a cancelled redemption back, which does not count any more. Harmless to
 * repeat: a driver that dies before it has told the account is followed by another one.
 */
async function freeSlot(env: Env, account: AccountRef, cancelled: RedemptionRecord): Promise<RedemptionRecord> {
  const { merchantId } = account
  await withRetry(
    () => merchantHub(env, merchantId),
    (hub) => hub.freeRewardSlot(merchantId, cancelled.rewardId, cancelled.id),
  )
  return (await tell(env, account, cancelled, { kind: 'slot_freed' })) ?? cancelled
}

async function findOut(
  env: Env,
  merchantId: string,
  redemption: RedemptionRecord,
  deadlineMs: number,
): Promise<SettledBy> {
  const shop = await shopByMerchant(env, merchantId)
  const asked: Asked = { env, shop: { merchantId, domain: shop?.domain ?? '' }, redemption, deadlineMs }
  // A shop that has left runs no code of ours: what it still has of them gives nothing.
  const isGone = shop === undefined || shop.status === 'uninstalled'
  if (redemption.ending !== null) return isGone ? { kind: 'removed' } : remove(asked)
  return isGone ? { kind: 'refused', reason: 'shop_unreachable' } : issue(asked)
}

interface Asked {
  readonly env: Env
  readonly shop: ShopRef
  readonly redemption: RedemptionRecord
  readonly deadlineMs: number
}

/** Forward: the code is added, again if need be; the shop knows each code once. */
async function issue(asked: Asked): Promise<SettledBy> {
  const { env, shop, redemption, deadlineMs } = asked
  if (Date.now() - redemption.requestedAtMs >= FORWARD_MS) return giveUpOrFind(asked)
  if (redemption.limitTotal !== null && !(await takeSlot(env, redemption, redemption.limitTotal, shop.merchantId))) {
    // Never asked for: an earlier attempt would have had the slot.
    return { kind: 'refused', reason: 'sold_out' }
  }
  const added = await addCode(env, shop, redemption.discountGid, redemption.code, deadlineMs)
  if (added.ok) return { kind: 'issued', redeemCodeGid: added.data.redeemCodeGid }
  const { fault } = added
  if (fault.kind === 'refused') return refused(asked, fault.problems)
  // Nothing ever left for the shop, and nothing can: the shopper need not wait for a merchant to come by.
  if (fault.kind === 'not_connected' && redemption.unansweredAtMs === null) {
    return { kind: 'refused', reason: 'shop_unreachable' }
  }
  return unanswered(fault)
}

function takeSlot(env: Env, { id, rewardId }: RedemptionRecord, limit: number, merchantId: string): Promise<boolean> {
  return withRetry(
    () => merchantHub(env, merchantId),
    (hub) => hub.takeRewardSlot(merchantId, rewardId, id, limit),
  )
}

/** The shop said no to this request; an earlier one may have got through, or be about to. */
async function refused(asked: Asked, problems: readonly AdminProblem[]): Promise<SettledBy> {
  const { env, shop, redemption } = asked
  const no = { kind: 'refused', reason: 'shop_refused' } as const
  const by = redemption.unansweredAtMs === null ? no : ((await lookForCode(asked)) ?? no)
  if (by.kind === 'refused' && problems.some(({ field }) => field === 'discountId')) {
    await discountVanished(env, shop.merchantId, redemption.discountGid)
  }
  return by
}

/** After an hour nothing new is sent to the shop; once it answers, its answer decides. The account gives up by itself. */
async function giveUpOrFind(asked: Asked): Promise<SettledBy> {
  return (await lookForCode(asked)) ?? { kind: 'refused', reason: 'shop_unreachable' }
}

/** Undefined: the shop has no such code and will not get it. */
async function lookForCode({ env, shop, redemption, deadlineMs }: Asked): Promise<SettledBy | undefined> {
  const found = await findCode(env, shop, redemption.code, deadlineMs)
  if (!found.ok) return unanswered(found.fault)
  if (isOwn(found.data, redemption)) return { kind: 'issued', redeemCodeGid: found.data.redeemCodeGid }
  const { unansweredAtMs } = redemption
  const mayStillCome = unansweredAtMs !== null && Date.now() - unansweredAtMs < IN_FLIGHT_MS
  return mayStillCome ? { kind: 'unanswered', maybeDone: false } : undefined
}

/** Back: the code is deleted unless it was used, and is seen to be gone. */
async function remove({ env, shop, redemption, deadlineMs }: Asked): Promise<SettledBy> {
  const { discountGid, code } = redemption
  const before = await findCode(env, shop, code, deadlineMs)
  if (!before.ok) return unanswered(before.fault)
  if (!isOwn(before.data, redemption)) return { kind: 'removed' }
  if (before.data.usageCount > 0) return { kind: 'used', orderGid: null }
  const deleted = await removeCode(env, shop, discountGid, before.data.redeemCodeGid, deadlineMs)
  if (!deleted.ok)
    return deleted.fault.kind === 'refused' ? { kind: 'unanswered', maybeDone: false } : unanswered(deleted.fault)
  const after = await findCode(env, shop, code, deadlineMs)
  if (!after.ok) return unanswered(after.fault)
  // Shopify deletes in the background: as long as the code is there, it works.
  return isOwn(after.data, redemption) ? { kind: 'unanswered', maybeDone: true } : { kind: 'removed' }
}

function isOwn(found: FoundCode | null, { discountGid }: RedemptionRecord): found is FoundCode {
  return found !== null && found.discountGid === discountGid
}

function unanswered(fault: AdminFault): SettledBy {
  switch (fault.kind) {
    case 'throttled':
      return { kind: 'unanswered', maybeDone: false, notBeforeMs: Date.now() + fault.retryAfterMs }
    case 'not_connected':
      return { kind: 'unanswered', maybeDone: false, notBeforeMs: Date.now() + UNCONNECTED_WAIT_MS }
    case 'unavailable':
      return { kind: 'unanswered', maybeDone: fault.maybeDone }
    case 'refused':
      return { kind: 'unanswered', maybeDone: false }
  }
}
