import { type Mutant, mutant } from '../mutant.ts'

/** What an amount of money is worth. */
export const OF_RULE: readonly Mutant[] = [
  mutant(
    'rounding up',
    'earning/rule.ts',
    'return Number(numerator / denominator)',
    'return Number(numerator / denominator) + 1',
  ),
  mutant(
    'rounding half down',
    'earning/rule.ts',
    '(2n * numerator + denominator) / (2n * denominator)',
    '(2n * numerator + denominator - 1n) / (2n * denominator)',
  ),
  mutant(
    'tax counts twice',
    'earning/base.ts',
    'return taxesIncluded ? amountMinor : amountMinor + taxMinor',
    'return amountMinor + taxMinor',
  ),
  mutant('shipping always earns', 'earning/base.ts', '(basis.include_shipping ? shippingMinor : 0)', 'shippingMinor'),
]
