import { z } from 'zod'

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
])
export type JobMessage = z.infer<typeof JobMessage>
