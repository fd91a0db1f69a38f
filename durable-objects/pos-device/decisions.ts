import { type Refusal, refuse } from '../../domain/contracts/errors.ts'
import type { PosDecision, PosRecord } from '../../domain/contracts/pos.ts'
import type { VersionedSettings } from '../../domain/contracts/settings.ts'
import { lotTerms } from '../../domain/earning/commands.ts'
import type { Adjust } from '../../domain/ledger/types.ts'
import type { AccountRef, DeviceRef, PosDecided } from '../kernel/protocol.ts'
import { withRetry } from '../kernel/retry.ts'
import { customerAccount } from '../kernel/stubs.ts'
import type { Deciding, DeviceStore } from './store.ts'

/** What a decision is made with. */
export interface DecisionContext {
  readonly env: Env
  readonly store: DeviceStore
  readonly device: DeviceRef
  readonly settings: VersionedSettings
  readonly nowMs: number
}

const NOT_FOUND: PosDecided = { ok: false, refusal: refuse('not_found', 'The device has no such record.') }
const DECIDED: PosDecided = {
  ok: false,
  refusal: refuse('already_decided', 'There is nothing to decide about this item any more.'),
}

/**
 * The merchant's decision about a rejected item, one at a time for a device. A correction is booked under the record's
 * number, and the decision is noted before: whoever repeats it, or comes after one that died, ends where the first did.
 */
export async function decideRecord(
  context: DecisionContext,
  number: number,
  decision: PosDecision,
  by: string,
): Promise<PosDecided> {
  const { store, device } = context
  const record = store.record(number)
  if (record === undefined) return NOT_FOUND
  if (record.task !== 'open') return isSame(record, decision, by) ? { ok: true, record } : DECIDED
  const begun = store.deciding(number)
  if (begun !== null && !(await isGivenUp(context, record, begun))) {
    return decideRecord(context, number, decision, by)
  }
  const deciding: Deciding = { decision, by }
  if (decision.points === undefined) return close(context, record, deciding)
  const refusal = unbookable(record, decision.points, context.settings)
  if (refusal !== null) return { ok: false, refusal }
  store.transaction(device, () => store.setDeciding(number, deciding))
  return book(context, record, deciding)
}

/** Finishes a decision that was begun. True: its correction was refused, so that the item is open still. */
async function isGivenUp(context: DecisionContext, record: PosRecord, begun: Deciding): Promise<boolean> {
  return !(await book(context, record, begun)).ok
}

async function book(context: DecisionContext, record: PosRecord, deciding: Deciding): Promise<PosDecided> {
  const { env, store, device, settings, nowMs } = context
  const { decision, by } = deciding
  const { merchantId, deviceId } = device
  const ref: AccountRef = {
    merchantId,
    customerId: record.customer_id ?? '',
    shopifyCustomerGid: null,
    currency: settings.settings.currency,
  }
  const command: Adjust = {
    kind: 'adjust',
    source: 'pos',
    actor: by,
    effectiveAtMs: nowMs,
    adjustmentId: `pos:${deviceId}:${record.record}`,
    points: decision.points ?? 0,
    reason: decision.note,
    allowDebt: false,
    terms: lotTerms(settings),
  }
  const newStub = () => customerAccount(env, merchantId, ref.customerId)
  const isKnown = (await withRetry(newStub, (stub) => stub.balance(ref))) !== null
  const [outcome] = isKnown ? await withRetry(newStub, (stub) => stub.executeBatch(ref, [command])) : []
  const refusal = outcome === undefined ? NOBODY : outcome.outcome === 'refused' ? outcome.refusal : null
  if (refusal === null) return close(context, record, deciding)
  store.transaction(device, () => store.setDeciding(record.record, null))
  return { ok: false, refusal }
}

function close({ store, device, nowMs }: DecisionContext, record: PosRecord, deciding: Deciding): PosDecided {
  const { decision, by } = deciding
  const decided: PosRecord = {
    ...record,
    points: decision.points ?? record.points,
    task: decision.decision === 'book' ? 'booked' : 'dismissed',
    decided_at: new Date(nowMs).toISOString(),
    decided_by: by,
    note: decision.note,
    version: record.version + 1,
  }
  store.transaction(device, () => store.change(decided))
  return { ok: true, record: decided }
}

/** The same decision once more, by the same person. */
function isSame(record: PosRecord, { decision, points, note }: PosDecision, by: string): boolean {
  const task = decision === 'book' ? 'booked' : 'dismissed'
  const isPoints = points === undefined || points === record.points
  return record.task === task && record.decided_by === by && record.note === note && isPoints
}

const NOBODY = refuse('validation_failed', 'No account has the id that the item names: dismiss it.', '/decision')

/** Why a correction of so many points cannot be booked from here. */
function unbookable(
  { customer_id: customerId }: PosRecord,
  points: number,
  settings: VersionedSettings,
): Refusal | null {
  if (customerId === null) {
    return refuse('validation_failed', 'The item names no customer: dismiss it.', '/decision')
  }
  const { approval_above_points: limit } = settings.settings.adjustments
  if (limit === null || Math.abs(points) <= limit) return null
  const detail = `A correction of more than ${limit} points needs a second person: dismiss the item and correct the balance.`
  return refuse('second_person_required', detail, '/points')
}
