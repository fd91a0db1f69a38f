import type { Entry } from '../ledger/types.ts'
import type { RedemptionRecord } from './types.ts'

/**
 * What must hold between a customer's redemptions and the ledger at every time, beside the ledger's own invariants:
 * points are held while a redemption is pending, spent exactly when it was issued, and came back as it says.
 * Answers with what is wrong, in words for whoever has to find out why; nothing when all is well.
 */
export function redemptionViolations(
  records: readonly RedemptionRecord[],
  entries: readonly Entry[],
): readonly string[] {
  const byId = new Map(entries.map((entry) => [entry.externalId, entry]))
  return records.flatMap((record) => violationsOfOne(record, byId).map((what) => `redemption ${record.id}: ${what}`))
}

function violationsOfOne(record: RedemptionRecord, entries: ReadonlyMap<string, Entry>): readonly string[] {
  const { id, state, ending, points, pointsReturned, capturedSeq, version } = record
  const hold = entries.get(`hold:${id}`)
  const capture = entries.get(`hold:${id}:capture`)
  const release = entries.get(`hold:${id}:release`)
  const reversal = capture && entries.get(`reversal:${capture.seq}`)
  const lateUse = entries.get(`adjust:late-use:${id}`)
  const returned = [...entries].flatMap(([externalId, entry]) =>
    isReturn(externalId, id, capture?.seq) ? [entry] : [],
  )
  const moved = [capture, reversal, lateUse, ...returned].reduce((sum, entry) => sum + (entry?.points ?? 0), 0)
  const isPending = state === 'pending'
  const spent = isPending ? 0 : points - pointsReturned
  return [
    ...unless(hold?.detail.heldPoints === points, `holds ${hold?.detail.heldPoints} points instead of ${points}`),
    ...unless(isPending === (capture === undefined && release === undefined), `is ${state}, its hold is not`),
    ...unless(capture === undefined || release === undefined, 'is both captured and released'),
    ...unless(capturedSeq === (capture?.seq ?? null), `knows capture ${capturedSeq}, the ledger ${capture?.seq}`),
    ...unless(moved + spent === 0, `moved ${moved} points, but says that it took ${spent}`),
    ...unless(!['issued', 'expired'].includes(state) || capture !== undefined, `is ${state}, but not captured`),
    ...unless(lateUse === undefined || state === 'used', `was used late, but is ${state}`),
    ...unless(ending === null || state === 'issued', `is ending, but ${state}`),
    ...unless(Number.isSafeInteger(version) && version >= 1, `has version ${version}`),
  ]
}

/** Of points that came back because the order that used the code was refunded. */
function isReturn(externalId: string, id: string, capturedSeq: number | undefined): boolean {
  const ofCapture = externalId.startsWith('return:') && externalId.endsWith(`:${capturedSeq}`)
  return ofCapture || externalId.startsWith(`adjust:late-use:${id}:`)
}

function unless(holds: boolean, what: string): readonly string[] {
  return holds ? [] : [what]
}
