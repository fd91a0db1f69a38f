import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { parseArgs } from 'node:util'
import { spawnStack, stateFolder } from '../tools/testing/stack.ts'
import { measureCost } from './cost.ts'
import { machineName, processCpuMs } from './cpu.ts'
import { measureAll } from './measures.ts'
import { startPeers } from './peers/host.ts'
import { intoDocument, toMarkdown } from './report.ts'

const { values: options } = parseArgs({
  options: {
    seconds: { type: 'string', default: '6' },
    write: { type: 'boolean', default: false },
    help: { type: 'boolean', default: false },
  },
})
if (options.help) {
  console.log(`npm run bench -- [--seconds N] [--write]

Starts LoyalNest on workerd's own socket beside a bare Worker, and prints what a request costs in each.
  --seconds N   how long each rate is measured (6)
  --write       puts the table into docs/performance.md`)
  process.exit(0)
}

console.log('what an order costs in rows and messages')
const cost = measureCost()
const stateDir = stateFolder()
const peerDir = mkdtempSync(path.join(stateDir, 'peers-'))
const stack = await spawnStack(stateDir, ['--direct'])
const peers = await startPeers(peerDir)
try {
  const workerd = stack.info.pids.at(-1) ?? 0
  const results = await measureAll({
    info: stack.info,
    peers: peers.url,
    seconds: Number(options.seconds),
    appCpuMs: () => processCpuMs(workerd),
    peerCpuMs: () => processCpuMs(peers.pid),
    progress: (line) => console.log(line),
  })
  const table = toMarkdown(results, cost, machineName(), new Date())
  console.log(`\n${table}`)
  if (options.write) {
    const document = path.resolve(import.meta.dirname, '../docs/performance.md')
    writeFileSync(document, intoDocument(readFileSync(document, 'utf8'), table))
  }
} finally {
  await peers.close()
  await stack.stop()
  rmSync(stateDir, { recursive: true, force: true })
}
