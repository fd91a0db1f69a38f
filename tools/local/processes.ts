import { execFileSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { setTimeout as delay } from 'node:timers/promises'
import { z } from 'zod'

/** A process as we may find it again later: the number alone could by then belong to someone else. */
export const KnownProcess = z.object({ role: z.string(), pid: z.int().positive(), born: z.string() })
export type KnownProcess = z.infer<typeof KnownProcess>

/** When a process began, in some stable form, also of a zombie; undefined if there is none of that number. */
export function birthOf(pid: number): string | undefined {
  try {
    if (process.platform === 'linux') return linuxBirth(pid)
    if (process.platform === 'win32') {
      process.kill(pid, 0)
      return 'alive'
    }
    return execFileSync('ps', ['-o', 'lstart=', '-p', String(pid)], { encoding: 'utf8', stdio: 'pipe' }).trim()
  } catch {
    return undefined
  }
}

function linuxBirth(pid: number): string | undefined {
  const stat = readFileSync(`/proc/${pid}/stat`, 'utf8')
  // The name in parentheses may itself hold spaces and parentheses; after it come state (1st) and start time (20th).
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
  return `${readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim()}/${fields[19]}`
}

export function know(role: string, pid: number): KnownProcess | undefined {
  const born = birthOf(pid)
  return born === undefined ? undefined : { role, pid, born }
}

/** True while the very process we knew is there, be it as a zombie that nobody has reaped yet. */
export function isThere(known: KnownProcess): boolean {
  return birthOf(known.pid) === known.born
}

/**
 * Ends processes that are verifiably the ones we knew: politely, then by force. Answers those that are dead but stay
 * as zombies, as they do in a container whose first process reaps nobody.
 */
export async function end(known: readonly KnownProcess[], patienceMs = 2000): Promise<readonly KnownProcess[]> {
  for (const name of ['SIGTERM', 'SIGKILL'] as const) {
    const deadlineMs = Date.now() + patienceMs
    for (const one of known) if (isThere(one)) signal(one.pid, name)
    while (known.some(isThere) && Date.now() < deadlineMs) await delay(25)
  }
  return known.filter(isThere)
}

function signal(pid: number, name: NodeJS.Signals): void {
  try {
    process.kill(pid, name)
  } catch {
    // It went by itself in between.
  }
}
