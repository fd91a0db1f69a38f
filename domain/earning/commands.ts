import type { VersionedSettings } from '../contracts/settings.ts'
import type { Clawback, Command, CommandBase, EarnOrder, LotTerms } from '../ledger/types.ts'
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

/**
 * What an order's webhook asks of its buyer's ledger, in this order: refunds that it lists, its cancellation, and
 * otherwise what it earns once it is paid. Test orders and orders of nobody ask for nothing. Switching earning off
 * stops new points only: refunds and cancellations still take back what was earned before.
 */
export function commandsForOrder(order: OrderFacts, settings: VersionedSettings): readonly Command[] {
  if (order.test || order.buyer.kind === 'nobody') return []
  const refunds = order.refunds.flatMap(commandsForRefund)
  if (order.cancelled_at_ms !== null) {
    return [...refunds, { ...fromShopify(order.cancelled_at_ms), kind: 'cancel_order', orderGid: order.order_gid }]
  }
  return order.paid && settings.settings.earning.enabled ? [...refunds, earnOrder(order, settings)] : refunds
}
