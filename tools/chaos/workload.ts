import { setTimeout as delay } from 'node:timers/promises'
import { Balance, PointsWritten } from '../../domain/contracts/points.ts'
import { Redemption, RewardsPage } from '../../domain/contracts/rewards.ts'
import type { Random } from '../simulate/random.ts'
import { officialSample, orderPayload, refundPayload } from '../testing/webhooks.ts'
import { type Caller, freshId, sha256 } from './client.ts'
import type { Journal } from './journal.ts'

/** What the outside world does to a shop while its system breaks: many clients, each one thing after the other. */

const KINDS = {
  earn: 22,
  redeem: 14,
  adjust: 6,
  order: 26,
  refund: 14,
  cancel: 2,
  code: 6,
  read: 12,
  merge: 1,
} as const

/** An order as the shop has it. */
interface ShopOrder {
  readonly order: string
  readonly customer: string
  readonly cents: number
  refunded: number
}

export class World {
  readonly caller: Caller
  readonly journal: Journal
  readonly random: Random
  /** Digits of the shop's customers. */
  readonly customers: readonly [string, ...string[]]
  readonly #orders: ShopOrder[] = []
  readonly #merged = new Set<string>()
  /** Those at a fixed cost. */
  readonly rewards: string[] = []
  #next: number
  #stopped = false

  constructor(caller: Caller, journal: Journal, random: Random, customers: number) {
    this.caller = caller
    this.journal = journal
    this.random = random
    const first = random.int(10_000_000, 90_000_000)
    this.customers = [String(first), ...Array.from({ length: customers - 1 }, (_, at) => String(first + 1 + at))]
    this.#next = random.int(1_000_000, 9_000_000) * 1_000_000
  }

  /** Learns which rewards there are. */
  async prepare(): Promise<void> {
    const page = RewardsPage.parse(await this.caller.read('/v1/api/rewards?status=active'))
    this.rewards.push(...page.rewards.filter(({ cost }) => cost.kind === 'fixed').map(({ id }) => id))
  }

  stop(): void {
    this.#stopped = true
  }
  get isOver(): boolean {
    return this.#stopped
  }

  /** One client, until the world stops. What it has begun it sees through. */
  async client(): Promise<void> {
    while (!this.#stopped) {
      await this.#act()
      await delay(this.random.int(0, 30))
    }
  }

  /** Tells Shopify's side of an order anew, as its reconciliation would; answers once it is taken. */
  async tellOrder(order: string, customer: string, cents: number): Promise<void> {
    const payload = orderPayload({ order, customer, lines: [{ price: money(cents) }] })
    await this.caller.webhook('orders/paid', payload)
  }

  async tellRefund(refund: string, order: string, cents: number): Promise<void> {
    await this.caller.webhook('refunds/create', refundPayload({ refund, order, lines: [{ price: money(cents) }] }))
  }

  async tellCancelled(order: string, customer: string, cents: number): Promise<void> {
    const payload = orderPayload({ order, customer, cancelled: true, lines: [{ price: money(cents) }] })
    await this.caller.webhook('orders/cancelled', payload)
  }

  /** A customer as the shop has them, without an address. */
  async tellCustomer(customer: string): Promise<void> {
    const profile = { ...officialSample('customers/update'), email: null, verified_email: false }
    const body = { ...profile, admin_graphql_api_id: customerGid(customer) }
    await this.caller.webhook('customers/update', JSON.stringify(body))
  }

  async tellMerge(kept: string, removed: string): Promise<void> {
    const body = {
      status: 'completed',
      admin_graphql_api_customer_kept_id: customerGid(kept),
      admin_graphql_api_customer_deleted_id: customerGid(removed),
    }
    await this.caller.webhook('customers/merge', JSON.stringify(body))
  }

  #act(): Promise<void> {
    const customer = this.random.pick(this.customers)
    switch (this.random.weighted(KINDS)) {
      case 'earn':
        return this.#earn(customer)
      case 'redeem':
        return this.#redeem(customer)
      case 'adjust':
        return this.#adjust(customer)
      case 'order':
        return this.#order(customer)
      case 'refund':
        return this.#refund()
      case 'cancel':
        return this.#cancel()
      case 'code':
        return this.#code(customer)
      case 'read':
        return this.#read(customer)
      case 'merge':
        return this.#merge()
    }
  }

  #earn(customer: string): Promise<void> {
    const id = freshId()
    const points = this.random.int(1, 90)
    return this.#write(
      '/v1/api/points/earn',
      { customer_id: customer, points, activity_id: id },
      `activity:${id}`,
      points,
    )
  }

  #redeem(customer: string): Promise<void> {
    const id = freshId()
    const points = this.random.int(1, 60)
    const body = { customer_id: customer, points, redemption_id: id }
    return this.#write('/v1/api/points/redeem', body, `redeem:${id}`, -points)
  }

  #adjust(customer: string): Promise<void> {
    const id = freshId()
    const points = this.random.chance(0.5) ? this.random.int(1, 40) : -this.random.int(1, 40)
    const body = {
      customer_id: customer,
      points,
      adjustment_id: id,
      reason: 'chaos',
      allow_debt: this.random.chance(0.2),
    }
    return this.#write('/v1/api/points/adjust', body, `adjust:${id}`, points)
  }

  async #write(path: string, body: Record<string, unknown>, businessId: string, points: number): Promise<void> {
    const key = freshId()
    this.journal.write({ kind: 'write', key, method: 'POST', path, body, businessId, points })
    const answer = await this.caller.write(path, key, body)
    const booked = answer.status === 200 ? PointsWritten.parse(JSON.parse(answer.text)).transaction : null
    this.journal.write({
      kind: 'answer',
      key,
      status: answer.status,
      sha256: sha256(answer.text),
      account: booked?.customer_id ?? null,
      seq: booked?.seq ?? null,
      hash: booked?.hash ?? null,
      attempts: answer.attempts,
    })
  }

  async #order(customer: string): Promise<void> {
    this.#next += 1
    const placed: ShopOrder = { order: String(this.#next), customer, cents: this.random.int(1, 20_000), refunded: 0 }
    this.journal.write({ kind: 'order', order: placed.order, customer, cents: placed.cents })
    this.#orders.push(placed)
    for (let times = this.random.chance(0.3) ? 2 : 1; times > 0; times -= 1) {
      await this.tellOrder(placed.order, customer, placed.cents)
      this.journal.write({ kind: 'delivered', what: placed.order })
    }
  }

  async #refund(): Promise<void> {
    const placed = this.#orders[this.random.int(0, Math.max(0, this.#orders.length - 1))]
    if (placed === undefined || placed.refunded >= placed.cents) return
    const cents = this.random.chance(0.3)
      ? placed.cents - placed.refunded
      : this.random.int(1, placed.cents - placed.refunded)
    placed.refunded += cents
    this.#next += 1
    const refund = String(this.#next)
    this.journal.write({ kind: 'refund', refund, order: placed.order, cents })
    for (let times = this.random.chance(0.3) ? 2 : 1; times > 0; times -= 1) {
      await this.tellRefund(refund, placed.order, cents)
    }
  }

  async #cancel(): Promise<void> {
    const placed = this.#orders[this.random.int(0, Math.max(0, this.#orders.length - 1))]
    if (placed === undefined) return
    this.journal.write({ kind: 'cancelled', order: placed.order })
    await this.tellCancelled(placed.order, placed.customer, placed.cents)
  }

  async #code(customer: string): Promise<void> {
    const rewardId = this.rewards[this.random.int(0, Math.max(0, this.rewards.length - 1))]
    if (rewardId === undefined) return
    const key = freshId()
    this.journal.write({ kind: 'redeem', key, rewardId, customer })
    const answer = await this.caller.write(`/v1/api/rewards/${rewardId}/redeem`, key, { customer_id: customer })
    const redemptionId = answer.status === 200 ? Redemption.parse(JSON.parse(answer.text)).id : null
    this.journal.write({ kind: 'redeemed', key, status: answer.status, redemptionId })
  }

  async #read(customer: string): Promise<void> {
    const balance = Balance.safeParse(await this.caller.read(`/v1/api/points/balance?customer_id=${customer}`))
    if (!balance.success) return
    const { customer_id: account, seq, posted } = balance.data
    this.journal.write({ kind: 'read', account, seq, posted })
  }

  /** The shop merges two of its customers. */
  async #merge(): Promise<void> {
    const left = this.customers.filter((customer) => !this.#merged.has(customer))
    if (left.length < this.customers.length / 2) return
    const [removed, kept] = this.random.shuffled(left)
    if (removed === undefined || kept === undefined) return
    this.#merged.add(removed)
    this.journal.write({ kind: 'merge', kept, removed })
    await this.tellMerge(kept, removed)
  }
}

function customerGid(digits: string): string {
  return `gid://shopify/Customer/${digits}`
}

function money(cents: number): string {
  return (cents / 100).toFixed(2)
}
