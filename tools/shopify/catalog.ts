/** What the demo shop sells. Prices in minor units of EUR, German VAT included. */

export type Locale = 'en' | 'ar'
export type Text = Readonly<Record<Locale, string>>
/** Which drawing shows the product, and in which glaze. */
export type Art = 'mug' | 'teapot' | 'bowl' | 'candle' | 'towel' | 'tea' | 'vase' | 'spoon' | 'card'
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
  readonly art: Art
  readonly title: Text
  readonly story: Text
  readonly grams: number
  readonly variants: readonly [Variant, ...Variant[]]
}

export const CURRENCY = 'EUR'
export const SHOP_NAME = 'Thistle & Kiln'

const OAT: Text = { en: 'Oat', ar: 'شوفاني' }
const SLATE: Text = { en: 'Slate', ar: 'أردوازي' }
const MOSS: Text = { en: 'Moss', ar: 'طحلبي' }

function variant(id: number, title: Text | null, priceMinor: number, sku: string, tone: Tone): Variant {
  return { id: String(45120880110000 + id), title, priceMinor, sku, tone }
}

export const PRODUCTS: readonly Product[] = [
  {
    id: '8412003715001',
    handle: 'two-cup-teapot',
    kind: 'goods',
    art: 'teapot',
    title: { en: 'Two-Cup Teapot', ar: 'إبريق شاي لكوبين' },
    story: {
      en: 'Thrown in one piece, with a spout that does not drip and a lid that stays on when you pour.',
      ar: 'مصنوع قطعةً واحدة، بفوهة لا تُقطّر وغطاء يبقى في مكانه عند الصب.',
    },
    grams: 820,
    variants: [variant(1, MOSS, 5990, 'TK-POT-MOSS', 'moss'), variant(2, OAT, 5990, 'TK-POT-OAT', 'oat')],
  },
  {
    id: '8412003715002',
    handle: 'morning-mug',
    kind: 'goods',
    art: 'mug',
    title: { en: 'Morning Mug', ar: 'كوب الصباح' },
    story: {
      en: 'Three hundred millilitres, a wide handle, and a glaze that keeps the trace of the hand.',
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
    art: 'bowl',
    title: { en: 'Breakfast Bowl', ar: 'وعاء الفطور' },
    story: {
      en: 'Deep enough for porridge, pretty enough for fruit. Safe in the oven and the dishwasher.',
      ar: 'عميق بما يكفي للعصيدة وجميل بما يكفي للفاكهة. آمن في الفرن وغسّالة الصحون.',
    },
    grams: 520,
    variants: [variant(6, SLATE, 2800, 'TK-BOWL-SLATE', 'slate'), variant(7, OAT, 2800, 'TK-BOWL-OAT', 'oat')],
  },
  {
    id: '8412003715004',
    handle: 'bud-vase',
    kind: 'goods',
    art: 'vase',
    title: { en: 'Bud Vase', ar: 'مزهرية صغيرة' },
    story: {
      en: 'For the three stems that you picked on the way home.',
      ar: 'للأغصان الثلاثة التي قطفتها في طريق العودة.',
    },
    grams: 460,
    variants: [variant(8, { en: 'Clay', ar: 'طيني' }, 3600, 'TK-VASE-CLAY', 'clay')],
  },
  {
    id: '8412003715005',
    handle: 'beeswax-candle',
    kind: 'goods',
    art: 'candle',
    title: { en: 'Beeswax Candle', ar: 'شمعة من شمع العسل' },
    story: {
      en: 'Pure beeswax and a cotton wick. Burns slowly and smells faintly of summer.',
      ar: 'شمع عسل نقي وفتيل من القطن. تحترق ببطء برائحة صيف خفيفة.',
    },
    grams: 280,
    variants: [
      variant(9, { en: 'Small', ar: 'صغيرة' }, 1950, 'TK-CANDLE-S', 'honey'),
      variant(10, { en: 'Large', ar: 'كبيرة' }, 3200, 'TK-CANDLE-L', 'honey'),
    ],
  },
  {
    id: '8412003715006',
    handle: 'mountain-oolong',
    kind: 'goods',
    art: 'tea',
    title: { en: 'Mountain Oolong', ar: 'شاي أولونغ الجبلي' },
    story: {
      en: 'Half green, half dark, rolled by hand. Good for four infusions out of the same leaves.',
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
    art: 'towel',
    title: { en: 'Linen Tea Towel', ar: 'منشفة كتّان' },
    story: {
      en: 'Washed European linen that gets better with every week of use.',
      ar: 'كتّان أوروبي مغسول يزداد جمالًا مع كل أسبوع من الاستعمال.',
    },
    grams: 110,
    variants: [variant(13, null, 1690, 'TK-TOWEL', 'oat')],
  },
  {
    id: '8412003715008',
    handle: 'olive-wood-spoon',
    kind: 'goods',
    art: 'spoon',
    title: { en: 'Olive-Wood Spoon', ar: 'ملعقة من خشب الزيتون' },
    story: {
      en: 'Carved from one branch and oiled twice. No two have the same grain.',
      ar: 'منحوتة من غصن واحد ومدهونة بالزيت مرتين. لا تتشابه عروق اثنتين منها.',
    },
    grams: 60,
    variants: [variant(14, null, 1240, 'TK-SPOON', 'honey')],
  },
  {
    id: '8412003715009',
    handle: 'gift-card',
    kind: 'gift_card',
    art: 'card',
    title: { en: 'Gift Card', ar: 'بطاقة هدية' },
    story: {
      en: 'Comes by e-mail at once and never expires.',
      ar: 'تصل بالبريد الإلكتروني فورًا ولا تنتهي صلاحيتها.',
    },
    grams: 0,
    variants: [
      variant(15, { en: '€25', ar: '25 يورو' }, 2500, 'TK-GIFT-25', 'clay'),
      variant(16, { en: '€50', ar: '50 يورو' }, 5000, 'TK-GIFT-50', 'moss'),
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
  standard: { title: { en: 'Standard, 2–3 days', ar: 'عادي، 2–3 أيام' }, priceMinor: 490 },
  express: { title: { en: 'Express, tomorrow', ar: 'سريع، غدًا' }, priceMinor: 990 },
} as const satisfies Record<string, { title: Text; priceMinor: number }>

/** Standard shipping is free from here on. */
export const FREE_SHIPPING_FROM_MINOR = 7500

export function shippingPrice(way: keyof typeof SHIPPING, subtotalMinor: number): number {
  return way === 'standard' && subtotalMinor >= FREE_SHIPPING_FROM_MINOR ? 0 : SHIPPING[way].priceMinor
}

/** What one may add for the potters. */
export const TIPS_MINOR: readonly number[] = [0, 100, 200, 500]
