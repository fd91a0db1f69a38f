import { z } from 'zod'
import type { JobMessage } from '../../../domain/contracts/jobs.ts'
import { logLine } from '../../../workers/platform/log.ts'
import { neonBatch, sql } from '../../../workers/platform/neon.ts'
import { DONE, pooled, reasonOf, type Settlement } from '../../batch.ts'

/** What jobs over many things share: one page a message. */

/**
 * On this attempt of a page that keeps failing the next page goes on its way all the same: one account that cannot be
 * read must not keep the sweep from all that come after it. The page itself ends as a dead letter.
 */
const GO_ON_ATTEMPT = 5

export type PageJob = Extract<JobMessage, { readonly after: string | null }>

/** One thing of a page. `id`: by which pages are ordered. */
export interface PageItem {
  readonly id: string
  readonly customerId: string
  readonly run: () => Promise<unknown>
}

/** A kind of page: what is on it, and how it is worked off. */
export interface PageKind<J extends PageJob> {
  readonly itemsAPage: number
  readonly itemsAtOnce: number
  /** Seconds between pages. */
  readonly gapS?: number
  readonly itemsAfter: (env: Env, job: J, limit: number) => Promise<readonly PageItem[]>
  /** What is done once, with the first page. */
  readonly begin?: (env: Env, job: J) => Promise<void>
}

/**
 * One page; the next one goes on the queue only after this one is done (or keeps failing), so that a job that is lost or
 * repeated anywhere goes on from there. Each item must be harmless to repeat.
 */
export async function runPage<J extends PageJob>(
  env: Env,
  job: J,
  attempts: number,
  kind: PageKind<J>,
): Promise<Settlement> {
  const items = await kind.itemsAfter(env, job, kind.itemsAPage)
  const errors: unknown[] = []
  await pooled(items, kind.itemsAtOnce, async ({ customerId, run }) => {
    try {
      await run()
    } catch (error) {
      errors.push(error)
      const reason = reasonOf(error)
      logLine('warn', 'job failed', { job: job.job, merchant_id: job.merchant_id, customer_id: customerId, reason })
    }
  })
  // The whole page again.
  if (errors.length > 0 && attempts !== GO_ON_ATTEMPT) throw errors[0]
  if (job.after === null) await kind.begin?.(env, job)
  if (items.length === kind.itemsAPage) {
    const next: J = { ...job, after: items.at(-1)?.id ?? null }
    await env.JOBS.send(next, { delaySeconds: kind.gapS ?? 0 })
  }
  if (errors.length > 0) throw errors[0]
  return DONE
}

const CustomerIds = z.array(z.object({ id: z.uuid() }))

/** The customers of a page of a shop. */
export async function customersAfter(
  env: Env,
  { merchant_id: merchantId, after }: PageJob,
  limit: number,
): Promise<string[]> {
  const [rows] = await neonBatch(env, merchantId, [
    sql`select id from customers where ${after}::uuid is null or id > ${after}::uuid order by id limit ${limit}`,
  ])
  return CustomerIds.parse(rows).map(({ id }) => id)
}
