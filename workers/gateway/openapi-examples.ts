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
  'points.decideAdjustment': {
    'an approval': { decision: 'approve', note: 'Parcel number checked with the carrier' },
    'a rejection': { decision: 'reject', note: 'Was corrected already' },
  },
  'adminCore.startLedgerRun': {
    'verify all ledgers': { kind: 'verify' },
  },
  'rewards.create': {
    '5 € off for 250 points': {
      title: '5 € off your order',
      value: { type: 'amount_off', amount: '5.00' },
      cost: { kind: 'fixed', points: 250 },
      conditions: { minimum_spend: '20.00' },
      code_prefix: 'LOYAL',
      code_valid_days: 90,
    },
    'pay with points': {
      title: 'Pay with points',
      value: { type: 'amount_off', amount: '1.00' },
      cost: { kind: 'sliding', step_points: 100, min_steps: 1, max_steps: null },
      conditions: { max_share_percent: 50 },
    },
    'a free product': {
      title: 'A free candle',
      value: { type: 'free_product', variant_ids: ['gid://shopify/ProductVariant/44729389'] },
      cost: { kind: 'fixed', points: 600 },
      limit_total: 100,
    },
  },
  'rewards.update': {
    '6 € off for as many points': {
      version: 1,
      reward: {
        title: '6 € off your order',
        value: { type: 'amount_off', amount: '6.00' },
        cost: { kind: 'fixed', points: 250 },
      },
    },
  },
  'rewards.redeem': {
    'a fixed reward': { customer_id: 'gid://shopify/Customer/706405506930370084' },
    'points of the shopper’s choice': { customer_id: '706405506930370084', points: 300 },
  },
  'rewards.cancel': {
    'an unused code': { customer_id: 'gid://shopify/Customer/706405506930370084' },
  },
  'core.updateSettings': {
    '1 point for 1 euro, points live a year': {
      version: 1,
      settings: { ...defaultSettings('EUR', 'Europe/Berlin'), expiry: { lot_days: 365 } },
    },
  },
}
