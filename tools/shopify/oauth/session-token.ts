import { createHmac, randomUUID, timingSafeEqual } from 'node:crypto'
import { z } from 'zod'

/** Session tokens as App Bridge gets them: JWT, HS256 with the app's client secret. */

const LIFE_S = 60
const TOLERANCE_S = 10

const Header = z.object({ alg: z.literal('HS256'), typ: z.literal('JWT') })
const Claims = z.object({
  iss: z.string(),
  dest: z.string(),
  aud: z.string(),
  sub: z.string(),
  exp: z.number(),
  nbf: z.number(),
})

export interface AppCredentials {
  readonly clientId: string
  readonly clientSecret: string
}

/** A token of the shop's owner, good for a minute. */
export function makeSessionToken(shop: string, app: AppCredentials, nowMs = Date.now()): string {
  const now = Math.floor(nowMs / 1000)
  const claims = {
    iss: `https://${shop}/admin`,
    dest: `https://${shop}`,
    aud: app.clientId,
    sub: '548380009',
    exp: now + LIFE_S,
    nbf: now,
    iat: now,
    jti: randomUUID(),
    sid: randomUUID(),
  }
  const signed = `${encode({ alg: 'HS256', typ: 'JWT' })}.${encode(claims)}`
  return `${signed}.${sign(signed, app.clientSecret)}`
}

/** Whether the token is this app's, of this shop, and of this time. */
export function isSessionToken(token: string, shop: string, app: AppCredentials, nowMs = Date.now()): boolean {
  const [header, claims, signature, ...more] = token.split('.')
  if (header === undefined || claims === undefined || signature === undefined || more.length > 0) return false
  const expected = Buffer.from(sign(`${header}.${claims}`, app.clientSecret))
  const given = Buffer.from(signature)
  if (expected.length !== given.length || !timingSafeEqual(expected, given)) return false
  const said = Claims.safeParse(decode(claims))
  if (!Header.safeParse(decode(header)).success || !said.success) return false
  const now = nowMs / 1000
  const { aud, dest, iss, exp, nbf } = said.data
  const inTime = nbf - TOLERANCE_S <= now && now < exp + TOLERANCE_S
  return inTime && aud === app.clientId && dest === `https://${shop}` && iss === `https://${shop}/admin`
}

function sign(text: string, secret: string): string {
  return createHmac('sha256', secret).update(text).digest('base64url')
}

function encode(value: object): string {
  return Buffer.from(JSON.stringify(value)).toString('base64url')
}

function decode(part: string): unknown {
  try {
    return JSON.parse(Buffer.from(part, 'base64url').toString())
  } catch {
    return undefined
  }
}
