import type { z } from 'zod'
import { refuse } from '../../../domain/contracts/errors.ts'
import type { RewardsPage, RewardsQuery } from '../../../domain/contracts/rewards.ts'
import { type Redeemer, standingOf } from '../../../domain/rewards/quote.ts'
import type { StoredReward } from '../../../domain/rewards/types.ts'
import type { AccountRef } from '../../../durable-objects/kernel/protocol.ts'
import { withRetry } from '../../../durable-objects/kernel/retry.ts'
import { merchantHub } from '../../../durable-objects/kernel/stubs.ts'
import { callAccount, targetAccount, unknownCustomer } from '../../platform/account.ts'
import type { Answer, Caller, HandlerContext } from '../../platform/handler.ts'
import { activeRewards, placeOf, readRewards, type RewardPlace } from '../../platform/rewards.ts'
import { rewardView } from './view.ts'

/** What points buy: the list of rewards, and how a customer stands towards each. */

type Page = z.input<typeof RewardsPage>
type Query = z.output<typeof RewardsQuery>

/** One page of rewards. Shoppers and visitors see active ones; only whoever names a customer learns how it stands. */
export async function listRewards(context: HandlerContext, caller: Caller, query: Query): Promise<Answer<Page>> {
  const after = query.cursor === undefined ? null : readCursor(query.cursor)
  if (after === undefined) {
    return refuse('validation_failed', 'cursor must be the next_cursor of the page before.', '/cursor')
  }
  const customer = customerOf(caller, query)
  if (customer !== null && !customer.ok) return customer
  const { env, nowMs } = context
  const { shop, principal } = caller
  const page = await pageOf(env, caller, query, after)
  const redeemer = customer === null ? null : await redeemerOf(env, customer.ref, page.rewards)
  if (customer?.mustExist === true && redeemer?.isKnown === false) return unknownCustomer()
  const reader = principal.kind === 'api_key' ? 'member' : 'shopper'
  return {
    ok: true,
    body: {
      rewards: page.rewards.map((reward) =>
        rewardView(reward, shop.currency, reader, redeemer && standingOf(reward, redeemer.towards(reward), nowMs)),
      ),
      next_cursor: page.next,
    },
  }
}

function customerOf(caller: Caller, { customer_id }: Query) {
  const names = customer_id !== undefined || caller.principal.kind === 'shopper'
  return names ? targetAccount(caller, customer_id) : null
}

async function pageOf(
  env: Env,
  { shop, principal }: Caller,
  { status, limit }: Query,
  after: RewardPlace | null,
): Promise<{ readonly rewards: readonly StoredReward[]; readonly next: string | null }> {
  const { merchantId } = shop
  const found =
    principal.kind === 'api_key'
      ? await readRewards(env, merchantId, { status: status ?? null, after, limit: limit + 1 })
      : (await activeRewards(env, merchantId)).filter((reward) => after === null || isAfter(placeOf(reward), after))
  const rewards = found.slice(0, limit)
  const last = rewards.at(-1)
  return { rewards, next: found.length > rewards.length && last ? writeCursor(placeOf(last)) : null }
}

const NO_SLOTS: Readonly<Record<string, number>> = {}

interface Redeemers {
  readonly isKnown: boolean
  towards(reward: StoredReward): Redeemer
}

/** The customer's part in the standings; the hub is asked only where a reward has a limit in all. */
export async function redeemerOf(env: Env, ref: AccountRef, rewards: readonly StoredReward[]): Promise<Redeemers> {
  const isLimited = rewards.some(({ input }) => input.limit_total !== null)
  const [balance, counts, slots] = await Promise.all([
    callAccount(env, ref, (stub) => stub.balance(ref)),
    callAccount(env, ref, (stub) => stub.redemptionCounts(ref)),
    isLimited
      ? withRetry(
          () => merchantHub(env, ref.merchantId),
          (hub) => hub.rewardSlots(ref.merchantId),
        )
      : NO_SLOTS,
  ])
  return {
    isKnown: balance !== null,
    towards: ({ id }) => ({
      points: balance?.points ?? 0,
      tier: balance?.tier?.current ?? null,
      redeemed: counts[id] ?? 0,
      slotsTaken: slots[id] ?? 0,
    }),
  }
}

function isAfter(place: RewardPlace, other: RewardPlace): boolean {
  if (place.position !== other.position) return place.position > other.position
  if (place.createdAtMs !== other.createdAtMs) return place.createdAtMs > other.createdAtMs
  return place.id > other.id
}

function writeCursor({ position, createdAtMs, id }: RewardPlace): string {
  return `${position}.${createdAtMs}.${id}`
}

function readCursor(text: string): RewardPlace | undefined {
  const match = /^(\d{1,5})\.(\d{1,15})\.([0-9a-f-]{36})$/.exec(text)
  const [, position, createdAtMs, id] = match ?? []
  if (position === undefined || createdAtMs === undefined || id === undefined) return undefined
  return { position: Number(position), createdAtMs: Number(createdAtMs), id }
}
