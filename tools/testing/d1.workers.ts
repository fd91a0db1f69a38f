import { applyD1Migrations, listDurableObjectIds } from 'cloudflare:test'
import { env } from 'cloudflare:workers'
import { afterAll, inject } from 'vitest'

/** Setup of each `*.workers.test.ts` file: storage is its own, so D1 begins without tables. */
const { control, eventLog } = inject('d1Migrations')
await applyD1Migrations(env.CONTROL, control)
await applyD1Migrations(env.EVENT_LOG, eventLog)

/** An account's relay (0.25 s), the queue's batch (1 s), and the consumer's work. */
const ON_THE_WAY_MS = 1_800

/** A file that ends while its queues are at work leaves workerd hanging, and the whole run with it. */
afterAll(async () => {
  const accounts = await listDurableObjectIds(env.CUSTOMER_ACCOUNT)
  if (accounts.length > 0) await new Promise((resolve) => setTimeout(resolve, ON_THE_WAY_MS))
})
