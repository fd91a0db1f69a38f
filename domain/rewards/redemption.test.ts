import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { LoyalNestEvent } from '../contracts/events.ts'
import { Redemption } from '../contracts/rewards.ts'
import { DAY_MS, ORDER, redeemOf } from '../ledger/examples.ts'
import { CUSTOMER, REDEMPTION, TestRedeemer } from './examples.ts'
import { toRedemption, toRedemptionEvent } from './public.ts'
import { redemptionViolations } from './invariants.ts'
import { LEASE_MS } from './redemption.ts'
import type { RedemptionRecord, RedemptionRequest, SettledBy } from './types.ts'

const ISSUED: SettledBy = { kind: 'issued', redeemCodeGid: 'gid://shopify/DiscountRedeemCode/1' }
const LOST: SettledBy = { kind: 'unanswered', maybeDone: true }
const HOUR_MS = 3_600_000

/** A customer with 1,000 points who has asked for 250 of them. */
function pending(change: Partial<RedemptionRequest> = {}): TestRedeemer {
  const redeemer = new TestRedeemer(1000)
  redeemer.redeem(change)
  return redeemer
}

function issued(change: Partial<RedemptionRequest> = {}): TestRedeemer {
  const redeemer = pending(change)
  redeemer.settle(REDEMPTION, 1, ISSUED)
  return redeemer
}

describe('a redemption', () => {
  it('holds its points while its code is being made, and spends them once it is', () => {
    const redeemer = pending()
    expect(redeemer.record(REDEMPTION)).toMatchObject({ state: 'pending', lease: 1, version: 1 })
    expect(redeemer.ledger.account).toMatchObject({ posted: 1000, held: 250 })
    expect(redeemer.settle(REDEMPTION, 1, ISSUED)).toMatchObject({
      state: 'issued',
      version: 2,
      capturedSeq: 3,
      nextAttemptAtMs: null,
      redeemCodeGid: 'gid://shopify/DiscountRedeemCode/1',
    })
    expect(redeemer.ledger.history).toEqual(['earn 1000', 'hold 0', 'capture -250'])
  })

  it('gives its points back if the shop refuses the code', () => {
    const redeemer = pending()
    expect(redeemer.settle(REDEMPTION, 1, { kind: 'refused', reason: 'shop_refused' })).toMatchObject({
      state: 'cancelled',
      cancelReason: 'shop_refused',
      pointsReturned: 250,
    })
    expect(redeemer.ledger.account).toMatchObject({ posted: 1000, held: 0 })
  })

  it('is refused beyond its limit for one customer, whom a cancelled one costs nothing', () => {
    const redeemer = pending({ limitPerCustomer: 2 })
    redeemer.settle(REDEMPTION, 1, { kind: 'refused', reason: 'shop_refused' })
    expect(redeemer.redeem({ id: 'second', limitPerCustomer: 2 })).toMatchObject({ state: 'pending' })
    expect(redeemer.redeem({ id: 'third', limitPerCustomer: 2 })).toMatchObject({ state: 'pending' })
    expect(redeemer.redeem({ id: 'fourth', limitPerCustomer: 2 })).toBe('reward_limit')
    expect(redeemer.redeem({ id: 'other', limitPerCustomer: 2, rewardId: 'other' })).toMatchObject({ state: 'pending' })
  })

  it('is refused beyond the balance', () => {
    expect(pending().redeem({ id: 'more', points: 751 })).toBe('insufficient_points')
  })

  it('shows its code once it works, and not before', () => {
    const redeemer = pending()
    const shown = (): Redemption | undefined => redeemer.records.map(toRedemption).at(0)
    expect(shown()).toMatchObject({ state: 'pending', code: null, points: 250 })
    redeemer.settle(REDEMPTION, 1, ISSUED)
    expect(shown()).toMatchObject({ state: 'issued', code: '7M3K-9QXA-4201-PQ7Z' })
    expect(Redemption.parse(shown())).toEqual(shown())
  })

  it('tells of its last change in an event, the same however often it is asked', () => {
    const redeemer = issued()
    const owner = { merchantId: CUSTOMER, customerId: CUSTOMER, shopifyCustomerGid: 'gid://shopify/Customer/1' }
    const [event] = redeemer.records.map((record) => toRedemptionEvent(record, owner))
    expect(LoyalNestEvent.parse(event)).toEqual(event)
    expect(event).toMatchObject({ event_id: `${REDEMPTION}:2`, seq: 2, timestamp: '2026-03-02T11:00:00.000Z' })
  })
})

describe('a lease', () => {
  it('is held by one at a time; a result under an older one changes nothing', () => {
    const redeemer = pending()
    expect(redeemer.drive(REDEMPTION, ISSUED)).toBeNull()
    redeemer.wait(LEASE_MS)
    expect(redeemer.drive(REDEMPTION, LOST)).toMatchObject({ lease: 2, state: 'pending' })
    expect(redeemer.settle(REDEMPTION, 1, ISSUED)).toMatchObject({ state: 'pending' })
    expect(redeemer.settle(REDEMPTION, 2, ISSUED)).toMatchObject({ state: 'pending' })
  })

  it('that ran out may have sent something until its last moment', () => {
    const redeemer = pending()
    redeemer.wait(LEASE_MS + 5000)
    expect(redeemer.drive(REDEMPTION, { kind: 'unanswered', maybeDone: false })).toMatchObject({
      unansweredAtMs: redeemer.nowMs - 5000,
    })
  })

  it('is not given where nothing is to be done', () => {
    const redeemer = issued()
    redeemer.wait(LEASE_MS)
    expect(redeemer.drive(REDEMPTION, ISSUED)).toBeNull()
  })

  it('that ends without an answer is followed by the next attempt, later each time', () => {
    const redeemer = pending()
    const delaysS = Array.from({ length: 9 }, (_, index) => {
      const record = index === 0 ? redeemer.settle(REDEMPTION, 1, LOST) : redeemer.drive(REDEMPTION, LOST)
      return ((record?.nextAttemptAtMs ?? 0) - redeemer.nowMs) / 1000
    })
    expect(delaysS).toEqual([15, 30, 60, 120, 240, 480, 900, 900, 900])
  })

  it('that goes on without an answer for days is asked about a few times a day', () => {
    const redeemer = pending()
    let attempts = 0
    for (const endMs = redeemer.nowMs + 28 * DAY_MS; redeemer.nowMs < endMs; attempts++) {
      const record = attempts === 0 ? redeemer.settle(REDEMPTION, 1, LOST) : redeemer.drive(REDEMPTION, LOST)
      redeemer.wait((record?.nextAttemptAtMs ?? 0) - redeemer.nowMs)
    }
    expect(attempts).toBeLessThan(160)
    expect(redeemer.record(REDEMPTION)).toMatchObject({ state: 'pending' })
  })

  it('whose holder dies each time is given again later each time', () => {
    const redeemer = pending()
    const delaysS = Array.from({ length: 7 }, () => {
      redeemer.wait((redeemer.record(REDEMPTION)?.nextAttemptAtMs ?? 0) - redeemer.nowMs)
      const leased = redeemer.take(REDEMPTION)
      return ((leased?.nextAttemptAtMs ?? 0) - redeemer.nowMs) / 1000
    })
    expect(delaysS).toEqual([20, 30, 60, 120, 240, 480, 900])
  })

  it('waits as long as the shop says, within reason', () => {
    const redeemer = pending()
    const notBeforeMs = redeemer.nowMs + 90_000
    const throttled: SettledBy = { kind: 'unanswered', maybeDone: false, notBeforeMs }
    expect(redeemer.settle(REDEMPTION, 1, throttled)).toMatchObject({
      nextAttemptAtMs: notBeforeMs,
      unansweredAtMs: null,
      version: 1,
    })
    const never: SettledBy = { ...throttled, notBeforeMs: Number.MAX_SAFE_INTEGER }
    const { nextAttemptAtMs } = redeemer.drive(REDEMPTION, never) ?? {}
    expect(nextAttemptAtMs).toBe(redeemer.nowMs + 6 * HOUR_MS)
  })
})

describe('the slot of a total limit', () => {
  const REFUSED: SettledBy = { kind: 'refused', reason: 'shop_refused' }

  it('is given back after the cancellation is written, under the same lease', () => {
    const redeemer = pending({ limitTotal: 5 })
    const cancelled = redeemer.settle(REDEMPTION, 1, REFUSED)
    expect(cancelled).toMatchObject({ state: 'cancelled', nextAttemptAtMs: redeemer.nowMs + LEASE_MS })
    expect(redeemer.take(REDEMPTION)).toBeNull()
    const freed = redeemer.settle(REDEMPTION, 1, { kind: 'slot_freed' })
    expect(freed).toMatchObject({ state: 'cancelled', nextAttemptAtMs: null, leaseEndsAtMs: 0 })
    expect(freed?.version).toBe(cancelled?.version)
  })

  it('is given back by the next driver where the first one died before', () => {
    const redeemer = pending({ limitTotal: 5 })
    redeemer.settle(REDEMPTION, 1, REFUSED)
    redeemer.wait(LEASE_MS)
    expect(redeemer.drive(REDEMPTION, { kind: 'slot_freed' })).toMatchObject({ nextAttemptAtMs: null })
    expect(redeemer.take(REDEMPTION)).toBeNull()
  })

  it('is given back by a job when the account gives up by itself, or a driver has seen that the code is gone', () => {
    const lost = pending({ limitTotal: 5 })
    lost.wait(29 * DAY_MS)
    expect(lost.record(REDEMPTION)).toMatchObject({ state: 'cancelled', nextAttemptAtMs: lost.nowMs })
    expect(lost.drive(REDEMPTION, { kind: 'slot_freed' })).toMatchObject({ nextAttemptAtMs: null })
    const back = issued({ limitTotal: 5 })
    back.end(REDEMPTION, 'by_customer')
    expect(back.drive(REDEMPTION, { kind: 'removed' })).toMatchObject({
      state: 'cancelled',
      nextAttemptAtMs: back.nowMs + LEASE_MS,
    })
  })

  it('stays with a code that expired, or was used late', () => {
    const expired = issued({ limitTotal: 5, codeValidDays: 1 })
    expired.wait(3 * DAY_MS)
    expect(expired.drive(REDEMPTION, { kind: 'removed' })).toMatchObject({ state: 'expired', nextAttemptAtMs: null })
    const late = pending({ limitTotal: 5 })
    late.settle(REDEMPTION, 1, REFUSED)
    expect(late.use(REDEMPTION)).toMatchObject({ state: 'used', nextAttemptAtMs: null })
  })
})

describe('giving up', () => {
  it('comes by itself before the hold runs out, and the late code still takes its points', () => {
    const redeemer = pending()
    redeemer.wait(29 * DAY_MS)
    expect(redeemer.record(REDEMPTION)).toMatchObject({ state: 'cancelled', cancelReason: 'shop_unreachable' })
    expect(redeemer.ledger.account).toMatchObject({ posted: 1000, held: 0 })
    expect(redeemer.use(REDEMPTION)).toMatchObject({ state: 'used', pointsReturned: 0 })
    expect(redeemer.ledger.account).toMatchObject({ posted: 750, held: 0 })
  })

  it('is harmless where the hold has run out already', () => {
    const redeemer = pending()
    redeemer.ledger.wait(40 * DAY_MS)
    redeemer.wait(0)
    expect(redeemer.ledger.history).toEqual(['earn 1000', 'hold 0', 'release 0'])
    expect(redeemer.record(REDEMPTION)).toMatchObject({ state: 'cancelled' })
  })
})

describe('an order with the code', () => {
  it('uses it up, once and for ever', () => {
    const redeemer = issued()
    const used = redeemer.use(REDEMPTION)
    expect(used).toMatchObject({ state: 'used', orderGid: ORDER, points: 250, pointsReturned: 0 })
    expect(redeemer.use(REDEMPTION)).toEqual(used)
    expect(redeemer.use(REDEMPTION, 'gid://shopify/Order/2')).toEqual(used)
    expect(redeemer.end(REDEMPTION, 'by_merchant')).toBe('redemption_closed')
    expect(redeemer.removed(REDEMPTION)).toEqual(used)
    expect(redeemer.ledger.account.posted).toBe(750)
  })

  it('may come before anybody knew that the code was issued', () => {
    const redeemer = pending()
    expect(redeemer.use(REDEMPTION)).toMatchObject({ state: 'used', capturedSeq: 3, orderGid: ORDER })
    expect(redeemer.settle(REDEMPTION, 1, { kind: 'refused', reason: 'shop_refused' })).toMatchObject({ state: 'used' })
    expect(redeemer.ledger.history).toEqual(['earn 1000', 'hold 0', 'capture -250'])
  })

  it('is named later where only its use was seen', () => {
    const redeemer = issued()
    redeemer.end(REDEMPTION, 'by_customer')
    expect(redeemer.drive(REDEMPTION, { kind: 'used', orderGid: null })).toMatchObject({
      state: 'used',
      orderGid: null,
    })
    expect(redeemer.use(REDEMPTION)).toMatchObject({ orderGid: ORDER })
    expect(redeemer.ledger.account.posted).toBe(750)
  })

  it('takes points again that had come back, into debt if they are spent', () => {
    const redeemer = issued()
    redeemer.end(REDEMPTION, 'by_customer')
    redeemer.drive(REDEMPTION, { kind: 'removed' })
    redeemer.ledger.book(redeemOf(1000))
    expect(redeemer.use(REDEMPTION)).toMatchObject({ state: 'used', pointsReturned: 0, cancelReason: null })
    expect(redeemer.ledger.account).toMatchObject({ posted: -250, debt: 250 })
    expect(redeemer.use(REDEMPTION)).toMatchObject({ version: 5 })
    expect(redeemer.ledger.account.posted).toBe(-250)
  })
})

describe('an order with the code that has expired', () => {
  it.each([true, false])('costs the points once; they had come back: %s', (expired) => {
    const redeemer = issued({ codeValidDays: 1, pointsBack: { expired, cancelled: true } })
    redeemer.wait(3 * DAY_MS)
    expect(redeemer.drive(REDEMPTION, { kind: 'removed' })).toMatchObject({ state: 'expired' })
    expect(redeemer.use(REDEMPTION)).toMatchObject({ state: 'used', pointsReturned: 0 })
    expect(redeemer.ledger.account.posted).toBe(750)
  })
})

describe('an end', () => {
  it('that is asked for comes once the shop has confirmed it, with the points', () => {
    const redeemer = issued()
    expect(redeemer.end(REDEMPTION, 'by_customer')).toMatchObject({ state: 'issued', ending: 'cancelled' })
    expect(redeemer.ledger.account.posted).toBe(750)
    expect(redeemer.drive(REDEMPTION, LOST)).toMatchObject({ state: 'issued', ending: 'cancelled' })
    redeemer.wait(HOUR_MS)
    expect(redeemer.drive(REDEMPTION, { kind: 'removed' })).toMatchObject({
      state: 'cancelled',
      ending: null,
      cancelReason: 'by_customer',
      pointsReturned: 250,
    })
    expect(redeemer.ledger.account.posted).toBe(1000)
    expect(redeemer.end(REDEMPTION, 'by_customer')).toBe('redemption_closed')
  })

  it('is not for customers whose points would not come back, but for the merchant', () => {
    const redeemer = issued({ pointsBack: { expired: true, cancelled: false } })
    expect(redeemer.end(REDEMPTION, 'by_customer')).toBe('reward_unavailable')
    redeemer.end(REDEMPTION, 'by_merchant')
    expect(redeemer.drive(REDEMPTION, { kind: 'removed' })).toMatchObject({ state: 'cancelled', pointsReturned: 0 })
    expect(redeemer.ledger.account.posted).toBe(750)
  })

  it('is not for one that is still being made', () => {
    expect(pending().end(REDEMPTION, 'by_customer')).toBe('redemption_closed')
  })

  it.each([
    [true, 1000],
    [false, 750],
  ])('comes with the last day of the code; points back: %s', (expired, posted) => {
    const redeemer = issued({ codeValidDays: 2, pointsBack: { expired, cancelled: true } })
    const endsAtMs = Date.UTC(2026, 2, 4, 23)
    expect(redeemer.record(REDEMPTION)).toMatchObject({ expiresAtMs: endsAtMs })
    redeemer.wait(endsAtMs - redeemer.nowMs - 1)
    expect(redeemer.record(REDEMPTION)).toMatchObject({ ending: null })
    redeemer.wait(1)
    expect(redeemer.record(REDEMPTION)).toMatchObject({ state: 'issued', ending: 'expired' })
    expect(redeemer.drive(REDEMPTION, { kind: 'removed' })).toMatchObject({ state: 'expired', cancelReason: null })
    expect(redeemer.ledger.account.posted).toBe(posted)
  })

  it('of many codes on the same day is not asked of the shop in the same moment', () => {
    const attempts = [0, 1, 2].map((minutes) => {
      const redeemer = new TestRedeemer(1000)
      redeemer.wait(minutes * 60_000)
      redeemer.redeem({ codeValidDays: 1 })
      redeemer.settle(REDEMPTION, 1, ISSUED)
      redeemer.wait((redeemer.record(REDEMPTION)?.expiresAtMs ?? 0) - redeemer.nowMs)
      return (redeemer.record(REDEMPTION)?.nextAttemptAtMs ?? 0) - redeemer.nowMs
    })
    expect(new Set(attempts).size).toBe(3)
    expect(Math.min(...attempts)).toBeGreaterThanOrEqual(0)
    expect(Math.max(...attempts)).toBeLessThan(HOUR_MS / 2)
  })

  it('counts the days of a code from when it works, not from when it was asked for', () => {
    const redeemer = pending({ codeValidDays: 1 })
    redeemer.wait(3 * DAY_MS)
    redeemer.drive(REDEMPTION, ISSUED)
    expect(redeemer.record(REDEMPTION)).toMatchObject({ state: 'issued', expiresAtMs: Date.UTC(2026, 2, 6, 23) })
  })

  it('that the merchant makes in the shop gives the points back; our own deletion is no such news', () => {
    const redeemer = issued()
    const ends = { ending: 'cancelled', cancelReason: 'removed_in_shop' }
    // Not at once: the news may be older than the code, which was deleted while it was being made and then added again.
    expect(redeemer.removed(REDEMPTION)).toMatchObject({ ...ends, state: 'issued', nextAttemptAtMs: redeemer.nowMs })
    expect(redeemer.ledger.account.posted).toBe(750)
    expect(redeemer.drive(REDEMPTION, { kind: 'removed' })).toMatchObject({ ...ends, state: 'cancelled', ending: null })
    expect(redeemer.ledger.account.posted).toBe(1000)
    const never = issued({ pointsBack: { expired: false, cancelled: false } })
    never.removed(REDEMPTION)
    expect(never.drive(REDEMPTION, { kind: 'removed' })).toMatchObject({ state: 'cancelled', pointsReturned: 250 })
    const ending = issued()
    ending.end(REDEMPTION, 'by_customer')
    expect(ending.removed(REDEMPTION)).toMatchObject({ state: 'issued', ending: 'cancelled' })
    expect(pending().removed(REDEMPTION)).toMatchObject({ state: 'pending' })
  })
})

const settlement = fc.oneof<fc.MaybeWeightedArbitrary<SettledBy>[]>(
  { weight: 4, arbitrary: fc.constant(ISSUED) },
  fc.constant<SettledBy>({ kind: 'refused', reason: 'shop_refused' }),
  { weight: 3, arbitrary: fc.constant<SettledBy>({ kind: 'removed' }) },
  fc.constant<SettledBy>({ kind: 'used', orderGid: null }),
  fc.constant<SettledBy>({ kind: 'slot_freed' }),
  fc.constant(LOST),
)
type Action = (redeemer: TestRedeemer) => unknown
const id = fc.constantFrom('a', 'b', 'c')
const asking = fc
  .record({
    id,
    codeValidDays: fc.constantFrom(null, 1, 1),
    back: fc.boolean(),
    limitTotal: fc.constantFrom(null, 5),
  })
  .map((asked): Action => (redeemer) => {
    const pointsBack = { expired: asked.back, cancelled: asked.back }
    if (redeemer.record(asked.id) === undefined) redeemer.redeem({ ...asked, pointsBack, points: 300 })
  })
const driving = fc.tuple(id, settlement).map(
  ([one, by]): Action =>
    (redeemer) =>
      redeemer.drive(one, by),
)
/** By the holder of the newest lease, or by one who comes too late. */
const settling = fc.tuple(id, fc.constantFrom(0, 0, 0, -1), settlement).map(
  ([one, late, by]): Action =>
    (redeemer) =>
      redeemer.settle(one, (redeemer.record(one)?.lease ?? 0) + late, by),
)
const ending = fc.tuple(id, fc.constantFrom('by_customer' as const, 'by_merchant' as const)).map(
  ([one, reason]): Action =>
    (redeemer) =>
      redeemer.end(one, reason),
)
const idling = fc.constantFrom(1000, LEASE_MS, LEASE_MS, 2 * DAY_MS, 2 * DAY_MS).map(
  (ms): Action =>
    (redeemer) =>
      redeemer.wait(ms),
)
const action = fc.oneof<fc.MaybeWeightedArbitrary<Action>[]>(
  { weight: 4, arbitrary: asking },
  { weight: 8, arbitrary: driving },
  { weight: 8, arbitrary: settling },
  { weight: 2, arbitrary: ending },
  { weight: 8, arbitrary: idling },
  fc.constant<Action>((redeemer) => redeemer.wait(35 * DAY_MS)),
  id.map(
    (one): Action =>
      (redeemer) =>
        redeemer.use(one),
  ),
  id.map(
    (one): Action =>
      (redeemer) =>
        redeemer.removed(one),
  ),
)

const CLOSED: ReadonlySet<RedemptionRecord['state']> = new Set(['used', 'expired', 'cancelled'])

describe('any story of redemptions', () => {
  it(
    'spends the points of exactly those that were issued and not given back, and leaves an end by a late use only',
    { timeout: 30_000 },
    () => {
      const seen = new Map<string, number>()
      fc.assert(
        fc.property(fc.array(action, { minLength: 20, maxLength: 60, size: 'max' }), (story) => {
          const redeemer = new TestRedeemer(1000)
          for (const happens of story) {
            const before = new Map(redeemer.records.map((record) => [record.id, record]))
            happens(redeemer)
            const changes = redeemer.records.flatMap((now) => {
              const was = before.get(now.id)
              return was === undefined ? [] : [{ was, now }]
            })
            for (const { was, now } of changes) count(seen, `${was.state} → ${now.state}`)
            expect(changes.filter(({ was, now }) => reopens(was, now))).toEqual([])
            expect(changes.filter(({ was, now }) => toText(was) !== toText(now) && now.version <= was.version)).toEqual(
              [],
            )
            expect(
              changes.filter(({ was, now }) => toText(was) === toText(now) && now.version !== was.version),
            ).toEqual([])
            expect(redemptionViolations(redeemer.records, redeemer.ledger.entries)).toEqual([])
            const { posted, held, debt } = redeemer.ledger.account
            const spent = redeemer.records
              .filter(({ state }) => state !== 'pending')
              .reduce((sum, { points, pointsReturned }) => sum + points - pointsReturned, 0)
            const waiting = redeemer.records.filter(({ state }) => state === 'pending')
            expect(posted).toBe(1000 - spent)
            expect(held).toBe(waiting.reduce((sum, { points }) => sum + points, 0))
            expect(debt).toBe(0)
          }
        }),
        { numRuns: 300 },
      )
      for (const step of [
        'pending → issued',
        'pending → cancelled',
        'pending → used',
        'issued → used',
        'issued → expired',
        'issued → cancelled',
        'cancelled → used',
      ]) {
        expect(seen.get(step) ?? 0, step).toBeGreaterThan(0)
      }
    },
  )
})

function count(seen: Map<string, number>, step: string): void {
  seen.set(step, (seen.get(step) ?? 0) + 1)
}

/** Whether an end was left for anything but a late use. */
function reopens(was: RedemptionRecord, now: RedemptionRecord): boolean {
  return CLOSED.has(was.state) && now.state !== was.state && now.state !== 'used'
}

/** What anybody sees of a redemption but its version. */
function toText(record: RedemptionRecord): string {
  return JSON.stringify({ ...toRedemption(record), version: 0 })
}
