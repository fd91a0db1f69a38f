import { z } from 'zod'
import { dueAtMs } from '../../domain/rewards/redemption.ts'
import type { RedemptionRecord } from '../../domain/rewards/types.ts'
import type { RedemptionsQuery } from '../kernel/protocol.ts'
import { earliestMs } from '../kernel/wake.ts'
import type { Store } from './store.ts'

type Row = { number: number; relayed_version: number; record: string }

/** Written here and nowhere else, so it is checked for its outer form only. */
const Stored = z.custom<RedemptionRecord>(
  (value) => typeof value === 'object' && value !== null && 'id' in value && 'version' in value,
)

/** A redemption that is kept in memory: unsent, or with something still to come. */
interface Open {
  readonly record: RedemptionRecord
  readonly relayedVersion: number
}

/** The redemptions in the object's SQLite. Reading an account that was never written leaves nothing behind. */
export class RedemptionStore {
  readonly #sql: SqlStorage
  readonly #store: Store
  #open: Map<string, Open> | undefined
  /** The store's rollbacks when `#open` was read: what a failed transaction wrote is not there. */
  #rollbacks = 0

  constructor(sql: SqlStorage, store: Store) {
    this.#sql = sql
    this.#store = store
  }

  find(id: string): RedemptionRecord | undefined {
    return this.#loaded().get(id)?.record ?? this.#rows('WHERE id = ?', id).map(recordOf)[0]
  }

  findByCode(code: string): RedemptionRecord | undefined {
    return this.#rows('WHERE code = ?', code).map(recordOf)[0]
  }

  /** Those whose code was used by an order. */
  findByOrder(orderGid: string): readonly RedemptionRecord[] {
    return this.#rows('WHERE order_gid = ?', orderGid).map(recordOf)
  }

  /** Those whose code is out and was not used yet. */
  issued(): readonly RedemptionRecord[] {
    return this.#rows("WHERE state = 'issued' ORDER BY number").map(recordOf)
  }

  /** Newest first, with the `before` of the next page. */
  page({ before, limit, state, rewardId }: RedemptionsQuery) {
    const conditions = [
      'number < ?',
      ...(state === null ? [] : ['state = ?']),
      ...(rewardId === null ? [] : ['reward_id = ?']),
    ]
    const found = this.#rows(
      `WHERE ${conditions.join(' AND ')} ORDER BY number DESC LIMIT ?`,
      before === null ? Number.MAX_SAFE_INTEGER : Number(before),
      ...(state === null ? [] : [state]),
      ...(rewardId === null ? [] : [rewardId]),
      limit + 1,
    )
    const shown = found.slice(0, limit)
    const last = shown.at(-1)
    const next = found.length > shown.length && last !== undefined ? String(last.number) : null
    return { redemptions: shown.map(recordOf), next }
  }

  /** By reward, those that count against its limit per customer. */
  counts(): Record<string, number> {
    if (!this.#store.hasTables) return {}
    const rows = this.#sql.exec<{ reward_id: string; count: number }>(
      "SELECT reward_id, count(*) AS count FROM redemptions WHERE state <> 'cancelled' GROUP BY reward_id",
    )
    return Object.fromEntries(Array.from(rows, ({ reward_id, count }) => [reward_id, count]))
  }

  /** Those whose last change is not on the queue yet. */
  get unsent(): readonly RedemptionRecord[] {
    return [...this.#loaded().values()].filter(isUnsent).map(({ record }) => record)
  }

  /** Those that the clock has something to say about by now. */
  due(nowMs: number): readonly RedemptionRecord[] {
    return this.#records().filter((record) => isBy(dueAtMs(record), nowMs))
  }

  /** Those whose next attempt with the shop it is time for. */
  toAttempt(nowMs: number): readonly RedemptionRecord[] {
    return this.#records().filter(({ nextAttemptAtMs }) => isBy(nextAttemptAtMs, nowMs))
  }

  /** When {@link due} has something next; null: never. */
  get nextDueAtMs(): number | null {
    return earliestMs(...this.#records().map(dueAtMs))
  }

  /** When {@link toAttempt} has something next; null: never. */
  get nextAttemptAtMs(): number | null {
    return earliestMs(...this.#records().map(({ nextAttemptAtMs }) => nextAttemptAtMs))
  }

  /** Adds or replaces one. Only within a transaction of the store. */
  put(record: RedemptionRecord): void {
    this.#store.createTables()
    const known = this.#loaded().get(record.id)?.relayedVersion ?? this.#relayedVersion(record.id)
    const row = { record, relayedVersion: known ?? 0 }
    if (known === undefined) this.#insert(row)
    else this.#update(row)
  }

  /** Notes that these are on the queue, each as of its version. */
  noteSent(sent: readonly RedemptionRecord[]): void {
    this.#store.transaction(() => {
      for (const { id, version } of sent) {
        const open = this.#loaded().get(id)
        if (open !== undefined && open.relayedVersion < version) this.#update({ ...open, relayedVersion: version })
      }
    })
  }

  /** Four rows: this one, its id, its code, and the mark that it is open. */
  #insert(row: Open): void {
    const { record, relayedVersion } = row
    this.#sql.exec(
      `INSERT INTO redemptions (id, code, reward_id, state, is_open, relayed_version, record)
       VALUES (?, ?, ?, ?, 1, ?, ?)`,
      record.id,
      record.code,
      record.rewardId,
      record.state,
      relayedVersion,
      JSON.stringify(record),
    )
    this.#loaded().set(record.id, row)
  }

  #update(row: Open): void {
    const { record, relayedVersion } = row
    const { id, state } = record
    const open = this.#loaded()
    this.#sql.exec(
      'UPDATE redemptions SET state = ?, relayed_version = ?, record = ? WHERE id = ?',
      state,
      relayedVersion,
      JSON.stringify(record),
      id,
    )
    // A row more each, and only where it changes: naming an indexed column writes its index even if it stays the same.
    if (isOpen(row) !== open.has(id)) {
      this.#sql.exec('UPDATE redemptions SET is_open = ? WHERE id = ?', isOpen(row) ? 1 : 0, id)
    }
    if (record.orderGid !== null && this.findByOrder(record.orderGid).every((known) => known.id !== id)) {
      this.#sql.exec('UPDATE redemptions SET order_gid = ? WHERE id = ?', record.orderGid, id)
    }
    if (isOpen(row)) open.set(id, row)
    else open.delete(id)
  }

  #relayedVersion(id: string): number | undefined {
    return this.#rows('WHERE id = ?', id)[0]?.relayed_version
  }

  #records(): RedemptionRecord[] {
    return Array.from(this.#loaded().values(), ({ record }) => record)
  }

  #loaded(): Map<string, Open> {
    if (this.#open === undefined || this.#rollbacks !== this.#store.rollbacks) {
      this.#rollbacks = this.#store.rollbacks
      const rows = this.#rows('WHERE is_open = 1 ORDER BY number')
      this.#open = new Map(
        rows.map((row) => {
          const record = recordOf(row)
          return [record.id, { record, relayedVersion: row.relayed_version }]
        }),
      )
    }
    return this.#open
  }

  #rows(where: string, ...bindings: SqlStorageValue[]): Row[] {
    if (!this.#store.hasTables) return []
    return this.#sql
      .exec<Row>(`SELECT number, relayed_version, record FROM redemptions ${where}`, ...bindings)
      .toArray()
  }
}

function recordOf({ record }: Row): RedemptionRecord {
  return Stored.parse(JSON.parse(record))
}

function isUnsent({ record, relayedVersion }: Open): boolean {
  return record.version > relayedVersion
}

/** Unsent, or with something still to come. */
function isOpen(row: Open): boolean {
  const { record } = row
  return isUnsent(row) || record.nextAttemptAtMs !== null || record.leaseEndsAtMs !== 0 || dueAtMs(record) !== null
}

function isBy(atMs: number | null, nowMs: number): boolean {
  return atMs !== null && atMs <= nowMs
}
