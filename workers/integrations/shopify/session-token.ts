import { z } from 'zod'
import { ShopDomain } from '../../../domain/contracts/ids.ts'
import { type OAuthEnv, shopifyLibraries } from './oauth-library.ts'

/** A member of the shop's staff, as App Bridge's session token names them. */
export interface StaffMember {
  readonly shop: ShopDomain
  /** The digits of the Shopify user id. */
  readonly userId: string
}

/** `https://{shop}`, and nothing after the path that is expected. */
function shopOf(path: string) {
  return z
    .string()
    .startsWith('https://')
    .endsWith(path)
    .transform((text) => text.slice('https://'.length, text.length - path.length))
    .pipe(ShopDomain)
}

const Claims = z
  .object({
    iss: shopOf('/admin'),
    dest: shopOf(''),
    sub: z.string().regex(/^[1-9][0-9]{0,19}$/),
    // The library checks their values, but not that they are there.
    exp: z.number(),
    nbf: z.number(),
    iat: z.number(),
  })
  .refine(({ iss, dest }) => iss === dest)

/**
 * The member of staff of a valid session token: HS256 by one of our client secrets, for this app, within its minute
 * (10 s of tolerance), issuer and destination being the same shop. Undefined for every fault.
 */
export async function readSessionToken(env: OAuthEnv, token: string): Promise<StaffMember | undefined> {
  for (const library of shopifyLibraries(env)) {
    let payload: unknown
    try {
      payload = await library.session.decodeSessionToken(token)
    } catch {
      // Another secret may have signed it. The library's messages contain the token: they go nowhere.
      continue
    }
    const claims = Claims.safeParse(payload)
    return claims.success ? { shop: claims.data.dest, userId: claims.data.sub } : undefined
  }
  return undefined
}
