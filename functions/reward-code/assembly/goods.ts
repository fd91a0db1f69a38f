import { Grant } from './grant'
import { Value, element, isString, property, size, text, texts, truth, whole } from './input'

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
  const selection = whole(property(grant.terms, 'collections'))
  const excluded = new Array<string>()
  let totalMinor: i64 = 0
  for (let i = 0, n = size(lines); i < n; i++) {
    const line = element(lines, i)
    const merchandise = property(line, 'merchandise')
    if (isGiftCard(merchandise) || !isSelected(merchandise, selection)) {
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
  const variants = texts(property(grant.terms, 'variants'))
  let dearest = ''
  let dearestMinor: i64 = 0
  for (let i = 0, n = size(lines); i < n; i++) {
    const line = element(lines, i)
    const merchandise = property(line, 'merchandise')
    const variant = text(property(merchandise, 'id'))
    if (isGiftCard(merchandise) || !variants.includes(variant)) continue
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

/** By the number of a selection of collections; 0: all goods. */
function isSelected(merchandise: Value, selection: i32): bool {
  return selection == 0 || (selection > 0 && truth(property(merchandise, 'in' + selection.toString())))
}
