import { Random } from '../simulate/random.ts'
import {
  type Allocation,
  type Application,
  type Order,
  type OrderLine,
  type Refund,
  makeRefund,
  piecesLeft,
} from './order.ts'

/** Orders of every kind that a shop may have, reproducible: for histories, and for comparing ways to read them. */

export interface OrdersWish {
  readonly seed: string
  readonly count: number
  /** Made and changed within `[fromMs, untilMs)`, the first one first. */
  readonly fromMs: number
  readonly untilMs: number
  /** Digits. */
  readonly customerIds: readonly [string, ...string[]]
  /** 12 digits of their own, by which their ids begin. */
  readonly idPrefix: string
  /** A number in the shop of the first one. */
  readonly firstNumber: number
  /** plain: paid orders of goods, some of them refunded or cancelled. Default: everything there is. */
  readonly kinds?: 'plain' | 'all'
}

const CURRENCIES = ['EUR', 'JPY', 'KWD'] as const
/** The second currency of a shopper, with how many of its minor units one of the shop's is worth. */
const SEEN = { EUR: ['USD', 1.085], JPY: ['USD', 0.61], KWD: ['EUR', 0.3] } as const

export function randomOrders(wish: OrdersWish): Order[] {
  const random = new Random(wish.seed)
  return Array.from({ length: wish.count }, (_, index) => {
    const atMs = Math.floor(wish.fromMs + ((wish.untilMs - wish.fromMs) * index) / wish.count)
    return new OrderMaker(random, wish, index, atMs).make()
  })
}

class OrderMaker {
  readonly #random: Random
  readonly #wish: OrdersWish
  readonly #index: number
  readonly #createdAt: string
  readonly #changedAt: Date
  readonly #isPlain: boolean
  #ids = 0

  constructor(random: Random, wish: OrdersWish, index: number, atMs: number) {
    this.#random = random
    this.#wish = wish
    this.#index = index
    this.#createdAt = new Date(atMs).toISOString()
    this.#changedAt = new Date(Math.min(atMs + random.int(0, 3_600_000), wish.untilMs - 1_000))
    this.#isPlain = wish.kinds === 'plain'
  }

  make(): Order {
    const bought = this.#bought()
    const edited = this.#isPlain || this.#random.chance(0.7) ? bought : this.#edited(bought)
    const refunded = this.#refunded(edited)
    const isCancelled = this.#random.chance(0.06)
    return { ...refunded, cancelledAt: isCancelled ? this.#changedAt.toISOString() : null }
  }

  #nextId(): string {
    this.#ids += 1
    return `${this.#wish.idPrefix}${String(this.#index).padStart(5, '0')}${String(this.#ids).padStart(3, '0')}`
  }

  #bought(): Order {
    const random = this.#random
    const currency = this.#isPlain ? 'EUR' : random.pick(CURRENCIES)
    const applications = this.#isPlain ? [] : this.#applications()
    const lines = Array.from({ length: this.#isPlain ? 1 : random.int(1, 13) }, () => this.#line(applications))
    const buyer = this.#buyer()
    const order: Order = {
      id: this.#nextId(),
      number: this.#wish.firstNumber + this.#index,
      token: `${this.#wish.idPrefix}${this.#index}`,
      createdAt: this.#createdAt,
      updatedAt: this.#changedAt.toISOString(),
      currency,
      taxesIncluded: this.#isPlain || random.chance(0.6),
      test: !this.#isPlain && random.chance(0.1),
      source: buyer.email === '' ? 'pos' : 'web',
      ...buyer,
      address: { firstName: 'A', lastName: 'B', address1: 'Weg 1', zip: '10969', city: 'Berlin' },
      locale: 'en',
      lines,
      shipping: random.chance(0.5) ? null : this.#shipping(applications),
      applications,
      presentment: null,
      payment: 'card',
      paidAt: this.#isPlain || random.chance(0.9) ? this.#createdAt : null,
      cancelledAt: null,
      archivedAt: random.chance(0.3) ? this.#changedAt.toISOString() : null,
      editedAt: null,
      owedMinor: 0,
      refunds: [],
    }
    return this.#isPlain || random.chance(0.7) ? order : { ...order, presentment: seenIn(order, SEEN[currency]) }
  }

  #buyer(): Pick<Order, 'email' | 'customerId'> {
    const kind = this.#isPlain ? 'customer' : this.#random.weighted({ customer: 6, guest: 2, nobody: 1 })
    const customerId = this.#random.pick([...this.#wish.customerIds, this.#wish.customerIds[0]])
    if (kind === 'customer') return { email: 'someone@example.com', customerId }
    return { email: kind === 'guest' ? `guest-${this.#random.int(1, 9)}@example.com` : '', customerId: null }
  }

  #applications(): Application[] {
    const random = this.#random
    return Array.from({ length: random.int(0, 3) }, (_, index) => ({
      code: index === 0 ? 'LN-7K3F-9PQ2-XM4T-0AB1' : `SALE${index}`,
      title: 'Sale',
      target: index === 2 ? 'shipping_line' : 'line_item',
      valueType: random.pick(['fixed_amount', 'percentage']),
      value: '5.0',
      allocationMethod: 'across',
      targetSelection: 'all',
    }))
  }

  /** Allocations of the applications of that target, never more than there is. */
  #allocations(applications: readonly Application[], target: Application['target'], mostMinor: number): Allocation[] {
    let left = mostMinor
    return applications.flatMap((application, index) => {
      if (application.target !== target || this.#random.chance(0.4)) return []
      const amountMinor = this.#random.int(0, left)
      left -= amountMinor
      return [{ application: index, amountMinor }]
    })
  }

  #line(applications: readonly Application[]): OrderLine {
    const random = this.#random
    const kind = this.#isPlain ? 'goods' : random.weighted({ goods: 8, gift_card: 1, tip: 1 })
    const quantity = kind === 'tip' ? 1 : random.int(1, 5)
    const unitPriceMinor = random.int(kind === 'tip' ? 1 : 0, 9_000)
    const discounts = kind === 'goods' ? this.#allocations(applications, 'line_item', unitPriceMinor * quantity) : []
    return {
      id: this.#nextId(),
      kind,
      variantId: null,
      productId: null,
      title: kind === 'tip' ? 'Tip' : 'Thing',
      variantTitle: null,
      sku: null,
      unitPriceMinor,
      quantity,
      removed: 0,
      taxMinor: kind === 'goods' ? random.int(0, 400) : 0,
      discounts,
      grams: 0,
    }
  }

  #shipping(applications: readonly Application[]): Order['shipping'] {
    const priceMinor = this.#random.int(0, 900)
    const discounts = this.#allocations(applications, 'shipping_line', priceMinor)
    return { id: this.#nextId(), title: 'Standard', priceMinor, taxMinor: this.#random.int(0, 90), discounts }
  }

  #edited(order: Order): Order {
    const lines = order.lines.map((line) =>
      line.kind === 'tip' ? line : { ...line, removed: this.#random.int(0, line.quantity) },
    )
    return { ...order, lines, editedAt: order.updatedAt }
  }

  #refunded(order: Order): Order {
    const after: Order = { ...order, refunds: [...order.refunds] }
    const weights = this.#isPlain ? { '0': 24, '1': 2, '2': 1, '3': 1 } : { '0': 6, '1': 2, '2': 1, '3': 1 }
    const times = order.paidAt === null ? 0 : this.#random.weighted(weights)
    for (let time = 0; time < Number(times); time += 1) {
      const quantities = new Map(after.lines.map((line) => [line.id, this.#random.int(0, piecesLeft(after, line))]))
      const wish = { quantities, shipping: this.#random.chance(0.3), note: null }
      const refund = makeRefund(after, wish, () => this.#nextId(), this.#changedAt)
      if (typeof refund !== 'string') after.refunds.push(this.#adjusted(refund))
    }
    return after
  }

  #adjusted(refund: Refund): Refund {
    if (this.#isPlain || this.#random.chance(0.7)) return refund
    const amountMinor = this.#random.int(-500, 500)
    const isPending = this.#random.chance(0.5)
    return { ...refund, adjustments: [{ id: this.#nextId(), amountMinor, taxMinor: 0, isPending }] }
  }
}

function seenIn(order: Order, [currency, rate]: readonly [string, number]): Order['presentment'] {
  const seen = (minor: number) => Math.round(minor * rate)
  const allocations = (discounts: readonly Allocation[]) =>
    discounts.map(({ application, amountMinor }) => ({ application, amountMinor: seen(amountMinor) }))
  const lines = order.lines.map(({ id, unitPriceMinor, taxMinor, discounts }) => [
    id,
    { unitPriceMinor: seen(unitPriceMinor), taxMinor: seen(taxMinor), discounts: allocations(discounts) },
  ])
  const { shipping } = order
  return {
    currency,
    lines: Object.fromEntries(lines),
    shipping: shipping && {
      priceMinor: seen(shipping.priceMinor),
      taxMinor: seen(shipping.taxMinor),
      discounts: allocations(shipping.discounts),
    },
  }
}
