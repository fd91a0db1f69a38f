import { env } from 'cloudflare:workers'
import { expect, it, onTestFinished, vi } from 'vitest'
import {
  newCustomer,
  order as orderOf,
  refund as refundOf,
  stubOf,
} from '../../durable-objects/customer-account/samples.ts'
import { neonBatch, sql } from '../../workers/platform/neon.ts'
import { rebuildCustomer } from './rebuild.ts'
import { parseOwners, selectOwners, storeWaiting } from './waiting-refunds.ts'

it('owners of orders are found by the index, however long the ledgers of the shop are', async () => {
  const merchantId = crypto.randomUUID()
  // Customer n (a UUID that ends in n) has the orders n, n + 1000, n + 2000, …
  await neonBatch(env, merchantId, [
    sql`insert into merchants (merchant_id) values (${merchantId})`,
    sql`insert into customers (merchant_id, id)
      select ${merchantId}::uuid, ('00000000-0000-4000-8000-' || lpad(n::text, 12, '0'))::uuid
      from generate_series(0, 999) n`,
    sql`insert into points_transactions
      select ${merchantId}::uuid, ('00000000-0000-4000-8000-' || lpad((n % 1000)::text, 12, '0'))::uuid, n, 'earn', 'earn',
        1, 0, 'shopify', 'order ' || n, 'gid://shopify/Order/' || n, null, 'shopify', 1, now(), now(), null, '', ''
      from generate_series(1, 10000) n`,
  ])
  await analyze('points_transactions')
  const asked = selectOwners(['gid://shopify/Order/7007', 'gid://shopify/Order/8', 'gid://shopify/Order/999999'])
  const [rows, plan] = await neonBatch(env, merchantId, [
    asked,
    { text: `explain (analyze, format json) ${asked.text}`, values: asked.values },
  ])
  expect(parseOwners(merchantId, rows)).toEqual(
    new Map(
      [7007, 8].map((order) => [
        `gid://shopify/Order/${order}`,
        {
          merchantId,
          customerId: `00000000-0000-4000-8000-${String(order % 1000).padStart(12, '0')}`,
          shopifyCustomerGid: null,
        },
      ]),
    ),
  )
  const read = JSON.stringify(plan)
  expect(read).toContain('"Index Name":"points_transactions_order"')
  expect(Math.max(...Array.from(read.matchAll(/"Actual Rows":(\d+)/g), ([, count]) => Number(count)))).toBeLessThan(10)
})

it('a rebuild delivers the refunds of orders whose events were lost', async () => {
  const ref = newCustomer()
  const { merchantId } = ref
  const queues: Pick<Queue, 'sendBatch'> = Object.getPrototypeOf(env.EVENTS)
  const lost = vi
    .spyOn(queues, 'sendBatch')
    .mockResolvedValue({ metadata: { metrics: { backlogCount: 0, backlogBytes: 0 } } })
  onTestFinished(() => lost.mockRestore())
  await stubOf(ref).executeBatch(ref, [orderOf(1, 100_00)])
  const { refundGid, orderGid, parts } = refundOf(1, 1, 30_00)
  const facts = { refund_gid: refundGid, order_gid: orderGid, currency: 'EUR', processed_at_ms: Date.now(), parts }
  await neonBatch(env, merchantId, [
    sql`insert into merchants (merchant_id) values (${merchantId})`,
    storeWaiting(merchantId, [facts], new Date().toISOString()),
  ])
  await rebuildCustomer(env, merchantId, ref.customerId)
  await expect(stubOf(ref).balance(ref)).resolves.toMatchObject({ points: 70 })
  const [waiting] = await neonBatch(env, merchantId, [sql`select refund_gid from waiting_refunds`])
  expect(waiting).toEqual([])
})

/** Statistics as autovacuum makes them, which only the owner of a table may do: past the Worker's own role. */
async function analyze(table: string): Promise<void> {
  const response = await fetch(`http://${env.NEON_PROXY}/sql`, {
    method: 'POST',
    headers: { 'Neon-Connection-String': env.DATABASE_URL },
    body: JSON.stringify({ query: `analyze ${table}`, params: [] }),
  })
  if (!response.ok) throw new Error(await response.text())
}
