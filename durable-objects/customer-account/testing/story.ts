import { abortAllDurableObjects, evictDurableObject, runDurableObjectAlarm } from 'cloudflare:test'
import type * as fc from 'fast-check'
import { expect, vi } from 'vitest'
import { PointsWritten } from '../../../domain/contracts/points.ts'
import type { Command, Entry } from '../../../domain/ledger/types.ts'
import type { AccountRef, ExecuteReply } from '../../kernel/protocol.ts'
import { claim, rawStubOf, stubOf } from '../samples.ts'
import type { ModelEntry, ModelOutcome } from './books.ts'
import { ModelShop } from './shop.ts'

/** The steps of a story: each is told to the objects and to their model, which must agree. */

export const HOUR_MS = 3_600_000

/** The model's side. */
export interface Told {
  readonly shop: ModelShop
  /** What commands came to: `redeem refused` and the like. */
  readonly met: Set<string>
  /** How many commands were told: a name for each. */
  said: number
  /** Repeats the last command, to both. */
  again: (() => Promise<void>) | null
}

/** The objects' side. */
export interface Real {
  readonly refs: readonly [AccountRef, ...AccountRef[]]
}

type Step = fc.AsyncCommand<Told, Real>

/** The beginning of a story about so many customers of one shop. */
export function beginning(refs: Real['refs'], met: Set<string>): { model: Told; real: Real } {
  const shop = new ModelShop(refs.map(({ customerId }) => customerId))
  return { model: { shop, met, said: 0, again: null }, real: { refs } }
}

/** Both sides say the same. */
function agree(real: unknown, model: unknown): void {
  expect(real).toEqual(model)
}

/** Lets what is on its way arrive, and compares what each customer has. */
async function compare(told: Told, { refs }: Real): Promise<void> {
  for (const ref of refs) {
    // Those that were merged have something to send after what they had.
    if (told.shop.account(ref.customerId).mergedInto === null) continue
    await runDurableObjectAlarm(rawStubOf(ref))
    told.shop.ring(ref.customerId, Date.now())
  }
  for (const ref of refs) {
    const account = told.shop.final(ref.customerId)
    const balance = await stubOf(ref).balance(ref)
    if (balance === null) agree([], account.entries)
    else expect(balance).toMatchObject({ ...account.balanceAt(Date.now()), customer_id: account.id })
  }
}

/** A command without a key, as the shop's are. */
async function executeAlone(ref: AccountRef, command: Command): Promise<ModelOutcome> {
  const [one] = await stubOf(ref).executeBatch(ref, [command])
  if (one === undefined) throw new Error('no outcome')
  if (one.outcome === 'refused') return { outcome: 'refused', code: one.refusal.code }
  const { outcome, seq, points } = one
  return outcome === 'none' ? { outcome } : { outcome, seq, points }
}

/** What came of a command; and the whole answer, where it was asked with a key. */
interface Answered {
  readonly outcome: ModelOutcome
  readonly reply: ExecuteReply | null
}

/** A command by RPC: those of API clients with an Idempotency-Key, the shop's without. */
async function execute(ref: AccountRef, command: Command, key: string): Promise<Answered> {
  if (!['redeem', 'earn_points', 'adjust'].includes(command.kind)) {
    return { outcome: await executeAlone(ref, command), reply: null }
  }
  const reply = await stubOf(ref).execute(ref, command, claim(key))
  if (!reply.ok) return { outcome: { outcome: 'refused', code: reply.refusal.code }, reply }
  const { transaction } = PointsWritten.parse(JSON.parse(reply.body))
  return { outcome: { outcome: reply.outcome, seq: transaction.seq, points: transaction.points }, reply }
}

/** A command about one of the customers. */
export class Say implements Step {
  readonly #who: number
  readonly #command: (nowMs: number) => Command
  #said: Command | null = null

  constructor(who: number, command: (nowMs: number) => Command) {
    this.#who = who
    this.#command = command
  }

  check(): boolean {
    return true
  }

  async run(told: Told, real: Real): Promise<void> {
    // fast-check makes objects without a prototype, which RPC does not carry.
    const command = structuredClone(this.#command(Date.now()))
    this.#said = command
    const ref = this.#addressee(told, real, command)
    told.said += 1
    const key = `${told.said}`
    const expected = told.shop.decide(ref.customerId, command, Date.now())
    const { outcome, reply } = await execute(ref, command, key)
    agree(outcome, expected)
    told.met.add(`${command.kind} ${outcome.outcome}`)
    await compare(told, real)
    told.again = async () => {
      // A key keeps its first answer, byte for byte; without it the business id says that it was booked.
      if (reply !== null) agree((await execute(ref, command, key)).reply, { ...reply, replayed: true })
      const anew = await executeAlone(ref, command)
      agree(anew, told.shop.decide(ref.customerId, command, Date.now()))
      told.met.add(`${command.kind} ${anew.outcome}`)
    }
  }

  /** An order has one customer; once that one is merged, the shop may name the customer who was kept. */
  #addressee({ shop }: Told, { refs }: Real, command: Command): AccountRef {
    const order = 'orderGid' in command ? Number(/\d+$/.exec(command.orderGid)?.[0]) : null
    const named = refs[order === null ? this.#who : order % refs.length] ?? refs[0]
    if (order === null || this.#who % 2 === 0) return named
    const { id } = shop.final(named.customerId)
    return refs.find(({ customerId }) => customerId === id) ?? named
  }

  toString(): string {
    return `${this.#who}: ${JSON.stringify(this.#said ?? this.#command(0), ['kind', ...NAMED.split(' ')])}`
  }
}

/** What is worth reading of a command in a failed story. */
const NAMED =
  'orderGid refundGid externalId redemptionId holdId adjustmentId seq becauseOf points parts goods rule rounding ' +
  'timeoutMs returnWindowDays allowDebt overdraftPoints terms lotDays timeZone inactivityDays calendar month day minDays ' +
  'editedAtMs'

/** What befalls the objects. */
class Happening implements Step {
  readonly #name: string
  readonly #happen: (told: Told, real: Real) => Promise<void>

  constructor(name: string, happen: (told: Told, real: Real) => Promise<void>) {
    this.#name = name
    this.#happen = happen
  }

  /** Before its first command an object is not there. */
  check(told: Readonly<Told>): boolean {
    return told.again !== null
  }

  async run(told: Told, real: Real): Promise<void> {
    await this.#happen(told, real)
    await compare(told, real)
  }

  toString(): string {
    return this.#name
  }
}

export const evicted = new Happening('(evicted)', async (_told, { refs }) => {
  for (const ref of refs) {
    // Only what runs can be evicted.
    await stubOf(ref).balance(ref)
    await evictDurableObject(rawStubOf(ref))
  }
})
export const killed = new Happening('(killed)', async () => {
  await abortAllDurableObjects()
})
export const repeated = new Happening('(the last command again)', async (told) => {
  await told.again?.()
})
export const rung = new Happening('(the alarms, twice)', async ({ shop }, real) => {
  for (const times of [1, 2]) {
    for (const ref of real.refs) {
      await runDurableObjectAlarm(rawStubOf(ref))
      if (times === 1) shop.ring(ref.customerId, Date.now())
    }
  }
  for (const ref of real.refs) {
    const page = await stubOf(ref).ledger(ref, 0, 1)
    agree(page?.relayedSeq ?? 0, shop.account(ref.customerId).entries.length)
  }
})

export const passes = (ms: number): Step =>
  new Happening(`(${ms / HOUR_MS} h pass)`, async () => {
    vi.setSystemTime(Date.now() + ms)
  })

/** The shop merges one customer into another. */
export const merges = (who: number, into: number): Step =>
  new Happening(`(${who} is merged into ${into})`, async ({ shop, met }, { refs }) => {
    const [ref, other] = [refs[who] ?? refs[0], refs[into] ?? refs[0]]
    const by = { source: 'merge', actor: 'shopify', effectiveAtMs: Date.now() } as const
    const target = { customerId: other.customerId, shopifyCustomerGid: other.shopifyCustomerGid }
    const { outcome } = await stubOf(ref).mergeInto(ref, target, by)
    agree(outcome, shop.merge(ref.customerId, other.customerId, Date.now()))
    met.add(`merge ${outcome}`)
  })

/** What a ledger has, in the model's words. */
export async function entriesOf(ref: AccountRef): Promise<{ entries: readonly Entry[]; modelled: ModelEntry[] }> {
  const entries = (await stubOf(ref).ledger(ref, 0, 1_000))?.entries ?? []
  const modelled = entries.map(({ seq, type, points, externalId, allocations }) => ({
    seq,
    type,
    points,
    externalId,
    moves: allocations.map((one) => [one.lot, one.points] as const),
  }))
  return { entries, modelled }
}
