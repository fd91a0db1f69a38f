import { Buffer } from 'node:buffer'
import { decode, sign, verify } from 'hono/jwt'
import { z } from 'zod'
import { CustomerId, MerchantId, ShopifyCustomerGid } from '../../domain/contracts/ids.ts'

/**
 * Our own tokens: JWTs, HS256 only, the key named by `kid`. A token of a storefront page lives 15 minutes, a stream
 * ticket 30 seconds; the audience keeps one from passing for the other.
 */

export const STOREFRONT_TOKEN_LIFE_MS = 15 * 60_000
export const STREAM_TICKET_LIFE_MS = 30_000

const ISSUER = 'loyalnest'
const life = {
  /** Merchant id. */
  mid: MerchantId,
  jti: z.string().min(1),
  iat: z.int(),
  exp: z.int(),
}
const customer = {
  /** Customer id. */
  sub: CustomerId,
  /** Shopify's customer gid. */
  gid: ShopifyCustomerGid,
}
const StorefrontClaims = z.discriminatedUnion('aud', [
  z.object({ aud: z.literal('shopper'), ...life, ...customer }),
  z.object({ aud: z.literal('visitor'), ...life }),
])
const TicketClaims = z.object({ ...life, ...customer, origin: z.string().min(1) })

/** `aud` says which: a shopper, or a page of the storefront where nobody is logged in. */
export type StorefrontClaims = z.output<typeof StorefrontClaims>
type TicketFacts = z.output<typeof TicketClaims>

interface TokenKey {
  readonly kid: string
  /** Base64url of 32 bytes. */
  readonly k: string
}

type TokenEnv = Pick<Env, 'TOKEN_KEYS'>

/** `TOKEN_KEYS`: comma-separated `kid:base64(32 bytes)`, the signing key first. */
function tokenKeys(env: TokenEnv): readonly [TokenKey, ...TokenKey[]] {
  const keys = env.TOKEN_KEYS.split(',').map((text): TokenKey => {
    const [kid = '', secret = ''] = text.trim().split(':')
    const bytes = Buffer.from(secret, 'base64')
    if (kid === '' || bytes.byteLength !== 32) throw new Error('TOKEN_KEYS must be like kid:base64-of-32-bytes')
    return { kid, k: bytes.toString('base64url') }
  })
  const [first, ...others] = keys
  if (!first) throw new Error('TOKEN_KEYS is empty')
  return [first, ...others]
}

const verifyingKeys = new Map<string, Promise<CryptoKey>>()

function verifyingKey({ k }: TokenKey): Promise<CryptoKey> {
  let key = verifyingKeys.get(k)
  if (!key) {
    key = crypto.subtle.importKey('raw', Buffer.from(k, 'base64url'), { name: 'HMAC', hash: 'SHA-256' }, false, [
      'verify',
    ])
    verifyingKeys.set(k, key)
  }
  return key
}

interface NewToken {
  readonly token: string
  readonly expiresAtMs: number
}

interface Subject {
  readonly merchantId: MerchantId
  readonly customerId: CustomerId
  readonly customerGid: string
}

function claimsOf({ merchantId, customerId, customerGid }: Subject) {
  return { sub: customerId, mid: merchantId, gid: customerGid }
}

async function issue(
  env: TokenEnv,
  audience: string,
  claims: Readonly<Record<string, string>>,
  nowMs: number,
  lifeMs: number,
): Promise<NewToken> {
  const [{ kid, k }] = tokenKeys(env)
  const issuedAt = Math.floor(nowMs / 1000)
  const expiresAt = issuedAt + lifeMs / 1000
  const payload = { iss: ISSUER, aud: audience, ...claims, jti: crypto.randomUUID(), iat: issuedAt, exp: expiresAt }
  const token = await sign(payload, { kty: 'oct', k, alg: 'HS256', kid }, 'HS256')
  return { token, expiresAtMs: expiresAt * 1000 }
}

/** The verified payload, or undefined for every fault: the caller learns nothing about which one. */
async function read(env: TokenEnv, audience: string | string[], token: string): Promise<unknown> {
  try {
    const { kid } = decode(token).header
    const key = tokenKeys(env).find((candidate) => candidate.kid === kid)
    if (!key) return undefined
    return await verify(token, await verifyingKey(key), { alg: 'HS256', iss: ISSUER, aud: audience })
  } catch {
    // The library's messages contain the token: they go nowhere.
    return undefined
  }
}

/** A token by which a shopper reads their own account for 15 minutes. */
export function issueShopperToken(env: TokenEnv, subject: Subject, nowMs: number): Promise<NewToken> {
  return issue(env, 'shopper', claimsOf(subject), nowMs, STOREFRONT_TOKEN_LIFE_MS)
}

/** A token by which a page of the storefront reads, for 15 minutes, what everybody may see. It names no customer. */
export function issueVisitorToken(env: TokenEnv, merchantId: MerchantId, nowMs: number): Promise<NewToken> {
  return issue(env, 'visitor', { mid: merchantId }, nowMs, STOREFRONT_TOKEN_LIFE_MS)
}

/** The claims of a valid token of a shopper or a visitor, else undefined. */
export async function readStorefrontToken(env: TokenEnv, token: string): Promise<StorefrontClaims | undefined> {
  return StorefrontClaims.safeParse(await read(env, ['shopper', 'visitor'], token)).data
}

/** A ticket for one connection to the live stream, from one origin, within 30 seconds. */
export function issueStreamTicket(env: TokenEnv, subject: Subject, origin: string, nowMs: number): Promise<NewToken> {
  return issue(env, 'stream', { ...claimsOf(subject), origin }, nowMs, STREAM_TICKET_LIFE_MS)
}

/** The claims of a valid stream ticket, else undefined. Single use is for the object to hold. */
export async function readStreamTicket(env: TokenEnv, token: string): Promise<TicketFacts | undefined> {
  return TicketClaims.safeParse(await read(env, 'stream', token)).data
}
