import { z } from 'zod'
import { merchantHub } from '../../../../durable-objects/kernel/stubs.ts'
import { shopAddress } from '../address.ts'
import type { RewardDiscountInput, ShopRef } from './answer.ts'
import { ADMIN_API_VERSION } from './version.ts'

/** What tests ask of the Shopify stand-in, where every `….myshopify.com` exists. */

/** A trouble that the stand-in is to make, once unless `times` says more often. */
export interface Fault {
  /** A root field such as `discountRedeemCodeBulkAdd`, `oauth`, or `*`. */
  readonly match: string
  readonly effect:
    | 'status_500'
    | 'status_429'
    | 'throttled'
    | 'slow'
    | 'drop_before'
    | 'drop_after'
    | 'user_error'
    | 'silent'
  readonly times?: number
  readonly delay_ms?: number
}

/** A shop of one test. */
export function testShop(): ShopRef {
  return { merchantId: crypto.randomUUID(), domain: `t-${crypto.randomUUID()}.myshopify.com` }
}

async function ask(env: Env, shop: string, method: 'POST' | 'PUT', path: string, body: object): Promise<unknown> {
  const { url, headers } = shopAddress(env, shop, path)
  const init = { method, headers: { ...headers, 'content-type': 'application/json' }, body: JSON.stringify(body) }
  const response = await fetch(url, init)
  if (!response.ok) throw new Error(`The stand-in answered ${response.status} to ${method} ${path}`)
  return response.json()
}

/** A session token as App Bridge gets it inside the shop's admin. */
export async function sessionToken(env: Env, shop: string): Promise<string> {
  const answer = await ask(env, shop, 'POST', '/admin/app/session-token.json', {})
  return z.object({ session_token: z.string() }).parse(answer).session_token
}

/** A shop whose hub has tokens. */
export async function connectedShop(env: Env, shop: ShopRef = testShop()): Promise<ShopRef> {
  const token = await sessionToken(env, shop.domain)
  const connection = await merchantHub(env, shop.merchantId).connectShopify(shop.merchantId, shop.domain, token)
  if (!connection.ok) throw new Error(`The shop was not connected: ${connection.problem}`)
  return shop
}

/** Orders troubles for a shop, in place of those that are left. */
export async function orderFaults(env: Env, shop: ShopRef, ...faults: readonly Fault[]): Promise<void> {
  await ask(env, shop.domain, 'PUT', `/admin/api/${ADMIN_API_VERSION}/faults.json`, { faults })
}

/** Ends the shop's access tokens; refresh tokens stay. */
export async function endAccessTokens(env: Env, shop: ShopRef): Promise<void> {
  await ask(env, shop.domain, 'PUT', `/admin/api/${ADMIN_API_VERSION}/access_tokens.json`, { expire_now: true })
}

/** How long the access tokens live that the shop gives from now on. */
export async function setAccessLife(env: Env, shop: ShopRef, seconds: number): Promise<void> {
  await ask(env, shop.domain, 'PUT', `/admin/api/${ADMIN_API_VERSION}/access_tokens.json`, { expires_in: seconds })
}

/** A reward's discount that the shop takes. */
export function rewardDiscount(changes: Partial<RewardDiscountInput> = {}): RewardDiscountInput {
  return {
    title: '5 € off',
    firstCode: `LN-REWARD-${crypto.randomUUID().slice(0, 8).toUpperCase()}`,
    startsAt: '2026-08-01T00:00:00Z',
    endsAt: null,
    classes: ['ORDER'],
    combinesWith: { orderDiscounts: false, productDiscounts: true, shippingDiscounts: true },
    config: {
      v: 1,
      key: btoa('0'.repeat(32)),
      sliding: false,
      title: '5 € off',
      terms: { '1': { type: 'amount_off', amount: '5.00', minimum: null, collections: 0, share: null } },
    },
    variables: { collections1: [], collections2: [], collections3: [], collections4: [] },
    ...changes,
  }
}
