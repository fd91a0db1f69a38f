import type { PosEvent } from '../../domain/contracts/events.ts'
import { toPosEvent } from '../../domain/pos/outcome.ts'
import type { DeviceStore } from './store.ts'

/** The most events one call may carry: the queue takes 100 messages, 256 kB together; an event is below 2.5 kB. */
export const RELAY_PAGE = 100

/** Puts events on the queue, all or none. */
export type SendEvents = (events: readonly PosEvent[]) => Promise<void>

/** The records are the outbox: each has a cursor of its own, and only its last version is sent. */
export class DeviceOutbox {
  readonly #store: DeviceStore
  readonly #send: SendEvents
  /** Failures in a row. */
  #failures = 0

  constructor(store: DeviceStore, send: SendEvents) {
    this.#store = store
    this.#send = send
  }

  get failures(): number {
    return this.#failures
  }

  /**
   * Sends the next page of what is unsent. All of it must be durable by now. What fails goes again: at least once, never
   * lost; after a failure in smaller pages, so that one event that the queue does not take holds back none before it.
   */
  async relay(nowMs: number): Promise<void> {
    const { identity } = this.#store
    if (identity === null) return
    const records = this.#store.unsent(Math.max(1, RELAY_PAGE >> this.#failures))
    if (records.length === 0) return
    try {
      await this.#send(records.map((record) => toPosEvent(identity.merchantId, record, nowMs)))
    } catch (error) {
      this.#failures += 1
      throw error
    }
    this.#failures = 0
    this.#store.noteSent(records)
  }
}
