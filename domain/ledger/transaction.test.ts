import { describe, expect, it } from 'vitest'
import { PointsEvent } from '../contracts/events.ts'
import { Transaction } from '../contracts/points.ts'
import { balanceOf } from './balance.ts'
import { decide } from './decide.ts'
import {
  adjustOf,
  captureOf,
  DAY_MS,
  Family,
  grantOf,
  holdOf,
  importOf,
  mergeInto,
  MONDAY_MS,
  orderOf,
  redeemOf,
  refundOf,
  TestAccount,
} from './examples.ts'
import { MemoryLedger } from './memory.ts'
import { eventStateOf, eventTypeOf, toPointsEvent, toPointsEvents, toTransaction, typeOf } from './transaction.ts'

const CUSTOMER = '0b0f5f3e-7d0c-5b7a-9d0e-3b7c7c1f2a10'
const OWNER = {
  merchantId: '3f2a1c4e-55d4-4c0f-8f0a-6a1d2b3c4d5e',
  customerId: CUSTOMER,
  shopifyCustomerGid: 'gid://shopify/Customer/115310627314723954',
  currency: 'USD',
}

function busyAccount(): TestAccount {
  const account = new TestAccount()
  account.book(orderOf({ returnWindowDays: 1 }))
  account.book(refundOf(1000))
  account.book(grantOf(50, 'a', { terms: { lotDays: 1, timeZone: 'Europe/Berlin' }, reason: 'review' }))
  account.book(redeemOf(10))
  account.book(holdOf(5))
  account.book(captureOf('h', 3))
  account.book(adjustOf(7))
  account.wait(3 * DAY_MS)
  return account
}

describe('an entry', () => {
  it('is a transaction with a founding type and a finer kind', () => {
    const account = busyAccount()
    const views = account.entries.map((entry) => Transaction.parse(toTransaction(entry, CUSTOMER)))
    expect(views.map(({ type, kind, points, pending_points }) => [type, kind, points, pending_points])).toEqual([
      ['earn', 'earn_pending', 0, 59],
      ['adjust', 'cancel_pending', 0, -10],
      ['earn', 'earn', 50, 0],
      ['redeem', 'redeem', -10, 0],
      ['redeem', 'hold', 0, 0],
      ['redeem', 'capture', -3, 0],
      ['adjust', 'adjust', 7, 0],
      ['earn', 'activate', 49, -49],
      ['adjust', 'expire', -37, 0],
    ])
    expect(views[2]).toMatchObject({
      id: `${CUSTOMER}:3`,
      reason: 'review',
      expires_at: '2026-03-03T23:00:00.000Z',
      order_id: null,
    })
  })

  it('is an event that says whose it is and what the balance is after it', () => {
    const account = busyAccount()
    const balance = balanceOf(account, CUSTOMER, account.nowMs)
    const events = account.entries.map((entry) => PointsEvent.parse(toPointsEvent(entry, balance, OWNER)))
    expect(events[0]).toMatchObject({
      event_id: `${CUSTOMER}:1`,
      event_type: 'points.adjusted',
      merchant_id: OWNER.merchantId,
      user_id: CUSTOMER,
      context: { order_id: 'gid://shopify/Order/820982911946154508', shopify_customer_id: OWNER.shopifyCustomerGid },
      seq: 1,
      data: { previous_hash: '', currency: 'EUR' },
    })
    expect(events[3]).toMatchObject({ event_type: 'points.redeemed', data: { currency: 'USD' } })
    expect(new Set(events.map((event) => event.event_id)).size).toBe(events.length)
  })

  it('is an event that tells what is left of the lots that it touched', () => {
    const account = busyAccount()
    const balance = balanceOf(account, CUSTOMER, account.nowMs)
    const eventOf = (seq: number) => {
      const entry = account.entries[seq - 1]
      if (entry === undefined) throw new Error(`there is no entry ${seq}`)
      return PointsEvent.parse(toPointsEvent(entry, balance, OWNER, eventStateOf(account, entry)))
    }
    // As they stand now, not as the entry left them: 37 of the 50 points have expired since.
    const lot = { lot: 3, granted: 50, remaining: 0, expired: 37, expires_at: '2026-03-03T23:00:00.000Z' }
    expect(eventOf(3).data).toMatchObject({ lots: [lot], merged_into: null })
    expect(eventOf(4).data.lots).toEqual([lot])
    expect(eventOf(7).data.lots).toEqual([{ lot: 7, granted: 7, remaining: 7, expired: 0, expires_at: null }])
    expect(eventOf(1).data.lots).toEqual([])
  })

  it('is an event that tells into whom the account was merged', () => {
    const { removed } = Family.ofTwo()
    const into = 'c56a4180-65aa-42ec-a945-5fd21dec0538'
    const entry = removed.book(mergeInto(into))
    const event = toPointsEvent(entry, balanceOf(removed, CUSTOMER, removed.nowMs), OWNER, eventStateOf(removed, entry))
    expect(PointsEvent.parse(event).data.merged_into).toBe(into)
  })

  it('that touched more lots than a message can hold is several events of one id', () => {
    const account = new MemoryLedger()
    for (let row = 1; row <= 1200; row += 1) account.apply(decide(account, importOf(1, row), MONDAY_MS).changes)
    account.apply(decide(account, redeemOf(1200), MONDAY_MS).changes)
    const entry = account.entries[1200]
    if (entry === undefined) throw new Error('nothing was redeemed')
    const balance = balanceOf(account, CUSTOMER, MONDAY_MS)
    const events = toPointsEvents(entry, balance, OWNER, eventStateOf(account, entry))
    expect(events.map(({ event_id, data }) => [event_id, data.lots.length])).toEqual([
      [`${CUSTOMER}:1201`, 500],
      [`${CUSTOMER}:1201`, 500],
      [`${CUSTOMER}:1201`, 200],
    ])
    expect(new Set(events.flatMap(({ data }) => data.lots.map(({ lot }) => lot))).size).toBe(1200)
    for (const event of events) expect(JSON.stringify(event).length).toBeLessThan(100_000)
  })

  it('has an event of its own type only where it changes spendable points by merit or by spending', () => {
    expect([typeOf('activate'), eventTypeOf('activate')]).toEqual(['earn', 'points.earned'])
    expect([typeOf('hold'), eventTypeOf('hold')]).toEqual(['redeem', 'points.adjusted'])
    expect([typeOf('reversal'), eventTypeOf('reversal')]).toEqual(['adjust', 'points.adjusted'])
  })
})

describe('each kind of entry', () => {
  it.each([
    ['earn', 'earn', 'points.earned'],
    ['earn_pending', 'earn', 'points.adjusted'],
    ['activate', 'earn', 'points.earned'],
    ['cancel_pending', 'adjust', 'points.adjusted'],
    ['redeem', 'redeem', 'points.redeemed'],
    ['hold', 'redeem', 'points.adjusted'],
    ['capture', 'redeem', 'points.redeemed'],
    ['release', 'redeem', 'points.adjusted'],
    ['adjust', 'adjust', 'points.adjusted'],
    ['expire', 'adjust', 'points.adjusted'],
    ['clawback', 'adjust', 'points.adjusted'],
    ['reversal', 'adjust', 'points.adjusted'],
    ['merge_out', 'adjust', 'points.adjusted'],
    ['merge_in', 'adjust', 'points.adjusted'],
    ['import', 'adjust', 'points.adjusted'],
  ] as const)('%s has a founding type and an event of its own', (kind, type, event) => {
    expect([typeOf(kind), eventTypeOf(kind)]).toEqual([type, event])
  })
})
