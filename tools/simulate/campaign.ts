import { createHash } from 'node:crypto'
import { availableParallelism } from 'node:os'
import path from 'node:path'
import { Worker } from 'node:worker_threads'
import { z } from 'zod'
import type { Violation } from './convergence.ts'
import { type EpochReport, runEpoch } from './epoch.ts'
import type { Fault } from './faults.ts'
import { SITUATIONS } from './situations.ts'

/** Many epochs of one seed, on all cores. */

/** Commands in an epoch. Short ledgers meet as much as long ones, and checking them costs less than their square. */
export const EPOCH_OPERATIONS = 1_500

/** What one epoch says, as it crosses the border of a thread. */
const Summary = z.object({
  epoch: z.int(),
  operations: z.int(),
  faults: z.array(z.tuple([z.string(), z.int()])),
  situations: z.array(z.tuple([z.string(), z.int()])),
  traceHash: z.string(),
  violations: z.array(z.object({ invariant: z.string(), what: z.string() })).readonly(),
})
type Summary = z.infer<typeof Summary>

export interface CampaignReport {
  readonly epochs: number
  readonly operations: number
  readonly faults: number
  readonly faultCounts: ReadonlyMap<string, number>
  readonly situations: ReadonlyMap<string, number>
  /** Situations that no epoch met. */
  readonly missed: readonly string[]
  /** Hash of the epochs' traces in their order: the same for the same seed, on any number of cores. */
  readonly traceHash: string
  readonly failures: readonly { readonly epoch: number; readonly violations: readonly Violation[] }[]
}

/** The plan of one epoch of a seed. */
export function planOf(seed: string, epoch: number, operations = EPOCH_OPERATIONS, without: readonly Fault[] = []) {
  return { seed: `${seed}/${epoch}`, operations, without: new Set(without) }
}

export function summaryOf(epoch: number, report: EpochReport): Summary {
  return { ...report, epoch, faults: [...report.faults], situations: [...report.situations] }
}

/** Runs at least that many operations. @param progress is told the operations done so far */
export async function runCampaign(
  seed: string,
  operations: number,
  progress: (done: number) => void,
  threads = availableParallelism(),
): Promise<CampaignReport> {
  const epochs = Math.ceil(operations / EPOCH_OPERATIONS)
  const summaries: Summary[] = []
  let done = 0
  const hear = (message: unknown) => {
    const summary = Summary.parse(message)
    summaries.push(summary)
    done += summary.operations
    progress(done)
  }
  const shares = Array.from({ length: Math.min(threads, epochs) }, (_, thread) => thread)
  await Promise.all(shares.map((thread) => inThread({ seed, first: thread, step: shares.length, epochs }, hear)))
  return combine(summaries.toSorted((a, b) => a.epoch - b.epoch))
}

/** Which epochs a thread runs: `first`, `first + step`, … below `epochs`. */
export const Share = z.object({ seed: z.string(), first: z.int(), step: z.int(), epochs: z.int() })

function inThread(share: z.infer<typeof Share>, hear: (message: unknown) => void): Promise<void> {
  return new Promise((resolve, reject) => {
    const worker = new Worker(path.join(import.meta.dirname, 'thread.ts'), { workerData: share })
    worker.on('message', hear)
    worker.on('error', reject)
    worker.on('exit', (code) => (code === 0 ? resolve() : reject(new Error(`a thread ended with ${code}`))))
  })
}

/** What a thread does. */
export function runShare({ seed, first, step, epochs }: z.infer<typeof Share>, tell: (summary: Summary) => void): void {
  for (let epoch = first; epoch < epochs; epoch += step) tell(summaryOf(epoch, runEpoch(planOf(seed, epoch))))
}

function combine(summaries: readonly Summary[]): CampaignReport {
  const hash = createHash('sha256')
  for (const { traceHash } of summaries) hash.update(traceHash)
  const faultCounts = sumCounts(summaries.map(({ faults }) => faults))
  const situations = sumCounts(summaries.map((summary) => summary.situations))
  return {
    epochs: summaries.length,
    operations: summaries.reduce((sum, summary) => sum + summary.operations, 0),
    faults: [...faultCounts.values()].reduce((sum, count) => sum + count, 0),
    faultCounts,
    situations,
    missed: SITUATIONS.filter((situation) => !situations.has(situation)),
    traceHash: hash.digest('hex'),
    failures: summaries.filter(({ violations }) => violations.length > 0),
  }
}

function sumCounts(lists: readonly (readonly (readonly [string, number])[])[]): Map<string, number> {
  const sums = new Map<string, number>()
  for (const [name, count] of lists.flat()) sums.set(name, (sums.get(name) ?? 0) + count)
  return sums
}
