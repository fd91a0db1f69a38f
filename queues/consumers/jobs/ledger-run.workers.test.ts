import { evictDurableObject, runInDurableObject } from 'cloudflare:test'
import { env } from 'cloudflare:workers'
import { describe, expect, it, vi } from 'vitest'
import type { z } from 'zod'
import { LedgerRun, LedgerVerification } from '../../../domain/contracts/operations/ledgers.ts'
import { customerIdOfGid } from '../../../domain/ledger/identity.ts'
import { customerAccountName } from '../../../durable-objects/kernel/stubs.ts'
import { get, newKey, newShop, post, type TestShop } from '../../../workers/gateway/testing.ts'
import { findRun, insertRun } from '../../../workers/platform/ledger-runs.ts'
import { neonBatch, sql } from '../../../workers/platform/neon.ts'
import { deliver, newCustomerGid, orderMessage, orderOf, projectedEntries, withoutPostgres } from '../../examples.ts'

const RUNS = '/admin/v1/ledgers/runs'

/** A shop whose customers have two orders each, all of it in Postgres; their ids, ascending. */
async function shopWith(customers: number) {
  const shop = await newShop(env)
  const gids = Array.from({ length: customers }, newCustomerGid)
  const orders = gids.flatMap((gid) => [orderOf(gid, 1000), orderOf(gid, 250)])
  await deliver(
    'loyalnest-webhooks',
    orders.map((order) => orderMessage(shop.merchantId, order)),
  )
  for (const gid of gids) {
    await vi.waitFor(async () => expect(await projectedEntries(shop.merchantId, gid)).toBe(2), { timeout: 10_000 })
  }
  return { shop, ids: gids.map((gid) => customerIdOfGid(shop.merchantId, gid)).toSorted() }
}

/** Changes an account's rows behind its back. */
async function tamper({ merchantId }: TestShop, customerId: string | undefined, statement: string): Promise<void> {
  const stub = env.CUSTOMER_ACCOUNT.getByName(customerAccountName(merchantId, customerId ?? ''))
  await runInDurableObject(stub, (_account, { storage }) => storage.sql.exec(statement).toArray())
  await evictDurableObject(stub)
}

async function parsed<T>(schema: z.ZodType<T>, response: Response): Promise<T> {
  if (!response.ok) throw new Error(await response.text())
  return schema.parse(await response.json())
}

async function start({ key }: TestShop, kind: 'verify' | 'rebuild'): Promise<LedgerRun> {
  return parsed(LedgerRun, await post(RUNS, key, { kind }))
}

/** The run once it is over. */
async function ended({ key }: TestShop, id: string): Promise<LedgerRun> {
  return vi.waitFor(
    async () => {
      const run = await parsed(LedgerRun, await get(`${RUNS}/${id}`, key))
      expect(run.state).not.toBe('running')
      return run
    },
    { timeout: 10_000, interval: 100 },
  )
}

/** A run that only the test drives: no job is on the queue. */
async function quietRun({ merchantId }: TestShop, kind: 'verify' | 'rebuild' = 'verify') {
  const id = crypto.randomUUID()
  await insertRun(env, merchantId, { id, kind, customersTotal: 27, by: 'test', nowMs: Date.now() })
  const job = { job: `${kind}_ledgers`, merchant_id: merchantId, run_id: id }
  return { id, job, row: async () => findRun(env, merchantId, id) }
}

describe('a verification of all ledgers', () => {
  it('goes through all customers, page by page, and finds nothing where nothing is wrong', async () => {
    const { shop } = await shopWith(27)
    const run = await start(shop, 'verify')
    expect(run).toMatchObject({ kind: 'verify', state: 'running', customers_total: 27, findings: [], problem: null })
    expect(await ended(shop, run.id)).toMatchObject({
      state: 'done',
      customers_done: 27,
      entries: 54,
      repaired: 0,
      findings: [],
      findings_total: 0,
    })
  })

  it('finds what is wrong in each account, and changes nothing', async () => {
    const { shop, ids } = await shopWith(3)
    await tamper(shop, ids[0], 'UPDATE entries SET points = 99 WHERE seq = 2')
    await tamper(shop, ids[2], 'UPDATE accounts SET posted = posted + 5')
    const { findings, findings_total, state } = await ended(shop, (await start(shop, 'verify')).id)
    expect(state).toBe('done')
    expect(findings_total).toBe(findings.length)
    expect(findings).toEqual(
      expect.arrayContaining([
        expect.objectContaining({ customer_id: ids[0], invariant: 15, seq: 2 }),
        expect.objectContaining({ customer_id: ids[2], invariant: 1, seq: 2 }),
      ]),
    )
    expect(findings.some(({ customer_id }) => customer_id === ids[1])).toBe(false)
    const again = await ended(shop, (await start(shop, 'verify')).id)
    expect(again.findings).toEqual(findings)
  })

  it('reports an account that cannot be read, after it was tried again, and goes on', async () => {
    const { shop, ids } = await shopWith(2)
    // Neither the row nor the object that is made of it: it does not even start.
    await tamper(shop, ids[0], "UPDATE accounts SET open_holds = 'no JSON'")
    const { job, row } = await quietRun(shop)
    expect(await deliver('loyalnest-jobs', [{ ...job, after: null }], { attempts: 2 })).toMatchObject({ retried: [0] })
    expect(await row()).toMatchObject({ state: 'running', customers_done: 0 })
    expect(await deliver('loyalnest-jobs', [{ ...job, after: null }], { attempts: 3 })).toMatchObject({ acked: [0] })
    expect(await row()).toMatchObject({
      state: 'done',
      customers_done: 2,
      entries: 2,
      findings: [{ customer_id: ids[0], invariant: null, seq: null }],
    })
  })

  it('keeps the first hundred findings and counts all', async () => {
    const { shop, ids } = await shopWith(3)
    for (const id of ids) {
      const copies = Array.from(
        { length: 40 },
        (_, copy) => `(${copy + 3}, 'earn', 1, 'api', 'x${copy}', '', 0, 0, '', '[]', NULL, NULL, '{}', '', '')`,
      )
      await tamper(shop, id, `INSERT INTO entries VALUES ${copies.join(', ')}`)
    }
    const { findings, findings_total } = await ended(shop, (await start(shop, 'verify')).id)
    expect(findings).toHaveLength(100)
    expect(findings_total).toBeGreaterThan(240)
  })
})

describe('a page of a run', () => {
  it('counts once, however often it comes', async () => {
    const { shop, ids } = await shopWith(27)
    const { job, row } = await quietRun(shop)
    const first = { ...job, after: null }
    await deliver('loyalnest-jobs', [first, first])
    await deliver('loyalnest-jobs', [first])
    await vi.waitFor(async () => expect(await row()).toMatchObject({ state: 'done' }), { timeout: 10_000 })
    await deliver('loyalnest-jobs', [first, { ...job, after: ids[24] }], { attempts: 2 })
    expect(await row()).toMatchObject({ state: 'done', customers_done: 27, entries: 54 })
  })

  it('that was counted before the process died puts the next one on its way when it comes again', async () => {
    const { shop, ids } = await shopWith(27)
    const { id, job, row } = await quietRun(shop)
    await env.CONTROL.prepare('UPDATE ledger_runs SET after = ?2, customers_done = 25, entries = 50 WHERE id = ?1')
      .bind(id, ids[24])
      .run()
    await deliver('loyalnest-jobs', [{ ...job, after: null }], { attempts: 2 })
    await vi.waitFor(
      async () => expect(await row()).toMatchObject({ state: 'done', customers_done: 27, entries: 54 }),
      {
        timeout: 10_000,
      },
    )
  })

  it('that cannot be read at all is tried again, and at last ends the run, so that another may begin', async () => {
    const { shop } = await shopWith(1)
    const { job, row } = await quietRun(shop)
    const page = [{ ...job, after: null }]
    expect(await deliver('loyalnest-jobs', page, { to: withoutPostgres, attempts: 7 })).toMatchObject({ retried: [0] })
    expect(await row()).toMatchObject({ state: 'running', problem: null })
    await deliver('loyalnest-jobs', page, { to: withoutPostgres, attempts: 8 })
    expect(await row()).toMatchObject({
      state: 'failed',
      problem: expect.stringContaining('A page of customers failed'),
    })
    expect(await deliver('loyalnest-jobs', page)).toMatchObject({ acked: [0] })
    expect(await row()).toMatchObject({ state: 'failed', customers_done: 0 })
    expect(await ended(shop, (await start(shop, 'verify')).id)).toMatchObject({ state: 'done', customers_done: 1 })
  })

  it('of no run, or of another shop’s, is nothing', async () => {
    const { shop } = await shopWith(1)
    const other = await newShop(env)
    const { job, row } = await quietRun(shop)
    const bodies = [
      { ...job, after: null, merchant_id: other.merchantId },
      { ...job, after: null, run_id: crypto.randomUUID() },
    ]
    expect(await deliver('loyalnest-jobs', bodies)).toEqual({ acked: [0, 1], retried: [] })
    expect(await row()).toMatchObject({ state: 'running', customers_done: 0 })
  })
})

describe('one of a kind', () => {
  it('runs at a time', async () => {
    const { shop } = await shopWith(1)
    await quietRun(shop, 'verify')
    const second = await post(RUNS, shop.key, { kind: 'verify' })
    expect(second.status).toBe(409)
    expect(await second.json()).toMatchObject({ code: 'already_running' })
    expect(await start(shop, 'rebuild')).toMatchObject({ kind: 'rebuild' })
  })

  it('that stands still is taken up again where it was', async () => {
    const { shop, ids } = await shopWith(27)
    const { id } = await quietRun(shop)
    await env.CONTROL.prepare('UPDATE ledger_runs SET after = ?2, customers_done = 25, moved_at_ms = 1 WHERE id = ?1')
      .bind(id, ids[24])
      .run()
    expect(await start(shop, 'verify')).toMatchObject({ id, customers_done: 25 })
    expect(await ended(shop, id)).toMatchObject({ state: 'done', customers_done: 27, entries: 4 })
  })

  it('is started once for its Idempotency-Key, also if the first start was cut short', async () => {
    const { shop } = await shopWith(1)
    const key = { 'idempotency-key': 'run-1' }
    const first = await parsed(LedgerRun, await post(RUNS, shop.key, { kind: 'verify' }, key))
    await ended(shop, first.id)
    expect(await parsed(LedgerRun, await post(RUNS, shop.key, { kind: 'verify' }, key))).toEqual(first)
    // As if the answer had never been kept.
    await env.CONTROL.prepare('DELETE FROM idempotency_keys WHERE merchant_id = ?1').bind(shop.merchantId).run()
    const again = await parsed(LedgerRun, await post(RUNS, shop.key, { kind: 'verify' }, key))
    expect(again).toMatchObject({ id: first.id, state: 'done' })
  })
})

describe('a rebuild of all ledgers', () => {
  it('repairs states and then projections, and leaves broken entries alone', async () => {
    const { shop, ids } = await shopWith(3)
    const { merchantId } = shop
    await tamper(shop, ids[0], 'UPDATE accounts SET posted = 7, lifetime_earned = 7')
    await tamper(shop, ids[1], 'UPDATE entries SET points = 99 WHERE seq = 2')
    await neonBatch(env, merchantId, [sql`delete from points_transactions where customer_id = ${ids[2]}`])
    const run = await ended(shop, (await start(shop, 'rebuild')).id)
    expect(run).toMatchObject({ state: 'done', customers_done: 3, repaired: 1 })
    expect(run.findings.every(({ customer_id }) => customer_id === ids[1])).toBe(true)
    expect(run.findings).toContainEqual(
      expect.objectContaining({ invariant: null, detail: expect.stringContaining('not rebuilt') }),
    )
    const verified = await parsed(LedgerVerification, await get(`/admin/v1/ledgers/${ids[0]}/verify`, shop.key))
    expect(verified).toMatchObject({ state_matches: true, findings: [], entries: 2 })
    const rows = () => neonBatch(env, merchantId, [sql`select from points_transactions where customer_id = ${ids[2]}`])
    await vi.waitFor(async () => expect(await rows()).toEqual([[{}, {}]]), { timeout: 10_000 })
  })
})

describe('the verification of one ledger', () => {
  it('tells what there is, under our id or Shopify’s', async () => {
    const { shop, ids } = await shopWith(1)
    const verified = await parsed(LedgerVerification, await get(`/admin/v1/ledgers/${ids[0]}/verify`, shop.key))
    expect(verified).toMatchObject({ customer_id: ids[0], entries: 2, state_matches: true, findings: [] })
    expect(verified.first_hash).toMatch(/^[0-9a-f]{64}$/)
    const gid = encodeURIComponent('gid://shopify/Customer/4711')
    expect(await parsed(LedgerVerification, await get(`/admin/v1/ledgers/${gid}/verify`, shop.key))).toMatchObject({
      entries: 0,
      first_hash: null,
      findings: [],
    })
  })

  it('tells what is wrong', async () => {
    const { shop, ids } = await shopWith(1)
    await tamper(shop, ids[0], 'DELETE FROM entries WHERE seq = 1')
    const verified = await parsed(LedgerVerification, await get(`/admin/v1/ledgers/${ids[0]}/verify`, shop.key))
    expect(verified.state_matches).toBe(false)
    expect(verified.findings).toContainEqual({
      customer_id: ids[0],
      invariant: 6,
      seq: 2,
      detail: 'entry 2 follows entry 0',
    })
  })

  it('is of the own shop’s customers, for keys that may audit', async () => {
    const { shop, ids } = await shopWith(1)
    const other = await newShop(env)
    expect((await get(`/admin/v1/ledgers/${ids[0]}/verify`, other.key)).status).toBe(404)
    const key = await newKey(env, shop.merchantId, ['points:read', 'operations:write'])
    expect((await get(`/admin/v1/ledgers/${ids[0]}/verify`, key)).status).toBe(403)
    expect((await get(`${RUNS}/${crypto.randomUUID()}`, shop.key)).status).toBe(404)
  })
})
