import { randomUUID } from 'node:crypto'
import { setTimeout as delay } from 'node:timers/promises'
import { expect, inject, test } from 'vitest'
import { z } from 'zod'
import { Redemption, RewardsPage } from '../../domain/contracts/rewards.ts'
import { ProjectionComparison } from '../../domain/contracts/operations/admin-core.ts'
import { ADMIN_API_VERSION } from '../../workers/integrations/shopify/admin/version.ts'
import { apiOf } from '../testing/api.ts'

/** Customers whom the shop merges or deletes, guests who become customers, and orders paid with points that go back. */

const info = inject('stack')
const api = apiOf(info)
const TEAPOT = '45120880110001'

const Id = z.string().transform((gid) => gid)
const CustomerAnswer = z.object({ customer: z.object({ admin_graphql_api_id: Id }) })
const OrderAnswer = z.object({
  order: z.object({
    admin_graphql_api_id: Id,
    line_items: z.array(z.object({ admin_graphql_api_id: Id, quantity: z.int() })),
  }),
})

const digitsOf = (gid: string): string => gid.split('/').at(-1) ?? ''

/** The shop's own API. */
async function shop<S extends z.ZodType>(path: string, body: unknown, schema: S): Promise<z.output<S>> {
  const answer = await fetch(`${info.shopify}/admin/api/${ADMIN_API_VERSION}${path}`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(body),
  })
  expect(answer.status, await answer.clone().text()).toBeLessThan(300)
  return schema.parse(await answer.json())
}

/** A button of the shop's back office. */
async function press(path: string, fields: Readonly<Record<string, string>>): Promise<void> {
  const answer = await fetch(`${info.shopify}/admin${path}`, { method: 'POST', body: new URLSearchParams(fields) })
  expect(answer.status).toBe(200)
}

async function newCustomer(email = `${randomUUID()}@example.com`): Promise<string> {
  const customer = { email, first_name: 'Ada', last_name: 'Merged' }
  const answer = await shop('/customers.json', { customer }, CustomerAnswer)
  return answer.customer.admin_graphql_api_id
}

async function buy(order: object, pieces = 1) {
  const items = [{ variant_id: TEAPOT, quantity: pieces }]
  return (await shop('/orders.json', { order: { line_items: items, ...order } }, OrderAnswer)).order
}

const buyAs = (customer: string, more: object = {}, pieces = 1) =>
  buy({ customer: { id: digitsOf(customer) }, ...more }, pieces)

const hasPosted = async (customer: string, points: number): Promise<void> => {
  expect(await api.settled(customer, ({ posted }) => posted === points)).toMatchObject({ posted: points })
}

/** Whether the shop has a webhook of this topic on its list. */
async function wasTold(topic: string): Promise<boolean> {
  const answer = await fetch(`${info.shopify}/admin/webhooks`)
  return (await answer.text()).includes(topic)
}

/** One look at what Postgres has differently from the ledgers of all customers. */
async function compare(after: string | null = null): Promise<readonly unknown[]> {
  const answer = await api.call('POST', '/admin/v1/projections/compare', { after, limit: 100 })
  expect(answer.status, await answer.clone().text()).toBe(200)
  const page = ProjectionComparison.parse(await answer.json())
  const late = page.in_flight === 0 ? [] : [`${page.in_flight} entries are on their way`]
  return [...page.differences, ...late, ...(page.next_after === null ? [] : await compare(page.next_after))]
}

/** What is still different once everything has arrived. */
async function differences(): Promise<readonly unknown[]> {
  for (let tries = 0; ; tries += 1) {
    const found = await compare()
    if (found.length === 0 || tries === 60) return found
    await delay(250)
  }
}

test('merged customers have one balance, and the removed one’s orders are refunded from it', async () => {
  const [removed, kept] = [await newCustomer(), await newCustomer()]
  const order = await buyAs(removed)
  await buyAs(kept)
  await hasPosted(removed, 59)
  await hasPosted(kept, 59)
  await press(`/customers/${digitsOf(removed)}/merge`, { into: digitsOf(kept) })
  await hasPosted(kept, 118)
  expect(await api.balance(removed)).toMatchObject({ customer_id: (await api.balance(kept)).customer_id })
  const earned = await api.call('POST', '/v1/api/points/earn', { customer_id: removed, points: 10 })
  expect(earned.status).toBe(200)
  await hasPosted(kept, 128)
  await press(`/orders/${digitsOf(order.admin_graphql_api_id)}/refund`, { all: 'yes' })
  await hasPosted(kept, 69)
  expect(await differences()).toEqual([])
})

test('a guest’s points come along once the address is a customer’s', async () => {
  const email = `${randomUUID()}@example.com`
  await buy({ email })
  // The order has had its turn when this one has.
  const other = await newCustomer()
  await buyAs(other)
  await hasPosted(other, 59)
  const customer = await newCustomer(email)
  await hasPosted(customer, 59)
  await buy({ email })
  await hasPosted(customer, 118)
  // What the address orders from now on is booked for the customer at once.
  expect((await api.transactions(customer)).map(({ kind }) => kind)).toEqual(['earn', 'merge_in'])
})

test('points that paid for an order come back with its refunds, to the point', async () => {
  const customer = await newCustomer()
  const granted = await api.call('POST', '/v1/api/points/earn', { customer_id: customer, points: 1_000 })
  expect(granted.status).toBe(200)
  const { rewards } = RewardsPage.parse(await (await api.call('GET', '/v1/api/rewards')).json())
  const reward = rewards.find(({ value, cost }) => cost.kind === 'fixed' && value.type === 'amount_off')
  const redeemed = await api.call('POST', `/v1/api/rewards/${reward?.id}/redeem`, { customer_id: customer })
  const { id, code, points } = Redemption.parse(await redeemed.json())
  const order = await buyAs(customer, { discount_codes: [{ code }] }, 3)
  const standing = async () =>
    Redemption.parse(
      await (await api.call('GET', `/v1/api/redemptions/${id}?customer_id=${encodeURIComponent(customer)}`)).json(),
    )
  await expect.poll(async () => (await standing()).state, { timeout: 15_000 }).toBe('used')
  const line = digitsOf(order.line_items[0]?.admin_graphql_api_id ?? '')
  const refund = (quantity: number) => ({ refund_line_items: [{ line_item_id: line, quantity }] })
  const path = `/orders/${digitsOf(order.admin_graphql_api_id)}/refunds.json`
  await shop(path, { refund: refund(1) }, z.unknown())
  await expect
    .poll(async () => (await standing()).points_returned, { timeout: 15_000 })
    .toBeOneOf([Math.floor(points / 3), Math.floor(points / 3) + 1])
  await shop(path, { refund: refund(2) }, z.unknown())
  await expect.poll(async () => (await standing()).points_returned, { timeout: 15_000 }).toBe(points)
  await hasPosted(customer, 1_000)
  expect(await standing()).toMatchObject({ state: 'used', points_returned: points })
})

test('a customer who is deleted leaves a ledger and nothing else', async () => {
  const customer = await newCustomer()
  const granted = await api.call('POST', '/v1/api/points/earn', { customer_id: customer, points: 5 })
  expect(granted.status).toBe(200)
  await press(`/customers/${digitsOf(customer)}/delete`, {})
  await expect.poll(() => wasTold('customers/delete'), { timeout: 15_000 }).toBe(true)
  expect(await api.balance(customer)).toMatchObject({ posted: 5 })
  expect(await differences()).toEqual([])
})
