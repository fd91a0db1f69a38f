import { setTimeout as delay } from 'node:timers/promises'
import { ProjectionComparison } from '../../domain/contracts/operations/admin-core.ts'
import { type Caller, freshId } from './client.ts'

/** Postgres against the ledgers, by the operation that an operator has. */

export interface Compared {
  readonly customers: number
  readonly differences: readonly string[]
  /** Entries that are not there yet, and young enough to be on their way. */
  readonly inFlight: number
}

async function once(caller: Caller): Promise<Compared> {
  const differences: string[] = []
  let customers = 0
  let inFlight = 0
  for (let after: string | null | undefined; after !== null;) {
    const answer = await caller.write('/admin/v1/projections/compare', freshId(), { after: after ?? null, limit: 100 })
    const page = ProjectionComparison.parse(JSON.parse(answer.text))
    customers += page.customers
    inFlight += page.in_flight
    differences.push(
      ...page.differences.map(
        (one) => `${one.customer_id} ${one.table} ${one.key} ${one.problem} ${one.fields.join(' ')}`,
      ),
    )
    after = page.next_after
  }
  return { customers, differences, inFlight }
}

/** Compares until everything is equal, or until the differences have stood still for a while. */
export async function compareProjections(caller: Caller, patienceSeconds: number): Promise<Compared> {
  let last = await once(caller)
  let stillSinceMs = Date.now()
  while (last.differences.length + last.inFlight > 0 && Date.now() - stillSinceMs < patienceSeconds * 1_000) {
    await delay(1_000)
    const next = await once(caller)
    if (next.differences.length !== last.differences.length || next.inFlight !== last.inFlight)
      stillSinceMs = Date.now()
    last = next
  }
  return last
}

/** Writes them anew from the ledgers, in the background. */
export async function rebuildProjections(caller: Caller): Promise<void> {
  const answer = await caller.write('/admin/v1/projections/rebuild', freshId(), undefined)
  if (answer.status !== 202) throw new Error(`The rebuild did not begin: ${answer.status} ${answer.text}`)
}
