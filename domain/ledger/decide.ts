import { type Refusal, refuse } from '../contracts/errors.ts'
import { adjust, earnPoints, importBalance } from './adjust.ts'
import { LedgerBug } from './book.ts'
import { Draft } from './draft.ts'
import { applyDue, expireIfOver } from './due.ts'
import type { EntryFields } from './entry.ts'
import { type BusinessCommand, conflictWith, externalIdOf, factsOfCommand, fingerprintOf } from './facts.ts'
import { type Booking, capture, placeHold, type Proposal, redeem, release } from './holds.ts'
import { cancelOrder, clawback, earnOrder } from './orders.ts'
import { reverse } from './reverse.ts'
import type { Command, Decision, Entry, LedgerView } from './types.ts'

/**
 * The ledger's one decision. First books what is due, then finds out whether the command's business id was booked
 * before, and otherwise books it or refuses it. Pure: reads the view, changes nothing, and throws only on a bug.
 * @param nowMs a clock that went back counts as standing still.
 */
export function decide(view: LedgerView, command: Command, nowMs: number): Decision {
  const draft = new Draft(view)
  const atMs = Math.max(nowMs, view.account.lastRecordedAtMs)
  applyDue(draft, atMs)
  if (command.kind === 'apply_due') return { outcome: 'none', changes: draft.changes() }
  const outcome = execute(draft, command, atMs)
  return { ...outcome, changes: draft.changes() }
}

type Outcome =
  | { readonly outcome: 'applied' | 'duplicate'; readonly entry: Entry }
  | { readonly outcome: 'refused'; readonly refusal: Refusal }

function refused(refusal: Refusal): Outcome {
  return { outcome: 'refused', refusal }
}

function execute(draft: Draft, command: BusinessCommand, nowMs: number): Outcome {
  if ('points' in command && !Number.isSafeInteger(command.points ?? 0)) {
    return refused(refuse('points_out_of_range', 'points must be a whole number.', '/points'))
  }
  const externalId = externalIdOf(command)
  const held = command.kind === 'capture' ? draft.hold(command.holdId)?.points : undefined
  const facts = factsOfCommand(command, held)
  const fingerprint = fingerprintOf(externalId, facts)
  const booked = draft.entryByExternalId(externalId)
  if (booked?.fingerprint === fingerprint) return { outcome: 'duplicate', entry: booked }
  if (booked && command.kind === 'reverse') {
    return refused(refuse('reversal_exists', `Entry ${command.seq} was reversed by entry ${booked.seq}.`, '/seq'))
  }
  if (booked) return refused(conflictWith(booked, externalId, facts))
  if (draft.account.mergedInto !== null) {
    return refused(refuse('account_merged', `This account was merged into ${draft.account.mergedInto}.`))
  }
  const bookings = propose(draft, command, nowMs)
  if ('ok' in bookings) return refused(bookings)
  const base = { source: command.source, actor: command.actor, effectiveAtMs: command.effectiveAtMs }
  const entry = bookAll(draft, bookings, { ...base, externalId, fingerprint }, nowMs)
  return { outcome: 'applied', entry }
}

type Identity = Omit<EntryFields, keyof Booking>

/** Books what a command asks for, and at once the expiry of what that gave back to expired lots. */
function bookAll(draft: Draft, bookings: readonly Booking[], identity: Identity, nowMs: number): Entry {
  const own = bookings.at(-1)
  if (own === undefined) throw new LedgerBug('a command books at least its own entry')
  for (const [index, booking] of bookings.slice(0, -1).entries()) {
    // A part of the command: the same business id with a number, so that it is unique as well.
    const externalId = `${identity.externalId}:part:${index + 1}`
    draft.append({ ...booking, ...identity, externalId, fingerprint: fingerprintOf(externalId, {}) }, nowMs)
  }
  const pins = own.type === 'capture' ? (draft.hold(own.detail.holdId ?? '')?.pins ?? []) : []
  const entry = draft.append({ ...own, ...identity }, nowMs)
  for (const { lot } of [...own.allocations, ...pins]) expireIfOver(draft, lot, nowMs, nowMs)
  return entry
}

/** One booking, as the list that a command books. */
function alone(proposal: Proposal): readonly Booking[] | Refusal {
  return 'ok' in proposal ? proposal : [proposal]
}

/** What a command books, in order; the last one is its own entry. */
function propose(draft: Draft, command: BusinessCommand, nowMs: number): readonly Booking[] | Refusal {
  switch (command.kind) {
    case 'earn_order':
      return alone(earnOrder(draft, command, nowMs))
    case 'earn_points':
      return alone(earnPoints(draft, command, nowMs))
    case 'clawback':
      return clawback(draft, command)
    case 'cancel_order':
      return cancelOrder(draft, command)
    case 'redeem':
      return alone(redeem(draft, command))
    case 'hold':
      return alone(placeHold(draft, command, nowMs))
    case 'capture':
      return alone(capture(draft, command))
    case 'release':
      return alone(release(draft, command))
    case 'adjust':
      return alone(adjust(draft, command, nowMs))
    case 'reverse':
      return alone(reverse(draft, command))
    case 'edit_order':
    case 'return_spent':
    case 'merge_out':
    case 'merge_in':
      throw new LedgerBug(`${command.kind} comes with the next commit`)
    case 'import':
      return alone(importBalance(draft, command, nowMs))
  }
}
