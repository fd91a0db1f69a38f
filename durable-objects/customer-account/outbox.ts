import type { PointsEvent, RedemptionEvent } from '../../domain/contracts/events.ts'
import { balanceOf } from '../../domain/ledger/balance.ts'
import { eventStateOf, toPointsEvents } from '../../domain/ledger/transaction.ts'
import { toRedemptionEvent } from '../../domain/rewards/public.ts'
import type { RedemptionStore } from './redemption-store.ts'
import type { Store } from './store.ts'

/** The most events that one call may carry, as the queue takes them. */
export const RELAY_PAGE = 100
/** It takes 256 kB together; an event is below 2.5 kB, mostly far below, and a lot in it takes about 100 bytes. */
const MOST_BYTES = 250_000
const EVENT_BYTES = 2_500
const LOT_BYTES = 110

/** What an account tells the queue. */
export type AccountEvent = PointsEvent | RedemptionEvent

/** Puts events on the queue, all or none. */
export type SendEvents = (events: readonly AccountEvent[]) => Promise<void>

/**
 * The ledger's entries are the outbox: what lies above the relay cursor is not on the queue yet. So are the redemptions,
 * each with a cursor of its own. Nothing is written twice, and no gap can come about between them and their events.
 */
export class Outbox {
  readonly #store: Store
  readonly #redemptions: RedemptionStore
  readonly #send: SendEvents
  /** Failures in a row. Forgotten when the object leaves memory, which is a fresh start as well. */
  #failures = 0

  constructor(store: Store, redemptions: RedemptionStore, send: SendEvents) {
    this.#store = store
    this.#redemptions = redemptions
    this.#send = send
  }

  get failures(): number {
    return this.#failures
  }

  /** Events that are still to be sent. */
  get unsentCount(): number {
    return this.#store.unsentCount + this.#redemptions.unsent.length
  }

  /**
   * Sends the next page of what is unsent, entries first, and moves the cursors. All of it must be durable by now.
   *
   * Each entry's event carries the balance as it stands now, with the balance's own `seq`, which may be later than its
   * entry's: consumers take a state only if its `seq` is newer, so a state from the future is right and one of the past
   * is not needed. For the same reason only the last state of a redemption is sent.
   *
   * Whatever fails leaves the cursors where they were, so that the events go again: at least once, never lost. After a
   * failure the page shrinks, so that one event the queue does not take cannot hold back those before it.
   */
  async relay(nowMs: number): Promise<void> {
    const { identity, relayedSeq } = this.#store
    if (identity === null || this.unsentCount === 0) return
    const page = Math.max(1, RELAY_PAGE >> this.#failures)
    const entries = this.#store.unsentCount === 0 ? [] : this.#store.entriesAfter(relayedSeq, page)
    const redemptions = this.#redemptions.unsent.slice(0, page - entries.length)
    const balance = balanceOf(this.#store, identity.customerId, nowMs)
    const events = [
      ...entries.flatMap((entry) => toPointsEvents(entry, balance, identity, eventStateOf(this.#store, entry))),
      ...redemptions.map((record) => toRedemptionEvent(record, identity)),
    ]
    try {
      for (const some of inCalls(events)) await this.#send(some)
    } catch (error) {
      this.#failures += 1
      throw error
    }
    this.#failures = 0
    const last = entries.at(-1)
    if (last !== undefined) this.#store.moveRelayCursor(last.seq)
    if (redemptions.length > 0) this.#redemptions.noteSent(redemptions)
  }
}

/** The events as calls of the queue can carry them; entries that touched many lots need several. */
function inCalls(events: readonly AccountEvent[]): readonly (readonly AccountEvent[])[] {
  const calls: AccountEvent[][] = []
  let bytes = Number.POSITIVE_INFINITY
  for (const event of events) {
    const size = EVENT_BYTES + (event.event_type === 'redemption.updated' ? 0 : event.data.lots.length * LOT_BYTES)
    const last = calls.at(-1)
    if (last === undefined || last.length === RELAY_PAGE || bytes + size > MOST_BYTES) {
      calls.push([event])
      bytes = size
    } else {
      last.push(event)
      bytes += size
    }
  }
  return calls
}
