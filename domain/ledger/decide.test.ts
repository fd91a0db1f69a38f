import { describe, expect, it } from 'vitest'
import { MAX_POINTS } from '../contracts/settings.ts'
import { decide } from './decide.ts'
import { adjustOf, DAY_MS, FOREVER, grantOf, MONDAY_MS, orderOf, redeemOf, TestAccount } from './examples.ts'

const SHORT = { lotDays: 1, timeZone: 'Europe/Berlin' }
const LONG = { lotDays: 30, timeZone: 'Europe/Berlin' }

describe('earning and spending', () => {
  it('grants points and spends them, each entry hashed onto the one before', () => {
    const account = new TestAccount()
    const earned = account.book(grantOf(100))
    const spent = account.book(redeemOf(40))
    expect(account.available).toBe(60)
    expect(spent).toMatchObject({ seq: 2, points: -40, allocations: [{ lot: 1, points: -40 }] })
    expect(spent.previousHash).toBe(earned.hash)
    expect(account.account.lifetime).toMatchObject({ earned: 100, redeemed: 40 })
  })

  it('spends what expires first, whatever was granted first; lots that never expire go last', () => {
    const account = new TestAccount()
    account.book(grantOf(10, 'never', { terms: FOREVER }))
    account.book(grantOf(10, 'late', { terms: LONG }))
    account.book(grantOf(10, 'soon', { terms: SHORT }))
    expect(account.book(redeemOf(25)).allocations).toEqual([
      { lot: 3, points: -10 },
      { lot: 2, points: -10 },
      { lot: 1, points: -5 },
    ])
  })

  it('refuses to spend more than is available and changes nothing', () => {
    const account = new TestAccount()
    account.book(grantOf(10))
    expect(account.refusal(redeemOf(11))).toBe('insufficient_points')
    expect(account.history).toEqual(['earn 10'])
  })

  it.each([
    [{ min_points: 100, max_points: null, step_points: 1 }, 50],
    [{ min_points: 1, max_points: 40, step_points: 1 }, 50],
    [{ min_points: 1, max_points: null, step_points: 20 }, 50],
  ])("keeps the shop's redemption limits %o", (limits, points) => {
    const account = new TestAccount()
    account.book(grantOf(1000))
    expect(account.refusal(redeemOf(points, 'r', { limits }))).toBe('redemption_limit')
  })

  it.each([0, -1, 1.5, Number.NaN, MAX_POINTS + 1])('refuses %d points', (points) => {
    const account = new TestAccount()
    account.book(grantOf(10))
    expect(account.refusal(grantOf(points, 'b'))).toBe('points_out_of_range')
    expect(account.refusal(redeemOf(points))).toBe('points_out_of_range')
  })

  it("refuses an earning under one of the ledger's own ids", () => {
    expect(new TestAccount().refusal(grantOf(1, 'x', { externalId: `order:1:earn:base` }))).toBe('validation_failed')
  })

  it('corrects up, down, and into debt only where that is permitted', () => {
    const account = new TestAccount()
    account.book(adjustOf(30, 'up'))
    account.book(adjustOf(-10, 'down'))
    expect(account.refusal(adjustOf(-50, 'too-much'))).toBe('insufficient_points')
    const forced = account.book(adjustOf(-50, 'forced', { allowDebt: true }))
    expect(forced.detail.debtMade).toBe(30)
    expect(account.account).toMatchObject({ posted: -30, debt: 30 })
  })

  it('names the second person who approved a correction, who is no part of what was corrected', () => {
    const account = new TestAccount()
    expect(account.book(adjustOf(30, 'up', { approvedBy: 'user:2' })).detail).toMatchObject({ approvedBy: 'user:2' })
    expect(account.book(adjustOf(-10, 'down', { approvedBy: 'user:2' })).detail).toMatchObject({ approvedBy: 'user:2' })
    expect(account.do(adjustOf(30, 'up', { approvedBy: 'user:3' })).outcome).toBe('duplicate')
    expect(account.book(adjustOf(5, 'small')).detail).not.toHaveProperty('approvedBy')
  })

  it('pays debt first; only the rest opens a lot', () => {
    const account = new TestAccount()
    account.book(adjustOf(-30, 'forced', { allowDebt: true }))
    expect(account.book(grantOf(20, 'a'))).toMatchObject({ allocations: [], detail: { debtPaid: 20 } })
    expect(account.book(grantOf(25, 'b'))).toMatchObject({ allocations: [{ lot: 3, points: 15 }] })
    expect(account.account).toMatchObject({ posted: 15, debt: 0 })
  })

  it('takes an opening balance once a row of the import', () => {
    const account = new TestAccount()
    const row = { kind: 'import', batchId: 'smile:1', row: 7, points: 300, terms: FOREVER } as const
    const base = { source: 'import', actor: 'user:1', effectiveAtMs: MONDAY_MS } as const
    expect(account.book({ ...row, ...base })).toMatchObject({ externalId: 'import:smile:1:7', points: 300 })
    expect(account.do({ ...row, ...base }).outcome).toBe('duplicate')
  })
})

describe('business ids', () => {
  it('books a repeated command once and answers with the first entry', () => {
    const account = new TestAccount()
    const first = account.book(grantOf(10))
    account.nowMs += 90 * DAY_MS
    const again = account.do(grantOf(10, 'a', { actor: 'api_key:other' }))
    expect(again).toMatchObject({ outcome: 'duplicate', entry: first })
    expect(again.changes.entries).toEqual([])
  })

  it('refuses the same id with other contents and names the fields that differ', () => {
    const account = new TestAccount()
    account.book(grantOf(10))
    const decision = account.do(grantOf(11, 'a', { reason: 'birthday' }))
    expect(decision).toMatchObject({ outcome: 'refused', refusal: { code: 'external_id_conflict' } })
    expect(decision).toHaveProperty('refusal.detail', expect.stringContaining('another points, reason;'))
    expect(account.history).toEqual(['earn 10'])
  })

  it("takes an order's two topics as one fact, also when the settings changed in between", () => {
    const account = new TestAccount()
    const created = orderOf()
    account.book(created)
    const paid = orderOf({ rule: { ...created.rule, version: 2, points: 5 }, returnWindowDays: 14 })
    expect(account.do(paid).outcome).toBe('duplicate')
    expect(account.history).toEqual(['earn 59'])
  })

  it('names the part of the money in which an order differs', () => {
    const account = new TestAccount()
    account.book(orderOf())
    const edited = orderOf({ parts: { ...orderOf().parts, goods: 6000 } })
    expect(account.do(edited)).toHaveProperty('refusal.detail', expect.stringContaining('another parts.goods;'))
  })

  it('that were booked are still answered after the account was merged away; new ones are refused', () => {
    const account = new TestAccount()
    account.book(grantOf(10))
    const merged = { ...account.account, mergedInto: '0b0f5f3e-7d0c-5b7a-9d0e-3b7c7c1f2a10' }
    const view = Object.assign(account, { account: merged })
    expect(decide(view, grantOf(10), MONDAY_MS).outcome).toBe('duplicate')
    expect(decide(view, grantOf(10, 'b'), MONDAY_MS)).toMatchObject({ refusal: { code: 'account_merged' } })
  })

  it('keeps the sequence when the clock goes back', () => {
    const account = new TestAccount()
    account.book(grantOf(10))
    account.nowMs -= DAY_MS
    expect(account.book(redeemOf(1)).recordedAtMs).toBe(MONDAY_MS)
  })
})
