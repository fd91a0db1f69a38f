import { z } from 'zod'
import { ProjectionComparison } from '../../domain/contracts/operations/admin-core.ts'
import { parseCommand, runCommand } from './api.ts'

const HELP = `The projections of the ledgers in Postgres.

  npm run projections -- compare   with the ledgers, customer by customer; changes nothing; code 1 if anything differs
  npm run projections -- rebuild   writes them anew from the ledgers, in the background

Means the system that npm start runs here, or --app https://… with --api-key ln_… (or LOYALNEST_API_KEY).
The key needs operations:write.`

await runCommand(async () => {
  if (process.argv.slice(2).every((word) => word === '--help')) return console.log(HELP)
  const { words, api } = parseCommand(process.argv.slice(2))
  if (words[0] === 'rebuild') {
    await api.call('POST', '/admin/v1/projections/rebuild', z.object({ queued: z.literal(true) }))
    return console.log('The rebuild has begun. Compare in a while.')
  }
  if (words[0] !== 'compare') throw new Error(HELP)
  const total = { customers: 0, entries: 0, inFlight: 0, differences: 0 }
  for (let after: string | null | undefined; after !== null;) {
    const page: z.infer<typeof ProjectionComparison> = await api.call(
      'POST',
      '/admin/v1/projections/compare',
      ProjectionComparison,
      { after: after ?? null },
    )
    for (const { customer_id, table, key, problem, fields } of page.differences) {
      console.log(`${customer_id}  ${table} ${key}: ${problem} ${fields.join(', ')}`.trimEnd())
    }
    total.customers += page.customers
    total.entries += page.entries
    total.inFlight += page.in_flight
    total.differences += page.differences.length
    after = page.next_after
  }
  const { customers, entries, inFlight, differences } = total
  console.log(
    `${customers} customers, ${entries} entries: ${differences} differences, ${inFlight} entries on their way.`,
  )
  if (differences > 0) process.exitCode = 1
})
