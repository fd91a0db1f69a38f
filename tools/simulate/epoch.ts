import { customerIdOfGid } from '../../domain/ledger/identity.ts'
import { Account } from './account.ts'
import { Client } from './client.ts'
import { findViolations, type Violation } from './convergence.ts'
import type { Fault } from './faults.ts'
import { Network } from './network.ts'
import { Projections } from './projections.ts'
import { Queue } from './queue.ts'
import { Simulation } from './simulation.ts'
import type { Situation } from './situations.ts'
import { Workload } from './workload.ts'

const START_MS = Date.UTC(2026, 2, 2, 11)
const DAY_MS = 86_400_000
const MERCHANTS = ['8f14e45f-ceea-467f-a9d2-1b6f0a4c1111', '45c48cce-2e2d-4fbd-8a5e-7d1a2b3c2222'] as const
const CUSTOMERS = 8
/** The last ones are guests, one a merchant. */
const GUESTS = 2
/** Customers that the shops merge in an epoch, or find to be other customers. */
const MERGES = 3
/** In this many sweeps everything must have come to rest. */
const SWEEPS = 200
/** A command takes about 6 steps. One that takes this many goes in circles. */
const MOST_STEPS_A_COMMAND = 200

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
  readonly violations: readonly Violation[]
}

/** Clients, faults; then quiet; then everything must agree. The same plan gives the same report. */
export function runEpoch({ seed, operations, without }: EpochPlan): EpochReport {
  const simulation = new Simulation(seed, START_MS, without)
  const projections = new Projections(simulation)
  const queue = new Queue(simulation, projections)
  const network = new Network(simulation)
  for (let index = 0; index < CUSTOMERS; index += 1) network.add(newAccount(simulation, queue, network, index))
  const { accounts } = network
  const clients = accounts.map(
    (account, index) => new Client(simulation, network, account, new Workload(simulation.random, index + 1)),
  )
  for (const client of clients) client.start(Math.ceil(operations / CUSTOMERS))
  planMerges(simulation, accounts, clients, operations)
  const broken = orBroken(() => {
    runUntilIdle(simulation, operations * MOST_STEPS_A_COMMAND)
    const waiting = clients.filter((client) => !client.isAnswered).length
    simulation.faults.stop()
    settle(simulation, queue, accounts)
    return waiting === 0 ? [] : [`${waiting} clients still wait for an answer`]
  })
  const violations = [...broken, ...findViolations({ accounts, clients, queue, projections, nowMs: simulation.nowMs })]
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

function newAccount(simulation: Simulation, queue: Queue, network: Network, index: number): Account {
  const merchantId = MERCHANTS[index % MERCHANTS.length] ?? MERCHANTS[0]
  // The same Shopify id at both merchants: only the tenant tells them apart.
  const gid = `gid://shopify/Customer/${7_000 + Math.floor(index / MERCHANTS.length)}`
  const customerId = customerIdOfGid(merchantId, gid)
  const shopifyCustomerGid = index < CUSTOMERS - GUESTS ? gid : null
  return new Account(simulation, queue, network, { merchantId, customerId, shopifyCustomerGid, currency: 'EUR' })
}

/** Any two accounts of a merchant, at any time; the same two may be merged the other way round later. */
function planMerges(
  { random, schedule }: Simulation,
  accounts: readonly Account[],
  clients: readonly Client[],
  operations: number,
): void {
  // A customer's commands are about two hours apart.
  const spanMs = (operations / CUSTOMERS) * 2 * 3_600_000
  for (let merge = 0; merge < MERGES; merge += 1) {
    const removed = random.int(0, CUSTOMERS - 1)
    const kept = (removed + MERCHANTS.length * random.int(1, CUSTOMERS / MERCHANTS.length - 1)) % CUSTOMERS
    const { customerId } = accounts[kept]?.owner ?? { customerId: '' }
    schedule.in(random.int(0, spanMs), () => clients[removed]?.merge(customerId))
    if (random.chance(0.3)) {
      const back = accounts[removed]?.owner.customerId ?? ''
      schedule.in(random.int(0, spanMs), () => clients[kept]?.merge(back))
    }
  }
}

/** Until nobody wants anything any more; alarms and messages may still be under way, or lost. */
function runUntilIdle({ schedule }: Simulation, mostSteps: number): void {
  for (let steps = 0; schedule.step(); steps += 1) {
    if (steps > mostSteps) throw new Error(`still busy after ${mostSteps} steps`)
  }
}

/** No more faults: one sweep a day until everything is booked, sent, delivered and projected. */
function settle(simulation: Simulation, queue: Queue, accounts: readonly Account[]): void {
  const { schedule } = simulation
  for (let sweep = 0; sweep < SWEEPS; sweep += 1) {
    for (const account of accounts) account.wake()
    runUntilIdle(simulation, SWEEPS * MOST_STEPS_A_COMMAND)
    if (queue.isEmpty && accounts.every((account) => account.isAtRest)) return
    schedule.in(DAY_MS, () => undefined)
  }
  throw new Error(`not at rest after ${SWEEPS} sweeps`)
}

/** A ledger that contradicts itself stops where it is. */
function orBroken(run: () => readonly string[]): readonly Violation[] {
  try {
    return run().map((what) => ({ invariant: 'everything ends', what }))
  } catch (error) {
    return [{ invariant: 'nothing breaks', what: error instanceof Error ? error.message : String(error) }]
  }
}
