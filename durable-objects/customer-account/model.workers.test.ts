import { env } from 'cloudflare:workers'
import * as fc from 'fast-check'
import { afterEach, beforeEach, expect, it, vi } from 'vitest'
import { type Books, booksOf, violationsOf } from '../../domain/ledger/invariants.ts'
import { rebuild } from '../../domain/ledger/memory.ts'
import { mergeViolations } from '../../domain/ledger/merge-invariants.ts'
import { beginning, entriesOf, rung } from './testing/story.ts'
import { stories } from './testing/words.ts'
import { newCustomer } from './samples.ts'

/**
 * Random stories, told to the real object in workerd and to a model of it that shares no code with it. Between the steps
 * the object is evicted or killed, its alarm rings twice, the last command comes again, days pass. After each step both
 * give the same answer and the same balance; in the end they have the same entries, to the lot.
 *
 * A failure prints `{ seed, path, endOnFailure }` and, behind the shortest story that fails, its `replayPath`: set both
 * here to run that story again.
 */
const AGAIN: Pick<fc.Parameters<unknown>, 'seed' | 'path' | 'endOnFailure'> = {}
const REPLAY_PATH = ''
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
const ALONE = [
  ...'earn_order earn_points clawback cancel_order redeem hold capture release adjust edit_order reverse'
    .split(' ')
    .map((kind) => `${kind} applied`),
  ...'earn_order earn_points clawback redeem'.split(' ').map((kind) => `${kind} duplicate`),
  'redeem refused',
  'edit_order none',
]
const TOGETHER = ['merge merged', 'merge before', 'merge refused']

it.for([
  {
    customers: 1,
    runs: 45,
    maxCommands: 60,
    mustBeMet: ALONE,
  },
  { customers: 3, runs: 35, maxCommands: 60, mustBeMet: TOGETHER },
])(
  'the objects and their model tell the same story, about $customers of a shop',
  { timeout: 240_000 },
  async ({ customers, runs, maxCommands, mustBeMet }) => {
    const met = new Set<string>()
    const property = fc.asyncProperty(stories({ customers, maxCommands, replayPath: REPLAY_PATH }), async (story) => {
      vi.setSystemTime(BEGIN_MS)
      const first = newCustomer()
      const others = Array.from({ length: customers - 1 }, () => ({ ...first, customerId: crypto.randomUUID() }))
      const { model, real } = beginning([first, ...others], met)
      await fc.asyncModelRun(() => ({ model, real }), story)
      await rung.run(model, real)
      const books = new Map<string, Books>()
      for (const ref of real.refs) {
        const { entries, modelled } = await entriesOf(ref)
        expect(modelled).toEqual(model.shop.account(ref.customerId).entries)
        books.set(ref.customerId, booksOf(rebuild(entries)))
      }
      expect([...books.values()].flatMap(violationsOf)).toEqual([])
      expect(mergeViolations(books, true)).toEqual([])
    })
    await fc.assert(property, { numRuns: runs, ...AGAIN })
    // The rarest of them are in nearly every run; a few stories more for when chance left one out.
    for (let more = 0; more < 4 && !mustBeMet.every((word) => met.has(word)); more += 1) {
      await fc.assert(property, { numRuns: runs })
    }
    expect([...met]).toEqual(expect.arrayContaining(mustBeMet))
  },
)
