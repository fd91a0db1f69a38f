import { setTimeout as delay } from 'node:timers/promises'
import { z } from 'zod'
import { Reconciliation } from '../../domain/contracts/operations/reconciliation.ts'
import { type OperatorApi, parseCommand, runCommand } from './api.ts'

const HELP = `Asks Shopify for what its webhooks may not have told, and books it.

  npm run reconcile                            orders that changed since the last run
  npm run reconcile -- --from 2026-11-01       orders that changed since then
  npm run reconcile -- --backfill              history, as far back as the settings say
  npm run reconcile -- --backfill --from …     history since then; its orders earn from now on
  npm run reconcile -- --list                  the last runs

What is in the books already changes nothing. Ctrl-C leaves the run to itself. Code 1: it failed, or orders were refused.
Means the system that npm start runs here, or --app https://… with --api-key ln_… (or LOYALNEST_API_KEY).
The key needs operations:write.`

const LOOK_MS = 1_000
const Runs = z.object({ reconciliations: z.array(Reconciliation) })

await runCommand(async () => {
  const args = process.argv.slice(2)
  if (args.includes('--help')) return console.log(HELP)
  const { words, options, api } = parseCommand(args, {
    backfill: { type: 'boolean' },
    from: { type: 'string' },
    list: { type: 'boolean' },
  })
  if (words.length > 0) throw new Error(HELP)
  if (options['list'] === true) {
    const { reconciliations } = await api.call('GET', '/admin/v1/reconciliations?limit=25', Runs)
    for (const run of reconciliations) console.log(lineOf(run))
    return console.log(reconciliations.length === 0 ? 'No runs yet.' : '')
  }
  const body = {
    kind: options['backfill'] === true ? 'backfill' : 'reconcile',
    ...(typeof options['from'] === 'string' ? { from: instant(options['from']) } : {}),
  }
  const begun = await api.call('POST', '/admin/v1/reconciliations', Reconciliation, body)
  const run = await watch(api, begun)
  console.log(lineOf(run))
  if (run.state !== 'done' || run.refused > 0) process.exitCode = 1
})

function instant(text: string): string {
  const at = new Date(text)
  if (Number.isNaN(at.getTime())) throw new Error(`${text} is no date such as 2026-11-01 or 2026-11-01T08:00:00Z`)
  return at.toISOString()
}

/** Shows how far a run is until it ends. */
async function watch(api: OperatorApi, begun: Reconciliation): Promise<Reconciliation> {
  let shown = ''
  for (let run = begun; ; run = await look(api, begun.id)) {
    if (run.finished_at !== null) return run
    const progress = progressOf(run)
    if (progress !== shown) console.log(progress)
    shown = progress
    await delay(LOOK_MS)
  }
}

async function look(api: OperatorApi, id: string): Promise<Reconciliation> {
  const { reconciliations } = await api.call('GET', '/admin/v1/reconciliations?limit=100', Runs)
  const run = reconciliations.find((one) => one.id === id)
  if (run === undefined) throw new Error('The run is not in the list any more.')
  return run
}

function progressOf({ state, orders_seen: seen, orders_total: total, problem }: Reconciliation): string {
  const orders = total === null ? `${seen} orders` : `${seen} of ${total} orders`
  return `${state}: ${orders}${problem === null ? '' : `. ${problem}`}`
}

function lineOf(run: Reconciliation): string {
  const { kind, from, until, state, problem } = run
  const missing = [
    `${run.orders_missing} orders`,
    `${run.refunds_missing} refunds`,
    `${run.cancellations_missing} cancellations`,
    `${run.edits_missing} edits`,
  ].join(', ')
  const ends = state === 'done' || state === 'running' ? '' : ` (${problem ?? ''})`
  return `${kind} ${from} to ${until}: ${state}${ends}. ${run.orders_seen} orders read; missing were ${missing}; ${run.points_booked} points booked; ${run.refused} refused.`
}
