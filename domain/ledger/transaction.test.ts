import { describe, expect, it } from 'vitest'
import { PointsEvent } from '../contracts/events.ts'
import { Transaction } from '../contracts/points.ts'
import { balanceOf } from './balance.ts'
import { adjustOf, captureOf, DAY_MS, grantOf, holdOf, orderOf, redeemOf, refundOf, TestAccount } from './examples.ts'
import { eventTypeOf, toPointsEvent, toTransaction, typeOf } from './transaction.ts'

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

  it('has an event of its own type only where it changes spendable points by merit or by spending', () => {
    expect([typeOf('activate'), eventTypeOf('activate')]).toEqual(['earn', 'points.earned'])
    expect([typeOf('hold'), eventTypeOf('hold')]).toEqual(['redeem', 'points.adjusted'])
    expect([typeOf('reversal'), eventTypeOf('reversal')]).toEqual(['adjust', 'points.adjusted'])
  })
})
