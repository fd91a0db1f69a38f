import { planOf } from './campaign.ts'
import { type EpochReport, runEpoch } from './epoch.ts'
import { FAULTS, type Fault } from './faults.ts'

/** A failure in as few operations and with as few kinds of faults as were found to show it. */
export interface Shrunk {
  readonly operations: number
  readonly without: readonly Fault[]
  readonly report: EpochReport
}

const FEWEST = 8

/**
 * Looks for a shorter run of an epoch that still breaks an invariant: fewer operations, then fewer kinds of faults. Any
 * violation counts, not only the first one: what is wrong shows itself differently in a shorter story.
 */
export function shrink(seed: string, epoch: number, operations: number): Shrunk {
  let best = attempt(seed, epoch, operations, [])
  if (best === undefined) throw new Error('this epoch breaks nothing')
  for (let fewer = Math.floor(best.operations / 2); fewer >= FEWEST; fewer = Math.floor(fewer / 2)) {
    best = attempt(seed, epoch, fewer, []) ?? attempt(seed, epoch, Math.floor(fewer * 1.5), []) ?? best
    if (best.operations > fewer * 1.5) break
  }
  for (const fault of faultNames()) best = attempt(seed, epoch, best.operations, [...best.without, fault]) ?? best
  return best
}

function faultNames(): readonly Fault[] {
  return Object.keys(FAULTS).filter((name): name is Fault => Object.hasOwn(FAULTS, name))
}

function attempt(seed: string, epoch: number, operations: number, without: readonly Fault[]): Shrunk | undefined {
  const report = runEpoch(planOf(seed, epoch, operations, without))
  return report.violations.length === 0 ? undefined : { operations, without, report }
}
