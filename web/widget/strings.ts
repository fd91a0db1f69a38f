/** What the widget says. A language that is missing here speaks English. */
export interface WidgetStrings {
  readonly label: string
  readonly points: Readonly<Partial<Record<Intl.LDMLPluralRule, string>>> & { readonly other: string }
  readonly visitor: string
  readonly connecting: string
  readonly offline: string
  readonly stopped: string
}

const STRINGS: Readonly<Record<string, WidgetStrings>> = {
  en: {
    label: 'Your points',
    points: { one: 'point', other: 'points' },
    visitor: 'Log in to see your points',
    connecting: 'Loading your points',
    offline: 'Reconnecting',
    stopped: 'Reload to see your points',
  },
  ar: {
    label: 'نقاطك',
    points: { zero: 'نقطة', one: 'نقطة', two: 'نقطتان', few: 'نقاط', many: 'نقطة', other: 'نقطة' },
    visitor: 'سجّل الدخول لترى نقاطك',
    connecting: 'جارٍ تحميل نقاطك',
    offline: 'جارٍ إعادة الاتصال',
    stopped: 'أعد تحميل الصفحة لترى نقاطك',
  },
}

/** How the widget writes in one language: its sentences, numbers and plural forms. */
export interface Voice {
  readonly strings: WidgetStrings
  /** `12,480`, or with a sign for a change: `+59`. */
  readonly number: (value: number, signed?: boolean) => string
  /** `+59 points` */
  readonly change: (points: number) => string
  readonly unit: (points: number) => string
}

/** The voice of a BCP 47 language tag; a malformed tag gets English. */
export function voiceOf(tag: string): Voice {
  const language = tag.split('-')[0]?.toLowerCase() ?? 'en'
  const strings = STRINGS[language]
  const locale = strings ? tag : 'en'
  const plain = new Intl.NumberFormat(locale)
  const signed = new Intl.NumberFormat(locale, { signDisplay: 'exceptZero' })
  const plural = new Intl.PluralRules(locale)
  const spoken = strings ?? STRINGS['en']
  if (!spoken) throw new Error('the widget has no English')
  const unit = (points: number) => spoken.points[plural.select(Math.abs(points))] ?? spoken.points.other
  return {
    strings: spoken,
    number: (value, withSign = false) => (withSign ? signed : plain).format(value),
    change: (points) => `${signed.format(points)} ${unit(points)}`,
    unit,
  }
}
