import { runInDurableObject } from 'cloudflare:test'
import { env } from 'cloudflare:workers'
import { afterEach, expect, it, vi } from 'vitest'
import { z } from 'zod'
import { customerIdOfGid } from '../domain/ledger/identity.ts'
import { customerAccountName } from '../durable-objects/kernel/stubs.ts'
import { deliver, newCustomerGid, newShop, orderMessage, orderOf, projectedEntries } from '../queues/examples.ts'

/**
 * What an ordinary order of a known customer costs in what the platform bills: rows written (SQLite rows, index entries,
 * alarms, D1) and queue messages. `npm run bench` prints the figures; this test holds the budget.
 */

const ORDERS = 20
const RunMeta = z.object({ meta: z.object({ rows_written: z.number() }) })

afterEach(() => {
  vi.restoreAllMocks()
})

it('an order writes at most 7 rows and sends at most 2 queue messages', { timeout: 30_000 }, async () => {
  const merchantId = await newShop()
  const customers = Array.from({ length: ORDERS }, newCustomerGid)
  const buyOnce = () => customers.map((customer) => orderMessage(merchantId, orderOf(customer, 10_00)))
  const projected = async (each: number) => {
    for (const customer of customers) {
      await expect.poll(() => projectedEntries(merchantId, customer), { timeout: 20_000 }).toBe(each)
    }
  }
  await deliver('loyalnest-webhooks', buyOnce())
  await projected(1)

  const cost = await countCosts(merchantId, customers[0] ?? '')
  await deliver('loyalnest-webhooks', buyOnce())
  await projected(2)

  // The merchant's hub counts a batch, not an order: one row for the events of all these orders, or of a few of them.
  const rows = (cost.accountRows() + cost.alarms() + cost.d1Rows()) / ORDERS
  // The webhook's own message, which the gateway sends, and the entry's event.
  const messages = 1 + cost.eventMessages() / ORDERS
  // oxlint-disable-next-line no-console -- `npm run bench` reads the figures here
  console.log(`cost of an order: ${JSON.stringify({ rows, messages })}`)
  expect(rows).toBeLessThanOrEqual(7)
  expect(messages).toBeLessThanOrEqual(2)
})

/** Counts from now on, over all objects and D1 databases of this isolate. */
async function countCosts(merchantId: string, customerGid: string) {
  const { storage, sql } = await prototypes(merchantId, customerGid)
  const cursors: { query: string; cursor: { rowsWritten: number } }[] = []
  const { exec } = sql
  vi.spyOn(sql, 'exec').mockImplementation(function (this: SqlStorage, query, ...bindings) {
    const cursor = exec.call(this, query, ...bindings)
    cursors.push({ query, cursor })
    return cursor
  })
  const setAlarm = vi.spyOn(storage, 'setAlarm')
  const statement: Pick<D1PreparedStatement, 'run'> = Object.getPrototypeOf(env.EVENT_LOG.prepare('select 1'))
  const run = vi.spyOn(statement, 'run')
  const queue: Pick<Queue, 'sendBatch'> = Object.getPrototypeOf(env.EVENTS)
  const sendBatch = vi.spyOn(queue, 'sendBatch')
  return {
    accountRows: () =>
      cursors
        .filter(({ query }) => !/\busage_days\b/.test(query))
        .reduce((sum, { cursor }) => sum + cursor.rowsWritten, 0),
    alarms: () => setAlarm.mock.calls.length,
    d1Rows: () =>
      run.mock.settledResults.reduce(
        (sum, { value }) => sum + (RunMeta.safeParse(value).data?.meta.rows_written ?? 0),
        0,
      ),
    eventMessages: () => sendBatch.mock.calls.reduce((sum, [messages]) => sum + Array.from(messages).length, 0),
  }
}

/** What all objects' storages inherit from: a spy there sees every object of this isolate. */
async function prototypes(merchantId: string, customerGid: string) {
  const name = customerAccountName(merchantId, customerIdOfGid(merchantId, customerGid))
  const account = env.CUSTOMER_ACCOUNT.getByName(name)
  return runInDurableObject(account, (_, state) => {
    const storage: Pick<DurableObjectStorage, 'setAlarm'> = Object.getPrototypeOf(state.storage)
    const sql: Pick<SqlStorage, 'exec'> = Object.getPrototypeOf(state.storage.sql)
    return { storage, sql }
  })
}
