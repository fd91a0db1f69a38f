import { type Refusal, refuse } from '../contracts/errors.ts'
import type { RedemptionLimits } from '../contracts/settings.ts'
import type { Draft } from './draft.ts'
import type { EntryFields } from './entry.ts'
import { factsOfCommand, fingerprintOf, externalIdOf } from './facts.ts'
import { pointsRefusal } from './grants.ts'
import { availablePoints, freePoints, takeFromLots } from './lots.ts'
import type { Allocation, CaptureHold, CommandBase, Hold, PlaceHold, Redeem, ReleaseHold } from './types.ts'

/** What a handler asks to be booked; `decide` adds whose it is. */
export type Booking = Omit<EntryFields, 'externalId' | 'fingerprint' | 'source' | 'actor' | 'effectiveAtMs'>

/** What a handler asks to be booked, where it depends on what was booked before it for the same command. */
export type Step = Booking | ((draft: Draft) => Booking)

/** What a handler asks to be booked, or why it refuses. */
export type Proposal = Booking | Refusal

/** The refusal of a redemption that the shop's limits or the balance do not allow. */
function spendRefusal(
  draft: Draft,
  points: number,
  limits: RedemptionLimits | null,
  overdraft: Overdraft = NO_OVERDRAFT,
): Refusal | null {
  const invalid = pointsRefusal(draft.account, points, 1)
  if (invalid) return invalid
  if (limits) {
    const { min_points, max_points, step_points } = limits
    if (points < min_points) return limitRefusal(`A redemption is of at least ${min_points} points.`)
    if (max_points !== null && points > max_points)
      return limitRefusal(`A redemption is of at most ${max_points} points.`)
    if (points % step_points !== 0) return limitRefusal(`A redemption is a multiple of ${step_points} points.`)
  }
  return coverRefusal(draft, points, overdraft)
}

function limitRefusal(detail: string): Refusal {
  return refuse('redemption_limit', detail, '/points')
}

/** Debt that a redemption may leave behind, and make itself. */
interface Overdraft {
  readonly leftPoints: number
  readonly madePoints: number
}

const NO_OVERDRAFT: Overdraft = { leftPoints: 0, madePoints: 0 }

/** The refusal when fewer points are available than are needed, and may not be owed. */
export function coverRefusal(draft: Draft, points: number, overdraft = NO_OVERDRAFT): Refusal | null {
  const available = Math.max(0, availablePoints(draft))
  if (points <= available) return null
  const made = Math.max(0, points - freePoints(draft))
  const isTooMuch = draft.account.debt + made > overdraft.leftPoints
  if (!isTooMuch && made <= overdraft.madePoints) return null
  const detail = `${points} points are needed, ${available} are available.`
  return refuse('insufficient_points', detail, isTooMuch ? '/points' : '/overdraft_made_points')
}

/** Spends points in one step; at a till, where the goods are gone already, also points that the customer has yet to earn. */
export function redeem(draft: Draft, command: Redeem): Proposal {
  const { redemptionId, points, limits, reason, source } = command
  const { overdraftPoints: leftPoints = 0, overdraftMadePoints: madePoints = leftPoints } = command
  if (redemptionId.startsWith('pos:') && source !== 'pos') {
    return refuse('validation_failed', 'The ids of tills begin with pos:, others must not.', '/redemption_id')
  }
  const invalid = spendRefusal(draft, points, limits, { leftPoints, madePoints })
  if (invalid) return invalid
  const { allocations, uncovered } = takeFromLots(draft, points)
  return {
    type: 'redeem',
    points: -points,
    allocations,
    orderGid: null,
    ruleVersion: null,
    detail: { ...(reason === null ? {} : { reason }), ...(uncovered > 0 ? { debtMade: uncovered } : {}) },
  }
}

/** Pins the points that a redemption would take, until it is captured, released, or timed out. */
export function placeHold(draft: Draft, command: PlaceHold, nowMs: number): Proposal {
  const { holdId, points, timeoutMs, limits } = command
  if (/:(?:capture|release)$/.test(holdId)) {
    return refuse('validation_failed', 'A hold id must not end in :capture or :release.', '/hold_id')
  }
  if (!Number.isSafeInteger(timeoutMs) || timeoutMs <= 0 || !Number.isSafeInteger(nowMs + timeoutMs)) {
    return refuse('validation_failed', 'The timeout must be a whole number of milliseconds above 0.', '/timeout_ms')
  }
  return (
    spendRefusal(draft, points, limits) ?? {
      type: 'hold',
      points: 0,
      allocations: takeFromLots(draft, points).allocations,
      orderGid: null,
      ruleVersion: null,
      detail: { holdId, heldPoints: points, timeoutAtMs: nowMs + timeoutMs },
    }
  )
}

/** The hold that a command means to end, or the refusal when it is not there or has ended. */
function holdToEnd(draft: Draft, holdId: string): Hold | Refusal {
  const hold = draft.hold(holdId)
  if (hold === undefined) return refuse('not_found', `There is no hold ${holdId}.`, '/hold_id')
  if (hold.state !== 'open') return refuse('hold_closed', `The hold ${holdId} was ${hold.state} before.`, '/hold_id')
  return hold
}

/** Spends all or the first part of what is pinned; the rest goes back to its lots. */
export function capture(draft: Draft, command: CaptureHold): Proposal {
  const hold = holdToEnd(draft, command.holdId)
  if ('ok' in hold) return hold
  const points = command.points ?? hold.points
  const invalid = pointsRefusal(draft.account, points, 1)
  if (invalid) return invalid
  if (points > hold.points) {
    return refuse('insufficient_points', `The hold has ${hold.points} points, not ${points}.`, '/points')
  }
  const allocations: Allocation[] = []
  let rest = points
  for (const pin of hold.pins) {
    if (rest === 0) break
    const taken = Math.min(pin.points, rest)
    allocations.push({ lot: pin.lot, points: -taken })
    rest -= taken
  }
  return {
    type: 'capture',
    points: -points,
    allocations,
    orderGid: null,
    ruleVersion: null,
    detail: { holdId: hold.id, heldPoints: hold.points - points },
  }
}

/** Lets go of what is pinned. */
export function release(draft: Draft, command: ReleaseHold): EntryFields | Refusal {
  const hold = holdToEnd(draft, command.holdId)
  return 'ok' in hold ? hold : releaseFields(hold, command, command.reason)
}

/** The entry that ends a hold without spending it; the same whether by command or by timeout. */
export function releaseFields(hold: Hold, by: CommandBase, reason: string): EntryFields {
  const command: ReleaseHold = { ...by, kind: 'release', holdId: hold.id, reason }
  const externalId = externalIdOf(command)
  return {
    type: 'release',
    points: 0,
    source: by.source,
    externalId,
    fingerprint: fingerprintOf(externalId, factsOfCommand(command, undefined)),
    effectiveAtMs: by.effectiveAtMs,
    actor: by.actor,
    allocations: hold.pins,
    orderGid: null,
    ruleVersion: null,
    detail: { holdId: hold.id, heldPoints: hold.points, reason },
  }
}
