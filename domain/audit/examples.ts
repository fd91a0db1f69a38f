import type { Books } from '../ledger/invariants.ts'
import type { Entry } from '../ledger/types.ts'
import { LedgerAuditor } from './auditor.ts'
import type { EntryLookup } from './fold.ts'

/** Entries in an array, as good or bad as they are, to be looked up. */
function lookupIn(entries: readonly Entry[]): EntryLookup {
  const ofOrder = new Set(['earn', 'earn_pending', 'activate', 'cancel_pending', 'clawback'])
  return {
    entry: (seq) => entries.find((entry) => entry.seq === seq),
    entryByExternalId: (externalId) => entries.find((entry) => entry.externalId === externalId),
    entriesOfOrder: (gid) => entries.filter(({ orderGid, type }) => orderGid === gid && ofOrder.has(type)),
  }
}

/** Books that have been read to their end. */
export function audited({ account, entries, lots, holds, pendings }: Books): LedgerAuditor {
  const auditor = new LedgerAuditor(lookupIn(entries))
  for (const entry of entries) auditor.take(entry)
  const middle = lots[lots.length >> 1]?.id ?? 0
  auditor.compareLots(
    lots.filter(({ id }) => id <= middle),
    middle,
  )
  auditor.compareLots(
    lots.filter(({ id }) => id > middle),
    Number.POSITIVE_INFINITY,
  )
  auditor.compareAccount({
    account,
    openHolds: holds.filter(({ state }) => state === 'open'),
    pendings,
    relayedSeq: account.seq,
    remaining: lots.reduce((sum, { remaining }) => sum + remaining, 0),
  })
  return auditor
}
