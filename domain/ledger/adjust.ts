import { refuse } from '../contracts/errors.ts'
import type { Draft } from './draft.ts'
import { lotLife } from './expiry.ts'
import { grantFields, pointsRefusal } from './grants.ts'
import { coverRefusal, type Proposal } from './holds.ts'
import { takeFromLots } from './lots.ts'
import type { Adjust, EarnPoints, ImportBalance } from './types.ts'

/** Points for something other than an order. */
export function earnPoints(draft: Draft, command: EarnPoints, nowMs: number): Proposal {
  const { externalId, points, reason, terms, source } = command
  const isOwnId = externalId.startsWith('activity:') || (source === 'pos' && externalId.startsWith('pos:'))
  if (!isOwnId) {
    return refuse(
      'validation_failed',
      'The id of an earning begins with activity:, at a till with pos:.',
      '/external_id',
    )
  }
  return (
    pointsRefusal(draft.account, points, 1) ?? {
      type: 'earn',
      ...grantFields(draft, points, lotLife(terms, nowMs), reason === null ? {} : { reason }),
      orderGid: null,
      ruleVersion: null,
    }
  )
}

/** The opening balance that another program left. */
export function importBalance(draft: Draft, { points, terms }: ImportBalance, nowMs: number): Proposal {
  return (
    pointsRefusal(draft.account, points, 1) ?? {
      type: 'import',
      ...grantFields(draft, points, lotLife(terms, nowMs), {}),
      orderGid: null,
      ruleVersion: null,
    }
  )
}

/** A correction by hand: up like any grant; down by FIFO, into debt only where that is permitted. */
export function adjust(draft: Draft, command: Adjust, nowMs: number): Proposal {
  const { points, allowDebt, terms, approvedBy } = command
  const detail = { reason: command.reason, ...(approvedBy === undefined ? {} : { approvedBy }) }
  const invalid = pointsRefusal(draft.account, Math.abs(points), 1)
  if (invalid) return invalid
  const shared = { type: 'adjust', orderGid: null, ruleVersion: null } as const
  if (points > 0) return { ...shared, ...grantFields(draft, points, lotLife(terms, nowMs), detail) }
  const uncoverable = allowDebt ? null : coverRefusal(draft, -points)
  if (uncoverable) return uncoverable
  const { allocations, uncovered } = takeFromLots(draft, -points)
  return {
    ...shared,
    points,
    allocations,
    detail: uncovered > 0 ? { ...detail, debtMade: uncovered } : detail,
  }
}
