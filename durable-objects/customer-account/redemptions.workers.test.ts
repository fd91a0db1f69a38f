import { abortAllDurableObjects, evictDurableObject, runDurableObjectAlarm, runInDurableObject } from 'cloudflare:test'
import { env } from 'cloudflare:workers'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { RedemptionEvent } from '../../domain/contracts/events.ts'
import { JobMessage } from '../../domain/contracts/jobs.ts'
import { booksOf, violationsOf } from '../../domain/ledger/invariants.ts'
import { rebuild } from '../../domain/ledger/memory.ts'
import { redemptionViolations } from '../../domain/rewards/invariants.ts'
import { LEASE_MS } from '../../domain/rewards/redemption.ts'
import type { RedemptionRecord, RedemptionRequest, SettledBy } from '../../domain/rewards/types.ts'
import { CUSTOMER_ACCOUNT_MIGRATIONS } from '../../migrations/durable-objects/customer-account/index.ts'
import { isMigrated, migrate } from '../kernel/migrate.ts'
import type { AccountRef } from '../kernel/protocol.ts'
import { claim, earn, newCustomer, rawStubOf, redeem, rewardRequest, stubOf } from './samples.ts'

const ISSUED: SettledBy = { kind: 'issued', redeemCodeGid: 'gid://shopify/DiscountRedeemCode/1' }
const LOST: SettledBy = { kind: 'unanswered', maybeDone: true }
const REMOVED: SettledBy = { kind: 'removed' }
const MINUTE_MS = 60_000
const DAY_MS = 86_400_000
const ALL = { before: null, limit: 10, state: null, rewardId: null }

/** What went to the queues: nothing leaves for the consumers, so that a test is the only driver. */
const sent: { readonly jobs: JobMessage[]; readonly redemptions: RedemptionEvent[]; failing: boolean } = {
  jobs: [],
  redemptions: [],
  failing: false,
}

beforeEach(() => {
  vi.useFakeTimers({ toFake: ['Date'] })
  Object.assign(sent, { jobs: [], redemptions: [], failing: false })
  const queues: Pick<Queue, 'sendBatch'> = Object.getPrototypeOf(env.JOBS)
  vi.spyOn(queues, 'sendBatch').mockImplementation(async (messages) => {
    if (sent.failing) throw new Error('the queue is away')
    for (const { body } of messages) {
      const job = JobMessage.safeParse(body)
      if (job.success) sent.jobs.push(job.data)
      const event = RedemptionEvent.safeParse(body)
      if (event.success) sent.redemptions.push(event.data)
    }
    return { metadata: { metrics: { backlogCount: 0, backlogBytes: 0 } } }
  })
})

afterEach(() => {
  vi.useRealTimers()
  vi.restoreAllMocks()
})

/** A customer with 1,000 points. */
async function richCustomer(): Promise<AccountRef> {
  const ref = newCustomer()
  await stubOf(ref).executeBatch(ref, [earn('a', 1000)])
  return ref
}

/** Asks for a redemption that must begin. */
async function begin(ref: AccountRef, change: Partial<RedemptionRequest> = {}): Promise<RedemptionRecord> {
  const asked = rewardRequest(change)
  const reply = await stubOf(ref).redeemReward(ref, asked, claim(asked.id))
  if (!reply.ok) throw new Error(reply.refusal.detail)
  return reply.redemption
}

async function issue(ref: AccountRef, change: Partial<RedemptionRequest> = {}): Promise<RedemptionRecord> {
  const { id, lease } = await begin(ref, change)
  const record = await stubOf(ref).settleRedemption(ref, id, lease, ISSUED)
  if (record === null) throw new Error('there is no such redemption')
  return record
}

/** Takes the lease and says what came of it. */
async function drive(ref: AccountRef, id: string, by: SettledBy): Promise<RedemptionRecord | null> {
  const leased = await stubOf(ref).leaseRedemption(ref, id)
  return leased === null ? null : stubOf(ref).settleRedemption(ref, id, leased.lease, by)
}

function pass(ms: number): void {
  vi.setSystemTime(Date.now() + ms)
}

/** Lets the alarm ring, as the runtime would by now. */
function ring(ref: AccountRef): Promise<boolean> {
  return runDurableObjectAlarm(rawStubOf(ref))
}

/** What is wrong with the account's ledger and redemptions; and whether it is stored as its entries tell it. */
async function violations(ref: AccountRef): Promise<readonly string[]> {
  const page = await stubOf(ref).ledger(ref, 0, 1000)
  const ledger = rebuild(page?.entries ?? [])
  const same = page?.balance.posted === ledger.account.posted && page.balance.held === ledger.account.held
  const { redemptions } = await stubOf(ref).redemptions(ref, { ...ALL, limit: 1000 })
  const told = redemptionViolations(redemptions, page?.entries ?? [])
  return [...violationsOf(booksOf(ledger)), ...told, ...(same ? [] : ['the balance is not that of the entries'])]
}

describe('redeeming', () => {
  it('holds the points, gives the caller the lease, and spends them once the code works', async () => {
    const ref = await richCustomer()
    const begun = await begin(ref)
    expect(begun).toMatchObject({ state: 'pending', lease: 1, leaseEndsAtMs: Date.now() + LEASE_MS })
    await expect(stubOf(ref).balance(ref)).resolves.toMatchObject({ points: 750, held: 250 })
    await evictDurableObject(rawStubOf(ref))
    const issued = await stubOf(ref).settleRedemption(ref, begun.id, 1, ISSUED)
    expect(issued).toMatchObject({ state: 'issued', version: 2, capturedSeq: 3 })
    await evictDurableObject(rawStubOf(ref))
    await expect(stubOf(ref).redemption(ref, begun.id)).resolves.toEqual(issued)
    await expect(stubOf(ref).balance(ref)).resolves.toMatchObject({ points: 750, held: 0, lifetime: { redeemed: 250 } })
    expect(await violations(ref)).toEqual([])
  })

  it('under the same key is the same redemption, as it stands by then', async () => {
    const ref = await richCustomer()
    const asked = rewardRequest()
    const again = () => stubOf(ref).redeemReward(ref, asked, claim('key-1'))
    await expect(again()).resolves.toMatchObject({ ok: true, replayed: false, redemption: { state: 'pending' } })
    await stubOf(ref).settleRedemption(ref, asked.id, 1, ISSUED)
    await evictDurableObject(rawStubOf(ref))
    await expect(again()).resolves.toMatchObject({ ok: true, replayed: true, redemption: { state: 'issued' } })
    // After 30 days the key is forgotten, but not what it had named.
    pass(40 * DAY_MS)
    await expect(again()).resolves.toMatchObject({ ok: true, replayed: true, redemption: { state: 'issued' } })
    await expect(stubOf(ref).balance(ref)).resolves.toMatchObject({ points: 750 })
  })

  it('under the same key for something else is refused, and a refusal stays', async () => {
    const ref = await richCustomer()
    const stub = stubOf(ref)
    await stub.redeemReward(ref, rewardRequest(), claim('key-1', 'one body'))
    await expect(stub.redeemReward(ref, rewardRequest(), claim('key-1', 'other body'))).resolves.toMatchObject({
      ok: false,
      replayed: false,
      refusal: { code: 'idempotency_key_reused' },
    })
    const dear = rewardRequest({ points: 900 })
    const refused = { ok: false, refusal: { code: 'insufficient_points' } }
    await expect(stub.redeemReward(ref, dear, claim('key-2'))).resolves.toMatchObject({ ...refused, replayed: false })
    await stub.executeBatch(ref, [earn('b', 5000)])
    await expect(stub.redeemReward(ref, dear, claim('key-2'))).resolves.toMatchObject({ ...refused, replayed: true })
  })

  it('a hundred times at once spends no point twice', async () => {
    const ref = await richCustomer()
    const replies = await Promise.all(
      Array.from({ length: 100 }, (_, index) =>
        stubOf(ref).redeemReward(ref, rewardRequest({ points: 30 }), claim(`key-${index}`)),
      ),
    )
    const begun = replies.flatMap((reply) => (reply.ok ? [reply.redemption] : []))
    expect(begun).toHaveLength(33)
    const settled = await Promise.all(
      begun.map(({ id, lease }, index) =>
        stubOf(ref).settleRedemption(ref, id, lease, index < 20 ? ISSUED : { kind: 'refused', reason: 'shop_refused' }),
      ),
    )
    expect(settled.filter((record) => record?.state === 'issued')).toHaveLength(20)
    await expect(stubOf(ref).balance(ref)).resolves.toMatchObject({ points: 400, held: 0 })
    expect(await violations(ref)).toEqual([])
  })

  it('goes as often as the reward allows, however many tabs ask', async () => {
    const ref = await richCustomer()
    const asked = Array.from({ length: 5 }, () => rewardRequest({ limitPerCustomer: 2, points: 100 }))
    const replies = await Promise.all(asked.map((one) => stubOf(ref).redeemReward(ref, one, claim(one.id))))
    expect(replies.filter(({ ok }) => ok)).toHaveLength(2)
    expect(replies.filter((reply) => !reply.ok && reply.refusal.code === 'reward_limit')).toHaveLength(3)
    const [first] = replies
    const counts = await stubOf(ref).redemptionCounts(ref)
    expect(Object.values(counts)).toEqual([2])
    if (first?.ok !== true) throw new Error('the first is within the limit')
    await stubOf(ref).settleRedemption(ref, first.redemption.id, 1, { kind: 'refused', reason: 'shop_refused' })
    await expect(begin(ref, { limitPerCustomer: 2, points: 100 })).resolves.toMatchObject({ state: 'pending' })
  })

  it('costs few rows', async () => {
    const ref = await richCustomer()
    await runInDurableObject(rawStubOf(ref), async (account, { storage }) => {
      await account.alarm()
      const exec = vi.spyOn(Object.getPrototypeOf(storage.sql), 'exec')
      const asked = rewardRequest()
      const rows = async (work: () => Promise<unknown>) => {
        const from = exec.mock.results.length
        await work()
        return exec.mock.results.slice(from).reduce((sum, { value }) => sum + Number(value.rowsWritten), 0)
      }
      // Entry and external id, account, lot, claim; the redemption, its id, its code, and the mark that it is open.
      expect(await rows(() => account.redeemReward(ref, asked, claim('key-1')))).toBe(9)
      // Entry and external id, account, lot; the redemption.
      expect(await rows(() => account.settleRedemption(ref, asked.id, 1, ISSUED))).toBe(5)
    })
  })
})

describe('an account from before there were rewards', () => {
  it('gets its table as soon as it is woken', async () => {
    const ref = newCustomer()
    await runInDurableObject(rawStubOf(ref), (_account, { storage }) => {
      migrate(storage, CUSTOMER_ACCOUNT_MIGRATIONS.slice(0, 1))
    })
    await evictDurableObject(rawStubOf(ref))
    await expect(stubOf(ref).redemptions(ref, ALL)).resolves.toEqual({ redemptions: [], next: null })
    await stubOf(ref).executeBatch(ref, [earn('a', 1000)])
    await expect(begin(ref)).resolves.toMatchObject({ state: 'pending' })
  })
})

describe('a driver that dies', () => {
  it('is followed by a job as soon as its lease ends, however often the object leaves memory', async () => {
    const ref = await richCustomer()
    const { id } = await begin(ref)
    await evictDurableObject(rawStubOf(ref))
    pass(LEASE_MS - 1000)
    await ring(ref)
    expect(sent.jobs).toEqual([])
    await abortAllDurableObjects()
    pass(1000)
    await ring(ref)
    expect(sent.jobs).toEqual([
      { job: 'settle_redemption', merchant_id: ref.merchantId, customer_id: ref.customerId, redemption_id: id },
    ])
    await expect(stubOf(ref).leaseRedemption(ref, id)).resolves.toMatchObject({
      lease: 2,
      unansweredAtMs: Date.now(),
    })
    await expect(stubOf(ref).leaseRedemption(ref, id)).resolves.toBeNull()
  })

  it('cannot say anything any more once another one has the lease', async () => {
    const ref = await richCustomer()
    const { id } = await begin(ref)
    pass(LEASE_MS)
    await expect(stubOf(ref).leaseRedemption(ref, id)).resolves.toMatchObject({ lease: 2 })
    await expect(
      stubOf(ref).settleRedemption(ref, id, 1, { kind: 'refused', reason: 'shop_refused' }),
    ).resolves.toMatchObject({ state: 'pending' })
    await expect(stubOf(ref).settleRedemption(ref, id, 2, ISSUED)).resolves.toMatchObject({ state: 'issued' })
    await expect(stubOf(ref).balance(ref)).resolves.toMatchObject({ points: 750, held: 0 })
  })

  it('is followed by one job, not by one with each alarm; a job that got lost is sent again', async () => {
    const ref = await richCustomer()
    await begin(ref)
    pass(LEASE_MS)
    await ring(ref)
    await runInDurableObject(rawStubOf(ref), (account) => account.alarm())
    expect(sent.jobs).toHaveLength(1)
    pass(MINUTE_MS)
    await ring(ref)
    expect(sent.jobs).toHaveLength(2)
  })

  it('is followed by a job even where the queue is away for a while', async () => {
    const ref = await richCustomer()
    await begin(ref)
    pass(LEASE_MS)
    sent.failing = true
    vi.spyOn(console, 'error').mockReturnValue()
    await ring(ref)
    expect(sent.jobs).toEqual([])
    sent.failing = false
    pass(MINUTE_MS)
    await expect(ring(ref)).resolves.toBe(true)
    expect(sent.jobs).toHaveLength(1)
  })

  it('without an answer is followed at the time of the next attempt, until there is one', async () => {
    const ref = await richCustomer()
    const { id } = await begin(ref)
    await stubOf(ref).settleRedemption(ref, id, 1, LOST)
    for (const delayMs of [15_000, 30_000, MINUTE_MS]) {
      const before = sent.jobs.length
      pass(delayMs - 1)
      await ring(ref)
      expect(sent.jobs).toHaveLength(before)
      pass(1)
      await ring(ref)
      expect(sent.jobs).toHaveLength(before + 1)
      await drive(ref, id, LOST)
    }
    await expect(drive(ref, id, ISSUED)).resolves.toMatchObject({ state: 'issued', nextAttemptAtMs: null })
    await ring(ref)
    await runInDurableObject(rawStubOf(ref), async (_account, { storage }) => {
      await expect(storage.getAlarm()).resolves.toBeNull()
    })
    expect(await violations(ref)).toEqual([])
  })
})

describe('an issued redemption', () => {
  it('expires by itself: the alarm asks for its end, and the points come back where the reward says so', async () => {
    const ref = await richCustomer()
    const { id, expiresAtMs } = await issue(ref, { codeValidDays: 1, pointsBack: { expired: true, cancelled: true } })
    await ring(ref)
    await runInDurableObject(rawStubOf(ref), async (_account, { storage }) => {
      await expect(storage.getAlarm()).resolves.toBe(expiresAtMs)
    })
    await evictDurableObject(rawStubOf(ref))
    vi.setSystemTime(expiresAtMs ?? 0)
    await ring(ref)
    await expect(stubOf(ref).redemption(ref, id)).resolves.toMatchObject({ state: 'issued', ending: 'expired' })
    pass(30 * MINUTE_MS)
    await ring(ref)
    expect(sent.jobs).toMatchObject([{ redemption_id: id }])
    await expect(drive(ref, id, REMOVED)).resolves.toMatchObject({ state: 'expired', pointsReturned: 250 })
    await expect(stubOf(ref).balance(ref)).resolves.toMatchObject({ points: 1000, lifetime: { redeemed: 0 } })
    expect(await violations(ref)).toEqual([])
  })

  it('is cancelled under a key once; the driver of the request may begin at once', async () => {
    const ref = await richCustomer()
    const { id } = await issue(ref)
    const cancel = () => stubOf(ref).endRedemption(ref, id, 'by_customer', claim('cancel-1'))
    await expect(cancel()).resolves.toMatchObject({ ok: true, redemption: { state: 'issued', ending: 'cancelled' } })
    await expect(drive(ref, id, REMOVED)).resolves.toMatchObject({ state: 'cancelled', cancelReason: 'by_customer' })
    await expect(cancel()).resolves.toMatchObject({ ok: true, redemption: { state: 'cancelled' } })
    await expect(stubOf(ref).endRedemption(ref, id, 'by_customer', claim('cancel-2'))).resolves.toMatchObject({
      ok: false,
      refusal: { code: 'redemption_closed' },
    })
    await expect(stubOf(ref).endRedemption(ref, crypto.randomUUID(), 'by_merchant', null)).resolves.toMatchObject({
      ok: false,
      refusal: { code: 'not_found' },
    })
    await expect(stubOf(ref).balance(ref)).resolves.toMatchObject({ points: 1000 })
    expect(await violations(ref)).toEqual([])
  })

  it('whose end nobody takes up gets its job a moment later', async () => {
    const ref = await richCustomer()
    const { id } = await issue(ref)
    await stubOf(ref).endRedemption(ref, id, 'by_merchant', null)
    await ring(ref)
    expect(sent.jobs).toEqual([])
    pass(5000)
    await ring(ref)
    expect(sent.jobs).toMatchObject([{ redemption_id: id }])
  })

  it('is used by the order that names its code, in whatever case', async () => {
    const ref = await richCustomer()
    const { id, code } = await issue(ref)
    const used = { id, state: 'used', orderGid: 'gid://shopify/Order/1' }
    const use = () => stubOf(ref).useCode(ref, code.toLowerCase(), 'gid://shopify/Order/1', Date.now(), 5_000)
    await expect(use()).resolves.toMatchObject(used)
    await expect(use()).resolves.toMatchObject({ ...used, version: 3 })
    await expect(stubOf(ref).useCode(ref, '0000-0000-0000-0000', 'gid://shopify/Order/1', 1, 5_000)).resolves.toBeNull()
  })

  it('is used even where the order comes before its own driver does', async () => {
    const ref = await richCustomer()
    const { id, code } = await begin(ref)
    await stubOf(ref).useCode(ref, code, 'gid://shopify/Order/1', Date.now(), 5_000)
    await expect(stubOf(ref).settleRedemption(ref, id, 1, ISSUED)).resolves.toMatchObject({ state: 'used', version: 2 })
    await expect(stubOf(ref).balance(ref)).resolves.toMatchObject({ points: 750, held: 0 })
  })

  it('whose points came back costs them again if it was used after all', async () => {
    const ref = await richCustomer()
    const { id, code } = await issue(ref)
    await expect(stubOf(ref).codeRemoved(ref, code, null)).resolves.toMatchObject({ cancelReason: 'removed_in_shop' })
    await ring(ref)
    expect(sent.jobs).toMatchObject([{ redemption_id: id }])
    await expect(drive(ref, id, REMOVED)).resolves.toMatchObject({ state: 'cancelled' })
    await stubOf(ref).executeBatch(ref, [redeem('all', 1000)])
    await expect(stubOf(ref).useCode(ref, code, 'gid://shopify/Order/1', Date.now(), 5_000)).resolves.toMatchObject({
      id,
      state: 'used',
      pointsReturned: 0,
    })
    await expect(stubOf(ref).balance(ref)).resolves.toMatchObject({ points: 0, debt: 250 })
    expect(await violations(ref)).toEqual([])
  })
})

describe('what is told of redemptions', () => {
  it('goes to the queue with its version, at least once, also after a crash before the relay', async () => {
    const ref = await richCustomer()
    const { id } = await issue(ref)
    await runInDurableObject(rawStubOf(ref), (_account, { storage }) => storage.deleteAlarm())
    await evictDurableObject(rawStubOf(ref))
    await expect(ring(ref)).resolves.toBe(true)
    expect(sent.redemptions).toMatchObject([
      { event_id: `${id}:2`, merchant_id: ref.merchantId, user_id: ref.customerId, data: { id, state: 'issued' } },
    ])
    await stubOf(ref).endRedemption(ref, id, 'by_merchant', null)
    sent.failing = true
    vi.spyOn(console, 'error').mockReturnValue()
    await ring(ref)
    await evictDurableObject(rawStubOf(ref))
    sent.failing = false
    await stubOf(ref).wake(ref)
    await ring(ref)
    expect(sent.redemptions.map(({ event_id }) => event_id)).toEqual([`${id}:2`, `${id}:3`])
  })

  it('is not told again where nothing changed that anybody sees', async () => {
    const ref = await richCustomer()
    const { id } = await begin(ref)
    await ring(ref)
    await stubOf(ref).settleRedemption(ref, id, 1, LOST)
    await drive(ref, id, LOST)
    await ring(ref)
    expect(sent.redemptions.map(({ event_id }) => event_id)).toEqual([`${id}:1`])
  })
})

describe('the list of redemptions', () => {
  it('is newest first, in pages, by state and by reward', async () => {
    const ref = await richCustomer()
    const first = await issue(ref, { points: 10 })
    const second = await begin(ref, { points: 10 })
    const third = await issue(ref, { points: 10, rewardId: crypto.randomUUID() })
    const page = await stubOf(ref).redemptions(ref, { ...ALL, limit: 2 })
    expect(page.redemptions.map(({ id }) => id)).toEqual([third.id, second.id])
    await expect(stubOf(ref).redemptions(ref, { ...ALL, limit: 2, before: page.next })).resolves.toEqual({
      redemptions: [first],
      next: null,
    })
    await expect(stubOf(ref).redemptions(ref, { ...ALL, state: 'pending' })).resolves.toMatchObject({
      redemptions: [{ id: second.id }],
    })
    await expect(stubOf(ref).redemptions(ref, { ...ALL, rewardId: third.rewardId })).resolves.toMatchObject({
      redemptions: [{ id: third.id }],
    })
    await expect(stubOf(ref).redemptionCounts(ref)).resolves.toEqual({ [first.rewardId]: 2, [third.rewardId]: 1 })
    await expect(stubOf(ref).customerGid(ref)).resolves.toBe(ref.shopifyCustomerGid)
  })

  it('of an account that was never written is empty and leaves nothing behind', async () => {
    const ref = newCustomer()
    const stub = stubOf(ref)
    await expect(stub.redemptions(ref, ALL)).resolves.toEqual({ redemptions: [], next: null })
    await expect(stub.redemptionCounts(ref)).resolves.toEqual({})
    await expect(stub.redemption(ref, 'any')).resolves.toBeNull()
    await expect(stub.leaseRedemption(ref, 'any')).resolves.toBeNull()
    await expect(stub.useCode(ref, '0000-0000-0000-0000', 'gid://shopify/Order/1', 1, 5_000)).resolves.toBeNull()
    await expect(stub.codeRemoved(ref, '0000-0000-0000-0000', null)).resolves.toBeNull()
    await expect(stub.customerGid(ref)).resolves.toBeNull()
    await runInDurableObject(rawStubOf(ref), (_account, { storage }) => expect(isMigrated(storage.sql)).toBe(false))
  })
})

describe('a transaction that fails', () => {
  it('leaves neither the hold nor the redemption, in storage or in memory', async () => {
    const ref = await richCustomer()
    await runInDurableObject(rawStubOf(ref), async (account, { storage }) => {
      storage.sql.exec("CREATE TRIGGER broken AFTER INSERT ON claims BEGIN SELECT RAISE(ABORT, 'disk'); END")
      const asked = rewardRequest()
      await expect(account.redeemReward(ref, asked, claim('key-1'))).rejects.toThrow('disk')
      await expect(account.redemption(ref, asked.id)).resolves.toBeNull()
      await expect(account.balance(ref)).resolves.toMatchObject({ points: 1000, held: 0 })
      storage.sql.exec('DROP TRIGGER broken')
      await expect(account.redeemReward(ref, asked, claim('key-1'))).resolves.toMatchObject({ ok: true })
      await expect(account.balance(ref)).resolves.toMatchObject({ points: 750, held: 250 })
    })
  })
})

describe('a foreign caller', () => {
  it('gets nothing of the redemptions', async () => {
    const ref = await richCustomer()
    const { id } = await begin(ref)
    const foreign = { ...ref, merchantId: crypto.randomUUID() }
    await runInDurableObject(rawStubOf(ref), async (account) => {
      await expect(account.redemption(foreign, id)).rejects.toThrow('belongs to another')
      await expect(account.redemptions(foreign, ALL)).rejects.toThrow('belongs to another')
      await expect(account.settleRedemption(foreign, id, 1, ISSUED)).rejects.toThrow('belongs to another')
      await expect(account.redeemReward(foreign, rewardRequest(), claim('k'))).rejects.toThrow('belongs to another')
    })
  })
})
