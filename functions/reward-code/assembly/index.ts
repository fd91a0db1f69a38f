import { Goods, dearestLine, goodsOf, isEnough } from './goods'
import { Grant, grantOf, mayGive } from './grant'
import { Value, element, input, property, size, text, whole } from './input'
import { beginList, beginObject, beginOnly, endList, endObject, write, writeWhole } from './output'

/** Target `cart.lines.discounts.generate.run`: money or per cent off the order, or a free piece. */
export function cart_lines_discounts_generate_run(): void {
  const root = input()
  const grant = grantOf(root)
  if (grant === null) return giveNothing()
  const goods = goodsOf(root, grant)
  if (!isEnough(goods, grant)) return giveNothing()
  if (mayGive(root, 'ORDER')) {
    if (grant.is('amount_off')) return giveAmountOff(grant, goods)
    if (grant.is('percent_off')) return givePercentOff(grant, goods)
  }
  if (mayGive(root, 'PRODUCT') && grant.is('free_product')) return giveProduct(grant, dearestLine(root, grant))
  giveNothing()
}

/** Target `cart.delivery-options.discounts.generate.run`: free shipping. */
export function cart_delivery_options_discounts_generate_run(): void {
  const root = input()
  const grant = grantOf(root)
  if (grant === null || !grant.is('free_shipping') || !mayGive(root, 'SHIPPING')) return giveNothing()
  if (!isEnough(goodsOf(root, grant), grant)) return giveNothing()
  giveShipping(grant, property(property(root, 'cart'), 'deliveryGroups'))
}

function giveNothing(): void {
  beginOnly('operations')
  beginList(0)
  endList()
  endObject()
}

/** At most the share of the goods that the terms allow, and never more than the goods. */
function giveAmountOff(grant: Grant, goods: Goods): void {
  const wantedMinor = grant.currency.converted(text(property(grant.terms, 'amount')), grant.steps)
  const share = whole(property(grant.terms, 'share'))
  const mostMinor = share > 0 && share < 100 ? (goods.totalMinor * <i64>share) / 100 : goods.totalMinor
  const amountMinor = min<i64>(wantedMinor, mostMinor)
  if (amountMinor <= 0) return giveNothing()
  beginCandidate('orderDiscountsAdd', 'MAXIMUM', grant)
  writeOrderTarget(goods)
  write('value')
  beginOnly('fixedAmount')
  beginOnly('amount')
  write(grant.currency.decimal(amountMinor))
  endObject()
  endObject()
  endCandidate()
}

function givePercentOff(grant: Grant, goods: Goods): void {
  const percent = whole(property(grant.terms, 'percent'))
  if (percent < 1 || percent > 100) return giveNothing()
  beginCandidate('orderDiscountsAdd', 'MAXIMUM', grant)
  writeOrderTarget(goods)
  writePercentage(percent)
  endCandidate()
}

function giveProduct(grant: Grant, lineId: string): void {
  if (lineId.length == 0) return giveNothing()
  beginCandidate('productDiscountsAdd', 'MAXIMUM', grant)
  write('targets')
  beginList(1)
  beginOnly('cartLine')
  beginObject(2)
  write('id')
  write(lineId)
  write('quantity')
  writeWhole(1)
  endObject()
  endObject()
  endList()
  writePercentage(100)
  endCandidate()
}

/** Of this order: what a subscription ships later is in groups of its own. */
function giveShipping(grant: Grant, groups: Value): void {
  const ids = new Array<string>()
  for (let i = 0, n = size(groups); i < n; i++) {
    const group = element(groups, i)
    if (text(property(group, 'groupType')) != 'SUBSCRIPTION') ids.push(text(property(group, 'id')))
  }
  if (ids.length == 0) return giveNothing()
  beginCandidate('deliveryDiscountsAdd', 'ALL', grant)
  write('targets')
  beginList(ids.length)
  for (let i = 0; i < ids.length; i++) {
    beginOnly('deliveryGroup')
    beginOnly('id')
    write(ids[i])
    endObject()
    endObject()
  }
  endList()
  writePercentage(100)
  endCandidate()
}

/** The one operation with its one candidate, up to the candidate's targets and value, which follow. */
function beginCandidate(operation: string, strategy: string, grant: Grant): void {
  beginOnly('operations')
  beginList(1)
  beginOnly(operation)
  beginObject(2)
  write('selectionStrategy')
  write(strategy)
  write('candidates')
  beginList(1)
  beginObject(3)
  write('message')
  write(grant.title)
}

function endCandidate(): void {
  endObject()
  endList()
  endObject()
  endObject()
  endList()
  endObject()
}

function writeOrderTarget(goods: Goods): void {
  write('targets')
  beginList(1)
  beginOnly('orderSubtotal')
  beginOnly('excludedCartLineIds')
  beginList(goods.excluded.length)
  for (let i = 0; i < goods.excluded.length; i++) write(goods.excluded[i])
  endList()
  endObject()
  endObject()
  endList()
}

function writePercentage(percent: i32): void {
  write('value')
  beginOnly('percentage')
  beginOnly('value')
  write(percent.toString())
  endObject()
  endObject()
}
