import { z } from 'zod'
import type { PointsEvent } from '../../../domain/contracts/events.ts'
import { ProjectionDifference, type ProjectionComparison } from '../../../domain/contracts/operations/admin-core.ts'
import type { Balance } from '../../../domain/contracts/points.ts'
import { toLotState, toPointsEvent } from '../../../domain/ledger/transaction.ts'
import { toRedemption } from '../../../domain/rewards/public.ts'
import type { Lot } from '../../../domain/ledger/types.ts'
import type { RedemptionRecord } from '../../../domain/rewards/types.ts'
import { allRedemptions } from '../../../durable-objects/kernel/redemptions.ts'
import { withRetry } from '../../../durable-objects/kernel/retry.ts'
import { customerAccount } from '../../../durable-objects/kernel/stubs.ts'
import {
  balanceRow,
  bareRedemptionRow,
  lotRow,
  redemptionRow,
  transactionRow,
} from '../../../migrations/postgres/rows.ts'
import { neonBatch, sql, type Statement } from '../../platform/neon.ts'

/** What is younger than this may still be between the object and Postgres. */
const IN_FLIGHT_MS = 120_000
const ENTRIES_A_PAGE = 500
const CustomerIds = z.array(z.object({ id: z.uuid() }))
const Found = z.array(
  ProjectionDifference.extend({
    /** When the row came about, or last changed, where that is known. */
    at: z.iso.datetime({ offset: true }).nullable(),
    /** The stored row is of an older version than the expected one. */
    behind: z.boolean().default(false),
  }),
)
type Found = z.infer<typeof Found>[number]

/** Compares one page of a merchant's customers; the accounts are right by definition. */
export async function compareProjections(
  env: Env,
  merchantId: string,
  page: { readonly after: string | null; readonly limit: number },
  nowMs: number,
): Promise<z.infer<typeof ProjectionComparison>> {
  const [rows] = await neonBatch(env, merchantId, [
    sql`select id from customers where ${page.after}::uuid is null or id > ${page.after}::uuid
      order by id limit ${page.limit}`,
  ])
  const customers = CustomerIds.parse(rows).map(({ id }) => id)
  const compared = []
  for (const customerId of customers) compared.push(await compareCustomer(env, merchantId, customerId, nowMs))
  return {
    customers: customers.length,
    entries: compared.reduce((sum, { entries }) => sum + entries, 0),
    in_flight: compared.reduce((sum, { inFlight }) => sum + inFlight, 0),
    differences: compared.flatMap(({ differences }) => differences),
    next_after: customers.length === page.limit ? (customers.at(-1) ?? null) : null,
  }
}

async function compareCustomer(env: Env, merchantId: string, customerId: string, nowMs: number) {
  const { events, balance, lots, mergedInto } = await readLedger(env, merchantId, customerId)
  const redemptions = await allRedemptions(env, merchantId, customerId)
  const found = Found.parse(
    (
      await neonBatch(env, merchantId, [
        differingTransactions(customerId, events),
        differingBalances(merchantId, customerId, balance),
        differingLots(merchantId, customerId, lots),
        differingCustomer(customerId, mergedInto),
        differingRedemptions(merchantId, customerId, events, redemptions),
      ])
    ).flat(),
  )
  const differences = found.filter((one) => !isInFlight(one, nowMs))
  const late = found.length > differences.length
  return {
    entries: events.length,
    inFlight: found.filter((one) => one.table === 'points_transactions' && isInFlight(one, nowMs)).length,
    // Balance, lots and redemptions follow the entries: while some are on their way, they may be behind.
    differences: differences
      .filter(({ table }) => !late || table === 'points_transactions')
      .map(({ at: _at, behind: _behind, ...difference }) => difference),
  }
}

/**
 * Missing, or of an older version, and young: on its way. Extra and booked while we compared: newer than what we read of
 * the ledger.
 */
function isInFlight({ problem, at, behind }: Found, nowMs: number): boolean {
  if (at === null || (problem === 'differs' && !behind)) return false
  return Date.parse(at) > (problem === 'extra' ? nowMs : nowMs - IN_FLIGHT_MS)
}

async function readLedger(env: Env, merchantId: string, customerId: string) {
  const account = { merchantId, customerId, shopifyCustomerGid: null, currency: null }
  const events: PointsEvent[] = []
  const lots = new Map<number, Lot>()
  let balance: Balance | null = null
  let mergedInto: string | null = null
  for (let afterSeq: number | null = 0; afterSeq !== null;) {
    const from: number = afterSeq
    const page = await withRetry(
      () => customerAccount(env, merchantId, customerId),
      (stub) => stub.ledger(account, from, ENTRIES_A_PAGE),
    )
    if (page === null) break
    for (const entry of page.entries) events.push(toPointsEvent(entry, page.balance, account))
    for (const lot of page.lots) lots.set(lot.id, lot)
    balance = page.balance
    mergedInto = page.mergedInto
    afterSeq = page.nextSeq
  }
  return { events, balance, lots: [...lots.values()], mergedInto }
}

/**
 * Postgres itself compares, by its own types: expected rows (`e`, from JSON) beside stored ones (`s`). `at` is when the
 * row came about, where its table knows.
 */
function differingTransactions(customerId: string, events: readonly PointsEvent[]): Statement {
  return sql`select ${customerId}::text as customer_id, 'points_transactions' as table, coalesce(e.seq, s.seq)::text as key,
      case when s.seq is null then 'missing' when e.seq is null then 'extra' else 'differs' end as problem,
      case when s.seq is null or e.seq is null then '[]'::json else (select json_agg(x.key order by x.key)
        from jsonb_each(to_jsonb(e)) x join jsonb_each(to_jsonb(s)) y on y.key = x.key and y.value <> x.value) end as fields,
      to_char(coalesce(e.recorded_at, s.recorded_at) at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"') as at
    from jsonb_populate_recordset(null::points_transactions, ${JSON.stringify(events.map(transactionRow))}::jsonb) e
    full join (select * from points_transactions where customer_id = ${customerId}) s on s.seq = e.seq
    where to_jsonb(e) is distinct from to_jsonb(s)
    order by coalesce(e.seq, s.seq)`
}

function differingBalances(merchantId: string, customerId: string, balance: Balance | null): Statement {
  const expected = balance === null ? [] : [balanceRow(merchantId, balance)]
  return sql`select ${customerId}::text as customer_id, 'points_balances' as table, 'balance' as key,
      case when s.seq is null then 'missing' when e.seq is null then 'extra' else 'differs' end as problem,
      case when s.seq is null or e.seq is null then '[]'::json else (select json_agg(x.key order by x.key)
        from jsonb_each(to_jsonb(e)) x join jsonb_each(to_jsonb(s)) y
        on y.key = x.key and y.value <> x.value and x.key <> 'as_of') end as fields,
      null as at
    from jsonb_populate_recordset(null::points_balances, ${JSON.stringify(expected)}::jsonb) e
    full join (select * from points_balances where customer_id = ${customerId}) s on s.customer_id = e.customer_id
    where to_jsonb(e) - 'as_of' is distinct from to_jsonb(s) - 'as_of'`
}

/** `seq` is of the last event that told of a lot, and no part of how it stands. */
function differingLots(merchantId: string, customerId: string, lots: readonly Lot[]): Statement {
  const expected = lots.map((lot) => lotRow(merchantId, customerId, toLotState(lot), 0))
  return sql`select ${customerId}::text as customer_id, 'points_lots' as table, coalesce(e.lot, s.lot)::text as key,
      case when s.lot is null then 'missing' when e.lot is null then 'extra' else 'differs' end as problem,
      case when s.lot is null or e.lot is null then '[]'::json else (select json_agg(x.key order by x.key)
        from jsonb_each(to_jsonb(e) - 'seq') x join jsonb_each(to_jsonb(s)) y on y.key = x.key and y.value <> x.value)
        end as fields, null as at
    from jsonb_populate_recordset(null::points_lots, ${JSON.stringify(expected)}::jsonb) e
    full join (select * from points_lots where customer_id = ${customerId}) s on s.lot = e.lot
    where to_jsonb(e) - 'seq' is distinct from to_jsonb(s) - 'seq'
    order by coalesce(e.lot, s.lot)`
}

function differingCustomer(customerId: string, mergedInto: string | null): Statement {
  return sql`select ${customerId}::text as customer_id, 'customers' as table, 'merged_into' as key, 'differs' as problem,
      '["merged_into"]'::json as fields, null as at
    from customers where id = ${customerId} and merged_into is distinct from ${mergedInto}::uuid`
}

function differingRedemptions(
  merchantId: string,
  customerId: string,
  events: readonly PointsEvent[],
  redemptions: readonly RedemptionRecord[],
): Statement {
  const expected = [
    ...events.flatMap(({ data }) => bareRedemptionRow(merchantId, data.transaction) ?? []),
    ...redemptions.map((record) => redemptionRow(merchantId, toRedemption(record))),
  ]
  const changes = Object.fromEntries(
    redemptions.map(({ id, changedAtMs }) => [id, new Date(changedAtMs).toISOString()]),
  )
  return sql`select ${customerId}::text as customer_id, 'reward_redemptions' as table, coalesce(e.id, s.id) as key,
      case when s.id is null then 'missing' when e.id is null then 'extra' else 'differs' end as problem,
      case when s.id is null or e.id is null then '[]'::json else (select json_agg(x.key order by x.key)
        from jsonb_each(to_jsonb(e)) x join jsonb_each(to_jsonb(s)) y on y.key = x.key and y.value <> x.value) end as fields,
      coalesce(${JSON.stringify(changes)}::jsonb ->> e.id,
        to_char(coalesce(e.redeemed_at, s.redeemed_at) at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"')) as at,
      coalesce(s.version < e.version, false) as behind
    from jsonb_populate_recordset(null::reward_redemptions, ${JSON.stringify(expected)}::jsonb) e
    full join (select * from reward_redemptions where customer_id = ${customerId}) s on s.id = e.id
    where to_jsonb(e) is distinct from to_jsonb(s)
    order by 3`
}
