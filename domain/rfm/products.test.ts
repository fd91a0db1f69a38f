import { expect, test } from 'vitest'
import { productSegments, rfmProducts, type SoldLine } from './products.ts'
import { DEFAULT_RULES } from './segments.ts'

function line(product: string, order: number, customer: string, netMinor: number, isService = false): SoldLine {
  const orderGid = `gid://shopify/Order/${order}`
  return { productGid: product, orderGid, customerId: customer, soldAtMs: order, netMinor, isService }
}

const SOLD = [
  line('tea', 1, 'mira', 500),
  line('tea', 1, 'mira', 250),
  line('tea', 2, 'mira', 500),
  line('tea', 3, 'chloé', 500),
  line('cup', 3, 'chloé', 900),
  line('cup', 4, 'chloé', 0),
  line('postage', 4, 'mira', 490, true),
]

test('a product counts orders once, buyers once, and what was kept', () => {
  expect(rfmProducts(SOLD)).toEqual([
    { productGid: 'cup', lastAtMs: 3, orders: 1, spentMinor: 900, buyers: 1, repeatBuyers: 0 },
    { productGid: 'tea', lastAtMs: 3, orders: 3, spentMinor: 1_750, buyers: 2, repeatBuyers: 1 },
  ])
  expect(rfmProducts(SOLD.toReversed())).toEqual(rfmProducts(SOLD))
})

test('the best product of five is a champion', () => {
  const five = ['a', 'b', 'c', 'd', 'e'].flatMap((name, rank) =>
    Array.from({ length: rank + 1 }, (_, sale) => line(name, 10 * rank + sale, `customer ${sale}`, 100)),
  )
  const segments = productSegments(rfmProducts(five), DEFAULT_RULES)
  expect(segments.map(({ product, segment }) => [product.productGid, segment])).toEqual([
    ['a', 'dormant'],
    ['b', 'dormant'],
    ['c', 'needs_attention'],
    ['d', 'loyal'],
    ['e', 'champions'],
  ])
})
