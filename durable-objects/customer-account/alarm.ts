import type { JobMessage } from '../../domain/contracts/jobs.ts'
import { nextDueAtMs } from '../../domain/ledger/due.ts'
import { jobSent } from '../../domain/rewards/redemption.ts'
import { reportFailure } from '../kernel/log.ts'
import { backoffMs } from '../kernel/retry.ts'
import { earliestMs, type Wake } from '../kernel/wake.ts'
import type { Merges } from './merges.ts'
import { type Outbox, RELAY_PAGE } from './outbox.ts'
import type { RedemptionStore } from './redemption-store.ts'
import type { Redemptions } from './redemptions.ts'
import type { Store } from './store.ts'
import type { Turns } from './turn.ts'

/**
 * How long entries wait for the relay, and how far apart two relays of one account are. Open pages hear of a change at
 * once; the queue only feeds projections. An alarm and its cursor cost as many commits as three commands, so the entries
 * of a burst share one: a lone order is on the queue after a quarter of a second, the next ones every three seconds.
 */
export const RELAY_DELAY_MS = 250
const RELAY_INTERVAL_MS = 3_000
const RETRY_BASE_MS = 1_000
const RETRY_MAX_MS = 60_000

/** The parts of the account that have something to do by themselves. */
export interface Parts {
  readonly storage: DurableObjectStorage
  readonly store: Store
  readonly redemptionStore: RedemptionStore
  readonly redemptions: Redemptions
  readonly turns: Turns
  readonly outbox: Outbox
  readonly merges: Merges
  readonly wake: Wake
  readonly sendJobs: (jobs: readonly JobMessage[]) => Promise<void>
}

/**
 * What the account does by itself, when its alarm rings: books what is due, brings merged points to their new account,
 * relays a page of events and asks for the attempts that it is time for.
 */
export class Alarm {
  readonly #parts: Parts
  /** Failures in a row of each duty, so that none becomes a busy loop; forgotten when the object leaves memory. */
  readonly #failures = { due: 0, delivery: 0, jobs: 0 }
  #relayedAtMs = 0

  constructor(parts: Parts) {
    this.#parts = parts
  }

  /**
   * It catches everything: an alarm that throws seven times is gone for good. The alarm is armed again LAST; only a failure
   * to do so escapes, so that the runtime tries once more.
   */
  async ring(): Promise<void> {
    const { wake, storage, outbox, merges } = this.#parts
    wake.rang()
    await this.#counting('due', async () => this.#applyDue(Date.now()))
    // Beside the relay: neither waits for what the other one needs.
    const delivery = this.#counting('delivery', () => merges.deliver())
    try {
      await storage.sync()
      await outbox.relay(Date.now())
      this.#relayedAtMs = Date.now()
    } catch (error) {
      this.report('account.relay', error)
    }
    await this.#counting('jobs', () => this.#sendJobs(Date.now()))
    await delivery
    const atMs = this.nextMs(Date.now())
    if (atMs !== null) await wake.noLaterThan(atMs)
  }

  /** What is unsent needs the relay, an attempt its job; a hold may run out even sooner. */
  async arm(nowMs: number): Promise<void> {
    const { outbox, redemptionStore, wake } = this.#parts
    if (outbox.unsentCount === 0 && redemptionStore.nextAttemptAtMs === null) return
    const atMs = this.nextMs(nowMs)
    if (atMs !== null) await wake.noLaterThan(atMs)
  }

  /** The earliest of the relay, what comes due, what is to be delivered, and the next attempt; failures are given time. */
  nextMs(nowMs: number): number | null {
    const { store, redemptionStore, merges } = this.#parts
    const { due, delivery, jobs } = this.#failures
    return earliestMs(
      this.#relayAtMs(nowMs),
      delayedMs(earliestMs(nextDueAtMs(store), redemptionStore.nextDueAtMs), nowMs, due),
      delayedMs(merges.isDelivered ? null : nowMs, nowMs, delivery),
      delayedMs(redemptionStore.nextAttemptAtMs, nowMs, jobs),
    )
  }

  report(what: string, error: unknown): void {
    const { store, outbox } = this.#parts
    const { identity, relayedSeq } = store
    const ids = { merchant_id: identity?.merchantId ?? '', customer_id: identity?.customerId ?? '' }
    reportFailure(what, { ...ids, relayed_seq: relayedSeq, failures: outbox.failures }, error)
  }

  async #counting(duty: 'due' | 'delivery' | 'jobs', work: () => Promise<void>): Promise<void> {
    try {
      await work()
      this.#failures[duty] = 0
    } catch (error) {
      this.#failures[duty] += 1
      this.report(NAMES[duty], error)
    }
  }

  #applyDue(nowMs: number): void {
    const { store, redemptionStore, redemptions, turns } = this.#parts
    const { identity } = store
    const dueAtMs = earliestMs(nextDueAtMs(store), redemptionStore.nextDueAtMs)
    if (identity === null || dueAtMs === null || dueAtMs > nowMs) return
    const turn = turns.begin(identity, nowMs)
    store.transaction(() => {
      turn.book({ kind: 'apply_due' })
      redemptions.applyDue(turn)
    })
    turns.publish(turn)
  }

  /** One job an attempt that it is time for. A job that gets lost is sent again a while later. */
  async #sendJobs(nowMs: number): Promise<void> {
    const { store, redemptionStore, sendJobs } = this.#parts
    const { identity } = store
    const due = redemptionStore.toAttempt(nowMs).slice(0, RELAY_PAGE)
    if (identity === null || due.length === 0) return
    const ids = { merchant_id: identity.merchantId, customer_id: identity.customerId }
    await sendJobs(due.map(({ id }) => ({ job: 'settle_redemption', ...ids, redemption_id: id })))
    store.transaction(() => {
      for (const { id, version, lease } of due) {
        const record = redemptionStore.find(id)
        // One that someone has taken up meanwhile knows its next attempt.
        if (record?.version === version && record.lease === lease) redemptionStore.put(jobSent(record, nowMs))
      }
    })
  }

  #relayAtMs(nowMs: number): number | null {
    const { outbox } = this.#parts
    const unsent = outbox.unsentCount
    if (unsent === 0) return null
    if (outbox.failures > 0) return nowMs + retryDelayMs(outbox.failures)
    if (unsent >= RELAY_PAGE) return nowMs
    return Math.max(nowMs + RELAY_DELAY_MS, this.#relayedAtMs + RELAY_INTERVAL_MS)
  }
}

const NAMES = { due: 'account.apply_due', delivery: 'account.deliver_merge', jobs: 'account.send_jobs' } as const

/** A time that there is, or later after failures. */
function delayedMs(atMs: number | null, nowMs: number, failures: number): number | null {
  return atMs === null || failures === 0 ? atMs : Math.max(atMs, nowMs + retryDelayMs(failures))
}

/** Half of the doubled base for certain, the other half by chance. */
function retryDelayMs(failures: number): number {
  const floorMs = Math.min(RETRY_MAX_MS, RETRY_BASE_MS * 2 ** failures) / 2
  return floorMs + backoffMs(failures, RETRY_BASE_MS / 2, RETRY_MAX_MS / 2, Math.random)
}
