import type { VersionedSettings } from '../contracts/settings.ts'
import type { Clawback, Command, CommandBase, EarnOrder, EditOrder, LotTerms } from '../ledger/types.ts'
import type { OrderFacts, RefundFacts } from './facts.ts'
import { freezeRule } from './rule.ts'

/** What Shopify tells comes from Shopify, and happened when Shopify says. */
function fromShopify(effectiveAtMs: number): CommandBase {
  return { source: 'shopify', actor: 'shopify', effectiveAtMs }
}

/** How lots that these settings grant live. */
export function lotTerms({ settings }: VersionedSettings): LotTerms {
  const { lot_days: lotDays, inactivity_days: inactivityDays, calendar } = settings.expiry
  return {
    lotDays,
    timeZone: settings.time_zone,
    inactivityDays,
    calendar: calendar && { month: calendar.month, day: calendar.day, minDays: calendar.min_days },
  }
}

/** The command of one refund; it needs no settings, because it reverses by the rule that its order earned by. */
export function commandsForRefund(refund: RefundFacts): readonly [Clawback] {
  return [
    {
      ...fromShopify(refund.processed_at_ms),
      kind: 'clawback',
      refundGid: refund.refund_gid,
      orderGid: refund.order_gid,
      parts: refund.parts,
    },
  ]
}

function earnOrder(order: OrderFacts, settings: VersionedSettings): EarnOrder {
  return {
    ...fromShopify(order.processed_at_ms),
    kind: 'earn_order',
    orderGid: order.order_gid,
    parts: order.parts,
    // The facts are in the currency that the shop had then; should it have changed, the rate counts in that one.
    rule: freezeRule(settings, order.currency),
    terms: lotTerms(settings),
    returnWindowDays: settings.settings.return_window_days,
  }
}

/** An order that is in the books is brought to how it is now; one that is not, earns so in the first place. */
function editOrder(order: OrderFacts, settings: VersionedSettings): readonly EditOrder[] {
  const { order_gid: orderGid, edited_at_ms: editedAtMs, parts } = order
  if (editedAtMs === null) return []
  const terms = lotTerms(settings)
  return [{ ...fromShopify(editedAtMs), kind: 'edit_order', orderGid, parts, terms, editedAtMs }]
}

/**
 * What an order asks of its buyer's ledger, in this order: refunds that it lists, its cancellation, and otherwise how it
 * was edited and what it earns, once it is paid. Test orders and orders of nobody ask for nothing. Switching earning off
 * stops new points only: refunds and cancellations still take back what was earned before.
 */
export function commandsForOrder(order: OrderFacts, settings: VersionedSettings): readonly Command[] {
  if (order.test || order.buyer.kind === 'nobody') return []
  const refunds = order.refunds.flatMap(commandsForRefund)
  if (order.cancelled_at_ms !== null) {
    return [...refunds, { ...fromShopify(order.cancelled_at_ms), kind: 'cancel_order', orderGid: order.order_gid }]
  }
  // What an edit added and nobody has paid yet earns nothing.
  if (!order.paid) return refunds
  const edits = editOrder(order, settings)
  return settings.settings.earning.enabled ? [...refunds, ...edits, earnOrder(order, settings)] : [...refunds, ...edits]
}
