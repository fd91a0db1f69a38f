import { execFile } from 'node:child_process'
import { existsSync, readFileSync, rmSync } from 'node:fs'
import path from 'node:path'
import { promisify } from 'node:util'
import { z } from 'zod'

/** What may notice a mutant in a copy of the core. */

const WORLDS = 8
/** Nothing here takes that long unless it hangs. */
const HANGS_AFTER_MS = 180_000

/** What noticed a mutant, in words; null: nothing. `hung`: it came to no end, which proves nothing. */
export type Verdict = { readonly by: string | null } | { readonly hung: true }

const ProgramError = z.object({ killed: z.boolean().optional(), stdout: z.string().default(''), stderr: z.string() })

interface Finished {
  readonly stdout: string
  readonly stderr: string
  readonly hung: boolean
}

async function run(copy: string, args: readonly string[]): Promise<Finished> {
  try {
    const options = { cwd: copy, timeout: HANGS_AFTER_MS, maxBuffer: 50_000_000 }
    const { stdout, stderr } = await promisify(execFile)(process.execPath, [...args], options)
    return { stdout, stderr, hung: false }
  } catch (error) {
    const { stdout, stderr, killed = false } = ProgramError.parse(error)
    return { stdout, stderr, hung: killed }
  }
}

const BY_SIMULATION = 'simulation: '

/**
 * The simulation: names one invariant that breaks, if it can be one of the design's.
 * @param known what noticed it before, in words: named again if it still does
 */
export async function simulate(copy: string, known?: string): Promise<Verdict> {
  const { stdout, stderr, hung } = await run(copy, ['tools/mutants/probe.ts', String(WORLDS)])
  if (hung) return { hung }
  const broken = readJson(z.array(z.string()), stdout, stderr)
  const named =
    broken.find((invariant) => BY_SIMULATION + invariant === known) ??
    broken.find((invariant) => /^\d/.test(invariant)) ??
    broken[0]
  return { by: named === undefined ? null : BY_SIMULATION + named }
}

const TestReport = z.object({
  testResults: z.array(
    z.object({
      name: z.string(),
      message: z.string().optional(),
      assertionResults: z.array(z.object({ fullName: z.string(), status: z.string() })),
    }),
  ),
})

/**
 * The examples: names the first that fails, by its place.
 * @param known the one that noticed it before, in words: only its file is run
 */
export async function test(copy: string, known?: string): Promise<Verdict> {
  const report = path.join(copy, 'report.json')
  rmSync(report, { force: true })
  const json = ['--reporter=json', `--outputFile.json=${report}`]
  const vitest = ['node_modules/vitest/vitest.mjs', 'run', '--config=tools/mutants/vitest.config.ts', ...json]
  const [file = ''] = known?.split(': ') ?? []
  const { stderr, hung } = await run(copy, file === '' ? vitest : [...vitest, file])
  if (hung) return { hung }
  const { testResults } = readJson(TestReport, existsSync(report) ? readFileSync(report, 'utf8') : '', stderr)
  const failed = testResults
    .flatMap(({ name, assertionResults }) =>
      assertionResults
        .filter(({ status }) => status === 'failed')
        .map(({ fullName }) => `${name.slice(copy.length + 1)}: ${fullName}`),
    )
    .toSorted()
  return { by: failed.find((text) => text === known) ?? failed[0] ?? null }
}

/** @throws when a program died instead of saying what it found: such a mutant is no fault but nonsense. */
function readJson<T>(schema: z.ZodType<T>, stdout: string, stderr: string): T {
  try {
    return schema.parse(JSON.parse(stdout))
  } catch {
    throw new Error(`it does not run: ${stderr.slice(0, 2_000)}`)
  }
}
