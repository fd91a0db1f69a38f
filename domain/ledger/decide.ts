import { type Refusal, refuse } from '../contracts/errors.ts'
import { adjust, earnPoints, importBalance } from './adjust.ts'
import { LedgerBug } from './book.ts'
import { Draft } from './draft.ts'
import { applyDue, expireIfOver } from './due.ts'
import type { EntryFields } from './entry.ts'
import { type BusinessCommand, conflictWith, externalIdOf, factsOfCommand, fingerprintOf } from './facts.ts'
import { type Booking, capture, placeHold, type Proposal, redeem, release, type Step } from './holds.ts'
import { keepNothing, mergeIn, mergeOut, staysHere } from './merge.ts'
import { cancelOrder, clawback, earnOrder, editOrder } from './orders.ts'
import { returnSpent, reverse } from './reverse.ts'
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
  keepNothing(draft, atMs, atMs)
  return { ...outcome, changes: draft.changes() }
}

type Outcome =
  | { readonly outcome: 'applied' | 'duplicate'; readonly entry: Entry }
  | { readonly outcome: 'none' }
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
  // Another state of the order at the same instant is not newer than the one in force.
  if (booked && command.kind === 'edit_order') return { outcome: 'none' }
  if (booked && command.kind === 'reverse') {
    return refused(refuse('reversal_exists', `Entry ${command.seq} was reversed by entry ${booked.seq}.`, '/seq'))
  }
  if (booked) return refused(conflictWith(booked, externalId, facts))
  if (draft.account.mergedInto !== null && !staysHere(draft, command)) {
    return refused(refuse('account_merged', `This account was merged into ${draft.account.mergedInto}.`))
  }
  const bookings = propose(draft, command, nowMs)
  if (bookings === null) return { outcome: 'none' }
  if ('ok' in bookings) return refused(bookings)
  const base = { source: command.source, actor: command.actor, effectiveAtMs: command.effectiveAtMs }
  const entry = bookAll(draft, bookings, { ...base, externalId, fingerprint }, nowMs)
  return { outcome: 'applied', entry }
}

type Identity = Omit<EntryFields, keyof Booking>

/** Books what a command asks for, one after the other. @returns its own entry, the last one. */
function bookAll(draft: Draft, steps: readonly Step[], identity: Identity, nowMs: number): Entry {
  let own: Entry | undefined
  for (const [index, step] of steps.entries()) {
    const booking = typeof step === 'function' ? step(draft) : step
    // A part of the command: the same business id with a number, so that it is unique as well.
    const externalId = `${identity.externalId}:part:${index + 1}`
    const part = { externalId, fingerprint: fingerprintOf(externalId, {}) }
    own = book(draft, { ...booking, ...identity, ...(index < steps.length - 1 ? part : {}) }, nowMs)
  }
  if (own === undefined) throw new LedgerBug('a command books at least its own entry')
  return own
}

/** Books an entry, and at once the expiry of what it brought, or gave back, to lots that are over. */
function book(draft: Draft, fields: EntryFields, nowMs: number): Entry {
  const pins = fields.type === 'capture' ? (draft.hold(fields.detail.holdId ?? '')?.pins ?? []) : []
  const entry = draft.append(fields, nowMs)
  for (const { lot } of [...entry.allocations, ...pins]) expireIfOver(draft, lot, nowMs, nowMs)
  return entry
}

/** One booking, as the list that a command books. */
function alone(proposal: Proposal): readonly Booking[] | Refusal {
  return 'ok' in proposal ? proposal : [proposal]
}

/** What a command books, in order; the last one is its own entry. Null: there is nothing to book. */
function propose(draft: Draft, command: BusinessCommand, nowMs: number): readonly Step[] | Refusal | null {
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
      return editOrder(draft, command, nowMs)
    case 'return_spent':
      return alone(returnSpent(draft, command))
    case 'merge_out':
      return [mergeOut(draft, command)]
    case 'merge_in':
      return mergeIn(draft, command)
    case 'import':
      return alone(importBalance(draft, command, nowMs))
  }
}
