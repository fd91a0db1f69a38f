import { randomBytes } from 'node:crypto'
import { parseArgs } from 'node:util'
import { type CampaignReport, EPOCH_OPERATIONS, planOf, runCampaign } from './campaign.ts'
import { CHECKED, type Violation } from './convergence.ts'
import { type EpochReport, runEpoch } from './epoch.ts'
import { FAULTS, type Fault } from './faults.ts'
import { shrink } from './shrink.ts'

const HELP = `Simulates the ledger, its outbox, its queue and its projections under faults, then checks all invariants.

  npm run simulate                             1,000,000 operations of a new seed
  npm run simulate -- --ops 100000000          any number
  npm run simulate -- --seed abc               the same run again: the same trace hash
  npm run simulate -- --seed abc --epoch 17    one part of it alone, as a failure names it
      --operations 60 --without "answer lost"  shorter, and without a kind of fault
  npm run simulate -- --verbose                how often each situation and fault came`

const SHOWN_VIOLATIONS = 10

function isFault(name: string): name is Fault {
  return Object.hasOwn(FAULTS, name)
}

function count(value: number): string {
  return value.toLocaleString('en')
}

function showCounts(title: string, counts: ReadonlyMap<string, number>): void {
  console.log(`\n${title}`)
  for (const [name, times] of [...counts].toSorted(([, a], [, b]) => b - a)) {
    console.log(`${count(times).padStart(12)}  ${name}`)
  }
}

/** Every invariant by its name, and how many worlds broke it. */
function showChecks({ epochs, failures }: CampaignReport): void {
  const broken = (invariant: string) =>
    failures.filter(({ violations }) => violations.some((violation) => violation.invariant === invariant)).length
  const others = failures.flatMap(({ violations }) => violations.map(({ invariant }) => invariant))
  console.log(`Checked in each of ${count(epochs)} worlds:`)
  for (const invariant of new Set([...CHECKED, ...others])) {
    const times = broken(invariant)
    console.log(`  ${times === 0 ? '✓' : '✗'} ${invariant}${times === 0 ? '' : `: broken in ${count(times)}`}`)
  }
}

function showViolations(violations: readonly Violation[]): void {
  for (const { invariant, what } of violations.slice(0, SHOWN_VIOLATIONS)) console.log(`  ${invariant}: ${what}`)
  if (violations.length > SHOWN_VIOLATIONS) console.log(`  and ${violations.length - SHOWN_VIOLATIONS} more`)
}

function runOne(seed: string, epoch: number, operations: number, without: readonly Fault[]): void {
  const report: EpochReport = runEpoch(planOf(seed, epoch, operations, without))
  console.log(`${count(report.operations)} operations, trace ${report.traceHash}`)
  showCounts('Faults', report.faults)
  showCounts('Situations', report.situations)
  if (report.violations.length === 0) return
  console.log('\nBroken:')
  showViolations(report.violations)
  process.exitCode = 1
}

async function runAll(seed: string, operations: number, verbose: boolean): Promise<void> {
  const startedAtMs = performance.now()
  let saidAtMs = startedAtMs
  const report = await runCampaign(seed, operations, (done) => {
    if (performance.now() - saidAtMs < 5_000) return
    saidAtMs = performance.now()
    console.log(`  ${count(done)} operations so far`)
  })
  const seconds = ((performance.now() - startedAtMs) / 1000).toFixed(1)
  showChecks(report)
  if (verbose) showCounts('Faults', report.faultCounts)
  if (verbose) showCounts('Situations', report.situations)
  console.log(
    `seed ${seed}: ${count(report.operations)} operations, ${count(report.faults)} faults, ` +
      `${report.situations.size} situations, ${report.failures.length} failures in ${seconds} s, trace ${report.traceHash}`,
  )
  showFailure(seed, report)
  // A short run meets what it meets; one that was to prove something must have met everything.
  if (report.missed.length > 0 && operations >= 100 * EPOCH_OPERATIONS) {
    console.log(`Never met: ${report.missed.join('; ')}`)
    process.exitCode = 1
  }
  if (report.faults * 2 < report.operations) {
    console.log('Too few faults: half as many as operations are the least that proves anything.')
    process.exitCode = 1
  }
}

function showFailure(seed: string, { failures }: CampaignReport): void {
  const [first] = failures
  if (first === undefined) return
  process.exitCode = 1
  console.log(`\nBroken in epoch ${first.epoch}:`)
  showViolations(first.violations)
  const { operations, without, report } = shrink(seed, first.epoch, EPOCH_OPERATIONS)
  const switches = without.map((fault) => ` --without "${fault}"`).join('')
  console.log(`\nShrunk to ${operations} operations:`)
  showViolations(report.violations)
  console.log(`\n  npm run simulate -- --seed ${seed} --epoch ${first.epoch} --operations ${operations}${switches}`)
}

const { values } = parseArgs({
  options: {
    seed: { type: 'string' },
    ops: { type: 'string', default: '1000000' },
    epoch: { type: 'string' },
    operations: { type: 'string', default: String(EPOCH_OPERATIONS) },
    without: { type: 'string', multiple: true, default: [] },
    verbose: { type: 'boolean', default: false },
    help: { type: 'boolean', default: false },
  },
})
const seed = values.seed ?? randomBytes(4).toString('hex')
const unknown = values.without.filter((name) => !isFault(name))
const numbers = [values.ops, values.operations, values.epoch ?? '0']
if (values.help || unknown.length > 0 || numbers.some((text) => !/^\d{1,12}$/.test(text))) {
  console.log(unknown.length > 0 ? `No such fault: ${unknown.join(', ')}\n\n${HELP}` : HELP)
  process.exitCode = values.help ? 0 : 1
} else if (values.epoch === undefined) await runAll(seed, Number(values.ops), values.verbose)
else runOne(seed, Number(values.epoch), Number(values.operations), values.without.filter(isFault))
