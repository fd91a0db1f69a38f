import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import path from 'node:path'
import { createInterface } from 'node:readline'
import { z } from 'zod'
import { migrate } from '../database/migrate.ts'

/** The line `tools/database/serve.ts` prints when it is ready. */
const Ready = z.object({ databaseUrl: z.string(), neonProxy: z.string(), postgresPid: z.int().nullable() })

/** A database that the Worker reaches through the Neon driver. */
export interface Database {
  readonly databaseUrl: string
  /** `host:port` of the local endpoint; empty for Neon itself. */
  readonly neonProxy: string
  readonly allowedHosts: readonly string[]
  /** Our process before Postgres, where there is one: it ends when Postgres ends. */
  readonly child: ChildProcess | undefined
  /** Processes that must not outlive the stack. */
  readonly pids: readonly number[]
  readonly stop: () => Promise<void>
}

/** True for a connection string of Neon, whose driver needs no endpoint of ours. */
export function isNeon(databaseUrl: string): boolean {
  return /(^|\.)neon\.tech$/.test(new URL(databaseUrl).hostname)
}

/** The database the stack works on: our own in `dir`, or what `databaseUrl` names; up to date in either case. */
export async function startDatabase(root: string, dir: string, databaseUrl: string | undefined): Promise<Database> {
  if (databaseUrl === undefined || !isNeon(databaseUrl)) return startEndpoint(root, dir, databaseUrl)
  await migrate(databaseUrl)
  return {
    databaseUrl,
    neonProxy: '',
    allowedHosts: ['.neon.tech'],
    child: undefined,
    pids: [],
    stop: nothing,
  }
}

async function nothing(): Promise<void> {}

/**
 * Postgres, migrated, behind an endpoint that speaks the Neon driver's protocols: our own server with its data in
 * `dir`, or the one of `databaseUrl`. It is a child process that ends when this process ends, however that happens.
 */
async function startEndpoint(root: string, dir: string, databaseUrl: string | undefined): Promise<Database> {
  const target = databaseUrl === undefined ? ['--dir', dir] : ['--database-url', databaseUrl]
  const child = spawn(process.execPath, [path.join(root, 'tools/database/serve.ts'), ...target], {
    cwd: root,
    stdio: ['pipe', 'pipe', 'inherit'],
  })
  const ready = Ready.parse(JSON.parse(await firstLine(child)))
  return {
    databaseUrl: ready.databaseUrl,
    neonProxy: ready.neonProxy,
    allowedHosts: [ready.neonProxy],
    child,
    pids: [child.pid, ready.postgresPid].filter((pid) => typeof pid === 'number'),
    stop: () => stopChild(child),
  }
}

async function firstLine(child: ChildProcess): Promise<string> {
  if (child.stdout === null) throw new Error('The database process has no output.')
  const { promise, resolve, reject } = Promise.withResolvers<string>()
  createInterface(child.stdout).once('line', resolve)
  child.once('exit', (code, signal) => {
    reject(new Error(`The database did not start (${signal ?? `exit code ${code}`}); its message is above.`))
  })
  child.once('error', reject)
  return promise
}

async function stopChild(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return
  const gone = once(child, 'exit')
  child.stdin?.end()
  const force = setTimeout(() => child.kill('SIGKILL'), 3000)
  await gone
  clearTimeout(force)
}
