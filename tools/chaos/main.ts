import { mkdirSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { HELP, parseChaosOptions } from './options.ts'
import { faultsInWords, runChaos } from './run.ts'

const options = parseChaosOptions(process.argv.slice(2))
if (options === null) {
  console.log(HELP)
} else {
  const result = await runChaos(options, (line) => console.log(line))
  const { audit, deaths, traffic, streams, replays, problems } = result
  mkdirSync(path.dirname(options.out), { recursive: true })
  writeFileSync(options.out, `${JSON.stringify(result, null, 2)}\n`)
  console.log(
    `${result.seconds} s: ${faultsInWords(result.faults)} workerd died ${deaths.length} times by itself. ` +
      `${traffic.requests} requests, ${traffic.failures} without a usable answer. ` +
      `${audit.acknowledged} writes acknowledged, ${audit.refused} refused, ${audit.orders} orders, ` +
      `${audit.refunds} refunds, ${audit.redemptions} redemptions, ${audit.tillItems} things at tills, ${audit.merges} merges; ` +
      `${audit.accounts} accounts with ${audit.entries} entries; ${replays} answers replayed, ` +
      `${audit.reads} reads and ${audit.heard} messages to ${streams.connections} connections compared.`,
  )
  for (const problem of problems.slice(0, 50)) console.error(problem)
  console.log(problems.length === 0 ? 'Nothing lost, nothing twice.' : `${problems.length} problems; ${result.dir}`)
  process.exitCode = problems.length === 0 ? 0 : 1
}
