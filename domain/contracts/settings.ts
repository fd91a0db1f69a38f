import { z } from 'zod'
import { CurrencyCode, DecimalString } from './money.ts'
import { DEFAULT_WIDGET, WidgetSettings } from './widget.ts'

/** The most points one entry may carry. Keeps every sum far below 2^53 (invariant 19). */
export const MAX_POINTS = 1_000_000_000

const TimeZone = z.string().refine((zone) => {
  try {
    return new Intl.DateTimeFormat('en', { timeZone: zone }).format() !== ''
  } catch {
    return false
  }
}, 'must be an IANA time zone such as Europe/Berlin')

/**
 * How money becomes points. `points` for each full `per_amount` of the shop's currency: 1 per "1.00", or the
 * fractional rate 1 per "10.00", or 3 per "2.00". Frozen into each entry that it earns, so that a refund is worked out
 * by the rule of its order and not by today's.
 */
export const EarningRule = z.strictObject({
  enabled: z.boolean(),
  points: z.int().min(1).max(1_000_000),
  per_amount: DecimalString.refine(
    (text) => Number(text) > 0 && Number(text) <= 1_000_000_000,
    'must be more than 0 and at most 1000000000',
  ),
  rounding: z.enum(['floor', 'half_up', 'ceil']).describe('applied once an order'),
  tax: z.enum(['as_priced', 'include', 'exclude']).describe('as_priced: tax counts where the shop prices include it'),
  include_shipping: z.boolean(),
  include_tips: z.boolean(),
  include_gift_cards: z.boolean().describe('earn on gift cards bought (spending one always earns on the goods)'),
  before_discounts: z.boolean().describe('earn on the price before discounts'),
})
export type EarningRule = z.infer<typeof EarningRule>

export const Expiry = z.strictObject({
  lot_days: z
    .int()
    .min(1)
    .max(3650)
    .nullable()
    .describe("days a granted lot lives, ending with the day in the shop's time zone; null: never expires"),
  inactivity_days: z
    .int()
    .min(1)
    .max(3650)
    .nullable()
    .default(null)
    .describe('days without an order or a redemption after which all points end; null: silence ends nothing'),
  calendar: z
    .strictObject({
      month: z.int().min(1).max(12),
      day: z.int().min(1).max(31),
      min_days: z
        .int()
        .min(0)
        .max(366)
        .describe('points granted less than this before the day live until the next one'),
    })
    .refine(({ month, day }) => day <= new Date(Date.UTC(2024, month, 0)).getUTCDate(), {
      path: ['day'],
      message: 'must be a day that the month has',
    })
    .nullable()
    .default(null)
    .describe("the day of the year, in the shop's time zone, with which points end; null: none"),
})

/** Second thoughts about corrections by hand. */
export const AdjustmentSettings = z.strictObject({
  approval_above_points: z
    .int()
    .min(0)
    .max(MAX_POINTS)
    .nullable()
    .describe('a correction of more points than this, up or down, waits for a second person; null: none does'),
})

/** Orders from before the installation. */
export const HistorySettings = z.strictObject({
  earn_days: z
    .int()
    .min(0)
    .max(3650)
    .describe('when the shop is connected, orders of this many days before it earn points; 0: none'),
})

/** What tills may do while they are offline. */
export const PosSettings = z.strictObject({
  overdraft_customer_points: z
    .int()
    .min(0)
    .max(MAX_POINTS)
    .describe('how many points a customer may owe after an offline redemption that the balance did not cover'),
  overdraft_device_points: z
    .int()
    .min(0)
    .max(MAX_POINTS)
    .describe('how many such points one device may cause in a day (UTC)'),
  reserved_codes: z.int().min(0).max(500).describe('how many unused codes a device may hold for offline redemptions'),
  reserved_code_days: z.int().min(1).max(90).describe('how long such a code is good'),
})
export const DEFAULT_POS: z.infer<typeof PosSettings> = {
  overdraft_customer_points: 500,
  overdraft_device_points: 5_000,
  reserved_codes: 50,
  reserved_code_days: 7,
}

export const RedemptionLimits = z.strictObject({
  min_points: z.int().min(1).max(MAX_POINTS),
  max_points: z
    .int()
    .min(1)
    .max(MAX_POINTS)
    .nullable()
    .describe('the most points one redemption may take; null: no limit'),
  step_points: z.int().min(1).max(MAX_POINTS).describe('a redemption is a multiple of this'),
})
export type RedemptionLimits = z.infer<typeof RedemptionLimits>

/** Everything a merchant sets about the program, without the version. */
export const ProgramSettings = z
  .strictObject({
    currency: CurrencyCode.describe("the shop's currency; points are worked out in it"),
    time_zone: TimeZone.describe("the shop's IANA time zone; days end in it"),
    earning: EarningRule,
    expiry: Expiry,
    return_window_days: z
      .int()
      .min(0)
      .max(365)
      .describe('points of an order stay pending this many days; 0: spendable at once'),
    redemption: RedemptionLimits,
    adjustments: AdjustmentSettings.default({ approval_above_points: null }),
    history: HistorySettings.default({ earn_days: 60 }),
    pos: PosSettings.default(DEFAULT_POS),
    widget: WidgetSettings.default(DEFAULT_WIDGET),
  })
  .refine(({ redemption }) => redemption.max_points === null || redemption.max_points >= redemption.min_points, {
    path: ['redemption', 'max_points'],
    message: 'must not be less than min_points',
  })
export type ProgramSettings = z.infer<typeof ProgramSettings>

/** Settings as stored: each accepted change raises the version by one. */
export const VersionedSettings = z.object({
  version: z.int().min(1),
  updated_at: z.iso.datetime(),
  settings: ProgramSettings,
})
export type VersionedSettings = z.infer<typeof VersionedSettings>

/** Safe defaults for a shop that has set nothing: 1 point for each full unit of currency, goods only, no expiry. */
export function defaultSettings(currency: string, timeZone: string): ProgramSettings {
  return {
    currency,
    time_zone: timeZone,
    earning: {
      enabled: true,
      points: 1,
      per_amount: '1',
      rounding: 'floor',
      tax: 'as_priced',
      include_shipping: false,
      include_tips: false,
      include_gift_cards: false,
      before_discounts: false,
    },
    expiry: { lot_days: null, inactivity_days: null, calendar: null },
    return_window_days: 0,
    redemption: { min_points: 1, max_points: null, step_points: 1 },
    adjustments: { approval_above_points: null },
    history: { earn_days: 60 },
    pos: DEFAULT_POS,
    widget: DEFAULT_WIDGET,
  }
}
