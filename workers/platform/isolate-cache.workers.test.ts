import { expect, it } from 'vitest'
import { IsolateCache } from './isolate-cache.ts'

const newCache = () => new IsolateCache<number>({ lifeMs: 60_000, capacity: 2 })

it('asks once while the copy is fresh, also when many ask at once', async () => {
  const cache = newCache()
  let asked = 0
  const ask = () => cache.get('a', async () => ++asked)
  expect(await Promise.all([ask(), ask(), ask()])).toEqual([1, 1, 1])
  expect(await ask()).toBe(1)
})

it('does not keep what was missing', async () => {
  const cache = newCache()
  expect(await cache.get('a', async () => undefined)).toBeUndefined()
  expect(await cache.get('a', async () => 7)).toBe(7)
})

it('asks again after forget, and drops the old answer that was still on its way', async () => {
  const cache = newCache()
  const { promise: old, resolve } = Promise.withResolvers<number>()
  const asking = cache.get('a', () => old)
  cache.forget('a')
  expect(await cache.get('a', async () => 2)).toBe(2)
  resolve(1)
  expect(await asking).toBe(1)
  expect(cache.fresh('a')).toBe(2)
})

it('forgets the oldest beyond its capacity', async () => {
  const cache = newCache()
  for (const key of ['a', 'b', 'c']) await cache.get(key, async () => 1)
  expect(cache.fresh('a')).toBeUndefined()
  expect(cache.fresh('c')).toBe(1)
})
