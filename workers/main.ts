import { consume } from '../queues/consume.ts'
import { gateway } from './gateway/app.ts'
import { reconcileAll } from './scheduled/reconcile.ts'
import { sweepAll } from './scheduled/sweep.ts'

/** As in wrangler.toml; the other one is the daily sweep. */
const HOURLY = '20 * * * *'

export { CustomerAccount } from '../durable-objects/customer-account/object.ts'
export { MerchantHub } from '../durable-objects/merchant-hub/object.ts'
export { PosDevice } from '../durable-objects/pos-device/object.ts'
export default {
  fetch: gateway.fetch,
  queue: consume,
  scheduled: ({ cron, scheduledTime }, env) => (cron === HOURLY ? reconcileAll(env, scheduledTime) : sweepAll(env)),
} satisfies ExportedHandler<Env>
