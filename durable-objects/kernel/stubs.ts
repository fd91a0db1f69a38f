import type { CustomerAccountRpc, MerchantHubRpc, PosDeviceRpc } from './protocol.ts'

/**
 * The only place that names objects. A name decides where the data lives: a changed name, or a changed jurisdiction, is
 * silently an empty new object.
 */

/** A customer's account as callers hold it: its RPC methods, and `fetch` for the WebSocket upgrade. */
export type CustomerAccountStub = CustomerAccountRpc & { fetch(request: Request): Promise<Response> }

/** The name of a customer's account object. The object compares its own name with it. */
export function customerAccountName(merchantId: string, customerId: string): string {
  return `${merchantId}:${customerId}`
}

/** The account of one customer at one merchant. Building a stub costs nothing: take a new one for each attempt. */
export function customerAccount(env: Env, merchantId: string, customerId: string): CustomerAccountStub {
  return env.CUSTOMER_ACCOUNT.getByName(customerAccountName(merchantId, customerId))
}

/** The hub of one merchant. */
export function merchantHub(env: Env, merchantId: string): MerchantHubRpc {
  return env.MERCHANT_HUB.getByName(merchantId)
}

/** The name of a till's object. The object compares its own name with it. */
export function posDeviceName(merchantId: string, deviceId: string): string {
  return `${merchantId}:${deviceId}`
}

/** One till of a merchant. */
export function posDevice(env: Env, merchantId: string, deviceId: string): PosDeviceRpc {
  return env.POS_DEVICE.getByName(posDeviceName(merchantId, deviceId))
}
