import { z } from 'zod'
import type { JobMessage } from '../../domain/contracts/jobs.ts'
import { syncJob } from '../platform/rewards.ts'
import { eachMerchant } from './merchants.ts'

const REWARDS_A_PAGE = 100

/** A message lives for 14 days at most; after that nobody asks any more why it failed. */
const FAILURES_KEPT_MS = 15 * 24 * 3_600_000

/**
 * The Worker's `scheduled()`, daily: one sweep job a merchant, which finds accounts whose alarm was lost, and another look
 * at each discount that the shop has not confirmed.
 */
export async function sweepAll(env: Env): Promise<void> {
  await eachMerchant(env, 'all', async (merchants) => {
    await env.JOBS.sendBatch(
      merchants.map((merchant_id) => {
        const body: JobMessage = { job: 'sweep', merchant_id, after: null }
        return { body }
      }),
    )
  })
  await syncRewards(env)
  const outdated = new Date(Date.now() - FAILURES_KEPT_MS).toISOString()
  await env.EVENT_LOG.prepare('delete from failures where at < ?1').bind(outdated).run()
}

const Rewards = z.array(z.object({ merchant_id: z.uuid(), id: z.uuid() }))

/** Discounts whose jobs were given up in a long outage, or lost. Refused ones wait for the merchant. */
async function syncRewards(env: Env): Promise<void> {
  for (let after = { merchant_id: '', id: '' }; ;) {
    const { results } = await env.CONTROL.prepare(
      `select merchant_id, id from rewards where discount_state = 'waiting' and status <> 'archived'
       and merchant_id in (select merchant_id from shops where status = 'active')
       and (merchant_id, id) > (?1, ?2) order by merchant_id, id limit ?3`,
    )
      .bind(after.merchant_id, after.id, REWARDS_A_PAGE)
      .all()
    const rewards = Rewards.parse(results)
    if (rewards.length > 0) {
      await env.JOBS.sendBatch(rewards.map(({ merchant_id, id }) => ({ body: syncJob(merchant_id, id) })))
    }
    if (rewards.length < REWARDS_A_PAGE) return
    after = rewards.at(-1) ?? after
  }
}
