import { z } from 'zod'
import { toLotState, toPointsEvent } from '../../domain/ledger/transaction.ts'
import { toRedemption } from '../../domain/rewards/public.ts'
import type { LedgerPage } from '../../durable-objects/kernel/protocol.ts'
import { allRedemptions } from '../../durable-objects/kernel/redemptions.ts'
import { withRetry } from '../../durable-objects/kernel/retry.ts'
import { customerAccount } from '../../durable-objects/kernel/stubs.ts'
import { redemptionRow } from '../../migrations/postgres/rows.ts'
import { neonBatch, sql, type Statement } from '../../workers/platform/neon.ts'
import { accountRows } from './accounts.ts'
import { projectAccounts, upsertRedemptions } from './statements.ts'
import { deliverWaitingOf } from './waiting-refunds.ts'

const ENTRIES_A_PAGE = 500
const StoredRedemptions = z.array(z.object({ id: z.string(), version: z.coerce.number() }))
const Stored = z.tuple([
  z.array(z.object({ seq: z.coerce.number() })),
  StoredRedemptions,
  z.array(z.object({ lot: z.coerce.number() })),
  z.array(z.object({ merged_into: z.uuid().nullable() })),
])

/**
 * Writes the projections of one customer anew from the account, while events go on arriving: what Postgres held before
 * the account was read, and the account does not have, is surely wrong; and it ends only once the ledger had nothing new
 * after the last write.
 */
export async function rebuildCustomer(env: Env, merchantId: string, customerId: string): Promise<void> {
  const [storedEntries, storedRedemptions, storedLots, storedCustomer] = Stored.parse(
    await neonBatch(env, merchantId, [
      sql`select seq from points_transactions where customer_id = ${customerId}`,
      sql`select id, version from reward_redemptions where customer_id = ${customerId}`,
      sql`select lot from points_lots where customer_id = ${customerId}`,
      sql`select merged_into from customers where id = ${customerId}`,
    ]),
  )
  const ledger = await rebuildLedger(env, merchantId, customerId)
  const redeemed = await rebuildRedemptions(env, merchantId, customerId, storedRedemptions)
  const known = new Set([...ledger.redemptions, ...redeemed])
  await neonBatch(env, merchantId, [
    removeEntries(
      customerId,
      storedEntries.map(({ seq }) => seq).filter((seq) => !ledger.seqs.has(seq)),
    ),
    removeRedemptions(
      customerId,
      storedRedemptions.map(({ id }) => id).filter((id) => !known.has(id)),
    ),
    removeLots(
      customerId,
      storedLots.map(({ lot }) => lot).filter((lot) => !ledger.lots.has(lot)),
    ),
    correctMerged(customerId, storedCustomer[0]?.merged_into ?? null, ledger.mergedInto),
    ...(ledger.seqs.size === 0 ? [sql`delete from points_balances where customer_id = ${customerId}`] : []),
  ])
  // As after an event: a refund may have waited for an order whose own event never came.
  await deliverWaitingOf(env, { merchantId, customerId, shopifyCustomerGid: null })
}

/** Entries, balance, lots and bare redemptions. Answers with what the ledger has. */
async function rebuildLedger(env: Env, merchantId: string, customerId: string) {
  const seqs = new Set<number>()
  const redemptions = new Set<string>()
  const lots = new Set<number>()
  let mergedInto: string | null = null
  for (let afterSeq = 0, page = await read(env, merchantId, customerId, 0); page !== null;) {
    const { entries } = page
    mergedInto = page.mergedInto
    const rows = rowsOf(merchantId, customerId, page)
    for (const { seq } of rows.transactions) seqs.add(seq)
    for (const { id } of rows.redemptions) redemptions.add(id)
    for (const { lot } of rows.lots) lots.add(lot)
    if (entries.length === 0) break
    await neonBatch(env, merchantId, [
      removeEntries(
        customerId,
        rows.transactions.map(({ seq }) => seq),
      ),
      removeRedemptions(
        customerId,
        rows.redemptions.map(({ id }) => id),
      ),
      removeLots(
        customerId,
        rows.lots.map(({ lot }) => lot),
      ),
      sql`delete from points_balances where customer_id = ${customerId}`,
      ...projectAccounts(merchantId, rows),
    ])
    afterSeq = entries.at(-1)?.seq ?? afterSeq
    page = await read(env, merchantId, customerId, afterSeq)
  }
  return { seqs, lots, redemptions, mergedInto }
}

/**
 * Redemptions of rewards, after the ledger, whose first page makes the customer's row. A row that Postgres held before
 * and that is not older than what the account says now is written anew, whatever it says; one that an event brings
 * meanwhile is newer and stays. Answers with the ids that the account has.
 */
async function rebuildRedemptions(
  env: Env,
  merchantId: string,
  customerId: string,
  stored: z.infer<typeof StoredRedemptions>,
): Promise<readonly string[]> {
  const rows = (await allRedemptions(env, merchantId, customerId)).map((record) =>
    redemptionRow(merchantId, toRedemption(record)),
  )
  if (rows.length === 0) return []
  const now = new Map(rows.map(({ id, version }) => [id, version]))
  const suspect = stored.filter(({ id, version }) => version >= (now.get(id) ?? Number.POSITIVE_INFINITY))
  await neonBatch(env, merchantId, [removeUnchanged(customerId, suspect), upsertRedemptions(rows)])
  return rows.map(({ id }) => id)
}

function read(env: Env, merchantId: string, customerId: string, afterSeq: number): Promise<LedgerPage | null> {
  return withRetry(
    () => customerAccount(env, merchantId, customerId),
    (account) =>
      account.ledger({ merchantId, customerId, shopifyCustomerGid: null, currency: null }, afterSeq, ENTRIES_A_PAGE),
  )
}

function rowsOf(merchantId: string, customerId: string, page: LedgerPage) {
  const { entries, balance, mergedInto, shopifyCustomerGid } = page
  const owner = { merchantId, customerId, shopifyCustomerGid, currency: null }
  const lots = page.lots.map(toLotState)
  // It does not matter which entry tells of which lot.
  return accountRows(
    entries.map((entry, index) => toPointsEvent(entry, balance, owner, { lots: index === 0 ? lots : [], mergedInto })),
  )
}

/** Only as it was read: an account is merged once, so what an event or a merge has brought since then is right. */
function correctMerged(customerId: string, stored: string | null, mergedInto: string | null): Statement {
  return sql`update customers set merged_into = ${mergedInto} where id = ${customerId}
    and merged_into is not distinct from ${stored}::uuid and merged_into is distinct from ${mergedInto}::uuid`
}

function removeLots(customerId: string, lots: readonly number[]): Statement {
  return sql`delete from points_lots where customer_id = ${customerId}
    and lot in (select value::bigint from jsonb_array_elements_text(${JSON.stringify(lots)}::jsonb))`
}

function removeEntries(customerId: string, seqs: readonly number[]): Statement {
  return sql`delete from points_transactions where customer_id = ${customerId}
    and seq in (select value::bigint from jsonb_array_elements_text(${JSON.stringify(seqs)}::jsonb))`
}

function removeRedemptions(customerId: string, ids: readonly string[]): Statement {
  return sql`delete from reward_redemptions where customer_id = ${customerId}
    and id in (select value from jsonb_array_elements_text(${JSON.stringify(ids)}::jsonb))`
}

/** Only as they were read: what an event has brought since then is newer than the account was. */
function removeUnchanged(customerId: string, stored: z.infer<typeof StoredRedemptions>): Statement {
  return sql`delete from reward_redemptions r
    using jsonb_to_recordset(${JSON.stringify(stored)}::jsonb) as s (id text, version integer)
    where r.customer_id = ${customerId} and r.id = s.id and r.version = s.version`
}
