/** What the demo shop sells. Prices in minor units of EUR, German VAT included. */

/** The storefront's languages. */
export const LOCALES = ['en', 'de', 'fr', 'es', 'pt', 'ja', 'ar', 'he'] as const
export type Locale = (typeof LOCALES)[number]
/** Words of the merchant: English, and what has been translated. */
export type Text = Readonly<{ en: string } & Partial<Record<Locale, string>>>
/** Which drawing shows the product, and in which glaze. */
export type Art =
  | 'mug'
  | 'teapot'
  | 'bowl'
  | 'plate'
  | 'candle'
  | 'towel'
  | 'tea'
  | 'honey'
  | 'vase'
  | 'spoon'
  | 'cups'
  | 'card'
export type Tone = 'oat' | 'slate' | 'moss' | 'clay' | 'honey'

export interface Variant {
  /** The digits of the gid. */
  readonly id: string
  readonly title: Text | null
  readonly priceMinor: number
  readonly sku: string
  readonly tone: Tone
}

export interface Product {
  readonly id: string
  readonly handle: string
  readonly kind: 'goods' | 'gift_card'
  readonly collections: readonly CollectionHandle[]
  readonly art: Art
  readonly title: Text
  readonly story: Text
  readonly grams: number
  readonly variants: readonly [Variant, ...Variant[]]
}

export const CURRENCY = 'EUR'
export const SHOP_NAME = 'Thistle & Kiln'

/** A translation, or the English where there is none. */
export function inLocale(text: Text, locale: Locale): string {
  return text[locale] ?? text.en
}

export type CollectionHandle = 'tableware' | 'tea-and-pantry' | 'slow-home'

export interface Collection {
  /** The digits of the gid. */
  readonly id: string
  readonly handle: CollectionHandle
  readonly title: Text
}

export const COLLECTIONS: readonly Collection[] = [
  {
    id: '451208801201',
    handle: 'tableware',
    title: {
      en: 'Tableware',
      de: 'Geschirr',
      fr: 'Vaisselle',
      es: 'Vajilla',
      pt: 'Louça',
      ja: 'うつわ',
      ar: 'أدوات المائدة',
      he: 'כלי שולחן',
    },
  },
  {
    id: '451208801202',
    handle: 'tea-and-pantry',
    title: {
      en: 'Tea & pantry',
      de: 'Tee & Vorrat',
      fr: 'Thé et épicerie',
      es: 'Té y despensa',
      pt: 'Chá e mercearia',
      ja: 'お茶と食料品',
      ar: 'الشاي والمؤونة',
      he: 'תה ומזווה',
    },
  },
  {
    id: '451208801203',
    handle: 'slow-home',
    title: {
      en: 'Slow home',
      de: 'Ruhiges Zuhause',
      fr: 'La maison paisible',
      es: 'Hogar sin prisa',
      pt: 'Casa serena',
      ja: 'ゆったりした暮らし',
      ar: 'بيت هادئ',
      he: 'בית רגוע',
    },
  },
]

export function collectionOf(handle: string): Collection | undefined {
  return COLLECTIONS.find((collection) => collection.handle === handle)
}

/** `gid://shopify/Collection/…` of all that a product is in. */
export function collectionGids(product: Product): string[] {
  return COLLECTIONS.filter(({ handle }) => product.collections.includes(handle)).map(
    ({ id }) => `gid://shopify/Collection/${id}`,
  )
}

const OAT: Text = { en: 'Oat', de: 'Hafer', ar: 'شوفاني' }
const SLATE: Text = { en: 'Slate', de: 'Schiefer', ar: 'أردوازي' }
const CLAY: Text = { en: 'Clay', de: 'Ton', ar: 'طيني' }
const MOSS: Text = { en: 'Moss', de: 'Moos', ar: 'طحلبي' }

function variant(id: number, title: Text | null, priceMinor: number, sku: string, tone: Tone): Variant {
  return { id: String(45120880110000 + id), title, priceMinor, sku, tone }
}

export const PRODUCTS: readonly Product[] = [
  {
    id: '8412003715001',
    handle: 'two-cup-teapot',
    kind: 'goods',
    collections: ['tableware'],
    art: 'teapot',
    title: { en: 'Two-Cup Teapot', de: 'Teekanne für zwei', ar: 'إبريق شاي لكوبين' },
    story: {
      en: 'Thrown in one piece, with a spout that does not drip and a lid that stays on when you pour.',
      de: 'Aus einem Stück gedreht, mit einer Tülle, die nicht tropft, und einem Deckel, der beim Gießen sitzen bleibt.',
      ar: 'مصنوع قطعةً واحدة، بفوهة لا تُقطّر وغطاء يبقى في مكانه عند الصب.',
    },
    grams: 820,
    variants: [variant(1, MOSS, 5990, 'TK-POT-MOSS', 'moss'), variant(2, OAT, 5990, 'TK-POT-OAT', 'oat')],
  },
  {
    id: '8412003715002',
    handle: 'morning-mug',
    kind: 'goods',
    collections: ['tableware'],
    art: 'mug',
    title: { en: 'Morning Mug', de: 'Morgenbecher', ar: 'كوب الصباح' },
    story: {
      en: 'Three hundred millilitres, a wide handle, and a glaze that keeps the trace of the hand.',
      de: 'Dreihundert Milliliter, ein breiter Henkel und eine Glasur, in der man die Hand noch sieht.',
      ar: 'ثلاثمئة ملليلتر، ومقبض واسع، وطلاء يحفظ أثر اليد.',
    },
    grams: 340,
    variants: [
      variant(3, OAT, 2400, 'TK-MUG-OAT', 'oat'),
      variant(4, SLATE, 2400, 'TK-MUG-SLATE', 'slate'),
      variant(5, MOSS, 2400, 'TK-MUG-MOSS', 'moss'),
    ],
  },
  {
    id: '8412003715003',
    handle: 'breakfast-bowl',
    kind: 'goods',
    collections: ['tableware'],
    art: 'bowl',
    title: { en: 'Breakfast Bowl', de: 'Frühstücksschale', ar: 'وعاء الفطور' },
    story: {
      en: 'Deep enough for porridge, pretty enough for fruit. Safe in the oven and the dishwasher.',
      de: 'Tief genug für Porridge, schön genug für Obst. Verträgt Ofen und Spülmaschine.',
      ar: 'عميق بما يكفي للعصيدة وجميل بما يكفي للفاكهة. آمن في الفرن وغسّالة الصحون.',
    },
    grams: 520,
    variants: [variant(6, SLATE, 2800, 'TK-BOWL-SLATE', 'slate'), variant(7, OAT, 2800, 'TK-BOWL-OAT', 'oat')],
  },
  {
    id: '8412003715004',
    handle: 'bud-vase',
    kind: 'goods',
    collections: ['slow-home'],
    art: 'vase',
    title: { en: 'Bud Vase', de: 'Kleine Vase', ar: 'مزهرية صغيرة' },
    story: {
      en: 'For the three stems that you picked on the way home.',
      de: 'Für die drei Stiele, die du auf dem Heimweg gepflückt hast.',
      ar: 'للأغصان الثلاثة التي قطفتها في طريق العودة.',
    },
    grams: 460,
    variants: [variant(8, CLAY, 3600, 'TK-VASE-CLAY', 'clay')],
  },
  {
    id: '8412003715005',
    handle: 'beeswax-candle',
    kind: 'goods',
    collections: ['slow-home'],
    art: 'candle',
    title: { en: 'Beeswax Candle', de: 'Bienenwachskerze', ar: 'شمعة من شمع العسل' },
    story: {
      en: 'Pure beeswax and a cotton wick. Burns slowly and smells faintly of summer.',
      de: 'Reines Bienenwachs und ein Docht aus Baumwolle. Brennt langsam und riecht leise nach Sommer.',
      ar: 'شمع عسل نقي وفتيل من القطن. تحترق ببطء برائحة صيف خفيفة.',
    },
    grams: 280,
    variants: [
      variant(9, { en: 'Small', de: 'Klein', ar: 'صغيرة' }, 1950, 'TK-CANDLE-S', 'honey'),
      variant(10, { en: 'Large', de: 'Groß', ar: 'كبيرة' }, 3200, 'TK-CANDLE-L', 'honey'),
    ],
  },
  {
    id: '8412003715006',
    handle: 'mountain-oolong',
    kind: 'goods',
    collections: ['tea-and-pantry'],
    art: 'tea',
    title: { en: 'Mountain Oolong', de: 'Berg-Oolong', ar: 'شاي أولونغ الجبلي' },
    story: {
      en: 'Half green, half dark, rolled by hand. Good for four infusions out of the same leaves.',
      de: 'Halb grün, halb dunkel, von Hand gerollt. Dieselben Blätter reichen für vier Aufgüsse.',
      ar: 'نصفه أخضر ونصفه داكن، ملفوف باليد. تكفي الأوراق نفسها لأربع نقعات.',
    },
    grams: 140,
    variants: [
      variant(11, { en: '100 g', ar: '100 غ' }, 1480, 'TK-OOLONG-100', 'clay'),
      variant(12, { en: '250 g', ar: '250 غ' }, 3100, 'TK-OOLONG-250', 'clay'),
    ],
  },
  {
    id: '8412003715007',
    handle: 'linen-tea-towel',
    kind: 'goods',
    collections: ['slow-home', 'tableware'],
    art: 'towel',
    title: { en: 'Linen Tea Towel', de: 'Geschirrtuch aus Leinen', ar: 'منشفة كتّان' },
    story: {
      en: 'Washed European linen that gets better with every week of use.',
      de: 'Gewaschenes europäisches Leinen, das mit jeder Woche schöner wird.',
      ar: 'كتّان أوروبي مغسول يزداد جمالًا مع كل أسبوع من الاستعمال.',
    },
    grams: 110,
    variants: [variant(13, null, 1690, 'TK-TOWEL', 'oat')],
  },
  {
    id: '8412003715008',
    handle: 'olive-wood-spoon',
    kind: 'goods',
    collections: ['tableware'],
    art: 'spoon',
    title: { en: 'Olive-Wood Spoon', de: 'Löffel aus Olivenholz', ar: 'ملعقة من خشب الزيتون' },
    story: {
      en: 'Carved from one branch and oiled twice. No two have the same grain.',
      de: 'Aus einem Ast geschnitzt und zweimal geölt. Keine zwei haben dieselbe Maserung.',
      ar: 'منحوتة من غصن واحد ومدهونة بالزيت مرتين. لا تتشابه عروق اثنتين منها.',
    },
    grams: 60,
    variants: [variant(14, null, 1240, 'TK-SPOON', 'honey')],
  },
  {
    id: '8412003715010',
    handle: 'supper-plate',
    kind: 'goods',
    collections: ['tableware'],
    art: 'plate',
    title: { en: 'Supper Plate', de: 'Abendteller', ar: 'طبق العشاء' },
    story: {
      en: 'Wide and almost flat, with a raised rim that keeps the sauce where it belongs.',
      de: 'Weit und fast flach, mit einem Rand, der die Soße da lässt, wo sie hingehört.',
      ar: 'واسع ومسطّح تقريبًا، بحافة مرفوعة تُبقي الصلصة في مكانها.',
    },
    grams: 640,
    variants: [variant(17, OAT, 3400, 'TK-PLATE-OAT', 'oat'), variant(18, CLAY, 3400, 'TK-PLATE-CLAY', 'clay')],
  },
  {
    id: '8412003715011',
    handle: 'heather-honey',
    kind: 'goods',
    collections: ['tea-and-pantry'],
    art: 'honey',
    title: { en: 'Heather Honey', de: 'Heidehonig', ar: 'عسل الخلنج' },
    story: {
      en: 'From nine hives behind the workshop. Dark, set, and a little bitter at the end.',
      de: 'Von neun Völkern hinter der Werkstatt. Dunkel, fest und am Ende ein wenig herb.',
      ar: 'من تسع خلايا خلف الورشة. داكن ومتماسك، وفي آخره مرارة خفيفة.',
    },
    grams: 420,
    variants: [variant(19, null, 1150, 'TK-HONEY', 'honey')],
  },
  {
    id: '8412003715012',
    handle: 'tea-for-two-set',
    kind: 'goods',
    collections: ['tableware', 'tea-and-pantry'],
    art: 'cups',
    title: { en: 'Tea-for-Two Set', de: 'Set „Tee zu zweit“', ar: 'طقم الشاي لشخصين' },
    story: {
      en: 'Two cups without handles, two saucers, and a pinch of oolong to begin with.',
      de: 'Zwei Becher ohne Henkel, zwei Untertassen und eine Prise Oolong für den Anfang.',
      ar: 'كوبان بلا مقبض وصحنان، وقليل من شاي أولونغ للبداية.',
    },
    grams: 900,
    variants: [
      variant(20, MOSS, 7200, 'TK-SET-MOSS', 'moss'),
      variant(21, SLATE, 7200, 'TK-SET-SLATE', 'slate'),
      variant(22, CLAY, 6800, 'TK-SET-CLAY', 'clay'),
    ],
  },
  {
    id: '8412003715009',
    handle: 'gift-card',
    kind: 'gift_card',
    collections: [],
    art: 'card',
    title: { en: 'Gift Card', de: 'Geschenkkarte', ar: 'بطاقة هدية' },
    story: {
      en: 'Comes by e-mail at once and never expires.',
      de: 'Kommt sofort per E-Mail und läuft nie ab.',
      ar: 'تصل بالبريد الإلكتروني فورًا ولا تنتهي صلاحيتها.',
    },
    grams: 0,
    variants: [
      variant(15, { en: '€25', de: '25 €', ar: '25 يورو' }, 2500, 'TK-GIFT-25', 'clay'),
      variant(16, { en: '€50', de: '50 €', ar: '50 يورو' }, 5000, 'TK-GIFT-50', 'moss'),
    ],
  },
]

/** A variant with its product. */
export interface Offer {
  readonly product: Product
  readonly variant: Variant
}

const OFFERS = new Map<string, Offer>(
  PRODUCTS.flatMap((product) => product.variants.map((each) => [each.id, { product, variant: each }] as const)),
)

export function offerOf(variantId: string): Offer | undefined {
  return OFFERS.get(variantId)
}

export function productOf(handle: string): Product | undefined {
  return PRODUCTS.find((product) => product.handle === handle)
}

/** Ways to send a parcel. */
export const SHIPPING = {
  standard: {
    title: {
      en: 'Standard, 2–3 days',
      de: 'Standard, 2–3 Tage',
      fr: 'Standard, 2 à 3 jours',
      es: 'Estándar, 2-3 días',
      pt: 'Padrão, 2 a 3 dias',
      ja: '通常配送（2～3日）',
      ar: 'عادي، 2–3 أيام',
      he: 'רגיל, 2–3 ימים',
    },
    priceMinor: 490,
  },
  express: {
    title: {
      en: 'Express, tomorrow',
      de: 'Express, morgen',
      fr: 'Express, demain',
      es: 'Exprés, mañana',
      pt: 'Expresso, amanhã',
      ja: '速達（翌日）',
      ar: 'سريع، غدًا',
      he: 'אקספרס, מחר',
    },
    priceMinor: 990,
  },
} as const satisfies Record<string, { title: Text; priceMinor: number }>

/** Standard shipping is free from here on. */
export const FREE_SHIPPING_FROM_MINOR = 7500

export function shippingPrice(way: keyof typeof SHIPPING, subtotalMinor: number): number {
  return way === 'standard' && subtotalMinor >= FREE_SHIPPING_FROM_MINOR ? 0 : SHIPPING[way].priceMinor
}

/** What one may add for the potters. */
export const TIPS_MINOR: readonly number[] = [0, 100, 200, 500]
