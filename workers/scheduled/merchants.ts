import { z } from 'zod'

const Merchants = z.array(z.object({ merchant_id: z.uuid() }))
/** What `sendBatch` takes at once. */
const MERCHANTS_A_PAGE = 100

/** Goes over all merchants, or those whose shop is active, a page at a time. */
export async function eachMerchant(
  env: Env,
  which: 'all' | 'active',
  work: (merchantIds: readonly string[]) => Promise<void>,
): Promise<void> {
  for (let after = ''; ;) {
    const { results } = await env.CONTROL.prepare(
      `select merchant_id from shops where merchant_id > ?1 and (?2 = 'all' or status = 'active')
       order by merchant_id limit ?3`,
    )
      .bind(after, which, MERCHANTS_A_PAGE)
      .all()
    const merchants = Merchants.parse(results).map(({ merchant_id: id }) => id)
    if (merchants.length > 0) await work(merchants)
    if (merchants.length < MERCHANTS_A_PAGE) return
    after = merchants.at(-1) ?? after
  }
}
