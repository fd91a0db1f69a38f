import { describe, expect, it } from 'vitest'
import { withRetry } from './retry.ts'

/** A failure as workerd reports it: flags on the error. */
function objectError(flags: { retryable?: boolean; overloaded?: boolean }): Error {
  return Object.assign(new Error('object failed'), flags)
}

/** Fails with each of the errors in turn, then answers; notes stubs and waits. */
function fakeObject(errors: Error[]) {
  const stubs: number[] = []
  const waitsMs: number[] = []
  return {
    stubs,
    waitsMs,
    policy: {
      random: () => 0.999,
      wait: async (delayMs: number) => {
        waitsMs.push(delayMs)
      },
    },
    newStub: () => stubs.push(stubs.length),
    call: async (): Promise<string> => {
      const error = errors.shift()
      if (error !== undefined) throw error
      return 'answered'
    },
  }
}

describe('calling an object again', () => {
  it('takes a new stub each time and waits longer each time', async () => {
    const object = fakeObject([objectError({ retryable: true }), objectError({ retryable: true })])
    await expect(withRetry(object.newStub, object.call, object.policy)).resolves.toBe('answered')
    expect(object.stubs).toHaveLength(3)
    expect(object.waitsMs).toEqual([49, 99])
  })

  it('never adds to an overload', async () => {
    const object = fakeObject([objectError({ retryable: true, overloaded: true })])
    await expect(withRetry(object.newStub, object.call, object.policy)).rejects.toThrow('object failed')
    expect(object.stubs).toHaveLength(1)
  })

  it('does not repeat a bug', async () => {
    const object = fakeObject([objectError({})])
    await expect(withRetry(object.newStub, object.call, object.policy)).rejects.toThrow('object failed')
    expect(object.stubs).toHaveLength(1)
  })

  it('gives up after the last attempt with the last error', async () => {
    const object = fakeObject(Array.from({ length: 9 }, () => objectError({ retryable: true })))
    await expect(withRetry(object.newStub, object.call, { ...object.policy, attempts: 3 })).rejects.toThrow(
      'object failed',
    )
    expect(object.stubs).toHaveLength(3)
  })
})
