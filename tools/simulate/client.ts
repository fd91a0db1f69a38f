import type { BusinessCommand } from '../../domain/ledger/facts.ts'
import type { Account, Reply } from './account.ts'
import type { Simulation } from './simulation.ts'
import type { Workload } from './workload.ts'

const ANSWER_WITHIN_MS = 5_000
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
  /** Commands that reached the account. */
  delivered = 0
  readonly #simulation: Simulation
  readonly #account: Account
  readonly #workload: Workload
  #moments = 0
  #unanswered = 0

  constructor(simulation: Simulation, account: Account, workload: Workload) {
    this.#simulation = simulation
    this.#account = account
    this.#workload = workload
  }

  get isAnswered(): boolean {
    return this.#unanswered === 0
  }

  /** Goes on asking until `limit` commands have reached the account. */
  start(limit: number): void {
    const { random, schedule } = this.#simulation
    schedule.in(random.chance(0.7) ? random.int(0, 3_000) : random.int(0, PACE_MS), () => {
      if (this.delivered >= limit) return
      this.#ask()
      this.start(limit)
    })
  }

  #ask(): void {
    const { nowMs } = this.#simulation
    const command = this.#workload.next(nowMs, this.#account.ledger.account.seq)
    this.#moments += 1
    const request: Request = { command, sentAt: this.#moments }
    this.requests.push(request)
    this.#unanswered += 1
    this.#send(request, 1)
  }

  #send(request: Request, attempt: number): void {
    const { faults, random, schedule } = this.#simulation
    const late = faults.strikes('request late') ? random.int(1_000, 20_000) : random.int(1, 40)
    if (!faults.strikes('request lost')) schedule.in(late, () => this.#deliver(request, attempt))
    if (faults.strikes('request doubled'))
      schedule.in(late + random.int(0, 3_000), () => this.#deliver(request, attempt))
    const patience = faults.strikes('client gives up and tries again') ? random.int(1, 50) : ANSWER_WITHIN_MS
    schedule.in(patience, () => {
      if (request.answer === undefined) this.#send(request, attempt + 1)
    })
  }

  #deliver(request: Request, attempt: number): void {
    this.delivered += 1
    this.#account.execute(request.command, (reply) => {
      this.#simulation.situations.meet(
        'a retry finds its command booked',
        attempt > 1 && reply.outcome === 'duplicate' && request.answer === undefined,
      )
      if (!this.#simulation.faults.strikes('answer lost')) this.#hear(request, reply)
    })
  }

  #hear(request: Request, reply: Reply): void {
    const { answer } = request
    if (answer === undefined) {
      this.#moments += 1
      request.answer = { at: this.#moments, reply }
      this.#unanswered -= 1
      return
    }
    const [before, now] = [answer.reply, reply]
    // A refusal for now, such as too few points, may turn into a booking on the next attempt; never the other way round.
    if (before.outcome === 'refused') return
    if (now.outcome === 'refused' || now.entry.hash !== before.entry.hash) {
      this.complaints.push(`${before.entry.externalId} was answered with entry ${before.entry.seq}, then otherwise`)
    }
  }
}
