import { LiabilityReport } from '../../domain/contracts/operations/ledgers.ts'
import { parseCommand, runCommand } from './api.ts'

const HELP = `What the shop owes its customers in points.

  npm run liability                          points outstanding, when they end, and what ended unspent before
  npm run liability -- --point-value 0.01    and in money, at what one point is worth in the shop's currency
  npm run liability -- --months 24           looks further back (default 12, at most 60)
  npm run liability -- --json                as JSON, for another program

Means the system that npm start runs here, or --app https://… with --api-key ln_… (or LOYALNEST_API_KEY).
The key needs ledger:audit.`

await runCommand(async () => {
  const args = process.argv.slice(2)
  if (args.includes('--help')) return console.log(HELP)
  const { words, options, api } = parseCommand(args, {
    'point-value': { type: 'string' },
    months: { type: 'string' },
    json: { type: 'boolean' },
  })
  if (words.length > 0) throw new Error(HELP)
  const query = new URLSearchParams()
  if (typeof options['point-value'] === 'string') query.set('point_value', options['point-value'])
  if (typeof options['months'] === 'string') query.set('months', options['months'])
  const report = await api.call('GET', `/admin/v1/points/liability?${query}`, LiabilityReport)
  console.log(options['json'] === true ? JSON.stringify(report, null, 2) : textOf(report))
})

function textOf(report: LiabilityReport): string {
  const { as_of, customers, outstanding, outstanding_amount, currency, point_value, breakage } = report
  const value = point_value === null ? [] : [`at ${point_value} ${currency ?? ''} a point`]
  const rate = breakage.rate === null ? 'unknown: no lot has come to an end' : `${(breakage.rate * 100).toFixed(1)} %`
  return [
    [`Points liability as of ${as_of}, of ${customers} customers`, ...value].join(', '),
    '',
    ...table([
      ['outstanding', String(outstanding), outstanding_amount ?? ''],
      ['  held of it', String(report.held), ''],
      ['  of deleted customers', String(report.of_deleted_customers), ''],
      ['pending', String(report.pending), ''],
      ['owed by customers', String(report.debt), ''],
    ]),
    '',
    'What is left, by the month in which it ends',
    ...table(
      report.by_expiry_month.map(({ month, points, amount }) => [month ?? 'no day', String(points), amount ?? '']),
    ),
    '',
    `Breakage over ${breakage.months} months and the running one: ${rate}`,
    `${breakage.expired} of ${breakage.granted} points of lots that came to an end; ${breakage.expected_to_expire} of those outstanding may expire`,
    ...table([
      ['month', 'granted', 'redeemed', 'expired', 'taken back'],
      ...breakage.by_month.map(({ month, granted, redeemed, expired, clawed_back }) =>
        [month, granted, redeemed, expired, clawed_back].map(String),
      ),
    ]),
  ].join('\n')
}

/** Rows in columns: the first to the left, numbers to the right. */
function table(rows: readonly (readonly string[])[]): readonly string[] {
  const widths = rows.reduce<number[]>(
    (widest, row) => row.map((cell, at) => Math.max(cell.length, widest[at] ?? 0)),
    [],
  )
  return rows.map((row) =>
    row
      .map((cell, at) => (at === 0 ? cell.padEnd(widths[at] ?? 0) : cell.padStart(widths[at] ?? 0)))
      .join('  ')
      .trimEnd(),
  )
}
