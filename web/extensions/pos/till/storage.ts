/**
 * Where a till keeps its state. The Storage API of POS UI extensions has this form; so has any key-value store that
 * keeps its promise: once `set` resolves the value survives a power cut, and until then a read finds the old value or the
 * new one, never a part.
 *
 * Only one {@link TillQueue} may use a storage at a time: in a POS UI extension the background target's.
 */
export interface TillStorage {
  /** `undefined` or `null`: there is none. */
  get(key: string): Promise<unknown>
  /** @param value JSON */
  set(key: string, value: unknown): Promise<void>
  delete(key: string): Promise<unknown>
}

/** Nothing more can be stored: the till must sync, or sell without points. */
export class TillFull extends Error {
  constructor() {
    super('The till keeps as many unsent items as its storage takes; it must reach LoyalNest first.')
    this.name = 'TillFull'
  }
}

/** What is stored cannot be read. Selling on would reuse numbers, so it takes a person: register the till anew. */
export class TillBroken extends Error {
  constructor(key: string) {
    super(`What is stored under ${key} cannot be read; the till must be registered anew.`)
    this.name = 'TillBroken'
  }
}
