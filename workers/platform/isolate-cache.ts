import { waitUntil } from 'cloudflare:workers'

interface Kept<V> {
  readonly value: V
  readonly untilMs: number
}

/**
 * Copies of answers in this isolate for a short, stated time. Concurrent misses of one key ask once (single flight).
 * `undefined` answers are not kept: what was missing may appear at any moment.
 */
export class IsolateCache<V> {
  readonly #lifeMs: number
  readonly #capacity: number
  readonly #kept = new Map<string, Kept<V>>()
  readonly #asked = new Map<string, Promise<V | undefined>>()

  constructor(options: { readonly lifeMs: number; readonly capacity: number }) {
    this.#lifeMs = options.lifeMs
    this.#capacity = options.capacity
  }

  /** The copy, while it is fresh. */
  fresh(key: string): V | undefined {
    const kept = this.#kept.get(key)
    return kept !== undefined && kept.untilMs > Date.now() ? kept.value : undefined
  }

  /** The copy, or what `load` answers. */
  get(key: string, load: () => Promise<V | undefined>): Promise<V | undefined> {
    const value = this.fresh(key)
    if (value !== undefined) return Promise.resolve(value)
    const asked = this.#asked.get(key)
    if (asked) return asked
    const asking: Promise<V | undefined> = this.#load(key, load, () => this.#asked.get(key) === asking)
    this.#asked.set(key, asking)
    // The request that asked may be abandoned by its client while others wait for the same answer.
    waitUntil(asking.catch(() => undefined))
    return asking
  }

  /** Forgets the copy, also one that is on its way: the next `get` asks again. For whoever has just changed the datum. */
  forget(key: string): void {
    this.#kept.delete(key)
    this.#asked.delete(key)
  }

  /** `isCurrent`: nothing has made this answer old while it was on its way. */
  async #load(key: string, load: () => Promise<V | undefined>, isCurrent: () => boolean): Promise<V | undefined> {
    try {
      const value = await load()
      if (value !== undefined && isCurrent()) this.#keep(key, value)
      return value
    } finally {
      if (isCurrent()) this.#asked.delete(key)
    }
  }

  #keep(key: string, value: V): void {
    this.#kept.delete(key)
    this.#kept.set(key, { value, untilMs: Date.now() + this.#lifeMs })
    if (this.#kept.size <= this.#capacity) return
    const oldest = this.#kept.keys().next()
    if (!oldest.done) this.#kept.delete(oldest.value)
  }
}
