import { evictDurableObject, runDurableObjectAlarm, runInDurableObject } from 'cloudflare:test'
import { env } from 'cloudflare:workers'
import { describe, expect, it, vi } from 'vitest'
import { PosEvent } from '../../domain/contracts/events.ts'
import type { PosItemResult } from '../../domain/contracts/pos.ts'
import { readItems } from '../../domain/pos/read.ts'
import type { DeviceRef } from '../kernel/protocol.ts'
import { type BookAll, bookingWith } from './accounts.ts'
import { DeviceOutbox } from './outbox.ts'
import {
  accountOf,
  grant,
  newTill,
  nothing,
  postedOf,
  rawTillStub,
  redemption,
  reserve,
  sale,
  send,
  settingsWith,
  shuffled,
  summary,
  tillStub,
} from './samples.ts'
import { DeviceStore } from './store.ts'
import { Uploader } from './upload.ts'

/** Where the object dies, or what the accounts do. */
type Fault = (real: BookAll) => BookAll

const DIES: Readonly<Record<string, Fault>> = {
  'after the plan, before any account': () => () => Promise.reject(new Error('crash')),
  'after some accounts': (real) => async (currency, bookings) => {
    await real(currency, bookings.slice(0, 2))
    throw new Error('crash')
  },
  'after all accounts': (real) => async (currency, bookings) => {
    await real(currency, bookings)
    throw new Error('crash')
  },
}

/** Sends a batch to the object, whose accounts behave as the fault says; its own memory is gone afterwards. */
async function sendInto(
  till: DeviceRef,
  items: readonly unknown[],
  fault: Fault,
  settings = settingsWith(),
): Promise<PosItemResult[] | 'crash'> {
  const receivedAtMs = Date.now()
  const upload = { sentAtMs: receivedAtMs, receivedAtMs, registeredAtMs: receivedAtMs - 1_000, items: readItems(items) }
  const answer = await runInDurableObject(rawTillStub(till), async (_device, { storage }) => {
    const bookAll = fault(bookingWith(env, till.merchantId))
    const results = await new Uploader(new DeviceStore(storage), till, bookAll)
      .take(upload, settings)
      .catch(() => 'crash' as const)
    await storage.deleteAlarm()
    return results
  })
  await evictDurableObject(rawTillStub(till))
  return answer
}

async function batchOf(till: DeviceRef) {
  await grant(till, 1, 100)
  const codes = (await reserve(till, 80, 3)).map(({ code }) => code)
  return [
    redemption(1, 1, codes[0] ?? ''),
    sale(2, 2, '10'),
    nothing(3),
    redemption(4, 1, codes[1] ?? ''),
    sale(5, 3, '15'),
    sale(6, 1, '200'),
    redemption(7, 1, codes[2] ?? ''),
  ]
}

/** What the books say in the end: of three customers, and the device's overdraft. */
async function endOf(till: DeviceRef) {
  const posted = await Promise.all([1, 2, 3].map((customer) => postedOf(till, customer)))
  const { ref, stub } = accountOf(till, 1)
  const entries = (await stub.ledger(ref, 0, 20))?.entries.map(({ type, points }) => `${type} ${points}`)
  const device = await runInDurableObject(rawTillStub(till), (_device, { storage }) => {
    const store = new DeviceStore(storage)
    return {
      next: store.nextDeviceSeq,
      records: store.records,
      plan: store.plan,
      overdraft: store.overdraftOn(new Date().toISOString().slice(0, 10)),
    }
  })
  return { posted, entries, device }
}

describe('a device’s object that dies', () => {
  it.each(Object.entries(DIES))('%s, comes to the same end when the batch comes again', async (_where, fault) => {
    const [orderly, till] = [newTill(), newTill()]
    await send(orderly, await batchOf(orderly))
    const items = await batchOf(till)
    await expect(sendInto(till, items, fault)).resolves.toBe('crash')
    // The rule has changed since; what was planned is booked as it was planned.
    const dearer = settingsWith({}, { earning: { ...settingsWith().settings.earning, points: 7 } })
    const answer = await send(till, items, { settings: dearer })
    expect(answer.next_device_seq).toBe(8)
    expect(summary(answer)).toEqual([
      'duplicate/accepted',
      'duplicate/accepted',
      'duplicate/accepted',
      'duplicate/accepted_overdraft',
      'duplicate/accepted',
      'duplicate/accepted',
      'duplicate/accepted',
    ])
    const end = await endOf(till)
    expect(end).toEqual(await endOf(orderly))
    expect(end.device).toEqual({ next: 8, records: 7, plan: null, overdraft: 60 })
  })

  it('finishes by its alarm what it had begun, though the till never comes again', async () => {
    const till = newTill()
    const items = await batchOf(till)
    await sendInto(till, items, DIES['after some accounts'] ?? (() => () => Promise.reject(new Error('crash'))))
    // A new instance arms the alarm that the dead one could not.
    await tillStub(till).decide(till, 1, { decision: 'dismiss', note: 'x' }, 'api_key:1', settingsWith(), Date.now())
    await vi.waitFor(async () => expect((await endOf(till)).device).toMatchObject({ next: 8, plan: null }), 5_000)
    expect((await endOf(till)).posted).toEqual([60, 10, 15])
  })
})

const never: Fault = () => (_currency, bookings) => Promise.resolve(bookings.map(() => null))

/** The third one's answer is lost, though it was booked. */
const withoutThird: Fault = (real) => async (currency, bookings) => {
  const booked = await real(currency, bookings)
  return booked.map((outcome, index) => (index === 2 ? null : outcome))
}

describe('an account that does not answer', () => {
  it('lets its item wait, and all after it, also those of others; then all end as in order', async () => {
    const [orderly, till] = [newTill(), newTill()]
    await send(orderly, await batchOf(orderly))
    const items = await batchOf(till)
    const results = await sendInto(till, items, withoutThird)
    expect(summary({ results: results === 'crash' ? [] : results })).toEqual([
      'accepted',
      'accepted',
      'accepted',
      'deferred/unavailable',
      'deferred/unavailable',
      'deferred/unavailable',
      'deferred/unavailable',
    ])
    expect((await endOf(till)).device).toMatchObject({ next: 4, records: 3 })
    const answer = await send(till, items)
    expect(answer.results.slice(0, 3).map(({ result }) => result)).toEqual(['duplicate', 'duplicate', 'duplicate'])
    expect(await endOf(till)).toEqual(await endOf(orderly))
  })

  it('lets new items wait as well, while the device knows its duplicates', async () => {
    const till = newTill()
    const items = [sale(1, 1, '10'), sale(2, 2, '10'), sale(3, 3, '10')]
    await sendInto(till, items.slice(0, 2), never)
    const results = await sendInto(till, [...items, sale(9, 9, '1'), {}], never)
    expect(summary({ results: results === 'crash' ? [] : results })).toEqual([
      'deferred/unavailable',
      'deferred/unavailable',
      'deferred/unavailable',
      'deferred/unavailable',
      'rejected/malformed',
    ])
    expect(summary(await send(till, items))).toEqual(['duplicate/accepted', 'duplicate/accepted', 'accepted'])
  })
})

/** Forty sales and redemptions of four customers, which reach both limits. */
async function longStory(till: DeviceRef): Promise<readonly unknown[]> {
  await Promise.all([0, 1, 2, 3].map((customer) => grant(till, customer, 30 * customer + 1)))
  const codes = (await reserve(till, 45, 20)).map(({ code }) => code)
  return Array.from({ length: 40 }, (_, index) => {
    const seq = index + 1
    if (seq % 13 === 0) return nothing(seq)
    if (seq % 11 === 0) return sale(seq, 1, 'eleven')
    return seq % 2 === 0
      ? redemption(seq, (seq >> 1) % 4, codes[index >> 1] ?? '')
      : sale(seq, seq % 4, `${seq % 9}.99`)
  })
}

describe('whatever the network, the till and the object do', () => {
  const settings = settingsWith({ overdraft_customer_points: 70, overdraft_device_points: 130 })

  it.each([1, 2, 3, 4, 5, 6])(
    'the end is that of one orderly batch (seed %i)',
    async (seed) => {
      const [orderly, till] = [newTill(), newTill()]
      const orderlyAnswer = await send(orderly, await longStory(orderly), { settings })
      const items = await longStory(till)
      const deaths = [...Object.values(DIES), withoutThird, never]
      for (let turn = 0; turn < 12; turn += 1) {
        const [start = 0, length = 0, fault = 0] = shuffled([...items.keys()], seed * 100 + turn)
        const some = shuffled(items.slice(start >> 1, (start >> 1) + length + 1), seed + turn)
        if (turn % 3 === 0) await send(till, [...some, ...some.slice(0, 3)], { settings })
        else await sendInto(till, some, deaths[fault % deaths.length] ?? never, settings)
      }
      const answer = await send(till, items, { settings })
      expect(answer.next_device_seq).toBe(41)
      expect(await endOf(till)).toEqual(await endOf(orderly))
      const [ended, orderlyEnded] = [answer, orderlyAnswer].map(({ results }) =>
        results.map(({ first_result, result, reason, points }) => ({ result: first_result ?? result, reason, points })),
      )
      expect(ended).toEqual(orderlyEnded)
      const reasons = new Set(ended?.map(({ reason }) => reason))
      expect(reasons).toEqual(new Set([null, 'overdraft_customer', 'overdraft_device', 'malformed']))
    },
    30_000,
  )
})

describe('the records’ outbox', () => {
  it('tells of each record once, and again when it changes; a queue that fails loses nothing', async () => {
    const till = newTill()
    const taken: PosEvent[] = []
    let calls = 0
    const queue = async (events: readonly PosEvent[]) => {
      calls += 1
      if (calls === 1) throw new Error('the queue is away')
      taken.push(...events)
      if (calls === 2) throw new Error('the answer was lost')
    }
    const items = Array.from({ length: 130 }, (_, index) => sale(index + 1, index % 3, 'x'))
    await runInDurableObject(rawTillStub(till), async (device, { storage }) => {
      const receivedAtMs = Date.now()
      const upload = { sentAtMs: receivedAtMs, receivedAtMs, registeredAtMs: 0, items: readItems(items) }
      await device.sync(till, upload, settingsWith())
      await storage.deleteAlarm()
      const store = new DeviceStore(storage)
      const outbox = new DeviceOutbox(store, queue)
      await expect(outbox.relay(Date.now())).rejects.toThrow('the queue is away')
      await expect(outbox.relay(Date.now())).rejects.toThrow('the answer was lost')
      expect(store.unsentCount).toBe(130)
      while (store.unsentCount > 0) await outbox.relay(Date.now())
      await device.decide(till, 2, { decision: 'dismiss', note: 'seen' }, 'api_key:1', settingsWith(), Date.now())
      await storage.deleteAlarm()
      expect(store.unsentCount).toBe(1)
      await outbox.relay(Date.now())
    })
    const ids = [...new Set(taken.map(({ event_id }) => event_id))]
    expect(ids).toHaveLength(131)
    expect(ids.at(-1)).toBe(`${till.deviceId}:op-00000002:2`)
    for (const event of taken) expect(PosEvent.parse(event)).toEqual(event)
  })

  it('empties by itself', async () => {
    const till = newTill()
    await send(till, [sale(1, 1, '10')])
    await vi.waitFor(async () => {
      const unsent = await runInDurableObject(
        rawTillStub(till),
        (_device, { storage }) => new DeviceStore(storage).unsentCount,
      )
      expect(unsent).toBe(0)
    }, 5_000)
    await expect(runDurableObjectAlarm(rawTillStub(till))).resolves.toBe(false)
  })
})

describe('a key that was revoked', () => {
  it('ends the device: nothing is taken, codes are void; what was being taken is taken to its end', async () => {
    const till = newTill()
    const [{ code } = { code: '' }] = await reserve(till, 10, 1)
    const first = send(till, [sale(1, 1, '10'), sale(2, 2, '10')])
    const revoked = tillStub(till).revoke(till, Date.now())
    expect(summary(await first)).toEqual(['accepted', 'accepted'])
    await revoked
    await expect(send(till, [sale(3, 1, '10')])).rejects.toThrow('device_revoked')
    await expect(send(till, [redemption(3, 1, code)])).rejects.toThrow('device_revoked')
    await expect(reserve(till, 10, 1)).rejects.toThrow('device_revoked')
    await tillStub(till).revoke(till, Date.now())
    expect(await postedOf(till, 1)).toBe(10)
  })
})

describe('the object', () => {
  it('answers for its own device only', async () => {
    const till = newTill()
    const refused = await runInDurableObject(rawTillStub(till), async (device) => {
      const upload = { sentAtMs: 0, receivedAtMs: 0, registeredAtMs: 0, items: [] }
      const calls = [newTill(), newTill(till.merchantId), { ...newTill(), deviceId: till.deviceId }]
      return Promise.all(
        calls.map((other) =>
          device.sync(other, upload, settingsWith()).then(
            () => 'in',
            () => 'out',
          ),
        ),
      )
    })
    expect(refused).toEqual(['out', 'out', 'out'])
  })
})
