import { DurableObject } from 'cloudflare:workers'
export class CustomerAccount extends DurableObject<Env> {}
export class MerchantHub extends DurableObject<Env> {}
export default { fetch: () => new Response('starting') } satisfies ExportedHandler<Env>
