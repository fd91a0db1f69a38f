import { describe, expect, it } from 'vitest'
import {
  captureOf,
  DAY_MS,
  grantOf,
  holdOf,
  redeemOf,
  refundOf,
  orderOf,
  releaseOf,
  TestAccount,
  tillRedeemOf,
  adjustOf,
} from './examples.ts'

const TWO_DAYS = { lotDays: 2, timeZone: 'Europe/Berlin' }

function accountWith(points: number, terms = TWO_DAYS): TestAccount {
  const account = new TestAccount()
  account.book(grantOf(points, 'a', { terms }))
  return account
}

describe('a hold', () => {
  it('sets points aside, so that nothing else spends them', () => {
    const account = accountWith(100)
    account.book(holdOf(80))
    expect(account.account).toMatchObject({ posted: 100, held: 80 })
    expect(account.refusal(redeemOf(21))).toBe('insufficient_points')
    expect(account.refusal(holdOf(21, 'h2'))).toBe('insufficient_points')
  })

  it('is captured in part; the rest is spendable again', () => {
    const account = accountWith(100)
    account.book(holdOf(80))
    expect(account.book(captureOf('h', 30))).toMatchObject({ points: -30, detail: { heldPoints: 50 } })
    expect(account.account).toMatchObject({ posted: 70, held: 0, lifetime: { redeemed: 30 } })
  })

  it('is captured as a whole unless told otherwise, once', () => {
    const account = accountWith(100)
    account.book(holdOf(80))
    expect(account.book(captureOf()).points).toBe(-80)
    expect(account.do(captureOf()).outcome).toBe('duplicate')
    expect(account.refusal(releaseOf())).toBe('hold_closed')
  })

  it('cannot be captured beyond its points', () => {
    const account = accountWith(100)
    account.book(holdOf(80))
    expect(account.refusal(captureOf('h', 81))).toBe('insufficient_points')
  })

  it('that was released cannot be captured', () => {
    const account = accountWith(100)
    account.book(holdOf(80))
    account.book(releaseOf())
    expect(account.do(releaseOf()).outcome).toBe('duplicate')
    expect(account.refusal(captureOf())).toBe('hold_closed')
    expect(account.available).toBe(100)
  })

  it('that nobody placed cannot be ended', () => {
    expect(accountWith(1).refusal(captureOf())).toBe('not_found')
    expect(accountWith(1).refusal(releaseOf())).toBe('not_found')
  })

  it("must not be named like another hold's end", () => {
    expect(accountWith(5).refusal(holdOf(1, 'h:capture'))).toBe('validation_failed')
  })

  it('ends by itself after its timeout, as of that time', () => {
    const account = accountWith(100)
    const { effectiveAtMs } = holdOf(80)
    account.book(holdOf(80, 'h', 60_000))
    account.nowMs += 3_600_000
    expect(account.refusal(captureOf())).toBe('hold_closed')
    expect(account.entries.at(-1)).toMatchObject({
      type: 'release',
      effectiveAtMs: effectiveAtMs + 60_000,
      actor: 'system',
    })
    expect(account.do(releaseOf()).outcome).toBe('duplicate')
  })
})

describe('a hold on points that expire', () => {
  it('spends first what ends first, when it is captured in part', () => {
    const account = new TestAccount()
    account.book(grantOf(50, 'lasting'))
    account.book(grantOf(30, 'ending', { terms: TWO_DAYS }))
    account.book(holdOf(80))
    const { allocations } = account.book(captureOf('h', 40))
    expect(allocations).toEqual([
      { lot: 2, points: -30 },
      { lot: 1, points: -10 },
    ])
  })

  it('keeps what it pins beyond the expiry; the rest expires', () => {
    const account = accountWith(100)
    account.book(holdOf(80, 'h', 10 * DAY_MS))
    account.wait(3 * DAY_MS)
    expect(account.account).toMatchObject({ posted: 80, held: 80 })
    account.book(captureOf())
    expect(account.history).toEqual(['earn 100', 'hold 0', 'expire -20', 'capture -80'])
  })

  it('lets what a release gives back expire at once', () => {
    const account = accountWith(100)
    account.book(holdOf(80, 'h', 10 * DAY_MS))
    account.wait(3 * DAY_MS)
    account.book(releaseOf())
    expect(account.history).toEqual(['earn 100', 'hold 0', 'expire -20', 'release 0', 'expire -80'])
    expect(account.entries.map(({ externalId }) => externalId).filter((id) => id.startsWith('expire'))).toEqual([
      'expire:1:2026-03-04',
      'expire:1:2026-03-04:5',
    ])
  })

  it('lets it expire at once from the very instant at which the lot ends', () => {
    const account = accountWith(100)
    account.book(holdOf(100, 'h', 10 * DAY_MS))
    account.nowMs = Date.UTC(2026, 2, 4, 23)
    account.book(releaseOf())
    expect(account.available).toBe(0)
  })

  it('lets what a capture leaves expire at once', () => {
    const account = accountWith(100)
    account.book(holdOf(100, 'h', 10 * DAY_MS))
    account.wait(3 * DAY_MS)
    account.book(captureOf('h', 30))
    expect(account.history).toEqual(['earn 100', 'hold 0', 'capture -30', 'expire -70'])
  })

  it('pays debt with what comes back before any of it expires', () => {
    const account = new TestAccount()
    account.book(orderOf({ terms: TWO_DAYS }))
    account.book(holdOf(59, 'h', 10 * DAY_MS))
    account.book(refundOf(5990))
    account.wait(3 * DAY_MS)
    account.book(releaseOf())
    expect(account.history).toEqual(['earn 59', 'hold 0', 'clawback -59', 'release 0', 'expire 0'])
    expect(account.account).toMatchObject({ posted: 0, debt: 0 })
  })
})

describe('a redemption at a till that was offline', () => {
  it('may leave the customer owing what nothing covers', () => {
    const account = new TestAccount()
    account.book(grantOf(30))
    expect(account.book(tillRedeemOf(50, 20))).toMatchObject({
      points: -50,
      externalId: 'redeem:pos:till:1',
      allocations: [{ lot: 1, points: -30 }],
      detail: { debtMade: 20 },
    })
    expect(account.account).toMatchObject({ posted: -20, debt: 20 })
  })

  it('may not leave more owing in all than the shop allows', () => {
    const account = new TestAccount()
    account.book(grantOf(30))
    expect(account.do(tillRedeemOf(51, 20))).toMatchObject({
      refusal: { code: 'insufficient_points', detail: '51 points are needed, 30 are available.', pointer: '/points' },
    })
    account.book(tillRedeemOf(45, 20, '1'))
    expect(account.refusal(tillRedeemOf(6, 20, '2'))).toBe('insufficient_points')
    expect(account.book(tillRedeemOf(5, 20, '3')).detail).toEqual({ debtMade: 5 })
  })

  it('may not make more debt than is left to the till, and says that this is why', () => {
    const account = new TestAccount()
    account.book(grantOf(30))
    const redemption = tillRedeemOf(50, 500, '1', { overdraftMadePoints: 19 })
    expect(account.do(redemption)).toMatchObject({
      refusal: { code: 'insufficient_points', pointer: '/overdraft_made_points' },
    })
    expect(account.book({ ...redemption, overdraftMadePoints: 20 }).detail).toEqual({ debtMade: 20 })
  })

  it('takes what the balance covers also from a customer who owes more than the shop allows', () => {
    const account = new TestAccount()
    account.book(grantOf(100))
    account.book(holdOf(100))
    account.book(adjustOf(-60, 'wrong', { allowDebt: true }))
    account.book(releaseOf())
    expect(account.book(tillRedeemOf(40, 20)).detail).toEqual({})
    expect(account.refusal(tillRedeemOf(1, 20, '2'))).toBe('insufficient_points')
  })

  it('owes nothing where the till allows nothing', () => {
    const account = new TestAccount()
    account.book(grantOf(30))
    expect(account.refusal(tillRedeemOf(31, 0))).toBe('insufficient_points')
  })

  it("has ids that no caller of the API can use, and so have a till's sales", () => {
    const account = new TestAccount()
    expect(account.refusal(redeemOf(1, 'pos:till:1'))).toBe('validation_failed')
    expect(account.refusal(grantOf(1, 'a', { externalId: 'pos:till:1' }))).toBe('validation_failed')
    account.book(grantOf(1, 'a', { externalId: 'pos:till:1', source: 'pos', actor: 'device:till' }))
  })
})
