import { consume } from '../queues/consume.ts'
import { gateway } from './gateway/app.ts'
import { sweepAll } from './scheduled/sweep.ts'

export { CustomerAccount } from '../durable-objects/customer-account/object.ts'
export { MerchantHub } from '../durable-objects/merchant-hub/object.ts'
export { PosDevice } from '../durable-objects/pos-device/object.ts'
export default {
  fetch: gateway.fetch,
  queue: consume,
  scheduled: (_controller, env) => sweepAll(env),
} satisfies ExportedHandler<Env>
