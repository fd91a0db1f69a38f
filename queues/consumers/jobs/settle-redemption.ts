import type { JobMessage } from '../../../domain/contracts/jobs.ts'
import { leaseAndSettle } from '../../../workers/integrations/shopify/settle.ts'
import { DONE, type Settlement } from '../../batch.ts'

/** One attempt. Without an answer the account itself asks for the next one, when it is time. */
export async function settleRedemption(
  env: Env,
  job: Extract<JobMessage, { readonly job: 'settle_redemption' }>,
): Promise<Settlement> {
  const { merchant_id: merchantId, customer_id: customerId, redemption_id: redemptionId } = job
  const account = { merchantId, customerId, shopifyCustomerGid: null, currency: null }
  await leaseAndSettle(env, account, redemptionId)
  return DONE
}
