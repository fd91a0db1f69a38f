import type { LotState, PointsEvent } from '../contracts/events.ts'
import type { Balance, Transaction } from '../contracts/points.ts'
import type { Entry, EntryType, LedgerView, Lot } from './types.ts'

/**
 * The founding type of an entry (what grants by merit, what spends, and everything else), and the type of its event,
 * of which only those that change spendable points by merit or by spending have their own.
 */
const TYPES: Readonly<Record<EntryType, readonly [Transaction['type'], PointsEvent['event_type']]>> = {
  earn: ['earn', 'points.earned'],
  earn_pending: ['earn', 'points.adjusted'],
  activate: ['earn', 'points.earned'],
  cancel_pending: ['adjust', 'points.adjusted'],
  redeem: ['redeem', 'points.redeemed'],
  hold: ['redeem', 'points.adjusted'],
  capture: ['redeem', 'points.redeemed'],
  release: ['redeem', 'points.adjusted'],
  adjust: ['adjust', 'points.adjusted'],
  expire: ['adjust', 'points.adjusted'],
  clawback: ['adjust', 'points.adjusted'],
  reversal: ['adjust', 'points.adjusted'],
  merge_out: ['adjust', 'points.adjusted'],
  merge_in: ['adjust', 'points.adjusted'],
  import: ['adjust', 'points.adjusted'],
}

/** The founding type of an entry's type. */
export function typeOf(kind: EntryType): Transaction['type'] {
  return TYPES[kind][0]
}

/** The type of an entry's event. */
export function eventTypeOf(kind: EntryType): PointsEvent['event_type'] {
  return TYPES[kind][1]
}

/** Unique over all customers, the same on every reading. */
export function transactionId(customerId: string, seq: number): string {
  return `${customerId}:${seq}`
}

/** An entry as callers see it. */
export function toTransaction(entry: Entry, customerId: string): Transaction {
  const { detail } = entry
  return {
    id: transactionId(customerId, entry.seq),
    seq: entry.seq,
    customer_id: customerId,
    type: typeOf(entry.type),
    kind: entry.type,
    points: entry.points,
    pending_points: detail.pendingPoints ?? 0,
    source: entry.source,
    external_id: entry.externalId,
    order_id: entry.orderGid,
    reason: detail.reason ?? null,
    actor: entry.actor,
    rule_version: entry.ruleVersion,
    expires_at: typeof detail.expiresAtMs === 'number' ? new Date(detail.expiresAtMs).toISOString() : null,
    effective_at: new Date(entry.effectiveAtMs).toISOString(),
    recorded_at: new Date(entry.recordedAtMs).toISOString(),
    hash: entry.hash,
  }
}

/** Whose entry it is, for its event. */
export interface EventOwner {
  readonly merchantId: string
  readonly customerId: string
  /** Null for guests. */
  readonly shopifyCustomerGid: string | null
  /** The shop's currency, used where the entry froze none. */
  readonly currency: string | null
}

/** What an event tells of the account beside its balance; as it stands at the balance's `seq`. */
export interface EventState {
  /** The lots that the entry touched. */
  readonly lots: readonly LotState[]
  /** The account that this one was merged into. */
  readonly mergedInto: string | null
}

/**
 * The state of which an entry's event tells.
 * @param view the account now, whose balance goes with the event.
 */
export function eventStateOf(view: LedgerView, entry: Entry): EventState {
  return {
    lots: entry.allocations.flatMap(({ lot: id }) => {
      const lot = view.lot(id)
      return lot === undefined ? [] : [toLotState(lot)]
    }),
    mergedInto: view.account.mergedInto,
  }
}

/** A lot as projections keep it. */
export function toLotState({ id, granted, remaining, expired, expiresAtMs }: Lot): LotState {
  const expires_at = expiresAtMs === null ? null : new Date(expiresAtMs).toISOString()
  return { lot: id, granted, remaining, expired, expires_at }
}

const NOTHING_MORE: EventState = { lots: [], mergedInto: null }

/**
 * The event of an entry.
 * @param balance the state after it, or a later one; its `seq` says which.
 * @param state of the same time; left out where only what the entry itself says is needed.
 */
export function toPointsEvent(
  entry: Entry,
  balance: Balance,
  owner: EventOwner,
  state: EventState = NOTHING_MORE,
): PointsEvent {
  const transaction = toTransaction(entry, owner.customerId)
  return {
    event_id: transaction.id,
    event_type: eventTypeOf(entry.type),
    merchant_id: owner.merchantId,
    user_id: owner.customerId,
    timestamp: transaction.recorded_at,
    context: {
      ...(entry.orderGid === null ? {} : { order_id: entry.orderGid }),
      ...(owner.shopifyCustomerGid === null ? {} : { shopify_customer_id: owner.shopifyCustomerGid }),
    },
    seq: entry.seq,
    data: {
      transaction,
      balance,
      lots: [...state.lots],
      merged_into: state.mergedInto,
      previous_hash: entry.previousHash,
      currency: entry.detail.rule?.currency ?? owner.currency,
    },
  }
}

/** The most lots that one event tells of: a message of the queue holds 128 kB, a lot takes about 100 bytes. */
const MOST_LOTS = 500

/**
 * An entry's event as the queue can take it. An entry that touched very many lots has several events, all with its id:
 * what they say about the entry is the same, and each tells of other lots.
 */
export function toPointsEvents(
  entry: Entry,
  balance: Balance,
  owner: EventOwner,
  { lots, mergedInto }: EventState,
): readonly PointsEvent[] {
  const events = [toPointsEvent(entry, balance, owner, { lots: lots.slice(0, MOST_LOTS), mergedInto })]
  for (let from = MOST_LOTS; from < lots.length; from += MOST_LOTS) {
    events.push(toPointsEvent(entry, balance, owner, { lots: lots.slice(from, from + MOST_LOTS), mergedInto }))
  }
  return events
}
