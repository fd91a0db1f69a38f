import { Cron } from 'croner'
import type { WorkerHost } from './worker.ts'

/** Fires the Worker's `scheduled()` at its cron times (UTC, as Cloudflare does). Answers how to stop it. */
export function startCrons(host: WorkerHost, onError: (message: string) => void): () => void {
  const jobs = host.crons.map(
    (pattern) =>
      new Cron(pattern, { timezone: 'UTC', protect: true, unref: true }, async () => {
        try {
          const outcome = await host.runCron(pattern)
          if (outcome !== 'ok') onError(`The cron "${pattern}" ended with: ${outcome}`)
        } catch (error) {
          onError(`The cron "${pattern}" failed: ${error instanceof Error ? error.message : String(error)}`)
        }
      }),
  )
  return () => {
    for (const job of jobs) job.stop()
  }
}
