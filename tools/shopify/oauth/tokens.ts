import { randomBytes } from 'node:crypto'
import type { DatabaseSync } from 'node:sqlite'
import { z } from 'zod'
import { transaction } from '../database.ts'

const ACCESS_S = 3600
const REFRESH_S = 90 * 24 * 3600
/** How long a refresh token that was used may be used again, as long as its successor was not. */
const RECOVERY_MS = 30 * 24 * 3600 * 1000

const Pair = z.object({
  id: z.int(),
  shop: z.string(),
  access_token: z.string(),
  access_ends_at_ms: z.int(),
  refresh_token: z.string(),
  refresh_ends_at_ms: z.int(),
  scope: z.string(),
  refreshed_at_ms: z.int().nullable(),
  replaced_by: z.int().nullable(),
  revoked: z.int().transform(Boolean),
})
type Pair = z.infer<typeof Pair>

/** What the token endpoint answers. */
export interface TokenAnswer {
  readonly access_token: string
  readonly expires_in: number
  readonly refresh_token: string
  readonly refresh_token_expires_in: number
  readonly scope: string
}

/**
 * The app's expiring offline tokens, by shop. A refresh makes a new pair and ends the old access token. The old refresh
 * token gives that same new pair again (a lost answer loses nothing) until the new refresh token is used, for 30 days
 * at most: so Shopify since August 2026.
 */
export class Tokens {
  readonly #db: DatabaseSync
  readonly #scope: string
  /** Seconds that new access tokens live, where a test has set it. */
  readonly #lives = new Map<string, number>()

  constructor(db: DatabaseSync, scope: string) {
    this.#db = db
    this.#scope = scope
  }

  /** Of a token exchange: a first pair, or one that replaces all before it. */
  issue(shop: string): TokenAnswer {
    return transaction(this.#db, () => {
      this.#db.prepare('update token_pairs set revoked = 1 where shop = ?').run(shop)
      return this.#answer(this.#insert(shop))
    })
  }

  /** A new pair for a refresh token; undefined: it is none, or used up. */
  refresh(shop: string, refreshToken: string): TokenAnswer | undefined {
    return transaction(this.#db, () => {
      const now = Date.now()
      const old = this.#one('select * from token_pairs where shop = ? and refresh_token = ?', shop, refreshToken)
      if (!old || old.revoked || old.refresh_ends_at_ms <= now) return undefined
      if (old.replaced_by === null || old.refreshed_at_ms === null) {
        const successor = this.#insert(shop)
        this.#db
          .prepare('update token_pairs set replaced_by = ?, refreshed_at_ms = ?, access_ends_at_ms = 0 where id = ?')
          .run(successor.id, now, old.id)
        return this.#answer(successor)
      }
      const successor = this.#one('select * from token_pairs where id = ?', old.replaced_by)
      const lost = successor && successor.replaced_by === null && !successor.revoked
      return lost && old.refreshed_at_ms + RECOVERY_MS > now ? this.#answer(successor) : undefined
    })
  }

  /** The scopes of an access token, or undefined if it is not valid now. */
  scopesOf(shop: string, accessToken: string): readonly string[] | undefined {
    const pair = this.#one('select * from token_pairs where shop = ? and access_token = ?', shop, accessToken)
    return pair && !pair.revoked && pair.access_ends_at_ms > Date.now() ? pair.scope.split(',') : undefined
  }

  /** The app is gone from the shop: nothing of it works any more. */
  revokeAll(shop: string): void {
    this.#db.prepare('update token_pairs set revoked = 1 where shop = ?').run(shop)
  }

  /** For tests: ends the access tokens now; refresh tokens stay. */
  expireAccess(shop: string): void {
    this.#db.prepare('update token_pairs set access_ends_at_ms = 0 where shop = ?').run(shop)
  }

  /** For tests: how long access tokens from now on live. */
  setAccessLife(shop: string, seconds: number): void {
    this.#lives.set(shop, seconds)
  }

  #insert(shop: string): Pair {
    const now = Date.now()
    const row = this.#db
      .prepare(
        `insert into token_pairs (shop, access_token, access_ends_at_ms, refresh_token, refresh_ends_at_ms, scope)
         values (?, ?, ?, ?, ?, ?) returning *`,
      )
      .get(
        shop,
        `shpat_${randomBytes(16).toString('hex')}`,
        now + (this.#lives.get(shop) ?? ACCESS_S) * 1000,
        `shprt_${randomBytes(16).toString('hex')}`,
        now + REFRESH_S * 1000,
        this.#scope,
      )
    return Pair.parse(row)
  }

  #one(sql: string, ...parameters: (string | number)[]): Pair | undefined {
    const row = this.#db.prepare(sql).get(...parameters)
    return row && Pair.parse(row)
  }

  #answer(pair: Pair): TokenAnswer {
    const now = Date.now()
    return {
      access_token: pair.access_token,
      expires_in: Math.max(0, Math.ceil((pair.access_ends_at_ms - now) / 1000)),
      refresh_token: pair.refresh_token,
      refresh_token_expires_in: Math.ceil((pair.refresh_ends_at_ms - now) / 1000),
      scope: pair.scope,
    }
  }
}
