import { evictDurableObject, runDurableObjectAlarm, runInDurableObject } from 'cloudflare:test'
import { env } from 'cloudflare:workers'
import { describe, expect, it } from 'vitest'
import type { AccountRef, CustomerAccountRpc, MergeReply } from '../kernel/protocol.ts'
import { balanceOf, books, customers, expectMerged, merge, pair, send } from './testing/merges.ts'
import { CustomerAccount } from './object.ts'
import { claim, earn, order, rawStubOf, redeem, refund, stubOf, TERMS } from './samples.ts'

/** The account on its own storage, which no other account takes anything from; the running instance knows nothing of it. */
function cutOff<T>(ref: AccountRef, work: (account: CustomerAccount) => Promise<T>): Promise<T> {
  const standing = { into: null, isLeaving: false, isUnused: false }
  const others = {
    getByName: () => ({
      mergeStanding: () => Promise.resolve(standing),
      receiveMerge: () => Promise.reject(new Error('not now')),
    }),
  }
  const alone = new Proxy(env, {
    get: (target, name): unknown => (name === 'CUSTOMER_ACCOUNT' ? others : Reflect.get(target, name)),
  })
  return runInDurableObject(rawStubOf(ref), (_running, state) => work(new CustomerAccount(state, alone)))
}

/** Asks for a merge until the other account is not about to be merged itself. */
async function insist(from: AccountRef, into: AccountRef): Promise<MergeReply> {
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await merge(from, into)
    } catch (error) {
      if (attempt === 20) throw error
      await scheduler.wait(Math.random() * 50)
    }
  }
}

describe('a merge', () => {
  it('brings points and debt to the account that is kept, each lot with its own end', async () => {
    const [a, b] = pair()
    const soon = { ...earn('soon', 100), terms: { ...TERMS, lotDays: 10 } }
    await send(a, earn('ever', 40), soon)
    await send(b, earn('own', 5))
    await expect(merge(a, b)).resolves.toEqual({ outcome: 'merged', into: b.customerId })
    await expectMerged(a, b, 145)
    expect((await books(a)).history).toEqual(['earn 40', 'earn 100', 'merge_out -140'])
    expect((await books(b)).history).toEqual(['earn 5', 'merge_in 100', 'merge_in 40'])
    expect((await balanceOf(b)).next_expiration).toMatchObject({ points: 100 })
  })

  it('brings debt, which the points of the other account pay', async () => {
    const [a, b] = pair()
    await send(a, order(1, 100_00), redeem('spent', 80), refund(1, 1, 100_00))
    await send(b, earn('own', 100))
    expect(await balanceOf(a)).toMatchObject({ debt: 80 })
    await merge(a, b)
    await expectMerged(a, b, 20)
  })

  it('of an account that nobody has heard of is a merge as well: its late orders go to the other one', async () => {
    const [a, b] = pair()
    await merge(a, b)
    await send(a, order(1, 59_90))
    await expectMerged(a, b, 59)
    expect((await books(a)).history).toEqual(['merge_out 0'])
  })

  it('may be told again and again, also in pieces of time', async () => {
    const [a, b] = pair()
    await send(a, earn('a', 10))
    const replies = await Promise.all([merge(a, b), merge(a, b), merge(a, b)])
    expect(replies.map(({ outcome }) => outcome).toSorted()).toEqual(['before', 'before', 'merged'])
    await evictDurableObject(rawStubOf(a))
    await expect(merge(a, b)).resolves.toEqual({ outcome: 'before', into: b.customerId })
    await expectMerged(a, b, 10)
  })

  it('with itself is refused', async () => {
    const [a] = pair()
    await send(a, earn('a', 10))
    await expect(merge(a, a)).resolves.toMatchObject({ outcome: 'refused' })
    expect(await balanceOf(a)).toMatchObject({ points: 10 })
  })

  it('of many lots arrives whole', async () => {
    const [a, b] = pair()
    await send(a, ...Array.from({ length: 250 }, (_, index) => earn(`a${index}`, 2)))
    await merge(a, b)
    await expectMerged(a, b, 500)
    expect((await books(b)).entries.filter(({ points }) => points === 2)).toHaveLength(250)
  })

  it('under load from both sides loses nothing and invents nothing', async () => {
    const [a, b] = pair()
    await send(a, earn('first', 1_000))
    const works = Array.from({ length: 60 }, (_, index) => async () => {
      const ref = index % 2 === 0 ? a : b
      if (index === 20) await merge(a, b)
      else if (index % 5 === 0) await send(ref, redeem(`r${index}`, 1))
      else await send(ref, earn(`e${index}`, 10))
    })
    await Promise.all(works.map((work) => work()))
    const earned = works.filter((_, index) => index !== 20 && index % 5 !== 0).length * 10
    // Those that came to b while it had no points were refused.
    const spent = [...(await books(a)).entries, ...(await books(b)).entries].filter(({ type }) => type === 'redeem')
    expect(earned).toBe(480)
    await expectMerged(a, b, 1_000 + earned - spent.length)
  })
})

describe('chains of merges', () => {
  it('end in the last account, in whatever order they are told', async () => {
    for (const told of [
      [0, 1, 1, 2],
      [1, 2, 0, 1],
    ]) {
      const [a, b, c] = customers(3)
      if (a === undefined || b === undefined || c === undefined) throw new Error('there are three')
      await send(a, earn('a', 1))
      await send(b, earn('b', 10))
      await send(c, earn('c', 100))
      const accounts = [a, b, c]
      for (const [from = 0, into = 0] of [told.slice(0, 2), told.slice(2)]) {
        const [removed, kept] = [accounts[from], accounts[into]]
        if (removed !== undefined && kept !== undefined) await merge(removed, kept)
      }
      await expectMerged(a, c, 111)
      await expectMerged(b, c, 111)
      // What comes later goes all the way, what is asked is answered from there.
      await send(a, earn('later', 1_000))
      await expectMerged(a, c, 1_111)
      await expect(merge(a, b)).resolves.toEqual({ outcome: 'before', into: c.customerId })
    }
  })

  it('find an order that the first account has', async () => {
    const [a, b, c] = customers(3)
    if (a === undefined || b === undefined || c === undefined) throw new Error('there are three')
    await send(a, order(1, 100_00))
    await merge(a, b)
    await merge(b, c)
    await expect(send(c, order(1, 100_00), refund(1, 1, 40_00))).resolves.toMatchObject([
      { outcome: 'duplicate' },
      { outcome: 'applied' },
    ])
    await expectMerged(a, c, 60)
  })

  it('that would be a circle are refused, and the points stay where they are', async () => {
    const [a, b] = pair()
    await send(a, earn('a', 10))
    await send(b, earn('b', 5))
    await merge(a, b)
    await expect(merge(b, a)).resolves.toEqual({ outcome: 'refused', into: b.customerId })
    await expectMerged(a, b, 15)
  })

  it('that are told both ways at once end in one of the two', async () => {
    const [a, b] = pair()
    await send(a, earn('a', 10))
    await send(b, earn('b', 5))
    const replies = await Promise.all([insist(a, b), insist(b, a)])
    expect(replies.map(({ outcome }) => outcome).toSorted()).toEqual(['merged', 'refused'])
    const [kept] = replies.map(({ into }) => into)
    await (kept === b.customerId ? expectMerged(a, b, 15) : expectMerged(b, a, 15))
  })
})

describe('between merge_out and its delivery', () => {
  it('a crash loses nothing: the next start delivers', async () => {
    const [a, b] = pair()
    await send(a, earn('a', 10))
    await expect(cutOff(a, (account) => merge(a, b, account))).resolves.toMatchObject({ outcome: 'merged' })
    expect(await stubOf(b).ledger(b, 0, 10)).toBeNull()
    await evictDurableObject(rawStubOf(a))
    await stubOf(a).mergeStanding(a)
    await expectMerged(a, b, 10)
  })

  it('a command waits for the points to be there, and is asked for again where they do not get there', async () => {
    const [a, b] = pair()
    await send(a, earn('a', 10))
    const spend = (account: CustomerAccountRpc) => account.execute(a, redeem('r', 10), claim('k'))
    await cutOff(a, async (account) => {
      await merge(a, b, account)
      await expect(spend(account)).rejects.toThrow('not now')
    })
    await evictDurableObject(rawStubOf(a))
    await expect(spend(stubOf(a))).resolves.toMatchObject({ ok: true, replayed: false })
    await expect(spend(stubOf(a))).resolves.toMatchObject({ ok: true, replayed: true })
    await expectMerged(a, b, 0)
  })

  it('an answer that gets lost moves nothing twice', async () => {
    const [a, b] = pair()
    await send(a, earn('a', 10))
    await merge(a, b)
    // The cursor as it stood before the answer came.
    await runInDurableObject(rawStubOf(a), (_account, { storage }) => {
      storage.sql.exec('UPDATE accounts SET merge_delivered_seq = 0')
    })
    await evictDurableObject(rawStubOf(a))
    await stubOf(a).wake(a)
    await runDurableObjectAlarm(rawStubOf(a))
    await expectMerged(a, b, 10)
    expect((await books(b)).history).toEqual(['merge_in 10'])
  })
})
