import type { ShopperSession } from '../../domain/contracts/operations/auth.ts'

/** Who the storefront says is looking at this page, and the token for it. */
export type Session = (typeof ShopperSession)['_output']

/** The session of a storefront page, and calls of the API in its name. */
export interface StorefrontSession {
  /** A session whose token lives for another minute at least. @throws {Refused} or what fetch throws */
  current(): Promise<Session>
  /** The token is no longer good: the next call asks for a new one. */
  forget(): void
  /**
   * Calls the API, for 10 seconds at most; with a body it is a POST. `key` makes a repeated write the same write.
   * @throws {Refused} or what fetch throws
   */
  call<T>(path: string, body?: object, key?: string): Promise<T>
}

const RENEW_BEFORE_MS = 60_000
const REQUEST_WITHIN_MS = 10_000

/** An answer that is not 2xx. */
export class Refused extends Error {
  /** The server decided: the same request would get the same answer. */
  readonly isDefinite: boolean
  constructor(status: number) {
    super()
    this.isDefinite = status < 500 && status !== 401 && status !== 429
  }
}

/**
 * The session that `GET {proxy}/session` answers, which Shopify's app proxy signs. Renewed before it ends, and asked for
 * once however many want it at a time. `proxy`: where the storefront forwards to LoyalNest, such as `/apps/loyalnest`.
 */
export function storefrontSession(proxy: string): StorefrontSession {
  let known: Session | undefined
  let asking: Promise<Session> | undefined

  async function request<T>(url: string, init: RequestInit): Promise<T> {
    const response = await fetch(url, { ...init, signal: AbortSignal.timeout(REQUEST_WITHIN_MS) })
    if (response.status === 401) known = undefined
    if (!response.ok) throw new Refused(response.status)
    // The server is ours and validated what it sends; checking it again here would cost a schema library.
    return response.json()
  }

  async function current(): Promise<Session> {
    if (known && Date.parse(known.expires_at) - Date.now() >= RENEW_BEFORE_MS) return known
    asking ??= request<Session>(`${proxy}/session`, {}).finally(() => (asking = undefined))
    return (known = await asking)
  }

  return {
    current,
    forget: () => (known = undefined),
    call: async (path, body, key) => {
      const { app, token } = await current()
      const headers = {
        authorization: `Bearer ${token}`,
        'content-type': 'application/json',
        ...(key && { 'idempotency-key': key }),
      }
      return request(
        `${app}/v1/api${path}`,
        body ? { method: 'POST', headers, body: JSON.stringify(body) } : { headers },
      )
    },
  }
}
