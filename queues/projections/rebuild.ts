import { z } from 'zod'
import { toPointsEvent } from '../../domain/ledger/transaction.ts'
import type { LedgerPage } from '../../durable-objects/kernel/protocol.ts'
import { withRetry } from '../../durable-objects/kernel/retry.ts'
import { customerAccount } from '../../durable-objects/kernel/stubs.ts'
import { neonBatch, sql, type Statement } from '../../workers/platform/neon.ts'
import { pointsRows } from './points.ts'
import { projectPoints } from './statements.ts'

const ENTRIES_A_PAGE = 500
const Stored = z.tuple([z.array(z.object({ seq: z.coerce.number() })), z.array(z.object({ id: z.string() }))])

/**
 * Writes the projections of one customer anew from the ledger, while events go on arriving: what Postgres held before
 * the ledger was read, and the ledger does not have, is surely wrong; and it ends only once the ledger had nothing new
 * after the last write.
 */
export async function rebuildCustomer(env: Env, merchantId: string, customerId: string): Promise<void> {
  const before = Stored.parse(
    await neonBatch(env, merchantId, [
      sql`select seq from points_transactions where customer_id = ${customerId}`,
      sql`select id from reward_redemptions where customer_id = ${customerId}`,
    ]),
  )
  const seqs = new Set<number>()
  const redemptions = new Set<string>()
  for (let afterSeq = 0, page = await read(env, merchantId, customerId, 0); page !== null;) {
    const { entries } = page
    const rows = rowsOf(merchantId, customerId, page)
    for (const { seq } of rows.transactions) seqs.add(seq)
    for (const { id } of rows.redemptions) redemptions.add(id)
    if (entries.length === 0) break
    await neonBatch(env, merchantId, [
      remove(
        'points_transactions',
        customerId,
        rows.transactions.map(({ seq }) => seq),
      ),
      remove(
        'reward_redemptions',
        customerId,
        rows.redemptions.map(({ id }) => id),
      ),
      sql`delete from points_balances where customer_id = ${customerId}`,
      ...projectPoints(merchantId, rows),
    ])
    afterSeq = entries.at(-1)?.seq ?? afterSeq
    page = await read(env, merchantId, customerId, afterSeq)
  }
  const [storedEntries, storedRedemptions] = before
  await neonBatch(env, merchantId, [
    remove(
      'points_transactions',
      customerId,
      storedEntries.map(({ seq }) => seq).filter((seq) => !seqs.has(seq)),
    ),
    remove(
      'reward_redemptions',
      customerId,
      storedRedemptions.map(({ id }) => id).filter((id) => !redemptions.has(id)),
    ),
    ...(seqs.size === 0 ? [sql`delete from points_balances where customer_id = ${customerId}`] : []),
  ])
}

function read(env: Env, merchantId: string, customerId: string, afterSeq: number): Promise<LedgerPage | null> {
  return withRetry(
    () => customerAccount(env, merchantId, customerId),
    (account) =>
      account.ledger({ merchantId, customerId, shopifyCustomerGid: null, currency: null }, afterSeq, ENTRIES_A_PAGE),
  )
}

function rowsOf(merchantId: string, customerId: string, { entries, balance, shopifyCustomerGid }: LedgerPage) {
  const owner = { merchantId, customerId, shopifyCustomerGid, currency: null }
  return pointsRows(entries.map((entry) => toPointsEvent(entry, balance, owner)))
}

function remove(
  table: 'points_transactions' | 'reward_redemptions',
  customerId: string,
  keys: readonly (number | string)[],
): Statement {
  const json = JSON.stringify(keys)
  return table === 'points_transactions'
    ? sql`delete from points_transactions where customer_id = ${customerId}
        and seq in (select value::bigint from jsonb_array_elements_text(${json}::jsonb))`
    : sql`delete from reward_redemptions where customer_id = ${customerId}
        and id in (select value from jsonb_array_elements_text(${json}::jsonb))`
}
