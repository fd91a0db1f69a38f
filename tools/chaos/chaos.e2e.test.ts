import { expect, test } from 'vitest'
import { parseChaosOptions } from './options.ts'
import { runChaos } from './run.ts'

// Kills by process, and reads what lies on disk.
test.skipIf(process.platform !== 'linux')(
  'whatever is killed or taken away, nothing is lost and nothing is booked twice',
  { timeout: 480_000 },
  async () => {
    const options = parseChaosOptions(['--short'])
    if (options === null) throw new Error('this asked for help')
    const said: string[] = []
    const result = await runChaos(options, (line) => said.push(line))
    expect({ problems: result.problems, seed: result.seed, dir: result.dir }).toEqual({
      problems: [],
      seed: options.seed,
      dir: null,
    })
    expect(result.faults.kill).toBeGreaterThanOrEqual(10)
    // The audit had something to look at, or it would show nothing.
    expect(result.audit.acknowledged).toBeGreaterThan(30)
    expect(result.audit.orders).toBeGreaterThan(20)
    expect(result.audit.reads).toBeGreaterThan(5)
    expect(result.streams.messages).toBeGreaterThan(5)
  },
)
