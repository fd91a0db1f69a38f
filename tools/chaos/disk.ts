import { DatabaseSync } from 'node:sqlite'
import { z } from 'zod'
import { PosRecord } from '../../domain/contracts/pos.ts'
import { type Books, booksOf } from '../../domain/ledger/invariants.ts'
import { rebuild } from '../../domain/ledger/memory.ts'
import type { RedemptionRecord } from '../../domain/rewards/types.ts'
import {
  accountOf,
  type AccountRow,
  entryOf,
  type EntryRow,
  lotOf,
  type LotRow,
  openHoldsOf,
  pendingsOf,
} from '../../durable-objects/customer-account/rows.ts'

/** The ledgers as they lie on disk, read past the Worker. */

export interface DiskAccount {
  readonly merchantId: string
  readonly customerId: string
  readonly relayedSeq: number
  readonly books: Books
  readonly redemptions: readonly RedemptionRecord[]
}

const isRow = (row: unknown): boolean => typeof row === 'object' && row !== null
/** Only `rows.ts` of the object writes these, so they are typed and not checked again. */
const Accounts = z.array(z.custom<AccountRow>(isRow))
const Entries = z.array(z.custom<EntryRow>(isRow))
const Lots = z.array(z.custom<LotRow>(isRow))
const Redemptions = z.array(z.object({ record: z.string() }))
const Tables = z.array(z.object({ name: z.string() }))

/** What a till's object has of it. */
export interface DiskTill {
  readonly deviceId: string
  readonly nextDeviceSeq: number
  readonly records: readonly PosRecord[]
}

const Tills = z.array(z.object({ device_id: z.string(), next_device_seq: z.int() }))
const Records = z.array(z.object({ body: z.string() }))

/** What a till's object has on disk; null while it has nothing. */
export function readTill(file: string): DiskTill | null {
  const database = new DatabaseSync(file, { readOnly: true, timeout: 5_000 })
  try {
    const all = (query: string): unknown => database.prepare(query).all()
    const tables = Tables.parse(all("SELECT name FROM sqlite_master WHERE type = 'table'"))
    if (!tables.some(({ name }) => name === 'devices')) return null
    const [row] = Tills.parse(all('SELECT device_id, next_device_seq FROM devices'))
    if (row === undefined) return null
    const records = Records.parse(all('SELECT body FROM records ORDER BY record'))
    return {
      deviceId: row.device_id,
      nextDeviceSeq: row.next_device_seq,
      records: records.map(({ body }) => PosRecord.parse(JSON.parse(body))),
    }
  } finally {
    database.close()
  }
}

/** What an account's database holds; null while nothing was booked in it. */
export function readAccount(file: string): DiskAccount | null {
  const database = new DatabaseSync(file, { readOnly: true, timeout: 5_000 })
  try {
    const all = (query: string): unknown => database.prepare(query).all()
    const tables = Tables.parse(all("SELECT name FROM sqlite_master WHERE type = 'table'"))
    if (!tables.some(({ name }) => name === 'accounts')) return null
    // One moment, though the Worker may be writing.
    database.exec('BEGIN')
    const [row] = Accounts.parse(all('SELECT * FROM accounts'))
    if (row === undefined) return null
    const entries = Entries.parse(all('SELECT * FROM entries ORDER BY seq')).map(entryOf)
    const open = openHoldsOf(row)
    // Ended holds are kept as entries only.
    const ended = booksOf(rebuild(entries)).holds.filter(({ state }) => state !== 'open')
    return {
      merchantId: row.merchant_id,
      customerId: row.customer_id,
      relayedSeq: row.relayed_seq,
      books: {
        account: accountOf(row),
        entries,
        lots: Lots.parse(all('SELECT * FROM lots ORDER BY id')).map(lotOf),
        holds: [...ended, ...open].toSorted((a, b) => a.openedSeq - b.openedSeq),
        pendings: pendingsOf(row).toSorted((a, b) => a.seq - b.seq),
      },
      redemptions: Redemptions.parse(all('SELECT record FROM redemptions')).map(recordOf),
    }
  } finally {
    database.close()
  }
}

function recordOf({ record }: { readonly record: string }): RedemptionRecord {
  return z.custom<RedemptionRecord>((value) => typeof value === 'object').parse(JSON.parse(record))
}
