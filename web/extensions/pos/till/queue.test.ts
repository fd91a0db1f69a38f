import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { PosItem, PosSyncAnswer } from '../../../../domain/contracts/pos.ts'
import { TillQueue } from './queue.ts'
import { TillBroken, TillFull } from './storage.ts'
import {
  codes,
  copyOf,
  DEVICE,
  type Disk,
  FakeLoyalNest,
  pluggedStorage,
  REWARD,
  sale,
  SwitchedOff,
  tillOn,
} from './testing.ts'

/** Sends until nothing is left. */
async function drain(till: TillQueue, server: FakeLoyalNest): Promise<void> {
  for (let batch = await till.batch(500, 1e6); batch.length > 0; batch = await till.batch(500, 1e6)) {
    await till.settle(batch, server.sync(batch))
  }
}

const taking = (opId: string) => ({ opId, customerId: '207119551', rewardId: REWARD })

describe('a till', () => {
  it('numbers what it records from 1 and goes on after it was switched off', async () => {
    const disk: Disk = new Map()
    await tillOn(disk).register(DEVICE)
    const first = await tillOn(disk).earn({ ...sale('first-sale'), receipt: 'R-1', expectedPoints: 10 })
    const second = await tillOn(disk).earn(sale('second-sale'))
    expect([first, second]).toMatchObject([
      { device_seq: 1, op_id: 'first-sale', kind: 'earn', amount: '10.00', receipt: 'R-1', expected_points: 10 },
      { device_seq: 2, op_id: 'second-sale' },
    ])
    expect(await tillOn(disk).batch(500, 1e6)).toEqual([first, second])
  })

  it('records what the contract takes, whatever its clock says', async () => {
    for (const nowMs of [0, -1e15, 8e15, Number.NaN, Date.now()]) {
      const till = new TillQueue({ storage: pluggedStorage(new Map()).storage, now: () => nowMs })
      const { opId: _, ...bare } = sale('')
      expect(PosItem.safeParse(await till.earn(bare)).error).toBeUndefined()
      await till.stock(REWARD, codes(1))
      await till.redeem({ customerId: '207119551', rewardId: REWARD })
      for (const item of await till.batch(500, 1e6)) expect(PosItem.safeParse(item).error).toBeUndefined()
    }
  })

  it('takes the same sale twice as one', async () => {
    const till = tillOn(new Map())
    expect(await till.earn(sale('same-sale'))).toEqual(await till.earn(sale('same-sale')))
    expect((await till.summary()).queued).toBe(1)
  })

  it('records sales at the same time one after the other', async () => {
    const till = tillOn(new Map())
    const items = await Promise.all(Array.from({ length: 20 }, (_, at) => till.earn(sale(`sale-number-${at}`))))
    expect(items.map(({ device_seq }) => device_seq)).toEqual(Array.from({ length: 20 }, (_, at) => at + 1))
  })

  it('sends the oldest first, as many as fit', async () => {
    const till = tillOn(new Map())
    for (let at = 0; at < 5; at++) await till.earn(sale(`sale-number-${at}`))
    const seqs = async (items: number, bytes: number) => (await till.batch(items, bytes)).map((item) => item.device_seq)
    expect(await seqs(3, 1e6)).toEqual([1, 2, 3])
    expect(await seqs(500, 400)).toEqual([1, 2])
    expect(await seqs(500, 1)).toEqual([1])
  })

  it('drops what was taken, whatever it came to, and keeps what was put off', async () => {
    const [disk, server] = [new Map(), new FakeLoyalNest()]
    const till = tillOn(disk)
    for (let at = 0; at < 4; at++) await till.earn(sale(`sale-number-${at}`))
    server.judge = ({ device_seq }) =>
      device_seq === 2 ? 'currency_mismatch' : device_seq === 3 ? 'unavailable' : null
    const batch = await till.batch(500, 1e6)
    const answer = server.sync(batch)
    expect(PosSyncAnswer.safeParse(answer).error).toBeUndefined()
    expect(await till.settle(batch, answer)).toBe(2)
    expect((await tillOn(disk).batch(500, 1e6)).map((item) => item.device_seq)).toEqual([3, 4])
    expect((await tillOn(disk).summary()).rejected).toMatchObject([{ device_seq: 2, reason: 'currency_mismatch' }])
  })

  it('believes no result that is not of its item', async () => {
    const [till, server] = [tillOn(new Map()), new FakeLoyalNest()]
    for (let at = 0; at < 3; at++) await till.earn(sale(`sale-number-${at}`))
    const batch = await till.batch(500, 1e6)
    const answer = server.sync(batch)
    expect(await till.settle(batch, { ...answer, results: answer.results.toReversed() })).toBe(1)
    expect(await till.settle(batch, { ...answer, results: [] })).toBe(0)
    expect((await till.summary()).queued).toBe(2)
  })

  it('hands out each reserved code once, the one that ends first, and none that has ended', async () => {
    const disk: Disk = new Map()
    const [late, soon, over] = codes(3)
    await tillOn(disk).stock(REWARD, [
      ...(late === undefined ? [] : [late]),
      ...(soon === undefined ? [] : [{ ...soon, expires_at: '2098-01-01T00:00:00.000Z' }]),
      ...(over === undefined ? [] : [{ ...over, expires_at: '2020-01-01T00:00:00.000Z' }]),
    ])
    expect((await tillOn(disk).redeem(taking('taking-1')))?.code).toBe(soon?.code)
    // Pressed again: the same one.
    expect((await tillOn(disk).redeem(taking('taking-1')))?.code).toBe(soon?.code)
    expect((await tillOn(disk).redeem(taking('taking-2')))?.code).toBe(late?.code)
    expect(await tillOn(disk).redeem(taking('taking-3'))).toBe(null)
    await drain(tillOn(disk), new FakeLoyalNest())
    expect(await tillOn(disk).redeem(taking('taking-4'))).toBe(null)
  })

  it('does not take back into its reserve a code that waits to be sent as used', async () => {
    const till = tillOn(new Map())
    await till.stock(REWARD, codes(2))
    await till.redeem(taking('taking-1'))
    await till.stock(REWARD, codes(2))
    expect((await till.summary()).codes).toHaveLength(1)
  })

  it('says when it is full, and loses nothing by it', { timeout: 30_000 }, async () => {
    const disk: Disk = new Map()
    const till = tillOn(disk)
    // Sizes as they grow: a value of the Storage API has at most 1 MB, and there are at most 100.
    for (let at = 0; at < 8000; at++) await till.earn(sale(`sale-number-${at}`))
    await expect(till.earn(sale('one-too-many'))).rejects.toThrow(TillFull)
    expect(disk.size).toBeLessThanOrEqual(100)
    expect(Math.max(...[...disk.values()].map((text) => text.length))).toBeLessThan(1_000_000)
    const server = new FakeLoyalNest()
    await drain(tillOn(disk), server)
    expect(server.booked).toHaveLength(8000)
    expect((await tillOn(disk).earn(sale('after-that'))).device_seq).toBe(8001)
    expect(disk.size).toBeLessThanOrEqual(2)
  })

  it('refuses to go on where its storage holds something else', async () => {
    const disk: Disk = new Map([['loyalnest.till', '{"v":2}']])
    await expect(tillOn(disk).earn(sale('some-sale'))).rejects.toThrow(TillBroken)
    expect(disk.get('loyalnest.till')).toBe('{"v":2}')
  })

  it('keeps the items of a revoked device apart from those of the next one', async () => {
    const till = tillOn(new Map())
    await till.register(DEVICE)
    const lost = await till.earn(sale('never-sent'))
    const next = crypto.randomUUID()
    await expect(till.register(next)).rejects.toThrow('Items of another device wait')
    expect(await till.abandon()).toEqual([lost])
    await till.register(next)
    expect(await till.summary()).toMatchObject({ deviceId: next, queued: 0 })
    expect((await till.earn(sale('next-sale'))).device_seq).toBe(1)
  })
})

describe('when one side was restored from a copy', () => {
  it('the till goes on above the numbers that are taken, and what had them is a task for the merchant', async () => {
    const [disk, server] = [new Map<string, string>(), new FakeLoyalNest()]
    for (let at = 0; at < 3; at++) await tillOn(disk).earn(sale(`sale-number-${at}`))
    const copy = copyOf(disk)
    await tillOn(disk).earn(sale('later-sale'))
    await drain(tillOn(disk), server)
    await tillOn(copy).earn(sale('same-number'))
    await drain(tillOn(copy), server)
    await tillOn(copy).earn(sale('next-sale'))
    await drain(tillOn(copy), server)
    expect(server.booked.map(({ op_id }) => op_id).slice(-2)).toEqual(['later-sale', 'next-sale'])
    expect(await tillOn(copy).summary()).toMatchObject({
      queued: 0,
      rejected: [{ op_id: 'same-number', reason: 'device_seq_reused' }],
    })
  })

  it('the till makes numbers void that LoyalNest waits for and nobody has', async () => {
    const [till, server] = [tillOn(new Map()), new FakeLoyalNest()]
    for (let at = 0; at < 3; at++) await till.earn(sale(`sale-number-${at}`))
    await drain(till, new FakeLoyalNest())
    await till.earn(sale('fourth-sale'))
    await drain(till, server)
    expect(server.booked.map(({ kind }) => kind)).toEqual(['void', 'void', 'void', 'earn'])
  })
})

/** A morning at the till, over the border of two pages. Whoever does it stops where the power goes. */
async function morning(till: TillQueue, server: FakeLoyalNest, promised: string[], handedOut: string[]): Promise<void> {
  const earn = async (opId: string) => {
    await till.earn(sale(opId))
    promised.push(opId)
  }
  const redeem = async (opId: string) => {
    const code = await till.redeem(taking(opId))
    if (code === null) return
    promised.push(opId)
    handedOut.push(code.code)
  }
  const send = async (count: number) => {
    const batch = await till.batch(count, 1e6)
    await till.settle(batch, server.sync(batch))
  }
  for (const at of [1, 2, 3]) await earn(`morning-${at}`)
  await till.stock(REWARD, server.reserve(4))
  await redeem('taking-1')
  await earn('morning-4')
  await send(50)
  await redeem('taking-2')
  await send(500)
  await till.touch()
  await earn('morning-5')
  await redeem('taking-3')
  await send(1)
  await send(500)
  await earn('morning-6')
}

describe('a till that is switched off', () => {
  it('at any write loses nothing that was recorded and doubles nothing', async () => {
    const evening: Disk = new Map()
    const day = tillOn(evening)
    await day.register(DEVICE)
    for (let at = 1; at <= 96; at++) await day.earn(sale(`evening-${at}`))
    const rehearsal = pluggedStorage(copyOf(evening))
    await morning(new TillQueue({ storage: rehearsal.storage }), new FakeLoyalNest(), [], [])
    expect(rehearsal.writes()).toBeGreaterThan(20)

    for (const isDone of [false, true]) {
      for (let offAt = 1; offAt <= rehearsal.writes(); offAt++) {
        const disk = copyOf(evening)
        const server = new FakeLoyalNest()
        const [promised, handedOut]: [string[], string[]] = [[], []]
        const plug = pluggedStorage(disk, offAt, isDone)
        const shift = morning(new TillQueue({ storage: plug.storage }), server, promised, handedOut)
        await expect(shift).rejects.toThrow(SwitchedOff)
        // Switched on again: what is left of the day goes on, then everything is sent.
        const again = tillOn(disk)
        await again.stock(REWARD, server.reserve(4))
        for (const opId of ['noon-1', 'noon-2']) {
          await again.earn(sale(opId))
          promised.push(opId)
        }
        const more = await again.redeem(taking('noon-taking'))
        if (more !== null) handedOut.push(more.code)
        await drain(again, server)
        const where = `write ${offAt}, ${isDone ? 'done' : 'lost'}`
        const booked = server.booked.map(({ op_id }) => op_id)
        expect(server.complaints, where).toEqual([])
        expect(new Set(booked).size, where).toBe(booked.length)
        expect(booked, where).toEqual(expect.arrayContaining(promised))
        expect(booked.length - 96 - promised.length - (more === null ? 0 : 1), where).toBeOneOf([0, 1])
        expect(new Set(handedOut).size, where).toBe(handedOut.length)
        expect((await again.summary()).queued, where).toBe(0)
      }
    }
  })

  it('again and again, with answers that get lost, ends where one does that never was', async () => {
    const step = fc.oneof(
      { weight: 4, arbitrary: fc.constant('earn' as const) },
      { weight: 2, arbitrary: fc.constant('redeem' as const) },
      {
        weight: 2,
        arbitrary: fc.constantFrom('send' as const, 'send, answer lost' as const, 'send, put off' as const),
      },
      { weight: 1, arbitrary: fc.constantFrom('stock' as const, 'touch' as const) },
    )
    const day = fc.array(
      fc.record({ steps: fc.array(step, { maxLength: 12 }), offAt: fc.nat(12), isDone: fc.boolean() }),
      { minLength: 1, maxLength: 8 },
    )
    await fc.assert(
      fc.asyncProperty(day, async (shifts) => {
        const [disk, server] = [new Map<string, string>(), new FakeLoyalNest()]
        const [promised, handedOut]: [string[], string[]] = [[], []]
        let number = 0
        for (const { steps, offAt, isDone } of shifts) {
          const till = new TillQueue({ storage: pluggedStorage(disk, offAt, isDone).storage })
          for (const what of steps) {
            const opId = `operation-${number++}`
            try {
              if (what === 'earn') {
                await till.earn(sale(opId))
                promised.push(opId)
              } else if (what === 'redeem') {
                const code = await till.redeem(taking(opId))
                if (code !== null) handedOut.push(code.code)
                if (code !== null) promised.push(opId)
              } else if (what === 'stock') await till.stock(REWARD, server.reserve(5))
              else if (what === 'touch') await till.touch()
              else {
                const batch = await till.batch(3, 1e6)
                server.judge = ({ device_seq }) =>
                  what === 'send, put off' && device_seq % 3 === 0 ? 'unavailable' : null
                const answer = server.sync(batch)
                if (what !== 'send, answer lost') await till.settle(batch, answer)
              }
            } catch {
              break
            }
          }
        }
        server.judge = () => null
        const till = tillOn(disk)
        await drain(till, server)
        const booked = server.booked.map(({ op_id }) => op_id)
        expect(server.complaints).toEqual([])
        expect(booked).toEqual(expect.arrayContaining(promised))
        expect(new Set(booked).size).toBe(booked.length)
        const used = server.booked.flatMap((item) => (item.kind === 'redeem' ? [item.code] : []))
        expect(new Set(used).size).toBe(used.length)
        expect(used).toEqual(expect.arrayContaining(handedOut))
        expect(server.booked.map(({ device_seq }) => device_seq)).toEqual(booked.map((_, at) => at + 1))
      }),
      { numRuns: 300, seed: 4 },
    )
  })
})
