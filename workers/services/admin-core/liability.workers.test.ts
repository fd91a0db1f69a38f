import { env } from 'cloudflare:workers'
import * as fc from 'fast-check'
import { describe, expect, it, vi } from 'vitest'
import { fromMinor } from '../../../domain/contracts/money.ts'
import { LiabilityReport } from '../../../domain/contracts/operations/ledgers.ts'
import { monthOf } from '../../../domain/audit/liability.ts'
import { customerIdOfGid } from '../../../domain/ledger/identity.ts'
import { rebuild } from '../../../domain/ledger/memory.ts'
import type { Command } from '../../../domain/ledger/types.ts'
import { customerAccount } from '../../../durable-objects/kernel/stubs.ts'
import { newCustomerGid } from '../../../queues/examples.ts'
import { get, newKey, newShop, type TestShop } from '../../gateway/testing.ts'
import { neonBatch, sql } from '../../platform/neon.ts'

const PATH = '/admin/v1/points/liability'
const ZONE = 'Europe/Berlin'
const DAY_MS = 86_400_000

async function reportOf(shop: TestShop, query = ''): Promise<LiabilityReport> {
  const response = await get(`${PATH}${query}`, shop.key)
  if (!response.ok) throw new Error(await response.text())
  return LiabilityReport.parse(await response.json())
}

const by = { source: 'api', actor: 'api_key:test', effectiveAtMs: Date.now() } as const

function earnOf(of: { id: string; points: number; lotDays: number | null }): Command {
  const { id, points: earned, lotDays } = of
  const terms = { lotDays, timeZone: ZONE }
  return { ...by, kind: 'earn_points', externalId: `activity:${id}`, points: earned, reason: null, terms }
}
function redeemOf({ id, points: spent }: { id: string; points: number }): Command {
  return { ...by, kind: 'redeem', redemptionId: id, points: spent, limits: null, reason: null }
}
function holdOf({ id, points: held }: { id: string; points: number }): Command {
  return { ...by, kind: 'hold', holdId: id, points: held, timeoutMs: DAY_MS, limits: null }
}
function takeOf({ id, points: taken, allowDebt }: { id: string; points: number; allowDebt: boolean }): Command {
  const terms = { lotDays: null, timeZone: ZONE }
  return { ...by, kind: 'adjust', adjustmentId: id, points: -taken, reason: 'r', allowDebt, terms }
}
function reversalOf(seq: number): Command {
  return { ...by, kind: 'reverse', seq, reason: 'r' }
}

const points = fc.integer({ min: 1, max: 500 })
const command: fc.Arbitrary<Command> = fc.oneof(
  fc.record({ id: fc.uuid(), points, lotDays: fc.constantFrom(null, 1, 40, 400) }).map(earnOf),
  fc.record({ id: fc.uuid(), points }).map(redeemOf),
  fc.record({ id: fc.uuid(), points }).map(holdOf),
  fc.record({ id: fc.uuid(), points, allowDebt: fc.boolean() }).map(takeOf),
  fc.integer({ min: 1, max: 12 }).map(reversalOf),
)

function accountOf({ merchantId }: TestShop, gid: string) {
  const customerId = customerIdOfGid(merchantId, gid)
  const ref = { merchantId, customerId, shopifyCustomerGid: gid, currency: 'EUR' }
  return { ref, stub: customerAccount(env, merchantId, customerId) }
}

/** The ledger as the account itself has it, and its balance. */
async function ledgerOf(shop: TestShop, gid: string) {
  const { ref, stub } = accountOf(shop, gid)
  const page = await stub.ledger(ref, 0, 1_000)
  if (page === null) throw new Error('nothing was booked')
  return { ledger: rebuild(page.entries), seq: page.balance.seq, customerId: ref.customerId }
}

/** Waits until Postgres has heard of everything. */
async function arrived(shop: TestShop, gids: readonly string[]): Promise<void> {
  for (const gid of gids) {
    const { seq, customerId } = await ledgerOf(shop, gid)
    const expected = [[{ seq: String(seq) }]]
    const stored = () =>
      neonBatch(env, shop.merchantId, [sql`select seq from points_balances where customer_id = ${customerId}`])
    await vi.waitFor(async () => expect(await stored()).toEqual(expected), { timeout: 10_000, interval: 100 })
  }
}

const sum = (numbers: readonly number[]) => numbers.reduce((total, number) => total + number, 0)

describe('the liability report', () => {
  it(
    'is what the ledgers’ own lots come to, for random histories, a merge and a deletion',
    { timeout: 60_000 },
    async () => {
      const shop = await newShop(env)
      const gids = Array.from({ length: 6 }, newCustomerGid)
      const histories = fc.sample(fc.array(command, { minLength: 4, maxLength: 14 }), {
        numRuns: gids.length,
        seed: 20_261,
      })
      for (const [index, gid] of gids.entries()) {
        const { ref, stub } = accountOf(shop, gid)
        const first = { ...by, kind: 'earn_points', externalId: 'activity:first', points: 700, reason: null } as const
        const terms = { lotDays: 40, timeZone: ZONE }
        await stub.executeBatch(ref, [{ ...first, terms }, ...(histories[index] ?? [])])
      }
      const [merged = '', kept = '', gone = ''] = gids
      const { ref: from, stub } = accountOf(shop, merged)
      const into = { customerId: accountOf(shop, kept).ref.customerId, shopifyCustomerGid: kept }
      await stub.mergeInto(from, into, { ...by, source: 'merge' })
      await arrived(shop, gids)
      await neonBatch(env, shop.merchantId, [
        sql`update customers set deleted_at = now() where id = ${accountOf(shop, gone).ref.customerId}`,
      ])

      const ledgers = await Promise.all(gids.map((gid) => ledgerOf(shop, gid)))
      const accounts = ledgers.map(({ ledger }) => ledger.account)
      const months = new Map<string | null, number>()
      for (const { ledger } of ledgers) {
        for (const { remaining, expiresAtMs } of ledger.lots.values()) {
          if (remaining === 0) continue
          const month = expiresAtMs === null ? null : monthOf(expiresAtMs - 1, ZONE)
          months.set(month, (months.get(month) ?? 0) + remaining)
        }
      }
      const report = await reportOf(shop, '?point_value=0.015')
      expect(report).toMatchObject({
        outstanding: sum(accounts.map(({ posted }) => Math.max(0, posted))),
        held: sum(accounts.map(({ held }) => held)),
        debt: sum(accounts.map(({ debt }) => debt)),
        of_deleted_customers: Math.max(0, ledgers[2]?.ledger.account.posted ?? 0),
        currency: 'EUR',
        point_value: '0.015',
      })
      expect(new Map(report.by_expiry_month.map(({ month, points: left }) => [month, left]))).toEqual(months)
      expect(report.outstanding_amount).toBe(fromMinor(Math.floor((report.outstanding * 15 + 5) / 10), 'EUR'))
      // Nobody of them is the merged customer.
      expect(report.customers).toBeLessThanOrEqual(5)
    },
  )

  it('counts lots that came to an end, and months, less what was undone', async () => {
    const shop = await newShop(env)
    await withRows(shop.merchantId)
    const { breakage, by_expiry_month, outstanding } = await reportOf(shop, '?months=1')
    expect(outstanding).toBe(70)
    // 100 that ended with 40 of them unspent, 50 without a day that are used up; not the one of two months ago.
    expect(breakage).toMatchObject({ months: 1, granted: 150, expired: 40, expected_to_expire: 18 })
    expect(breakage.by_month).toHaveLength(2)
    expect(breakage.by_month[1]).toMatchObject({ granted: 400, redeemed: 75, expired: 40, clawed_back: 10 })
    expect(by_expiry_month.at(-1)).toEqual({ month: null, points: 5, amount: null })
  })

  it('of a shop where nothing happened is all zeros', async () => {
    expect(await reportOf(await newShop(env))).toMatchObject({
      customers: 0,
      outstanding: 0,
      by_expiry_month: [],
      breakage: { granted: 0, expired: 0, rate: null },
      outstanding_amount: null,
    })
  })

  it('is of the own shop, for keys that may audit, at a value that makes sense', async () => {
    const shop = await newShop(env)
    await withRows(shop.merchantId)
    expect((await reportOf(await newShop(env))).outstanding).toBe(0)
    const key = await newKey(env, shop.merchantId, ['points:read'])
    expect((await get(PATH, key)).status).toBe(403)
    for (const query of ['?point_value=-1', '?point_value=1e3', '?months=0', '?months=61', '?nonsense=1']) {
      expect((await get(`${PATH}${query}`, shop.key)).status, query).toBe(400)
    }
  })
})

/** Rows as the projections would write them, at times that no test can wait for. */
async function withRows(merchantId: string): Promise<void> {
  const id = crypto.randomUUID()
  const [now, past, old] = [new Date(), new Date(Date.now() - 1), new Date(Date.now() - 70 * DAY_MS)]
  const row = (seq: number, kind: string, of: number, externalId: string, at = now) => ({
    merchant_id: merchantId,
    customer_id: id,
    seq,
    type: 'adjust',
    kind,
    points: of,
    pending_points: 0,
    source: 'api',
    external_id: externalId,
    actor: 'test',
    effective_at: at,
    recorded_at: at,
    previous_hash: '',
    hash: '',
  })
  const entries = [
    row(1, 'earn', 100, 'activity:1'),
    row(2, 'earn', 500, 'activity:2'),
    row(3, 'reversal', -500, 'reversal:2'),
    row(4, 'adjust', 300, 'adjust:4'),
    row(5, 'adjust', -7, 'adjust:5'),
    row(6, 'redeem', -90, 'redeem:6'),
    row(7, 'reversal', 15, 'return:gid://shopify/Refund/1:6'),
    row(8, 'expire', -40, 'expire:1:2026-01-01'),
    row(9, 'clawback', -10, 'refund:gid://shopify/Refund/2'),
    row(10, 'earn', 1000, 'activity:10', old),
    row(11, 'merge_out', -3, 'merge:x/1:out'),
  ]
  const lot = (
    number: number,
    granted: number,
    remaining: number,
    expired: number,
    expires_at: Date | null,
    seq = 9,
  ) => ({
    merchant_id: merchantId,
    customer_id: id,
    lot: number,
    granted,
    remaining,
    expired,
    expires_at,
    seq,
  })
  const lots = [
    lot(1, 100, 0, 40, past),
    lot(2, 50, 0, 0, null),
    lot(3, 1000, 0, 900, old),
    lot(4, 90, 70, 0, new Date(Date.now() + DAY_MS)),
    lot(5, 20, 0, 0, new Date(Date.now() + DAY_MS)),
    lot(6, 5, 5, 0, null),
    lot(7, 66, 0, 0, null, 10),
  ]
  await neonBatch(env, merchantId, [
    sql`insert into merchants (merchant_id) values (${merchantId}) on conflict do nothing`,
    sql`insert into customers (merchant_id, id) values (${merchantId}, ${id})`,
    sql`insert into points_transactions
      select * from jsonb_populate_recordset(null::points_transactions, ${JSON.stringify(entries)}::jsonb)`,
    sql`insert into points_lots select * from jsonb_populate_recordset(null::points_lots, ${JSON.stringify(lots)}::jsonb)`,
    sql`insert into points_balances (merchant_id, customer_id, seq, points, posted, pending, held, debt, lifetime_earned,
        lifetime_redeemed, lifetime_expired, lifetime_clawed_back, lifetime_adjusted, as_of)
      values (${merchantId}, ${id}, 11, 70, 70, 0, 0, 5, 0, 0, 0, 0, 0, now())`,
  ])
}
