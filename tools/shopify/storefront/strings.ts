import { fromMinor } from '../../../domain/contracts/money.ts'
import type { Locale } from '../catalog.ts'
import { AR } from './strings/ar.ts'
import { DE } from './strings/de.ts'
import { EN, type StringId, type Strings } from './strings/en.ts'
import { ES } from './strings/es.ts'
import { FR } from './strings/fr.ts'
import { HE } from './strings/he.ts'
import { JA } from './strings/ja.ts'
import { PT } from './strings/pt.ts'

export type { StringId }

const STRINGS: Readonly<Record<Locale, Strings>> = { en: EN, de: DE, fr: FR, es: ES, pt: PT, ja: JA, ar: AR, he: HE }

/** A string of the storefront; `{name}` is filled from `values`. */
export function say(locale: Locale, id: StringId, values: Readonly<Record<string, string>> = {}): string {
  return STRINGS[locale][id].replaceAll(/\{(\w+)\}/g, (_match, name: string) => values[name] ?? '')
}

/** Which way the language is written. */
export function directionOf(locale: Locale): 'ltr' | 'rtl' {
  return locale === 'ar' || locale === 'he' ? 'rtl' : 'ltr'
}

/** An amount as the locale writes it. Right-to-left text would tear `US$` apart: the symbol is isolated. */
export function price(locale: Locale, amountMinor: number, currency: string): string {
  const format = new Intl.NumberFormat(locale, { style: 'currency', currency })
  const amount = Number(fromMinor(amountMinor, currency))
  if (directionOf(locale) === 'ltr') return format.format(amount)
  const parts = format.formatToParts(amount)
  return parts.map(({ type, value }) => (type === 'currency' ? `\u2068${value}\u2069` : value)).join('')
}

export function day(locale: Locale, iso: string): string {
  return new Intl.DateTimeFormat(locale, { dateStyle: 'medium' }).format(new Date(iso))
}

/** A language in its own words: `Deutsch`. */
export function languageName(locale: Locale): string {
  const name = new Intl.DisplayNames([locale], { type: 'language' }).of(locale) ?? locale
  return name.charAt(0).toLocaleUpperCase(locale) + name.slice(1)
}

/** A currency in the locale's words: `Japanese Yen`. */
export function currencyName(locale: Locale, currency: string): string {
  return new Intl.DisplayNames([locale], { type: 'currency' }).of(currency) ?? currency
}
