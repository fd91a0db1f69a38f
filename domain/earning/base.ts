import type { FrozenRule } from '../ledger/types.ts'
import type { MoneyParts } from './facts.ts'

/** The switches of a rule that say which money counts. */
export type Basis = Pick<
  FrozenRule,
  'tax' | 'include_shipping' | 'include_tips' | 'include_gift_cards' | 'before_discounts'
>

/** An amount with its tax brought to what the rule counts: the amount as priced, with all tax, or without any. Never negative. */
function taxed(basis: Basis, amountMinor: number, taxMinor: number, taxesIncluded: boolean): number {
  switch (basis.tax) {
    case 'as_priced':
      return amountMinor
    case 'include':
      return taxesIncluded ? amountMinor : amountMinor + taxMinor
    case 'exclude':
      return taxesIncluded ? Math.max(0, amountMinor - taxMinor) : amountMinor
  }
}

/**
 * What a rule counts of an order's or a refund's money, in minor units. Goods after discounts always count; tips and
 * gift cards carry no tax. With `before_discounts` the discount is added as priced.
 */
export function baseMinor(basis: Basis, parts: MoneyParts): number {
  const goodsMinor = taxed(basis, parts.goods, parts.goods_tax, parts.taxes_included)
  const shippingMinor = taxed(basis, parts.shipping, parts.shipping_tax, parts.taxes_included)
  return (
    goodsMinor +
    (basis.before_discounts ? parts.goods_discount : 0) +
    (basis.include_shipping ? shippingMinor : 0) +
    (basis.include_tips ? parts.tips : 0) +
    (basis.include_gift_cards ? parts.gift_cards : 0)
  )
}
