import { type Fault, Faults } from './faults.ts'
import { Random } from './random.ts'
import { Schedule } from './schedule.ts'
import { Situations } from './situations.ts'
import { Trace } from './trace.ts'

/** What everything in one simulation shares: one scheduler owns time, chance, faults and the record of what happened. */
export class Simulation {
  readonly random: Random
  readonly schedule: Schedule
  readonly faults: Faults
  readonly situations = new Situations()
  readonly trace = new Trace()

  constructor(seed: string, startMs: number, without: ReadonlySet<Fault>) {
    this.random = new Random(seed)
    this.schedule = new Schedule(startMs)
    this.faults = new Faults(new Random(`${seed}/faults`), without)
  }

  get nowMs(): number {
    return this.schedule.nowMs
  }
}
