import type { JobMessage } from '../../../domain/contracts/jobs.ts'
import type { Command } from '../../../domain/ledger/types.ts'
import type { BatchOutcome } from '../../../durable-objects/kernel/protocol.ts'
import { logLine } from '../../../workers/platform/log.ts'
import { runOfBulkOperation, stepJob } from '../../../workers/platform/reconciliations.ts'
import { reasonOf, type Settlements } from '../../batch.ts'
import type { BulkFinishReceived, EditReceived } from './received.ts'

/** Webhooks that only say that there is something to ask Shopify for: each becomes a job. */

/** Edited orders: how one is now, only the Admin API says. */
export async function readEdited(
  env: Env,
  merchantId: string,
  edits: readonly EditReceived[],
  settlements: Settlements,
): Promise<void> {
  if (edits.length === 0) return
  try {
    await sendReads(env, merchantId, new Set(edits.map(({ webhook }) => webhook.order_gid)))
  } catch (error) {
    for (const { message } of edits) settlements.note(message, { kind: 'outage', reason: reasonOf(error) })
  }
}

/**
 * An order that comes again with other contents than it earned on was edited meanwhile: the note to be given to
 * `bookOrders`, and what is to be done afterwards. Should that fail, the next reconciliation sees the edit as well.
 */
export function watchForEdits(env: Env, merchantId: string) {
  const conflicting = new Set<string>()
  return {
    note: (command: Command, outcome: BatchOutcome): void => {
      if (command.kind !== 'earn_order' || outcome.outcome !== 'refused') return
      if (outcome.refusal.code === 'external_id_conflict') conflicting.add(command.orderGid)
    },
    readThem: async (): Promise<void> => {
      if (conflicting.size === 0) return
      try {
        await sendReads(env, merchantId, conflicting)
      } catch (error) {
        logLine('warn', 'orders not asked for', { merchant_id: merchantId, reason: reasonOf(error) })
      }
    },
  }
}

async function sendReads(env: Env, merchantId: string, orderGids: Iterable<string>): Promise<void> {
  const jobs = Array.from(orderGids, (order_gid): { body: JobMessage } => ({
    body: { job: 'read_order', merchant_id: merchantId, order_gid },
  }))
  await env.JOBS.sendBatch(jobs)
}

/** Bulk operations that have ended: the run that waits for one goes on. Those of others are none of our business. */
export async function resumeBackfills(
  env: Env,
  merchantId: string,
  finishes: readonly BulkFinishReceived[],
  settlements: Settlements,
): Promise<void> {
  for (const { message, webhook } of finishes) {
    try {
      const run = await runOfBulkOperation(env, merchantId, webhook.bulk_operation_gid)
      if (run !== undefined) await env.JOBS.send(stepJob(run))
    } catch (error) {
      settlements.note(message, { kind: 'outage', reason: reasonOf(error) })
    }
  }
}
