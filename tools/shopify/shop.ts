import { randomBytes, randomUUID } from 'node:crypto'
import { CURRENCY, type Locale, type SHIPPING, offerOf } from './catalog.ts'
import type { Currency } from './currencies.ts'
import { type Customer, DEMO_CUSTOMERS } from './customer.ts'
import type { BulkOperation } from './bulk.ts'
import type { Webhooks } from './deliveries.ts'
import type { Discount, RedeemCode } from './discounts/discount.ts'
import type { Discounts } from './discounts/discounts.ts'
import { type EditWish, editOrder } from './edit.ts'
import { toJson } from './json.ts'
import { type Address, type Order, type RefundWish, makeRefund, wholeRefund } from './order.ts'
import { orderMoney } from './make-order.ts'
import { orderPayload, refundPayload } from './payloads.ts'
import { type Quote, type QuotedCode, type Refusal, quoteCart } from './quote.ts'
import {
  type ShopIdentity,
  bulkFinishedPayload,
  orderEditedPayload,
  codeRemovedPayload,
  customerDeletedPayload,
  customerPayload,
  customersMergedPayload,
  discountDeletedPayload,
  shopPayload,
} from './shop-payloads.ts'
import type { Store } from './store.ts'

export interface Checkout {
  readonly email: string
  readonly customerId: string | null
  readonly address: Address
  readonly shipping: keyof typeof SHIPPING
  readonly tipMinor: number
  readonly currency: Currency
  readonly payment: Order['payment']
  readonly locale: Locale
}

/** Codes that stopped being good between showing and paying; nothing was ordered. */
export interface Refused {
  readonly refused: readonly QuotedCode[]
}

const MAY_STAY: ReadonlySet<Refusal> = new Set(['not_applicable', 'not_combinable'])

/** What can happen in the shop. Each change is stored together with the webhooks that it causes. */
export class Shop {
  readonly identity: ShopIdentity
  readonly store: Store
  readonly webhooks: Webhooks
  readonly discounts: Discounts

  readonly #onUninstall: () => void

  /** `onUninstall`: told when the merchant removes the app, whose tokens end then. */
  constructor(identity: ShopIdentity, store: Store, webhooks: Webhooks, discounts: Discounts, onUninstall: () => void) {
    this.discounts = discounts
    this.#onUninstall = onUninstall
    this.identity = identity
    this.store = store
    this.webhooks = webhooks
    if (store.customers().length === 0) for (const person of DEMO_CUSTOMERS) this.#createCustomer(person)
  }

  /** A new account. The e-mail address must not be taken. */
  register(person: Pick<Customer, 'email' | 'firstName' | 'lastName'>): Customer {
    return this.#createCustomer({ ...person, id: String(this.store.next('customer', 7_412_905_541_201)) })
  }

  #createCustomer(person: Pick<Customer, 'id' | 'email' | 'firstName' | 'lastName'>): Customer {
    const at = new Date().toISOString()
    const customer: Customer = { ...person, createdAt: at, updatedAt: at }
    this.store.transaction(() => {
      this.store.saveCustomer(customer)
      this.#tell('customers/create', customerPayload(customer, CURRENCY), randomUUID(), null)
    })
    return customer
  }

  rename(customer: Customer, firstName: string, lastName: string): void {
    const renamed: Customer = { ...customer, firstName, lastName, updatedAt: new Date().toISOString() }
    this.store.transaction(() => {
      this.store.saveCustomer(renamed)
      this.#tell('customers/update', customerPayload(renamed, CURRENCY), randomUUID(), null)
    })
  }

  /** Merges a customer into another, who gets the orders. The sentence why not, or undefined. */
  mergeCustomers(removed: Customer, kept: Customer): string | undefined {
    if (removed.id === kept.id) return 'A customer cannot be merged into itself.'
    const at = new Date().toISOString()
    this.store.transaction(() => {
      for (const order of this.store.orders(removed.id)) {
        this.store.saveOrder({ ...order, customerId: kept.id, updatedAt: at })
      }
      this.store.removeCustomer(removed.id)
      const renewed = { ...kept, updatedAt: at }
      this.store.saveCustomer(renewed)
      this.#tell('customers/merge', customersMergedPayload(renewed, removed), randomUUID(), null)
      this.#tell('customers/update', customerPayload(renewed, CURRENCY), randomUUID(), null)
    })
    return undefined
  }

  /** Deletes a customer, as Shopify does only where there are no orders. The sentence why not, or undefined. */
  deleteCustomer(customer: Customer): string | undefined {
    if (this.store.orders(customer.id).length > 0) return 'A customer who has orders cannot be deleted.'
    this.store.transaction(() => {
      this.store.removeCustomer(customer.id)
      this.#tell('customers/delete', customerDeletedPayload(customer), randomUUID(), null)
    })
    return undefined
  }

  /**
   * Makes an order of a cart (pieces by variant id) and its codes, and empties it. The cart must not be empty. Each
   * code's use is counted in the transaction that stores the order, so that of two checkouts at once one gets it.
   * Codes that do not fit this cart are left aside, as the checkout showed; one that cannot be used at all any more
   * (`firm`: any that gives nothing) makes no order: it is taken out of the cart and named.
   */
  placeOrder(cartToken: string, checkout: Checkout, firm = false): Order | Refused {
    return this.store.transaction(() => {
      const cart = [...this.store.cart(cartToken)].flatMap(([variantId, quantity]) => {
        const offer = offerOf(variantId)
        return offer ? [{ ...offer, quantity }] : []
      })
      if (cart.length === 0) throw new Error('An empty cart makes no order.')
      const quote = quoteCart(cart, this.store.cartCodes(cartToken), checkout, {
        discounts: this.discounts,
        shop: this.identity.domain,
      })
      const refused = quote.codes.filter(({ refusal }) => refusal !== null && (firm || !MAY_STAY.has(refusal)))
      if (refused.length > 0) {
        const kept = quote.codes.filter((code) => !refused.includes(code)).map(({ code }) => code)
        this.store.setCartCodes(cartToken, kept)
        return { refused }
      }
      return this.#place(cartToken, checkout, quote)
    })
  }

  #place(cartToken: string, checkout: Checkout, quote: Quote): Order {
    const at = new Date().toISOString()
    const order: Order = {
      id: this.#nextId(),
      number: this.store.next('order', 1001),
      token: randomBytes(16).toString('hex'),
      createdAt: at,
      updatedAt: at,
      currency: CURRENCY,
      taxesIncluded: true,
      test: false,
      source: 'web',
      email: checkout.email,
      customerId: checkout.customerId,
      address: checkout.address,
      locale: checkout.locale,
      ...orderMoney(quote, checkout, () => this.#nextId()),
      payment: checkout.payment,
      paidAt: checkout.payment === 'card' ? at : null,
      cancelledAt: null,
      archivedAt: null,
      editedAt: null,
      owedMinor: 0,
      refunds: [],
    }
    const used = new Map(quote.given.map(({ redeemCode }) => [redeemCode.id, redeemCode]))
    for (const code of used.values()) this.discounts.use(code, order.id, checkout.customerId)
    this.store.clearCart(cartToken)
    this.#save(order, order.paidAt === null ? ['orders/create'] : ['orders/create', 'orders/paid'])
    return order
  }

  /** Changes the items. The sentence why not, or undefined. `asked`: the order as it was read. */
  edit(asked: Order, wish: EditWish): string | undefined {
    return this.store.transaction(() => {
      const edited = editOrder(this.store.order(asked.id) ?? asked, wish, () => this.#nextId(), new Date())
      if (typeof edited === 'string') return edited
      this.store.saveOrder(edited.order)
      this.#tell('orders/edited', orderEditedPayload(edited.edit), randomUUID(), edited.order.number)
      return undefined
    })
  }

  /** Puts it away, or takes it out again: of this the app hears nothing. */
  archive(order: Order): undefined {
    const at = new Date().toISOString()
    this.store.saveOrder({ ...order, archivedAt: order.archivedAt === null ? at : null, updatedAt: at })
  }

  /** A bulk operation of the app has ended. */
  tellBulkFinished(operation: BulkOperation): void {
    this.#tell('bulk_operations/finish', bulkFinishedPayload(operation), randomUUID(), null)
  }

  /** Also what an edit added. The sentence why not, or undefined. */
  markPaid(order: Order): string | undefined {
    if (order.paidAt !== null && order.owedMinor === 0) return 'The order is paid already.'
    if (order.cancelledAt !== null) return 'The order is cancelled.'
    const at = new Date().toISOString()
    this.store.transaction(() =>
      this.#save({ ...order, paidAt: order.paidAt ?? at, owedMinor: 0, updatedAt: at }, ['orders/paid']),
    )
    return undefined
  }

  /** The sentence why not, or undefined. `asked`: the order as it was read, perhaps before another refund of it. */
  refund(asked: Order, wish: RefundWish): string | undefined {
    return this.store.transaction(() => {
      const now = new Date()
      const order = this.store.order(asked.id) ?? asked
      const refund = makeRefund(order, wish, () => this.#nextId(), now)
      if (typeof refund === 'string') return refund
      const after: Order = { ...order, updatedAt: now.toISOString(), refunds: [...order.refunds, refund] }
      this.store.saveOrder(after)
      this.#tell('refunds/create', refundPayload(after, refund), randomUUID(), order.number)
      return undefined
    })
  }

  /** Cancels; `refund` gives back what was paid first. The sentence why not, or undefined. */
  cancel(order: Order, refund: boolean): string | undefined {
    if (order.cancelledAt !== null) return 'The order is cancelled already.'
    if (refund && order.paidAt !== null) this.refund(order, wholeRefund(order, 'Cancelled'))
    const current = this.store.order(order.id) ?? order
    const at = new Date().toISOString()
    this.store.transaction(() => this.#save({ ...current, cancelledAt: at, updatedAt: at }, ['orders/cancelled']))
    return undefined
  }

  /** The merchant removes the app. */
  uninstallApp(): void {
    this.#onUninstall()
    this.#tell('app/uninstalled', shopPayload(this.identity), randomUUID(), null)
  }

  /** A code of a discount is gone, whoever removed it. */
  tellCodeRemoved(discount: Discount, code: RedeemCode): void {
    this.#tell('discounts/redeemcode_removed', codeRemovedPayload(discount.id, code), randomUUID(), null)
  }

  /** A discount is gone, and all its codes with it: they are not told of one by one. */
  tellDiscountDeleted(discount: Discount): void {
    this.#tell('discounts/delete', discountDeletedPayload(discount.id), randomUUID(), null)
  }

  /** Ids beyond 2^53, as in Shopify's samples: whoever reads them as numbers finds out here. */
  #nextId(): string {
    return `820982911946${String(this.store.next('object', 154_601)).padStart(6, '0')}`
  }

  #save(order: Order, topics: readonly string[]): void {
    this.store.saveOrder(order)
    const customer = order.customerId === null ? null : (this.store.customer(order.customerId) ?? null)
    const payload = orderPayload(order, customer, this.identity)
    const eventId = randomUUID()
    for (const topic of topics) this.#tell(topic, payload, eventId, order.number)
  }

  #tell(topic: string, payload: Record<string, unknown>, eventId: string, orderNumber: number | null): void {
    this.webhooks.enqueue(topic, toJson(payload), eventId, orderNumber)
  }
}
