import { z } from 'zod'
import type { JobMessage } from '../../../domain/contracts/jobs.ts'
import type { AccountRef } from '../../../durable-objects/kernel/protocol.ts'
import { withRetry } from '../../../durable-objects/kernel/retry.ts'
import { customerAccount } from '../../../durable-objects/kernel/stubs.ts'
import { neonBatch, sql } from '../../../workers/platform/neon.ts'
import type { Settlement } from '../../batch.ts'
import { type PageKind, runPage } from './page.ts'

type EndJob = Extract<JobMessage, { readonly job: 'end_redemptions' }>

const PAGE: PageKind<EndJob> = {
  itemsAPage: 100,
  itemsAtOnce: 16,
  // Each redemption that ends asks the shop for its code: pages of them leave its API to shoppers in between.
  gapS: 10,
  itemsAfter: async (env, job, limit) => {
    const { merchant_id: merchantId, discount_gid: discountGid } = job
    const redemptions = await issuedAfter(env, job, limit)
    return redemptions.map(({ id, customer_id: customerId, code }) => ({
      id,
      customerId,
      run: () => endRemoved(env, { merchantId, customerId }, code, discountGid),
    }))
  },
}

/** A page of the issued redemptions of a discount that was deleted in the shop. */
export function endRedemptions(env: Env, job: EndJob, attempts: number): Promise<Settlement> {
  return runPage(env, job, attempts, PAGE)
}

const IssuedRedemptions = z.array(z.object({ id: z.uuid(), customer_id: z.uuid(), code: z.string() }))

async function issuedAfter(
  env: Env,
  { merchant_id: merchantId, reward_id: rewardId, after }: EndJob,
  limit: number,
): Promise<z.infer<typeof IssuedRedemptions>> {
  const [rows] = await neonBatch(env, merchantId, [
    sql`select id, customer_id, code from reward_redemptions
      where merchant_id = ${merchantId} and reward_id = ${rewardId} and state = 'issued'
        and (${after}::text is null or id > ${after}::text) order by id limit ${limit}`,
  ])
  return IssuedRedemptions.parse(rows)
}

/** The account itself knows whether its code is of that discount, or of the one that took its place. */
async function endRemoved(
  env: Env,
  owner: Pick<AccountRef, 'merchantId' | 'customerId'>,
  code: string,
  discountGid: string,
): Promise<void> {
  await withRetry(
    () => customerAccount(env, owner.merchantId, owner.customerId),
    (account) => account.codeRemoved({ ...owner, shopifyCustomerGid: null, currency: null }, code, discountGid),
  )
}
