import { Buffer } from 'node:buffer'
import { decode, sign, verify } from 'hono/jwt'
import { z } from 'zod'
import { CustomerId, MerchantId, ShopifyCustomerGid } from '../../domain/contracts/ids.ts'

/**
 * Our own tokens: JWTs, HS256 only, the key named by `kid`. A shopper token lives 15 minutes, a stream ticket 30
 * seconds; the audience keeps one from passing for the other.
 */

export const SHOPPER_TOKEN_LIFE_MS = 15 * 60_000
export const STREAM_TICKET_LIFE_MS = 30_000

const ISSUER = 'loyalnest'
const claims = {
  /** Customer id. */
  sub: CustomerId,
  /** Merchant id. */
  mid: MerchantId,
  /** Shopify's customer gid. */
  gid: ShopifyCustomerGid,
  jti: z.string().min(1),
  iat: z.int(),
  exp: z.int(),
}
const ShopperClaims = z.object(claims)
const TicketClaims = z.object({ ...claims, origin: z.string().min(1) })

type Claims = z.output<typeof ShopperClaims>
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

async function issue(
  env: TokenEnv,
  audience: string,
  subject: Subject,
  more: Readonly<Record<string, string>>,
  nowMs: number,
  lifeMs: number,
): Promise<NewToken> {
  const [{ kid, k }] = tokenKeys(env)
  const issuedAt = Math.floor(nowMs / 1000)
  const expiresAt = issuedAt + lifeMs / 1000
  const payload = {
    iss: ISSUER,
    aud: audience,
    sub: subject.customerId,
    mid: subject.merchantId,
    gid: subject.customerGid,
    jti: crypto.randomUUID(),
    iat: issuedAt,
    exp: expiresAt,
    ...more,
  }
  const token = await sign(payload, { kty: 'oct', k, alg: 'HS256', kid }, 'HS256')
  return { token, expiresAtMs: expiresAt * 1000 }
}

/** The verified payload, or undefined for every fault: the caller learns nothing about which one. */
async function read(env: TokenEnv, audience: string, token: string): Promise<unknown> {
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
  return issue(env, 'shopper', subject, {}, nowMs, SHOPPER_TOKEN_LIFE_MS)
}

/** The claims of a valid shopper token, else undefined. */
export async function readShopperToken(env: TokenEnv, token: string): Promise<Claims | undefined> {
  return ShopperClaims.safeParse(await read(env, 'shopper', token)).data
}

/** A ticket for one connection to the live stream, from one origin, within 30 seconds. */
export function issueStreamTicket(env: TokenEnv, subject: Subject, origin: string, nowMs: number): Promise<NewToken> {
  return issue(env, 'stream', subject, { origin }, nowMs, STREAM_TICKET_LIFE_MS)
}

/** The claims of a valid stream ticket, else undefined. Single use is for the object to hold. */
export async function readStreamTicket(env: TokenEnv, token: string): Promise<TicketFacts | undefined> {
  return TicketClaims.safeParse(await read(env, 'stream', token)).data
}
