import type { SHOPPER_LANGUAGES, ShopperLanguage } from '../../domain/contracts/text.ts'
import { type Texts, en } from './languages/en.ts'

// The contract's languages, checked against it by type: importing its values would put zod into the bundle.
const LANGUAGES: typeof SHOPPER_LANGUAGES = ['en', 'de', 'fr', 'es', 'pt', 'ja', 'ar', 'he']

/** How the widget writes in one language: its texts, numbers, money, dates and plural forms. */
export interface Voice {
  readonly isRtl: boolean
  readonly texts: Texts
  readonly number: (value: number) => string
  /** `points`, `نقطتان`: the word alone. */
  readonly unit: (points: number) => string
  /** `59 points` */
  readonly points: (points: number) => string
  /** `+59 points` */
  readonly change: (points: number) => string
  /** `14 days` */
  readonly days: (days: number) => string
  /** Without needless zeros: `€5`, `€5.50`. */
  readonly money: (amount: string | number, currency: string) => string
  /** `percent` of a hundred: `10%` */
  readonly percent: (percent: number) => string
  /** `3 Jan 2027` */
  readonly date: (iso: string) => string
}

/** The shopper's language of a BCP 47 tag; one that the widget does not speak becomes English. */
export function languageOf(tag: string): ShopperLanguage {
  const primary = tag.toLowerCase().split(/[-_]/)[0]
  return LANGUAGES.find((language) => language === primary) ?? 'en'
}

/** Puts values in place of `{0}` and `{1}`. */
export function fill(text: string, ...values: readonly string[]): string {
  return text.replace(/\{(\d)\}/g, (_, index: string) => values[Number(index)] ?? '')
}

/** How one speaks with these texts. The language alone, not the region, decides how numbers and dates are written. */
export function voiceOf(texts: Texts = en): Voice {
  const { language } = texts
  const plural = new Intl.PluralRules(language)
  const number = (value: number, options?: Intl.NumberFormatOptions) => value.toLocaleString(language, options)
  const unit = (points: number) => texts.points[plural.select(Math.abs(points))] ?? texts.points.other
  return {
    isRtl: language === 'ar' || language === 'he',
    texts,
    number,
    unit,
    points: (points) => `${number(points)} ${unit(points)}`,
    change: (points) => `${number(points, { signDisplay: 'exceptZero' })} ${unit(points)}`,
    days: (days) => number(days, { style: 'unit', unit: 'day', unitDisplay: 'long' }),
    // The mark (invisible) keeps `US$` together where one writes from the right.
    money: (amount, currency) =>
      number(Number(amount), { style: 'currency', currency, trailingZeroDisplay: 'stripIfInteger' }).replace(
        '$',
        '$\u200e',
      ),
    percent: (percent) => number(percent / 100, { style: 'percent' }),
    date: (iso) => new Date(iso).toLocaleDateString(language, { dateStyle: 'medium' }),
  }
}
