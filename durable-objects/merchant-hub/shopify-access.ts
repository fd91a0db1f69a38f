import { exchangeSessionToken, refreshShopTokens, type ShopTokens } from '../../workers/integrations/shopify/oauth.ts'
import { open, seal } from '../../workers/platform/crypto.ts'
import { reportFailure } from '../kernel/log.ts'
import type { ShopifyAccess, ShopifyConnection } from '../kernel/protocol.ts'

/** A token that lives shorter than this is replaced ahead of its end: a request may be a while on its way. */
export const REFRESH_AHEAD_MS = 5 * 60_000

const NOT_CONNECTED = { ok: false, problem: 'not_connected' } as const
const UNAVAILABLE = { ok: false, problem: 'unavailable' } as const

type Row = {
  shop: string
  access_token_sealed: string
  access_expires_at_ms: number | null
  refresh_token_sealed: string | null
  refresh_expires_at_ms: number | null
}

/**
 * A shop's offline tokens. Its hub is the only one to refresh them, one refresh at a time, because each one rotates the
 * refresh token. A new pair is stored before it is answered: the object's output gate holds the answer back until then.
 * If the object dies between Shopify's answer and the store, the old refresh token still works, as Shopify keeps it
 * until the new pair is first used.
 */
export class ShopTokenStore {
  readonly #env: Env
  readonly #merchantId: string
  readonly #sql: SqlStorage
  #refreshing: Promise<ShopifyAccess> | null = null
  #connecting: Promise<unknown> = Promise.resolve()

  /** @param sql of an object whose tables exist. */
  constructor(env: Env, merchantId: string, sql: SqlStorage) {
    this.#env = env
    this.#merchantId = merchantId
    this.#sql = sql
  }

  /**
   * Exchanges a verified session token; replaces what was there. One exchange after the other: each revokes the tokens of
   * those before it, so that the answer of the last one has to be stored last.
   */
  connect(shop: string, sessionToken: string): Promise<ShopifyConnection> {
    const connection = this.#connecting.then(() => this.#exchange(shop, sessionToken))
    this.#connecting = connection.catch(() => undefined)
    return connection
  }

  async #exchange(shop: string, sessionToken: string): Promise<ShopifyConnection> {
    const answer = await exchangeSessionToken(this.#env, shop, sessionToken)
    if (!answer.ok) return answer
    const { tokens } = answer
    const [access, refresh] = await this.#seal(shop, tokens)
    this.#sql.exec(
      `INSERT OR REPLACE INTO shopify_access (id, shop, access_token_sealed, access_expires_at_ms, refresh_token_sealed,
         refresh_expires_at_ms, scopes, updated_at_ms) VALUES (1, ?, ?, ?, ?, ?, ?, ?)`,
      shop,
      access,
      tokens.accessExpiresAtMs,
      refresh,
      tokens.refreshExpiresAtMs,
      JSON.stringify(tokens.scopes),
      Date.now(),
    )
    return { ok: true, scopes: tokens.scopes }
  }

  /** The access token, a new one where it is about to end or is the `refused` one. */
  async access(shop: string, refused: string | null): Promise<ShopifyAccess> {
    const row = this.#row(shop)
    if (!row) return NOT_CONNECTED
    const accessToken = await open(this.#env, this.#place(shop, 'access_token'), row.access_token_sealed)
    const current = { ok: true, accessToken, expiresAtMs: row.access_expires_at_ms } as const
    const isGood = accessToken !== refused
    if (isGood && lives(row.access_expires_at_ms, REFRESH_AHEAD_MS)) return current
    const renewed = await this.#refreshOnce(row, refused)
    if (renewed.ok || !isGood) return renewed
    // Refreshed too early to matter: the current one serves until its end.
    return lives(row.access_expires_at_ms, 0) ? current : renewed
  }

  disconnect(): void {
    this.#sql.exec('DELETE FROM shopify_access')
  }

  /** @param seen the row as the caller read it; someone else may have replaced it since. */
  #refreshOnce(seen: Row, refused: string | null): Promise<ShopifyAccess> {
    if (this.#refreshing) return this.#refreshing
    if (this.#row(seen.shop)?.access_token_sealed !== seen.access_token_sealed) return this.access(seen.shop, refused)
    const refreshing = this.#refresh(seen).finally(() => {
      this.#refreshing = null
    })
    this.#refreshing = refreshing
    return refreshing
  }

  async #refresh({ shop, refresh_token_sealed: sealed, refresh_expires_at_ms }: Row): Promise<ShopifyAccess> {
    if (sealed === null || !lives(refresh_expires_at_ms, 0)) return NOT_CONNECTED
    const refreshToken = await open(this.#env, this.#place(shop, 'refresh_token'), sealed)
    const answer = await refreshShopTokens(this.#env, shop, refreshToken)
    if (!answer.ok) {
      if (answer.problem === 'unavailable') return UNAVAILABLE
      this.#sql.exec('UPDATE shopify_access SET refresh_token_sealed = NULL WHERE refresh_token_sealed = ?', sealed)
      reportFailure('shopify_access', { merchant_id: this.#merchantId }, 'Shopify takes the refresh token no more')
      return NOT_CONNECTED
    }
    const { tokens } = answer
    const [access, refresh] = await this.#seal(shop, tokens)
    const { rowsWritten } = this.#sql.exec(
      `UPDATE shopify_access SET access_token_sealed = ?, access_expires_at_ms = ?,
         refresh_token_sealed = coalesce(?, refresh_token_sealed),
         refresh_expires_at_ms = coalesce(?, refresh_expires_at_ms), scopes = ?, updated_at_ms = ?
       WHERE refresh_token_sealed = ?`,
      access,
      tokens.accessExpiresAtMs,
      refresh,
      tokens.refreshExpiresAtMs,
      JSON.stringify(tokens.scopes),
      Date.now(),
      sealed,
    )
    // Connected anew or disconnected meanwhile: these tokens are no longer the shop's.
    if (rowsWritten === 0) return UNAVAILABLE
    return { ok: true, accessToken: tokens.accessToken, expiresAtMs: tokens.accessExpiresAtMs }
  }

  #row(shop: string): Row | undefined {
    return this.#sql
      .exec<Row>(
        `SELECT shop, access_token_sealed, access_expires_at_ms, refresh_token_sealed, refresh_expires_at_ms
         FROM shopify_access WHERE shop = ?`,
        shop,
      )
      .toArray()[0]
  }

  #seal(shop: string, { accessToken, refreshToken }: ShopTokens): Promise<[string, string | null]> {
    return Promise.all([
      seal(this.#env, this.#place(shop, 'access_token'), accessToken),
      refreshToken === null ? null : seal(this.#env, this.#place(shop, 'refresh_token'), refreshToken),
    ])
  }

  #place(shop: string, column: 'access_token' | 'refresh_token') {
    return { merchantId: this.#merchantId, column: `shopify_access.${column}`, row: shop }
  }
}

/** Whether something that ends then (null: never) lives longer than `leastMs` from now. */
function lives(expiresAtMs: number | null, leastMs: number): boolean {
  return expiresAtMs === null || expiresAtMs - leastMs > Date.now()
}
