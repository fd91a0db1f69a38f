import { describe, expect, it } from 'vitest'
import { bisect, pooled, retryDelayS, Settlements } from './batch.ts'

function message(id: string, attempts = 1) {
  const calls: unknown[] = []
  return {
    calls,
    message: {
      id,
      attempts,
      timestamp: new Date(0),
      body: null,
      ack: () => calls.push('ack'),
      retry: (options?: QueueRetryOptions) => calls.push(options),
    },
  }
}

describe('Settlements', () => {
  it('acknowledges what went well, retries an outage later and a poisoned message at once', () => {
    const [good, late, bad] = [message('good'), message('late', 3), message('bad', 3)]
    const settlements = new Settlements()
    settlements.note(late.message, { kind: 'outage', reason: 'no answer' })
    settlements.note(bad.message, { kind: 'poisoned', reason: 'does not parse' })
    settlements.settle([good.message, late.message, bad.message], () => 0)
    expect([good.calls, late.calls, bad.calls]).toEqual([['ack'], [{ delaySeconds: 4 }], [{ delaySeconds: 0 }]])
  })

  it('keeps the worst of several steps', () => {
    const { message: one } = message('one')
    const settlements = new Settlements()
    settlements.note(one, { kind: 'outage', reason: 'first' })
    settlements.note(one, { kind: 'done' })
    expect(settlements.failures([one])).toEqual([{ message: one, reason: 'first' }])
  })
})

describe('retryDelayS', () => {
  it('doubles with each attempt up to a quarter of an hour, half of it by chance', () => {
    expect([1, 2, 3, 20].map((attempts) => retryDelayS(attempts, () => 0))).toEqual([1, 2, 4, 450])
    expect([1, 2, 3, 20].map((attempts) => retryDelayS(attempts, () => 0.999))).toEqual([2, 4, 8, 900])
  })
})

describe('bisect', () => {
  const items = Array.from({ length: 100 }, (_, index) => index)

  it('applies all but the refused items, in few calls', async () => {
    const applied: number[] = []
    let calls = 0
    const apply = async (some: readonly number[]) => {
      calls += 1
      if (some.includes(41)) throw new RangeError('41 is refused')
      applied.push(...some)
    }
    const failed = await bisect(items, apply, (error) => error instanceof RangeError)
    expect([...failed.keys()]).toEqual([41])
    expect(applied.toSorted((a, b) => a - b)).toEqual(items.filter((item) => item !== 41))
    expect(calls).toBeLessThanOrEqual(15)
  })

  it('does not search an outage', async () => {
    let calls = 0
    const apply = async () => {
      calls += 1
      throw new Error('no answer')
    }
    expect((await bisect(items, apply, () => false)).size).toBe(100)
    expect(calls).toBe(1)
  })
})

it('pooled runs everything, never more than the limit at once', async () => {
  let running = 0
  let most = 0
  let done = 0
  await pooled(Array.from({ length: 20 }).keys(), 3, async () => {
    running += 1
    most = Math.max(most, running)
    await Promise.resolve()
    running -= 1
    done += 1
  })
  expect({ most, done }).toEqual({ most: 3, done: 20 })
})
