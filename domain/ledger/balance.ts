import type { Balance } from '../contracts/points.ts'
import { Draft } from './draft.ts'
import { applyDue } from './due.ts'
import { lotEndMs } from './expiry.ts'
import { availablePoints, freeOf } from './lots.ts'
import type { LedgerView } from './types.ts'

/** The view as it will be once everything that is due by now is booked. */
function asOf(view: LedgerView, nowMs: number): LedgerView {
  const draft = new Draft(view)
  applyDue(draft, Math.max(nowMs, view.account.lastRecordedAtMs))
  return draft
}

function nextExpiration(view: LedgerView): Balance['next_expiration'] {
  let atMs = Number.POSITIVE_INFINITY
  let points = 0
  for (const lot of view.openLots) {
    const free = freeOf(lot)
    const endMs = lotEndMs(lot, view.account)
    if (endMs === null || free === 0 || endMs > atMs) continue
    points = endMs === atMs ? points + free : free
    atMs = endMs
  }
  return points === 0 ? null : { points, at: new Date(atMs).toISOString() }
}

/**
 * The customer's balance as of now: what is due counts as done, whether or not an alarm has booked it. `seq` is that
 * of the last entry booked.
 */
export function balanceOf(view: LedgerView, customerId: string, nowMs: number): Balance {
  const current = asOf(view, nowMs)
  const { account } = current
  return {
    customer_id: customerId,
    points: Math.max(0, availablePoints(current)),
    posted: account.posted,
    pending: account.pending,
    held: account.held,
    debt: account.debt,
    lifetime: {
      earned: account.lifetime.earned,
      redeemed: account.lifetime.redeemed,
      expired: account.lifetime.expired,
      clawed_back: account.lifetime.clawedBack,
      adjusted: account.lifetime.adjusted,
    },
    next_expiration: nextExpiration(current),
    tier: null,
    seq: view.account.seq,
    as_of: new Date(nowMs).toISOString(),
  }
}
