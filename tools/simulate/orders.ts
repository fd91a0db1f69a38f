import { defaultSettings } from '../../domain/contracts/settings.ts'
import type { MoneyParts } from '../../domain/earning/facts.ts'
import { freezeRule } from '../../domain/earning/rule.ts'
import type { FrozenRule } from '../../domain/ledger/types.ts'

/** Orders by number: what each is worth, what its refunds are, and what edits make of it. The same on every telling. */

function rulesOf(currency: string): readonly [FrozenRule, ...FrozenRule[]] {
  const defaults = defaultSettings(currency, 'Europe/Berlin')
  const rule = (version: number, change: Partial<typeof defaults.earning>) =>
    freezeRule({
      version,
      updated_at: '2026-01-01T00:00:00.000Z',
      settings: { ...defaults, earning: { ...defaults.earning, ...change } },
    })
  return [
    rule(1, {}),
    rule(2, { points: 1, per_amount: '10' }),
    rule(3, { points: 3, per_amount: '0.30', rounding: 'half_up' }),
    rule(4, { points: 7, per_amount: '2', rounding: 'ceil', include_shipping: true, include_tips: true }),
    rule(5, { tax: 'exclude', before_discounts: true, include_gift_cards: true }),
  ]
}

/** Rules of shops in currencies with two, no and three decimals. */
export const RULES = [rulesOf('EUR'), rulesOf('JPY'), rulesOf('KWD')] as const

/** An order's money as it was paid. */
export function orderMoney(id: number): MoneyParts {
  return {
    taxes_included: id % 2 === 0,
    goods: id * 1_733,
    goods_tax: id * 61,
    goods_discount: id * 110,
    gift_cards: (id % 3) * 500,
    shipping: (id % 4) * 290,
    shipping_tax: (id % 4) * 40,
    tips: (id % 5) * 100,
  }
}

/** A part of the order's money: three of them are less than all of it. */
export function refundMoney(id: number, part: number): MoneyParts {
  const order = orderMoney(id)
  const share = (minor: number) => (part === 3 ? 0 : Math.floor((minor * part) / 4))
  return {
    taxes_included: false,
    goods: part === 3 ? 1 : share(order.goods),
    goods_tax: share(order.goods_tax),
    goods_discount: share(order.goods_discount),
    gift_cards: share(order.gift_cards),
    shipping: share(order.shipping),
    shipping_tax: share(order.shipping_tax),
    tips: share(order.tips),
  }
}

/** Edits of an order, in the order in which they were made: more goods, fewer, none, and only another tip. */
export const EDITS = 4

/** An order's money after its `edit`-th edit, from 1. */
export function editedMoney(id: number, edit: number): MoneyParts {
  const order = orderMoney(id)
  if (edit === 4) return { ...order, tips: order.tips + 1 }
  const share = (minor: number) => Math.floor((minor * ([3, 1, 0][edit - 1] ?? 2)) / 2)
  return {
    ...order,
    goods: share(order.goods),
    goods_tax: share(order.goods_tax),
    goods_discount: share(order.goods_discount),
  }
}
