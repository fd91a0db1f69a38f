import { spawn } from 'node:child_process'
import { mkdirSync, readFileSync, rmSync } from 'node:fs'
import path from 'node:path'
import { performance } from 'node:perf_hooks'
import { styleText } from 'node:util'
import { z } from 'zod'

/**
 * `npm test`: every static check, then every test. The last line is `N passed, N failed, N skipped`: tests of all
 * Vitest projects, a static check that fails counted as one failure.
 */

/** A program that finds fault by its exit code. */
interface Check {
  readonly name: string
  readonly command: readonly string[]
}

const ROOT = path.resolve(import.meta.dirname, '../..')
const BIN = path.join(ROOT, 'node_modules/.bin')
const RESULTS = path.join(ROOT, 'dist/test-results.json')

const CHECKS: readonly Check[] = [
  { name: 'lint', command: ['oxlint', '--type-aware'] },
  { name: 'types: Worker', command: ['tsc', '-p', 'tsconfig.json'] },
  { name: 'types: tools', command: ['tsc', '-p', 'tsconfig.node.json'] },
  { name: 'types: web', command: ['tsc', '-p', 'tsconfig.web.json'] },
  { name: 'types: bindings are current', command: ['wrangler', 'types', '--check', '--strict-vars=false'] },
  { name: 'format', command: ['oxfmt', '--check'] },
]
/** The machine that counts has two cores, and the type checkers use more than one thread each. */
const AT_ONCE = 2
/** A run that takes longer hangs: it is ended and counts as failed. */
const TESTS_TIMEOUT_MS = 12 * 60_000

interface Outcome {
  readonly code: number
  readonly output: string
}

async function run(command: readonly string[], live: boolean, timeout?: number): Promise<Outcome> {
  const [program = '', ...args] = command
  const child = spawn(path.join(BIN, program), args, {
    cwd: ROOT,
    timeout,
    stdio: ['ignore', live ? 'inherit' : 'pipe', live ? 'inherit' : 'pipe'],
    env: { ...process.env, WRANGLER_SEND_METRICS: 'false', WRANGLER_HIDE_BANNER: 'true', WRANGLER_LOG: 'error' },
  })
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

/** Answers the number of checks that failed; what those said is printed. */
async function runChecks(): Promise<number> {
  const waiting = [...CHECKS]
  let failed = 0
  const lane = async () => {
    for (let check = waiting.shift(); check !== undefined; check = waiting.shift()) {
      const beginMs = performance.now()
      const { code, output } = await run(check.command, false)
      const seconds = ((performance.now() - beginMs) / 1000).toFixed(1)
      console.log(`${code === 0 ? styleText('green', '✓') : styleText('red', '✗')} ${check.name} (${seconds} s)`)
      if (code === 0) continue
      failed += 1
      console.log(output)
    }
  }
  await Promise.all(Array.from({ length: AT_ONCE }, lane))
  return failed
}

/** What is read of Vitest's JSON report. */
const Report = z.object({
  numPassedTests: z.int(),
  numFailedTests: z.int(),
  numPendingTests: z.int(),
  numTodoTests: z.int(),
  testResults: z.array(z.object({ name: z.string(), status: z.string(), assertionResults: z.array(z.unknown()) })),
})

interface Totals {
  readonly passed: number
  readonly failed: number
  readonly skipped: number
}

async function runTests(): Promise<Totals> {
  mkdirSync(path.dirname(RESULTS), { recursive: true })
  rmSync(RESULTS, { force: true })
  const reporters = ['--reporter=default', '--reporter=json', `--outputFile.json=${RESULTS}`]
  const args = ['run', '--silent=passed-only', ...reporters, ...process.argv.slice(2)]
  const { code } = await run(['vitest', ...args], true, TESTS_TIMEOUT_MS)
  return totals(code)
}

function totals(code: number): Totals {
  let report
  try {
    report = Report.parse(JSON.parse(readFileSync(RESULTS, 'utf8')))
  } catch {
    return { passed: 0, failed: 1, skipped: 0 } // Vitest did not come to an end; it has said why
  }
  // A file that could not even be loaded has no test that failed.
  const broken = report.testResults.filter(
    ({ status, assertionResults }) => status === 'failed' && assertionResults.length === 0,
  )
  const failed = report.numFailedTests + broken.length
  return {
    passed: report.numPassedTests,
    // An error outside of any test shows only in the exit code.
    failed: failed === 0 && code !== 0 ? 1 : failed,
    skipped: report.numPendingTests + report.numTodoTests,
  }
}

const failedChecks = await runChecks()
const { passed, failed, skipped } = await runTests()
process.exitCode = failed + failedChecks === 0 ? 0 : 1
console.log(`\n${CHECKS.length} static checks, ${failedChecks} failed; tests of the projects unit, workers, e2e:`)
console.log(`${passed} passed, ${failed + failedChecks} failed, ${skipped} skipped`)
