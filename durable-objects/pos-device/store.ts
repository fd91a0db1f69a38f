import { z } from 'zod'
import { PosDecision, type PosRecord, PosRecord as PosRecordSchema, ReservedCode } from '../../domain/contracts/pos.ts'
import { NO_UPLOADS, type Uploads, utcDay } from '../../domain/pos/clock.ts'
import type { DeviceBooks, KnownCode, TakenItem } from '../../domain/pos/types.ts'
import { POS_DEVICE_MIGRATIONS } from '../../migrations/durable-objects/pos-device/index.ts'
import { isMigrated, migrate } from '../kernel/migrate.ts'
import type { DeviceRef } from '../kernel/protocol.ts'

/** Items whose booking is under way, in the order of their numbers, and the currency of the shop. */
export interface Plan {
  readonly currency: string
  readonly items: readonly TakenItem[]
}

type DeviceRow = {
  merchant_id: string
  device_id: string
  next_device_seq: number
  records: number
  uploads: string
  overdraft_day: string
  overdraft_points: number
  revoked_at_ms: number | null
  plan: string | null
}
type CodeRow = { code: string; title: string; points: number; expires_at_ms: number; used_by: number | null }

/** Written here and nowhere else, so only their outer form is checked. */
const StoredPlan = z.custom<Plan>((value) => typeof value === 'object' && value !== null && 'items' in value)
const StoredUploads = z.custom<Uploads>((value) => typeof value === 'object' && value !== null && 'floorMs' in value)

/** What is kept of a decision while it is being booked. */
const Deciding = z.object({ decision: PosDecision, by: z.string() })
export type Deciding = z.infer<typeof Deciding>

/** A record that is new, and what it is found by. */
export interface NewRecord {
  readonly record: PosRecord
  readonly taken: TakenItem
}

/** The device in the object's SQLite. Tables are made by the first write. */
export class DeviceStore implements DeviceBooks {
  readonly #storage: DurableObjectStorage
  readonly #onWrite: () => void
  #row: DeviceRow | undefined
  #hasTables = false

  /** @param onWrite called in the same turn as each write, so that an alarm that it sets is committed together with it. */
  constructor(storage: DurableObjectStorage, onWrite: () => void = () => undefined) {
    this.#storage = storage
    this.#onWrite = onWrite
    if (!isMigrated(storage.sql)) return
    migrate(storage, POS_DEVICE_MIGRATIONS)
    this.#hasTables = true
  }

  get identity(): DeviceRef | null {
    const row = this.#device()
    return row === undefined ? null : { merchantId: row.merchant_id, deviceId: row.device_id }
  }
  get nextDeviceSeq(): number {
    return this.#device()?.next_device_seq ?? 1
  }
  get records(): number {
    return this.#device()?.records ?? 0
  }
  get uploads(): Uploads {
    const row = this.#device()
    return row === undefined ? NO_UPLOADS : StoredUploads.parse(JSON.parse(row.uploads))
  }
  get isRevoked(): boolean {
    return (this.#device()?.revoked_at_ms ?? null) !== null
  }
  get plan(): Plan | null {
    const text = this.#device()?.plan ?? null
    return text === null ? null : StoredPlan.parse(JSON.parse(text))
  }
  get unsentCount(): number {
    return this.#hasTables
      ? this.#storage.sql.exec<{ n: number }>('SELECT COUNT(*) AS n FROM records WHERE relayed_version < version').one()
          .n
      : 0
  }

  /** How many points the device has let customers owe on this day (UTC). */
  overdraftOn(day: string): number {
    const row = this.#device()
    return row?.overdraft_day === day ? row.overdraft_points : 0
  }
  hasOpId(opId: string): boolean {
    return this.#rows('SELECT 1 FROM records WHERE op_id = ?', opId).length > 0
  }
  recordByFingerprint(fingerprint: string): PosRecord | undefined {
    return this.#record('SELECT body FROM records WHERE fingerprint = ?', fingerprint)
  }
  record(record: number): PosRecord | undefined {
    return this.#record('SELECT body FROM records WHERE record = ?', record)
  }
  /** The decision about a record that is being booked, or null. */
  deciding(record: number): Deciding | null {
    const row = this.#rows<{ deciding: string | null }>('SELECT deciding FROM records WHERE record = ?', record)[0]
    return row?.deciding ? Deciding.parse(JSON.parse(row.deciding)) : null
  }
  code(code: string): KnownCode | undefined {
    const row = this.#rows<CodeRow>('SELECT * FROM codes WHERE code = ?', code)[0]
    if (row === undefined) return undefined
    const { title, points, expires_at_ms: expiresAtMs, used_by: usedBy } = row
    return { code, title, points, expiresAtMs, isUsed: usedBy !== null }
  }
  /** The codes that nobody has used and that are still good, the oldest first. */
  unusedCodes(nowMs: number): ReservedCode[] {
    return this.#rows<{ body: string }>(
      'SELECT body FROM codes WHERE used_by IS NULL AND expires_at_ms > ? ORDER BY expires_at_ms, code',
      nowMs,
    ).map(({ body }) => ReservedCode.parse(JSON.parse(body)))
  }
  /** Records whose newest version is not on the queue, the oldest first. */
  unsent(limit: number): PosRecord[] {
    return this.#rows<{ body: string }>(
      'SELECT body FROM records WHERE relayed_version < version ORDER BY record LIMIT ?',
      limit,
    ).map(({ body }) => recordOf(body))
  }

  /** Runs `body` in one transaction: all that it writes is there, or nothing of it. */
  transaction<T>(ref: DeviceRef, body: () => T): T {
    try {
      const result = this.#storage.transactionSync(() => {
        this.#create(ref)
        return body()
      })
      this.#onWrite()
      return result
    } catch (error) {
      this.#row = undefined
      this.#hasTables = isMigrated(this.#storage.sql)
      throw error
    }
  }

  /** Notes what is about to be booked; its codes are used from now on. */
  begin(plan: Plan): void {
    this.#set('plan', JSON.stringify(plan))
    for (const { draft, booking } of plan.items) {
      if (booking?.command.kind !== 'redeem') continue
      this.#storage.sql.exec('UPDATE codes SET used_by = ? WHERE code = ?', draft.device_seq, draft.code)
    }
  }

  /** Adds records, moves the device's number, counts the overdraft; `rest` is what is still to be booked. */
  add(added: readonly NewRecord[], rest: Plan | null): void {
    for (const { record, taken } of added) {
      this.#storage.sql.exec(
        'INSERT INTO records (record, fingerprint, op_id, version, relayed_version, body) VALUES (?, ?, ?, 1, 0, ?)',
        record.record,
        taken.fingerprint,
        taken.draft.reason === 'op_id_reused' ? null : record.op_id,
        JSON.stringify(record),
      )
      if (record.overdraft_points > 0) this.#addOverdraft(utcDay(Date.parse(record.received_at)), record)
    }
    const taken = added.filter(({ taken: { takesNumber } }) => takesNumber).length
    this.#set('next_device_seq', this.nextDeviceSeq + taken)
    this.#set('records', this.records + added.length)
    this.#set('plan', rest === null ? null : JSON.stringify(rest))
  }

  /** Replaces a record by its next version. */
  change(record: PosRecord): void {
    this.#storage.sql.exec(
      'UPDATE records SET version = ?, body = ?, deciding = NULL WHERE record = ?',
      record.version,
      JSON.stringify(record),
      record.record,
    )
  }
  setDeciding(record: number, deciding: Deciding | null): void {
    const text = deciding === null ? null : JSON.stringify(deciding)
    this.#storage.sql.exec('UPDATE records SET deciding = ? WHERE record = ?', text, record)
  }
  setUploads(uploads: Uploads): void {
    this.#set('uploads', JSON.stringify(uploads))
  }
  addCode(code: ReservedCode): void {
    this.#storage.sql.exec(
      'INSERT INTO codes (code, reward_id, title, points, expires_at_ms, body) VALUES (?, ?, ?, ?, ?, ?)',
      code.code,
      code.reward_id,
      code.title,
      code.points,
      Date.parse(code.expires_at),
      JSON.stringify(code),
    )
  }
  /** Ends the device: its unused codes are no codes any more. */
  revoke(nowMs: number): void {
    if (this.isRevoked) return
    this.#set('revoked_at_ms', nowMs)
    this.#storage.sql.exec('DELETE FROM codes WHERE used_by IS NULL')
  }
  /** These versions are on the queue. */
  noteSent(records: readonly PosRecord[]): void {
    this.#storage.transactionSync(() => {
      for (const { record, version } of records) {
        this.#storage.sql.exec('UPDATE records SET relayed_version = ? WHERE record = ?', version, record)
      }
    })
  }

  #addOverdraft(day: string, { overdraft_points: points }: PosRecord): void {
    const known = this.#device()?.overdraft_day ?? ''
    // What was planned the day before and booked only now counts for a day that is over.
    if (day < known) return
    this.#set('overdraft_points', points + this.overdraftOn(day))
    this.#set('overdraft_day', day)
  }

  #create({ merchantId, deviceId }: DeviceRef): void {
    if (!this.#hasTables) migrate(this.#storage, POS_DEVICE_MIGRATIONS)
    this.#hasTables = true
    if (this.#device() !== undefined) return
    this.#storage.sql.exec(
      `INSERT INTO devices (id, merchant_id, device_id, next_device_seq, records, uploads, overdraft_day, overdraft_points)
       VALUES (1, ?, ?, 1, 0, ?, '', 0)`,
      merchantId,
      deviceId,
      JSON.stringify(NO_UPLOADS),
    )
    this.#row = undefined
  }

  #set<Column extends keyof DeviceRow>(column: Column, value: DeviceRow[Column]): void {
    const row = this.#device()
    if (row === undefined) throw new Error('the device is written within a transaction')
    this.#storage.sql.exec(`UPDATE devices SET ${column} = ?`, value)
    row[column] = value
  }

  #device(): DeviceRow | undefined {
    this.#row ??= this.#rows<DeviceRow>('SELECT * FROM devices')[0]
    return this.#row
  }
  #record(query: string, key: string | number): PosRecord | undefined {
    const row = this.#rows<{ body: string }>(query, key)[0]
    return row === undefined ? undefined : recordOf(row.body)
  }
  #rows<Row extends Record<string, SqlStorageValue>>(query: string, ...bindings: SqlStorageValue[]): Row[] {
    return this.#hasTables ? this.#storage.sql.exec<Row>(query, ...bindings).toArray() : []
  }
}

function recordOf(body: string): PosRecord {
  return PosRecordSchema.parse(JSON.parse(body))
}
