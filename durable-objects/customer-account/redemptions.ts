import { canonicalCode } from '../../domain/rewards/code.ts'
import { refuse, type Refusal } from '../../domain/contracts/errors.ts'
import type { Command, Decision } from '../../domain/ledger/types.ts'
import {
  afterStep,
  codeRemoved,
  due,
  end,
  lease,
  request,
  settle,
  use,
  type Change,
} from '../../domain/rewards/redemption.ts'
import type { RedemptionRecord, RedemptionRequest, SettledBy } from '../../domain/rewards/types.ts'
import type { IdempotencyClaim, RedeemReply, RedemptionReply } from '../kernel/protocol.ts'
import type { Claims } from './claims.ts'
import type { RedemptionStore } from './redemption-store.ts'

/** One transaction of the account, as far as redemptions need it. */
export interface Turn {
  readonly customerId: string
  readonly nowMs: number
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

  useCode(turn: Turn, code: string, orderGid: string, usedAtMs: number): RedemptionRecord | null {
    this.applyDue(turn)
    const record = this.#store.findByCode(canonicalCode(code))
    return record === undefined ? null : this.#apply(turn, record, use(record, orderGid, usedAtMs, turn.nowMs))
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
    return this.#put(turn, next, record.version)
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
