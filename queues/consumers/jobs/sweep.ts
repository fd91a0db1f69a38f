import type { JobMessage } from '../../../domain/contracts/jobs.ts'
import { withRetry } from '../../../durable-objects/kernel/retry.ts'
import { customerAccount } from '../../../durable-objects/kernel/stubs.ts'
import { shopifyAccess } from '../../../workers/integrations/shopify/admin/access.ts'
import { shopByMerchant } from '../../../workers/platform/control.ts'
import { logLine } from '../../../workers/platform/log.ts'
import { neonBatch, sql } from '../../../workers/platform/neon.ts'
import { reasonOf, type Settlement } from '../../batch.ts'
import { customersAfter, type PageKind, runPage } from './page.ts'

type SweepJob = Extract<JobMessage, { readonly job: 'sweep' }>

/** A refund whose order never came: the order is older than the app, or earned nothing. */
const WAITING_REFUND_DAYS = 30

const PAGE: PageKind<SweepJob> = {
  itemsAPage: 200,
  itemsAtOnce: 32,
  itemsAfter: async (env, job, limit) => {
    const customers = await customersAfter(env, job, limit)
    return customers.map((id) => ({ id, customerId: id, run: () => wake(env, job.merchant_id, id) }))
  },
  begin: async (env, { merchant_id: merchantId }) => {
    await keepAccess(env, merchantId)
    await dropStaleRefunds(env, merchantId)
  },
}

/** A page of the daily sweep: accounts whose alarm was lost, and with the first page what is to be done for the shop. */
export function sweep(env: Env, job: SweepJob, attempts: number): Promise<Settlement> {
  return runPage(env, job, attempts, PAGE)
}

/** An account whose alarm was lost arms it again. */
async function wake(env: Env, merchantId: string, customerId: string): Promise<void> {
  await withRetry(
    () => customerAccount(env, merchantId, customerId),
    (account) => account.wake({ merchantId, customerId, shopifyCustomerGid: null, currency: null }),
  )
}

/**
 * Asking for the shop's access token renews it, and the refresh token with it: that one ends after 90 days, and then takes
 * the merchant's visit. If it fails today, there is tomorrow.
 */
async function keepAccess(env: Env, merchantId: string): Promise<void> {
  const shop = await shopByMerchant(env, merchantId)
  if (shop?.status !== 'active') return
  try {
    await shopifyAccess(env, shop, null)
  } catch (error) {
    logLine('warn', 'access not renewed', { merchant_id: merchantId, reason: reasonOf(error) })
  }
}

async function dropStaleRefunds(env: Env, merchantId: string): Promise<void> {
  await neonBatch(env, merchantId, [
    sql`delete from waiting_refunds where received_at < now() - make_interval(days => ${WAITING_REFUND_DAYS})`,
  ])
}
