import { describe, expect, it } from 'vitest'
import { planOf, runCampaign } from './campaign.ts'
import { runEpoch } from './epoch.ts'
import { Random } from './random.ts'
import { Schedule } from './schedule.ts'

describe('the simulation', () => {
  it('is the same run for the same seed, to the last hash', () => {
    const plan = planOf('twice', 3, 400)
    const [first, second] = [runEpoch(plan), runEpoch(plan)]
    expect(second).toEqual(first)
    expect(runEpoch(planOf('other', 3, 400)).traceHash).not.toBe(first.traceHash)
  })

  it('is the same run on one thread and on two', async () => {
    const [alone, together] = [
      await runCampaign('threads', 3_000, () => {}, 1),
      await runCampaign('threads', 3_000, () => {}, 2),
    ]
    expect(together.traceHash).toBe(alone.traceHash)
    expect(alone).toMatchObject({ epochs: 2, failures: [] })
  }, 30_000)

  it('breaks no invariant, with every kind of fault', () => {
    const report = runEpoch(planOf('invariants', 0))
    expect(report.violations).toEqual([])
    expect(report.faults.size).toBeGreaterThan(14)
    expect(report.operations).toBeGreaterThanOrEqual(1_500)
  })
})

describe('its parts', () => {
  it('the schedule runs things by time, and those of one time in the order of planning', () => {
    const schedule = new Schedule(1_000)
    const seen: string[] = []
    const at = (delayMs: number, name: string) => schedule.in(delayMs, () => seen.push(`${schedule.nowMs} ${name}`))
    for (const delayMs of [30, 10, 20, 10, 0]) at(delayMs, `after ${delayMs}`)
    schedule.in(10, () => at(5, 'later'))
    while (schedule.step()) continue
    expect(seen).toEqual([
      '1000 after 0',
      '1010 after 10',
      '1010 after 10',
      '1015 later',
      '1020 after 20',
      '1030 after 30',
    ])
    expect(schedule.isEmpty).toBe(true)
  })

  it('chance is spread evenly and shuffling loses nothing', () => {
    const random = new Random('even')
    const drawn = Array.from({ length: 6_000 }, () => random.int(1, 6))
    for (const side of [1, 2, 3, 4, 5, 6]) {
      expect(drawn.filter((one) => one === side).length).toBeGreaterThan(850)
    }
    expect(random.shuffled([1, 2, 3, 4, 5]).toSorted((a, b) => a - b)).toEqual([1, 2, 3, 4, 5])
  })
})
