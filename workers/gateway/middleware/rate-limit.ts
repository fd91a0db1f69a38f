import { type Exchange } from '../exchange.ts'
import { Problem } from '../problem.ts'
import { type Quota, QUOTAS, WINDOW_SECONDS } from './quotas.ts'

/**
 * Limits of requests, acted on before anything is written. Each isolate counts exactly, by token buckets, and says so
 * in `RateLimit-Policy` and `RateLimit` (draft-ietf-httpapi-ratelimit-headers); the platform's RATE_LIMIT binding
 * beside it caps what many isolates of one place let through together.
 */

/** What one request left of its quota. */
export interface Taken {
  readonly allowed: boolean
  /** Whole requests left. */
  readonly left: number
  /** Until the quota is whole again. */
  readonly resetSeconds: number
  /** Until one request fits again; 0 when allowed. */
  readonly retrySeconds: number
}

interface Bucket {
  tokens: number
  atMs: number
}

/** Rounds up, except for what only the division left over. */
function wholeSeconds(seconds: number): number {
  return Math.ceil(seconds - 1e-6)
}

/** Token buckets by key: each holds its quota and fills up evenly over the window. */
export class TokenBuckets {
  readonly #buckets = new Map<string, Bucket>()
  readonly #capacity: number

  /** @param capacity how many keys are remembered; beyond it the oldest are forgotten, in favour of the caller. */
  constructor(capacity: number) {
    this.#capacity = capacity
  }

  /** Takes `cost` out of a bucket, or nothing where it holds less. With cost 0 it only looks. */
  take(key: string, quota: number, nowMs: number, cost: 0 | 1 = 1): Taken {
    const perSecond = quota / WINDOW_SECONDS
    const bucket = this.#bucket(key, quota, nowMs)
    // A clock that was set back takes nothing away, nor shuts anyone out until it is there again.
    const passedMs = Math.max(0, nowMs - bucket.atMs)
    bucket.tokens = Math.min(quota, bucket.tokens + (passedMs / 1000) * perSecond)
    bucket.atMs = nowMs
    const allowed = bucket.tokens >= 1
    if (allowed) bucket.tokens -= cost
    return {
      allowed,
      left: Math.floor(bucket.tokens),
      resetSeconds: wholeSeconds((quota - bucket.tokens) / perSecond),
      retrySeconds: allowed ? 0 : Math.max(1, wholeSeconds((1 - bucket.tokens) / perSecond)),
    }
  }

  #bucket(key: string, quota: number, nowMs: number): Bucket {
    const found = this.#buckets.get(key)
    if (found) return found
    if (this.#buckets.size >= this.#capacity) {
      const oldest = this.#buckets.keys().next()
      if (!oldest.done) this.#buckets.delete(oldest.value)
    }
    const bucket = { tokens: quota, atMs: nowMs }
    this.#buckets.set(key, bucket)
    return bucket
  }
}

const buckets = new TokenBuckets(50_000)
/** The binding counts at most 50,000 in 10 s a key (wrangler.toml); a class with twice that quota uses two keys in turn. */
const BINDING_KEYS: Partial<Record<Quota, number>> = { read: 2 }
/** While this share of a quota is left in an isolate, the binding is not asked. */
const QUIET_SHARE = 0.9
let turn = 0

function refuse(quota: Quota, retrySeconds: number): Problem {
  return new Problem('rate_limited', `At most ${QUOTAS[quota]} of these in ${WINDOW_SECONDS} seconds.`, [], {
    'retry-after': String(retrySeconds),
  })
}

/** Counts a request of `owner` (a merchant, customer or address) and sets the limit's headers. Throws `rate_limited`. */
export async function limitRate(exchange: Exchange, name: Quota, owner: string): Promise<void> {
  const quota = QUOTAS[name]
  const key = `${name}:${owner}`
  const taken = buckets.take(key, quota, Date.now())
  exchange.headers['ratelimit-policy'] = `"${name}";q=${quota};w=${WINDOW_SECONDS}`
  exchange.headers['ratelimit'] = `"${name}";r=${taken.left};t=${taken.resetSeconds}`
  if (!taken.allowed) throw refuse(name, taken.retrySeconds)
  // The binding's answer matters only to who is busy: below a tenth of its quota here, nobody is asked beyond the isolate.
  if (taken.left > quota * QUIET_SHARE) return
  turn += 1
  const shared = await exchange.env.RATE_LIMIT.limit({ key: `${key}:${turn % (BINDING_KEYS[name] ?? 1)}` })
  if (!shared.success) throw refuse(name, 10)
}

/** Refuses look-ups of credentials and origins from an address that has just failed too often. Throws `rate_limited`. */
export function limitFailedAuthentication(exchange: Exchange): void {
  const taken = buckets.take(`authentication:${exchange.address}`, QUOTAS.authentication, Date.now(), 0)
  if (!taken.allowed) throw refuse('authentication', taken.retrySeconds)
}

/** Counts a look-up of credentials or of an origin that do not exist. */
export function countFailedAuthentication(exchange: Exchange): void {
  buckets.take(`authentication:${exchange.address}`, QUOTAS.authentication, Date.now())
}
