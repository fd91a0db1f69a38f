import { readOrder } from '../ledger/orders.ts'
import type { LedgerView } from '../ledger/types.ts'
import type { Change } from './redemption.ts'
import type { LedgerStep, RedemptionRecord } from './types.ts'

/** Points that paid for an order come back with its refunds: in the share of its goods, and to the point. */

const BY_SHOPIFY = { source: 'shopify', actor: 'shopify' } as const

/** What the books of an account know of an order's refunds. Money in minor units of the shop's currency. */
export interface OrderRefunds {
  /** The order's goods as they are in force; null: the order is not in the books. */
  readonly goodsMinor: number | null
  /** Goods that its refunds gave back. */
  readonly refundedMinor: number
  readonly cancelled: boolean
  /** The newest of its refunds, or `cancel:{order gid}`. */
  readonly becauseOf: string
  /** When that happened. */
  readonly atMs: number
}

/** What the books know of an order's refunds; null: it has none. */
export function refundsOf(view: LedgerView, orderGid: string): OrderRefunds | null {
  const { earns, refunds, cancelled, edit } = readOrder(view, orderGid)
  const newest = view
    .entriesOfOrder(orderGid)
    .findLast(({ externalId }) => /^(?:refund|cancel):(?!.*:part:)/.test(externalId))
  if (newest === undefined || (refunds.length === 0 && !cancelled)) return null
  return {
    goodsMinor: (edit?.parts ?? earns[0]?.detail.parts)?.goods ?? null,
    refundedMinor: refunds.reduce((sum, { goods }) => sum + goods, 0),
    cancelled,
    becauseOf: newest.externalId.replace(/^refund:/, ''),
    atMs: newest.effectiveAtMs,
  }
}

/**
 * The points of a used code that its order's refunds give back, all of them together; null: no more than have come back.
 * Each refund gives back once: where an edit of the order makes its share bigger afterwards, the next refund makes up for it.
 * The settings of a reward about points that come back are about unused codes only.
 * @param usedLate the points had come back when the order came, and were taken again by an entry of their own.
 */
export function returnForRefunds(
  record: RedemptionRecord,
  refunds: OrderRefunds,
  usedLate: boolean,
  nowMs: number,
): Change | null {
  if (record.state !== 'used' || (record.capturedSeq === null && !usedLate)) return null
  const total = pointsDue(record, refunds)
  const points = total - record.pointsReturned
  if (points <= 0 || record.returnedFor === refunds.becauseOf) return null
  const returned: RedemptionRecord = {
    ...record,
    pointsReturned: total,
    returnedFor: refunds.becauseOf,
    version: record.version + 1,
    changedAtMs: Math.max(nowMs, record.changedAtMs),
  }
  return { record: returned, step: usedLate ? giveAgain(record, points, refunds) : giveBack(record, points, refunds) }
}

/** In the share of the goods that were refunded; all with the first refund where there were no goods to share by. */
function pointsDue({ points, orderGoodsMinor }: RedemptionRecord, refunds: OrderRefunds): number {
  if (refunds.cancelled) return points
  const goodsMinor = refunds.goodsMinor ?? orderGoodsMinor
  if (goodsMinor === undefined) return 0
  if (refunds.refundedMinor >= goodsMinor) return points
  return Number((BigInt(points) * BigInt(refunds.refundedMinor)) / BigInt(goodsMinor))
}

function reasonOf({ cancelled }: OrderRefunds): string {
  return cancelled ? 'order_cancelled' : 'order_refunded'
}

function giveBack({ capturedSeq }: RedemptionRecord, points: number, refunds: OrderRefunds): LedgerStep {
  const { becauseOf, atMs } = refunds
  const reason = reasonOf(refunds)
  return { ...BY_SHOPIFY, kind: 'return_spent', effectiveAtMs: atMs, seq: capturedSeq ?? 0, points, becauseOf, reason }
}

/** The lots that a late use took from are not told by a reversal: these points come as a lot of their own. */
function giveAgain({ id, timeZone }: RedemptionRecord, points: number, refunds: OrderRefunds): LedgerStep {
  return {
    ...BY_SHOPIFY,
    kind: 'adjust',
    effectiveAtMs: refunds.atMs,
    adjustmentId: `late-use:${id}:${refunds.becauseOf}`,
    points,
    reason: reasonOf(refunds),
    allowDebt: false,
    terms: { lotDays: null, timeZone },
  }
}
