import type { JobMessage } from '../../../domain/contracts/jobs.ts'
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
  const gids = new Set(edits.map(({ webhook }) => webhook.order_gid))
  const jobs = Array.from(gids, (order_gid): { body: JobMessage } => ({
    body: { job: 'read_order', merchant_id: merchantId, order_gid },
  }))
  try {
    await env.JOBS.sendBatch(jobs)
  } catch (error) {
    for (const { message } of edits) settlements.note(message, { kind: 'outage', reason: reasonOf(error) })
  }
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
