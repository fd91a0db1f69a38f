import { env } from 'cloudflare:workers'
import { describe, expect, it, vi } from 'vitest'
import type { Buyer, CustomerFacts, WebhookMessage } from '../../../domain/earning/facts.ts'
import { customerIdOfGid, customerIdOfGuest } from '../../../domain/ledger/identity.ts'
import type { AccountRef } from '../../../durable-objects/kernel/protocol.ts'
import { customerAccount } from '../../../durable-objects/kernel/stubs.ts'
import { neonBatch, sql } from '../../../workers/platform/neon.ts'
import { compareProjections } from '../../../workers/services/admin-core/comparison.ts'
import {
  deliver,
  newCustomerGid,
  newShop,
  orderMessage,
  orderOf,
  postedPoints,
  projectedEntries,
  refundMessage,
  refundOf,
  withoutPostgres,
} from '../../examples.ts'
import { rebuildCustomer } from '../../projections/rebuild.ts'

const WEBHOOKS = 'loyalnest-webhooks'

function envelope(merchantId: string) {
  const ids = { merchant_id: merchantId, shop: 'example.myshopify.com', webhook_id: crypto.randomUUID() }
  return { ...ids, received_at_ms: Date.now() }
}

function mergeMessage(merchantId: string, removed: string, kept: string): WebhookMessage {
  return { ...envelope(merchantId), topic: 'customers/merge', removed_gid: removed, kept_gid: kept }
}

function deleteMessage(merchantId: string, gid: string): WebhookMessage {
  return { ...envelope(merchantId), topic: 'customers/delete', customer_gid: gid }
}

function profileMessage(merchantId: string, gid: string, change: Partial<CustomerFacts> = {}): WebhookMessage {
  const customer = {
    customer_gid: gid,
    email_index: newIndex(),
    email_sealed: 'c2VhbGVk',
    email_verified: true,
    created_at_ms: 1_780_000_000_000,
    updated_at_ms: 1_790_000_000_000,
    ...change,
  }
  return { ...envelope(merchantId), topic: 'customers/update', customer }
}

const newIndex = () => crypto.randomUUID().replaceAll('-', '').repeat(2)
const guestOf = (emailIndex: string): Buyer => ({ kind: 'guest', email_index: emailIndex })

function refOf(merchantId: string, customerId: string): AccountRef {
  return { merchantId, customerId, shopifyCustomerGid: null, currency: null }
}

/** What an account has in its own books. */
async function ownPoints(merchantId: string, customerId: string): Promise<number | undefined> {
  const page = await customerAccount(env, merchantId, customerId).ledger(refOf(merchantId, customerId), 0, 100)
  return page?.balance.posted
}

/** Waits until all events have arrived, and answers with what Postgres has differently from the ledgers. */
async function differences(merchantId: string, customers: number) {
  return vi.waitFor(
    async () => {
      const late = Date.now() + 121_000
      const compared = await compareProjections(env, merchantId, { after: null, limit: 50 }, late)
      expect(compared.customers).toBe(customers)
      expect(compared.differences).toEqual([])
      return compared.differences
    },
    { timeout: 15_000, interval: 250 },
  )
}

async function profileOf(merchantId: string, gid: string): Promise<unknown> {
  const [rows] = await neonBatch(env, merchantId, [
    sql`select email_index, email_sealed, email_verified, merged_into, deleted_at is not null as deleted
      from customers where shopify_gid = ${gid}`,
  ])
  return rows?.[0]
}

describe('customers/merge', () => {
  it('brings the points to the customer whom the shop kept; projections follow', async () => {
    const merchantId = await newShop()
    const [removed, kept] = [newCustomerGid(), newCustomerGid()]
    const orders = [orderOf(removed, 100_00), orderOf(kept, 20_00)]
    await deliver(WEBHOOKS, [
      profileMessage(merchantId, removed),
      ...orders.map((order) => orderMessage(merchantId, order)),
    ])
    const message = mergeMessage(merchantId, removed, kept)
    expect(await deliver(WEBHOOKS, [message, message])).toEqual({ acked: [0, 1], retried: [] })
    expect(await postedPoints(merchantId, kept)).toBe(120)
    expect(await ownPoints(merchantId, customerIdOfGid(merchantId, removed))).toBe(0)
    expect(await differences(merchantId, 2)).toEqual([])
    // The person is known by the kept customer's profile from now on, and late news of the removed one changes nothing.
    await deliver(WEBHOOKS, [profileMessage(merchantId, removed, { updated_at_ms: Date.now() + 60_000 })])
    expect(await profileOf(merchantId, removed)).toEqual({
      email_index: null,
      email_sealed: null,
      email_verified: false,
      merged_into: customerIdOfGid(merchantId, kept),
      deleted: false,
    })
  })

  it('of customers of whom nothing is known yet is kept for their late orders', async () => {
    const merchantId = await newShop()
    const [removed, kept] = [newCustomerGid(), newCustomerGid()]
    await deliver(WEBHOOKS, [mergeMessage(merchantId, removed, kept)])
    await deliver(WEBHOOKS, [orderMessage(merchantId, orderOf(removed, 30_00))])
    expect(await postedPoints(merchantId, kept)).toBe(30)
  })

  it('lets no order earn twice that is named as the kept customer’s afterwards, even without Postgres', async () => {
    const merchantId = await newShop()
    const [removed, kept] = [newCustomerGid(), newCustomerGid()]
    const order = orderOf(removed, 100_00)
    await deliver(WEBHOOKS, [orderMessage(merchantId, order)])
    await deliver(WEBHOOKS, [mergeMessage(merchantId, removed, kept)])
    const renamed = { ...order, buyer: { kind: 'customer', customer_gid: kept } as const }
    for (const to of [withoutPostgres, env]) {
      await deliver(WEBHOOKS, [orderMessage(merchantId, renamed)], { to })
      expect(await postedPoints(merchantId, kept)).toBe(100)
    }
    // Its refund finds it too: named with the order, and alone.
    const refund = refundOf(order.order_gid, 40_00)
    await deliver(WEBHOOKS, [orderMessage(merchantId, { ...renamed, refunds: [refund] })], { to: withoutPostgres })
    await vi.waitFor(async () => expect(await postedPoints(merchantId, kept)).toBe(60))
    await vi.waitFor(async () => expect(await projectedEntries(merchantId, removed)).toBeGreaterThan(3), {
      timeout: 10_000,
    })
    await deliver(WEBHOOKS, [refundMessage(merchantId, refundOf(order.order_gid, 10_00))])
    await vi.waitFor(async () => expect(await postedPoints(merchantId, kept)).toBe(50))
    expect(await differences(merchantId, 2)).toEqual([])
  })

  it('is undone in no projection by a rebuild', async () => {
    const merchantId = await newShop()
    const [removed, kept] = [newCustomerGid(), newCustomerGid()]
    await deliver(WEBHOOKS, [orderMessage(merchantId, orderOf(removed, 100_00))])
    await deliver(WEBHOOKS, [mergeMessage(merchantId, removed, kept)])
    expect(await differences(merchantId, 2)).toEqual([])
    const lots = () => neonBatch(env, merchantId, [sql`select * from points_lots order by customer_id, lot`])
    const before = await lots()
    expect(before).toMatchObject([[{ granted: expect.anything() }, { granted: expect.anything() }]])
    await neonBatch(env, merchantId, [
      sql`update points_lots set remaining = remaining + 7, seq = 999`,
      sql`insert into points_lots select merchant_id, customer_id, 77, 1, 1, 0, null, 1 from points_lots limit 1`,
      sql`update customers set merged_into = null`,
    ])
    const late = Date.now() + 121_000
    const compared = await compareProjections(env, merchantId, { after: null, limit: 50 }, late)
    expect(compared.differences.map(({ table, problem }) => `${table} ${problem}`).toSorted()).toEqual([
      'customers differs',
      'points_lots differs',
      'points_lots differs',
      'points_lots extra',
    ])
    for (const gid of [removed, kept]) await rebuildCustomer(env, merchantId, customerIdOfGid(merchantId, gid))
    expect(await differences(merchantId, 2)).toEqual([])
    expect(await lots()).toEqual(before)
  })

  it('that comes while a rebuild is at work stays', async () => {
    const merchantId = await newShop()
    const [removed, kept] = [newCustomerGid(), newCustomerGid()]
    await deliver(WEBHOOKS, [orderMessage(merchantId, orderOf(removed, 100_00))])
    const getByName = (name: string) => {
      const real = env.CUSTOMER_ACCOUNT.getByName(name)
      return {
        ledger: (...query: Parameters<typeof real.ledger>) => real.ledger(...query),
        // After the ledger was read and before the last is written.
        redemptionsHere: async (...query: Parameters<typeof real.redemptionsHere>) => {
          await deliver(WEBHOOKS, [mergeMessage(merchantId, removed, kept)])
          return real.redemptionsHere(...query)
        },
      }
    }
    const slow = new Proxy(env, {
      get: (target, name): unknown => (name === 'CUSTOMER_ACCOUNT' ? { getByName } : Reflect.get(target, name)),
    })
    await rebuildCustomer(slow, merchantId, customerIdOfGid(merchantId, removed))
    expect(await profileOf(merchantId, removed)).toMatchObject({ merged_into: customerIdOfGid(merchantId, kept) })
  })

  it('both ways round: the second one is refused, and told to nobody again', async () => {
    const merchantId = await newShop()
    const [a, b] = [newCustomerGid(), newCustomerGid()]
    await deliver(WEBHOOKS, [orderMessage(merchantId, orderOf(a, 100_00))])
    await deliver(WEBHOOKS, [mergeMessage(merchantId, a, b)])
    expect(await deliver(WEBHOOKS, [mergeMessage(merchantId, b, a)])).toEqual({ acked: [0], retried: [] })
    expect(await postedPoints(merchantId, b)).toBe(100)
    expect(await ownPoints(merchantId, customerIdOfGid(merchantId, a))).toBe(0)
  })

  it('comes again while Postgres is away, and ends the same', async () => {
    const merchantId = await newShop()
    const [removed, kept] = [newCustomerGid(), newCustomerGid()]
    await deliver(WEBHOOKS, [orderMessage(merchantId, orderOf(removed, 100_00))])
    const message = mergeMessage(merchantId, removed, kept)
    expect(await deliver(WEBHOOKS, [message], { to: withoutPostgres })).toEqual({ acked: [], retried: [0] })
    expect(await postedPoints(merchantId, kept)).toBe(100)
    // The entry's event may come later still, and a profile of before in between.
    await neonBatch(env, merchantId, [sql`update customers set merged_into = null`])
    expect(await deliver(WEBHOOKS, [message])).toEqual({ acked: [0], retried: [] })
    await deliver(WEBHOOKS, [profileMessage(merchantId, removed)])
    expect(await profileOf(merchantId, removed)).toMatchObject({
      email_index: null,
      merged_into: customerIdOfGid(merchantId, kept),
    })
    expect(await postedPoints(merchantId, kept)).toBe(100)
  })
})

describe('a guest', () => {
  it('is attached by a profile whose address is verified, and orders on as that customer', async () => {
    const merchantId = await newShop()
    const [gid, emailIndex] = [newCustomerGid(), newIndex()]
    await deliver(WEBHOOKS, [orderMessage(merchantId, orderOf('', 100_00, { buyer: guestOf(emailIndex) }))])
    const guestId = customerIdOfGuest(merchantId, emailIndex)
    expect(await ownPoints(merchantId, guestId)).toBe(100)
    const profile = profileMessage(merchantId, gid, { email_index: emailIndex })
    expect(await deliver(WEBHOOKS, [profile, profile])).toEqual({ acked: [0, 1], retried: [] })
    expect(await postedPoints(merchantId, gid)).toBe(100)
    expect(await ownPoints(merchantId, guestId)).toBe(0)
    await deliver(WEBHOOKS, [orderMessage(merchantId, orderOf('', 11_00, { buyer: guestOf(emailIndex) }))])
    expect(await postedPoints(merchantId, gid)).toBe(111)
    expect(await differences(merchantId, 2)).toEqual([])
  })

  it('who orders under an address that was verified before is attached at once', async () => {
    const merchantId = await newShop()
    const [gid, emailIndex] = [newCustomerGid(), newIndex()]
    await deliver(WEBHOOKS, [profileMessage(merchantId, gid, { email_index: emailIndex })])
    await deliver(WEBHOOKS, [orderMessage(merchantId, orderOf('', 100_00, { buyer: guestOf(emailIndex) }))])
    expect(await postedPoints(merchantId, gid)).toBe(100)
  })

  it('is not attached by an address that nobody has verified, nor by one that two have', async () => {
    const merchantId = await newShop()
    const [gid, emailIndex] = [newCustomerGid(), newIndex()]
    const guestOrder = () => orderMessage(merchantId, orderOf('', 100_00, { buyer: guestOf(emailIndex) }))
    await deliver(WEBHOOKS, [guestOrder()])
    await deliver(WEBHOOKS, [profileMessage(merchantId, gid, { email_index: emailIndex, email_verified: false })])
    await deliver(WEBHOOKS, [guestOrder()])
    expect(await postedPoints(merchantId, gid)).toBeNull()
    expect(await ownPoints(merchantId, customerIdOfGuest(merchantId, emailIndex))).toBe(200)
    const shared = newIndex()
    for (const one of [newCustomerGid(), newCustomerGid()]) {
      await deliver(WEBHOOKS, [profileMessage(merchantId, one, { email_index: shared })])
    }
    await deliver(WEBHOOKS, [orderMessage(merchantId, orderOf('', 50_00, { buyer: guestOf(shared) }))])
    expect(await ownPoints(merchantId, customerIdOfGuest(merchantId, shared))).toBe(50)
  })

  it('is not attached by news of an address that the customer does not have any more', async () => {
    const merchantId = await newShop()
    const guestId = (emailIndex: string) => customerIdOfGuest(merchantId, emailIndex)
    const changed = newCustomerGid()
    const [before, after] = [newIndex(), newIndex()]
    await deliver(WEBHOOKS, [orderMessage(merchantId, orderOf('', 100_00, { buyer: guestOf(before) }))])
    await deliver(WEBHOOKS, [
      profileMessage(merchantId, changed, { email_index: after, updated_at_ms: 1_790_000_000_500 }),
      profileMessage(merchantId, changed, { email_index: before }),
    ])
    expect(await ownPoints(merchantId, guestId(before))).toBe(100)
    const [deleted, theirs] = [newCustomerGid(), newIndex()]
    await deliver(WEBHOOKS, [orderMessage(merchantId, orderOf('', 100_00, { buyer: guestOf(theirs) }))])
    await deliver(WEBHOOKS, [deleteMessage(merchantId, deleted)])
    const late = profileMessage(merchantId, deleted, { email_index: theirs })
    expect(await deliver(WEBHOOKS, [late])).toEqual({ acked: [0], retried: [] })
    expect(await ownPoints(merchantId, guestId(theirs))).toBe(100)
  })

  it('who never bought anything is not written down', async () => {
    const merchantId = await newShop()
    const [gid, emailIndex] = [newCustomerGid(), newIndex()]
    await deliver(WEBHOOKS, [profileMessage(merchantId, gid, { email_index: emailIndex })])
    expect(await ownPoints(merchantId, customerIdOfGuest(merchantId, emailIndex))).toBeUndefined()
    expect(await postedPoints(merchantId, gid)).toBeNull()
  })

  it('is not forgotten where Postgres is away: the order is booked once, and comes again for the guest', async () => {
    const merchantId = await newShop()
    const [gid, emailIndex] = [newCustomerGid(), newIndex()]
    await deliver(WEBHOOKS, [profileMessage(merchantId, gid, { email_index: emailIndex })])
    const message = orderMessage(merchantId, orderOf('', 100_00, { buyer: guestOf(emailIndex) }))
    expect(await deliver(WEBHOOKS, [message], { to: withoutPostgres })).toEqual({ acked: [], retried: [0] })
    expect(await ownPoints(merchantId, customerIdOfGuest(merchantId, emailIndex))).toBe(100)
    await deliver(WEBHOOKS, [message])
    expect(await postedPoints(merchantId, gid)).toBe(100)
  })
})

describe('customers/delete', () => {
  it('empties the profile, keeps the ledger, and is told as an event', async () => {
    const merchantId = await newShop()
    const gid = newCustomerGid()
    await deliver(WEBHOOKS, [profileMessage(merchantId, gid), orderMessage(merchantId, orderOf(gid, 100_00))])
    const message = deleteMessage(merchantId, gid)
    expect(await deliver(WEBHOOKS, [message, message])).toEqual({ acked: [0, 1], retried: [] })
    const emptied = { email_index: null, email_sealed: null, email_verified: false, merged_into: null, deleted: true }
    expect(await profileOf(merchantId, gid)).toEqual(emptied)
    expect(await postedPoints(merchantId, gid)).toBe(100)
    const query = `select count(*) as count from events where merchant_id = ?1 and event_type = 'customer.deleted'`
    await vi.waitFor(async () => expect(await env.EVENT_LOG.prepare(query).bind(merchantId).first('count')).toBe(1), {
      timeout: 10_000,
    })
    // News from before the deletion does not bring the person back; a profile from after it does.
    await deliver(WEBHOOKS, [profileMessage(merchantId, gid, { updated_at_ms: 1_790_000_000_500 })])
    expect(await profileOf(merchantId, gid)).toEqual(emptied)
    await deliver(WEBHOOKS, [profileMessage(merchantId, gid, { updated_at_ms: Date.now() + 60_000 })])
    expect(await profileOf(merchantId, gid)).toMatchObject({ email_sealed: 'c2VhbGVk', deleted: false })
  })

  it('of one who was never heard of keeps a late profile out', async () => {
    const merchantId = await newShop()
    const gid = newCustomerGid()
    await deliver(WEBHOOKS, [deleteMessage(merchantId, gid)])
    await deliver(WEBHOOKS, [profileMessage(merchantId, gid)])
    expect(await profileOf(merchantId, gid)).toMatchObject({ email_index: null, deleted: true })
    expect(await postedPoints(merchantId, gid)).toBeNull()
  })
})
