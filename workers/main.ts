import { DurableObject } from 'cloudflare:workers'
export class CustomerAccount extends DurableObject<Env> {}
export { MerchantHub } from '../durable-objects/merchant-hub/object.ts'
export default { fetch: () => new Response('starting') } satisfies ExportedHandler<Env>
