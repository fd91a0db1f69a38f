import { customerIdOfGid } from '../../../domain/ledger/identity.ts'
import type { Access } from '../../../domain/contracts/operations/operation.ts'
import { permits } from '../../../domain/contracts/permissions.ts'
import { type ProxiedRequest, readProxiedRequest } from '../../integrations/shopify/app-proxy.ts'
import { readSessionToken } from '../../integrations/shopify/session-token.ts'
import { apiKeyHmac, isApiKey } from '../../platform/api-key.ts'
import { apiKeyByHmac, knownApiKey, type Shop, shopByDomain, shopByMerchant } from '../../platform/control.ts'
import type { Caller } from '../../platform/handler.ts'
import { readStorefrontToken } from '../../platform/token.ts'
import type { Exchange } from '../exchange.ts'
import { Problem, problemOf } from '../problem.ts'
import { API_BODY_LIMIT } from './body.ts'
import { callerOfDevice } from './device.ts'
import { countFailedAuthentication, limitFailedAuthentication } from './rate-limit.ts'

/** Access of the operations that the generic pipeline serves; webhooks have a chain of their own. */
export type GuardedAccess = Exclude<Access, { kind: 'webhook' }>

const INVALID = 'The credentials are unknown, expired or revoked, or the shop has uninstalled LoyalNest.'

function bearerOf(request: Request): string {
  const header = request.headers.get('authorization')
  if (header === null) throw new Problem('credentials_required', 'Send Authorization: Bearer <API key or token>.')
  const bearer = /^Bearer +(\S+) *$/i.exec(header)?.[1]
  if (bearer === undefined)
    throw new Problem('credentials_invalid', 'Authorization must be: Bearer <API key or token>.')
  return bearer
}

async function activeShop(env: Env, merchantId: string): Promise<Shop> {
  const shop = await shopByMerchant(env, merchantId)
  if (shop?.status !== 'active') throw new Problem('credentials_invalid', INVALID)
  return shop
}

async function callerOfApiKey(exchange: Exchange, key: string): Promise<Caller> {
  const { env } = exchange
  if (!isApiKey(key)) throw new Problem('credentials_invalid', INVALID)
  const hmac = await apiKeyHmac(key, env.API_KEY_PEPPER)
  if (!knownApiKey(hmac)) limitFailedAuthentication(exchange)
  const found = await apiKeyByHmac(env, hmac)
  if (!found) {
    countFailedAuthentication(exchange)
    throw new Problem('credentials_invalid', INVALID)
  }
  const isOver = found.revokedAtMs !== null || (found.expiresAtMs !== null && found.expiresAtMs <= exchange.startedAtMs)
  if (isOver) throw new Problem('credentials_invalid', INVALID)
  const shop = await activeShop(env, found.merchantId)
  return { shop, principal: { kind: 'api_key', id: found.id, permissions: found.permissions } }
}

async function callerOfToken(exchange: Exchange, token: string): Promise<Caller> {
  const claims = await readStorefrontToken(exchange.env, token)
  if (!claims) throw new Problem('credentials_invalid', INVALID)
  const shop = await activeShop(exchange.env, claims.mid)
  if (claims.aud === 'visitor') return { shop, principal: { kind: 'visitor' } }
  return { shop, principal: { kind: 'shopper', customerId: claims.sub, customerGid: claims.gid } }
}

/** The member of staff that a session token of Shopify's admin names. */
async function callerOfSessionToken({ env, request }: Exchange): Promise<Caller> {
  const sessionToken = bearerOf(request)
  const staff = await readSessionToken(env, sessionToken)
  if (!staff)
    throw new Problem('session_token_invalid', 'It is not for this app, not for one shop, or its minute is over.')
  const shop = await shopByDomain(env, staff.shop)
  if (shop?.status !== 'active') throw new Problem('shop_unknown', 'LoyalNest is not installed on this shop.')
  return { shop, principal: { kind: 'staff', userId: staff.userId, sessionToken } }
}

/** The shop that Shopify's app proxy forwards for, and what it says of the request. Throws 401, 404 `shop_unknown`. */
export async function readProxy({ env, request, startedAtMs }: Exchange): Promise<ProxiedRequest & { shop: Shop }> {
  const parameters = new URL(request.url).searchParams
  const proxied = await readProxiedRequest(parameters, env.SHOPIFY_CLIENT_SECRETS, startedAtMs)
  if (!proxied.ok) throw problemOf(proxied)
  const shop = await shopByDomain(env, proxied.domain)
  if (shop?.status !== 'active') throw new Problem('shop_unknown', 'LoyalNest is not installed on this shop.')
  return { ...proxied, shop }
}

/** The shopper that Shopify's app proxy vouches for, or a visitor. */
async function callerOfProxy(exchange: Exchange): Promise<Caller> {
  const { shop, customerGid } = await readProxy(exchange)
  if (customerGid === null) return { shop, principal: { kind: 'visitor' } }
  const customerId = customerIdOfGid(shop.merchantId, customerGid)
  return { shop, principal: { kind: 'shopper', customerId, customerGid } }
}

function authorize(access: GuardedAccess & { kind: 'member' | 'shopper' }, { principal }: Caller): void {
  switch (principal.kind) {
    case 'api_key':
      if (access.kind === 'shopper') throw new Problem('forbidden', 'Only a shopper token permits this.')
      if (permits(principal.permissions, access.permission)) return
      throw new Problem('forbidden', `The API key lacks the permission ${access.permission}.`)
    case 'shopper':
      if (access.kind === 'shopper' || access.shopper) return
      throw new Problem('forbidden', 'A shopper token does not permit this. Use an API key.')
    case 'visitor':
      if (access.kind === 'member' && access.visitor === true) return
      throw new Problem('forbidden', 'Nobody is logged in to the shop on this page. Ask the shopper to log in first.')
    case 'device':
      throw new Problem('forbidden', 'A till may not do this. Use an API key.')
    case 'staff':
      throw new Problem('forbidden', 'A session token does not permit this. Use an API key.')
  }
}

/**
 * Who calls; null for anyone. Denies by default: what is not verified here does not go on.
 * Throws 401, 403, 404 `shop_unknown`, 429.
 */
export async function authenticate(
  exchange: Exchange,
  access: GuardedAccess,
  bodyLimitBytes: number = API_BODY_LIMIT,
): Promise<Caller | null> {
  if (access.kind === 'public') return null
  if (access.kind === 'proxy') return callerOfProxy(exchange)
  if (access.kind === 'session_token') return callerOfSessionToken(exchange)
  if (access.kind === 'device') return callerOfDevice(exchange, bodyLimitBytes)
  const bearer = bearerOf(exchange.request)
  const caller = await (bearer.startsWith('ln_') ? callerOfApiKey : callerOfToken)(exchange, bearer)
  exchange.merchantId = caller.shop.merchantId
  authorize(access, caller)
  return caller
}
