import { freezeRule } from '../../domain/earning/rule.ts'
import type { MoneyParts } from '../../domain/earning/facts.ts'
import { defaultSettings } from '../../domain/contracts/settings.ts'
import type { BusinessCommand } from '../../domain/ledger/facts.ts'
import type { FrozenRule, LotTerms } from '../../domain/ledger/types.ts'
import type { Random } from './random.ts'

/**
 * What the world asks of an account. Ids come from a small range, so that commands meet: refunds their orders, captures
 * their holds, and the same id another time with other contents.
 */

const IDS = 9
const HOUR_MS = 3_600_000
const ZONES = ['Europe/Berlin', 'Asia/Tokyo', 'America/Sao_Paulo', 'Pacific/Auckland'] as const

function rulesOf(currency: string): readonly [FrozenRule, ...FrozenRule[]] {
  const defaults = defaultSettings(currency, 'Europe/Berlin')
  const rule = (version: number, change: Partial<typeof defaults.earning>) =>
    freezeRule({
      version,
      updated_at: '2026-01-01T00:00:00.000Z',
      settings: { ...defaults, earning: { ...defaults.earning, ...change } },
    })
  return [
    rule(1, {}),
    rule(2, { points: 1, per_amount: '10' }),
    rule(3, { points: 3, per_amount: '0.30', rounding: 'half_up' }),
    rule(4, { points: 7, per_amount: '2', rounding: 'ceil', include_shipping: true, include_tips: true }),
    rule(5, { tax: 'exclude', before_discounts: true, include_gift_cards: true }),
  ]
}

const RULES = [rulesOf('EUR'), rulesOf('JPY'), rulesOf('KWD')] as const

const KINDS = {
  order: 22,
  refund: 18,
  cancel: 4,
  grant: 9,
  redeem: 14,
  hold: 9,
  capture: 8,
  release: 4,
  adjust: 5,
  reverse: 5,
  import: 2,
} as const

/** Makes the commands of one customer. */
export class Workload {
  readonly #random: Random
  readonly #rules: readonly [FrozenRule, ...FrozenRule[]]
  readonly #timeZone: string
  #spent = 0

  constructor(random: Random) {
    this.#random = random
    this.#rules = random.pick(RULES)
    this.#timeZone = random.pick(ZONES)
  }

  /** @param lastSeq of the account as its client knows it */
  next(nowMs: number, lastSeq: number): BusinessCommand {
    const random = this.#random
    const shopify = { source: 'shopify', actor: 'shopify', effectiveAtMs: nowMs - random.int(0, 4) * HOUR_MS } as const
    const api = { source: 'api', actor: 'api_key:simulation', effectiveAtMs: nowMs } as const
    const id = String(random.int(1, IDS))
    const orderGid = `gid://shopify/Order/${id}`
    switch (random.weighted(KINDS)) {
      case 'order':
        return {
          ...shopify,
          kind: 'earn_order',
          orderGid,
          // An order's money is the same each time that it is told; its rule and terms are those of the moment.
          parts: orderMoney(Number(id)),
          rule: random.pick(this.#rules),
          terms: this.#terms(),
          returnWindowDays: random.pick([0, 0, 0, 1, 14]),
          effectiveAtMs: nowMs - random.pick([0, 1, 100, 2_000]) * HOUR_MS,
        }
      case 'refund': {
        const refund = random.int(1, 3)
        const refundGid = `gid://shopify/Refund/${id}${refund}`
        return { ...shopify, kind: 'clawback', refundGid, orderGid, parts: refundMoney(Number(id), refund) }
      }
      case 'cancel':
        return { ...shopify, kind: 'cancel_order', orderGid }
      case 'grant':
        return {
          ...api,
          kind: 'earn_points',
          externalId: `activity:${random.int(1, 40)}`,
          points: random.pick([1, 5, 25, 150, 0, 2_000_000_000]),
          reason: 'review',
          terms: this.#terms(),
        }
      case 'redeem':
        return {
          ...api,
          kind: 'redeem',
          redemptionId: this.#freshOrKnown(),
          points: random.int(1, 160),
          limits: random.chance(0.2) ? { min_points: 20, max_points: 100, step_points: 10 } : null,
          reason: null,
        }
      case 'hold':
        return {
          ...api,
          kind: 'hold',
          holdId: id,
          points: random.int(1, 120),
          timeoutMs: random.pick([0.1, 20, 400]) * HOUR_MS,
          limits: null,
        }
      case 'capture':
        return { ...api, kind: 'capture', holdId: id, ...(random.chance(0.5) ? {} : { points: random.int(1, 40) }) }
      case 'release':
        return { ...api, kind: 'release', holdId: id, reason: 'cart emptied' }
      case 'adjust':
        return {
          ...api,
          kind: 'adjust',
          adjustmentId: this.#freshOrKnown(),
          points: random.pick([-300, -40, -1, 1, 40, 300]),
          reason: 'goodwill',
          allowDebt: random.chance(0.3),
          terms: this.#terms(),
        }
      case 'reverse':
        return {
          ...api,
          kind: 'reverse',
          seq: random.int(1, Math.max(1, lastSeq)),
          reason: random.pick(['mistake', 'fraud']),
        }
      case 'import':
        return {
          ...api,
          kind: 'import',
          batchId: 'smile',
          row: Number(id),
          points: Number(id) * 10,
          terms: this.#terms(),
        }
    }
  }

  #terms(): LotTerms {
    return { lotDays: this.#random.pick([null, 1, 3, 20]), timeZone: this.#timeZone }
  }

  /** Mostly a new id, sometimes one that was used. */
  #freshOrKnown(): string {
    if (!this.#random.chance(0.15)) this.#spent += 1
    return `s${this.#spent}`
  }
}

function orderMoney(id: number): MoneyParts {
  return {
    taxes_included: id % 2 === 0,
    goods: id * 1_733,
    goods_tax: id * 61,
    goods_discount: id * 110,
    gift_cards: (id % 3) * 500,
    shipping: (id % 4) * 290,
    shipping_tax: (id % 4) * 40,
    tips: (id % 5) * 100,
  }
}

/** A part of the order's money: three of them are less than all of it. */
function refundMoney(id: number, part: number): MoneyParts {
  const order = orderMoney(id)
  const share = (minor: number) => (part === 3 ? 0 : Math.floor((minor * part) / 4))
  return {
    taxes_included: false,
    goods: part === 3 ? 1 : share(order.goods),
    goods_tax: share(order.goods_tax),
    goods_discount: share(order.goods_discount),
    gift_cards: share(order.gift_cards),
    shipping: share(order.shipping),
    shipping_tax: share(order.shipping_tax),
    tips: share(order.tips),
  }
}
