import type { DatabaseSync } from 'node:sqlite'
import { z } from 'zod'
import { Order } from './order.ts'

/** What orders are looked for by: Shopify's `updated_at:>='…' AND updated_at:<'…'`, in whole seconds. */
export interface OrderSearch {
  readonly field: 'createdAt' | 'updatedAt'
  readonly from: string
  readonly until: string
}

/** Where a page begins: after this order. */
export interface OrderPlace {
  readonly at: string
  readonly id: string
}

const Bodies = z.array(z.object({ body: z.string().transform((text) => Order.parse(JSON.parse(text))) }))
const NEVER: OrderSearch = { field: 'createdAt', from: '0000', until: '9999' }

function inBody(name: string): string {
  return `json_extract(body, '$.${name}')`
}

/** The orders of all shops as the Admin API looks for them. Those without a shop are of the stand-in's own. */
export class ShopOrders {
  readonly #db: DatabaseSync
  readonly #ownDomain: string

  constructor(db: DatabaseSync, ownDomain: string) {
    this.#db = db
    this.#ownDomain = ownDomain
  }

  find(shop: string, id: string): Order | undefined {
    const rows = this.#db
      .prepare('select body from orders where id = ? and coalesce(shop, ?) = ?')
      .all(id, this.#ownDomain, shop)
    return Bodies.parse(rows)[0]?.body
  }

  /** The order of a refund. */
  ofRefund(shop: string, refundId: string): Order | undefined {
    const rows = this.#db
      .prepare(
        `select body from orders where coalesce(shop, ?) = ?
         and exists (select 1 from json_each(body, '$.refunds') where json_extract(value, '$.id') = ?)`,
      )
      .all(this.#ownDomain, shop, refundId)
    return Bodies.parse(rows)[0]?.body
  }

  /** At most `limit` orders in the order of `sortBy`; without a search all. */
  page(
    shop: string,
    search: OrderSearch | undefined,
    page: { readonly sortBy: OrderSearch['field']; readonly after: OrderPlace | undefined; readonly limit: number },
  ): Order[] {
    const { field, from, until } = search ?? NEVER
    const rows = this.#db
      .prepare(
        `select body from orders where coalesce(shop, ?) = ? and ${inBody(field)} >= ? and ${inBody(field)} < ?
         and (${inBody(page.sortBy)}, id) > (?, ?) order by ${inBody(page.sortBy)}, id limit ?`,
      )
      .all(this.#ownDomain, shop, from, until, page.after?.at ?? '', page.after?.id ?? '', page.limit)
    return Bodies.parse(rows).map(({ body }) => body)
  }

  count(shop: string, search: OrderSearch | undefined): number {
    const { field, from, until } = search ?? NEVER
    const row = this.#db
      .prepare(
        `select count(*) as n from orders where coalesce(shop, ?) = ?
         and json_extract(body, '$.${field}') >= ? and json_extract(body, '$.${field}') < ?`,
      )
      .get(this.#ownDomain, shop, from, until)
    return z.object({ n: z.int() }).parse(row).n
  }

  /** Stores orders of a shop as they are, without a webhook: history from before the app. */
  add(shop: string, orders: readonly Order[]): void {
    const insert = this.#db.prepare(
      `insert into orders (id, number, token, customer_id, shop, body) values (?, ?, ?, ?, ?, ?)
       on conflict (id) do update set body = excluded.body`,
    )
    for (const order of orders) {
      insert.run(order.id, order.number, order.token, order.customerId, shop, JSON.stringify(order))
    }
  }
}
