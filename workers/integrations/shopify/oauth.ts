import {
  HttpResponseError,
  InvalidJwtError,
  RequestedTokenType,
  type Session,
  type Shopify,
} from '@shopify/shopify-api'
import { z } from 'zod'
import { type OAuthEnv, shopifyLibraries } from './oauth-library.ts'

/** Offline tokens of a shop. Times in ms since 1970. */
export interface ShopTokens {
  readonly accessToken: string
  /** Null: Shopify named none; it ends when Shopify says 401. */
  readonly accessExpiresAtMs: number | null
  /** Null: there is none, and only another exchange makes a new access token. */
  readonly refreshToken: string | null
  readonly refreshExpiresAtMs: number | null
  readonly scopes: readonly string[]
}

/** refused: Shopify will never take this token (again). unavailable: no usable answer; the same may succeed later. */
export type TokensAnswer =
  | { readonly ok: true; readonly tokens: ShopTokens }
  | { readonly ok: false; readonly problem: 'refused' | 'unavailable' }

/** Exchanges App Bridge's session token for an expiring offline token of the shop. */
export function exchangeSessionToken(env: OAuthEnv, shop: string, sessionToken: string): Promise<TokensAnswer> {
  const requestedTokenType = RequestedTokenType.OfflineAccessToken
  return ask(env, ({ auth }) => auth.tokenExchange({ shop, sessionToken, requestedTokenType, expiring: true }))
}

/**
 * Makes a new pair of tokens from a refresh token. Shopify keeps taking the old refresh token until the new pair is
 * first used (for 30 days at most), so whoever loses the answer asks again with the old one.
 */
export function refreshShopTokens(env: OAuthEnv, shop: string, refreshToken: string): Promise<TokensAnswer> {
  return ask(env, ({ auth }) => auth.refreshToken({ shop, refreshToken }))
}

/** Asks with each of our client secrets, while Shopify or the library takes none. */
async function ask(env: OAuthEnv, request: (library: Shopify) => Promise<{ session: Session }>): Promise<TokensAnswer> {
  let answer: TokensAnswer = { ok: false, problem: 'unavailable' }
  for (const library of shopifyLibraries(env)) {
    try {
      return { ok: true, tokens: tokensOf((await request(library)).session) }
    } catch (error) {
      const fault = faultOf(error)
      if (fault !== 'wrong_secret') return { ok: false, problem: fault }
      // A session token that no secret of ours signed is refused; if Shopify knows none of them, that is our mistake.
      answer = { ok: false, problem: error instanceof InvalidJwtError ? 'refused' : 'unavailable' }
    }
  }
  return answer
}

function tokensOf(session: Session): ShopTokens {
  if (session.accessToken === undefined || session.accessToken === '') throw new Error('Shopify answered no token')
  return {
    accessToken: session.accessToken,
    accessExpiresAtMs: session.expires?.getTime() ?? null,
    refreshToken: session.refreshToken ?? null,
    refreshExpiresAtMs: session.refreshTokenExpires?.getTime() ?? null,
    scopes: (session.scope ?? '').split(',').filter((scope) => scope !== ''),
  }
}

const Refused = z.object({ error: z.enum(['invalid_grant', 'invalid_request', 'invalid_subject_token']) })
const WrongClient = z.object({ error: z.literal('invalid_client') })

/** Only what Shopify says in so many words is a refusal: a connection, once forgotten, takes the merchant's visit. */
function faultOf(error: unknown): 'refused' | 'unavailable' | 'wrong_secret' {
  if (error instanceof InvalidJwtError) return 'wrong_secret'
  if (!(error instanceof HttpResponseError)) return 'unavailable'
  const { code, body } = error.response
  if (code === 401 || WrongClient.safeParse(body).success) return 'wrong_secret'
  return code === 400 && Refused.safeParse(body).success ? 'refused' : 'unavailable'
}
