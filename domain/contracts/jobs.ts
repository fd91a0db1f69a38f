import { z } from 'zod'

const page = {
  merchant_id: z.uuid(),
  after: z.uuid().nullable().describe('customer id where the last page ended; null: from the beginning'),
}

/** Messages on the `jobs` queue: work on a whole merchant, one page of customers each; a page puts the next one on. */
export const JobMessage = z.discriminatedUnion('job', [
  z.object({ ...page, job: z.literal('rebuild_projection') }).describe('projections anew from the ledgers'),
  z.object({ ...page, job: z.literal('sweep') }).describe('wakes accounts whose alarm was lost'),
])
export type JobMessage = z.infer<typeof JobMessage>
