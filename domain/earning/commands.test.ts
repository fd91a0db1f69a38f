import { describe, expect, it } from 'vitest'
import { MONDAY_MS, money, ORDER, settingsWith, TestAccount } from '../ledger/examples.ts'
import { commandsForOrder, commandsForRefund } from './commands.ts'
import { OrderFacts, type RefundFacts } from './facts.ts'

const REFUND: RefundFacts = {
  refund_gid: 'gid://shopify/Refund/929361464',
  order_gid: ORDER,
  currency: 'EUR',
  processed_at_ms: MONDAY_MS + 60_000,
  parts: money({ goods: 1990 }),
}

function factsWith(change: Partial<OrderFacts> = {}): OrderFacts {
  return OrderFacts.parse({
    order_gid: ORDER,
    buyer: { kind: 'customer', customer_gid: 'gid://shopify/Customer/115310627314723954' },
    test: false,
    paid: true,
    cancelled_at_ms: null,
    processed_at_ms: MONDAY_MS,
    currency: 'EUR',
    parts: money({ goods: 5990 }),
    refunds: [],
    ...change,
  })
}

function kindsOf(change: Partial<OrderFacts>, settings = settingsWith()): readonly string[] {
  return commandsForOrder(factsWith(change), settings).map(({ kind }) => kind)
}

describe("an order's webhook", () => {
  it('of a paid order asks to earn, as of when Shopify processed it', () => {
    const settings = settingsWith(
      {},
      { return_window_days: 14, expiry: { lot_days: 365, inactivity_days: null, calendar: null } },
      3,
    )
    expect(commandsForOrder(factsWith(), settings)).toMatchObject([
      {
        kind: 'earn_order',
        source: 'shopify',
        actor: 'shopify',
        effectiveAtMs: MONDAY_MS,
        orderGid: ORDER,
        rule: { version: 3, currency: 'EUR' },
        terms: { lotDays: 365, timeZone: 'Europe/Berlin' },
        returnWindowDays: 14,
      },
    ])
  })

  it('puts the refunds that it lists first, so that the order earns f(net) at once', () => {
    expect(kindsOf({ refunds: [REFUND] })).toEqual(['clawback', 'earn_order'])
    const account = new TestAccount()
    for (const command of commandsForOrder(factsWith({ refunds: [REFUND] }), settingsWith())) account.book(command)
    expect(account.available).toBe(40)
  })

  it.each([
    ['a test order', { test: true, refunds: [REFUND] }, []],
    ['an order of nobody', { buyer: { kind: 'nobody' }, refunds: [REFUND] }, []],
    ['an order not paid yet', { paid: false }, []],
    ['an order not paid yet, with a refund', { paid: false, refunds: [REFUND] }, ['clawback']],
    ['a cancelled order', { cancelled_at_ms: MONDAY_MS }, ['cancel_order']],
    [
      'an order refunded, then cancelled',
      { cancelled_at_ms: MONDAY_MS, refunds: [REFUND] },
      ['clawback', 'cancel_order'],
    ],
    ['a guest', { buyer: { kind: 'guest', email_index: 'ab'.repeat(32) } }, ['earn_order']],
    ['an order of zero', { parts: money() }, ['earn_order']],
    ['an edited order', { edited_at_ms: MONDAY_MS }, ['edit_order', 'earn_order']],
    ['an edited order with a rest to be paid', { edited_at_ms: MONDAY_MS, paid: false }, []],
  ] as const)('of %s', (_, change, expected) => {
    expect(kindsOf({ ...change, refunds: 'refunds' in change ? [...change.refunds] : [] })).toEqual(expected)
  })

  it('still takes back what was earned before earning was switched off', () => {
    const off = settingsWith({ enabled: false })
    expect(kindsOf({}, off)).toEqual([])
    expect(kindsOf({ refunds: [REFUND] }, off)).toEqual(['clawback'])
    expect(kindsOf({ cancelled_at_ms: MONDAY_MS }, off)).toEqual(['cancel_order'])
  })

  it('counts in the currency of the order', () => {
    const [command] = commandsForOrder(factsWith({ currency: 'JPY', parts: money({ goods: 500 }) }), settingsWith())
    const account = new TestAccount()
    if (command) account.book(command)
    expect(account.available).toBe(500)
  })
})

describe("a refund's webhook", () => {
  it('asks for the same as the refund within its order', () => {
    const listed = commandsForOrder(factsWith({ refunds: [REFUND] }), settingsWith())
    expect(listed.slice(0, 1)).toEqual(commandsForRefund(REFUND))
  })
})
