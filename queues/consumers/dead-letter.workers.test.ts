import { env } from 'cloudflare:workers'
import { describe, expect, it, vi } from 'vitest'
import { sha256Canonical } from '../../domain/ledger/canonical.ts'
import type { HandlerContext } from '../../workers/platform/handler.ts'
import { shopByMerchant } from '../../workers/platform/control.ts'
import { sweepAll } from '../../workers/scheduled/sweep.ts'
import { adminCore } from '../../workers/services/admin-core/operations.ts'
import {
  deliver,
  newCustomerGid,
  newShop,
  orderMessage,
  orderOf,
  postedPoints,
  projectedEntries,
  withoutPostgres,
} from '../examples.ts'

/** What the gateway hands to a handler when a member of the shop calls. */
async function calledBy(merchantId: string, id = '', key = crypto.randomUUID()): Promise<HandlerContext> {
  const shop = await shopByMerchant(env, merchantId)
  if (shop === undefined) throw new Error('the example shop is gone')
  return {
    env,
    request: new Request('https://app.example'),
    requestId: 'test',
    nowMs: Date.now(),
    caller: { shop, principal: { kind: 'api_key', id: 'test', permissions: ['admin:full'] } },
    claim: {
      scope: 'api_key:test adminCore.replayDeadLetter',
      key,
      fingerprint: sha256Canonical({ params: { id }, body: null }),
    },
  }
}

async function listed(
  merchantId: string,
  query: { cursor?: string; limit?: number; state?: 'waiting' | 'replayed' } = {},
) {
  const answer = await adminCore['adminCore.listDeadLetters'](await calledBy(merchantId), {
    params: undefined,
    query: { limit: 25, ...query },
    body: undefined,
  })
  if (!answer.ok || !('body' in answer)) throw new Error('the list was refused')
  return answer.body
}

async function replay(merchantId: string, id: string, key?: string) {
  return adminCore['adminCore.replayDeadLetter'](await calledBy(merchantId, id, key), {
    params: { id },
    query: undefined,
    body: undefined,
  })
}

/** The replayed order is all the way through; a file that ends amid the queues' work hangs workerd. */
async function arrival(merchantId: string, customerGid: string): Promise<void> {
  await vi.waitFor(async () => expect(await projectedEntries(merchantId, customerGid)).toBe(1), { timeout: 10_000 })
}

const daysAgo = (days: number) => new Date(Date.now() - days * 86_400_000).toISOString()

it('what is known of failures goes once the messages must be gone, also of those that recovered', async () => {
  const add = env.EVENT_LOG.prepare('insert into failures values (?1, ?2, 3, ?3)')
  await env.EVENT_LOG.batch([add.bind('old', 'outage', daysAgo(16)), add.bind('young', 'outage', daysAgo(13))])
  await sweepAll(env)
  const { results } = await env.EVENT_LOG.prepare("select body_hash from failures where reason = 'outage'").all()
  expect(results).toEqual([{ body_hash: 'young' }])
})

describe('a message that was given up on', () => {
  it('is stored with why it failed, and works when it is replayed', async () => {
    const merchantId = await newShop()
    const customer = newCustomerGid()
    const message = orderMessage(merchantId, orderOf(customer, 4200))
    await deliver('loyalnest-webhooks-dlq', [message])
    const [letter] = (await listed(merchantId)).dead_letters
    expect(letter).toMatchObject({ queue: 'webhooks', state: 'waiting', summary: `orders/paid ${message.webhook_id}` })
    const answer = await replay(merchantId, letter?.id ?? '')
    expect(answer).toMatchObject({ ok: true, replayed: false })
    await vi.waitFor(async () => expect(await postedPoints(merchantId, customer)).toBe(42), { timeout: 10_000 })
    await arrival(merchantId, customer)
    expect((await listed(merchantId, { state: 'waiting' })).dead_letters).toEqual([])
    expect((await listed(merchantId, { state: 'replayed' })).dead_letters).toMatchObject([{ id: letter?.id }])
  })

  it('says what its last attempt failed with', async () => {
    const merchantId = await newShop()
    const broken = { merchant_id: merchantId, topic: 'orders/paid', webhook_id: crypto.randomUUID() }
    expect((await deliver('loyalnest-webhooks', [broken], { attempts: 10 })).retried).toEqual([0])
    await deliver('loyalnest-webhooks-dlq', [broken])
    const [letter] = (await listed(merchantId)).dead_letters
    expect(letter).toMatchObject({ attempts: 10 })
    expect(letter?.reason).toMatch(/^does not parse: .*order invalid_type/)
  })

  it('is replayed once under one Idempotency-Key, with the same answer byte for byte', async () => {
    const merchantId = await newShop()
    const customer = newCustomerGid()
    await deliver('loyalnest-webhooks-dlq', [
      orderMessage(merchantId, orderOf(customer, 100)),
      orderMessage(merchantId, orderOf(customer, 100)),
    ])
    const [letter, other] = (await listed(merchantId)).dead_letters
    const first = await replay(merchantId, letter?.id ?? '', 'one key')
    const second = await replay(merchantId, letter?.id ?? '', 'one key')
    if (!first.ok || !('json' in first)) throw new Error('the replay was refused')
    expect(second).toEqual({ ok: true, json: first.json, replayed: true })
    expect(await replay(merchantId, other?.id ?? '', 'one key')).toMatchObject({
      ok: false,
      code: 'idempotency_key_reused',
    })
    await arrival(merchantId, customer)
  })

  it("is no other merchant's to see or to replay", async () => {
    const merchantId = await newShop()
    const stranger = await newShop()
    await deliver('loyalnest-events-dlq', [{ merchant_id: merchantId, event_type: 'points.earned' }])
    const [letter] = (await listed(merchantId)).dead_letters
    expect((await listed(stranger)).dead_letters).toEqual([])
    expect(await replay(stranger, letter?.id ?? '')).toMatchObject({ ok: false, code: 'not_found' })
  })

  it('is on exactly one page of the list', async () => {
    const merchantId = await newShop()
    await deliver(
      'loyalnest-jobs-dlq',
      Array.from({ length: 5 }, (_, number) => ({ merchant_id: merchantId, job: `unknown ${number}` })),
    )
    const seen: string[] = []
    for (let cursor: string | null | undefined; cursor !== null;) {
      const page = await listed(merchantId, cursor === undefined ? { limit: 2 } : { limit: 2, cursor })
      seen.push(...page.dead_letters.map(({ summary }) => summary))
      cursor = page.next_cursor
    }
    expect(seen.toSorted()).toEqual([0, 1, 2, 3, 4].map((number) => `unknown ${number}`))
  })
})

it('an outage leaves word of itself too', async () => {
  const merchantId = await newShop()
  const event = { merchant_id: merchantId, event_type: 'nothing known' }
  await deliver('loyalnest-events', [event], { to: withoutPostgres, attempts: 3 })
  const row = await env.EVENT_LOG.prepare('select attempts from failures order by at desc limit 1').first('attempts')
  expect(row).toBe(3)
})
