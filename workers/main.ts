export { CustomerAccount } from '../durable-objects/customer-account/object.ts'
export { MerchantHub } from '../durable-objects/merchant-hub/object.ts'
export default { fetch: () => new Response('starting') } satisfies ExportedHandler<Env>
