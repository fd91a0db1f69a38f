import { expect, test } from 'vitest'
import type { Redemption, Reward } from '../../domain/contracts/rewards.ts'
import { SHOPPER_LANGUAGES } from '../../domain/contracts/text.ts'
import { inkOn } from './appearance.ts'
import { countAt } from './blocks/count.ts'
import { priceIn } from './blocks/product.ts'
import { type Cart, goodsOf, hasCode, purchaseOf } from './cart.ts'
import { LANGUAGES } from './languages/languages.ts'
import { amountFor, offerOf } from './offers.ts'
import { worth } from './panel/rewards.ts'
import { withNews } from './store.ts'
import { languageOf, voiceOf } from './voice.ts'

const REWARD: Reward = {
  id: '8d2cf7d8-1111-4222-8333-444444444444',
  version: 1,
  title: '5 off',
  description: null,
  translations: {},
  status: 'active',
  position: 0,
  value: { type: 'amount_off', amount: '5.00' },
  cost: { kind: 'fixed', points: 500 },
  conditions: { minimum_spend: null, collection_ids: [], max_share_percent: null },
  limit_per_customer: null,
  limit_total: null,
  starts_at: null,
  ends_at: null,
  tier: null,
  code_prefix: null,
  code_valid_days: null,
  points_back: { expired: false, cancelled: true },
  combines_with: { order_discounts: false, product_discounts: true, shipping_discounts: true },
  currency: 'EUR',
  created_at: '2026-11-23T10:00:00.000Z',
  updated_at: '2026-11-23T10:00:00.000Z',
  discount: null,
  standing: {
    status: 'not_enough_points',
    points_missing: 100,
    progress: 0.8,
    max_points: 0,
    redemptions_left: null,
  },
}
/** Every 100 points take 1.00 off, from 2 steps on. */
const SLIDING: Reward = {
  ...REWARD,
  value: { type: 'amount_off', amount: '1.00' },
  cost: { kind: 'sliding', step_points: 100, min_steps: 2, max_steps: null },
}

const REDEMPTION: Redemption = {
  id: '7c1be6c7-1111-5222-8333-444444444444',
  customer_id: '5b0ad5b6-1111-5222-8333-444444444444',
  reward_id: REWARD.id,
  title: '5 off',
  value: REWARD.value,
  currency: 'EUR',
  points: 500,
  points_returned: 0,
  state: 'pending',
  ending: null,
  cancel_reason: null,
  code: null,
  order_id: null,
  requested_at: '2026-11-23T10:00:00.000Z',
  issued_at: null,
  expires_at: null,
  ended_at: null,
  version: 1,
}

const CART: Cart = {
  currency: 'EUR',
  items: [
    { final_line_price: 5900, gift_card: false },
    { final_line_price: 2500, gift_card: true },
  ],
  discount_codes: [
    { code: 'ln-abcd', applicable: true },
    { code: 'LN-OTHER', applicable: false },
  ],
}

test('the count begins where it was and ends exactly at the balance', () => {
  expect(countAt(100, 159, 0)).toBe(100)
  expect(countAt(100, 159, 900)).toBe(159)
  expect(countAt(159, 100, 5_000)).toBe(100)
  expect(countAt(100, 159, 300)).toBeGreaterThan(130)
})

test('each language speaks its own numbers, plurals, money and dates', () => {
  const english = voiceOf()
  expect(english.change(59)).toBe('+59 points')
  expect(english.change(-1)).toBe('-1 point')
  expect(english.number(12480)).toBe('12,480')
  expect([english.money('5.00', 'EUR'), english.money('5.5', 'EUR'), english.money('500', 'JPY')]).toEqual([
    '€5',
    '€5.50',
    '¥500',
  ])
  expect(english.days(14)).toBe('14 days')
  expect(english.date('2027-01-03T12:00:00Z')).toBe('Jan 3, 2027')
  const arabic = voiceOf(LANGUAGES.ar)
  expect([arabic.unit(2), arabic.unit(5), arabic.unit(59)]).toEqual(['نقطتان', 'نقاط', 'نقطة'])
  expect(arabic.isRtl).toBe(true)
  // The mark after the sign: without it one reads `$US 12`.
  expect(arabic.money(12, 'USD')).toMatch(/US\$\u200E$/)
  expect(voiceOf(LANGUAGES.de).points(12480)).toBe('12.480 Punkte')
})

test('a tag finds its language; what the widget does not speak is English', () => {
  expect(['pt-BR', 'DE', 'en_US', 'ja-Jpan-JP', 'zh-Hant', ''].map(languageOf)).toEqual([
    'pt',
    'de',
    'en',
    'ja',
    'en',
    'en',
  ])
})

/** Every text of a language, by its place. */
function textsIn(value: unknown, place = ''): readonly (readonly [string, string])[] {
  if (typeof value === 'string') return [[place, value]]
  return Object.entries(value ?? {}).flatMap(([name, inner]) => textsIn(inner, `${place}.${name}`))
}

const gaps = (text: string) => [...new Set(text.match(/\{.*?\}/g))].toSorted().join()

test.each(SHOPPER_LANGUAGES)(
  '%s has every plural form it needs, the values of English, and no empty text',
  (language) => {
    const texts = LANGUAGES[language]
    expect(texts.language).toBe(language)
    const categories = new Intl.PluralRules(language).resolvedOptions().pluralCategories
    expect(Object.keys(texts.points).toSorted()).toEqual([...categories].toSorted())
    const written = textsIn({ ...texts, points: {} })
    expect(written.filter(([, text]) => text.trim() === '')).toEqual([])
    const places = (all: typeof written) => all.map(([place, text]) => `${place} ${gaps(text)}`).toSorted()
    expect(places(written)).toEqual(places(textsIn({ ...LANGUAGES.en, points: {} })))
  },
)

/** WCAG's relative luminance of `#rrggbb`. */
function luminance(hex: string): number {
  const [r = 0, g = 0, b = 0] = [1, 3, 5].map((at) => {
    const part = Number.parseInt(hex.slice(at, at + 2), 16) / 255
    return part <= 0.03928 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4
  })
  return 0.2126 * r + 0.7152 * g + 0.0722 * b
}

test('text on any accent has more than 4.5 to 1', () => {
  const channel = Array.from({ length: 52 }, (_, step) => (step * 5).toString(16).padStart(2, '0'))
  const accents = channel.flatMap((r) => channel.flatMap((g) => channel.map((b) => `#${r}${g}${b}`)))
  const ratios = accents.map((accent) => {
    const beside = luminance(accent) + 0.05
    return inkOn(accent) === '#000' ? beside / 0.05 : 1.05 / beside
  })
  expect(ratios.reduce((least, ratio) => Math.min(least, ratio))).toBeGreaterThan(4.5)
})

test('progress and what is missing move with the balance, whatever the server said of the points then', () => {
  expect(offerOf(REWARD, 400, 0)).toMatchObject({ status: 'not_enough_points', missing: 100, progress: 0.8 })
  expect(offerOf(REWARD, 500, 0)).toMatchObject({ status: 'available', missing: 0, progress: 1, min: 500, max: 500 })
})

test('limits, dates and tiers are what the server said', () => {
  const standing = { status: 'sold_out' as const, points_missing: 0, progress: 1, max_points: 0, redemptions_left: 0 }
  expect(offerOf({ ...REWARD, standing }, 10_000, 0).status).toBe('sold_out')
})

test('a slider ends at the balance in whole steps, or at the most that the reward takes', () => {
  expect(offerOf(SLIDING, 1_250, 0)).toMatchObject({ min: 200, max: 1_200, step: 100 })
  const limited = { ...SLIDING, cost: { kind: 'sliding' as const, step_points: 100, min_steps: 2, max_steps: 5 } }
  expect(offerOf(limited, 1_250, 0).max).toBe(500)
  expect(offerOf(SLIDING, 150, 0)).toMatchObject({ status: 'not_enough_points', missing: 50 })
})

test('a slider ends where its share of the cart is paid, since more would be lost', () => {
  const half = { ...SLIDING, conditions: { ...SLIDING.conditions, max_share_percent: 50 } }
  expect(offerOf(half, 100_000, 60).max).toBe(3_000)
  expect(offerOf(half, 100_000, 61).max).toBe(3_100)
  // Never below the least that the reward takes; with nothing in the cart nothing is known.
  expect(offerOf(half, 100_000, 1).max).toBe(200)
  expect(offerOf(half, 100_000, 0).max).toBe(100_000)
})

test('what points take off', () => {
  expect(amountFor(REWARD, 500)).toBe(5)
  expect(amountFor(SLIDING, 1_200)).toBe(12)
  const voice = voiceOf()
  expect(worth(voice, REWARD.value, 'EUR')).toBe('€5 off')
  expect(worth(voice, { type: 'percent_off', percent: 10 }, 'EUR')).toBe('10% off')
  expect(worth(voice, { type: 'free_shipping' }, 'EUR')).toBe('Free shipping')
})

test('a cart of the Ajax API as a purchase: hundredths become decimals, gift cards are told apart', () => {
  expect(purchaseOf(CART, 'EUR')).toEqual({
    currency: 'EUR',
    exchange_rate: undefined,
    lines: [
      { amount: '59.00', gift_card: false },
      { amount: '25.00', gift_card: true },
    ],
  })
  expect(goodsOf(CART, 'EUR')).toBe(59)
  expect([hasCode(CART, 'LN-ABCD'), hasCode(CART, 'LN-OTHER'), hasCode(undefined, 'LN-ABCD')]).toEqual([
    true,
    false,
    false,
  ])
})

test('the price of the chosen variant', () => {
  expect(priceIn('41:5900, 42:6900', '42')).toBe(6900)
  expect(priceIn('41:5900', '43')).toBeUndefined()
})

test('news of a redemption take its place if they are newer, or come first', () => {
  const issued: Redemption = { ...REDEMPTION, state: 'issued', code: 'ABCD', version: 2 }
  const other: Redemption = { ...REDEMPTION, id: '7c1be6c7-1111-5222-8333-555555555555' }
  expect(withNews([other, REDEMPTION], issued)).toEqual([other, issued])
  expect(withNews([issued], REDEMPTION)).toEqual([issued])
  expect(withNews([issued], other)).toEqual([other, issued])
})
