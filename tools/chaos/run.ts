import { chmodSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { z } from 'zod'
import { withClient } from '../database/postgres.ts'
import { Random } from '../simulate/random.ts'
import { booksOf } from '../testing/books.ts'
import { audit, type AuditCounts } from './audit.ts'
import { Caller, sha256, type Traffic } from './client.ts'
import { type DiskAccount, type DiskTill, readAccount, readTill } from './disk.ts'
import { breakThings, type FaultCounts, mountDisk, unmountDisk } from './faults.ts'
import { Journal, type Line, linesOf } from './journal.ts'
import type { ChaosOptions } from './options.ts'
import { compareProjections, rebuildProjections } from './projections.ts'
import { reoffer } from './reoffer.ts'
import { type ChaosStack, objectFiles, startChaosStack } from './stack.ts'
import { OpenPages } from './streams.ts'
import { Till } from './tills.ts'
import { World } from './workload.ts'

const TILLS = 3

/** What a run showed. */
export interface ChaosResult {
  readonly seed: string
  readonly seconds: number
  readonly faults: FaultCounts
  /** Ends of workerd that nobody had brought about. */
  readonly deaths: readonly string[]
  readonly traffic: Traffic
  readonly audit: AuditCounts
  readonly replays: number
  readonly reoffered: { readonly orders: number; readonly refunds: number; readonly cancellations: number }
  readonly streams: { readonly connections: number; readonly messages: number }
  readonly projections: {
    /** Rows that were missing or old when the faults had ended. */
    readonly rebuilt: number
    readonly customers: number
  }
  readonly problems: readonly string[]
  /** Where the state and the journal lie, if they were kept. */
  readonly dir: string | null
}

/** One run, from an empty state to the verdict. */
export async function runChaos(options: ChaosOptions, say: (line: string) => void): Promise<ChaosResult> {
  const dir = mkdtempSync(path.join(tmpdir(), 'loyalnest-chaos-'))
  chmodSync(dir, 0o755)
  const disk = path.join(dir, 'state')
  mkdirSync(disk)
  const hasDisk = mountDisk(disk)
  if (!hasDisk) say('No disk of its own without root: it will not be full in this run.')
  let keep = options.keep
  try {
    const result = await runIn(dir, options, say)
    keep ||= result.problems.length > 0
    return { ...result, dir: keep ? dir : null }
  } catch (error) {
    keep = true
    throw error
  } finally {
    if (hasDisk && !keep) unmountDisk(disk)
    if (!keep) rmSync(dir, { recursive: true, force: true })
  }
}

async function runIn(dir: string, options: ChaosOptions, say: (line: string) => void): Promise<ChaosResult> {
  const beganAtMs = Date.now()
  say(`Seed ${options.seed}; state in ${dir}. Building and starting.`)
  const stack = await startChaosStack(dir)
  // Postgres notices by itself when we are gone; workerd would stay.
  const interrupted = () => {
    const pid = stack.workerdPid()
    if (pid !== undefined) process.kill(pid, 'SIGKILL')
    say(`Interrupted; the state stays in ${dir}.`)
    process.exit(130)
  }
  process.once('SIGINT', interrupted).once('SIGTERM', interrupted)
  try {
    const random = new Random(`clients ${options.seed}`)
    const caller = new Caller(stack.info, () => random.int(1_500, 8_000))
    const journal = new Journal(path.join(dir, 'journal.ndjson'))
    const world = new World(caller, journal, random, options.customers)
    await world.prepare()
    const pages = new OpenPages(stack.info, journal)
    const open = world.customers.slice(0, 8).map((customer) => pages.open(customer))
    const tills: Till[] = []
    while (tills.length < TILLS) tills.push(await Till.register(caller, journal, random))
    const selling = tills.map((till) => till.sell(world.customers, world.rewards, () => world.isOver))
    const clients = Array.from({ length: options.clients }, () => world.client())
    say(`${options.clients} clients, ${options.customers} customers, ${TILLS} tills, 8 open pages. Breaking things.`)
    const faults = await breakThings(stack, new Random(`faults ${options.seed}`), journal, {
      kills: options.kills,
      untilMs: Date.now() + options.seconds * 1_000,
      calmMs: options.calmMs,
      faultMs: options.faultMs,
      killsWithin: options.killsWithin,
    })
    say(`${faultsInWords(faults)} Waiting for what the clients have begun.`)
    world.stop()
    await Promise.all([...clients, ...selling])
    await Promise.all(tills.map((till) => till.finish()))
    const quiet = await comeToRest(stack, world, journal, say)
    const replays = await replayed(world, journal.read())
    pages.close()
    await Promise.all(open)
    const accounts = readAccounts(stack)
    const lines = journal.read()
    const audited = audit(lines, accounts, readTills(stack))
    return {
      seed: options.seed,
      seconds: Math.round((Date.now() - beganAtMs) / 1_000),
      faults,
      deaths: stack.deaths,
      traffic: caller.traffic,
      audit: audited.counts,
      replays: replays.count,
      reoffered: quiet.reoffered,
      streams: { connections: pages.connections, messages: pages.messages },
      projections: quiet.projections,
      problems: [...audited.problems, ...replays.problems, ...quiet.problems, ...pages.complaints],
      dir,
    }
  } finally {
    process.off('SIGINT', interrupted).off('SIGTERM', interrupted)
    await stack.stop()
  }
}

export function faultsInWords(faults: FaultCounts): string {
  return `${Object.entries(faults)
    .map(([name, times]) => `${times} × ${name}`)
    .join(', ')}.`
}

/**
 * Waits until nothing moves any more. What the local queues lost with workerd comes anew: events from the ledgers, by the
 * operation that rebuilds projections, then webhooks from the shop. From then on nothing breaks, so nothing may be missing.
 */
async function comeToRest(stack: ChaosStack, world: World, journal: Journal, say: (line: string) => void) {
  const { caller } = world
  await atRest(stack)
  // A rebuild takes the customers that Postgres knows; of some, no event may ever have arrived.
  for (const customer of world.customers) await world.tellCustomer(customer)
  await knownToPostgres(stack)
  const before = await compareProjections(caller, 8)
  const missing = before.differences.length + before.inFlight
  if (missing > 0) {
    say(`${missing} rows of the projections are missing or old, their messages gone with workerd: writing them anew.`)
    await rebuildProjections(caller)
    await compareProjections(caller, 30)
  }
  const reoffered = await reoffer(world, journal, () => readAccounts(stack))
  say(`Told again: ${reoffered.orders} orders, ${reoffered.refunds} refunds, ${reoffered.cancellations} cancellations.`)
  await atRest(stack)
  const after = await compareProjections(caller, 30)
  return {
    reoffered,
    projections: { rebuilt: missing, customers: after.customers },
    problems: [
      ...after.differences.map((difference) => `projections: ${difference}`),
      ...(after.inFlight > 0 ? [`projections: ${after.inFlight} entries never arrived`] : []),
      ...(await rowProblems(stack)),
      ...(await codeProblems(stack, readAccounts(stack))),
    ],
  }
}

async function knownToPostgres(stack: ChaosStack): Promise<void> {
  const unknown = async () => {
    const known = new Set((await rowsOf(stack, 'select id::text as customer, 0 as entries from customers')).keys())
    return readAccounts(stack).some(({ customerId }) => !known.has(customerId))
  }
  for (let tries = 0; tries < 30 && (await unknown()); tries += 1) await delay(500)
}

/** Past the Worker's own comparison: Postgres has as many entries of each account as its disk, and of no other. */
async function rowProblems(stack: ChaosStack): Promise<readonly string[]> {
  const query = 'select customer_id::text as customer, count(*)::int as entries from points_transactions group by 1'
  const stored = await rowsOf(stack, query)
  const onDisk = new Map(readAccounts(stack).map(({ customerId, books }) => [customerId, books.entries.length]))
  return [...new Set([...stored.keys(), ...onDisk.keys()])].flatMap((customer) => {
    const [inPostgres, booked] = [stored.get(customer) ?? 0, onDisk.get(customer) ?? 0]
    return inPostgres === booked ? [] : [`Postgres has ${inPostgres} of the ${booked} entries of ${customer}`]
  })
}

const Rows = z.array(z.object({ customer: z.string(), entries: z.int() }))

async function rowsOf(stack: ChaosStack, query: string): Promise<ReadonlyMap<string, number>> {
  const { rows } = await withClient(stack.pgUrl(), (client) => client.query(query))
  return new Map(Rows.parse(rows).map(({ customer, entries }) => [customer, entries]))
}

async function atRest(stack: ChaosStack): Promise<void> {
  for (let tries = 0; tries < 120 && !readAccounts(stack).every(isAtRest); tries += 1) await delay(500)
}

/** Everything was sent, and no redemption is under way. */
function isAtRest({ relayedSeq, books, redemptions }: DiskAccount): boolean {
  return relayedSeq === books.account.seq && redemptions.every(({ state, ending }) => state !== 'pending' && !ending)
}

function readAccounts(stack: ChaosStack): readonly DiskAccount[] {
  return objectFiles(stack.paths.worker, 'CustomerAccount').flatMap((file) => readAccount(file) ?? [])
}

function readTills(stack: ChaosStack): readonly DiskTill[] {
  return objectFiles(stack.paths.worker, 'PosDevice').flatMap((file) => readTill(file) ?? [])
}

/** The shop has the codes that the ledgers spent points for, and no other. */
async function codeProblems(stack: ChaosStack, accounts: readonly DiskAccount[]): Promise<readonly string[]> {
  const inShop = await booksOf(stack.info).shopCodes()
  const issued = new Set(
    accounts.flatMap(({ redemptions }) =>
      redemptions.filter(({ state }) => state === 'issued' || state === 'used').map(({ code }) => code),
    ),
  )
  return [
    ...[...inShop.keys()]
      .filter((code) => !issued.has(code))
      .map((code) => `the shop has ${code}, which nobody paid for`),
    ...[...issued].filter((code) => !inShop.has(code)).map((code) => `${code} was paid for, but the shop has it not`),
  ]
}

const REPLAYS = 200

/** The newest writes once more, under their keys: the same answers, byte for byte. */
async function replayed(world: World, lines: readonly Line[]) {
  const answers = new Map(linesOf(lines, 'answer').map((answer) => [answer.key, answer]))
  const writes = linesOf(lines, 'write').slice(-REPLAYS)
  const problems: string[] = []
  for (const { key, path: address, body, businessId } of writes) {
    const again = await world.caller.write(address, key, body)
    const answer = answers.get(key)
    if (again.status !== answer?.status || sha256(again.text) !== answer.sha256) {
      problems.push(`${businessId} was answered otherwise when it was asked for again`)
    }
  }
  return { count: writes.length, problems }
}
