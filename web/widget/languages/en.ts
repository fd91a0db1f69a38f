import type { ShopperLanguage } from '../../../domain/contracts/text.ts'

/** A text in as many forms as the language's plural rules know. `{0}` is the number, written as the language writes it. */
export type Plural = Readonly<Partial<Record<Intl.LDMLPluralRule, string>> & { other: string }>

/**
 * What the widget says. English is in the bundle; the other languages are files of their own. `{0}` and `{1}` are points,
 * money, a share or a date, written out: "59 points", "€5", "10%", "3 Jan 2027".
 */
export const en = {
  language: 'en' as ShopperLanguage,
  label: 'Your points',
  points: { one: 'point', other: 'points' },
  visitor: 'Log in to see your points',
  connecting: 'Loading your points',
  offline: 'Reconnecting',
  stopped: 'Reload to see your points',

  rewards: 'Rewards',
  earn: 'Earn',
  codes: 'My codes',
  history: 'History',
  close: 'Close',
  welcome: 'Earn points with every order. Spend them on rewards.',
  login: 'Log in',
  join: 'Create an account',
  terms: 'Terms',

  pending: '{0} on the way',
  expiring: '{0} expire on {1}',
  debt: '{0} owed after a refund',

  cart: 'This cart earns {0}',
  product: 'Earns {0}',
  order: '{0} for every {1} you spend',
  orderNote: 'When you are logged in.',
  waitDays: 'Spendable {0} after an order',

  worth: {
    amount_off: '{0} off',
    percent_off: '{0} off',
    free_shipping: 'Free shipping',
    free_product: 'Free product',
  },
  minimum: 'from {0}',
  share: 'up to {0} of the cart',
  collections: 'on selected products',
  until: 'until {0}',
  lastsDays: 'valid for {0}',
  redeem: 'Redeem',
  spend: 'Points to spend',
  spendFor: '{0} for {1} off',
  toGo: '{0} to go',
  ask: 'Spend {0}?',
  yes: 'Get my code',
  no: 'Not now',
  working: 'One moment…',
  blocked: {
    limit_reached: 'Limit reached',
    sold_out: 'All gone',
    not_started: 'From {0}',
    over: 'Ended',
    tier_required: 'For a higher level',
    being_prepared: 'Available soon',
  },

  pendingCode: 'Your code is being made',
  pendingNote: 'Your points are kept for it.',
  codeReady: 'Your code is ready',
  ended: {
    used: 'Used',
    expired: 'Expired',
    ending: 'Being given back',
    by_customer: 'Given back',
    by_merchant: 'Withdrawn',
    removed_in_shop: 'Withdrawn',
    sold_out: 'All gone. You have your points back.',
    shop_refused: 'Failed. You have your points back.',
    shop_unreachable: 'Failed. You have your points back.',
  },
  copy: 'Copy',
  copied: 'Copied',
  selected: 'Selected. Copy it now.',
  apply: 'Apply to cart',
  applied: 'In your cart',
  notApplied: 'Your cart did not take it. See what it needs.',
  giveBack: 'Give back',
  giveBackAsk: 'Give it back for {0}?',

  none: 'Nothing here yet.',
  more: 'Show more',
  retry: 'Try again',
  notLoaded: 'This did not load.',
  noAnswer: 'That did not work. Try again: nothing is spent twice.',
  unavailable: 'Not possible now. Nothing is spent.',

  kinds: {
    earn: 'Points earned',
    earn_pending: 'Order, on the way',
    activate: 'Points arrived',
    cancel_pending: 'Order cancelled',
    redeem: 'Reward',
    adjust: 'Correction',
    expire: 'Expired',
    clawback: 'Refund',
    reversal: 'Points back',
  },
}

type Text<T> = T extends ShopperLanguage
  ? ShopperLanguage
  : T extends string
    ? string
    : T extends Plural
      ? Plural
      : { readonly [K in keyof T]: string }

/** The texts of one language: complete, or the build fails. */
export type Texts = { readonly [K in keyof typeof en]: Text<(typeof en)[K]> }
