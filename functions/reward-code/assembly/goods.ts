import { Grant } from './grant'
import { Value, element, isString, property, size, text, truth } from './input'

/** The cart's lines as the terms see them. */
export class Goods {
  constructor(
    /** What the lines that count cost before discounts, in minor units. */
    public readonly totalMinor: i64,
    /** The ids of the others: gift cards, and goods outside the reward's collections. */
    public readonly excluded: Array<string>,
  ) {}
}

export function goodsOf(input: Value, grant: Grant): Goods {
  const lines = linesOf(input)
  const collections = property(grant.terms, 'collections')
  const excluded = new Array<string>()
  let totalMinor: i64 = 0
  for (let i = 0, n = size(lines); i < n; i++) {
    const line = element(lines, i)
    const merchandise = property(line, 'merchandise')
    if (isGiftCard(merchandise) || !inCollections(merchandise, collections)) {
      excluded.push(text(property(line, 'id')))
    } else {
      totalMinor += grant.currency.minor(text(property(property(property(line, 'cost'), 'subtotalAmount'), 'amount')))
    }
  }
  return new Goods(totalMinor, excluded)
}

/** Whether there are goods, for as much as the terms ask. */
export function isEnough(goods: Goods, grant: Grant): bool {
  if (goods.totalMinor <= 0) return false
  const minimum = property(grant.terms, 'minimum')
  if (!isString(minimum)) return true
  const minimumMinor = grant.currency.converted(text(minimum), 1)
  return minimumMinor >= 0 && goods.totalMinor >= minimumMinor
}

/** The id of the line with the dearest piece of one of the terms' variants; empty if there is none that costs anything. */
export function dearestLine(input: Value, grant: Grant): string {
  const lines = linesOf(input)
  const variants = property(grant.terms, 'variants')
  let dearest = ''
  let dearestMinor: i64 = 0
  for (let i = 0, n = size(lines); i < n; i++) {
    const line = element(lines, i)
    const merchandise = property(line, 'merchandise')
    const variant = text(property(merchandise, 'id'))
    if (isGiftCard(merchandise) || !has(variants, variant)) continue
    const amount = text(property(property(property(line, 'cost'), 'amountPerQuantity'), 'amount'))
    const pieceMinor = grant.currency.minor(amount)
    if (pieceMinor > dearestMinor) {
      dearest = text(property(line, 'id'))
      dearestMinor = pieceMinor
    }
  }
  return dearest
}

function linesOf(input: Value): Value {
  return property(property(input, 'cart'), 'lines')
}

/** Of a variant its product says so, of a custom line (draft orders) the line itself. */
function isGiftCard(merchandise: Value): bool {
  return text(property(merchandise, '__typename')) == 'ProductVariant'
    ? truth(property(property(merchandise, 'product'), 'isGiftCard'))
    : truth(property(merchandise, 'isGiftCard'))
}

/** No collections: all goods. The memberships are those of all collections that any terms of the reward name. */
function inCollections(merchandise: Value, collections: Value): bool {
  if (size(collections) == 0) return true
  const memberships = property(merchandise, 'in')
  for (let i = 0, n = size(memberships); i < n; i++) {
    const membership = element(memberships, i)
    if (truth(property(membership, 'is')) && has(collections, text(property(membership, 'id')))) return true
  }
  return false
}

function has(list: Value, wanted: string): bool {
  if (wanted.length == 0) return false
  for (let i = 0, n = size(list); i < n; i++) if (text(element(list, i)) == wanted) return true
  return false
}
