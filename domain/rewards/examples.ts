import { RewardInput } from '../contracts/rewards.ts'
import { grantOf, MONDAY_MS, ORDER, TestAccount } from '../ledger/examples.ts'
import type { CancelOrder, Clawback } from '../ledger/types.ts'
import { afterStep, codeRemoved, due, end, lease, request, settle, use, type Change } from './redemption.ts'
import { refundsOf, returnForRefunds } from './refunds.ts'
import { firstTerms } from './terms.ts'
import type { RedemptionRecord, RedemptionRequest, SettledBy, StoredReward } from './types.ts'
import type { z } from 'zod'

/** What the tests of rewards say again and again. */

export const KEY = Buffer.alloc(32, 7).toString('base64')
export const CUSTOMER = 'a3f1c9d2-7b64-5e08-9c1d-2f4b6a8e0c13'
/** The id of {@link requestOf}'s redemption. */
export const REDEMPTION = '3b241101-e2bb-4255-8caf-4136c566a962'

/** 5 off for 250 points, but for what is given. */
export function inputOf(change: Partial<z.input<typeof RewardInput>> = {}): RewardInput {
  return RewardInput.parse({
    title: '5 € off',
    value: { type: 'amount_off', amount: '5.00' },
    cost: { kind: 'fixed', points: 250 },
    ...change,
  })
}

/** Pay with points: 0.01 for each, in steps of 100, at most half of the goods. */
export function slidingOf(change: Partial<z.input<typeof RewardInput>> = {}): RewardInput {
  return inputOf({
    value: { type: 'amount_off', amount: '1' },
    cost: { kind: 'sliding', step_points: 100, min_steps: 2, max_steps: 50 },
    conditions: { max_share_percent: 50 },
    ...change,
  })
}

/** An active reward whose discount is in the shop. */
export function rewardOf(input: RewardInput = inputOf(), change: Partial<StoredReward> = {}): StoredReward {
  return {
    id: '5f0c2f9e-2f1d-4c0a-9f50-0d3c4a9b7e11',
    merchantId: '0e6f5a52-9d4b-4f6e-8f0a-2d9f1c3b5a77',
    version: 1,
    status: 'active',
    input,
    terms: firstTerms(input),
    codeKeySealed: 'sealed',
    discountGid: 'gid://shopify/DiscountCodeNode/1',
    discountState: 'ready',
    discountProblem: null,
    syncedVersion: 1,
    createdAtMs: MONDAY_MS,
    updatedAtMs: MONDAY_MS,
    ...change,
  }
}

/** A request to redeem 250 points for 5 € off, but for what is given. */
export function requestOf(change: Partial<RedemptionRequest> = {}): RedemptionRequest {
  return {
    id: REDEMPTION,
    rewardId: '5f0c2f9e-2f1d-4c0a-9f50-0d3c4a9b7e11',
    title: '5 € off',
    value: { type: 'amount_off', amount: '5.00' },
    currency: 'EUR',
    points: 250,
    code: '7M3K-9QXA-4201-PQ7Z',
    discountGid: 'gid://shopify/DiscountCodeNode/1',
    limitPerCustomer: null,
    limitTotal: null,
    codeValidDays: null,
    timeZone: 'Europe/Berlin',
    pointsBack: { expired: false, cancelled: true },
    source: 'api',
    actor: 'api_key:test',
    ...change,
  }
}

/** A customer's account with its redemptions: the machine and the ledger together, as the object runs them. */
export class TestRedeemer {
  readonly ledger = new TestAccount()
  readonly #records = new Map<string, RedemptionRecord>()

  constructor(points: number) {
    this.ledger.book(grantOf(points))
  }

  get nowMs(): number {
    return this.ledger.nowMs
  }

  get records(): readonly RedemptionRecord[] {
    return [...this.#records.values()]
  }

  record(id: string): RedemptionRecord | undefined {
    return this.#records.get(id)
  }

  /** Redeems, and answers with the code of the refusal where there is one. */
  redeem(change: Partial<RedemptionRequest> = {}): RedemptionRecord | string {
    const asked = requestOf(change)
    const counted = this.records.filter(
      ({ rewardId, state }) => rewardId === asked.rewardId && state !== 'cancelled',
    ).length
    const begun = request(asked, CUSTOMER, counted, this.nowMs)
    if ('ok' in begun) return begun.code
    const decision = this.ledger.do(begun.step)
    if (decision.outcome === 'refused') return decision.refusal.code
    return this.#store(afterStep(begun, decision))
  }

  /** What time has brought about, then one change of one redemption. */
  change(id: string, ask: (record: RedemptionRecord) => Change | null): RedemptionRecord | null {
    for (const one of this.records) this.#apply(due(one, this.nowMs))
    const record = this.#records.get(id)
    return record === undefined ? null : (this.#apply(ask(record)) ?? record)
  }

  /** Takes the lease; null: there was none. */
  take(id: string): RedemptionRecord | null {
    let taken = false
    const record = this.change(id, (one) => {
      const leased = lease(one, this.nowMs)
      taken = leased !== null
      return leased === null ? null : { record: leased, step: null }
    })
    return taken ? record : null
  }

  /** Takes the lease and says what came of it, as a driver does; null: there was no lease. */
  drive(id: string, by: SettledBy): RedemptionRecord | null {
    const leased = this.take(id)
    return leased === null ? null : this.settle(id, leased.lease, by)
  }

  settle(id: string, leased: number, by: SettledBy): RedemptionRecord | null {
    return this.change(id, (record) => settle(record, leased, by, this.nowMs))
  }

  /** Asks for the end; the code of the refusal where there is one. */
  end(id: string, reason: 'by_customer' | 'by_merchant'): RedemptionRecord | string {
    let refused: string | undefined
    const record = this.change(id, (one) => {
      const ended = end(one, reason, this.nowMs)
      if (!('ok' in ended)) return { record: ended, step: null }
      refused = ended.code
      return null
    })
    return refused ?? record ?? 'not_found'
  }

  /** An order used the code; refunds of it may have come before. */
  use(id: string, orderGid: string | null = ORDER, goodsMinor?: number): RedemptionRecord | null {
    const by = { orderGid, ...(goodsMinor === undefined ? {} : { goodsMinor }) }
    const used = this.change(id, (record) => use(record, by, this.nowMs, this.nowMs))
    return used === null ? null : this.#returnPoints(used)
  }

  /** Books a refund or the cancellation of the order, which may give points back. */
  refund(command: Clawback | CancelOrder): void {
    if (this.ledger.do(command).outcome !== 'applied') return
    for (const record of this.records) if (record.orderGid === command.orderGid) this.#returnPoints(record)
  }

  removed(id: string): RedemptionRecord | null {
    return this.change(id, (record) => codeRemoved(record, this.nowMs))
  }

  /** Lets time pass; the alarm rings at its end. */
  wait(ms: number): void {
    this.ledger.wait(ms)
    for (const record of this.records) this.#apply(due(record, this.nowMs))
  }

  #returnPoints(record: RedemptionRecord): RedemptionRecord {
    const refunds = refundsOf(this.ledger, record.orderGid ?? '')
    const usedLate = this.ledger.entryByExternalId(`adjust:late-use:${record.id}`) !== undefined
    const change = refunds === null ? null : returnForRefunds(record, refunds, usedLate, this.nowMs)
    return this.#apply(change) ?? record
  }

  #apply(change: Change | null): RedemptionRecord | null {
    if (change === null) return null
    return this.#store(change.step === null ? change.record : afterStep(change, this.ledger.do(change.step)))
  }

  #store(record: RedemptionRecord): RedemptionRecord {
    this.#records.set(record.id, record)
    return record
  }
}
