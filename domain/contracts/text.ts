import { z } from 'zod'

/**
 * Text for people: one line. Control characters (PostgreSQL stores no U+0000) and halves of surrogate pairs (no UTF-8
 * writes them) would make a row that no store could ever take.
 */
export function oneLine(maxLength: number) {
  return z
    .string()
    .min(1)
    .max(maxLength)
    .regex(/^[^\p{Cc}\p{Cs}]*$/u, 'must be one line of text without control characters')
}

/** The languages of everything that shoppers see. The first one is what is shown where another lacks a text. */
export const SHOPPER_LANGUAGES = ['en', 'de', 'fr', 'es', 'pt', 'ja', 'ar', 'he'] as const
export const ShopperLanguage = z.enum(SHOPPER_LANGUAGES)
export type ShopperLanguage = z.infer<typeof ShopperLanguage>

/** A merchant's own words by language; a language that is missing is shown in `fallback`. */
export function translations<T extends z.ZodType>(text: T) {
  return z.partialRecord(ShopperLanguage, text)
}
