import { z } from 'zod'
import { oneLine, translations } from './text.ts'

/** What a merchant sets about the launcher and panel on the storefront. All words are the merchant's: shown as text, never as markup. */
export const WidgetSettings = z.strictObject({
  enabled: z.boolean().describe('false: the launcher shows nowhere; blocks of the theme stay'),
  accent: z
    .string()
    .regex(/^#[0-9a-f]{6}$/i, 'must be a colour like #1f6f4a')
    .describe('of buttons and progress; text on it is black or white, whichever reads better'),
  color_scheme: z.enum(['auto', 'light', 'dark']).describe("auto: as the shopper's device says"),
  position: z.enum(['bottom_end', 'bottom_start']).describe('end: right, and left in right-to-left languages'),
  offset_px: z
    .strictObject({ block: z.int().min(0).max(400), inline: z.int().min(0).max(400) })
    .describe('distance from the corner, to clear a chat button'),
  corner_px: z.int().min(0).max(32).describe('roundness of panel and buttons'),
  program_name: translations(oneLine(60)).describe('what the program is called, by language'),
  launcher_text: translations(oneLine(24)).describe('beside the icon before a balance is known, by language'),
  welcome: translations(oneLine(160)).describe('what visitors read, by language'),
  terms_url: z
    .url({ protocol: /^https$/ })
    .nullable()
    .describe("the program's terms, linked from the panel"),
})
export type WidgetSettings = z.infer<typeof WidgetSettings>

export const DEFAULT_WIDGET: WidgetSettings = {
  enabled: true,
  accent: '#1f6f4a',
  color_scheme: 'auto',
  position: 'bottom_end',
  offset_px: { block: 20, inline: 20 },
  corner_px: 14,
  program_name: {},
  launcher_text: {},
  welcome: {},
  terms_url: null,
}

/** One way to earn, as the widget lists it. */
export const WayToEarn = z.discriminatedUnion('kind', [
  z.object({
    kind: z.literal('order'),
    points: z.int().describe('for each full `per_amount`'),
    per_amount: z.string(),
  }),
])

/** What a storefront page needs to know of the program before anybody is logged in; may be a minute old. */
export const StorefrontProgram = z.object({
  version: z.int().describe('of the settings that it was made from'),
  currency: z.string(),
  widget: WidgetSettings,
  ways_to_earn: z.array(WayToEarn),
  lot_days: z.int().nullable(),
  return_window_days: z.int(),
})
export type StorefrontProgram = z.infer<typeof StorefrontProgram>
