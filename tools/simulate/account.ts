import { decide } from '../../domain/ledger/decide.ts'
import { balanceOf } from '../../domain/ledger/balance.ts'
import { nextDueAtMs } from '../../domain/ledger/due.ts'
import { MemoryLedger } from '../../domain/ledger/memory.ts'
import { type EventOwner, toPointsEvent } from '../../domain/ledger/transaction.ts'
import type { BusinessCommand } from '../../domain/ledger/facts.ts'
import type { Decision } from '../../domain/ledger/types.ts'
import type { Queue } from './queue.ts'
import type { Simulation } from './simulation.ts'

const RELAY_DELAY_MS = 250
const RELAY_PAGE = 100

/** What a client hears. */
export type Reply = Exclude<Decision, { outcome: 'none' }>

/**
 * One customer's object: the rules of `domain/ledger` in a shell that behaves as the real one does. What it has on disk
 * survives a crash; its alarm may be lost or ring twice; what it sends may go out and its cursor not move.
 */
export class Account {
  /** On disk. */
  readonly ledger = new MemoryLedger()
  relayedSeq = 0
  readonly owner: EventOwner
  readonly #simulation: Simulation
  readonly #queue: Queue
  /** The newest alarm; an older one that still rings is not ours any more. */
  #alarm = 0
  #ringsAtMs: number | null = null
  /** How far this object's clock is behind. */
  #clockMs = 0
  #lostAlarm = false

  constructor(simulation: Simulation, queue: Queue, owner: EventOwner) {
    this.#simulation = simulation
    this.#queue = queue
    this.owner = owner
  }

  /** One command, as RPC delivers it. @param answer is not called when the object dies before it answers */
  execute(command: BusinessCommand, answer: (reply: Reply) => void): void {
    const { faults, situations, trace } = this.#simulation
    this.#drift()
    const decision = decide(this.ledger, command, this.#nowMs)
    if (decision.outcome === 'none') throw new Error('a command with a business id has an outcome')
    if (faults.strikes('crash before commit')) return this.#crash()
    situations.observe(this.ledger, command, decision)
    this.ledger.apply(decision.changes)
    const { seq, lastHash } = this.ledger.account
    trace.note(`${this.owner.customerId} ${decision.outcome} ${seq} ${lastHash}`)
    this.#arm()
    if (faults.strikes('crash after commit')) return this.#crash()
    return answer(decision)
  }

  /** The daily sweep. */
  wake(): void {
    this.#simulation.situations.meet('a lost alarm is found by the sweep', this.#lostAlarm)
    this.#lostAlarm = false
    this.#ringsAtMs = null
    this.#arm()
  }

  /** Everything is booked that is due, and everything is sent. */
  get isAtRest(): boolean {
    const dueAtMs = nextDueAtMs(this.ledger)
    return this.relayedSeq === this.ledger.account.seq && (dueAtMs === null || dueAtMs > this.#nowMs)
  }

  /** What this object's machine believes. */
  get #nowMs(): number {
    return this.#simulation.nowMs + this.#clockMs
  }

  #drift(): void {
    if (this.#simulation.faults.strikes('clock goes back')) this.#clockMs = -this.#simulation.random.int(1, 90_000)
  }

  /** Memory is gone. A new instance looks at its disk and sets its alarm. */
  #crash(): void {
    this.#clockMs = 0
    this.#ringsAtMs = null
    this.#arm()
  }

  #arm(): void {
    const { faults, schedule } = this.#simulation
    const nowMs = this.#nowMs
    const relayAtMs = this.relayedSeq < this.ledger.account.seq ? nowMs + RELAY_DELAY_MS : null
    const dueAtMs = nextDueAtMs(this.ledger)
    const times = [relayAtMs, dueAtMs].filter((time) => time !== null)
    if (times.length === 0) return
    const atMs = Math.min(...times)
    if (this.#ringsAtMs !== null && this.#ringsAtMs <= atMs) return
    this.#ringsAtMs = atMs
    this.#alarm += 1
    const alarm = this.#alarm
    if (faults.strikes('alarm lost')) {
      this.#lostAlarm = true
      return
    }
    schedule.in(atMs - nowMs, () => this.#ring(alarm))
    if (faults.strikes('alarm rings twice')) schedule.in(atMs - nowMs + 1, () => this.#ring(this.#alarm))
  }

  #ring(alarm: number): void {
    if (alarm !== this.#alarm) return
    this.#ringsAtMs = null
    const { faults, situations } = this.#simulation
    this.#drift()
    const decision = decide(this.ledger, { kind: 'apply_due' }, this.#nowMs)
    situations.observe(this.ledger, { kind: 'apply_due' }, decision)
    this.ledger.apply(decision.changes)
    if (faults.strikes('send refused')) return this.#arm()
    const entries = this.ledger.entries.slice(this.relayedSeq, this.relayedSeq + RELAY_PAGE)
    const balance = balanceOf(this.ledger, this.owner.customerId, this.#simulation.nowMs)
    situations.meet('events of several entries go together', entries.length > 1)
    this.#queue.send(entries.map((entry) => toPointsEvent(entry, balance, this.owner)))
    if (faults.strikes('crash after send')) {
      situations.meet('events go twice', entries.length > 0)
      return this.#crash()
    }
    this.relayedSeq += entries.length
    return this.#arm()
  }
}
