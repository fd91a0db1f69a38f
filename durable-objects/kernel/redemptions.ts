import type { RedemptionRecord } from '../../domain/rewards/types.ts'
import type { AccountRef, RedemptionsPageRaw } from './protocol.ts'
import { withRetry } from './retry.ts'
import { customerAccount } from './stubs.ts'

const REDEMPTIONS_A_PAGE = 500

/** All redemptions of this very account, newest first: for rebuilding and comparing projections. */
export async function allRedemptions(env: Env, merchantId: string, customerId: string): Promise<RedemptionRecord[]> {
  const account: AccountRef = { merchantId, customerId, shopifyCustomerGid: null, currency: null }
  const all: RedemptionRecord[] = []
  let before: string | null = null
  do {
    const page: RedemptionsPageRaw = await readPage(env, account, before)
    all.push(...page.redemptions)
    before = page.next
  } while (before !== null)
  return all
}

function readPage(env: Env, account: AccountRef, before: string | null): Promise<RedemptionsPageRaw> {
  return withRetry(
    () => customerAccount(env, account.merchantId, account.customerId),
    (stub) => stub.redemptionsHere(account, { before, limit: REDEMPTIONS_A_PAGE, state: null, rewardId: null }),
  )
}
