import { evictDurableObject, runInDurableObject } from 'cloudflare:test'
import { describe, expect, it, vi } from 'vitest'
import { STREAM_CLOSE } from '../../domain/contracts/points.ts'
import type { Command } from '../../domain/ledger/types.ts'
import { STREAM_HEADERS, type AccountRef } from '../kernel/protocol.ts'
import { books, customers, expectMerged, merge, pair, send } from './testing/merges.ts'
import { adjust, claim, earn, hold, order, rawStubOf, redeem, refund, rewardRequest, stubOf } from './samples.ts'

const ALL = { before: null, limit: 9, state: null, rewardId: null } as const

/** A page of a shopper, who has seen the first entry. */
async function open(ref: AccountRef) {
  const headers = {
    upgrade: 'websocket',
    [STREAM_HEADERS.account]: JSON.stringify(ref),
    [STREAM_HEADERS.ticketId]: crypto.randomUUID(),
    [STREAM_HEADERS.ticketExpiresAtMs]: String(Date.now() + 30_000),
    [STREAM_HEADERS.lastSeq]: '1',
  }
  const { webSocket } = await stubOf(ref).fetch(new Request('https://object/stream', { headers }))
  if (webSocket === null) throw new Error('no WebSocket')
  const messages: unknown[] = []
  const closed = new Promise<number>((resolve) => {
    webSocket.addEventListener('close', ({ code }) => resolve(code))
  })
  webSocket.addEventListener('message', ({ data }) => {
    messages.push(JSON.parse(String(data)))
  })
  webSocket.accept()
  return { messages, closed }
}

describe('orders of a merged account', () => {
  it('stay in its books: what Shopify now tells of the kept customer earns nothing twice', async () => {
    const [a, b] = pair()
    await send(a, order(1, 59_90))
    await merge(a, b)
    await expect(send(b, order(1, 59_90), order(2, 10_00))).resolves.toMatchObject([
      { outcome: 'duplicate', points: 59 },
      { outcome: 'applied', points: 10 },
    ])
    await expect(stubOf(b).execute(b, order(1, 59_90), null)).resolves.toMatchObject({ outcome: 'duplicate' })
    await expectMerged(a, b, 69)
  })

  it('are refunded from the points that left: the kept account owes them, if it spent them', async () => {
    const [a, b] = pair()
    await send(a, order(1, 100_00))
    await merge(a, b)
    await send(b, redeem('r', 90))
    await send(b, refund(1, 1, 50_00))
    await vi.waitFor(async () => expect(await books(b)).toMatchObject({ posted: -40, debt: 40 }))
    expect(await books(a)).toMatchObject({ posted: 0, debt: 0 })
    await send(a, refund(1, 1, 50_00))
    expect(await books(b)).toMatchObject({ posted: -40 })
  })

  it('give their pending points to the kept account once the window is over', async () => {
    const [a, b] = pair()
    await send(a, { ...order(1, 100_00), returnWindowDays: 7 })
    await merge(a, b)
    expect(await books(b)).toMatchObject({ posted: 0 })
    await send(b, refund(1, 1, 30_00))
    await runInDurableObject(rawStubOf(a), (_account, { storage }) => {
      storage.sql.exec(`UPDATE accounts SET pendings = json_set(pendings, '$[0].activatesAtMs', ?)`, Date.now() - 1_000)
    })
    await evictDurableObject(rawStubOf(a))
    await stubOf(a).wake(a)
    await expectMerged(a, b, 70)
  })
})

describe('what was under way', () => {
  it('a hold stays until it ends; what comes free follows', async () => {
    const [a, b] = pair()
    await send(a, earn('a', 100), hold('cart', 60, 600_000))
    await merge(a, b)
    expect(await books(b)).toMatchObject({ posted: 40 })
    const release = { kind: 'release', source: 'api', actor: 'api_key:test', effectiveAtMs: Date.now() } as const
    await send(a, { ...release, holdId: 'cart', reason: 'emptied' })
    await expectMerged(a, b, 100)
  })

  it('a redemption that was issued ends, and its points follow whatever the reward says', async () => {
    const [a, b] = pair()
    const request = rewardRequest({ pointsBack: { cancelled: false, expired: false } })
    await send(a, earn('a', 1_000))
    await stubOf(a).redeemReward(a, request, claim('k'))
    await stubOf(a).settleRedemption(a, request.id, 1, { kind: 'issued', redeemCodeGid: null })
    await merge(a, b)
    expect(await stubOf(a).redemption(a, request.id)).toMatchObject({ state: 'issued', ending: 'cancelled' })
    const leased = await stubOf(a).leaseRedemption(a, request.id)
    await stubOf(a).settleRedemption(a, request.id, leased?.lease ?? 0, { kind: 'removed' })
    expect(await stubOf(a).redemption(a, request.id)).toMatchObject({ state: 'cancelled', pointsReturned: 250 })
    await expectMerged(a, b, 1_000)
  })

  it('one that was still pending is issued first, and then ends', async () => {
    const [a, b] = pair()
    const request = rewardRequest()
    await send(a, earn('a', 1_000))
    await stubOf(a).redeemReward(a, request, claim('k'))
    await merge(a, b)
    expect(await books(b)).toMatchObject({ posted: 750 })
    await stubOf(a).settleRedemption(a, request.id, 1, { kind: 'issued', redeemCodeGid: null })
    expect(await stubOf(a).redemption(a, request.id)).toMatchObject({ state: 'issued', ending: 'cancelled' })
  })

  it('a code that was used before it could end stays used; one used after its end is owed by the kept account', async () => {
    for (const [usedFirst, posted] of [
      [true, 750],
      [false, 750],
    ] as const) {
      const [a, b] = pair()
      const request = rewardRequest()
      await send(a, earn('a', 1_000))
      await stubOf(a).redeemReward(a, request, claim('k'))
      await stubOf(a).settleRedemption(a, request.id, 1, { kind: 'issued', redeemCodeGid: null })
      await merge(a, b)
      const use = () => stubOf(b).useCode(b, request.code, 'gid://shopify/Order/1', Date.now(), 50_00)
      const useByOwner = () => stubOf(a).useCode(a, request.code, 'gid://shopify/Order/1', Date.now(), 50_00)
      if (!usedFirst) {
        const leased = await stubOf(a).leaseRedemption(a, request.id)
        await stubOf(a).settleRedemption(a, request.id, leased?.lease ?? 0, { kind: 'removed' })
        await expectMerged(a, b, 1_000)
      }
      expect(await use()).toBeNull()
      expect(await useByOwner()).toMatchObject({ state: 'used', pointsReturned: 0 })
      await expectMerged(a, b, posted)
    }
  })

  it('an order placed with a code before the merge, and booked after it, gives the points back with its refunds', async () => {
    for (const isUsedFirst of [true, false]) {
      const [a, b] = pair()
      const request = rewardRequest()
      await send(a, earn('a', 1_000))
      await stubOf(a).redeemReward(a, request, claim('k'))
      await stubOf(a).settleRedemption(a, request.id, 1, { kind: 'issued', redeemCodeGid: null })
      await merge(a, b)
      await expectMerged(a, b, 750)
      const use = () => stubOf(a).useCode(a, request.code, 'gid://shopify/Order/1', Date.now(), 100_00)
      await send(a, order(1, 100_00))
      if (isUsedFirst) await use()
      await send(b, refund(1, 1, 50_00))
      expect(await use()).toMatchObject({ state: 'used', pointsReturned: 125 })
      await send(b, refund(2, 1, 50_00))
      expect(await stubOf(a).redemption(a, request.id)).toMatchObject({ state: 'used', pointsReturned: 250 })
      await expectMerged(a, b, 1_000)
    }
  })

  it('such an order gives the points back also where the customer who booked it was merged on before the refund', async () => {
    const [a, b, c] = customers(3)
    if (a === undefined || b === undefined || c === undefined) throw new Error('there are three')
    const request = rewardRequest()
    await send(a, earn('a', 1_000))
    await stubOf(a).redeemReward(a, request, claim('k'))
    await stubOf(a).settleRedemption(a, request.id, 1, { kind: 'issued', redeemCodeGid: null })
    await merge(a, b)
    await send(b, order(1, 100_00))
    await stubOf(a).useCode(a, request.code, 'gid://shopify/Order/1', Date.now(), 100_00)
    await merge(b, c)
    await send(c, refund(1, 1, 50_00))
    expect(await stubOf(a).redemption(a, request.id)).toMatchObject({ state: 'used', pointsReturned: 125 })
    await vi.waitFor(async () => expect(await books(c)).toMatchObject({ posted: 750 + 50 + 125 }), { timeout: 5_000 })
  })

  it('a request to redeem is told to ask for the kept customer; an answer that was given stays', async () => {
    const [a, b] = pair()
    const before = rewardRequest()
    await send(a, earn('a', 1_000))
    await stubOf(a).redeemReward(a, before, claim('before'))
    await merge(a, b)
    await expect(stubOf(a).redeemReward(a, before, claim('before'))).resolves.toMatchObject({
      ok: true,
      replayed: true,
    })
    const after = rewardRequest()
    await expect(stubOf(a).redeemReward(a, after, claim('after'))).resolves.toMatchObject({
      refusal: { code: 'account_merged' },
    })
    await expect(stubOf(b).redeemReward(b, after, claim('after'))).resolves.toMatchObject({ ok: true })
    expect(await stubOf(a).redemption(a, after.id)).toMatchObject({ customerId: b.customerId })
    expect((await stubOf(a).redemptions(a, ALL)).redemptions).toEqual([expect.objectContaining({ id: after.id })])
    expect((await stubOf(a).redemptionsHere(a, ALL)).redemptions).toEqual([expect.objectContaining({ id: before.id })])
    await expect(stubOf(a).customerGid(a)).resolves.toBe(b.shopifyCustomerGid)
  })
})

describe('callers who name a removed customer', () => {
  it('write into the kept account, and their answers stay the same', async () => {
    const [a, b] = pair()
    await send(a, earn('a', 10))
    const write = (key: string, command: Command) => stubOf(a).execute(a, command, claim(key, key))
    const before = await write('before', adjust('before', 5))
    await merge(a, b)
    const after = await write('after', adjust('after', 7))
    expect(after).toMatchObject({ ok: true, replayed: false })
    expect(JSON.parse(after.ok ? after.body : '')).toMatchObject({
      transaction: { customer_id: b.customerId },
      balance: { customer_id: b.customerId, points: 22 },
    })
    await expect(write('before', adjust('before', 5))).resolves.toEqual({ ...before, replayed: true })
    await expect(write('after', adjust('after', 7))).resolves.toEqual({ ...after, replayed: true })
    await expect(stubOf(a).answerTo(a, claim('after', 'after'))).resolves.toEqual({ ...after, replayed: true })
    // A business id of before the merge is known where it was booked.
    await expect(write('again', adjust('before', 5))).resolves.toMatchObject({ outcome: 'duplicate' })
    await expect(write('refused', redeem('r', 1_000))).resolves.toMatchObject({
      refusal: { code: 'insufficient_points' },
    })
  })

  it('have their pages closed with 4410; a token of before is served by the kept account', async () => {
    const [a, b] = pair()
    await send(a, earn('a', 10))
    const before = await open(a)
    await merge(a, b)
    await expect(before.closed).resolves.toBe(STREAM_CLOSE.accountMerged)
    const after = await open(a)
    await vi.waitFor(() =>
      expect(after.messages).toMatchObject([{ type: 'balance', balance: { customer_id: b.customerId, points: 10 } }]),
    )
    await send(b, earn('b', 1))
    await vi.waitFor(() => expect(after.messages).toMatchObject([{}, { type: 'change', balance: { points: 11 } }]))
  })
})
