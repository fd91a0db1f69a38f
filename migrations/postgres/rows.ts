import type { LotState, PointsEvent } from '../../domain/contracts/events.ts'
import type { Balance, Transaction } from '../../domain/contracts/points.ts'
import type { Redemption } from '../../domain/contracts/rewards.ts'
import type { BalanceRow, LotRow, RedemptionRow, TransactionRow } from './schema.ts'

/** The rows of the projections, as the accounts' events say they are. Pure; comparing and rebuilding use the same. */

/** The row of a ledger entry. */
export function transactionRow({ merchant_id, data }: PointsEvent): TransactionRow {
  const { transaction, previous_hash } = data
  return {
    merchant_id,
    customer_id: transaction.customer_id,
    seq: transaction.seq,
    type: transaction.type,
    kind: transaction.kind,
    points: transaction.points,
    pending_points: transaction.pending_points,
    source: transaction.source,
    external_id: transaction.external_id,
    order_gid: transaction.order_id,
    reason: transaction.reason,
    actor: transaction.actor,
    rule_version: transaction.rule_version,
    effective_at: transaction.effective_at,
    recorded_at: transaction.recorded_at,
    expires_at: transaction.expires_at,
    previous_hash,
    hash: transaction.hash,
  }
}

/** The row of a customer's balance. */
export function balanceRow(merchantId: string, balance: Balance): BalanceRow {
  return {
    merchant_id: merchantId,
    customer_id: balance.customer_id,
    seq: balance.seq,
    points: balance.points,
    posted: balance.posted,
    pending: balance.pending,
    held: balance.held,
    debt: balance.debt,
    lifetime_earned: balance.lifetime.earned,
    lifetime_redeemed: balance.lifetime.redeemed,
    lifetime_expired: balance.lifetime.expired,
    lifetime_clawed_back: balance.lifetime.clawed_back,
    lifetime_adjusted: balance.lifetime.adjusted,
    next_expiration_points: balance.next_expiration?.points ?? null,
    next_expiration_at: balance.next_expiration?.at ?? null,
    as_of: balance.as_of,
  }
}

/** The row of a lot as it stood at `seq` of its account. */
export function lotRow(merchantId: string, customerId: string, state: LotState, seq: number): LotRow {
  return { merchant_id: merchantId, customer_id: customerId, ...state, seq }
}

/** The row of a bare redemption: an entry that spends points by itself. A capture's row is that of its redemption. */
export function bareRedemptionRow(merchantId: string, transaction: Transaction): RedemptionRow | undefined {
  if (transaction.kind !== 'redeem') return undefined
  return {
    merchant_id: merchantId,
    id: transaction.id,
    customer_id: transaction.customer_id,
    points: Math.abs(transaction.points),
    state: 'redeemed',
    redeemed_at: transaction.effective_at,
    reward_id: null,
    code: null,
    order_gid: null,
    points_returned: 0,
    ended_at: null,
    version: 0,
    body: null,
  }
}

/** The row of a redemption of a reward. */
export function redemptionRow(merchantId: string, redemption: Redemption): RedemptionRow {
  return {
    merchant_id: merchantId,
    id: redemption.id,
    customer_id: redemption.customer_id,
    points: redemption.points,
    state: redemption.state,
    redeemed_at: redemption.requested_at,
    reward_id: redemption.reward_id,
    code: redemption.code,
    order_gid: redemption.order_id,
    points_returned: redemption.points_returned,
    ended_at: redemption.ended_at,
    version: redemption.version,
    body: redemption,
  }
}
