import type { BusinessCommand } from '../../domain/ledger/facts.ts'
import type { Decision, Entry } from '../../domain/ledger/types.ts'
import type { Account, MergeReply, Reply } from './account.ts'
import { Courier } from './courier.ts'
import { orderOf } from './merging.ts'
import type { Network } from './network.ts'
import type { Simulation } from './simulation.ts'
import type { Spend, Workload } from './workload.ts'

const PACE_MS = 6 * 3_600_000

/** One thing a client wanted, and what it knows about it. */
export interface Request {
  readonly command: BusinessCommand
  /** Position in the order of everything that clients saw. */
  readonly sentAt: number
  /** The first answer, which every later one must repeat. */
  answer?: { readonly at: number; readonly reply: Reply }
}

/**
 * Whoever talks to one account: the shop's webhooks, an API client, a till. It asks again until it has an answer, and
 * sometimes also when it has one.
 */
export class Client {
  readonly requests: Request[] = []
  readonly complaints: string[] = []
  /** Commands that reached an account. */
  delivered = 0
  readonly #simulation: Simulation
  readonly #network: Network
  readonly #account: Account
  readonly #workload: Workload
  readonly #courier: Courier
  /** What this client has seen spent. */
  readonly #spends: Spend[] = []
  #moments = 0
  #unanswered = 0

  constructor(simulation: Simulation, network: Network, account: Account, workload: Workload) {
    this.#simulation = simulation
    this.#network = network
    this.#account = account
    this.#workload = workload
    this.#courier = new Courier(simulation)
  }

  get merchantId(): string {
    return this.#account.owner.merchantId
  }

  get isAnswered(): boolean {
    return this.#unanswered === 0
  }

  /** Goes on asking until `limit` commands have reached an account. */
  start(limit: number): void {
    const { random, schedule } = this.#simulation
    schedule.in(random.chance(0.7) ? random.int(0, 3_000) : random.int(0, PACE_MS), () => {
      if (this.delivered >= limit) return
      this.#ask()
      this.start(limit)
    })
  }

  /** The shop merges this customer into another one, or the guest's address turns out to be another customer's. */
  merge(customerId: string): void {
    const { nowMs, situations } = this.#simulation
    const isGuest = this.#account.owner.shopifyCustomerGid === null
    const by = { source: 'shopify', actor: 'shopify', effectiveAtMs: nowMs } as const
    let isAnswered = false
    this.#unanswered += 1
    this.#courier.carry<MergeReply>(
      (answer) => this.#account.mergeInto(customerId, by, answer),
      ({ outcome }) => {
        if (!isAnswered) this.#unanswered -= 1
        isAnswered = true
        situations.meet('a guest becomes a customer', isGuest && outcome === 'merged')
      },
    )
  }

  #ask(): void {
    const { nowMs, random } = this.#simulation
    const known = { lastSeq: this.#account.ledger.account.seq, spend: this.#spends[random.int(0, this.#spends.length)] }
    const command = this.#workload.next(nowMs, known)
    this.#moments += 1
    const request: Request = { command, sentAt: this.#moments }
    this.requests.push(request)
    this.#unanswered += 1
    this.#courier.carry<Reply>(
      (answer, attempt) => {
        this.delivered += 1
        this.#addressee(command, known.spend).execute(command, (reply) => {
          const isLate = attempt > 1 && reply.decision.outcome === 'duplicate' && request.answer === undefined
          this.#simulation.situations.meet('a retry finds its command booked', isLate)
          answer(reply)
        })
      },
      (reply) => this.#hear(request, reply),
    )
  }

  /**
   * A redemption's points go back where they were taken. Of an order, Shopify names the customer whom it has now: once
   * the merge has arrived there, that is the kept one.
   */
  #addressee(command: BusinessCommand, spend: Spend | undefined): Account {
    if (command.kind === 'return_spent' && spend !== undefined) return this.#network.find(spend.by)
    if (orderOf(command) === undefined || !this.#simulation.random.chance(0.5)) return this.#account
    const { customerId } = this.#account.owner
    const kept = this.#network.accounts.find(
      ({ ledger }) => ledger.account.mergedInto === null && ledger.account.mergedFrom.includes(customerId),
    )
    return kept ?? this.#account
  }

  #hear(request: Request, reply: Reply): void {
    const { answer } = request
    if (answer === undefined) {
      this.#moments += 1
      request.answer = { at: this.#moments, reply }
      this.#unanswered -= 1
      const entry = bookedBy(reply.decision)
      if (entry?.type === 'redeem' || entry?.type === 'capture') {
        this.#spends.push({ by: reply.by, seq: entry.seq, points: -entry.points })
      }
      return
    }
    const [before, now] = [bookedBy(answer.reply.decision), bookedBy(reply.decision)]
    // A refusal for now, such as too few points, may turn into a booking on the next attempt; never the other way round.
    if (before === undefined || (reply.decision.outcome === 'none' && request.command.kind === 'edit_order')) return
    if (now?.hash !== before.hash) {
      this.complaints.push(`${before.externalId} was answered with entry ${before.seq}, then otherwise`)
    }
  }
}

/** The entry that an answer tells of. */
export function bookedBy(decision: Decision): Entry | undefined {
  return decision.outcome === 'applied' || decision.outcome === 'duplicate' ? decision.entry : undefined
}
