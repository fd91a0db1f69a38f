import { env } from 'cloudflare:workers'
import { describe, expect, it, vi } from 'vitest'
import type { RedemptionEvent } from '../../domain/contracts/events.ts'
import { customerIdOfGid } from '../../domain/ledger/identity.ts'
import { requestOf } from '../../domain/rewards/examples.ts'
import { toRedemptionEvent } from '../../domain/rewards/public.ts'
import type { RedemptionRecord } from '../../domain/rewards/types.ts'
import type { AccountRef } from '../../durable-objects/kernel/protocol.ts'
import { customerAccount } from '../../durable-objects/kernel/stubs.ts'
import { neonBatch, sql } from '../../workers/platform/neon.ts'
import { compareProjections } from '../../workers/services/admin-core/comparison.ts'
import { deliver, newCustomerGid, newShop, shuffled } from '../examples.ts'
import { rebuildCustomer } from './rebuild.ts'

const EVENTS = 'loyalnest-events'

/** A customer whose redemption was asked for, issued and used; and the three states that it told. */
async function redeemer() {
  const merchantId = await newShop()
  const gid = newCustomerGid()
  const customerId = customerIdOfGid(merchantId, gid)
  const account: AccountRef = { merchantId, customerId, shopifyCustomerGid: gid, currency: 'EUR' }
  const stub = customerAccount(env, merchantId, customerId)
  const by = { source: 'api', actor: 'api_key:test', effectiveAtMs: Date.now() } as const
  await stub.executeBatch(account, [
    {
      ...by,
      kind: 'earn_points',
      externalId: 'activity:a',
      points: 1000,
      reason: null,
      terms: { lotDays: null, timeZone: 'Europe/Berlin' },
    },
    { ...by, kind: 'redeem', redemptionId: 'bare', points: 40, limits: null, reason: null },
  ])
  const asked = requestOf({ id: crypto.randomUUID() })
  const claim = { scope: 'test', key: asked.id, fingerprint: '' }
  const begun = await stub.redeemReward(account, asked, claim)
  if (!begun.ok) throw new Error(begun.refusal.detail)
  const issued = await stub.settleRedemption(account, asked.id, 1, { kind: 'issued', redeemCodeGid: null })
  const used = await stub.useCode(account, asked.code, 'gid://shopify/Order/1', Date.now(), 0)
  if (issued === null || used === null) throw new Error('there is no such redemption')
  const states = [begun.redemption, issued, used] as const
  return { account, stub, merchantId, customerId, states, id: asked.id }
}

function eventOf(account: AccountRef, record: RedemptionRecord): RedemptionEvent {
  return toRedemptionEvent(record, account)
}

async function rows(merchantId: string, id: string): Promise<readonly unknown[]> {
  const [found] = await neonBatch(env, merchantId, [
    sql`select state, version, code, order_gid, points, body ->> 'state' as body_state from reward_redemptions where id = ${id}`,
  ])
  return found ?? []
}

/** Compares as if two minutes later, when nothing can be on its way any more. */
async function differences(merchantId: string, laterMs = 121_000) {
  const compared = await compareProjections(env, merchantId, { after: null, limit: 10 }, Date.now() + laterMs)
  return compared.differences.map(({ table, problem, key, fields }) => ({ table, problem, key, fields }))
}

const USED = {
  state: 'used',
  version: 3,
  code: requestOf().code,
  order_gid: 'gid://shopify/Order/1',
  points: '250',
  body_state: 'used',
}

describe('the events of a redemption', () => {
  it('leave its newest state in Postgres, in any order and however often, for a customer whom Postgres does not know', async () => {
    const { account, merchantId, states } = await redeemer()
    // Under an id of its own, so that the account's own events do not help.
    const id = crypto.randomUUID()
    const stranger = crypto.randomUUID()
    const events = states.map((record) => eventOf(account, { ...record, id, customerId: stranger }))
    for (const seed of [1, 2, 3]) {
      const { retried } = await deliver(EVENTS, shuffled([...events, ...events], seed))
      expect(retried).toEqual([])
      expect(await rows(merchantId, id)).toEqual([USED])
    }
    for (const event of events) await deliver(EVENTS, [event])
    expect(await rows(merchantId, id)).toEqual([USED])
  })

  it('come by themselves from the account, beside the bare redemption of its ledger', async () => {
    const { merchantId, customerId, id } = await redeemer()
    await vi.waitFor(async () => expect(await rows(merchantId, id)).toEqual([USED]), { timeout: 10_000 })
    expect(await rows(merchantId, `${customerId}:2`)).toMatchObject([{ state: 'redeemed', version: 0, points: '40' }])
    const [all] = await neonBatch(env, merchantId, [sql`select id from reward_redemptions`])
    expect(all).toHaveLength(2)
  })

  it('that Postgres refuses block nobody else', async () => {
    const { account, merchantId, states, id } = await redeemer()
    const [begun, issued, used] = states
    const refused = { ...eventOf(account, begun), event_id: 'too large', data: { ...eventOf(account, begun).data } }
    const bodies = [
      eventOf(account, issued),
      // Fits the contract, but Postgres' integer does not hold it.
      { ...refused, data: { ...refused.data, id: crypto.randomUUID(), version: 2 ** 40 } },
      eventOf(account, used),
    ]
    expect((await deliver(EVENTS, bodies)).retried).toEqual([1])
    expect(await rows(merchantId, id)).toEqual([USED])
  })
})

describe('redemptions in Postgres', () => {
  it('are compared with the account, and a rebuild mends them', async () => {
    const { merchantId, customerId, id } = await redeemer()
    await vi.waitFor(async () => expect(await rows(merchantId, id)).toEqual([USED]), { timeout: 10_000 })
    await vi.waitFor(async () => expect(await differences(merchantId)).toEqual([]), { timeout: 10_000 })
    const table = 'reward_redemptions'
    for (const { broken, found } of [
      {
        broken: sql`update reward_redemptions set state = 'issued', version = 2 where id = ${id}`,
        found: [{ table, problem: 'differs', key: id, fields: ['state', 'version'] }],
      },
      {
        // From a future that never was: no event would ever mend it.
        broken: sql`update reward_redemptions set points = 1, version = 99 where id = ${id}`,
        found: [{ table, problem: 'differs', key: id, fields: ['points', 'version'] }],
      },
      {
        broken: sql`delete from reward_redemptions`,
        found: [
          { table, problem: 'missing', key: id, fields: [] },
          { table, problem: 'missing', key: `${customerId}:2`, fields: [] },
        ],
      },
      {
        broken: sql`insert into reward_redemptions values (${merchantId}, 'invented', ${customerId}, 5, 'used', now())`,
        found: [{ table, problem: 'extra', key: 'invented', fields: [] }],
      },
    ]) {
      await neonBatch(env, merchantId, [broken])
      expect(await differences(merchantId)).toEqual(expect.arrayContaining(found))
      expect(await differences(merchantId)).toHaveLength(found.length)
      await deliver('loyalnest-jobs', [{ job: 'rebuild_projection', merchant_id: merchantId, after: null }])
      expect(await differences(merchantId)).toEqual([])
    }
  })

  it('keep what an event brings while a rebuild is at work', async () => {
    const { account, stub, merchantId, customerId, id } = await redeemer()
    await vi.waitFor(async () => expect(await rows(merchantId, id)).toEqual([USED]), { timeout: 10_000 })
    // After the account was read and before that is written.
    const code = '0000-0000-0000-0001'
    const begun = await stub.redeemReward(account, requestOf({ id: crypto.randomUUID(), code }), {
      scope: 'test',
      key: 'second',
      fingerprint: '',
    })
    if (!begun.ok) throw new Error(begun.refusal.detail)
    const second = begun.redemption
    await vi.waitFor(async () => expect(await rows(merchantId, second.id)).toHaveLength(1), { timeout: 10_000 })
    const meanwhile = async () => {
      const used = await stub.useCode(account, code, 'gid://shopify/Order/2', Date.now(), 5_000)
      if (used !== null) await deliver(EVENTS, [eventOf(account, used)])
    }
    const getByName = (name: string) => {
      const real = env.CUSTOMER_ACCOUNT.getByName(name)
      return {
        ledger: (...query: Parameters<typeof real.ledger>) => real.ledger(...query),
        redemptionsHere: async (...query: Parameters<typeof real.redemptionsHere>) => {
          const page = await real.redemptionsHere(...query)
          await meanwhile()
          return page
        },
      }
    }
    const slow = new Proxy(env, {
      get: (target, name): unknown => (name === 'CUSTOMER_ACCOUNT' ? { getByName } : Reflect.get(target, name)),
    })
    await rebuildCustomer(slow, merchantId, customerId)
    expect(await rows(merchantId, second.id)).toMatchObject([{ state: 'used', version: 2 }])
  })

  it('that are behind by a change of just now may still be on their way', async () => {
    const { merchantId, id } = await redeemer()
    await vi.waitFor(async () => expect(await rows(merchantId, id)).toEqual([USED]), { timeout: 10_000 })
    await vi.waitFor(async () => expect(await differences(merchantId)).toEqual([]), { timeout: 10_000 })
    await neonBatch(env, merchantId, [
      sql`update reward_redemptions set state = 'issued', version = 2 where id = ${id}`,
    ])
    expect(await differences(merchantId, 0)).toEqual([])
    expect(await differences(merchantId)).toHaveLength(1)
  })
})
