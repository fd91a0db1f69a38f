import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, chmodSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import type { TestProject } from 'vitest/node'
import { readLocalInfo, type LocalInfo } from '../local/info.ts'

declare module 'vitest' {
  interface ProvidedContext {
    /** The running stack, as `.loyalnest/local.json` describes it. */
    stack: LocalInfo
  }
}

const ROOT = path.resolve(import.meta.dirname, '../..')
const START_TIMEOUT_MS = 90_000

/** A stack that runs as its own processes, exactly as `npm start` runs it. */
export interface SpawnedStack {
  readonly info: LocalInfo
  readonly dir: string
  /** Resolves with the exit code of `npm start`. */
  readonly ended: Promise<number | null>
  /** What it has printed so far, the end of it at least. */
  readonly output: () => string
  /** Sends what Ctrl-C sends and waits until everything is gone. */
  stop(): Promise<number | null>
}

/** An empty folder for a stack's state, which Postgres may enter as another user. */
export function stateFolder(): string {
  const dir = mkdtempSync(path.join(tmpdir(), 'loyalnest-stack-'))
  chmodSync(dir, 0o755)
  return dir
}

/** Starts a stack on free ports with its state in `dir`, and waits until it is ready. */
export async function spawnStack(dir: string, args: readonly string[] = []): Promise<SpawnedStack> {
  const local = path.join(dir, 'local.json')
  // What a killed stack left behind would look like readiness.
  rmSync(local, { force: true })
  const start = path.join(ROOT, 'tools/local/start.ts')
  const child = spawn(process.execPath, [start, '--port', '0', '--dir', dir, ...args], {
    cwd: ROOT,
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { ...process.env, DATABASE_URL: '' },
  })
  const output = collect(child)
  const ended = once(child, 'exit').then(() => child.exitCode)
  const deadlineMs = Date.now() + START_TIMEOUT_MS
  while (!existsSync(local)) {
    if (child.exitCode !== null || child.signalCode !== null || Date.now() > deadlineMs) {
      child.kill('SIGINT')
      throw new Error(`The stack did not start:\n${output()}`)
    }
    await delay(50)
  }
  const stop = () => {
    child.kill('SIGINT')
    return ended
  }
  return { info: readLocalInfo(local), dir, ended, output, stop }
}

function collect(child: ChildProcess): () => string {
  let text = ''
  for (const stream of [child.stdout, child.stderr]) {
    stream?.on('data', (chunk) => {
      text = (text + String(chunk)).slice(-20_000)
    })
  }
  return () => text
}

/** Ends a stack's workerd as a power cut does. On Linux. */
export function killWorkerd(info: LocalInfo): void {
  const pid = info.pids.find((one) => readFileSync(`/proc/${one}/cmdline`, 'utf8').includes('workerd'))
  if (pid === undefined) throw new Error('no workerd among the pids')
  process.kill(pid, 'SIGKILL')
}

/** Global setup of the `e2e` project: one stack for the run, with empty state. */
export default async function setup(project: TestProject): Promise<() => Promise<void>> {
  const dir = stateFolder()
  const stack = await spawnStack(dir)
  project.provide('stack', stack.info)
  return async () => {
    await stack.stop()
    rmSync(dir, { recursive: true, force: true })
  }
}
