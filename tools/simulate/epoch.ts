import { booksOf, violationsOf } from '../../domain/ledger/invariants.ts'
import { customerIdOfGid } from '../../domain/ledger/identity.ts'
import { Account } from './account.ts'
import { Client } from './client.ts'
import { convergenceViolations } from './convergence.ts'
import type { Fault } from './faults.ts'
import { Projections } from './projections.ts'
import { Queue } from './queue.ts'
import { Simulation } from './simulation.ts'
import type { Situation } from './situations.ts'
import { Workload } from './workload.ts'

const START_MS = Date.UTC(2026, 2, 2, 11)
const DAY_MS = 86_400_000
const MERCHANTS = ['8f14e45f-ceea-467f-a9d2-1b6f0a4c1111', '45c48cce-2e2d-4fbd-8a5e-7d1a2b3c2222'] as const
const CUSTOMERS = 8
/** In this many sweeps everything must have come to rest. */
const SWEEPS = 200

/** A small world with its own seed: the unit that is run, repeated and shrunk. */
export interface EpochPlan {
  readonly seed: string
  /** Commands to deliver, all customers together. */
  readonly operations: number
  /** Faults that are switched off. */
  readonly without: ReadonlySet<Fault>
}

export interface EpochReport {
  readonly operations: number
  readonly faults: ReadonlyMap<Fault, number>
  readonly situations: ReadonlyMap<Situation, number>
  readonly traceHash: string
  readonly violations: readonly string[]
}

/** Clients, faults; then quiet; then everything must agree. The same plan gives the same report. */
export function runEpoch({ seed, operations, without }: EpochPlan): EpochReport {
  const simulation = new Simulation(seed, START_MS, without)
  const projections = new Projections(simulation)
  const queue = new Queue(simulation, projections)
  const accounts = Array.from({ length: CUSTOMERS }, (_, index) => newAccount(simulation, queue, index))
  const clients = accounts.map((account) => new Client(simulation, account, new Workload(simulation.random)))
  for (const client of clients) client.start(Math.ceil(operations / CUSTOMERS))
  const violations = [...run(simulation, () => clients.every((client) => client.isAnswered))]
  simulation.faults.stop()
  violations.push(...settle(simulation, queue, accounts))
  for (const [index, account] of accounts.entries()) {
    const { customerId } = account.owner
    const found = [
      ...violationsOf(booksOf(account.ledger)),
      ...convergenceViolations(account, clients[index], queue, projections, simulation.nowMs),
    ]
    violations.push(...found.map((text) => `customer ${customerId}: ${text}`))
  }
  for (const row of projections.transactions.values())
    simulation.trace.note(`${row.customer_id} ${row.seq} ${row.hash}`)
  return {
    operations: clients.reduce((sum, { delivered }) => sum + delivered, 0),
    faults: simulation.faults.counts,
    situations: simulation.situations.counts,
    traceHash: simulation.trace.digest(),
    violations,
  }
}

function newAccount(simulation: Simulation, queue: Queue, index: number): Account {
  const merchantId = MERCHANTS[index % MERCHANTS.length] ?? MERCHANTS[0]
  // The same Shopify id at both merchants: only the tenant tells them apart.
  const gid = `gid://shopify/Customer/${7_000 + Math.floor(index / MERCHANTS.length)}`
  const customerId = customerIdOfGid(merchantId, gid)
  return new Account(simulation, queue, { merchantId, customerId, shopifyCustomerGid: gid, currency: 'EUR' })
}

/** Until nobody wants anything any more; alarms and messages may still be under way, or lost. */
function run(simulation: Simulation, isDone: () => boolean): readonly string[] {
  const { schedule } = simulation
  try {
    // A customer's retries may outlast the others' work, so the clients are asked again at the end.
    while (schedule.step()) continue
    return isDone() ? [] : ['a client still waits for an answer']
  } catch (error) {
    return [`the ledger broke: ${error instanceof Error ? error.message : String(error)}`]
  }
}

/** No more faults: one sweep a day until everything is booked, sent and projected. */
function settle(simulation: Simulation, queue: Queue, accounts: readonly Account[]): readonly string[] {
  const { schedule } = simulation
  try {
    for (let sweep = 0; sweep < SWEEPS; sweep += 1) {
      for (const account of accounts) account.wake()
      while (schedule.step()) continue
      if (queue.isEmpty && accounts.every((account) => account.isAtRest)) return []
      schedule.in(DAY_MS, () => undefined)
    }
    return [`not at rest after ${SWEEPS} sweeps`]
  } catch (error) {
    return [`the ledger broke: ${error instanceof Error ? error.message : String(error)}`]
  }
}
