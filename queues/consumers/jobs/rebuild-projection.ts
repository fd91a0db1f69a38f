import type { JobMessage } from '../../../domain/contracts/jobs.ts'
import type { Settlement } from '../../batch.ts'
import { rebuildCustomer } from '../../projections/rebuild.ts'
import { customersAfter, type PageKind, runPage } from './page.ts'

type RebuildJob = Extract<JobMessage, { readonly job: 'rebuild_projection' }>

const PAGE: PageKind<RebuildJob> = {
  itemsAPage: 25,
  itemsAtOnce: 4,
  itemsAfter: async (env, job, limit) => {
    const customers = await customersAfter(env, job, limit)
    return customers.map((id) => ({ id, customerId: id, run: () => rebuildCustomer(env, job.merchant_id, id) }))
  },
}

/** A page of customers whose projections are written anew from their ledgers. */
export function rebuildProjection(env: Env, job: RebuildJob, attempts: number): Promise<Settlement> {
  return runPage(env, job, attempts, PAGE)
}
