import { randomInt, randomUUID } from 'node:crypto'
import { rmSync } from 'node:fs'
import { setTimeout as delay } from 'node:timers/promises'
import { afterAll, expect, inject, test } from 'vitest'
import { ProjectionComparison } from '../../domain/contracts/operations/admin-core.ts'
import { Redemption, RedemptionsPage, RewardsPage } from '../../domain/contracts/rewards.ts'
import type { LocalInfo } from '../local/info.ts'
import { apiOf } from '../testing/api.ts'
import { booksOf } from '../testing/books.ts'
import { killWorkerd, type SpawnedStack, spawnStack, stateFolder } from '../testing/stack.ts'
import { orderPayload, sendWebhook, signedWebhook } from '../testing/webhooks.ts'

/** Points into codes on the whole stack: the public API, the shop's Admin API, its webhooks. */

const shared = inject('stack')
const digits = (): string => `9${Array.from({ length: 15 }, () => randomInt(10)).join('')}`

/** Redeeming at one stack, as a merchant's server does it. */
function desk(info: LocalInfo) {
  const api = apiOf(info)
  return {
    api,
    /** The reward of the demo shop that has this value. */
    rewardOf: async (type: string, kind = 'fixed'): Promise<string> => {
      const { rewards } = RewardsPage.parse(await (await api.call('GET', '/v1/api/rewards')).json())
      const found = rewards.find(({ value, cost }) => value.type === type && cost.kind === kind)
      if (!found) throw new Error(`the demo shop has no reward of ${type}`)
      expect(found.discount).toMatchObject({ state: 'ready', problem: null })
      return found.id
    },
    customerWith: async (points: number): Promise<string> => {
      const customer = digits()
      const earned = await api.call('POST', '/v1/api/points/earn', { customer_id: customer, points })
      expect(earned.status).toBe(200)
      return customer
    },
    redeem: (reward: string, customer: string, more: object = {}, key: string = randomUUID()) =>
      api.call(
        'POST',
        `/v1/api/rewards/${reward}/redeem`,
        { customer_id: customer, ...more },
        { 'idempotency-key': key },
      ),
    read: async (customer: string, id: string) =>
      Redemption.parse(await (await api.call('GET', `/v1/api/redemptions/${id}?customer_id=${customer}`)).json()),
    ordered: async (customer: string, codes: readonly string[]): Promise<string> => {
      const order = digits()
      const payload = orderPayload({ order, customer, lines: [{ price: '40.00' }], codes })
      expect((await sendWebhook(info, signedWebhook(info, 'orders/paid', payload))).status).toBe(200)
      return `gid://shopify/Order/${order}`
    },
  }
}

const { api, rewardOf, customerWith, redeem, read, ordered } = desk(shared)

async function issued(reward: string, customer: string, more: object = {}) {
  const redemption = Redemption.parse(await (await redeem(reward, customer, more)).json())
  expect(redemption).toMatchObject({ state: 'issued', code: expect.any(String) })
  return redemption
}

async function settled(customer: string, id: string, state: Redemption['state']) {
  return eventually(async () => {
    const redemption = await read(customer, id)
    expect(redemption).toMatchObject({ state, ending: null })
    return redemption
  })
}

/** Waits until it holds, or says why not. A lease whose holder died runs for 20 seconds. */
async function eventually<T>(check: () => Promise<T>): Promise<T> {
  for (let tries = 0; ; tries++) {
    try {
      return await check()
    } catch (error) {
      if (tries === 400) throw error
      await delay(100)
    }
  }
}

test('every reward of the demo shop can be redeemed, and the shop knows its code', async () => {
  const customer = await customerWith(5_000)
  const codes = [
    await issued(await rewardOf('amount_off'), customer),
    await issued(await rewardOf('percent_off'), customer),
    await issued(await rewardOf('free_shipping'), customer),
    await issued(await rewardOf('free_product'), customer),
    await issued(await rewardOf('amount_off', 'sliding'), customer, { points: 700 }),
  ]
  expect(codes.map(({ value, points }) => [value, points])).toEqual([
    [{ type: 'amount_off', amount: '5.00' }, 250],
    [{ type: 'percent_off', percent: 10 }, 400],
    [{ type: 'free_shipping' }, 150],
    [{ type: 'free_product', variant_ids: expect.any(Array) }, 600],
    [{ type: 'amount_off', amount: '7.00' }, 700],
  ])
  expect(await api.balance(customer)).toMatchObject({ points: 5_000 - 2_100, held: 0 })
})

test('the order that uses a code is named; the code cannot be given back any more', async () => {
  const customer = await customerWith(300)
  const { id, code } = await issued(await rewardOf('amount_off'), customer)
  const order = await ordered(customer, [code ?? ''])
  expect(await settled(customer, id, 'used')).toMatchObject({ order_id: order, points_returned: 0 })
  const cancelled = await api.call('POST', `/v1/api/redemptions/${id}/cancel`, { customer_id: customer })
  expect([cancelled.status, await cancelled.json()]).toMatchObject([409, { code: 'redemption_closed' }])
  expect(await api.settled(customer, ({ points }) => points === 90)).toMatchObject({ points: 90 })
})

test('a code that is given back leaves the shop, and the points come back', async () => {
  const customer = await customerWith(300)
  const { id } = await issued(await rewardOf('amount_off'), customer)
  const answer = await api.call('POST', `/v1/api/redemptions/${id}/cancel`, { customer_id: customer })
  expect(Redemption.parse(await answer.json())).toMatchObject({ state: 'cancelled', points_returned: 250 })
  expect(await api.balance(customer)).toMatchObject({ points: 300 })
})

/** What Postgres tells otherwise than the ledgers. */
async function differences() {
  const answer = await api.call('POST', '/admin/v1/projections/compare', { limit: 100 })
  return ProjectionComparison.parse(await answer.json()).differences
}

test('a hundred at once: the shop has the codes of the captured holds, and its record and the accounts tell the same', async () => {
  const reward = await rewardOf('free_shipping')
  const customers = await Promise.all(Array.from({ length: 20 }, () => customerWith(5 * 150 - 1)))
  const answers = await Promise.all(
    customers.flatMap((customer) => Array.from({ length: 5 }, () => redeem(reward, customer))),
  )
  const refused = answers.filter(({ status }) => status === 422)
  expect(refused).toHaveLength(20)
  for (const customer of customers) {
    await eventually(async () => {
      expect(await api.balance(customer)).toMatchObject({ points: 149, held: 0 })
      const answer = await api.call('GET', `/v1/api/redemptions?customer_id=${customer}&state=issued`)
      expect(RedemptionsPage.parse(await answer.json()).redemptions).toHaveLength(4)
    })
  }
  await eventually(async () => expect(await differences()).toEqual([]))
  await eventually(booksOf(shared).codesAgree)
})

const dir = stateFolder()
let own: SpawnedStack | undefined
afterAll(async () => {
  await own?.stop()
  rmSync(dir, { recursive: true, force: true })
})

test.skipIf(process.platform !== 'linux')(
  'workerd is killed while many redeem: each redemption comes to its end, and its key answers with it',
  { timeout: 180_000 },
  async () => {
    own = await spawnStack(dir)
    const before = desk(own.info)
    const reward = await before.rewardOf('amount_off')
    const asked = await Promise.all(
      Array.from({ length: 12 }, async () => ({ customer: await before.customerWith(300), key: randomUUID() })),
    )
    const cut = Promise.allSettled(asked.map(({ customer, key }) => before.redeem(reward, customer, {}, key)))
    await delay(120)
    killWorkerd(own.info)
    await cut
    expect(await own.ended).toBe(1)

    own = await spawnStack(dir)
    const after = desk(own.info)
    for (const { customer, key } of asked) {
      const redemption = await eventually(async () => {
        const answer = Redemption.parse(await (await after.redeem(reward, customer, {}, key)).json())
        expect(answer.state).not.toBe('pending')
        return answer
      })
      expect(redemption).toMatchObject({ state: 'issued', points: 250 })
      expect(await after.api.balance(customer)).toMatchObject({ points: 50, held: 0 })
    }
  },
)
