import type { Balance } from '../../../domain/contracts/points.ts'

/** The balance of a customer for whom nothing was ever booked. */
export function emptyBalance(customerId: string, nowMs: number): Balance {
  return {
    customer_id: customerId,
    points: 0,
    posted: 0,
    pending: 0,
    held: 0,
    debt: 0,
    lifetime: { earned: 0, redeemed: 0, expired: 0, clawed_back: 0, adjusted: 0 },
    next_expiration: null,
    tier: null,
    seq: 0,
    as_of: new Date(nowMs).toISOString(),
  }
}
