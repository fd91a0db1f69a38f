import { env } from 'cloudflare:workers'
import { describe, expect, it, vi } from 'vitest'
import { AdjustAnswer, Adjustment } from '../../../domain/contracts/points.ts'
import { customerIdOfGid } from '../../../domain/ledger/identity.ts'
import { customerAccount } from '../../../durable-objects/kernel/stubs.ts'
import { get, newKey, newShop, post, type TestShop } from '../../gateway/testing.ts'
import { readSettings } from '../../platform/control.ts'
import { needsSecondPerson } from './adjustments.ts'

const GID = 'gid://shopify/Customer/706405506930370084'
const ADJUST = '/v1/api/points/adjust'
const LIST = '/v1/api/points/adjustments'

/** A shop whose corrections of more than `limit` points wait, with one key that asks and two that approve. */
async function shopWithLimit(limit: number | null) {
  const shop = await newShop(env)
  await setLimit(shop, limit)
  const [asker, approver, second] = [
    await newKey(env, shop.merchantId, ['points:adjust', 'points:approve', 'points:read']),
    await newKey(env, shop.merchantId, ['points:approve']),
    await newKey(env, shop.merchantId, ['points:approve']),
  ]
  return { shop, asker, approver, second }
}

async function setLimit(shop: TestShop, approval_above_points: number | null): Promise<void> {
  const { settings } = await readSettings(env, shop.merchantId)
  await env.CONTROL.prepare('UPDATE program_settings SET body = ?2 WHERE merchant_id = ?1')
    .bind(shop.merchantId, JSON.stringify({ ...settings, adjustments: { approval_above_points } }))
    .run()
}

interface Asked {
  readonly points?: number
  readonly allow_debt?: boolean
  readonly adjustment_id?: string
  readonly customer_id?: string
}

function adjust(key: string, asked: Asked = {}, idempotencyKey: string = crypto.randomUUID()): Promise<Response> {
  const body = { customer_id: GID, points: 500, reason: 'Lost parcel', ...asked }
  return post(ADJUST, key, body, { 'idempotency-key': idempotencyKey })
}

/** A correction that waits. */
async function waiting(key: string, asked: Asked = {}): Promise<Adjustment> {
  const response = await adjust(key, asked)
  const { approval, transaction } = AdjustAnswer.parse(await response.json())
  if (approval === undefined || transaction !== null) throw new Error('it was booked at once')
  return approval
}

function decide(key: string, id: string, decision: 'approve' | 'reject', idempotencyKey: string = crypto.randomUUID()) {
  return post(`${LIST}/${id}/decide`, key, { decision }, { 'idempotency-key': idempotencyKey })
}

async function decided(response: Response): Promise<Adjustment> {
  if (!response.ok) throw new Error(await response.text())
  return Adjustment.parse(await response.json())
}

async function listed(key: string, query = ''): Promise<readonly Adjustment[]> {
  const response = await get(`${LIST}${query}`, key)
  const { adjustments }: { adjustments: unknown[] } = await response.json()
  return adjustments.map((one) => Adjustment.parse(one))
}

async function balance({ merchantId }: TestShop) {
  const customerId = customerIdOfGid(merchantId, GID)
  const account = { merchantId, customerId, shopifyCustomerGid: GID, currency: 'EUR' }
  return customerAccount(env, merchantId, customerId).balance(account)
}

async function entries(shop: TestShop): Promise<readonly unknown[]> {
  const response = await get(`/v1/api/points/transactions?customer_id=${encodeURIComponent(GID)}`, shop.key)
  const { transactions }: { transactions: unknown[] } = await response.json()
  return transactions
}

async function codeOf(response: Response): Promise<unknown> {
  const { code }: { code: unknown } = await response.json()
  return code
}

describe('the limit', () => {
  it.each([
    [500, null, false],
    [500, 500, false],
    [501, 500, true],
    [-501, 500, true],
    [1, 0, true],
  ])('%i points with a limit of %s need a second person: %s', (points, limit, needed) => {
    expect(needsSecondPerson(points, limit)).toBe(needed)
  })

  it('of none lets every correction be booked at once', async () => {
    const { shop, asker } = await shopWithLimit(null)
    const answer = AdjustAnswer.parse(await (await adjust(asker, { points: 1_000_000 })).json())
    expect(answer).toMatchObject({ transaction: { kind: 'adjust', points: 1_000_000 }, balance: { points: 1_000_000 } })
    expect(answer.approval).toBeUndefined()
    expect(await listed(shop.key)).toEqual([])
  })

  it('of 0 lets none be', async () => {
    const { shop, asker } = await shopWithLimit(0)
    await waiting(asker, { points: 1 })
    expect(await balance(shop)).toBeNull()
  })
})

describe('a correction above the limit', () => {
  it('waits, changes nothing, and is answered the same for its key', async () => {
    const { shop, asker } = await shopWithLimit(100)
    const ask = () => adjust(asker, {}, 'correction-1')
    const [first, again] = [await ask(), await ask()]
    expect([first.status, again.headers.get('idempotency-replayed')]).toEqual([200, 'true'])
    const text = await first.text()
    expect(await again.text()).toBe(text)
    const { approval, ...answer } = AdjustAnswer.parse(JSON.parse(text))
    expect(answer).toMatchObject({ transaction: null, balance: { points: 0, seq: 0 } })
    expect(approval).toMatchObject({ points: 500, state: 'waiting', transaction: null, decided_by: null })
    expect(Date.parse(approval?.expires_at ?? '') - Date.parse(approval?.requested_at ?? '')).toBe(14 * 86_400_000)
    expect(await listed(shop.key)).toEqual([approval])
    expect(await codeOf(await adjust(asker, { points: 501 }, 'correction-1'))).toBe('idempotency_key_reused')
  })

  it('makes one request of two that come at once', async () => {
    const { shop, asker } = await shopWithLimit(100)
    const answers = await Promise.all([1, 2, 3].map(() => adjust(asker, {}, 'at-once')))
    const texts = new Set(await Promise.all(answers.map((answer) => answer.text())))
    expect([...texts]).toHaveLength(1)
    expect(await listed(shop.key)).toHaveLength(1)
  })

  it('is refused for a customer whom nobody knows', async () => {
    const { asker } = await shopWithLimit(100)
    expect(await codeOf(await adjust(asker, { customer_id: crypto.randomUUID() }))).toBe('customer_not_found')
  })

  it('stays what it was under its key, though the limit has changed', async () => {
    const { shop, asker } = await shopWithLimit(1000)
    const booked = await (await adjust(asker, {}, 'before')).text()
    await setLimit(shop, 100)
    expect(await (await adjust(asker, {}, 'before')).text()).toBe(booked)
    const waits = await (await adjust(asker, {}, 'after')).text()
    await setLimit(shop, null)
    expect(await (await adjust(asker, {}, 'after')).text()).toBe(waits)
    expect(await balance(shop)).toMatchObject({ points: 500, seq: 1 })
    expect(await listed(shop.key)).toHaveLength(1)
  })
})

describe('the second person', () => {
  it('approves, and it is booked in the name of the first, with the note of the second', async () => {
    const { shop, asker, approver } = await shopWithLimit(100)
    const { id, requested_by } = await waiting(asker, { points: 500 })
    const body = { decision: 'approve', note: 'Seen the parcel number' }
    const adjustment = await decided(await post(`${LIST}/${id}/decide`, approver, body))
    expect(adjustment).toMatchObject({
      state: 'approved',
      note: 'Seen the parcel number',
      transaction: { kind: 'adjust', points: 500, actor: requested_by, reason: 'Lost parcel' },
    })
    expect(adjustment.decided_by).not.toBe(requested_by)
    expect(await balance(shop)).toMatchObject({ points: 500, seq: 1 })
    expect(await listed(shop.key, '?state=approved')).toEqual([adjustment])
    const { merchantId } = shop
    const customerId = customerIdOfGid(merchantId, GID)
    const account = { merchantId, customerId, shopifyCustomerGid: null, currency: null }
    const page = await customerAccount(env, merchantId, customerId).ledger(account, 0, 1)
    expect(page?.entries[0]?.detail.approvedBy).toBe(adjustment.decided_by)
  })

  it('must be another one: whoever asked may reject, not approve', async () => {
    const { shop, asker } = await shopWithLimit(100)
    const { id } = await waiting(asker)
    const refused = await decide(asker, id, 'approve')
    expect([refused.status, await codeOf(refused)]).toEqual([403, 'second_person_required'])
    expect(await decided(await decide(asker, id, 'reject'))).toMatchObject({ state: 'rejected', transaction: null })
    expect(await balance(shop)).toBeNull()
  })

  it('must be permitted to', async () => {
    const { shop, asker } = await shopWithLimit(100)
    const { id } = await waiting(asker)
    const key = await newKey(env, shop.merchantId, ['points:adjust'])
    expect((await decide(key, id, 'approve')).status).toBe(403)
  })

  it('decides once: the same again is answered as before, anything else is refused', async () => {
    const { shop, asker, approver, second } = await shopWithLimit(100)
    const { id } = await waiting(asker)
    const first = await (await decide(approver, id, 'approve', 'decision')).text()
    const replayed = await decide(approver, id, 'approve', 'decision')
    expect([replayed.headers.get('idempotency-replayed'), await replayed.text()]).toEqual(['true', first])
    expect(await (await decide(approver, id, 'approve')).text()).toBe(first)
    expect(await codeOf(await decide(approver, id, 'reject'))).toBe('already_decided')
    expect(await codeOf(await decide(second, id, 'approve'))).toBe('already_decided')
    expect(await entries(shop)).toHaveLength(1)
  })

  it('and a third at once book it once, and one of them is told that it was decided', async () => {
    const { shop, asker, approver, second } = await shopWithLimit(100)
    const { id } = await waiting(asker)
    const statuses = await Promise.all([
      decide(approver, id, 'approve').then(({ status }) => status),
      decide(second, id, 'approve').then(({ status }) => status),
    ])
    expect(statuses.toSorted((a, b) => a - b)).toEqual([200, 409])
    expect(await balance(shop)).toMatchObject({ points: 500, seq: 1 })
  })

  it('approving and rejecting at once: either it is booked and approved, or neither', async () => {
    for (let round = 0; round < 5; round += 1) {
      const { shop, asker, approver, second } = await shopWithLimit(100)
      const { id } = await waiting(asker)
      await Promise.all([decide(approver, id, 'approve'), decide(second, id, 'reject')])
      const [adjustment] = await listed(shop.key)
      const after = await balance(shop)
      expect(adjustment?.state).toBe(after === null ? 'rejected' : 'approved')
    }
  })

  it('comes too late after 14 days', async () => {
    const { shop, asker, approver } = await shopWithLimit(100)
    const { id } = await waiting(asker)
    vi.useFakeTimers({ now: Date.now() + 14 * 86_400_000, toFake: ['Date'] })
    try {
      expect(await listed(shop.key)).toMatchObject([{ id, state: 'expired' }])
      expect(await listed(shop.key, '?state=waiting')).toEqual([])
      expect(await listed(shop.key, '?state=expired')).toHaveLength(1)
      for (const decision of ['approve', 'reject'] as const) {
        expect(await codeOf(await decide(approver, id, decision))).toBe('already_decided')
      }
    } finally {
      vi.useRealTimers()
    }
    expect(await balance(shop)).toBeNull()
  })

  it('of another shop finds nothing', async () => {
    const { asker } = await shopWithLimit(100)
    const { id } = await waiting(asker)
    const other = await newShop(env)
    expect(await codeOf(await decide(other.key, id, 'approve'))).toBe('not_found')
    expect(await listed(other.key)).toEqual([])
  })
})

describe('an approval that the ledger refuses', () => {
  it('leaves the correction waiting, until points are there', async () => {
    const { shop, asker, approver } = await shopWithLimit(100)
    const { id } = await waiting(asker, { points: -300 })
    const refused = await decide(approver, id, 'approve')
    expect([refused.status, await codeOf(refused)]).toEqual([422, 'insufficient_points'])
    expect(await listed(shop.key)).toMatchObject([{ id, state: 'waiting', decided_by: null }])
    await post('/v1/api/points/earn', shop.key, { customer_id: GID, points: 1000 })
    expect(await decided(await decide(approver, id, 'approve'))).toMatchObject({ state: 'approved' })
    expect(await balance(shop)).toMatchObject({ points: 700 })
  })

  it('may make debt where the request says so', async () => {
    const { shop, asker, approver } = await shopWithLimit(100)
    const { id } = await waiting(asker, { points: -300, allow_debt: true })
    await decided(await decide(approver, id, 'approve'))
    expect(await balance(shop)).toMatchObject({ points: 0, debt: 300 })
  })

  it('of a business id that was booked with other contents leaves it to be rejected', async () => {
    const { shop, asker, approver } = await shopWithLimit(100)
    await adjust(asker, { points: 50, adjustment_id: 'ticket-7' })
    const { id } = await waiting(asker, { points: 5000, adjustment_id: 'ticket-7' })
    expect(await codeOf(await decide(approver, id, 'approve'))).toBe('external_id_conflict')
    expect(await decided(await decide(approver, id, 'reject'))).toMatchObject({ state: 'rejected' })
    expect(await balance(shop)).toMatchObject({ points: 50, seq: 1 })
  })

  it('of the same correction asked for twice books it once', async () => {
    const { shop, asker, approver } = await shopWithLimit(100)
    const [one, two] = [
      await waiting(asker, { adjustment_id: 'ticket-8' }),
      await waiting(asker, { adjustment_id: 'ticket-8' }),
    ]
    const first = await decided(await decide(approver, one.id, 'approve'))
    const second = await decided(await decide(approver, two.id, 'approve'))
    expect(second.transaction).toEqual(first.transaction)
    expect(await balance(shop)).toMatchObject({ points: 500, seq: 1 })
  })
})

/** As a crash between booking and noting leaves it: approved by the first approver, and booked. */
async function cutShort() {
  const scene = await shopWithLimit(100)
  const { id } = await waiting(scene.asker)
  const { decided_by: by } = await decided(await decide(scene.approver, id, 'approve'))
  await env.CONTROL.prepare("UPDATE adjustments SET state = 'approving', entry = NULL WHERE id = ?1").bind(id).run()
  return { ...scene, id, by }
}

describe('an approval that was cut short', () => {
  it('shows as waiting, and is finished by its repetition', async () => {
    const { shop, approver, id } = await cutShort()
    expect(await listed(shop.key)).toMatchObject([{ id, state: 'waiting', decided_by: null, transaction: null }])
    expect(await decided(await decide(approver, id, 'approve'))).toMatchObject({
      state: 'approved',
      transaction: { points: 500, seq: 1 },
    })
    expect(await balance(shop)).toMatchObject({ points: 500, seq: 1 })
  })

  it('is finished by whoever comes next, who is told so', async () => {
    for (const decision of ['approve', 'reject'] as const) {
      const { shop, second, id, by } = await cutShort()
      expect(await codeOf(await decide(second, id, decision))).toBe('already_decided')
      expect(await listed(shop.key)).toMatchObject([
        { state: 'approved', decided_by: by, transaction: { points: 500 } },
      ])
      expect(await balance(shop)).toMatchObject({ points: 500, seq: 1 })
    }
  })

  it('is finished although its time is over', async () => {
    const { shop, approver, id } = await cutShort()
    await env.CONTROL.prepare('UPDATE adjustments SET expires_at_ms = 1 WHERE id = ?1').bind(id).run()
    expect(await decided(await decide(approver, id, 'approve'))).toMatchObject({ state: 'approved' })
    expect(await balance(shop)).toMatchObject({ points: 500, seq: 1 })
  })

  it('before it was booked is booked then, or makes room for another decision where the ledger refuses', async () => {
    const { shop, asker, approver, second } = await shopWithLimit(100)
    const { id } = await waiting(asker, { points: -300 })
    const by = (await decided(await decide(approver, (await waiting(asker)).id, 'reject'))).decided_by
    await env.CONTROL.prepare(
      "UPDATE adjustments SET state = 'approving', decided_by = ?2, decided_at_ms = ?3 WHERE id = ?1",
    )
      .bind(id, by, Date.now())
      .run()
    expect(await decided(await decide(second, id, 'reject'))).toMatchObject({ state: 'rejected' })
    expect(await balance(shop)).toBeNull()
  })
})

describe('a merged customer’s correction', () => {
  it('is booked where the points are', async () => {
    const { shop, asker, approver } = await shopWithLimit(100)
    const { merchantId } = shop
    await post('/v1/api/points/earn', shop.key, { customer_id: GID, points: 40 })
    const { id } = await waiting(asker)
    const keptGid = 'gid://shopify/Customer/99'
    const [from, kept] = [customerIdOfGid(merchantId, GID), customerIdOfGid(merchantId, keptGid)]
    const account = { merchantId, customerId: from, shopifyCustomerGid: GID, currency: 'EUR' }
    await customerAccount(env, merchantId, from).mergeInto(
      account,
      { customerId: kept, shopifyCustomerGid: keptGid },
      { source: 'merge', actor: 'shopify', effectiveAtMs: Date.now() },
    )
    const adjustment = await decided(await decide(approver, id, 'approve'))
    expect(adjustment.transaction).toMatchObject({ customer_id: kept, points: 500 })
    const target = { merchantId, customerId: kept, shopifyCustomerGid: keptGid, currency: 'EUR' }
    expect(await customerAccount(env, merchantId, kept).balance(target)).toMatchObject({ points: 540 })
  })
})

describe('the list', () => {
  it('shows pages, newest first, and takes no cursor but its own', async () => {
    const { shop, asker } = await shopWithLimit(0)
    for (const points of [1, 2, 3]) await waiting(asker, { points })
    const first = await get(`${LIST}?limit=2`, shop.key)
    const page: { adjustments: { points: number }[]; next_cursor: string } = await first.json()
    expect(page.adjustments).toHaveLength(2)
    const rest = await listed(shop.key, `?limit=2&cursor=${page.next_cursor}`)
    expect([...page.adjustments, ...rest].map(({ points }) => points).toSorted((a, b) => a - b)).toEqual([1, 2, 3])
    expect(await codeOf(await get(`${LIST}?cursor=nonsense`, shop.key))).toBe('validation_failed')
  })
})
