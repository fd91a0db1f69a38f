import { spawn } from 'node:child_process'
import { mkdirSync, readFileSync, rmSync } from 'node:fs'
import { constants, setPriority } from 'node:os'
import path from 'node:path'
import { performance } from 'node:perf_hooks'
import { styleText } from 'node:util'
import { z } from 'zod'

/**
 * `npm test`: every static check, then every test; beside those of the whole stack, which mostly wait, the proofs: the
 * simulation of the ledger and the mutants of its core. The last line is `N passed, N failed, N skipped`: tests of all
 * Vitest projects and the proofs, a static check that fails counted as one failure.
 *
 * `npm test -- domain/ledger` runs only those tests, `npm test -- --project e2e` a project; neither runs the proofs.
 */

/** A program that finds fault by its exit code. */
interface Check {
  readonly name: string
  readonly command: readonly string[]
}

const ROOT = path.resolve(import.meta.dirname, '../..')
const BIN = path.join(ROOT, 'node_modules/.bin')

const CHECKS: readonly Check[] = [
  { name: 'lint', command: ['oxlint', '--type-aware'] },
  { name: 'types: Worker', command: ['tsc', '-p', 'tsconfig.json'] },
  { name: 'types: tools', command: ['tsc', '-p', 'tsconfig.node.json'] },
  { name: 'types: web', command: ['tsc', '-p', 'tsconfig.web.json'] },
  { name: 'types: bindings are current', command: ['wrangler', 'types', '--check', '--strict-vars=false'] },
  { name: 'format', command: ['oxfmt', '--check'] },
]
/** Each is one of the tests that the last line counts. */
const PROOFS: readonly Check[] = [
  { name: 'simulation', command: ['node', 'tools/simulate/main.ts', '--ops', '1000000', '--seed', '1'] },
  { name: 'mutants', command: ['node', 'tools/mutants/main.ts'] },
]
/** The machine that counts has two cores, and the type checkers use more than one thread each. */
const AT_ONCE = 2
/** A run that takes longer hangs: it is ended and counts as failed. */
const TESTS_TIMEOUT_MS = 40 * 60_000

interface Outcome {
  readonly code: number
  readonly output: string
}

interface Way {
  /** What it says is seen while it says it, and not in the outcome. */
  readonly live?: boolean
  readonly timeoutMs?: number
  /** Everything else on the machine goes first. */
  readonly last?: boolean
}

async function run(command: readonly string[], { live = false, timeoutMs, last = false }: Way = {}): Promise<Outcome> {
  const [program = '', ...args] = command
  const child = spawn(path.join(BIN, program), args, {
    cwd: ROOT,
    timeout: timeoutMs,
    stdio: ['ignore', live ? 'inherit' : 'pipe', live ? 'inherit' : 'pipe'],
    env: { ...process.env, WRANGLER_SEND_METRICS: 'false', WRANGLER_HIDE_BANNER: 'true', WRANGLER_LOG: 'error' },
  })
  if (last && child.pid !== undefined) setPriority(child.pid, constants.priority.PRIORITY_LOW)
  let output = ''
  for (const stream of [child.stdout, child.stderr]) {
    stream?.on('data', (chunk) => {
      output += String(chunk)
    })
  }
  const { promise, resolve, reject } = Promise.withResolvers<Outcome>()
  child.once('error', reject)
  child.once('close', (code) => {
    resolve({ code: code ?? 1, output })
  })
  return promise
}

/** One check; what it said is printed if it failed. @returns whether all is well */
async function check({ name, command }: Check, way: Way = {}): Promise<Outcome> {
  const beginMs = performance.now()
  const outcome = await run(command, way)
  const seconds = ((performance.now() - beginMs) / 1000).toFixed(1)
  console.log(`${outcome.code === 0 ? styleText('green', '✓') : styleText('red', '✗')} ${name} (${seconds} s)`)
  if (outcome.code !== 0) console.log(outcome.output)
  return outcome
}

/** Answers the number of checks that failed. */
async function runChecks(): Promise<number> {
  const waiting = [...CHECKS]
  let failed = 0
  const lane = async () => {
    for (let next = waiting.shift(); next !== undefined; next = waiting.shift()) {
      if ((await check(next)).code !== 0) failed += 1
    }
  }
  await Promise.all(Array.from({ length: AT_ONCE }, lane))
  return failed
}

/** One after the other, since each of them uses all cores. */
async function runProofs(): Promise<Totals> {
  const failures: string[] = []
  for (const proof of PROOFS) {
    const { code, output } = await check(proof, { last: true, timeoutMs: TESTS_TIMEOUT_MS })
    if (code === 0) console.log(`  ${output.trim().split('\n').at(-1) ?? ''}`)
    else failures.push(proof.name)
  }
  return { passed: PROOFS.length - failures.length, failed: failures.length, skipped: 0, failures }
}

/** What is read of Vitest's JSON report. */
const Report = z.object({
  numPassedTests: z.int(),
  numPendingTests: z.int(),
  numTodoTests: z.int(),
  testResults: z.array(
    z.object({
      name: z.string(),
      status: z.string(),
      assertionResults: z.array(z.object({ fullName: z.string(), status: z.string() })),
    }),
  ),
})

interface Totals {
  readonly passed: number
  readonly failed: number
  readonly skipped: number
  /** What failed, by name: said again at the end, where it is looked for. */
  readonly failures: readonly string[]
}

/** Runs Vitest. @param name of the run, for its report */
async function runTests(name: string, filters: readonly string[]): Promise<Totals> {
  const results = path.join(ROOT, `dist/test-results-${name}.json`)
  mkdirSync(path.dirname(results), { recursive: true })
  rmSync(results, { force: true })
  const reporters = ['--reporter=default', '--reporter=json', `--outputFile.json=${results}`]
  const args = ['run', '--silent=passed-only', ...reporters, ...filters]
  const { code } = await run(['vitest', ...args], { live: true, timeoutMs: TESTS_TIMEOUT_MS })
  return totals(results, code)
}

function totals(results: string, code: number): Totals {
  let report
  try {
    report = Report.parse(JSON.parse(readFileSync(results, 'utf8')))
  } catch {
    return { passed: 0, failed: 1, skipped: 0, failures: ['Vitest did not come to an end, and has said why above'] }
  }
  // A file that could not even be loaded has no test that failed.
  const broken = report.testResults.filter(
    ({ status, assertionResults }) => status === 'failed' && assertionResults.length === 0,
  )
  const failures = [
    ...broken.map(({ name }) => name),
    ...report.testResults.flatMap(({ name, assertionResults }) =>
      assertionResults.filter(({ status }) => status === 'failed').map(({ fullName }) => `${name}: ${fullName}`),
    ),
  ]
  // An error outside of any test shows only in the exit code.
  if (failures.length === 0 && code !== 0) failures.push('an error outside of any test, told above')
  return {
    passed: report.numPassedTests,
    failed: failures.length,
    skipped: report.numPendingTests + report.numTodoTests,
    failures,
  }
}

/** All tests and proofs, or only those tests that the command line names. */
async function runAll(filters: readonly string[]): Promise<readonly Totals[]> {
  if (filters.length > 0) return [await runTests('some', filters)]
  const quick = await runTests('quick', ['--project', 'unit', '--project', 'workers'])
  const slow = await Promise.all([
    runTests('e2e', ['--project', 'e2e']),
    runTests('chaos', ['--project', 'chaos']),
    runProofs(),
  ])
  return [quick, ...slow]
}

const failedChecks = await runChecks()
const all = await runAll(process.argv.slice(2))
const sum = (count: (totals: Totals) => number) => all.reduce((total, one) => total + count(one), 0)
const failed = failedChecks + sum((one) => one.failed)
process.exitCode = failed === 0 ? 0 : 1
for (const name of all.flatMap(({ failures }) => failures)) console.log(styleText('red', `✗ ${name}`))
console.log(
  `\n${CHECKS.length} static checks, ${failedChecks} failed; tests of the projects unit, workers, e2e, chaos, and proofs:`,
)
console.log(`${sum(({ passed }) => passed)} passed, ${failed} failed, ${sum(({ skipped }) => skipped)} skipped`)
