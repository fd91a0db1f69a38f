import { randomUUID } from 'node:crypto'
import type { DatabaseSync } from 'node:sqlite'
import { z } from 'zod'
import { nextNumber, transaction } from '../database.ts'
import { CreatedCode, Discount, RedeemCode, type UserError } from './discount.ts'

export const MAX_CODE_LENGTH = 255

const BodyRow = z.object({ body: z.string() })
const CountRow = z.object({ n: z.int() })
const JobRow = z.object({
  id: z.string(),
  shop: z.string(),
  kind: z.enum(['add', 'delete']),
  discount_id: z.string(),
  body: z.string().transform((text): unknown => JSON.parse(text)),
  due_at_ms: z.int(),
  done: z.int().transform(Boolean),
  created_at: z.string(),
})
type JobRow = z.infer<typeof JobRow>
const Ids = z.array(z.string())

/** A bulk creation of codes: `discountRedeemCodeBulkCreation`. */
export interface BulkCreation {
  readonly id: string
  readonly discountId: string
  readonly done: boolean
  readonly createdAt: string
  readonly codes: readonly CreatedCode[]
}

export interface DiscountOptions {
  /** How long Shopify takes for what it does asynchronously: bulk creation, bulk deletion, usage counts. */
  readonly delayMs: number
  /** Told of each code that is gone. */
  readonly onRemoved: (discount: Discount, code: RedeemCode) => void
  /** Told of each discount that is gone, and its codes with it. */
  readonly onDeleted: (discount: Discount) => void
}

/**
 * The code discounts of all shops and their codes. Bulk creations and deletions happen `delayMs` after they were asked
 * for, also over a restart. A code is unique in its shop, upper and lower case being the same.
 */
export class Discounts {
  readonly #db: DatabaseSync
  readonly #options: DiscountOptions
  #timer: ReturnType<typeof setTimeout> | undefined

  constructor(db: DatabaseSync, options: DiscountOptions) {
    this.#db = db
    this.#options = options
    this.#plan()
  }

  close(): void {
    clearTimeout(this.#timer)
  }

  /** Stores a new discount under a fresh id, with its first code. The code must be free. */
  create(discount: Omit<Discount, 'id'>, code: string): Discount {
    return transaction(this.#db, () => {
      const stored: Discount = { ...discount, id: String(nextNumber(this.#db, 'discount', 1_427_310_000_001)) }
      this.#save(stored)
      this.#insertCode(stored, code)
      return stored
    })
  }

  save(discount: Discount): void {
    this.#save(discount)
  }

  #save(discount: Discount): void {
    this.#db
      .prepare(
        'insert into discounts (id, shop, body) values (?, ?, ?) on conflict (id) do update set body = excluded.body',
      )
      .run(discount.id, discount.shop, JSON.stringify(discount))
  }

  /** Deletes a discount with all its codes. */
  delete(discount: Discount): void {
    transaction(this.#db, () => {
      this.#db.prepare('delete from redeem_codes where discount_id = ?').run(discount.id)
      this.#db.prepare('delete from discounts where id = ?').run(discount.id)
      this.#options.onDeleted(discount)
    })
  }

  find(shop: string, id: string): Discount | undefined {
    const row = this.#db.prepare('select body from discounts where shop = ? and id = ?').get(shop, id)
    return row && Discount.parse(JSON.parse(BodyRow.parse(row).body))
  }

  /** The newest first. */
  list(shop: string): Discount[] {
    const rows = this.#db.prepare('select body from discounts where shop = ? order by id desc').all(shop)
    return rows.map((row) => Discount.parse(JSON.parse(BodyRow.parse(row).body)))
  }

  /** By its text, upper or lower case. */
  code(shop: string, text: string): RedeemCode | undefined {
    this.#runDue()
    const row = this.#db
      .prepare('select * from redeem_codes where shop = ? and code_key = ?')
      .get(shop, text.trim().toUpperCase())
    return row && RedeemCode.parse(row)
  }

  codeById(shop: string, id: string): RedeemCode | undefined {
    this.#runDue()
    const row = this.#db.prepare('select * from redeem_codes where shop = ? and id = ?').get(shop, id)
    return row && RedeemCode.parse(row)
  }

  /** Oldest first. */
  codes(discountId: string): RedeemCode[] {
    this.#runDue()
    return z
      .array(RedeemCode)
      .parse(this.#db.prepare('select * from redeem_codes where discount_id = ? order by id').all(discountId))
  }

  /** How often it was used, to the present moment: what the checkout goes by. */
  uses(codeId: string): number {
    return CountRow.parse(this.#db.prepare('select count(*) as n from code_uses where code_id = ?').get(codeId)).n
  }

  /** How often it was used, as the Admin API tells it: a moment late. */
  asyncUses(codeId: string): number {
    const row = this.#db
      .prepare('select count(*) as n from code_uses where code_id = ? and at_ms <= ?')
      .get(codeId, Date.now() - this.#options.delayMs)
    return CountRow.parse(row).n
  }

  /** As `asyncUses`, of all codes of a discount that there ever were. */
  asyncUsesOf(discountId: string): number {
    const row = this.#db
      .prepare('select count(*) as n from code_uses where discount_id = ? and at_ms <= ?')
      .get(discountId, Date.now() - this.#options.delayMs)
    return CountRow.parse(row).n
  }

  usedBy(discountId: string, customerId: string): boolean {
    const row = this.#db
      .prepare('select 1 from code_uses where discount_id = ? and customer_id = ?')
      .get(discountId, customerId)
    return row !== undefined
  }

  /** Orders in which the code was used. */
  ordersOf(codeId: string): string[] {
    const rows = this.#db.prepare('select order_id from code_uses where code_id = ?').all(codeId)
    return rows.map((row) => z.object({ order_id: z.string() }).parse(row).order_id)
  }

  /** Counts a use. Belongs into the transaction that makes the order. */
  use(code: RedeemCode, orderId: string, customerId: string | null): void {
    this.#db
      .prepare('insert into code_uses (code_id, discount_id, order_id, customer_id, at_ms) values (?, ?, ?, ?, ?)')
      .run(code.id, code.discountId, orderId, customerId, Date.now())
  }

  /** Begins to add codes; answers the bulk creation. */
  addLater(discount: Discount, codes: readonly string[]): BulkCreation {
    const id = String(nextNumber(this.#db, 'bulk_creation', 640_001))
    const body: CreatedCode[] = codes.map((code) => ({ code, redeemCodeId: null, errors: [] }))
    return creation(this.#queue(id, 'add', discount, body))
  }

  /** Begins to remove codes by their ids; answers the job's id. */
  removeLater(discount: Discount, codeIds: readonly string[]): string {
    return this.#queue(randomUUID(), 'delete', discount, codeIds).id
  }

  bulkCreation(shop: string, id: string): BulkCreation | undefined {
    const job = this.#job(shop, 'add', id)
    return job && creation(job)
  }

  /** Whether a removal is done; undefined: there is none of that id. */
  removalDone(shop: string, id: string): boolean | undefined {
    return this.#job(shop, 'delete', id)?.done
  }

  /** Removes one code at once, as the merchant does in the back office. */
  remove(discount: Discount, code: RedeemCode): void {
    const { changes } = this.#db.prepare('delete from redeem_codes where id = ?').run(code.id)
    if (changes > 0) this.#options.onRemoved(discount, code)
  }

  #job(shop: string, kind: JobRow['kind'], id: string): JobRow | undefined {
    this.#runDue()
    const row = this.#db.prepare('select * from code_jobs where shop = ? and kind = ? and id = ?').get(shop, kind, id)
    return row && JobRow.parse(row)
  }

  #queue(id: string, kind: JobRow['kind'], discount: Discount, body: unknown): JobRow {
    const now = Date.now()
    const row = {
      id,
      shop: discount.shop,
      kind,
      discount_id: discount.id,
      body: JSON.stringify(body),
      due_at_ms: now + this.#options.delayMs,
      done: 0,
      created_at: new Date(now).toISOString(),
    }
    this.#db
      .prepare(
        `insert into code_jobs (id, shop, kind, discount_id, body, due_at_ms, done, created_at)
         values (:id, :shop, :kind, :discount_id, :body, :due_at_ms, :done, :created_at)`,
      )
      .run(row)
    this.#plan()
    return JobRow.parse(row)
  }

  /** Wakes up for the next job; looking at codes before that runs what is due as well. */
  #plan(): void {
    clearTimeout(this.#timer)
    const row = this.#db.prepare('select min(due_at_ms) as at from code_jobs where done = 0').get()
    const { at } = z.object({ at: z.int().nullable() }).parse(row)
    if (at !== null) this.#timer = setTimeout(() => this.#runDue(), Math.max(0, at - Date.now())).unref()
  }

  #runDue(): void {
    // Inside a transaction (the checkout's) nothing is due that was not due before it.
    if (this.#db.isTransaction) return
    const rows = this.#db
      .prepare('select * from code_jobs where done = 0 and due_at_ms <= ? order by due_at_ms, rowid')
      .all(Date.now())
    for (const job of z.array(JobRow).parse(rows)) transaction(this.#db, () => this.#run(job))
    if (rows.length > 0) this.#plan()
  }

  #run(job: JobRow): void {
    const discount = this.find(job.shop, job.discount_id)
    const body = job.kind === 'add' ? this.#add(job, discount) : this.#remove(job, discount)
    this.#db.prepare('update code_jobs set done = 1, body = ? where id = ?').run(JSON.stringify(body), job.id)
  }

  #add(job: JobRow, discount: Discount | undefined): CreatedCode[] {
    return z
      .array(CreatedCode)
      .parse(job.body)
      .map(({ code }) => {
        const errors = discount ? this.problemsOf(job.shop, code) : [gone()]
        const created = discount && errors.length === 0 ? this.#insertCode(discount, code) : null
        return { code, redeemCodeId: created, errors }
      })
  }

  #remove(job: JobRow, discount: Discount | undefined): string[] {
    const ids = Ids.parse(job.body)
    for (const id of ids) {
      const row = this.#db
        .prepare('select * from redeem_codes where discount_id = ? and id = ?')
        .get(job.discount_id, id)
      if (row && discount) this.remove(discount, RedeemCode.parse(row))
    }
    return ids
  }

  /** Why a new code of that text cannot be. */
  problemsOf(shop: string, text: string): UserError[] {
    const field = ['code']
    if (text.trim() === '') return [{ field, code: 'BLANK', message: "Code can't be blank" }]
    if (text.length > MAX_CODE_LENGTH) {
      return [{ field, code: 'TOO_LONG', message: `Code is too long (maximum is ${MAX_CODE_LENGTH} characters)` }]
    }
    if (!this.code(shop, text)) return []
    return [{ field, code: 'TAKEN', message: 'Code must be unique. Please try a different code.' }]
  }

  #insertCode(discount: Discount, code: string): string {
    const id = String(nextNumber(this.#db, 'redeem_code', 21_660_000_001))
    this.#db
      .prepare('insert into redeem_codes (id, shop, discount_id, code, code_key, created_at) values (?, ?, ?, ?, ?, ?)')
      .run(id, discount.shop, discount.id, code.trim(), code.trim().toUpperCase(), new Date().toISOString())
    return id
  }
}

function gone(): UserError {
  return { field: ['discountId'], code: 'INVALID', message: 'Code discount does not exist.' }
}

function creation(job: JobRow): BulkCreation {
  const codes = z.array(CreatedCode).parse(job.body)
  return { id: job.id, discountId: job.discount_id, done: job.done, createdAt: job.created_at, codes }
}
