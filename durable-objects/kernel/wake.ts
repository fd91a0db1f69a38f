/** What {@link Wake} needs of an object's storage. */
type AlarmStorage = Pick<DurableObjectStorage, 'getAlarm' | 'setAlarm'>

/**
 * The one alarm that an object has, shared by many timers: it is always set to the earliest of them. Setting it is a
 * billed row, so it is left alone where it already rings early enough.
 */
export class Wake {
  readonly #storage: AlarmStorage
  /** When the alarm rings as far as this instance knows: null after a start, even if an alarm is set. */
  #ringsAtMs: number | null = null

  constructor(storage: AlarmStorage) {
    this.#storage = storage
  }

  /** To be called first in `alarm()`: the alarm that rang is gone. */
  rang(): void {
    this.#ringsAtMs = null
  }

  /**
   * Makes sure that the alarm rings at `atMs` or before. Called in the same turn as the writes that need it, it is
   * committed together with them.
   */
  async noLaterThan(atMs: number): Promise<void> {
    if (this.#ringsAtMs !== null && this.#ringsAtMs <= atMs) return
    this.#ringsAtMs = atMs
    try {
      await this.#storage.setAlarm(atMs)
    } catch (error) {
      this.#ringsAtMs = null
      throw error
    }
  }

  /** As {@link noLaterThan}, but asks the storage first: for a start, when an alarm may be set that nobody remembers. */
  async ensure(atMs: number): Promise<void> {
    this.#ringsAtMs = await this.#storage.getAlarm()
    await this.noLaterThan(atMs)
  }
}

/** The earliest of the times that there are, or null. */
export function earliestMs(...timesMs: readonly (number | null)[]): number | null {
  return timesMs.reduce((first, time) => (first === null || (time !== null && time < first) ? time : first), null)
}
