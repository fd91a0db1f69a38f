import { execFileSync } from 'node:child_process'
import { closeSync, openSync, rmSync, writeSync } from 'node:fs'
import path from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import type { Random } from '../simulate/random.ts'
import type { Journal } from './journal.ts'
import type { ChaosStack } from './stack.ts'

/** What goes wrong, and how it ends again. */
export const FAULTS = ['kill', 'pause', 'disk full', 'postgres', 'd1'] as const
export type Fault = (typeof FAULTS)[number]

export type FaultCounts = Record<Fault, number>

/** How often each is chosen. A kill may also come in the middle of another one. */
const WEIGHTS = { kill: 10, pause: 2, 'disk full': 2, postgres: 2, d1: 2 } as const satisfies Record<Fault, number>
const DISK_BYTES = 500_000_000

export interface FaultOptions {
  readonly kills: number
  readonly untilMs: number
  /** Between two faults. */
  readonly calmMs: readonly [number, number]
  /** How long one lasts. */
  readonly faultMs: readonly [number, number]
  /** How likely another fault has a kill in the middle of it. */
  readonly killsWithin: number
}

/** Breaks the stack by a seeded plan until it was killed often enough, or time is over. */
export async function breakThings(
  stack: ChaosStack,
  random: Random,
  journal: Journal,
  options: FaultOptions,
): Promise<FaultCounts> {
  const counts: FaultCounts = { kill: 0, pause: 0, 'disk full': 0, postgres: 0, d1: 0 }
  const weights = { ...WEIGHTS, 'disk full': hasOwnDisk(stack.paths.worker) ? WEIGHTS['disk full'] : 0 }
  while (counts.kill < options.kills && Date.now() < options.untilMs) {
    await delay(random.int(...options.calmMs))
    const fault = random.weighted(weights)
    const lastsMs = random.int(...options.faultMs)
    journal.write({ kind: 'fault', fault, ms: lastsMs })
    counts[fault] += 1
    // Troubles seldom come alone.
    const killToo = fault !== 'kill' && random.chance(options.killsWithin)
    if (killToo) journal.write({ kind: 'fault', fault: 'kill', ms: 0 })
    if (killToo) counts.kill += 1
    await breakOne(stack, fault, lastsMs, killToo)
  }
  return counts
}

async function breakOne(stack: ChaosStack, fault: Fault, lastsMs: number, killToo: boolean): Promise<void> {
  const during = async () => {
    await delay(killToo ? lastsMs / 2 : lastsMs)
    if (!killToo) return
    await stack.killWorker()
    await delay(lastsMs / 2)
  }
  switch (fault) {
    case 'kill':
      await stack.killWorker()
      break
    case 'pause':
      signal(stack, 'SIGSTOP')
      await during()
      signal(stack, 'SIGCONT')
      break
    case 'disk full': {
      const ballast = fillDisk(stack.paths.worker)
      await during()
      rmSync(ballast)
      break
    }
    case 'postgres':
      await stack.killPostgres()
      await during()
      await stack.startPostgres()
      break
    case 'd1': {
      const letGo = await stack.lockD1()
      await during()
      letGo()
      break
    }
  }
  await stack.startWorker()
}

function signal(stack: ChaosStack, name: NodeJS.Signals): void {
  const pid = stack.workerdPid()
  if (pid !== undefined) process.kill(pid, name)
}

// ---- a disk of its own, so that it can be full ----

/** Puts the Worker's state on a small disk in memory; false where that needs rights that we do not have. */
export function mountDisk(dir: string): boolean {
  try {
    execFileSync('mount', ['-t', 'tmpfs', '-o', `size=${DISK_BYTES}`, 'loyalnest-chaos', dir], { stdio: 'pipe' })
    return true
  } catch {
    return false
  }
}

export function unmountDisk(dir: string): void {
  execFileSync('umount', ['--lazy', dir], { stdio: 'pipe' })
}

function hasOwnDisk(dir: string): boolean {
  const type = execFileSync('stat', ['--file-system', '--format=%T', dir], { encoding: 'utf8' })
  return type.trim() === 'tmpfs' && execFileSync('df', ['--output=source', dir], { encoding: 'utf8' }).includes('chaos')
}

/** Writes until nothing more fits. */
function fillDisk(dir: string): string {
  const ballast = path.join(dir, 'ballast')
  const file = openSync(ballast, 'w')
  try {
    for (let bytes = 16_777_216; bytes >= 4_096;) {
      try {
        if (writeSync(file, Buffer.alloc(bytes)) < bytes) bytes = Math.floor(bytes / 4)
      } catch {
        bytes = Math.floor(bytes / 4)
      }
    }
  } finally {
    closeSync(file)
  }
  return ballast
}
