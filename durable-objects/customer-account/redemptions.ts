import { canonicalCode } from '../../domain/rewards/code.ts'
import { refuse, type Refusal } from '../../domain/contracts/errors.ts'
import type { Command, Decision, LedgerView } from '../../domain/ledger/types.ts'
import { type OrderRefunds, refundsOf, returnForRefunds } from '../../domain/rewards/refunds.ts'
import {
  afterStep,
  codeRemoved,
  due,
  end,
  endForMerge,
  lease,
  request,
  settle,
  use,
  type Change,
  type UsedBy,
} from '../../domain/rewards/redemption.ts'
import type { RedemptionRecord, RedemptionRequest, SettledBy } from '../../domain/rewards/types.ts'
import type { IdempotencyClaim, RedeemReply, RedemptionReply } from '../kernel/protocol.ts'
import type { Claims } from './claims.ts'
import type { RedemptionStore } from './redemption-store.ts'

/** One transaction of the account, as far as redemptions need it. */
export interface Turn {
  readonly customerId: string
  readonly nowMs: number
  /** The ledger as it stands in this transaction. */
  readonly books: LedgerView
  /** Books a command of the ledger. */
  readonly book: (command: Command) => Decision
  /** Notes a redemption that changed so that anybody sees it. */
  readonly tell: (record: RedemptionRecord) => void
}

/**
 * What may be asked of an account's redemptions, each within one transaction: record and ledger change together or not
 * at all. The rules are those of `domain/rewards/redemption.ts`.
 */
export class Redemptions {
  readonly #store: RedemptionStore
  readonly #claims: Claims

  constructor(store: RedemptionStore, claims: Claims) {
    this.#store = store
    this.#claims = claims
  }

  redeem(turn: Turn, asked: RedemptionRequest, claim: IdempotencyClaim): RedeemReply {
    this.applyDue(turn)
    const known = this.#claims.known(claim, turn.nowMs)
    if (known !== undefined && !known.ok) return known
    const redemption = this.#store.find(known?.answer ?? asked.id)
    if (redemption !== undefined) return { ok: true, replayed: true, redemption }
    // Its code would carry a customer who is no more: to be asked for anew, of the account that has the points.
    if (isMerged(turn)) return { ok: false, replayed: false, refusal: MERGED }
    const begun = this.#begin(turn, asked)
    this.#keep(claim, begun, turn.nowMs)
    return 'ok' in begun
      ? { ok: false, replayed: false, refusal: begun }
      : { ok: true, replayed: false, redemption: begun }
  }

  lease(turn: Turn, id: string): RedemptionRecord | null {
    this.applyDue(turn)
    const record = this.#store.find(id)
    const leased = record === undefined ? null : lease(record, turn.nowMs)
    if (leased !== null) this.#store.put(leased)
    return leased
  }

  settle(turn: Turn, id: string, leased: number, by: SettledBy): RedemptionRecord | null {
    this.applyDue(turn)
    const record = this.#store.find(id)
    return record === undefined ? null : this.#apply(turn, record, settle(record, leased, by, turn.nowMs))
  }

  end(turn: Turn, id: string, reason: 'by_customer' | 'by_merchant', claim: IdempotencyClaim | null): RedemptionReply {
    this.applyDue(turn)
    const known = claim === null ? undefined : this.#claims.known(claim, turn.nowMs)
    if (known !== undefined && !known.ok) return known
    const record = this.#store.find(id)
    if (record === undefined) return { ok: false, refusal: refuse('not_found', `There is no redemption ${id}.`) }
    if (known !== undefined) return { ok: true, redemption: record }
    const ended = end(record, reason, turn.nowMs)
    if (claim !== null) this.#keep(claim, ended, turn.nowMs)
    if ('ok' in ended) return { ok: false, refusal: ended }
    return { ok: true, redemption: ended === record ? record : this.#put(turn, ended) }
  }

  /** An order used a code. Refunds of it may have come before, from which the points it cost come back at once. */
  useCode(turn: Turn, code: string, by: UsedBy, usedAtMs: number): RedemptionRecord | null {
    this.applyDue(turn)
    const record = this.#store.findByCode(canonicalCode(code))
    if (record === undefined) return null
    return this.#returnPoints(turn, this.#apply(turn, record, use(record, by, usedAtMs, turn.nowMs)))
  }

  /**
   * A refund or the cancellation of an order was booked: points that paid for it come back.
   * @param elsewhere what another account's books say of it, where the order is there.
   */
  refunded(turn: Turn, orderGid: string, elsewhere: OrderRefunds | null = null): void {
    for (const record of this.#store.findByOrder(orderGid)) this.#returnPoints(turn, record, elsewhere)
  }

  /** The account was merged into another: codes that are out come to their end. */
  endForMerge(turn: Turn): void {
    for (const record of this.#store.issued()) this.#apply(turn, record, endForMerge(record, turn.nowMs))
  }

  codeRemoved(turn: Turn, code: string, discountGid: string | null): RedemptionRecord | null {
    this.applyDue(turn)
    const record = this.#store.findByCode(canonicalCode(code))
    if (record === undefined) return null
    return discountGid !== null && discountGid !== record.discountGid
      ? record
      : this.#apply(turn, record, codeRemoved(record, turn.nowMs))
  }

  /** Brings about what time alone does. Each of the others does it first, so that no answer depends on the alarm. */
  applyDue(turn: Turn): void {
    for (const record of this.#store.due(turn.nowMs)) this.#apply(turn, record, due(record, turn.nowMs))
  }

  #begin(turn: Turn, asked: RedemptionRequest): RedemptionRecord | Refusal {
    const counted = asked.limitPerCustomer === null ? 0 : (this.#store.counts()[asked.rewardId] ?? 0)
    const change = request(asked, turn.customerId, counted, turn.nowMs)
    if ('ok' in change) return change
    const decision = turn.book(change.step)
    return decision.outcome === 'refused' ? decision.refusal : this.#put(turn, afterStep(change, decision))
  }

  #apply(turn: Turn, record: RedemptionRecord, change: Change | null): RedemptionRecord {
    if (change === null) return record
    const next = change.step === null ? change.record : afterStep(change, turn.book(change.step))
    const put = this.#put(turn, next, record.version)
    // One that was still being made when the account was merged.
    const ended = isMerged(turn) ? endForMerge(put, turn.nowMs) : null
    return ended === null ? put : this.#put(turn, ended.record, put.version)
  }

  #returnPoints(turn: Turn, record: RedemptionRecord, elsewhere: OrderRefunds | null = null): RedemptionRecord {
    const refunds = record.orderGid === null ? null : (refundsOf(turn.books, record.orderGid) ?? elsewhere)
    if (refunds === null) return record
    const usedLate = turn.books.entryByExternalId(`adjust:late-use:${record.id}`) !== undefined
    return this.#apply(turn, record, returnForRefunds(record, refunds, usedLate, turn.nowMs))
  }

  #put(turn: Turn, record: RedemptionRecord, knownVersion = 0): RedemptionRecord {
    this.#store.put(record)
    if (record.version > knownVersion) turn.tell(record)
    return record
  }

  #keep(claim: IdempotencyClaim, outcome: RedemptionRecord | Refusal, nowMs: number): void {
    if ('ok' in outcome) this.#claims.keepAnswer(claim, 'refused', JSON.stringify(outcome), nowMs)
    else this.#claims.keepAnswer(claim, 'applied', outcome.id, nowMs)
  }
}

const MERGED = refuse('account_merged', 'This account was merged into another one, which has its points.')

function isMerged({ books }: Turn): boolean {
  return books.account.mergedInto !== null
}
