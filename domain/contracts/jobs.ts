import { z } from 'zod'
import { ShopifyOrderGid } from './ids.ts'

const page = {
  merchant_id: z.uuid(),
  after: z.uuid().nullable().describe('customer id where the last page ended; null: from the beginning'),
}

/**
 * Messages on the `jobs` queue. Work on a whole merchant or reward goes one page a message, and a page puts the next one
 * on; work on one thing is a message of its own. All of it may be repeated.
 */
export const JobMessage = z.discriminatedUnion('job', [
  z.object({ ...page, job: z.literal('rebuild_projection') }).describe('projections anew from the ledgers'),
  z.object({ ...page, job: z.literal('sweep') }).describe('wakes accounts whose alarm was lost'),
  z
    .object({
      job: z.literal('settle_redemption'),
      merchant_id: z.uuid(),
      customer_id: z.uuid(),
      redemption_id: z.uuid(),
    })
    .describe('brings a redemption and its code in the shop to the same end; sent by the account when it is time'),
  z
    .object({ job: z.literal('sync_reward'), merchant_id: z.uuid(), reward_id: z.uuid() })
    .describe("makes the reward's discount in the shop say what the reward says"),
  z
    .object({
      merchant_id: z.uuid(),
      after: z.uuid().nullable().describe('redemption id where the last page ended; null: from the beginning'),
      job: z.literal('end_redemptions'),
      reward_id: z.uuid(),
      discount_gid: z.string(),
    })
    .describe('ends the issued redemptions of a discount that was deleted in the shop, and its codes with it'),
  z
    .object({ ...page, job: z.enum(['verify_ledgers', 'rebuild_ledgers']), run_id: z.uuid() })
    .describe('one run of the auditor over all ledgers of a shop'),
  z
    .object({
      job: z.literal('reconcile'),
      merchant_id: z.uuid(),
      run_id: z.uuid(),
      step: z.int().min(0).describe('how many steps were taken before it'),
    })
    .describe("the next step of a run that asks Shopify for orders; the run's row says where it is"),
  z
    .object({ job: z.literal('read_order'), merchant_id: z.uuid(), order_gid: ShopifyOrderGid })
    .describe('asks Shopify how an order stands, because a webhook said only that it was edited'),
])
export type JobMessage = z.infer<typeof JobMessage>
