import { type RfmColumns, type RfmThresholds, rfmScores, rfmThresholds } from './score.ts'
import { type Segment, segmentOf, type SegmentRule } from './segments.ts'

/** One line of a counted order, net of refunds. */
export interface SoldLine {
  readonly productGid: string
  readonly orderGid: string
  readonly customerId: string
  readonly soldAtMs: number
  /** In minor units of the shop's currency. */
  readonly netMinor: number
  /** Postage, manual entries, bank charges, gift wrap: no product that anyone is loyal to. */
  readonly isService: boolean
}

/** A product's row: the same three numbers as a customer's, and who bought it. */
export interface RfmProduct {
  readonly productGid: string
  readonly lastAtMs: number
  /** Distinct orders. */
  readonly orders: number
  readonly spentMinor: number
  readonly buyers: number
  /** Buyers with two orders of it or more. */
  readonly repeatBuyers: number
}

/** The rows of all products that were sold and kept, by gid; the same for every order of the lines. */
export function rfmProducts(lines: readonly SoldLine[]): readonly RfmProduct[] {
  const kept = lines.filter(({ isService, netMinor }) => !isService && netMinor > 0)
  const byProduct = Map.groupBy(kept, ({ productGid }) => productGid)
  return [...byProduct].toSorted(([a], [b]) => (a < b ? -1 : 1)).map(([productGid, sold]) => rowOf(productGid, sold))
}

function rowOf(productGid: string, sold: readonly SoldLine[]): RfmProduct {
  const byBuyer = Map.groupBy(sold, ({ customerId }) => customerId)
  const ordersOf = (some: readonly SoldLine[]) => new Set(some.map(({ orderGid }) => orderGid)).size
  return {
    productGid,
    lastAtMs: sold.reduce((last, { soldAtMs }) => Math.max(last, soldAtMs), Number.NEGATIVE_INFINITY),
    orders: ordersOf(sold),
    spentMinor: sold.reduce((sum, { netMinor }) => sum + netMinor, 0),
    buyers: byBuyer.size,
    repeatBuyers: [...byBuyer.values()].filter((theirs) => ordersOf(theirs) >= 2).length,
  }
}

/** The three columns of rows, for thresholds. */
export function columnsOf(
  rows: readonly { readonly lastAtMs: number; readonly orders: number; readonly spentMinor: number }[],
): RfmColumns {
  return {
    lastAtMs: Float64Array.from(rows, ({ lastAtMs }) => lastAtMs),
    orders: Float64Array.from(rows, ({ orders }) => orders),
    spentMinor: Float64Array.from(rows, ({ spentMinor }) => spentMinor),
  }
}

/** Products with their segments, by the same rule as customers. */
export function productSegments(
  products: readonly RfmProduct[],
  rules: readonly SegmentRule[],
): readonly { readonly product: RfmProduct; readonly segment: Segment }[] {
  const thresholds: RfmThresholds = rfmThresholds(columnsOf(products))
  return products.map((product) => ({ product, segment: segmentOf(rfmScores(product, thresholds), rules) }))
}
