import { JobMessage } from '../../domain/contracts/jobs.ts'
import { pooled, reasonOf, type Settlement, Settlements } from '../batch.ts'
import { endRedemptions } from './jobs/end-redemptions.ts'
import { runLedgers } from './jobs/ledger-run.ts'
import type { PageJob } from './jobs/page.ts'
import { readOrder } from './jobs/read-order.ts'
import { rebuildProjection } from './jobs/rebuild-projection.ts'
import { reconcile } from './jobs/reconcile.ts'
import { settleRedemption } from './jobs/settle-redemption.ts'
import { sweep } from './jobs/sweep.ts'
import { syncDiscount } from './jobs/sync-reward.ts'

type ThingJob = Exclude<JobMessage, PageJob>

/**
 * Runs jobs, each of which has its file in `jobs/`. Pages of work on many things go one after the other. Work on one thing
 * waits for the shop most of the time, and so runs beside the rest of the batch.
 */
export async function consumeJobs(batch: MessageBatch, env: Env): Promise<Settlements> {
  const settlements = new Settlements()
  const pages: [Message, PageJob][] = []
  const things: [Message, ThingJob][] = []
  for (const message of batch.messages) {
    const parsed = JobMessage.safeParse(message.body)
    if (!parsed.success) {
      settlements.note(message, { kind: 'poisoned', reason: reasonOf(parsed.error) })
    } else if ('after' in parsed.data) pages.push([message, parsed.data])
    else things.push([message, parsed.data])
  }
  const run = async (message: Message, work: () => Promise<Settlement>) => {
    try {
      settlements.note(message, await work())
    } catch (error) {
      settlements.note(message, { kind: 'outage', reason: reasonOf(error) })
    }
  }
  await Promise.all([
    ...things.map(([message, job]) => run(message, () => runThing(env, job, message.attempts))),
    pooled(pages, 1, ([message, job]) => run(message, () => runOnePage(env, job, message.attempts))),
  ])
  return settlements
}

function runThing(env: Env, job: ThingJob, attempts: number): Promise<Settlement> {
  switch (job.job) {
    case 'settle_redemption':
      return settleRedemption(env, job)
    case 'sync_reward':
      return syncDiscount(env, job)
    case 'reconcile':
      return reconcile(env, job, attempts)
    case 'read_order':
      return readOrder(env, job)
  }
}

function runOnePage(env: Env, job: PageJob, attempts: number): Promise<Settlement> {
  switch (job.job) {
    case 'rebuild_projection':
      return rebuildProjection(env, job, attempts)
    case 'sweep':
      return sweep(env, job, attempts)
    case 'end_redemptions':
      return endRedemptions(env, job, attempts)
    case 'verify_ledgers':
    case 'rebuild_ledgers':
      return runLedgers(env, job, attempts)
  }
}
