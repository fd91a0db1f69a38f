import { balanceOf } from '../../domain/ledger/balance.ts'
import { toPointsEvent } from '../../domain/ledger/transaction.ts'
import type { PointsEvent } from '../../domain/contracts/events.ts'
import type { Store } from './store.ts'

/** The most events one call may carry: the queue takes 100 messages, 256 kB together; an event is below 2.5 kB. */
export const RELAY_PAGE = 100

/** Puts events on the queue, all or none. */
export type SendEvents = (events: readonly PointsEvent[]) => Promise<void>

/**
 * The ledger's entries are the outbox: what lies above the relay cursor is not on the queue yet. Nothing is written
 * twice, and no gap can come about between the ledger and its events.
 */
export class Outbox {
  readonly #store: Store
  readonly #send: SendEvents
  /** Failures in a row. Forgotten when the object leaves memory, which is a fresh start as well. */
  #failures = 0

  constructor(store: Store, send: SendEvents) {
    this.#store = store
    this.#send = send
  }

  get failures(): number {
    return this.#failures
  }

  /**
   * Sends the next page of unsent entries and moves the cursor. The entries must be durable by now.
   *
   * Each event carries the balance as it stands now, with the balance's own `seq`, which may be later than its entry's:
   * consumers take a state only if its `seq` is newer, so a state from the future is right and one of the past is not
   * needed.
   *
   * Whatever fails leaves the cursor where it was, so that the events go again: at least once, never lost. After a
   * failure the page shrinks, so that one event the queue does not take cannot hold back those before it.
   */
  async relay(nowMs: number): Promise<void> {
    const { identity, relayedSeq } = this.#store
    if (identity === null || this.#store.unsentCount === 0) return
    const page = Math.max(1, RELAY_PAGE >> this.#failures)
    const entries = this.#store.entriesAfter(relayedSeq, page)
    const balance = balanceOf(this.#store, identity.customerId, nowMs)
    const events = entries.map((entry) => toPointsEvent(entry, balance, identity))
    try {
      await this.#send(events)
    } catch (error) {
      this.#failures += 1
      throw error
    }
    this.#failures = 0
    const last = entries.at(-1)
    if (last !== undefined) this.#store.moveRelayCursor(last.seq)
  }
}
