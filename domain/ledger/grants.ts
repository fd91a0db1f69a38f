import { type Refusal, refuse } from '../contracts/errors.ts'
import { MAX_POINTS } from '../contracts/settings.ts'
import type { EntryFields } from './entry.ts'
import type { LotLife } from './expiry.ts'
import type { AccountState, EntryDetail, LedgerView } from './types.ts'

/** Points that come in: debt is paid first, the rest opens a lot that lives like this. */
export function grantFields(
  view: LedgerView,
  points: number,
  life: LotLife,
  detail: EntryDetail,
): Pick<EntryFields, 'points' | 'allocations' | 'detail'> {
  const debtPaid = Math.min(view.account.debt, points)
  const granted = points - debtPaid
  return {
    points,
    allocations: granted > 0 ? [{ lot: view.account.seq + 1, points: granted }] : [],
    detail: {
      ...detail,
      ...(debtPaid > 0 ? { debtPaid } : {}),
      ...(granted > 0 ? life : {}),
    },
  }
}

/** The refusal of a number that is no count of points, or that one entry or the account's sums cannot hold. */
export function pointsRefusal(account: AccountState, points: number, leastPoints: number): Refusal | null {
  if (!Number.isSafeInteger(points) || points < leastPoints || Math.abs(points) > MAX_POINTS) {
    const least = leastPoints === 1 ? 'a whole number from 1' : 'a whole number of at most'
    const range = leastPoints === 1 ? `${least} to ${MAX_POINTS}` : `${least} ${MAX_POINTS}`
    return refuse('points_out_of_range', `points must be ${range}.`, '/points')
  }
  return sumsRefusal(account, Math.abs(points))
}

/** The refusal of so many points more, in whatever way, where the account's sums cannot hold them. */
export function sumsRefusal(account: AccountState, points: number): Refusal | null {
  const { posted, debt, held, pending, lifetime } = account
  const largest = Math.max(...[posted, debt, held, pending, ...Object.values(lifetime)].map(Math.abs))
  return Number.isSafeInteger(largest + points)
    ? null
    : refuse('points_out_of_range', 'The sums of this account cannot take that many points more.', '/points')
}
