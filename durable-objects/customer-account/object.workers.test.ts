import { abortAllDurableObjects, evictDurableObject, runInDurableObject } from 'cloudflare:test'
import { describe, expect, it, vi } from 'vitest'
import { PointsWritten } from '../../domain/contracts/points.ts'
import { rebuild } from '../../domain/ledger/memory.ts'
import type { Command } from '../../domain/ledger/types.ts'
import { isMigrated } from '../kernel/migrate.ts'
import type { AccountRef } from '../kernel/protocol.ts'
import { adjust, claim, earn, hold, newCustomer, order, rawStubOf, redeem, refund, stubOf } from './samples.ts'
import { Store } from './store.ts'

/** Books a command and gives what the caller would read. */
async function book(ref: AccountRef, command: Command): Promise<PointsWritten> {
  const reply = await stubOf(ref).execute(ref, command, null)
  if (!reply.ok) throw new Error(reply.refusal.detail)
  return PointsWritten.parse(JSON.parse(reply.body))
}

describe('an order', () => {
  it('becomes points once, however often it comes', async () => {
    const ref = newCustomer()
    const paid = order(1, 59_90)
    await expect(stubOf(ref).executeBatch(ref, [paid, paid])).resolves.toEqual([
      { outcome: 'applied', seq: 1, points: 59, overdraft: 0 },
      { outcome: 'duplicate', seq: 1, points: 59, overdraft: 0 },
    ])
    await expect(stubOf(ref).executeBatch(ref, [paid])).resolves.toMatchObject([{ outcome: 'duplicate' }])
    await expect(stubOf(ref).balance(ref)).resolves.toMatchObject({ points: 59, seq: 1, lifetime: { earned: 59 } })
  })

  it('loses by its refunds what it earned, also when a refund came first and the object was away between', async () => {
    const ref = newCustomer()
    await stubOf(ref).executeBatch(ref, [refund(1, 7, 20_00)])
    await evictDurableObject(rawStubOf(ref))
    await stubOf(ref).executeBatch(ref, [order(7, 100_00)])
    await expect(stubOf(ref).balance(ref)).resolves.toMatchObject({ points: 80 })
    await evictDurableObject(rawStubOf(ref))
    await stubOf(ref).executeBatch(ref, [refund(2, 7, 30_00), refund(1, 7, 20_00)])
    await expect(stubOf(ref).balance(ref)).resolves.toMatchObject({ points: 50 })
  })

  it('writes at most 6 rows into its object, the alarm and the move of the relay cursor included', async () => {
    const ref = newCustomer()
    await stubOf(ref).executeBatch(ref, [order(1, 10_00)])
    await runInDurableObject(rawStubOf(ref), async (account, { storage }) => {
      await account.alarm()
      using written = countWrites(storage)
      await account.executeBatch(ref, [order(2, 10_00)])
      await account.alarm()
      // The entry and its external id, the lot, the account; then the cursor, which lies in the account's row.
      expect(written).toMatchObject({ rows: 5, alarms: 1 })
    })
  })
})

/** Counts what is billed as rows written until it is disposed: rows and index entries, and each setting of the alarm. */
function countWrites(storage: DurableObjectStorage) {
  const cursors: { rowsWritten: number }[] = []
  const setAlarm = vi.spyOn(Object.getPrototypeOf(storage), 'setAlarm')
  const prototype: Pick<SqlStorage, 'exec'> = Object.getPrototypeOf(storage.sql)
  const exec = prototype.exec
  const spy = vi.spyOn(prototype, 'exec').mockImplementation(function (this: SqlStorage, query, ...bindings) {
    const cursor = exec.call(this, query, ...bindings)
    cursors.push(cursor)
    return cursor
  })
  return {
    get rows() {
      return cursors.reduce((sum, { rowsWritten }) => sum + rowsWritten, 0)
    },
    get alarms() {
      return setAlarm.mock.calls.length
    },
    [Symbol.dispose]: () => {
      spy.mockRestore()
      setAlarm.mockRestore()
    },
  }
}

describe('an idempotency key', () => {
  it('gives the same answer byte for byte, also after the balance moved on and the object was away', async () => {
    const ref = newCustomer()
    await book(ref, earn('a', 100))
    const spend = redeem('r1', 40)
    const first = await stubOf(ref).execute(ref, spend, claim('key-1'))
    await book(ref, earn('b', 500))
    await evictDurableObject(rawStubOf(ref))
    const second = await stubOf(ref).execute(ref, spend, claim('key-1'))
    expect(first).toMatchObject({ ok: true, replayed: false, outcome: 'applied' })
    expect(second).toEqual({ ...first, replayed: true })
  })

  it('keeps a refusal for too few points even when there are enough later', async () => {
    const ref = newCustomer()
    const spend = redeem('r1', 40)
    const first = await stubOf(ref).execute(ref, spend, claim('key-1'))
    await book(ref, earn('a', 100))
    const second = await stubOf(ref).execute(ref, spend, claim('key-1'))
    expect(first).toMatchObject({ ok: false, replayed: false, refusal: { code: 'insufficient_points' } })
    expect(second).toEqual({ ...first, replayed: true })
  })

  it('is refused for another request, which changes nothing', async () => {
    const ref = newCustomer()
    await stubOf(ref).execute(ref, earn('a', 100), claim('key-1', 'one body'))
    await expect(stubOf(ref).execute(ref, earn('b', 200), claim('key-1', 'other body'))).resolves.toMatchObject({
      ok: false,
      refusal: { code: 'idempotency_key_reused' },
    })
    await expect(stubOf(ref).balance(ref)).resolves.toMatchObject({ points: 100, seq: 1 })
  })

  it('is a new key after 30 days', async () => {
    const ref = newCustomer()
    await stubOf(ref).execute(ref, earn('a', 100), claim('key-1'))
    await runInDurableObject(rawStubOf(ref), (_account, { storage }) => {
      storage.sql.exec('UPDATE claims SET expires_at_ms = ?', Date.now() - 1)
    })
    await expect(stubOf(ref).execute(ref, earn('b', 1), claim('key-1', 'other body'))).resolves.toMatchObject({
      ok: true,
      replayed: false,
    })
  })
})

describe('one balance', () => {
  it('covers exactly as many of 100 parallel redemptions as it can', async () => {
    const ref = newCustomer()
    await book(ref, earn('a', 1_000))
    const replies = await Promise.all(
      Array.from({ length: 100 }, (_, index) => stubOf(ref).execute(ref, redeem(`r${index}`, 30), claim(`k${index}`))),
    )
    expect(replies.filter((reply) => reply.ok)).toHaveLength(33)
    expect(replies.filter((reply) => !reply.ok && reply.refusal.code === 'insufficient_points')).toHaveLength(67)
    await expect(stubOf(ref).balance(ref)).resolves.toMatchObject({ points: 10, lifetime: { redeemed: 990 } })
  })
})

describe('what is stored', () => {
  const story: Command[] = [
    order(1, 120_00),
    earn('a', 30),
    redeem('r1', 25),
    hold('h1', 50, 600_000),
    refund(1, 1, 60_00),
    adjust('x1', -5),
    redeem('too much', 1_000_000),
    { ...order(2, 40_00), returnWindowDays: 14 },
    refund(2, 2, 10_00),
    hold('h2', 10, 600_000),
    { ...redeem('', 0), kind: 'capture', holdId: 'h2', points: 4 },
  ]

  it('survives the loss of memory after each step, and equals a rebuild from the entries', async () => {
    const ref = newCustomer()
    for (const command of story) {
      await stubOf(ref).executeBatch(ref, [command])
      await evictDurableObject(rawStubOf(ref))
    }
    const stored = await runInDurableObject(rawStubOf(ref), (_account, { storage }) => stateOf(new Store(storage)))
    const together = newCustomer()
    await stubOf(together).executeBatch(together, story)
    await abortAllDurableObjects()
    const page = await stubOf(together).ledger(together, 0, 1_000)
    expect(page).toMatchObject({ nextSeq: null, shopifyCustomerGid: together.shopifyCustomerGid })
    expect(stored.account.seq).toBe(10)
    expect(stored.ended).toMatchObject({ state: 'captured', points: 10 })
    expect(stored).toEqual(rebuiltState(stored.entries))
  })

  it('is untouched by a batch that fails in the middle', async () => {
    const ref = newCustomer()
    await book(ref, earn('a', 100))
    await runInDurableObject(rawStubOf(ref), async (account, { storage }) => {
      storage.sql.exec(
        "CREATE TRIGGER broken BEFORE INSERT ON entries WHEN NEW.points = 13 BEGIN SELECT RAISE(ABORT, 'disk'); END",
      )
      await expect(account.executeBatch(ref, [earn('b', 7), earn('c', 13)])).rejects.toThrow('disk')
      await expect(account.balance(ref)).resolves.toMatchObject({ points: 100, seq: 1 })
      storage.sql.exec('DROP TRIGGER broken')
      await expect(account.executeBatch(ref, [earn('b', 7), earn('c', 13)])).resolves.toHaveLength(2)
      await expect(account.balance(ref)).resolves.toMatchObject({ points: 120, seq: 3 })
    })
  })

  it('is read in pages, newest first, and by order', async () => {
    const ref = newCustomer()
    await stubOf(ref).executeBatch(ref, [order(1, 10_00), earn('a', 5), refund(1, 1, 4_00), order(11, 10_00)])
    const first = await stubOf(ref).transactions(ref, { beforeSeq: null, limit: 3, orderGid: null })
    expect(first?.transactions.map(({ seq }) => seq)).toEqual([4, 3, 2])
    const rest = { beforeSeq: Number(first?.next_cursor), limit: 3, orderGid: null }
    await expect(stubOf(ref).transactions(ref, rest)).resolves.toMatchObject({
      transactions: [{ seq: 1 }],
      next_cursor: null,
    })
    const ofOrder = { beforeSeq: null, limit: 10, orderGid: 'gid://shopify/Order/1' }
    await expect(stubOf(ref).transactions(ref, ofOrder)).resolves.toMatchObject({
      transactions: [{ seq: 3 }, { seq: 1 }],
    })
  })
})

function stateOf(store: Store) {
  return {
    account: store.account,
    lots: store.openLots.toSorted((a, b) => a.id - b.id),
    holds: store.openHolds,
    ended: store.hold('h2'),
    pendings: store.pendings,
    entries: store.entriesAfter(0, 1_000),
  }
}

function rebuiltState(entries: ReturnType<typeof stateOf>['entries']) {
  const state = rebuild(entries)
  return {
    account: state.account,
    lots: state.openLots.toSorted((a, b) => a.id - b.id),
    holds: state.openHolds,
    ended: state.hold('h2'),
    pendings: state.pendings,
    entries,
  }
}

describe('an account that was never written', () => {
  it('is read without leaving anything behind', async () => {
    const ref = newCustomer()
    await expect(stubOf(ref).balance(ref)).resolves.toBeNull()
    await expect(stubOf(ref).ledger(ref, 0, 10)).resolves.toBeNull()
    await expect(stubOf(ref).transactions(ref, { beforeSeq: null, limit: 5, orderGid: null })).resolves.toBeNull()
    await stubOf(ref).wake(ref)
    await runInDurableObject(rawStubOf(ref), async (_account, { storage }) => {
      expect(isMigrated(storage.sql)).toBe(false)
      await expect(storage.getAlarm()).resolves.toBeNull()
    })
  })
})

describe('a foreign caller', () => {
  it('is refused, before the first write and after it', async () => {
    const ref = newCustomer()
    const foreign = { ...ref, merchantId: crypto.randomUUID() }
    await runInDurableObject(rawStubOf(ref), async (account) => {
      await expect(account.executeBatch(foreign, [earn('a', 1)])).rejects.toThrow('belongs to another')
      await account.executeBatch(ref, [earn('a', 1)])
      await expect(account.balance(foreign)).rejects.toThrow('belongs to another')
      await expect(account.execute({ ...ref, customerId: foreign.merchantId }, earn('b', 1), null)).rejects.toThrow(
        'belongs to another',
      )
      await expect(account.balance(ref)).resolves.toMatchObject({ points: 1 })
    })
  })
})
