import type { Health } from '../../domain/contracts/operations/health.ts'
import { refuse } from '../../domain/contracts/errors.ts'
import type { Answer } from './handler.ts'

const TIME_OUT_MS = 2_000

/** One store that a service needs: resolves when it answered, rejects when it did not. */
export type Probe = () => Promise<unknown>

async function inTime(probe: Probe): Promise<boolean> {
  let timer: ReturnType<typeof setTimeout> | undefined
  const late = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(() => reject(new Error('timed out')), TIME_OUT_MS)
  })
  try {
    await Promise.race([probe(), late])
    return true
  } catch {
    return false
  } finally {
    clearTimeout(timer)
  }
}

/** Asks each store, at most two seconds, and answers what it saw; 503 `unavailable` names the stores that fail. */
export async function checkHealth(service: string, probes: Readonly<Record<string, Probe>>): Promise<Answer<Health>> {
  const checks = await Promise.all(
    Object.entries(probes).map(async ([name, probe]) => {
      const startedAtMs = Date.now()
      const status = (await inTime(probe)) ? ('ok' as const) : ('failing' as const)
      return { name, status, duration_ms: Date.now() - startedAtMs }
    }),
  )
  const failing = checks.filter((check) => check.status === 'failing').map((check) => check.name)
  if (failing.length > 0) return refuse('unavailable', `Not answering: ${failing.join(', ')}.`)
  return { ok: true, body: { status: 'ok', service, checks } }
}
