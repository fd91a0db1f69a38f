import type { PointsEvent } from '../../domain/contracts/events.ts'
import type { Projections } from './projections.ts'
import type { Simulation } from './simulation.ts'

const BATCH = 100
const BATCH_DELAY_MS = 1_000
const RETRY_MS = 2_000

/** A queue as Cloudflare's: at least once, in no order, in batches, each message settled by itself. */
export class Queue {
  readonly #simulation: Simulation
  readonly #projections: Projections
  #waiting: PointsEvent[] = []
  #isAwaited = false
  /** Every event that was ever put on it. */
  readonly sent = new Map<string, Set<number>>()

  constructor(simulation: Simulation, projections: Projections) {
    this.#simulation = simulation
    this.#projections = projections
  }

  get isEmpty(): boolean {
    return this.#waiting.length === 0 && !this.#isAwaited
  }

  send(events: readonly PointsEvent[]): void {
    const { faults } = this.#simulation
    for (const event of events) {
      const customer = event.user_id ?? ''
      const seqs = this.sent.get(customer) ?? new Set<number>()
      this.sent.set(customer, seqs.add(event.seq))
      this.#arrive(event)
      if (faults.strikes('message doubled')) this.#arrive(event)
    }
  }

  #arrive(event: PointsEvent): void {
    const { faults, random, schedule } = this.#simulation
    if (faults.strikes('message late')) schedule.in(random.int(1_000, 600_000), () => this.#wait([event]))
    else this.#wait([event])
  }

  #wait(events: readonly PointsEvent[]): void {
    this.#waiting.push(...events)
    if (this.#isAwaited) return
    this.#isAwaited = true
    this.#simulation.schedule.in(BATCH_DELAY_MS, () => this.#deliver())
  }

  #deliver(): void {
    const { faults, random, schedule } = this.#simulation
    this.#isAwaited = false
    const mixed = random.shuffled(this.#waiting)
    const batch = mixed.slice(0, BATCH)
    this.#waiting = mixed.slice(BATCH)
    if (this.#waiting.length > 0) this.#wait([])
    if (batch.length === 0) return
    const again = (events: readonly PointsEvent[]) => schedule.in(random.int(1, RETRY_MS), () => this.#wait(events))
    if (faults.strikes('consumer fails') || !this.#projections.apply(batch)) again(batch)
    else if (faults.strikes('acknowledgement lost')) again(batch.slice(0, random.int(1, batch.length)))
  }
}
