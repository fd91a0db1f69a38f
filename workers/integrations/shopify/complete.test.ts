import { describe, expect, it } from 'vitest'
import { completeCustomer, completeOrder, completeRefund } from './complete.ts'
import { orderFacts, refundFacts } from './facts.ts'
import { Customer, Order, Refund } from './payloads.ts'

const NOW = Date.parse('2026-08-01T12:00:00Z')

describe('a payload without gids and money sets', () => {
  it('is an order with the same facts as one that has them', () => {
    const plain = completeOrder({
      id: 4711,
      currency: 'KWD',
      financial_status: 'paid',
      customer: { id: 12 },
      line_items: [
        {
          quantity: 2,
          price: '10.000',
          tax_lines: [{ price: '0.500' }],
          discount_allocations: [{ amount: '1.250' }],
        },
      ],
      shipping_lines: [{ price: '2.000' }],
    })
    const order = Order.parse(plain)
    expect(order.customer).toEqual({ admin_graphql_api_id: 'gid://shopify/Customer/12' })
    expect(orderFacts('orders/paid', order, NOW)).toMatchObject({
      order_gid: 'gid://shopify/Order/4711',
      currency: 'KWD',
      processed_at_ms: NOW,
      parts: { goods: 18_750, goods_tax: 500, goods_discount: 1250, shipping: 2000 },
    })
  })

  it("is a refund in the shop's currency, also with amounts as numbers and without its lines", () => {
    const plain = completeRefund(
      {
        id: 7,
        order_id: '820982911946154508',
        refund_line_items: [{ quantity: 1, subtotal: 89.99, total_tax: 0 }],
        order_adjustments: [{ kind: 'refund_discrepancy', amount: '9.99', tax_amount: '0.00' }],
      },
      'EUR',
    )
    const refund = Refund.parse(plain)
    expect(refundFacts(refund, { gid: refund.order_id, currency: 'EUR' }, NOW)).toMatchObject({
      refund_gid: 'gid://shopify/Refund/7',
      order_gid: 'gid://shopify/Order/820982911946154508',
      parts: { goods: 80_00 },
    })
  })

  it('is a customer', () => {
    const customer = completeCustomer({
      id: '5',
      created_at: '2026-07-31T10:00:00Z',
      updated_at: '2026-07-31T10:00:00Z',
    })
    expect(Customer.parse(customer).admin_graphql_api_id).toBe('gid://shopify/Customer/5')
  })
})

describe('what is not guessed', () => {
  it('an id beyond 2^53, whose last digits JSON.parse has rounded', () => {
    const issues = Order.safeParse(completeOrder({ id: 820_982_911_946_154_500, currency: 'EUR', line_items: [] }))
      .error?.issues
    expect(issues?.map(({ path }) => path.join('.'))).toEqual(['admin_graphql_api_id'])
  })

  it('what the payload does say', () => {
    const line = { quantity: 1, price: '99.00', price_set: { shop_money: { amount: '5.00', currency_code: 'EUR' } } }
    const order = Order.parse(
      completeOrder({ admin_graphql_api_id: 'gid://shopify/Order/1', id: 2, currency: 'EUR', line_items: [line] }),
    )
    expect(orderFacts('orders/paid', order, NOW)).toMatchObject({
      order_gid: 'gid://shopify/Order/1',
      parts: { goods: 5_00 },
    })
  })

  it.each([
    null,
    'text',
    7,
    [],
    { id: 1 },
    { id: 1, currency: 'EUR' },
    { line_items: 'none' },
    { line_items: [null, 'x'] },
  ])('%j is left for the schema', (payload) => {
    expect(Order.safeParse(completeOrder(payload)).success).toBe(false)
  })
})
