import { env } from 'cloudflare:workers'
import { expect, it } from 'vitest'
import { neonBatch, sql } from '../../workers/platform/neon.ts'
import { parseOwners, selectOwners } from './waiting-refunds.ts'

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

/** Statistics as autovacuum makes them, which only the owner of a table may do: past the Worker's own role. */
async function analyze(table: string): Promise<void> {
  const response = await fetch(`http://${env.NEON_PROXY}/sql`, {
    method: 'POST',
    headers: { 'Neon-Connection-String': env.DATABASE_URL },
    body: JSON.stringify({ query: `analyze ${table}`, params: [] }),
  })
  if (!response.ok) throw new Error(await response.text())
}
