import { chmodSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { migrate } from './migrate.ts'
import { startNeonEndpoint } from './neon-endpoint.ts'
import { ensureDatabase, startPostgres, type Postgres } from './postgres.ts'

/**
 * One process: PostgreSQL, up to date, and in front of it an endpoint for the Neon driver. Prints one JSON line when
 * ready: `{databaseUrl, neonProxy, pgUrl, pid, postgresPid}`. Ends when its standard input closes, which it does when
 * the parent is gone however it went, or on SIGINT or SIGTERM; with code 1 if Postgres ends by itself.
 *
 * --dir D           keep the data in D; else they are in a temporary directory and go with the process
 * --port N          port of the endpoint; else a free one
 * --database-url U  use this Postgres and start none
 */
const { values: options } = parseArgs({
  options: { dir: { type: 'string' }, port: { type: 'string', default: '0' }, 'database-url': { type: 'string' } },
})

const temporary = options.dir === undefined && options['database-url'] === undefined ? makeTemporary() : undefined
let postgres: Postgres | undefined
let stopping = false
process.on('SIGINT', () => void stop(0)).on('SIGTERM', () => void stop(0))
try {
  postgres = await startOwn()
  if (postgres !== undefined) void watch(postgres)
  const pgUrl = postgres === undefined ? outside() : await ensureDatabase(postgres.url, 'loyalnest')
  await migrate(pgUrl)
  const endpoint = await startNeonEndpoint(pgUrl, Number(options.port))
  const ready = { databaseUrl: forWorker(pgUrl), neonProxy: endpoint.address, pgUrl, pid: process.pid }
  console.log(JSON.stringify({ ...ready, postgresPid: postgres?.pid ?? null }))
  process.stdin
    .on('end', () => void stop(0))
    .on('close', () => void stop(0))
    .resume()
} catch (error) {
  console.error(error instanceof Error ? error.message : error)
  await stop(1)
}

function makeTemporary(): string {
  const dir = mkdtempSync(join(tmpdir(), 'loyalnest-postgres-'))
  // Postgres may run as another user than we do.
  chmodSync(dir, 0o755)
  return dir
}

async function startOwn(): Promise<Postgres | undefined> {
  if (options['database-url'] !== undefined) return undefined
  return startPostgres({ dir: options.dir ?? join(temporary ?? '', 'data'), durable: options.dir !== undefined })
}

function outside(): string {
  return options['database-url'] ?? ''
}

/** The Neon driver reads user and database from it; the host is only a name, NEON_PROXY leads the way. */
function forWorker(pgUrl: string): string {
  const url = new URL(pgUrl)
  url.host = 'database.local'
  url.port = ''
  url.search = ''
  return url.href
}

async function watch(server: Postgres): Promise<void> {
  await server.ended
  if (stopping) return
  console.error('PostgreSQL ended by itself')
  await stop(1)
}

async function stop(code: number): Promise<void> {
  if (stopping) return
  stopping = true
  await postgres?.stop()
  if (temporary !== undefined) rmSync(temporary, { recursive: true, force: true })
  process.exit(code)
}
