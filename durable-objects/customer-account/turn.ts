import type { Balance, PointsWritten } from '../../domain/contracts/points.ts'
import { balanceOf } from '../../domain/ledger/balance.ts'
import { decide } from '../../domain/ledger/decide.ts'
import { toTransaction } from '../../domain/ledger/transaction.ts'
import type { Command, Decision, Entry } from '../../domain/ledger/types.ts'
import { toRedemption } from '../../domain/rewards/public.ts'
import type { RedemptionRecord } from '../../domain/rewards/types.ts'
import type { AccountRef, BatchOutcome, ExecuteReply } from '../kernel/protocol.ts'
import type { Redemptions, Turn } from './redemptions.ts'
import type { Store } from './store.ts'
import type { Streams } from './stream.ts'

/** What one command booked, with the balance after it where someone listens. */
interface Booked {
  readonly entries: readonly Entry[]
  readonly balance: Balance
}

/** One transaction, and what is to be told of it once it is committed. */
export interface AccountTurn extends Turn {
  readonly account: AccountRef
  readonly booked: readonly Booked[]
  /** The last state of each redemption that changed, by id. */
  readonly redemptions: ReadonlyMap<string, RedemptionRecord>
}

/** Makes the turns of one account: each books commands, and knows afterwards what there is to tell. */
export class Turns {
  readonly #store: Store
  readonly #redemptions: Redemptions
  readonly #streams: Streams

  constructor(store: Store, redemptions: Redemptions, streams: Streams) {
    this.#store = store
    this.#redemptions = redemptions
    this.#streams = streams
  }

  begin(account: AccountRef, nowMs: number): AccountTurn {
    const booked: Booked[] = []
    const redemptions = new Map<string, RedemptionRecord>()
    const turn: AccountTurn = {
      account,
      customerId: account.customerId,
      nowMs,
      books: this.#store,
      booked,
      redemptions,
      book: (command) => {
        const decision = decide(this.#store, command, nowMs)
        const { entries } = decision.changes
        this.#store.write(account, decision.changes)
        if (entries.length > 0 && !this.#streams.isEmpty) {
          booked.push({ entries, balance: balanceOf(this.#store, account.customerId, nowMs) })
        }
        if (decision.outcome === 'applied' && takesBack(command)) this.#redemptions.refunded(turn, command.orderGid)
        return decision
      },
      tell: (record) => redemptions.set(record.id, record),
    }
    return turn
  }

  /** Tells the open pages; only what is committed. */
  publish({ account, booked, redemptions }: AccountTurn): void {
    for (const { entries, balance } of booked) this.#streams.publish(account, entries, balance)
    for (const record of redemptions.values()) this.#streams.publishRedemption(toRedemption(record))
  }

  /** The exact answer to a command. Undefined: it is the business of the account that this one was merged into. */
  answer(turn: AccountTurn, command: Command): ExecuteReply | undefined {
    const decision = turn.book(command)
    if (isElsewhere(decision)) return undefined
    if (decision.outcome === 'refused') return { ok: false, replayed: false, refusal: decision.refusal }
    if (decision.outcome === 'none') throw new Error('a command of which nothing came has no answer: send a batch')
    const { customerId } = turn.account
    const written: PointsWritten = {
      transaction: toTransaction(decision.entry, customerId),
      balance: balanceOf(this.#store, customerId, turn.nowMs),
    }
    return { ok: true, replayed: false, outcome: decision.outcome, body: JSON.stringify(written) }
  }

  /** The short outcome of a command. Undefined as above. */
  outcome(turn: AccountTurn, command: Command): BatchOutcome | undefined {
    const decision = turn.book(command)
    return isElsewhere(decision) ? undefined : toOutcome(decision, this.#store.account.seq)
  }
}

/** The short outcome of a decision. @param seq of the account after it. */
export function toOutcome(decision: Decision, seq: number): BatchOutcome {
  if (decision.outcome === 'refused') return { outcome: 'refused', refusal: decision.refusal }
  if (decision.outcome === 'none') return { outcome: 'none', seq, points: 0, overdraft: 0 }
  const { points, detail } = decision.entry
  return { outcome: decision.outcome, seq: decision.entry.seq, points, overdraft: detail.debtMade ?? 0 }
}

function isElsewhere(decision: Decision): boolean {
  return decision.outcome === 'refused' && decision.refusal.code === 'account_merged'
}

/** Whether points that paid for the command's order may come back by it. */
export function takesBack(command: Command): command is Extract<Command, { kind: 'clawback' | 'cancel_order' }> {
  return command.kind === 'clawback' || command.kind === 'cancel_order'
}
