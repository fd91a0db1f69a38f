import { randomBytes } from 'node:crypto'
import type { DatabaseSync } from 'node:sqlite'
import { type Context, Hono } from 'hono'
import { z } from 'zod'
import { type Faults, withFault } from './faults.ts'

/** An asynchronous query over everything, whose answer is a file. */
export const BulkOperation = z.object({
  /** Digits. */
  id: z.string(),
  shop: z.string(),
  query: z.string(),
  grouped: z.boolean(),
  /** Unguessable: whoever knows the file's address may read it. */
  secret: z.string(),
  status: z.enum(['CREATED', 'RUNNING', 'COMPLETED', 'FAILED']),
  errorCode: z.enum(['ACCESS_DENIED', 'INTERNAL_SERVER_ERROR', 'TIMEOUT']).nullable(),
  createdAt: z.iso.datetime(),
  completedAt: z.iso.datetime().nullable(),
  rootObjects: z.int(),
  objects: z.int(),
})
export type BulkOperation = z.infer<typeof BulkOperation>

/** What a bulk query found: its objects, one a line, as its file has them. */
export interface BulkResult {
  readonly lines: readonly string[]
  readonly rootObjects: number
}

export interface BulkOptions {
  /** How long an operation takes at least. */
  readonly delayMs: number
  readonly execute: (operation: BulkOperation) => Promise<BulkResult>
  readonly onFinished: (operation: BulkOperation) => void
}

const Row = z.object({ body: z.string().transform((text) => BulkOperation.parse(JSON.parse(text))) })
/** Shopify runs so many of an app and shop at a time. */
const MOST_RUNNING = 5

/** The bulk operations of all shops. What runs when the process ends is run again by the next one. */
export class BulkOperations {
  readonly #db: DatabaseSync
  readonly #options: BulkOptions
  readonly #timers = new Set<ReturnType<typeof setTimeout>>()

  constructor(db: DatabaseSync, options: BulkOptions) {
    this.#db = db
    this.#options = options
    for (const operation of this.#all()) if (isRunning(operation)) this.#later(operation)
  }

  close(): void {
    for (const timer of this.#timers) clearTimeout(timer)
  }

  /** Undefined: too many run already. */
  start(shop: string, query: string, grouped: boolean, id: string): BulkOperation | undefined {
    if (this.#all().filter((one) => one.shop === shop && isRunning(one)).length >= MOST_RUNNING) return undefined
    const operation: BulkOperation = {
      id,
      shop,
      query,
      grouped,
      secret: randomBytes(16).toString('hex'),
      status: 'CREATED',
      errorCode: null,
      createdAt: new Date().toISOString(),
      completedAt: null,
      rootObjects: 0,
      objects: 0,
    }
    this.#save(operation)
    this.#later(operation)
    return operation
  }

  find(shop: string, id: string): BulkOperation | undefined {
    return this.#all().find((one) => one.shop === shop && one.id === id)
  }

  /** The newest first. */
  list(shop: string): BulkOperation[] {
    return this.#all()
      .filter((one) => one.shop === shop)
      .toReversed()
  }

  /** The file of an operation and whose it is, by the last part of its address. */
  file(name: string): { readonly shop: string; readonly bytes: Uint8Array<ArrayBuffer> } | undefined {
    const row = this.#db
      .prepare('select result, body from bulk_operations where name = ? and result is not null')
      .get(name)
    if (!row) return undefined
    const { result, body } = Row.extend({ result: z.string() }).parse(row)
    return { shop: body.shop, bytes: new Uint8Array(Buffer.from(result)) }
  }

  #all(): BulkOperation[] {
    return z
      .array(Row)
      .parse(this.#db.prepare('select body from bulk_operations order by rowid').all())
      .map(({ body }) => body)
  }

  #save(operation: BulkOperation, result: string | null = null): void {
    this.#db
      .prepare(
        `insert into bulk_operations (id, name, body, result) values (?, ?, ?, ?)
         on conflict (id) do update set body = excluded.body, result = excluded.result`,
      )
      .run(operation.id, fileName(operation), JSON.stringify(operation), result)
  }

  #later(operation: BulkOperation): void {
    const timer = setTimeout(() => {
      this.#timers.delete(timer)
      void this.#run(operation)
    }, this.#options.delayMs)
    this.#timers.add(timer)
  }

  async #run(operation: BulkOperation): Promise<void> {
    let finished: BulkOperation
    try {
      this.#save({ ...operation, status: 'RUNNING' })
      const { lines, rootObjects } = await this.#options.execute(operation)
      finished = {
        ...operation,
        status: 'COMPLETED',
        completedAt: new Date().toISOString(),
        rootObjects,
        objects: lines.length,
      }
      this.#save(finished, lines.map((line) => `${line}\n`).join(''))
    } catch {
      finished = {
        ...operation,
        status: 'FAILED',
        errorCode: 'INTERNAL_SERVER_ERROR',
        completedAt: new Date().toISOString(),
      }
      this.#save(finished)
    }
    this.#options.onFinished(finished)
  }
}

function isRunning({ status }: BulkOperation): boolean {
  return status === 'CREATED' || status === 'RUNNING'
}

/** The last part of the address of an operation's file. */
export function fileName({ id, secret }: Pick<BulkOperation, 'id' | 'secret'>): string {
  return `bulk-${id}-${secret}.jsonl`
}

/** Where the files lie, with byte ranges as Google's storage has them. A fault for `bulk_file` is one of the download. */
export function bulkFiles(bulk: BulkOperations, faults: Faults): Hono {
  const app = new Hono()
  app.get('/bulk/:name', async (c) => {
    const file = bulk.file(c.req.param('name'))
    if (!file) return c.text('NoSuchKey', 404)
    const fault = faults.take(file.shop, ['bulk_file'])
    return withFault(c, fault, () => Promise.resolve(partOf(c, file.bytes)))
  })
  return app
}

function partOf(c: Context, bytes: Uint8Array<ArrayBuffer>): Response {
  const headers = { 'content-type': 'application/jsonl', 'accept-ranges': 'bytes' }
  const range = /^bytes=(\d+)-(\d*)$/.exec(c.req.header('range') ?? '')
  if (!range) return c.body(bytes, 200, headers)
  const from = Number(range[1])
  const to = Math.min(range[2] === '' ? bytes.length - 1 : Number(range[2]), bytes.length - 1)
  if (from >= bytes.length) return c.body(null, 416, { 'content-range': `bytes */${bytes.length}` })
  return c.body(bytes.slice(from, to + 1), 206, {
    ...headers,
    'content-range': `bytes ${from}-${to}/${bytes.length}`,
  })
}
