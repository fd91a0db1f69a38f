import { evictDurableObject, runDurableObjectAlarm, runInDurableObject } from 'cloudflare:test'
import { describe, expect, it, vi } from 'vitest'
import { PointsEvent } from '../../domain/contracts/events.ts'
import type { AccountRef } from '../kernel/protocol.ts'
import { earn, hold, newCustomer, order, rawStubOf, redeem, stubOf, TERMS } from './samples.ts'
import { Outbox, RELAY_PAGE, type AccountEvent } from './outbox.ts'
import { RedemptionStore } from './redemption-store.ts'
import { Store } from './store.ts'

/** A queue that notes what it takes, and fails where it is told to. */
function fakeQueue(failing: (call: number) => 'before' | 'after' | null = () => null) {
  const taken: AccountEvent[] = []
  let calls = 0
  return {
    taken,
    send: async (events: readonly AccountEvent[]) => {
      calls += 1
      const failure = failing(calls)
      if (failure === 'before') throw new Error('the queue is away')
      taken.push(...events)
      if (failure === 'after') throw new Error('the answer was lost')
    },
  }
}

function earnings(count: number) {
  return Array.from({ length: count }, (_, index) => earn(`a${index}`, 1))
}

/** Books entries without letting the object's own alarm relay them. */
async function bookUnsent(ref: AccountRef, count: number): Promise<void> {
  await runInDurableObject(rawStubOf(ref), async (account, { storage }) => {
    await account.executeBatch(ref, earnings(count))
    await storage.deleteAlarm()
  })
}

describe('the outbox', () => {
  it('sends entries that touched very many lots in calls that the queue can take', async () => {
    const ref = newCustomer()
    const lots = 1_200
    await runInDurableObject(rawStubOf(ref), async (account, { storage }) => {
      await account.executeBatch(ref, earnings(lots))
      await account.executeBatch(ref, [redeem('all', lots)])
      await storage.deleteAlarm()
      const store = new Store(storage)
      store.moveRelayCursor(lots - 10)
      const calls: (readonly AccountEvent[])[] = []
      const outbox = new Outbox(store, new RedemptionStore(storage.sql, store), async (events) => {
        calls.push(events)
      })
      await outbox.relay(Date.now())
      const told = calls.flat().flatMap((event) => (event.event_type === 'redemption.updated' ? [] : [event]))
      expect(new Set(told.map(({ seq }) => seq)).size).toBe(11)
      expect(new Set(told.filter(({ seq }) => seq === lots + 1).flatMap(({ data }) => data.lots)).size).toBe(lots)
      expect(Math.max(...calls.map((events) => JSON.stringify(events).length))).toBeLessThan(256_000)
      expect(store.relayedSeq).toBe(lots + 1)
    })
  })

  it('sends every entry once, in order and in pages, as valid events', async () => {
    const ref = newCustomer()
    const count = RELAY_PAGE + 20
    await bookUnsent(ref, count)
    const queue = fakeQueue()
    await runInDurableObject(rawStubOf(ref), async (_account, { storage }) => {
      const store = new Store(storage)
      const outbox = new Outbox(store, new RedemptionStore(storage.sql, store), queue.send)
      await outbox.relay(Date.now())
      expect(store.relayedSeq).toBe(RELAY_PAGE)
      await outbox.relay(Date.now())
      await outbox.relay(Date.now())
      expect(new Store(storage).relayedSeq).toBe(count)
    })
    expect(queue.taken.map(({ seq }) => seq)).toEqual(Array.from({ length: count }, (_, index) => index + 1))
    expect(PointsEvent.parse(queue.taken[0])).toMatchObject({
      event_id: `${ref.customerId}:1`,
      merchant_id: ref.merchantId,
      data: { currency: 'EUR', balance: { seq: count, points: count } },
    })
  })

  it('keeps its cursor when the queue fails, takes smaller pages, and loses nothing', async () => {
    const ref = newCustomer()
    await bookUnsent(ref, 60)
    const queue = fakeQueue((call) => (call === 1 ? 'before' : call === 2 ? 'after' : null))
    await runInDurableObject(rawStubOf(ref), async (_account, { storage }) => {
      const store = new Store(storage)
      const outbox = new Outbox(store, new RedemptionStore(storage.sql, store), queue.send)
      await expect(outbox.relay(Date.now())).rejects.toThrow('the queue is away')
      await expect(outbox.relay(Date.now())).rejects.toThrow('the answer was lost')
      expect(store.relayedSeq).toBe(0)
      while (store.unsentCount > 0) await outbox.relay(Date.now())
      expect(outbox.failures).toBe(0)
    })
    const firstArrivals = [...new Set(queue.taken.map(({ event_id }) => event_id))]
    expect(firstArrivals).toEqual(Array.from({ length: 60 }, (_, index) => `${ref.customerId}:${index + 1}`))
  })
})

describe('the alarm', () => {
  it('relays by itself soon after a booking, and then rests', async () => {
    const ref = newCustomer()
    await stubOf(ref).executeBatch(ref, [order(1, 10_00)])
    await vi.waitFor(async () => {
      expect((await stubOf(ref).ledger(ref, 0, 10))?.relayedSeq).toBe(1)
    }, 5_000)
    await runInDurableObject(rawStubOf(ref), async (_account, { storage }) => {
      await expect(storage.getAlarm()).resolves.toBeNull()
    })
  })

  it('is set again by a new instance that finds entries unsent and no alarm', async () => {
    const ref = newCustomer()
    await bookUnsent(ref, 1)
    await evictDurableObject(rawStubOf(ref))
    await runInDurableObject(rawStubOf(ref), async (_account, { storage }) => {
      await expect(storage.getAlarm()).resolves.toBeGreaterThan(Date.now() - 1_000)
    })
    await runDurableObjectAlarm(rawStubOf(ref))
    await expect(stubOf(ref).ledger(ref, 0, 10)).resolves.toMatchObject({ relayedSeq: 1 })
  })

  it('is set by the daily sweep where it was lost', async () => {
    const ref = newCustomer()
    await bookUnsent(ref, 1)
    await stubOf(ref).wake(ref)
    await expect(runDurableObjectAlarm(rawStubOf(ref))).resolves.toBe(true)
  })

  it('ends a hold that ran out of time and gives its points back', async () => {
    const ref = newCustomer()
    await stubOf(ref).executeBatch(ref, [earn('a', 100), hold('h1', 80, 1_000)])
    await expect(stubOf(ref).balance(ref)).resolves.toMatchObject({ points: 20, held: 80 })
    await vi.waitFor(async () => {
      expect(await stubOf(ref).balance(ref)).toMatchObject({ points: 100, held: 0, seq: 3 })
    }, 5_000)
    await expect(stubOf(ref).transactions(ref, { beforeSeq: null, limit: 1, orderGid: null })).resolves.toMatchObject({
      transactions: [{ kind: 'release', source: 'system' }],
    })
  })

  it('lets a lot expire, and wakes for the next one', async () => {
    const ref = newCustomer()
    const soon = { ...earn('a', 100), terms: { ...TERMS, lotDays: 1 } }
    const later = { ...earn('b', 50), terms: { ...TERMS, lotDays: 400 } }
    await stubOf(ref).executeBatch(ref, [soon, later, redeem('r1', 30)])
    const expiresAtMs = await runInDurableObject(rawStubOf(ref), async (_account, { storage }) => {
      // A day passes: the same as if the lot had been granted that much earlier.
      storage.sql.exec('UPDATE lots SET expires_at_ms = ? WHERE id = 1', Date.now() - 1)
      return storage.sql.exec<{ at: number }>('SELECT expires_at_ms AS at FROM lots WHERE id = 2').one().at
    })
    await evictDurableObject(rawStubOf(ref))
    await expect(stubOf(ref).balance(ref)).resolves.toMatchObject({ points: 50, seq: 3 })
    await stubOf(ref).wake(ref)
    await vi.waitFor(async () => {
      expect(await stubOf(ref).balance(ref)).toMatchObject({ points: 50, lifetime: { expired: 70 }, seq: 4 })
      await runInDurableObject(rawStubOf(ref), async (_account, { storage }) => {
        await expect(storage.getAlarm()).resolves.toBe(expiresAtMs)
      })
    }, 5_000)
  })
})
