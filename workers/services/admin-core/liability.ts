import { z } from 'zod'
import {
  type LiabilityFacts,
  liabilityReport,
  type LiabilityTerms,
  monthStarts,
} from '../../../domain/audit/liability.ts'
import type { LiabilityReport } from '../../../domain/contracts/operations/ledgers.ts'
import { neonSnapshot, sql, type Statement } from '../../platform/neon.ts'

/** Sums come as text: Postgres' numeric has no end, ours do. */
const Sum = z.coerce.number().pipe(z.int())
const Facts = z.tuple([
  z.tuple([
    z.object({
      customers: Sum,
      outstanding: Sum,
      held: Sum,
      pending: Sum,
      debt: Sum,
      of_deleted_customers: Sum,
    }),
  ]),
  z.array(z.object({ expires_at_ms: Sum.nullable(), points: Sum })),
  z.tuple([z.object({ granted: Sum, expired: Sum })]),
  z.array(z.object({ month: Sum, granted: Sum, redeemed: Sum, expired: Sum, clawed_back: Sum })),
])

/** The points-liability report of a shop. All sums are of one instant. */
export async function readLiability(env: Env, merchantId: string, terms: LiabilityTerms): Promise<LiabilityReport> {
  const starts = monthStarts(terms)
  const rows = await neonSnapshot(env, merchantId, [
    totals(merchantId),
    lotsByEnd(merchantId),
    endedLots(merchantId, starts[0] ?? terms.asOfMs, terms.asOfMs),
    monthlyFlows(merchantId, starts, terms.asOfMs),
  ])
  return liabilityReport(factsOf(rows), terms)
}

function factsOf(rows: readonly unknown[]): LiabilityFacts {
  const [[sums], lots, [ended], flows] = Facts.parse(rows)
  return {
    customers: sums.customers,
    outstanding: sums.outstanding,
    held: sums.held,
    pending: sums.pending,
    debt: sums.debt,
    ofDeletedCustomers: sums.of_deleted_customers,
    lots: lots.map(({ expires_at_ms: expiresAtMs, points }) => ({ expiresAtMs, points })),
    ended,
    flows: flows.map(({ month, granted, redeemed, expired, clawed_back: clawedBack }) => ({
      month,
      granted,
      redeemed,
      expired,
      clawedBack,
    })),
  }
}

/**
 * A customer who was merged into another is none; what the account still keeps (pinned, or pending, until it comes free)
 * is owed all the same.
 */
function totals(merchantId: string): Statement {
  return sql`select
      count(*) filter (where c.merged_into is null and (b.posted <> 0 or b.pending > 0 or b.debt > 0)) as customers,
      coalesce(sum(greatest(b.posted, 0)), 0) as outstanding,
      coalesce(sum(b.held), 0) as held,
      coalesce(sum(b.pending), 0) as pending,
      coalesce(sum(b.debt), 0) as debt,
      coalesce(sum(greatest(b.posted, 0)) filter (where c.deleted_at is not null), 0) as of_deleted_customers
    from points_balances b join customers c on c.merchant_id = b.merchant_id and c.id = b.customer_id
    where b.merchant_id = ${merchantId}`
}

function lotsByEnd(merchantId: string): Statement {
  return sql`select (extract(epoch from expires_at) * 1000)::bigint as expires_at_ms, sum(remaining) as points
    from points_lots where merchant_id = ${merchantId} and remaining > 0
    group by expires_at order by expires_at`
}

/**
 * Lots that came to an end in the time that is looked at: their day has passed; or they have no such day and nothing is
 * left of them, since the entry that their row is of. Moved lots count where they went.
 */
function endedLots(merchantId: string, fromMs: number, untilMs: number): Statement {
  return sql`select coalesce(sum(l.granted), 0) as granted, coalesce(sum(l.expired), 0) as expired
    from points_lots l
      join customers c on c.merchant_id = l.merchant_id and c.id = l.customer_id and c.merged_into is null
      left join points_transactions t
        on t.merchant_id = l.merchant_id and t.customer_id = l.customer_id and t.seq = l.seq and l.expires_at is null
    where l.merchant_id = ${merchantId} and (l.expires_at is not null or l.remaining = 0)
      and coalesce(l.expires_at, t.recorded_at) >= to_timestamp(${fromMs}::bigint / 1000.0)
      and coalesce(l.expires_at, t.recorded_at) <= to_timestamp(${untilMs}::bigint / 1000.0)`
}

/**
 * What was booked month by month. An entry that was undone, or in part, counts for what is left of it, in its own month.
 * The last part of a reversal's business id is the entry that it undoes. Merges grant and take nothing.
 */
function monthlyFlows(merchantId: string, startsMs: readonly number[], untilMs: number): Statement {
  const starts = JSON.stringify(startsMs.map((ms) => new Date(ms).toISOString()))
  return sql`with starts as (
      select array_agg(value::timestamptz order by ordinality) as list
      from jsonb_array_elements_text(${starts}::jsonb) with ordinality
    ), undone as (
      select customer_id, split_part(external_id, ':', -1)::bigint as seq, sum(points) as points
      from points_transactions where merchant_id = ${merchantId} and kind = 'reversal' group by 1, 2
    ), net as (
      select t.kind, t.points + coalesce(undone.points, 0) as points, t.points > 0 as is_gain,
        width_bucket(t.recorded_at, starts.list) - 1 as month
      from starts cross join points_transactions t left join undone using (customer_id, seq)
      where t.merchant_id = ${merchantId} and t.recorded_at >= starts.list[1]
        and t.recorded_at <= to_timestamp(${untilMs}::bigint / 1000.0)
    )
    select month,
      coalesce(sum(points) filter (where kind in ('earn', 'activate', 'import') or kind = 'adjust' and is_gain), 0) as granted,
      coalesce(-sum(points) filter (where kind in ('redeem', 'capture')), 0) as redeemed,
      coalesce(-sum(points) filter (where kind = 'expire'), 0) as expired,
      coalesce(-sum(points) filter (where kind = 'clawback'), 0) as clawed_back
    from net group by month order by month`
}
