import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmdirSync, rmSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { z } from 'zod'
import { end, isThere, know, KnownProcess } from './processes.ts'

/** The files of one local stack. Everything it keeps is below `dir`. */
export function statePaths(dir: string) {
  return {
    dir,
    local: path.join(dir, 'local.json'),
    pids: path.join(dir, 'pids.json'),
    secrets: path.join(dir, 'secrets.json'),
    worker: path.join(dir, 'state'),
    workerLog: path.join(dir, 'worker.log'),
    postgres: path.join(dir, 'postgres'),
    shopify: path.join(dir, 'shopify'),
  }
}
export type StatePaths = ReturnType<typeof statePaths>

/** Another stack runs on the same state. */
export class AlreadyRunningError extends Error {
  constructor(dir: string, pid: number) {
    super(
      `LoyalNest already runs on the state in ${dir} (process ${pid}). ` +
        'Stop it first, or keep another state: npm start -- --dir .loyalnest-2 --port 8797',
    )
  }
}

/** Writes a file whole or not at all: a reader never sees half of it. */
export function writeWhole(file: string, text: string, mode = 0o644): void {
  const unfinished = `${file}.${process.pid}.tmp`
  writeFileSync(unfinished, text, { mode })
  renameSync(unfinished, file)
}

const Pids = z.object({ processes: z.array(KnownProcess) })

/** Who holds a state, and which processes it must not leave behind. */
export interface Hold {
  /** Adds a process to what the next start ends if this one cannot. */
  readonly remember: (role: string, pid: number) => void
  readonly release: () => void
}

/**
 * Takes the state for this process. What an earlier stack, killed hard, left running on it is ended first.
 * @throws AlreadyRunningError
 */
export async function holdState(paths: StatePaths): Promise<Hold> {
  mkdirSync(paths.dir, { recursive: true })
  const earlier = readPids(paths)
  const owner = earlier.find(({ role }) => role === 'stack')
  if (owner !== undefined && owner.pid !== process.pid && isThere(owner)) {
    throw new AlreadyRunningError(paths.dir, owner.pid)
  }
  const zombies = await end(earlier.filter(({ role }) => role !== 'stack'))
  // Postgres takes its dead predecessor for a living one as long as the number is there.
  if (zombies.length > 0) rmSync(path.join(paths.postgres, 'postmaster.pid'), { force: true })
  rmSync(paths.pids, { force: true })
  rmSync(paths.local, { force: true })
  return takeHold(paths)
}

function takeHold(paths: StatePaths): Hold {
  const processes: KnownProcess[] = []
  const write = () => {
    writeWhole(paths.pids, `${JSON.stringify({ processes }, null, 2)}\n`)
  }
  const remember = (role: string, pid: number) => {
    const known = know(role, pid)
    if (known !== undefined) processes.push(known)
    write()
  }
  // `wx`: of two that start in the same moment, one fails here.
  writeFileSync(paths.pids, '{"processes":[]}', { flag: 'wx' })
  remember('stack', process.pid)
  return {
    remember,
    release() {
      rmSync(paths.local, { force: true })
      rmSync(paths.pids, { force: true })
    },
  }
}

function readPids(paths: StatePaths): readonly KnownProcess[] {
  if (!existsSync(paths.pids)) return []
  try {
    return Pids.parse(JSON.parse(readFileSync(paths.pids, 'utf8'))).processes
  } catch {
    return [] // half-written by a process that is gone: nothing in it can be verified
  }
}

/** Forgets `local.json` of a stack that is gone without having done so: it would look as if one were ready. */
export function forgetStale(paths: StatePaths): void {
  const owner = readPids(paths).find(({ role }) => role === 'stack')
  if (owner === undefined || !isThere(owner)) rmSync(paths.local, { force: true })
}

/**
 * Deletes all state, unless a stack runs on it. Only what is ours: `--dir` may name a folder with other things in it.
 * @throws AlreadyRunningError
 */
export async function resetState(paths: StatePaths): Promise<void> {
  if (!existsSync(paths.dir)) return
  const hold = await holdState(paths)
  hold.release()
  const { dir, ...ours } = paths
  for (const file of [...Object.values(ours), `${paths.workerLog}.1`]) rmSync(file, { recursive: true, force: true })
  if (readdirSync(dir).length === 0) rmdirSync(dir)
}
