import type { DatabaseSync } from 'node:sqlite'
import { z } from 'zod'
import { LOCALES } from './catalog.ts'
import { CURRENCIES } from './currencies.ts'
import type { Customer } from './customer.ts'
import { nextNumber, transaction } from './database.ts'
import { Order } from './order.ts'

const CustomerRow = z
  .object({
    id: z.string(),
    email: z.string(),
    first_name: z.string(),
    last_name: z.string(),
    created_at: z.string(),
    updated_at: z.string(),
  })
  .transform((row): Customer => ({
    id: row.id,
    email: row.email,
    firstName: row.first_name,
    lastName: row.last_name,
    createdAt: row.created_at,
    updatedAt: row.updated_at,
  }))

const OrderRow = z.object({ body: z.string().transform((text) => Order.parse(JSON.parse(text))) })

/** One webhook on its way, or what became of it. */
export const Delivery = z.object({
  id: z.int(),
  webhook_id: z.string(),
  event_id: z.string(),
  topic: z.string(),
  body: z.string(),
  triggered_at: z.string(),
  order_number: z.int().nullable(),
  /** held: waits for the merchant to let it go. */
  state: z.enum(['waiting', 'held', 'delivered', 'failed']),
  attempts: z.int(),
  next_attempt_at_ms: z.int().nullable(),
  last_outcome: z.string().nullable(),
  note: z.string().nullable(),
})
export type Delivery = z.infer<typeof Delivery>

const Session = z.object({
  token: z.string(),
  customer_id: z.string().nullable(),
  locale: z.enum(LOCALES),
  /** What the shopper sees prices in and pays in. */
  currency: z.enum(CURRENCIES),
})
export type Session = z.infer<typeof Session>

/** The shop's customers, carts, orders and webhooks. */
export class Store {
  readonly #db: DatabaseSync

  constructor(db: DatabaseSync) {
    this.#db = db
  }

  /** Runs `work` in one transaction. */
  transaction<T>(work: () => T): T {
    return transaction(this.#db, work)
  }

  /** The next number of a counter; the first call gives `first`. */
  next(counter: string, first: number): number {
    return nextNumber(this.#db, counter, first)
  }

  setting(name: string): string | undefined {
    const row = this.#db.prepare('select value from settings where name = ?').get(name)
    return row && z.object({ value: z.string() }).parse(row).value
  }

  setSetting(name: string, value: string): void {
    this.#db
      .prepare('insert into settings (name, value) values (?, ?) on conflict do update set value = excluded.value')
      .run(name, value)
  }

  saveCustomer(customer: Customer): void {
    this.#db
      .prepare(
        `insert into customers (id, email, first_name, last_name, created_at, updated_at) values (?, ?, ?, ?, ?, ?)
         on conflict (id) do update set email = excluded.email, first_name = excluded.first_name,
           last_name = excluded.last_name, updated_at = excluded.updated_at`,
      )
      .run(customer.id, customer.email, customer.firstName, customer.lastName, customer.createdAt, customer.updatedAt)
  }

  customers(): Customer[] {
    return z.array(CustomerRow).parse(this.#db.prepare('select * from customers order by id').all())
  }

  customer(id: string): Customer | undefined {
    return CustomerRow.optional().parse(this.#db.prepare('select * from customers where id = ?').get(id))
  }

  customerByEmail(email: string): Customer | undefined {
    return CustomerRow.optional().parse(this.#db.prepare('select * from customers where email = ?').get(email))
  }

  /** Whoever was logged in is not any more. */
  removeCustomer(id: string): void {
    this.#db.prepare('update sessions set customer_id = null where customer_id = ?').run(id)
    this.#db.prepare('delete from customers where id = ?').run(id)
  }

  session(token: string): Session | undefined {
    return Session.optional().parse(this.#db.prepare('select * from sessions where token = ?').get(token))
  }

  saveSession(session: Session): void {
    this.#db
      .prepare(
        `insert into sessions (token, customer_id, locale, currency) values (?, ?, ?, ?)
         on conflict do update set customer_id = excluded.customer_id, locale = excluded.locale,
           currency = excluded.currency`,
      )
      .run(session.token, session.customer_id, session.locale, session.currency)
  }

  /** Pieces by variant id. */
  cart(token: string): Map<string, number> {
    const rows = this.#db
      .prepare('select variant_id, quantity from cart_lines where token = ? order by rowid')
      .all(token)
    const parsed = z.array(z.object({ variant_id: z.string(), quantity: z.int() })).parse(rows)
    return new Map(parsed.map((row) => [row.variant_id, row.quantity]))
  }

  /** Sets a line of the cart; 0 removes it. */
  setCartLine(token: string, variantId: string, quantity: number): void {
    if (quantity === 0) {
      this.#db.prepare('delete from cart_lines where token = ? and variant_id = ?').run(token, variantId)
    } else {
      this.#db
        .prepare(
          `insert into cart_lines (token, variant_id, quantity) values (?, ?, ?)
           on conflict do update set quantity = excluded.quantity`,
        )
        .run(token, variantId, quantity)
    }
  }

  /** Empties the cart, its discount codes included. */
  clearCart(token: string): void {
    this.#db.prepare('delete from cart_lines where token = ?').run(token)
    this.#db.prepare('delete from cart_codes where token = ?').run(token)
  }

  /** The discount codes that the shopper entered, as typed, in that order; whether they apply is another question. */
  cartCodes(token: string): string[] {
    const rows = this.#db.prepare('select code from cart_codes where token = ? order by position').all(token)
    return z
      .array(z.object({ code: z.string() }))
      .parse(rows)
      .map((row) => row.code)
  }

  /** Replaces them all; blank ones and repetitions are left out, at most 25 are kept. */
  setCartCodes(token: string, codes: readonly string[]): void {
    const kept = new Map(
      codes.flatMap((code) => (code.trim() === '' ? [] : [[code.trim().toUpperCase(), code.trim()]])),
    )
    this.#db.prepare('delete from cart_codes where token = ?').run(token)
    const insert = this.#db.prepare('insert into cart_codes (token, position, code) values (?, ?, ?)')
    for (const [position, code] of [...kept.values()].slice(0, 25).entries()) insert.run(token, position, code)
  }

  saveOrder(order: Order): void {
    this.#db
      .prepare(
        `insert into orders (id, number, token, customer_id, body) values (?, ?, ?, ?, ?)
         on conflict (id) do update set customer_id = excluded.customer_id, body = excluded.body`,
      )
      .run(order.id, order.number, order.token, order.customerId, JSON.stringify(order))
  }

  order(id: string): Order | undefined {
    return OrderRow.optional().parse(this.#db.prepare('select body from orders where id = ?').get(id))?.body
  }

  orderByToken(token: string): Order | undefined {
    return OrderRow.optional().parse(this.#db.prepare('select body from orders where token = ?').get(token))?.body
  }

  /** The newest first, at most 100. */
  orders(customerId?: string): Order[] {
    const rows =
      customerId === undefined
        ? this.#db.prepare('select body from orders order by number desc limit 100').all()
        : this.#db
            .prepare('select body from orders where customer_id = ? order by number desc limit 100')
            .all(customerId)
    return z
      .array(OrderRow)
      .parse(rows)
      .map((row) => row.body)
  }

  addDelivery(delivery: Omit<Delivery, 'id' | 'attempts' | 'last_outcome'>): number {
    const { lastInsertRowid } = this.#db
      .prepare(
        `insert into deliveries (webhook_id, event_id, topic, body, triggered_at, order_number, state, attempts,
           next_attempt_at_ms, note) values (?, ?, ?, ?, ?, ?, ?, 0, ?, ?)`,
      )
      .run(
        delivery.webhook_id,
        delivery.event_id,
        delivery.topic,
        delivery.body,
        delivery.triggered_at,
        delivery.order_number,
        delivery.state,
        delivery.next_attempt_at_ms,
        delivery.note,
      )
    return Number(lastInsertRowid)
  }

  updateDelivery(delivery: Delivery): void {
    this.#db
      .prepare('update deliveries set state = ?, attempts = ?, next_attempt_at_ms = ?, last_outcome = ? where id = ?')
      .run(delivery.state, delivery.attempts, delivery.next_attempt_at_ms, delivery.last_outcome, delivery.id)
  }

  delivery(id: number): Delivery | undefined {
    return Delivery.optional().parse(this.#db.prepare('select * from deliveries where id = ?').get(id))
  }

  /** The newest first, at most `limit`. */
  deliveries(limit: number): Delivery[] {
    return z.array(Delivery).parse(this.#db.prepare('select * from deliveries order by id desc limit ?').all(limit))
  }

  heldDeliveries(): Delivery[] {
    return z.array(Delivery).parse(this.#db.prepare("select * from deliveries where state = 'held' order by id").all())
  }

  /** Those whose time has come, the earliest first. */
  dueDeliveries(nowMs: number, limit: number): Delivery[] {
    const rows = this.#db
      .prepare(
        `select * from deliveries where state = 'waiting' and next_attempt_at_ms <= ?
         order by next_attempt_at_ms, id limit ?`,
      )
      .all(nowMs, limit)
    return z.array(Delivery).parse(rows)
  }

  /** When the next waiting delivery is due after `afterMs`. */
  nextDueAtMs(afterMs: number): number | undefined {
    const row = this.#db
      .prepare(
        `select min(next_attempt_at_ms) as at from deliveries where state = 'waiting' and next_attempt_at_ms > ?`,
      )
      .get(afterMs)
    return z.object({ at: z.int().nullable() }).parse(row).at ?? undefined
  }
}
