import { decide } from '../../domain/ledger/decide.ts'
import { balanceOf } from '../../domain/ledger/balance.ts'
import { nextDueAtMs } from '../../domain/ledger/due.ts'
import { mergeInOf } from '../../domain/ledger/merge.ts'
import { MemoryLedger } from '../../domain/ledger/memory.ts'
import { type EventOwner, eventStateOf, toPointsEvents } from '../../domain/ledger/transaction.ts'
import type { BusinessCommand } from '../../domain/ledger/facts.ts'
import type { CommandBase, Decision } from '../../domain/ledger/types.ts'
import { nextUndelivered, orderOf } from './merging.ts'
import type { Network } from './network.ts'
import type { Queue } from './queue.ts'
import type { Simulation } from './simulation.ts'

const RELAY_DELAY_MS = 250
const DELIVERY_RETRY_MS = 2_000
const RELAY_PAGE = 100

/** What a client hears, and which account decided it. */
export interface Reply {
  readonly by: string
  readonly decision: Decision
}

/** What became of a merge; `into` is the account that has the points. */
export interface MergeReply {
  readonly outcome: 'merged' | 'before' | 'refused'
  readonly into: string
}

/**
 * One customer's object: the rules of `domain/ledger` in a shell that behaves as the real one does. What it has on disk
 * survives a crash; its alarm may be lost or ring twice; what it sends may go out and its cursor not move.
 */
export class Account {
  /** On disk. */
  readonly ledger = new MemoryLedger()
  relayedSeq = 0
  /** Up to which entry the account that this one was merged into has everything. */
  deliveredSeq = 0
  readonly owner: EventOwner
  readonly #simulation: Simulation
  readonly #queue: Queue
  readonly #network: Network
  /** The newest alarm; an older one that still rings is not ours any more. */
  #alarm = 0
  #ringsAtMs: number | null = null
  /** How far this object's clock is behind. */
  #clockMs = 0
  #lostAlarm = false

  constructor(simulation: Simulation, queue: Queue, network: Network, owner: EventOwner) {
    this.#simulation = simulation
    this.#queue = queue
    this.#network = network
    this.owner = owner
  }

  /**
   * One command, as RPC delivers it: done here, by the merged account in whose books its order is, or by the account that
   * this one was merged into.
   * @param answer is not called when an object dies before it answers
   */
  execute(command: BusinessCommand, answer: (reply: Reply) => void): void {
    const orderGid = orderOf(command)
    if (orderGid === undefined || this.#hasOrder(orderGid)) return this.#executeOrPassOn(command, answer)
    const holder = this.#holderOf(orderGid)
    if (holder === undefined) return undefined
    if (holder === null) return this.#executeOrPassOn(command, answer)
    this.#simulation.situations.meet('the kept account has an order done by the merged one')
    return this.#network.call(holder, (account, reply) => account.executeHere(command, reply), answer)
  }

  /** By this very account, though it may be merged. @returns undefined when it died before it could answer */
  executeHere(command: BusinessCommand, answer: (reply: Reply) => void): void {
    const { faults, situations, trace } = this.#simulation
    this.#drift()
    const decision = decide(this.ledger, command, this.#nowMs)
    if (faults.strikes('crash before commit')) return this.#crash()
    situations.observe(this.ledger, command, decision)
    this.ledger.apply(decision.changes)
    const { seq, lastHash } = this.ledger.account
    trace.note(`${this.owner.customerId} ${decision.outcome} ${seq} ${lastHash}`)
    this.#arm()
    if (faults.strikes('crash after commit')) return this.#crash()
    return answer({ by: this.owner.customerId, decision })
  }

  /** Merges this account into another, or the one that that one was merged into. */
  mergeInto(customerId: string, by: CommandBase, answer: (reply: MergeReply) => void): void {
    const { situations } = this.#simulation
    const into = this.#finalOf(customerId)
    if (into === null) return undefined
    const { mergedInto } = this.ledger.account
    if (mergedInto !== null) {
      situations.meet('a merge is asked for again')
      return answer({ outcome: 'before', into })
    }
    if (into === this.owner.customerId) {
      situations.meet('a merge of an account into itself, by another, is refused')
      return answer({ outcome: 'refused', into })
    }
    situations.meet('a merge goes to where the other account went', into !== customerId)
    return this.executeHere({ ...by, kind: 'merge_out', intoCustomerId: into }, ({ decision }) => {
      if (decision.outcome === 'refused') throw new Error(`a merge is refused: ${decision.refusal.detail}`)
      this.#deliver()
      answer({ outcome: 'merged', into })
    })
  }

  /** The daily sweep. */
  wake(): void {
    this.#simulation.situations.meet('a lost alarm is found by the sweep', this.#lostAlarm)
    this.#lostAlarm = false
    this.#ringsAtMs = null
    this.#arm()
  }

  /** Everything is booked that is due, and everything is sent and delivered. */
  get isAtRest(): boolean {
    const dueAtMs = nextDueAtMs(this.ledger)
    const isSent = this.relayedSeq === this.ledger.account.seq && nextUndelivered(this) === undefined
    return isSent && (dueAtMs === null || dueAtMs > this.#nowMs)
  }

  #hasOrder(orderGid: string): boolean {
    return this.ledger.entriesOfOrder(orderGid).length > 0
  }

  /** The account merged into this one that has the order; null: none has; undefined: one did not answer. */
  #holderOf(orderGid: string): string | null | undefined {
    for (const customerId of this.ledger.account.mergedFrom) {
      let has: boolean | undefined
      this.#network.call<boolean>(
        customerId,
        (account, reply) => reply(account.#hasOrder(orderGid)),
        (value) => {
          has = value
        },
      )
      if (has === undefined) return undefined
      if (has) return customerId
    }
    return null
  }

  #executeOrPassOn(command: BusinessCommand, answer: (reply: Reply) => void): void {
    this.executeHere(command, (reply) => {
      const { decision } = reply
      if (decision.outcome !== 'refused' || decision.refusal.code !== 'account_merged') return answer(reply)
      const { mergedInto } = this.ledger.account
      if (mergedInto === null || !this.#deliver()) return undefined
      this.#simulation.situations.meet('a command is passed on to the kept account')
      return this.#network.call(mergedInto, (account, passed) => account.execute(command, passed), answer)
    })
  }

  /** Where a chain of merges ends; null: an account on the way does not answer. */
  #finalOf(customerId: string): string | null {
    let current = customerId
    while (current !== this.owner.customerId) {
      let next: string | null | undefined
      this.#network.call<string | null>(
        current,
        (account, reply) => reply(account.ledger.account.mergedInto),
        (value) => {
          next = value
        },
      )
      if (next === undefined) return null
      if (next === null) return current
      current = next
    }
    return current
  }

  /** Brings what is not delivered yet to the account that this one was merged into. @returns whether it has it all */
  #deliver(): boolean {
    const { faults } = this.#simulation
    for (let out = nextUndelivered(this); out !== undefined; out = nextUndelivered(this)) {
      const command = mergeInOf(this.ledger, out, this.owner.customerId)
      let isReceived = false
      const into = out.detail.otherCustomerId ?? ''
      this.#network.call<Reply>(
        into,
        (account, reply) => account.#executeOrPassOn(command, reply),
        ({ decision }) => {
          if (decision.outcome === 'refused') throw new Error(`a delivery is refused: ${decision.refusal.detail}`)
          isReceived = true
        },
      )
      if (!isReceived) return false
      if (faults.strikes('crash after delivery')) {
        this.#crash()
        return false
      }
      this.deliveredSeq = out.seq
    }
    return true
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
    const deliverAtMs = nextUndelivered(this) === undefined ? null : nowMs + DELIVERY_RETRY_MS
    const times = [relayAtMs, deliverAtMs, nextDueAtMs(this.ledger)].filter((time) => time !== null)
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
    this.#drift()
    const { situations } = this.#simulation
    const decision = decide(this.ledger, { kind: 'apply_due' }, this.#nowMs)
    situations.observe(this.ledger, { kind: 'apply_due' }, decision)
    this.ledger.apply(decision.changes)
    const wasUndelivered = nextUndelivered(this) !== undefined
    situations.meet('an alarm delivers a merge', this.#deliver() && wasUndelivered)
    this.#relay()
  }

  #relay(): void {
    const { faults, situations } = this.#simulation
    if (faults.strikes('send refused')) return this.#arm()
    const entries = this.ledger.entries.slice(this.relayedSeq, this.relayedSeq + RELAY_PAGE)
    const balance = balanceOf(this.ledger, this.owner.customerId, this.#simulation.nowMs)
    situations.meet('events of several entries go together', entries.length > 1)
    this.#queue.send(
      entries.flatMap((entry) => toPointsEvents(entry, balance, this.owner, eventStateOf(this.ledger, entry))),
    )
    if (faults.strikes('crash after send')) {
      situations.meet('events go twice', entries.length > 0)
      return this.#crash()
    }
    this.relayedSeq += entries.length
    return this.#arm()
  }
}
