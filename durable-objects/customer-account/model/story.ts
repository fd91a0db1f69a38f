import { abortAllDurableObjects, evictDurableObject, runDurableObjectAlarm } from 'cloudflare:test'
import type * as fc from 'fast-check'
import { expect, vi } from 'vitest'
import { PointsWritten } from '../../../domain/contracts/points.ts'
import type { Command } from '../../../domain/ledger/types.ts'
import type { AccountRef, ExecuteReply } from '../../kernel/protocol.ts'
import { claim, rawStubOf, stubOf } from '../samples.ts'
import type { ModelAccount } from './account.ts'
import type { ModelOutcome } from './books.ts'

/** The steps of a story: each is told to the object and to its model, which must agree. */

export const HOUR_MS = 3_600_000

/** The model's side. */
export interface Told {
  readonly model: ModelAccount
  /** What commands came to: `redeem refused` and the like. */
  readonly met: Set<string>
  /** Repeats the last command, to both. */
  again: (() => Promise<void>) | null
}

/** The object's side. */
export interface Real {
  readonly ref: AccountRef
}

type Step = fc.AsyncCommand<Told, Real>

async function compareBalance({ model }: Told, { ref }: Real): Promise<void> {
  const balance = await stubOf(ref).balance(ref)
  if (balance === null) expect(model.entries).toEqual([])
  else expect(balance).toMatchObject(model.balanceAt(Date.now()))
}

/** Both sides say the same. */
function agree(real: unknown, model: unknown): void {
  expect(real).toEqual(model)
}

/** A command without a key, as the shop's are. */
async function executeAlone({ ref }: Real, command: Command): Promise<ModelOutcome> {
  const [one] = await stubOf(ref).executeBatch(ref, [command])
  if (one === undefined) throw new Error('no outcome')
  if (one.outcome === 'refused') return { outcome: 'refused', code: one.refusal.code }
  const { outcome, seq, points } = one
  return outcome === 'none' ? { outcome } : { outcome, seq, points }
}

/** A command by RPC: those of API clients with an Idempotency-Key, the shop's without. */
async function execute(real: Real, command: Command): Promise<{ outcome: ModelOutcome; reply: ExecuteReply | null }> {
  if (!['redeem', 'earn_points', 'adjust'].includes(command.kind)) {
    return { outcome: await executeAlone(real, command), reply: null }
  }
  const { ref } = real
  const reply = await stubOf(ref).execute(ref, command, claim(JSON.stringify(command)))
  if (!reply.ok) return { outcome: { outcome: 'refused', code: reply.refusal.code }, reply }
  const { transaction } = PointsWritten.parse(JSON.parse(reply.body))
  return { outcome: { outcome: reply.outcome, seq: transaction.seq, points: transaction.points }, reply }
}

/** A command. */
export class Say implements Step {
  readonly #command: (nowMs: number) => Command
  #said: Command | null = null

  constructor(command: (nowMs: number) => Command) {
    this.#command = command
  }

  check(): boolean {
    return true
  }

  async run(told: Told, real: Real): Promise<void> {
    // fast-check makes objects without a prototype, which RPC does not carry.
    const command = structuredClone(this.#command(Date.now()))
    this.#said = command
    const expected = told.model.decide(command, Date.now())
    const { outcome, reply } = await execute(real, command)
    agree(outcome, expected)
    told.met.add(`${command.kind} ${outcome.outcome}`)
    await compareBalance(told, real)
    told.again = async () => {
      // A key keeps its first answer, byte for byte; without it the business id says that it was booked.
      if (reply !== null) agree((await execute(real, command)).reply, { ...reply, replayed: true })
      const anew = await executeAlone(real, command)
      agree(anew, told.model.decide(command, Date.now()))
      told.met.add(`${command.kind} ${anew.outcome}`)
    }
  }

  toString(): string {
    return JSON.stringify(this.#said ?? this.#command(0), ['kind', ...NAMED.split(' ')])
  }
}

/** What is worth reading of a command in a failed story. */
const NAMED =
  'orderGid refundGid externalId redemptionId holdId adjustmentId seq becauseOf points parts goods rule rounding ' +
  'timeoutMs returnWindowDays allowDebt overdraftPoints terms lotDays timeZone inactivityDays calendar month day minDays ' +
  'editedAtMs'

/** What befalls the object. */
class Happening implements Step {
  readonly #name: string
  readonly #happen: (told: Told, real: Real) => Promise<void>

  constructor(name: string, happen: (told: Told, real: Real) => Promise<void>) {
    this.#name = name
    this.#happen = happen
  }

  /** Before its first command the object is not there. */
  check(told: Readonly<Told>): boolean {
    return told.again !== null
  }

  async run(told: Told, real: Real): Promise<void> {
    await this.#happen(told, real)
    await compareBalance(told, real)
  }

  toString(): string {
    return this.#name
  }
}

export const evicted = new Happening('(evicted)', async (_told, { ref }) => {
  await evictDurableObject(rawStubOf(ref))
})
export const killed = new Happening('(killed)', async () => {
  await abortAllDurableObjects()
})
export const repeated = new Happening('(the last command again)', async (told) => {
  await told.again?.()
})
export const rung = new Happening('(the alarm, twice)', async ({ model }, { ref }) => {
  await runDurableObjectAlarm(rawStubOf(ref))
  model.decide({ kind: 'apply_due' }, Date.now())
  await runDurableObjectAlarm(rawStubOf(ref))
  const page = await stubOf(ref).ledger(ref, 0, 1)
  agree(page?.relayedSeq ?? 0, model.entries.length)
})

export const passes = (ms: number): Step =>
  new Happening(`(${ms / HOUR_MS} h pass)`, async () => {
    vi.setSystemTime(Date.now() + ms)
  })
