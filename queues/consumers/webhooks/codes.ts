import { z } from 'zod'
import type { OrderFacts } from '../../../domain/earning/facts.ts'
import { customerIdOfGid } from '../../../domain/ledger/identity.ts'
import type { RedemptionRecord } from '../../../domain/rewards/types.ts'
import type { AccountRef, CustomerAccountRpc } from '../../../durable-objects/kernel/protocol.ts'
import { withRetry } from '../../../durable-objects/kernel/retry.ts'
import { customerAccount } from '../../../durable-objects/kernel/stubs.ts'
import { logLine } from '../../../workers/platform/log.ts'
import { neonBatch, sql } from '../../../workers/platform/neon.ts'
import { pooled, reasonOf, type Settlements } from '../../batch.ts'
import type { CodeRemovalReceived, OrderReceived } from './received.ts'

/** What the shop says about codes of rewards: an order used one, or one was deleted. */

const CODES_AT_ONCE = 16
/**
 * A code that nobody is known to own may be of another app, or its redemption is still on its way to Postgres, where
 * owners are looked up: on this attempt it is given up. An order was shown to its buyer's account before, so that seconds
 * do; a deletion has nobody else to turn to, and waits out half an hour of trouble with the projections.
 */
const LAST_LOOK_ATTEMPT = { use: 5, removal: 12 } as const

/** Tells the accounts which of their codes these orders used. Test orders too: the code is used up all the same. */
export async function useCodes(
  env: Env,
  merchantId: string,
  orders: readonly OrderReceived[],
  settlements: Settlements,
): Promise<void> {
  const uses = orders.flatMap(({ message, webhook: { order } }) =>
    order.discount_codes.map((code) => ({ message, code, order })),
  )
  await pooled(uses, CODES_AT_ONCE, async ({ message, code, order }) => {
    await noting(settlements, message, async () => {
      const tell = (account: CustomerAccountRpc, ref: AccountRef) =>
        account.useCode(ref, code, order.order_gid, order.processed_at_ms, order.parts.goods)
      const buyer = buyerOf(merchantId, order)
      if (buyer !== undefined && (await callAccount(env, buyer, tell)) !== null) return
      // The order was given to another customer meanwhile, or the buyer's account merged.
      await tellOwner(env, merchantId, code, message.attempts >= LAST_LOOK_ATTEMPT.use, tell)
    })
  })
}

/**
 * Ends redemptions whose code somebody deleted in the shop; the account asks for the driver that sees to it. Codes that we
 * delete come by here too: that is no news.
 */
export async function endRemovedCodes(
  env: Env,
  merchantId: string,
  removals: readonly CodeRemovalReceived[],
  settlements: Settlements,
): Promise<void> {
  await pooled(removals, CODES_AT_ONCE, async ({ message, webhook: { code } }) => {
    await noting(settlements, message, async () => {
      const isLastLook = message.attempts >= LAST_LOOK_ATTEMPT.removal
      await tellOwner(env, merchantId, code, isLastLook, (account, ref) => account.codeRemoved(ref, code, null))
    })
  })
}

async function noting(settlements: Settlements, message: Message, work: () => Promise<void>): Promise<void> {
  try {
    await work()
  } catch (error) {
    settlements.note(message, { kind: 'outage', reason: reasonOf(error) })
  }
}

function buyerOf(merchantId: string, { buyer }: OrderFacts): AccountRef | undefined {
  if (buyer.kind !== 'customer') return undefined
  const customerId = customerIdOfGid(merchantId, buyer.customer_gid)
  return { merchantId, customerId, shopifyCustomerGid: buyer.customer_gid, currency: null }
}

const Owners = z.array(z.object({ customer_id: z.uuid() }))

/** Tells whoever owns the code by Postgres. @throws while the owner may still turn up there */
async function tellOwner(
  env: Env,
  merchantId: string,
  code: string,
  isLastLook: boolean,
  tell: (account: CustomerAccountRpc, ref: AccountRef) => Promise<RedemptionRecord | null>,
): Promise<void> {
  const [rows] = await neonBatch(env, merchantId, [
    sql`select customer_id from reward_redemptions where merchant_id = ${merchantId} and code = ${code}`,
  ])
  for (const { customer_id: customerId } of Owners.parse(rows)) {
    const ref = { merchantId, customerId, shopifyCustomerGid: null, currency: null }
    if ((await callAccount(env, ref, tell)) !== null) return
  }
  if (!isLastLook) throw new Error('no account has this code yet')
  logLine('info', 'code of nobody', { merchant_id: merchantId })
}

function callAccount(
  env: Env,
  ref: AccountRef,
  tell: (account: CustomerAccountRpc, ref: AccountRef) => Promise<RedemptionRecord | null>,
): Promise<RedemptionRecord | null> {
  return withRetry(
    () => customerAccount(env, ref.merchantId, ref.customerId),
    (account) => tell(account, ref),
  )
}
