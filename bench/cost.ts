import { execFileSync } from 'node:child_process'
import path from 'node:path'
import { z } from 'zod'

const ROOT = path.resolve(import.meta.dirname, '..')

/** What one order of a known customer costs in what the platform bills. */
export const Cost = z.object({ rows: z.number(), messages: z.number() })
export type Cost = z.infer<typeof Cost>

/** Runs `cost.workers.test.ts`, which counts inside workerd, and reads what it found. */
export function measureCost(): Cost {
  const vitest = path.join(ROOT, 'node_modules/vitest/vitest.mjs')
  const args = [vitest, 'run', '--project', 'workers', 'bench/cost.workers.test.ts']
  const output = execFileSync(process.execPath, args, {
    cwd: ROOT,
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  const [, json = ''] = /cost of an order: (\{.*\})/.exec(output) ?? []
  return Cost.parse(JSON.parse(json))
}
