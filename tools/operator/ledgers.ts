import { setTimeout as delay } from 'node:timers/promises'
import { type LedgerFinding, LedgerRun, LedgerVerification } from '../../domain/contracts/operations/ledgers.ts'
import { type OperatorApi, parseCommand, runCommand } from './api.ts'

const HELP = `The customers' ledgers, read from their first entry to their last.

  npm run ledgers -- verify                all ledgers of the shop: hash chains, all invariants, stored states
  npm run ledgers -- verify <customer id>  one of them; our id, Shopify's gid, or its digits
  npm run ledgers -- rebuild               stored states anew from the entries where they differ, then the projections
  npm run ledgers -- show <run id>         how far a run is, or what it found

  --json    the answer as JSON, for another program; progress goes to the error output

Code 1: something was found, or the run failed. Ctrl-C leaves a run to itself: look at it again with show.
Means the system that npm start runs here, or --app https://… with --api-key ln_… (or LOYALNEST_API_KEY).
The key needs ledger:audit.`

const RUNS = '/admin/v1/ledgers/runs'
const LOOK_MS = 1_000

await runCommand(async () => {
  const args = process.argv.slice(2)
  if (args.length === 0 || args.includes('--help')) return console.log(HELP)
  const { words, options, api } = parseCommand(args, { json: { type: 'boolean' } })
  const [command, subject, ...rest] = words
  const asJson = options['json'] === true
  if (rest.length > 0) throw new Error(HELP)
  if (command === 'verify' && subject !== undefined) return report(await verified(api, subject), asJson)
  if (command === 'show' && subject !== undefined) {
    return report(await api.call('GET', `${RUNS}/${encodeURIComponent(subject)}`, LedgerRun), asJson)
  }
  if ((command !== 'verify' && command !== 'rebuild') || subject !== undefined) throw new Error(HELP)
  const begun = await api.call('POST', RUNS, LedgerRun, { kind: command })
  return report(await watch(api, begun), asJson)
})

function verified(api: OperatorApi, customer: string): Promise<LedgerVerification> {
  return api.call('GET', `/admin/v1/ledgers/${encodeURIComponent(customer)}/verify`, LedgerVerification)
}

/** Shows how far a run is until it ends. */
async function watch(api: OperatorApi, begun: LedgerRun): Promise<LedgerRun> {
  console.error(`Run ${begun.id}`)
  let shown = ''
  for (let run = begun; ; run = await api.call('GET', `${RUNS}/${begun.id}`, LedgerRun)) {
    if (run.state !== 'running') return run
    const progress = `${run.customers_done} of ${run.customers_total} customers, ${run.entries} entries, ${run.findings_total} findings`
    if (progress !== shown) console.error(progress)
    shown = progress
    await delay(LOOK_MS)
  }
}

function report(found: LedgerRun | LedgerVerification, asJson: boolean): void {
  const isSound = found.findings.length === 0 && (!('state' in found) || found.state !== 'failed')
  if (!isSound) process.exitCode = 1
  if (asJson) return console.log(JSON.stringify(found, null, 2))
  for (const finding of found.findings) console.log(lineOf(finding))
  console.log('state' in found ? summaryOfRun(found) : summaryOfOne(found))
}

function lineOf({ customer_id, invariant, seq, detail }: LedgerFinding): string {
  const where = seq === null ? 'the ledger' : `entry ${seq}`
  return `${customer_id}  ${where}  ${invariant === null ? 'unreadable' : `invariant ${invariant}`}: ${detail}`
}

function summaryOfRun(run: LedgerRun): string {
  const { kind, state, customers_done, customers_total, entries, repaired, findings, findings_total, problem } = run
  const left = findings_total - findings.length
  return [
    ...(left > 0 ? [`… and ${left} findings more`] : []),
    `${kind}: ${state}${problem === null ? '' : `. ${problem}`}`,
    `${customers_done} of ${customers_total} customers, ${entries} entries: ${findings_total} findings` +
      (kind === 'rebuild' ? `, ${repaired} states repaired; the projections follow in the background` : ''),
  ].join('\n')
}

function summaryOfOne({ customer_id, entries, last_hash, state_matches, findings }: LedgerVerification): string {
  const state = state_matches ? 'is the fold of the entries' : 'is NOT the fold of the entries'
  return [
    `${customer_id}: ${entries} entries, ${findings.length} findings; the stored state ${state}.`,
    ...(last_hash === null ? [] : [`last hash ${last_hash}`]),
  ].join('\n')
}
