import type { OperationId } from '../../domain/contracts/operations.ts'
import { defaultSettings } from '../../domain/contracts/settings.ts'

/** Example bodies, shown in the documentation and filled into its "try it". */
export const BODY_EXAMPLES: Partial<Record<OperationId, Readonly<Record<string, unknown>>>> = {
  'points.earn': {
    'a number of points': {
      customer_id: 'gid://shopify/Customer/706405506930370084',
      points: 50,
      activity_id: 'review-8231',
      reason: 'Review of the Aviator sunglasses',
    },
    'by an amount of money': {
      customer_id: '706405506930370084',
      amount: '59.90',
      currency: 'EUR',
      activity_id: 'pos-receipt-40017',
    },
  },
  'points.redeem': {
    'a redemption': {
      customer_id: 'gid://shopify/Customer/706405506930370084',
      points: 20,
      redemption_id: 'reward-5512',
      reason: 'Free gift wrap',
    },
  },
  'points.adjust': {
    'a correction': {
      customer_id: 'gid://shopify/Customer/706405506930370084',
      points: -5,
      reason: 'Counted twice at the counter',
    },
  },
  'core.updateSettings': {
    '1 point for 1 euro, points live a year': {
      version: 1,
      settings: { ...defaultSettings('EUR', 'Europe/Berlin'), expiry: { lot_days: 365 } },
    },
  },
}
