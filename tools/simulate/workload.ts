import type { BusinessCommand } from '../../domain/ledger/facts.ts'
import type { CommandBase, FrozenRule, LotTerms } from '../../domain/ledger/types.ts'
import { editedMoney, EDITS, orderMoney, refundMoney, RULES } from './orders.ts'
import type { Random } from './random.ts'

/**
 * What the world asks of an account. Ids come from a small range, so that commands meet: refunds their orders, captures
 * their holds, and the same id another time with other contents. Two customers have no id in common, as in the world.
 */

const IDS = 9
const HOUR_MS = 3_600_000
const ZONES = ['Europe/Berlin', 'Asia/Tokyo', 'America/Sao_Paulo', 'Pacific/Auckland'] as const
/** When the shop last edited any order. */
const EDITED_MS = Date.UTC(2026, 2, 1)

const ORDERS = { order: 22, refund: 18, cancel: 4, edit: 9 } as const
const SPENDING = { redeem: 14, hold: 9, capture: 8, release: 4, give_back: 6, till_redeem: 5 } as const
const GRANTS = { grant: 9, till_grant: 2, adjust: 5, reverse: 5, import: 2 } as const
const KINDS = { ...ORDERS, ...SPENDING, ...GRANTS } as const
type Kind = keyof typeof KINDS

/** Points that were spent, and the account that they were taken from. */
export interface Spend {
  readonly by: string
  readonly seq: number
  readonly points: number
}

/** What a client knows of its account. */
export interface Known {
  readonly lastSeq: number
  readonly spend: Spend | undefined
}

function isOf<T extends Record<string, number>>(kinds: T, kind: string): kind is Extract<keyof T, string> {
  return Object.hasOwn(kinds, kind)
}

/** Makes the commands of one customer. */
export class Workload {
  readonly #random: Random
  readonly #customer: number
  readonly #rules: readonly [FrozenRule, ...FrozenRule[]]
  readonly #timeZone: string
  #spent = 0

  /** @param customer a number of its own, from 1 */
  constructor(random: Random, customer: number) {
    this.#random = random
    this.#customer = customer
    this.#rules = random.pick(RULES)
    this.#timeZone = random.pick(ZONES)
  }

  next(nowMs: number, known: Known): BusinessCommand {
    const kind: Kind = this.#random.weighted(KINDS)
    if (isOf(ORDERS, kind)) return this.#ofOrder(kind, nowMs)
    if (isOf(SPENDING, kind)) return this.#spending(kind, nowMs, known.spend)
    return this.#grant(kind, nowMs, known.lastSeq)
  }

  #ofOrder(kind: keyof typeof ORDERS, nowMs: number): BusinessCommand {
    const random = this.#random
    const base = { source: 'shopify', actor: 'shopify', effectiveAtMs: nowMs - random.int(0, 4) * HOUR_MS } as const
    const id = random.int(1, IDS)
    const orderGid = `gid://shopify/Order/${this.#customer}${id}`
    switch (kind) {
      case 'order':
        return {
          ...base,
          kind: 'earn_order',
          orderGid,
          // An order's money is the same each time that it is told; its rule and terms are those of the moment.
          parts: orderMoney(id),
          rule: random.pick(this.#rules),
          terms: this.#terms(),
          returnWindowDays: random.pick([0, 0, 0, 1, 14]),
          effectiveAtMs: nowMs - random.pick([0, 1, 100, 2_000]) * HOUR_MS,
        }
      case 'refund': {
        const refund = random.int(1, 3)
        const refundGid = `gid://shopify/Refund/${this.#customer}${id}${refund}`
        return { ...base, kind: 'clawback', refundGid, orderGid, parts: refundMoney(id, refund) }
      }
      case 'cancel':
        return { ...base, kind: 'cancel_order', orderGid }
      case 'edit': {
        const edit = random.int(1, EDITS)
        const editedAtMs = EDITED_MS + edit * HOUR_MS
        return { ...base, kind: 'edit_order', orderGid, parts: editedMoney(id, edit), editedAtMs, terms: this.#terms() }
      }
    }
  }

  #spending(kind: keyof typeof SPENDING, nowMs: number, spend: Spend | undefined): BusinessCommand {
    const random = this.#random
    const api: CommandBase = { source: 'api', actor: 'api_key:simulation', effectiveAtMs: nowMs }
    const holdId = this.#id(random.int(1, IDS))
    switch (kind) {
      case 'redeem':
        return this.#redeem(api)
      case 'hold': {
        const timeoutMs = random.pick([0.1, 20, 400]) * HOUR_MS
        return { ...api, kind: 'hold', holdId, points: random.int(1, 120), timeoutMs, limits: null }
      }
      case 'capture':
        return { ...api, kind: 'capture', holdId, ...(random.chance(0.5) ? {} : { points: random.int(1, 40) }) }
      case 'release':
        return { ...api, kind: 'release', holdId, reason: 'cart emptied' }
      case 'till_redeem':
        return {
          ...api,
          source: 'pos',
          actor: 'device:till',
          kind: 'redeem',
          redemptionId: `pos:till:${this.#freshOrKnown()}`,
          points: random.int(1, 200),
          limits: null,
          reason: null,
          overdraftPoints: random.pick([0, 50, 500]),
        }
      case 'give_back': {
        if (spend === undefined) return this.#redeem(api)
        const becauseOf = `gid://shopify/Refund/${this.#customer}${random.int(1, IDS)}${random.int(1, 3)}`
        const points = random.chance(0.3) ? spend.points : random.int(1, spend.points + 1)
        return { ...api, kind: 'return_spent', seq: spend.seq, points, becauseOf, reason: 'order refunded' }
      }
    }
  }

  #redeem(api: CommandBase): BusinessCommand {
    const random = this.#random
    return {
      ...api,
      kind: 'redeem',
      redemptionId: this.#freshOrKnown(),
      points: random.int(1, 160),
      limits: random.chance(0.2) ? { min_points: 20, max_points: 100, step_points: 10 } : null,
      reason: null,
    }
  }

  #grant(kind: keyof typeof GRANTS, nowMs: number, lastSeq: number): BusinessCommand {
    const random = this.#random
    const api: CommandBase = { source: 'api', actor: 'api_key:simulation', effectiveAtMs: nowMs }
    const terms = this.#terms()
    switch (kind) {
      case 'grant': {
        const externalId = `activity:${this.#id(random.int(1, 40))}`
        const points = random.pick([1, 5, 25, 150, 0, 2_000_000_000])
        return { ...api, kind: 'earn_points', externalId, points, reason: 'review', terms }
      }
      case 'till_grant': {
        const externalId = `pos:till:${this.#id(random.int(1, 40))}`
        const till: CommandBase = { source: 'pos', actor: 'device:till', effectiveAtMs: nowMs }
        return { ...till, kind: 'earn_points', externalId, points: random.int(1, 60), reason: null, terms }
      }
      case 'adjust': {
        const points = random.pick([-300, -40, -1, 1, 40, 300])
        const adjustmentId = this.#freshOrKnown()
        const allowDebt = random.chance(0.3)
        return { ...api, kind: 'adjust', adjustmentId, points, reason: 'goodwill', allowDebt, terms }
      }
      case 'reverse': {
        const seq = random.int(1, Math.max(1, lastSeq))
        return { ...api, kind: 'reverse', seq, reason: random.pick(['mistake', 'fraud']) }
      }
      case 'import': {
        const row = this.#customer * 10 + random.int(1, IDS)
        return { ...api, kind: 'import', batchId: 'smile', row, points: row, terms }
      }
    }
  }

  #terms(): LotTerms {
    const random = this.#random
    const lotDays = random.pick([null, 1, 3, 20])
    const timeZone = this.#timeZone
    if (random.chance(0.6)) return { lotDays, timeZone }
    return {
      lotDays,
      timeZone,
      inactivityDays: random.pick([null, 1, 4]),
      calendar: random.pick([null, null, { month: 3, day: 31, minDays: 2 }, { month: 2, day: 29, minDays: 10 }]),
    }
  }

  #id(number: number): string {
    return `c${this.#customer}-${number}`
  }

  /** Mostly a new id, sometimes one that was used. */
  #freshOrKnown(): string {
    if (!this.#random.chance(0.15)) this.#spent += 1
    return this.#id(this.#spent)
  }
}
