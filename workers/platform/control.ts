import type { MerchantId, ShopDomain } from '../../domain/contracts/ids.ts'
import type { VersionedSettings } from '../../domain/contracts/settings.ts'

/** A shop as the directory (D1 `CONTROL.shops`) knows it. */
export interface Shop {
  readonly merchantId: MerchantId
  readonly domain: ShopDomain
  readonly status: 'active' | 'uninstalled'
  readonly plan: string
  readonly currency: string
  readonly timeZone: string
  /** Origins of the storefront, `https://{domain}` first. */
  readonly storefrontOrigins: readonly string[]
}

/** The shop of a domain, or undefined. Copies live in the isolate for at most 30 seconds. */
export function shopByDomain(_env: Env, _domain: string): Promise<Shop | undefined> {
  throw new Error('being written')
}
/** The shop of a merchant, or undefined. Copies live in the isolate for at most 30 seconds. */
export function shopByMerchant(_env: Env, _merchantId: string): Promise<Shop | undefined> {
  throw new Error('being written')
}
/** The program settings, straight from D1: what books points never reads a copy. */
export function readSettings(_env: Env, _merchantId: string): Promise<VersionedSettings> {
  throw new Error('being written')
}
