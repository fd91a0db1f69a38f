import { z } from 'zod'
import type {
  AccountState,
  Allocation,
  Entry,
  EntryDetail,
  EntryType,
  Hold,
  Inactivity,
  Lot,
  Pending,
  Source,
} from '../../domain/ledger/types.ts'

/**
 * How the ledger's shapes lie in SQLite. The tables are written here and nowhere else, so rows are typed and not checked
 * again; JSON columns are checked for their outer form only, because an unknown inner field must survive: it is part of
 * the entry's hash.
 */

export type AccountRow = {
  merchant_id: string
  customer_id: string
  shopify_customer_gid: string | null
  currency: string | null
  seq: number
  relayed_seq: number
  posted: number
  debt: number
  held: number
  pending: number
  lifetime_earned: number
  lifetime_redeemed: number
  lifetime_expired: number
  lifetime_clawed_back: number
  lifetime_adjusted: number
  last_hash: string
  last_recorded_at_ms: number
  merged_into: string | null
  open_holds: string
  pendings: string
  last_activity_at_ms: number
  merged_from: string
  merge_delivered_seq: number
  merge_target_gid: string | null
}

export type EntryRow = {
  seq: number
  type: EntryType
  points: number
  source: Source
  external_id: string
  fingerprint: string
  effective_at_ms: number
  recorded_at_ms: number
  actor: string
  allocations: string
  order_gid: string | null
  rule_version: number | null
  detail: string
  previous_hash: string
  hash: string
}

export type LotRow = {
  id: number
  granted: number
  remaining: number
  pinned: number
  consumed: number
  expired: number
  clawed: number
  moved: number
  expires_at_ms: number | null
  order_gid: string | null
  inactivity: string | null
}

const Allocations = z.custom<readonly Allocation[]>((value) => Array.isArray(value))
const Holds = z.custom<readonly Hold[]>((value) => Array.isArray(value))
const Pendings = z.custom<readonly Pending[]>((value) => Array.isArray(value))
const Inactive = z.custom<Inactivity>((value) => typeof value === 'object' && value !== null && 'days' in value)
const CustomerIds = z.array(z.string())
const Detail = z.custom<EntryDetail>((value) => typeof value === 'object' && value !== null && !Array.isArray(value))

/** The ledger's part of the account row. */
export function accountOf(row: AccountRow): AccountState {
  return {
    seq: row.seq,
    posted: row.posted,
    debt: row.debt,
    held: row.held,
    pending: row.pending,
    lifetime: {
      earned: row.lifetime_earned,
      redeemed: row.lifetime_redeemed,
      expired: row.lifetime_expired,
      clawedBack: row.lifetime_clawed_back,
      adjusted: row.lifetime_adjusted,
    },
    lastHash: row.last_hash,
    lastRecordedAtMs: row.last_recorded_at_ms,
    lastActivityAtMs: row.last_activity_at_ms,
    mergedInto: row.merged_into,
    mergedFrom: CustomerIds.parse(JSON.parse(row.merged_from)),
  }
}

export function entryOf(row: EntryRow): Entry {
  return {
    seq: row.seq,
    type: row.type,
    points: row.points,
    source: row.source,
    externalId: row.external_id,
    fingerprint: row.fingerprint,
    effectiveAtMs: row.effective_at_ms,
    recordedAtMs: row.recorded_at_ms,
    actor: row.actor,
    allocations: Allocations.parse(JSON.parse(row.allocations)),
    orderGid: row.order_gid,
    ruleVersion: row.rule_version,
    detail: Detail.parse(JSON.parse(row.detail)),
    previousHash: row.previous_hash,
    hash: row.hash,
  }
}

export function lotOf(row: LotRow): Lot {
  return {
    id: row.id,
    granted: row.granted,
    remaining: row.remaining,
    pinned: row.pinned,
    consumed: row.consumed,
    expired: row.expired,
    clawed: row.clawed,
    moved: row.moved,
    expiresAtMs: row.expires_at_ms,
    inactivity: row.inactivity === null ? null : Inactive.parse(JSON.parse(row.inactivity)),
    orderGid: row.order_gid,
  }
}

export function openHoldsOf(row: AccountRow): readonly Hold[] {
  return Holds.parse(JSON.parse(row.open_holds))
}

export function pendingsOf(row: AccountRow): readonly Pending[] {
  return Pendings.parse(JSON.parse(row.pendings))
}

/** A hold that has ended, from the entry that opened it and the type of the one that ended it. */
export function endedHoldOf(opened: Entry, endedBy: EntryType): Hold {
  const { holdId, heldPoints, timeoutAtMs } = opened.detail
  if (holdId === undefined || heldPoints === undefined || timeoutAtMs === undefined) {
    throw new Error(`Entry ${opened.seq} is not a hold`)
  }
  const pins = opened.allocations.map(({ lot, points }): Allocation => ({ lot, points: -points }))
  const state = endedBy === 'capture' ? 'captured' : 'released'
  return { id: holdId, points: heldPoints, pins, timeoutAtMs, openedSeq: opened.seq, state }
}

/** Appends an entry: two rows, the second one in the unique index of external ids. */
export function insertEntry(sql: SqlStorage, entry: Entry): void {
  sql.exec(
    'INSERT INTO entries VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)',
    entry.seq,
    entry.type,
    entry.points,
    entry.source,
    entry.externalId,
    entry.fingerprint,
    entry.effectiveAtMs,
    entry.recordedAtMs,
    entry.actor,
    JSON.stringify(entry.allocations),
    entry.orderGid,
    entry.ruleVersion,
    JSON.stringify(entry.detail),
    entry.previousHash,
    entry.hash,
  )
}

export function putLot(sql: SqlStorage, lot: Lot): void {
  sql.exec(
    'INSERT OR REPLACE INTO lots VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)',
    lot.id,
    lot.granted,
    lot.remaining,
    lot.pinned,
    lot.consumed,
    lot.expired,
    lot.clawed,
    lot.moved,
    lot.expiresAtMs,
    lot.orderGid,
    lot.inactivity === null ? null : JSON.stringify(lot.inactivity),
  )
}

/** All that the account's one row holds. */
export interface AccountRecord {
  readonly identity: Identity
  readonly relayedSeq: number
  /** The other account has all that the merge_outs up to here carry. */
  readonly mergeDeliveredSeq: number
  /** The Shopify customer of that account, where it is known. */
  readonly mergeTargetGid: string | null
  readonly account: AccountState
  readonly openHolds: Iterable<Hold>
  readonly pendings: Iterable<Pending>
}

/** Writes the account's one row. */
export function putAccount(sql: SqlStorage, record: AccountRecord): void {
  const { identity, relayedSeq, mergeDeliveredSeq, mergeTargetGid, account, openHolds, pendings } = record
  sql.exec(
    'INSERT OR REPLACE INTO accounts VALUES (1, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)',
    identity.merchantId,
    identity.customerId,
    identity.shopifyCustomerGid,
    identity.currency,
    account.seq,
    relayedSeq,
    account.posted,
    account.debt,
    account.held,
    account.pending,
    account.lifetime.earned,
    account.lifetime.redeemed,
    account.lifetime.expired,
    account.lifetime.clawedBack,
    account.lifetime.adjusted,
    account.lastHash,
    account.lastRecordedAtMs,
    account.mergedInto,
    JSON.stringify([...openHolds]),
    JSON.stringify([...pendings]),
    account.lastActivityAtMs,
    JSON.stringify(account.mergedFrom),
    mergeDeliveredSeq,
    mergeTargetGid,
  )
}

/** Whose account it is, as the account's row remembers it. */
export interface Identity {
  readonly merchantId: string
  readonly customerId: string
  /** The first one that was heard. */
  readonly shopifyCustomerGid: string | null
  /** The last one that was heard. */
  readonly currency: string | null
}
