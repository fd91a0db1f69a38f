import { env } from 'cloudflare:workers'
import { expect, it, vi } from 'vitest'
import type { Reward } from '../../domain/contracts/rewards.ts'
import { type CustomerFacts, type OrderFacts, WebhookMessage } from '../../domain/earning/facts.ts'
import { customerIdOfGid, customerIdOfGuest } from '../../domain/ledger/identity.ts'
import { customerAccount } from '../../durable-objects/kernel/stubs.ts'
import { shopByMerchant } from '../../workers/platform/control.ts'
import { neonBatch, sql } from '../../workers/platform/neon.ts'
import { readReward } from '../../workers/platform/rewards.ts'
import { compareProjections } from '../../workers/services/admin-core/comparison.ts'
import {
  accountOf,
  connectedShop,
  customerWith,
  deleteDiscount,
  newReward,
  redeem,
  redemptionIn,
  type TestCustomer,
  type TestShop,
} from '../../workers/services/rewards/testing.ts'
import { deliver, newCustomerGid, newOrderGid, newShop, orderOf, refundOf } from '../examples.ts'
import { DisorderedQueues, STORM } from './testing.ts'

/** What Shopify tells about one shop. Each topic has its part in the story: a new one must get one. */
type Story = {
  readonly [T in WebhookMessage['topic']]: readonly Omit<Extract<WebhookMessage, { topic: T }>, Envelope>[]
}
type Envelope = 'merchant_id' | 'shop' | 'webhook_id' | 'received_at_ms'

const NOW_MS = Date.now()
const PATIENCE = { timeout: 20_000, interval: 250 }
const EMAIL_INDEX = 'ab'.repeat(32)

/** A shop, the people of the story, and what there was before it: two codes in customers' hands, a lost discount. */
async function scene() {
  const [shop, left] = [await connectedShop(), await newShop()]
  const [codes, lost] = [await newReward(shop), await newReward(shop)]
  const [user, loser] = [await codeHolder(shop, codes), await codeHolder(shop, codes)]
  const lostGid = (await readReward(env, shop.merchantId, lost.id))?.discountGid ?? ''
  await deleteDiscount(shop, lost)
  const people = {
    buyer: newCustomerGid(),
    returner: newCustomerGid(),
    kept: newCustomerGid(),
    removed: newCustomerGid(),
    leaver: newCustomerGid(),
    member: newCustomerGid(),
  }
  return { shop, left, codes, lost, lostGid, user, loser, people }
}
type Scene = Awaited<ReturnType<typeof scene>>

/** A customer with a code of 250 points, of which Postgres knows. */
async function codeHolder(shop: TestShop, reward: Reward) {
  const customer = await customerWith(shop, 300)
  const redemption = await redemptionIn(await redeem(customer, reward.id))
  await vi.waitFor(async () => {
    const [rows] = await neonBatch(env, shop.merchantId, [
      sql`select 1 from reward_redemptions where id = ${redemption.id} and state = 'issued'`,
    ])
    expect(rows).toHaveLength(1)
  }, PATIENCE)
  return { customer, id: redemption.id, code: redemption.code ?? '' }
}

function profile(gid: string, updated: number, changes: Partial<CustomerFacts> = {}): { customer: CustomerFacts } {
  const customer = {
    customer_gid: gid,
    email_index: null,
    email_sealed: `sealed ${updated}`,
    email_verified: false,
    created_at_ms: 1_780_000_000_000,
    updated_at_ms: 1_780_000_000_000 + updated,
    ...changes,
  }
  return { customer }
}

function ofOrder<T extends WebhookMessage['topic']>(topic: T, order: OrderFacts) {
  return { topic, order }
}

function refund(orderGid: string, goodsMinor: number) {
  return { topic: 'refunds/create', refund: refundOf(orderGid, goodsMinor) } as const
}

function storyOf({ people, user, loser, lostGid }: Scene): Story {
  const { buyer, returner, kept, removed, leaver, member } = people
  const bought = [orderOf(buyer, 5000), orderOf(buyer, 4210), orderOf(buyer, 1999)] as const
  const returned = [orderOf(returner, 9000), orderOf(returner, 3333)] as const
  const cancelled = orderOf(returner, 7000)
  const [ofRemoved, ofKept, ofLeaver] = [orderOf(removed, 6000), orderOf(kept, 1000), orderOf(leaver, 800)]
  const ofGuest = orderOf(buyer, 2500, { buyer: { kind: 'guest', email_index: EMAIL_INDEX } })
  // Somebody else ordered with the user's code.
  const withCode = orderOf(buyer, 1000, { discount_codes: [user.code] })
  const paidLater: OrderFacts = { ...bought[2], paid: false }
  return {
    'orders/create': [...bought.slice(0, 2), paidLater, ...returned, ofRemoved, ofGuest].map((one) =>
      ofOrder('orders/create', one),
    ),
    'orders/paid': [...bought, ...returned, ofRemoved, ofKept, ofLeaver, ofGuest, withCode].map((one) =>
      ofOrder('orders/paid', one),
    ),
    'orders/cancelled': [ofOrder('orders/cancelled', { ...cancelled, cancelled_at_ms: 1_790_000_200_000 })],
    'refunds/create': [
      refund(returned[0].order_gid, 2550),
      refund(returned[0].order_gid, 1050),
      refund(returned[1].order_gid, 3333),
      refund(ofRemoved.order_gid, 1500),
      // Its order never comes.
      refund(newOrderGid(), 100),
    ],
    'customers/create': [
      { topic: 'customers/create', ...profile(buyer, 1) },
      { topic: 'customers/create', ...profile(removed, 1) },
      { topic: 'customers/create', ...profile(leaver, 1) },
    ],
    'customers/update': [
      { topic: 'customers/update', ...profile(buyer, 2) },
      { topic: 'customers/update', ...profile(buyer, 3) },
      { topic: 'customers/update', ...profile(member, 2, { email_index: EMAIL_INDEX, email_verified: true }) },
    ],
    'customers/merge': [{ topic: 'customers/merge', removed_gid: removed, kept_gid: kept }],
    'customers/delete': [{ topic: 'customers/delete', customer_gid: leaver }],
    // The shop knows no such order, and so there is nothing to do once it was asked.
    'orders/edited': [{ topic: 'orders/edited', order_gid: newOrderGid() }],
    // Of another app.
    'bulk_operations/finish': [
      { topic: 'bulk_operations/finish', bulk_operation_gid: 'gid://shopify/BulkOperation/1' },
    ],
    'discounts/redeemcode_removed': [
      { topic: 'discounts/redeemcode_removed', discount_gid: 'gid://shopify/DiscountCodeNode/1', code: loser.code },
    ],
    'discounts/delete': [{ topic: 'discounts/delete', discount_gid: lostGid }],
    // From before it was installed again.
    'app/uninstalled': [{ topic: 'app/uninstalled', uninstalled_at_ms: 1_700_000_000_000 }],
  }
}

function told(merchantId: string, webhook: object): WebhookMessage {
  const envelope = { merchant_id: merchantId, shop: 'example.myshopify.com', webhook_id: crypto.randomUUID() }
  return WebhookMessage.parse({ ...envelope, received_at_ms: NOW_MS, ...webhook })
}

function messagesOf(one: Scene): readonly WebhookMessage[] {
  return [
    ...Object.values(storyOf(one))
      .flat()
      .map((webhook) => told(one.shop.merchantId, webhook)),
    told(one.left, { topic: 'app/uninstalled', uninstalled_at_ms: NOW_MS }),
  ]
}

/** What cannot be applied: two that do not parse, one that Postgres refuses. */
function poisoned({ shop, people }: Scene): readonly unknown[] {
  const base = { merchant_id: shop.merchantId, shop: shop.domain, received_at_ms: NOW_MS }
  return [
    { ...base, webhook_id: 'broken', topic: 'orders/paid', order: 'no order' },
    { ...base, webhook_id: 'unknown', topic: 'orders/teleported' },
    {
      ...base,
      webhook_id: 'refused',
      topic: 'customers/update',
      ...profile(people.buyer, 9, { email_sealed: 'no text for Postgres: \u0000' }),
    },
  ]
}

const refTo = (merchantId: string, customerId: string) => ({
  merchantId,
  customerId,
  shopifyCustomerGid: null,
  currency: null,
})

async function stateOf(customer: TestCustomer, id: string) {
  return (await accountOf(customer).redemption(customer.ref, id))?.state
}

/** How a shop stands in the end, in terms of the story's people. */
async function endOf({ shop, left, lost, lostGid, user, loser, people }: Scene) {
  const { merchantId } = shop
  const ids = Object.fromEntries(
    Object.entries(people).map(([name, gid]): [string, string] => [name, customerIdOfGid(merchantId, gid)]),
  )
  const accounts = {
    ...ids,
    guest: customerIdOfGuest(merchantId, EMAIL_INDEX),
    user: user.customer.ref.customerId,
    loser: loser.customer.ref.customerId,
  }
  const nameOf = (customerId: unknown) =>
    Object.entries(accounts).find(([, id]) => id === customerId)?.[0] ?? customerId
  const balances = await Promise.all(
    Object.entries(accounts).map(async ([name, customerId]) => {
      const account = customerAccount(env, merchantId, customerId)
      const ref = refTo(merchantId, customerId)
      const balance = await account.balance(ref)
      const audit = await account.audit(ref)
      const { posted = 0, pending = 0, held = 0, debt = 0 } = balance ?? {}
      return { name, posted, pending, held, debt, findings: audit?.findings ?? [] }
    }),
  )
  const [profiles, waiting] = await neonBatch(env, merchantId, [
    sql`select id, email_sealed, email_verified, merged_into, deleted_at is not null as deleted from customers`,
    sql`select refund_gid from waiting_refunds`,
  ])
  const { results: log } = await env.EVENT_LOG.prepare(
    "select distinct event_type, user_id from events where merchant_id = ?1 and event_type like 'customer.%'",
  )
    .bind(merchantId)
    .all()
  const named = (rows: readonly unknown[] = []) =>
    rows.map((row) => Object.values(Object(row)).map(nameOf).join(' ')).toSorted()
  return {
    balances,
    profiles: named(profiles),
    waiting: waiting?.length,
    told: named(log),
    redemptions: [await stateOf(user.customer, user.id), await stateOf(loser.customer, loser.id)],
    hasNewDiscount: (await readReward(env, merchantId, lost.id))?.discountGid !== lostGid,
    shops: [(await shopByMerchant(env, merchantId))?.status, (await shopByMerchant(env, left))?.status],
  }
}

/** Waits until everything that follows by itself has happened, and the projections say what the ledgers say. */
async function rest({ shop, loser }: Scene): Promise<void> {
  await vi.waitFor(async () => {
    const late = Date.now() + 121_000
    const compared = await compareProjections(env, shop.merchantId, { after: null, limit: 50 }, late)
    expect(compared.differences).toEqual([])
    expect(await stateOf(loser.customer, loser.id)).toBe('cancelled')
  }, PATIENCE)
}

it.each([
  [1, 'objects'],
  [2, 'postgres'],
] as const)(
  'webhooks in any disorder end where they end in order (seed %i, no %s first)',
  { timeout: 120_000 },
  async (seed, gone) => {
    const [orderly, disordered] = await Promise.all([scene(), scene()])
    for (const message of messagesOf(orderly)) {
      expect(await deliver('loyalnest-webhooks', [message])).toEqual({ acked: [0], retried: [] })
    }
    const queues = new DisorderedQueues(seed)
    const poison = poisoned(disordered)
    queues.putSome('webhooks', messagesOf(disordered))
    for (const body of poison) queues.put('webhooks', body)
    await queues.deliver(4, STORM)
    await queues.outages(gone)
    await queues.untilQuiet(STORM)
    await queues.bury()
    // All poison at least; how many sound messages were given up on too is for the seed to say.
    expect((await queues.replay(disordered.shop.merchantId)).length).toBeGreaterThanOrEqual(poison.length)
    await queues.replay(disordered.left)
    await queues.untilQuiet()
    await queues.bury()
    expect(await queues.replay(disordered.shop.merchantId)).toHaveLength(poison.length)
    await Promise.all([rest(orderly), rest(disordered)])
    const end = await endOf(disordered)
    expect(end).toEqual(await endOf(orderly))
    expect(end).toMatchObject({
      redemptions: ['used', 'cancelled'],
      hasNewDiscount: true,
      shops: ['active', 'uninstalled'],
      waiting: 1,
    })
    expect(Object.fromEntries(end.balances.map(({ name, posted }) => [name, posted]))).toEqual({
      buyer: 50 + 42 + 19 + 10,
      returner: 54,
      kept: 45 + 10,
      removed: 45 + 10,
      leaver: 8,
      member: 25,
      guest: 25,
      user: 50,
      loser: 300,
    })
    const { injected, retried, ackedTwice, buried, replayed } = queues.counts
    for (const count of [injected, retried, ackedTwice, buried, replayed]) expect(count).toBeGreaterThan(0)
  },
)
