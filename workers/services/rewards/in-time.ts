import { waitUntil } from 'cloudflare:workers'
import { logFault } from '../../platform/log.ts'

/**
 * What `work` answers, if it does so by `deadlineMs` (on the scale of `Date.now()`); else undefined, and it goes on in
 * the background. A failure counts as no answer: whoever uses this has someone else to see the work through.
 */
export async function inTime<T>(work: Promise<T>, deadlineMs: number, requestId: string): Promise<T | undefined> {
  const answer = work.catch((error: unknown) => {
    logFault(requestId, error)
    return undefined
  })
  waitUntil(answer)
  let timer: ReturnType<typeof setTimeout> | undefined
  const late = new Promise<undefined>((resolve) => {
    timer = setTimeout(() => resolve(undefined), Math.max(0, deadlineMs - Date.now()))
  })
  try {
    return await Promise.race([answer, late])
  } finally {
    clearTimeout(timer)
  }
}
