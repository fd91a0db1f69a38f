/**
 * The slots of rewards that there is a limited number of. The hub is one object that does one thing at a time, so the
 * limit is exact however many customers redeem at once. Only rewards with `limit_total` come here.
 */
export class RewardSlots {
  readonly #storage: DurableObjectStorage

  constructor(storage: DurableObjectStorage) {
    this.#storage = storage
  }

  /** Takes one of `limit` slots; true if the redemption has one now, also where it had it before. */
  take(rewardId: string, redemptionId: string, limit: number): boolean {
    return this.#storage.transactionSync(() => {
      if (this.#has(rewardId, redemptionId)) return true
      if (this.#taken(rewardId) >= limit) return false
      this.#storage.sql.exec('INSERT INTO reward_slots VALUES (?, ?)', rewardId, redemptionId)
      this.#count(rewardId, 1)
      return true
    })
  }

  /** Gives a slot back; nothing happens where there is none. */
  free(rewardId: string, redemptionId: string): void {
    this.#storage.transactionSync(() => {
      if (!this.#has(rewardId, redemptionId)) return
      const { sql } = this.#storage
      sql.exec('DELETE FROM reward_slots WHERE reward_id = ? AND redemption_id = ?', rewardId, redemptionId)
      this.#count(rewardId, -1)
    })
  }

  /** How many are taken, by reward. */
  counts(): Record<string, number> {
    const rows = this.#storage.sql.exec<{ reward_id: string; taken: number }>('SELECT * FROM reward_slot_counts')
    return Object.fromEntries(Array.from(rows, ({ reward_id, taken }) => [reward_id, taken]))
  }

  #has(rewardId: string, redemptionId: string): boolean {
    const query = 'SELECT 1 FROM reward_slots WHERE reward_id = ? AND redemption_id = ?'
    return this.#storage.sql.exec(query, rewardId, redemptionId).toArray().length > 0
  }

  #taken(rewardId: string): number {
    const query = 'SELECT taken FROM reward_slot_counts WHERE reward_id = ?'
    return this.#storage.sql.exec<{ taken: number }>(query, rewardId).toArray()[0]?.taken ?? 0
  }

  #count(rewardId: string, by: 1 | -1): void {
    this.#storage.sql.exec(
      `INSERT INTO reward_slot_counts VALUES (?1, max(0, ?2))
       ON CONFLICT (reward_id) DO UPDATE SET taken = taken + ?2`,
      rewardId,
      by,
    )
  }
}
