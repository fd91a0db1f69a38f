import type { z } from 'zod'
import { type Refusal, refuse } from '../../../domain/contracts/errors.ts'
import type { RedeemRewardRequest, Redemption } from '../../../domain/contracts/rewards.ts'
import { uuidV5 } from '../../../domain/ledger/identity.ts'
import { CODE_RANDOM_BYTES, composeCode } from '../../../domain/rewards/code.ts'
import { toRedemption } from '../../../domain/rewards/public.ts'
import { quote, type Quote, redeemRefusal } from '../../../domain/rewards/quote.ts'
import type { RedemptionRecord, RedemptionRequest, StoredReward } from '../../../domain/rewards/types.ts'
import type { AccountRef, IdempotencyClaim } from '../../../durable-objects/kernel/protocol.ts'
import { shopifyAccess } from '../../integrations/shopify/admin/access.ts'
import { leaseAndSettle, settle } from '../../integrations/shopify/settle.ts'
import { callAccount, targetAccount } from '../../platform/account.ts'
import { bookingSettings } from '../../platform/control.ts'
import type { Answer, Caller, HandlerContext } from '../../platform/handler.ts'
import { openCodeKey, rewardForRedeeming } from '../../platform/rewards.ts'
import { redeemerOf } from './catalog.ts'
import { inTime } from './in-time.ts'

/** A request that asks something of the shop has answered after this time, whatever the shop does. */
export const ANSWER_WITHIN_MS = 3_000
/** The look at the access is worth this much of it. */
const ACCESS_WITHIN_MS = 1_500

interface Asked {
  readonly context: HandlerContext
  readonly caller: Caller
  readonly claim: IdempotencyClaim
  readonly ref: AccountRef
  readonly redemptionId: string
}

/** Turns a customer's points into a code; see ADR 0011 for what happens when the shop does not answer. */
export async function redeemReward(
  context: HandlerContext,
  caller: Caller,
  rewardId: string,
  body: z.output<typeof RedeemRewardRequest>,
): Promise<Answer<z.input<typeof Redemption>>> {
  const { claim, env } = context
  if (!claim) throw new Error('the gateway claims every write')
  const target = targetAccount(caller, body.customer_id)
  if (!target.ok) return target
  const ref = await withGid(env, target.ref)
  if (!ref) {
    return refuse(
      'customer_not_found',
      'A code needs a customer of the shop: name one by its Shopify id.',
      '/customer_id',
    )
  }
  const points = body.points ?? null
  const redeemAs = (customer: Asked['ref']) =>
    redeem({ context, caller, claim, ref: customer, redemptionId: redemptionIdOf(customer, claim) }, rewardId, points)
  const answered = await redeemAs(ref)
  if (answered.ok || answered.code !== 'account_merged') return answered
  const heir = await heirOf(env, ref)
  return heir === undefined ? answered : redeemAs(heir)
}

async function redeem(
  asked: Asked,
  rewardId: string,
  points: number | null,
): Promise<Answer<z.input<typeof Redemption>>> {
  const { context, claim, ref } = asked
  const { env } = context
  const request = await requestFor(asked, rewardId, points)
  if ('ok' in request) return (await redeemedBefore(asked)) ?? request
  const reply = await callAccount(env, ref, (stub) => stub.redeemReward(ref, request, claim))
  if (!reply.ok) return { ...reply.refusal, replayed: reply.replayed }
  return reply.replayed ? goOn(asked, reply.redemption) : answer(await settled(asked, reply.redemption), false)
}

/** The account that has the points of a merged one, and the customer for whom its code is to be made. */
async function heirOf(env: Env, ref: AccountRef): Promise<Asked['ref'] | undefined> {
  const balance = await callAccount(env, ref, (stub) => stub.balance(ref))
  const gid = await callAccount(env, ref, (stub) => stub.customerGid(ref))
  return balance === null || gid === null
    ? undefined
    : { ...ref, customerId: balance.customer_id, shopifyCustomerGid: gid }
}

/** The same for the same request, so that a repeated one is the same redemption, and its code made once. */
function redemptionIdOf({ merchantId, customerId }: AccountRef, { scope, key, fingerprint }: IdempotencyClaim): string {
  return uuidV5(merchantId, JSON.stringify(['redemption', customerId, scope, key, fingerprint]))
}

/** With the Shopify id, which the code is bound to; undefined for guests, and where nothing is known of the customer. */
async function withGid(
  env: Env,
  ref: AccountRef,
): Promise<(AccountRef & { readonly shopifyCustomerGid: string }) | undefined> {
  const gid = ref.shopifyCustomerGid ?? (await callAccount(env, ref, (stub) => stub.customerGid(ref)))
  return gid === null ? undefined : { ...ref, shopifyCustomerGid: gid }
}

async function requestFor(asked: Asked, rewardId: string, points: number | null): Promise<RedemptionRequest | Refusal> {
  const { context, caller, ref } = asked
  const { env, nowMs, requestId } = context
  const { shop } = caller
  const [reward, settings, access] = await Promise.all([
    rewardForRedeeming(env, ref.merchantId, rewardId),
    bookingSettings(env, ref.merchantId),
    inTime(shopifyAccess(env, shop, null), nowMs + ACCESS_WITHIN_MS, requestId),
  ])
  // Drafts are not to be known of outside.
  const isHidden = reward?.status === 'draft' && caller.principal.kind !== 'api_key'
  if (reward === undefined || isHidden) return refuse('not_found', 'The shop has no reward of this id.')
  if (access?.ok === false && access.problem === 'not_connected') {
    return refuse('shop_not_connected', "Its owner has to open LoyalNest in Shopify's admin once.")
  }
  const refusal = await objection(env, ref, reward, nowMs)
  if (refusal) return refusal
  const quoted = quote(reward, points, shop.currency)
  if ('ok' in quoted) return quoted
  return toRequest(asked, reward, quoted, await codeFor(env, reward, quoted, ref), settings.settings.time_zone)
}

/** The customer is looked at only as far as the reward asks; the account itself counts points and its own limit. */
async function objection(env: Env, ref: AccountRef, reward: StoredReward, nowMs: number): Promise<Refusal | undefined> {
  const { tier, limit_total: limitTotal } = reward.input
  const asksOfCustomer = tier !== null || limitTotal !== null
  const redeemer = asksOfCustomer ? (await redeemerOf(env, ref, [reward])).towards(reward) : NOBODY
  return redeemRefusal(reward, { ...redeemer, redeemed: 0 }, nowMs)
}

const NOBODY = { points: 0, tier: null, redeemed: 0, slotsTaken: null }

async function codeFor(env: Env, reward: StoredReward, { steps }: Quote, ref: AccountRef): Promise<string> {
  return composeCode({
    key: await openCodeKey(env, reward),
    random: crypto.getRandomValues(new Uint8Array(CODE_RANDOM_BYTES)),
    termsNumber: reward.terms.at(-1)?.number ?? 1,
    steps,
    customer: ref.shopifyCustomerGid?.split('/').at(-1) ?? '',
    prefix: reward.input.code_prefix,
  })
}

function toRequest(
  { caller: { principal, shop }, redemptionId }: Asked,
  { id, input, discountGid }: StoredReward,
  { points, value }: Quote,
  code: string,
  timeZone: string,
): RedemptionRequest {
  if (discountGid === null) throw new Error('a reward that can be redeemed has its discount')
  const isKey = principal.kind === 'api_key'
  return {
    id: redemptionId,
    rewardId: id,
    title: input.title,
    value,
    currency: shop.currency,
    points,
    code,
    discountGid,
    limitPerCustomer: input.limit_per_customer,
    limitTotal: input.limit_total,
    codeValidDays: input.code_valid_days,
    timeZone,
    pointsBack: input.points_back,
    source: isKey ? 'api' : 'shopify',
    actor: isKey ? `api_key:${principal.id}` : 'customer',
  }
}

/** The same request may come again when the reward has long changed: what came of it is the answer. */
async function redeemedBefore(asked: Asked): Promise<Answer<z.input<typeof Redemption>> | undefined> {
  const { context, ref, redemptionId } = asked
  const redemption = await callAccount(context.env, ref, (stub) => stub.redemption(ref, redemptionId))
  return redemption === null ? undefined : goOn(asked, redemption)
}

/** A repeated request of a redemption that is still pending tries at once, unless somebody is at it. */
async function goOn(asked: Asked, redemption: RedemptionRecord): Promise<Answer<z.input<typeof Redemption>>> {
  const { context, ref } = asked
  if (redemption.state !== 'pending') return answer(redemption, true)
  const further = await inTime(leaseAndSettle(context.env, ref, redemption.id), answerBy(context), context.requestId)
  return answer(further ?? redemption, true)
}

async function settled({ context, ref }: Asked, pending: RedemptionRecord): Promise<RedemptionRecord> {
  return (await inTime(settle(context.env, ref, pending), answerBy(context), context.requestId)) ?? pending
}

/** By when a request of now has to be answered. */
export function answerBy({ nowMs }: HandlerContext): number {
  return nowMs + ANSWER_WITHIN_MS
}

function answer(redemption: RedemptionRecord, replayed: boolean): Answer<z.input<typeof Redemption>> {
  return { ok: true, replayed, json: JSON.stringify(toRedemption(redemption)) }
}
