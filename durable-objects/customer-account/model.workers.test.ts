import { env } from 'cloudflare:workers'
import * as fc from 'fast-check'
import { afterEach, beforeEach, expect, it, vi } from 'vitest'
import { booksOf, violationsOf } from '../../domain/ledger/invariants.ts'
import { rebuild } from '../../domain/ledger/memory.ts'
import type { Entry } from '../../domain/ledger/types.ts'
import { ModelAccount } from './model/account.ts'
import { Books, type ModelEntry } from './model/books.ts'
import { rung, type Told } from './model/story.ts'
import { stories } from './model/words.ts'
import { newCustomer, stubOf } from './samples.ts'

/**
 * Random stories, told to the real object in workerd and to a model of it that shares no code with it. Between the steps
 * the object is evicted or killed, its alarm rings twice, the last command comes again, days pass. After each step both
 * give the same answer and the same balance; in the end they have the same entries, to the lot.
 *
 * A failure prints `{ seed, path, endOnFailure }` and, behind the shortest story that fails, its `replayPath`: set both
 * here to run that story again.
 */
const AGAIN: fc.Parameters<unknown> = {}
const REPLAY_PATH = ''
const RUNS = 150
const STEPS = 60
/** So far ahead that no alarm rings by itself: time passes where the story says so. */
const BEGIN_MS = Date.UTC(2090, 1, 27, 11)

beforeEach(() => {
  vi.useFakeTimers({ now: BEGIN_MS, toFake: ['Date'] })
  // Nothing leaves for the consumers: they have tests of their own.
  const queues: Pick<Queue, 'sendBatch'> = Object.getPrototypeOf(env.EVENTS)
  vi.spyOn(queues, 'sendBatch').mockResolvedValue({ metadata: { metrics: { backlogCount: 0, backlogBytes: 0 } } })
})

afterEach(() => {
  vi.useRealTimers()
  vi.restoreAllMocks()
})

/** Stories in which these never happen would show nothing. */
const MUST_BE_MET = 'earn_order earn_points clawback cancel_order redeem hold capture release adjust reverse'
  .split(' ')
  .flatMap((kind) => [`${kind} applied`, kind === 'reverse' ? 'reverse refused' : `${kind} duplicate`])

function asModelled({ seq, type, points: by, externalId, allocations }: Entry): ModelEntry {
  return { seq, type, points: by, externalId, moves: allocations.map((one) => [one.lot, one.points] as const) }
}

it('the object and its model tell the same story', { timeout: 120_000 }, async () => {
  const met = new Set<string>()
  await fc.assert(
    fc.asyncProperty(stories(STEPS, REPLAY_PATH), async (story) => {
      vi.setSystemTime(BEGIN_MS)
      const ref = newCustomer()
      const told: Told = { model: new ModelAccount(new Books(ref.customerId)), met, again: null }
      await fc.asyncModelRun(() => ({ model: told, real: { ref } }), story)
      await rung.run(told, { ref })
      const page = await stubOf(ref).ledger(ref, 0, 1000)
      const entries = page?.entries ?? []
      expect(entries.map(asModelled)).toEqual(told.model.entries)
      expect(violationsOf(booksOf(rebuild(entries)))).toEqual([])
    }),
    { numRuns: RUNS, ...AGAIN },
  )
  expect([...met]).toEqual(expect.arrayContaining(MUST_BE_MET))
})
