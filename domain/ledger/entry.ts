import { sha256Canonical } from './canonical.ts'
import type { AccountState, Entry } from './types.ts'

/** What a rule says about an entry; the ledger adds its place in the chain. */
export type EntryFields = Omit<Entry, 'seq' | 'recordedAtMs' | 'previousHash' | 'hash'>

/** Keeps the sign of 0 out of the books: −0 and 0 are the same points, but not the same value. */
export function negative(points: number): number {
  return points === 0 ? 0 : -points
}

function hashOf({
  seq,
  type,
  points,
  source,
  externalId,
  fingerprint,
  effectiveAtMs,
  recordedAtMs,
  actor,
  allocations,
  orderGid,
  ruleVersion,
  detail: { rule, parts, terms, ...detail },
  previousHash,
}: Omit<Entry, 'hash'>): string {
  return sha256Canonical({
    seq,
    type,
    points,
    source,
    externalId,
    fingerprint,
    effectiveAtMs,
    recordedAtMs,
    actor,
    allocations: allocations.map((allocation) => ({ lot: allocation.lot, points: allocation.points })),
    orderGid,
    ruleVersion,
    detail: {
      ...detail,
      rule: rule && { ...rule },
      parts: parts && { ...parts },
      terms: terms && { ...terms },
    },
    previousHash,
  })
}

/** Gives the next entry its number and its place in the hash chain. */
export function sealEntry(account: AccountState, fields: EntryFields, recordedAtMs: number): Entry {
  const unsealed = { ...fields, seq: account.seq + 1, recordedAtMs, previousHash: account.lastHash }
  return { ...unsealed, hash: hashOf(unsealed) }
}

/** True when the entry's hash is the hash of what it says and of its predecessor. */
export function verifiesAfter(entry: Entry, previousHash: string): boolean {
  return entry.previousHash === previousHash && hashOf(entry) === entry.hash
}
