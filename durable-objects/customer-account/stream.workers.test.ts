import { evictDurableObject, runInDurableObject } from 'cloudflare:test'
import { describe, expect, it } from 'vitest'
import { STREAM_CLOSE, StreamMessage } from '../../domain/contracts/points.ts'
import { STREAM_HEADERS, type AccountRef } from '../kernel/protocol.ts'
import { claim, earn, newCustomer, order, rawStubOf, refund, rewardRequest, stubOf } from './samples.ts'
import { MAX_MISSED, MAX_SOCKETS } from './stream.ts'

interface Ticket {
  readonly id?: string
  readonly expiresAtMs?: number
  readonly lastSeq?: number
}

/** What the gateway forwards once it has verified a ticket. */
function upgradeOf(ref: AccountRef, { id = crypto.randomUUID(), expiresAtMs = Date.now() + 30_000, lastSeq }: Ticket) {
  const headers = new Headers({
    upgrade: 'websocket',
    [STREAM_HEADERS.account]: JSON.stringify(ref),
    [STREAM_HEADERS.ticketId]: id,
    [STREAM_HEADERS.ticketExpiresAtMs]: String(expiresAtMs),
  })
  if (lastSeq !== undefined) headers.set(STREAM_HEADERS.lastSeq, String(lastSeq))
  return new Request('https://object/stream', { headers })
}

/** Opens a stream and reads it message by message. */
async function listen(ref: AccountRef, ticket: Ticket = {}) {
  const response = await stubOf(ref).fetch(upgradeOf(ref, ticket))
  const socket = response.webSocket
  if (socket === null) throw new Error(`no WebSocket: ${response.status} ${await response.text()}`)
  const arrived: StreamMessage[] = []
  const texts: string[] = []
  let waiting: (() => void) | undefined
  const closed = new Promise<number>((resolve) => {
    socket.addEventListener('close', ({ code }) => resolve(code))
  })
  socket.addEventListener('message', ({ data }) => {
    if (typeof data !== 'string') throw new Error('not a text')
    if (data === 'pong') texts.push(data)
    else arrived.push(StreamMessage.parse(JSON.parse(data)))
    waiting?.()
  })
  socket.accept()
  const next = async (count: number): Promise<StreamMessage[]> => {
    while (arrived.length < count) {
      const { promise, resolve } = Promise.withResolvers<void>()
      waiting = resolve
      await promise
    }
    return arrived.splice(0, count)
  }
  return { socket, closed, next, texts }
}

describe('a stream', () => {
  it('gives the balance at once and every change after it', async () => {
    const ref = newCustomer()
    const stream = await listen(ref)
    await expect(stream.next(1)).resolves.toMatchObject([{ type: 'balance', balance: { points: 0, seq: 0 } }])
    await stubOf(ref).executeBatch(ref, [order(1, 59_90)])
    await stubOf(ref).execute(ref, refund(1, 1, 20_00), null)
    await expect(stream.next(2)).resolves.toMatchObject([
      { type: 'change', transaction: { kind: 'earn', points: 59 }, balance: { points: 59, seq: 1 } },
      { type: 'change', transaction: { kind: 'clawback', points: -20 }, balance: { points: 39, seq: 2 } },
    ])
  })

  it('tells of a redemption after the points that it took', async () => {
    const ref = newCustomer()
    await stubOf(ref).executeBatch(ref, [earn('a', 300)])
    const stream = await listen(ref)
    await stream.next(1)
    const asked = rewardRequest()
    await stubOf(ref).redeemReward(ref, asked, claim('key-1'))
    await expect(stream.next(2)).resolves.toMatchObject([
      { type: 'change', transaction: { kind: 'hold' }, balance: { points: 50, held: 250 } },
      { type: 'redemption', redemption: { id: asked.id, state: 'pending', code: null } },
    ])
    await stubOf(ref).settleRedemption(ref, asked.id, 1, { kind: 'issued', redeemCodeGid: null })
    await expect(stream.next(2)).resolves.toMatchObject([
      { type: 'change', transaction: { kind: 'capture', points: -250 }, balance: { points: 50, held: 0 } },
      { type: 'redemption', redemption: { id: asked.id, state: 'issued', code: asked.code } },
    ])
  })

  it('goes on while the object was out of memory', async () => {
    const ref = newCustomer()
    const stream = await listen(ref)
    await stream.next(1)
    await evictDurableObject(rawStubOf(ref))
    await stubOf(ref).executeBatch(ref, [earn('a', 5)])
    await expect(stream.next(1)).resolves.toMatchObject([{ type: 'change', balance: { points: 5 } }])
  })

  it('says nothing of a repeated order', async () => {
    const ref = newCustomer()
    await stubOf(ref).executeBatch(ref, [order(1, 10_00)])
    const stream = await listen(ref)
    await stubOf(ref).executeBatch(ref, [order(1, 10_00), order(2, 5_00)])
    await expect(stream.next(2)).resolves.toMatchObject([
      { type: 'balance' },
      { type: 'change', transaction: { seq: 2 } },
    ])
  })

  it('answers a ping without waking the object', async () => {
    const ref = newCustomer()
    const stream = await listen(ref)
    stream.socket.send('ping')
    await expect.poll(() => stream.texts).toEqual(['pong'])
  })

  it('does not mind what a client says', async () => {
    const ref = newCustomer()
    const stream = await listen(ref)
    await stream.next(1)
    stream.socket.send('hello')
    stream.socket.send(new Uint8Array(10))
    await stubOf(ref).executeBatch(ref, [earn('a', 5)])
    await expect(stream.next(1)).resolves.toMatchObject([{ type: 'change', balance: { points: 5 } }])
  })

  it('hands over what was missed since the last seq, without gap or duplicate against commits under way', async () => {
    const ref = newCustomer()
    await stubOf(ref).executeBatch(ref, [earn('a', 1), earn('b', 1), earn('c', 1)])
    const booking = Array.from({ length: 10 }, (_, index) => stubOf(ref).executeBatch(ref, [earn(`d${index}`, 1)]))
    const stream = await listen(ref, { lastSeq: 1 })
    await Promise.all(booking)
    await stubOf(ref).executeBatch(ref, [earn('last', 1)])
    const messages = await stream.next(14)
    const changes = messages.flatMap((message) => (message.type === 'change' ? [message.transaction.seq] : []))
    expect(changes).toEqual(Array.from({ length: 13 }, (_, index) => index + 2))
  })

  it('sends the balance alone when too much was missed', async () => {
    const ref = newCustomer()
    const earnings = Array.from({ length: MAX_MISSED + 1 }, (_, index) => earn(`a${index}`, 1))
    await stubOf(ref).executeBatch(ref, earnings)
    const stream = await listen(ref, { lastSeq: 0 })
    await expect(stream.next(1)).resolves.toMatchObject([{ type: 'balance', balance: { seq: MAX_MISSED + 1 } }])
  })
})

describe('a stream ticket', () => {
  it('works once, also across an eviction', async () => {
    const ref = newCustomer()
    const id = crypto.randomUUID()
    await listen(ref, { id })
    await evictDurableObject(rawStubOf(ref))
    const again = await stubOf(ref).fetch(upgradeOf(ref, { id }))
    expect(again.status).toBe(401)
    expect(again.headers.get('content-type')).toBe('application/problem+json')
    await expect(again.json()).resolves.toMatchObject({ code: 'ticket_invalid' })
  })

  it('does not work after it has expired', async () => {
    const ref = newCustomer()
    const late = await stubOf(ref).fetch(upgradeOf(ref, { expiresAtMs: Date.now() - 1 }))
    expect(late.status).toBe(401)
  })

  it('opens nothing for another merchant', async () => {
    const ref = newCustomer()
    await runInDurableObject(rawStubOf(ref), async (account) => {
      const foreign = { ...ref, merchantId: crypto.randomUUID() }
      await expect(account.fetch(upgradeOf(foreign, {}))).rejects.toThrow('belongs to another')
    })
  })

  it('is not asked for by plain HTTP', async () => {
    const ref = newCustomer()
    const response = await stubOf(ref).fetch(new Request('https://object/stream'))
    expect(response.status).toBe(426)
  })
})

describe('the connections of a customer', () => {
  it('are ten at most: one more closes the oldest', async () => {
    const ref = newCustomer()
    const oldest = await listen(ref)
    await new Promise((resolve) => setTimeout(resolve, 5))
    for (let count = 1; count < MAX_SOCKETS; count += 1) await listen(ref)
    const newest = await listen(ref)
    await expect(oldest.closed).resolves.toBe(STREAM_CLOSE.tooManyConnections)
    await stubOf(ref).executeBatch(ref, [earn('a', 5)])
    await expect(newest.next(2)).resolves.toMatchObject([{ type: 'balance' }, { type: 'change' }])
  })

  it('end cleanly when the shopper leaves the page, and are forgotten', async () => {
    const ref = newCustomer()
    const stream = await listen(ref)
    stream.socket.close(1000, 'bye')
    await expect(stream.closed).resolves.toBe(1000)
    await expect(runInDurableObject(rawStubOf(ref), (_account, ctx) => ctx.getWebSockets().length)).resolves.toBe(0)
  })

  it('end when the credentials are revoked', async () => {
    const ref = newCustomer()
    const streams = [await listen(ref), await listen(ref)]
    await stubOf(ref).closeStreams(ref, STREAM_CLOSE.revoked)
    await expect(Promise.all(streams.map(({ closed }) => closed))).resolves.toEqual([4401, 4401])
  })
})
