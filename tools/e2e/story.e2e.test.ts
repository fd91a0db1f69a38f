import { isDeepStrictEqual } from 'node:util'
import type { Browser, BrowserContext, Page } from 'playwright-core'
import { afterAll, beforeAll, expect, inject, onTestFinished, test } from 'vitest'
import { RewardsPage } from '../../domain/contracts/rewards.ts'
import { en } from '../../web/widget/languages/en.ts'
import { fill } from '../../web/widget/voice.ts'
import { toCurrency } from '../shopify/currencies.ts'
import { apiOf } from '../testing/api.ts'
import { booksOf } from '../testing/books.ts'
import { launchBrowser } from '../testing/browser.ts'
import { type Language, register, type Shopper, shopifyIdOf, shopperAt } from '../testing/shopper.ts'

/**
 * The whole story as its people live it, in real browsers on the whole stack: points for an order, a code for points, an
 * order with the code, and everything that must not work. The demo customers have nothing before it.
 */

const info = inject('stack')
const api = apiOf(info)
const books = booksOf(info)
const TEAPOT = 'two-cup-teapot'
/** Cents. */
const POT = 5990
const SHIPPING = 490
/** 288 points. */
const FOUR_SETS = ['tea-for-two-set', 4] as const

let browser: Browser

beforeAll(async () => {
  browser = await launchBrowser()
})
afterAll(() => browser.close())

/** A person's browser. What its pages log as an error, a refused script or style among it, lands in `errors`. */
async function person() {
  const viewport = { width: 1280, height: 860 }
  const context = await browser.newContext({ viewport, baseURL: info.storefront, locale: 'en-GB' })
  const errors: string[] = []
  context.on('console', (message) => message.type() === 'error' && errors.push(message.text()))
  context.on('weberror', (error) => errors.push(error.error().message))
  onTestFinished(() => context.close())
  return { context, errors }
}

/** A new customer with that many points, in a browser of their own. */
async function memberWith(points: number) {
  const { context } = await person()
  const customer = await register(context)
  const earned = await api.call('POST', '/v1/api/points/earn', { customer_id: customer, points })
  expect(earned.status, await earned.clone().text()).toBe(200)
  return { context, customer }
}

/** The title, in that language, of the demo shop's reward that gives this. */
async function rewardOf(
  value: object,
  kind: 'fixed' | 'sliding' = 'fixed',
  language: Language = 'en',
): Promise<string> {
  const { rewards } = RewardsPage.parse(await (await api.call('GET', '/v1/api/rewards')).json())
  const reward = rewards.find((one) => one.cost.kind === kind && isDeepStrictEqual(one.value, value))
  if (!reward) throw new Error(`the demo shop has no reward of ${JSON.stringify(value)}`)
  return reward.translations[language]?.title ?? reward.title
}

const FIVE_OFF = { type: 'amount_off', amount: '5.00' }

/** As the storefront writes a code within a sentence. */
const quoted = (code: string): string => `\u2068${code}\u2069`

/** An order's page in the back office, found by its number. */
async function backOffice(context: BrowserContext, order: number): Promise<Page> {
  const page = await context.newPage()
  await page.goto('/admin')
  await page.getByRole('link', { name: `#${order}`, exact: true }).click()
  return page
}

/** Somebody who got hold of a code that is not theirs: nobody in particular first, then another customer, then by force. */
async function strangerTries(code: string, name: string, language: Language): Promise<void> {
  const { context } = await person()
  const stranger = await shopperAt(context, '/', language)
  await stranger.choose(TEAPOT)
  await stranger.checkout()
  expect(await stranger.enterCode(code)).toBe(stranger.t('refusedLogIn', { code: quoted(code) }))
  await stranger.be(name)
  expect(await stranger.enterCode(code)).toBe(stranger.t('refusedNotYours', { code: quoted(code) }))
  expect(await stranger.total.textContent()).toBe(stranger.money(POT + SHIPPING))
  // A link puts any code into a cart: it stays there as one that gives nothing, and the order costs what it costs.
  await stranger.page.goto(`/discount/${code}?redirect=/checkout`)
  await stranger.page.locator('.chip .error').waitFor()
  await stranger.order()
  expect(await stranger.page.locator('#content .sum.total').textContent()).toContain(stranger.money(POT + SHIPPING))
  expect((await books.shopCodes()).get(code)).toMatchObject({ usage_count: 0, order_ids: [] })
}

/** The second order, with the code from the panel. */
async function buyWith(code: string, shopping: Shopper): Promise<number> {
  const { page, panel, voice, money, t } = shopping
  await shopping.choose(TEAPOT)
  await panel.open()
  await panel.show('codes')
  await panel.codes.getByRole('button', { name: voice.texts.apply }).click()
  await panel.codes.getByText(voice.texts.applied).first().waitFor()
  await page.locator('#content .chip', { hasText: code }).waitFor()
  await shopping.checkout()
  expect(await shopping.total.textContent()).toBe(money(POT - 500 + SHIPPING))
  const order = await shopping.order()
  const saving = page.locator('#content .sum.saving').filter({ hasText: code })
  expect(await saving.textContent()).toContain(money(-500))
  await page.getByText(t('saved', { amount: money(500) })).waitFor()
  return order
}

test.for([
  { language: 'en', me: 'Mira Lindqvist', email: 'mira@example.com', stranger: 'Yusuf Haddad' },
  { language: 'ar', me: 'Chloé Martin', email: 'chloe@example.com', stranger: 'Tomasz Zieliński' },
] as const)(
  'buy, redeem, use the code, send the first order back: $language',
  async ({ language, me, email, stranger }) => {
    const { context, errors } = await person()
    const watching = await shopperAt(context, '/', language)
    const { panel, voice } = watching
    await watching.be(me)
    const customer = await shopifyIdOf(context, email)
    await panel.open()
    await panel.has(0)
    await watching.page.evaluate('globalThis.notReloaded = true')

    const shopping = await shopperAt(context, '/', language)
    await shopping.choose(...FOUR_SETS)
    await shopping.checkout()
    const first = await shopping.order()
    await panel.has(288)
    await panel.hears(voice.change(288))

    const code = await panel.redeem(await rewardOf(FIVE_OFF, 'fixed', language), 250)
    await panel.has(38)
    await panel.hears(voice.change(-250))
    expect(await panel.said.textContent()).toBe(voice.texts.codeReady)
    await strangerTries(code, stranger, language)

    await buyWith(code, shopping)
    await panel.has(38 + 54)
    await panel.codes.locator('li.row', { hasText: voice.texts.ended.used }).waitFor()
    expect(await panel.codes.getByText(code).count()).toBe(0)
    const [redemption] = await books.redemptions(customer)
    expect(redemption).toMatchObject({
      state: 'used',
      code,
      order_id: expect.any(String),
      points: 250,
      points_returned: 0,
    })
    expect((await books.shopCodes()).get(code)).toMatchObject({ usage_count: 1, order_ids: [redemption?.order_id] })

    await shopping.choose(TEAPOT)
    await shopping.checkout()
    expect(await shopping.enterCode(code)).toBe(shopping.t('refusedUsed', { code: quoted(code) }))
    expect(await shopping.total.textContent()).toBe(shopping.money(POT + SHIPPING))

    const merchant = await backOffice(context, first)
    await merchant.getByRole('button', { name: 'Refund all' }).click()
    await merchant.getByText('Refunded.').waitFor()
    // 250 of those points are spent: what is missing is owed.
    await panel.has(0)
    await panel.hears(voice.change(-92))
    await panel.frame.getByText(fill(voice.texts.debt, voice.points(196))).waitFor()
    await panel.show('history')
    expect(await panel.frame.locator('#in-history li b').allTextContents()).toEqual(
      [-288, 54, -250, 288].map((points) => voice.change(points)),
    )
    expect(await watching.page.evaluate('globalThis.notReloaded')).toBe(true)
    expect(errors).toEqual([])

    const entries = await api.transactions(customer)
    expect(entries.map(({ kind, points }) => [kind, points])).toEqual([
      ['clawback', -288],
      ['earn', 54],
      ['capture', -250],
      ['hold', 0],
      ['earn', 288],
    ])
    expect(await api.balance(customer)).toMatchObject({ points: 0, posted: -196, debt: 196 })
    await books.balanced(customer)
  },
)

test('two tabs at once with points for one: one code, the other tab says that nothing is spent', async () => {
  const { context, customer } = await memberWith(300)
  const tabs = [await shopperAt(context), await shopperAt(context)]
  await letThroughTogether(context, '**/redeem', tabs.length)
  for (const { panel } of tabs) {
    await panel.open()
    await panel.spend(await rewardOf(FIVE_OFF), 250)
  }
  const said = tabs.map(({ panel }) => panel.said)
  const { codeReady, unavailable } = en
  await expect
    .poll(async () => new Set(await Promise.all(said.map((text) => text.textContent()))), { timeout: 15_000 })
    .toEqual(new Set([unavailable, codeReady]))
  const [redemption, ...more] = await books.redemptions(customer)
  expect(more).toEqual([])
  for (const { panel } of tabs) {
    await panel.has(50)
    await panel.show('codes')
    await panel.codes.getByText(redemption?.code ?? '?').waitFor()
    expect(await panel.codes.locator('li').count()).toBe(1)
  }
  const entries = await api.transactions(customer)
  expect(entries.map(({ kind, points }) => [kind, points])).toEqual([
    ['capture', -250],
    ['hold', 0],
    ['earn', 300],
  ])
  await books.balanced(customer)
})

/** Holds such requests of a browser until so many are there, and lets them go at once. */
async function letThroughTogether(context: BrowserContext, url: string, count: number): Promise<void> {
  const { promise: allThere, resolve } = Promise.withResolvers<void>()
  let there = 0
  await context.route(url, async (route) => {
    there += 1
    if (there === count) resolve()
    await allThere
    await route.continue()
  })
}

test.for([
  { points: 1_000, offYen: toCurrency(1_000, 'JPY'), earned: 49, why: 'in full' },
  // €30 would be ¥4,926; the goods cost ¥9,836, and half of them is the most.
  { points: 3_000, offYen: toCurrency(POT, 'JPY') / 2, earned: 29, why: 'up to half of the goods' },
])('pay with $points points in yen: $why', async ({ points, offYen, earned }) => {
  const { context, customer } = await memberWith(5_000)
  const shopper = await shopperAt(context, '/?currency=JPY')
  const { page, panel, voice, money } = shopper
  await shopper.choose(TEAPOT)
  await panel.open()
  const slider = panel.frame.getByRole('slider', { name: voice.texts.spend })
  // No more than the cart can use, of 5,000 points.
  await panel.frame.getByText('3,000 points for €30 off').waitFor()
  await slider.fill(String(points))
  const code = await panel.redeem(await rewardOf({ type: 'amount_off', amount: '1.00' }, 'sliding'), points)
  await panel.has(5_000 - points)
  await panel.codes.getByRole('button', { name: voice.texts.apply }).click()
  await page.locator('#content .chip', { hasText: code }).waitFor()
  await shopper.checkout()
  const yen = (amountMinor: number) => money(amountMinor, 'JPY')
  const total = toCurrency(POT, 'JPY') - offYen + toCurrency(SHIPPING, 'JPY')
  expect(await shopper.total.textContent()).toBe(yen(total))
  await shopper.order()
  const saving = page.locator('#content .sum.saving').filter({ hasText: code })
  expect(await saving.textContent()).toContain(yen(-offYen))
  expect(await page.locator('#content .sum.total').textContent()).toContain(yen(total))
  await panel.open()
  await panel.has(5_000 - points + earned)
  await panel.show('codes')
  await panel.codes.locator('li.row', { hasText: voice.texts.ended.used }).waitFor()
  await books.balanced(customer)
})

test('a code that is given back: the points return, and the shop knows it no more', async () => {
  const { context, customer } = await memberWith(300)
  const shopper = await shopperAt(context)
  const { page, panel, voice, t } = shopper
  await shopper.choose(TEAPOT)
  await panel.open()
  const code = await panel.redeem(await rewardOf({ type: 'free_shipping' }), 150)
  await panel.has(150)
  await panel.codes.getByRole('button', { name: voice.texts.apply }).click()
  await page.locator('#content .chip', { hasText: code }).waitFor()
  await panel.codes.getByRole('button', { name: voice.texts.giveBack }).click()
  await panel.codes.getByText('Give it back for 150 points?').waitFor()
  await panel.codes.locator('#yes').click()
  await panel.codes.locator('li.row', { hasText: voice.texts.ended.by_customer }).waitFor()
  await panel.has(300)

  const refused = t('refusedUnknown', { code: quoted(code) })
  await shopper.checkout()
  expect(await page.locator('.chip .error').textContent()).toBe(refused)
  expect(await shopper.total.textContent()).toBe(shopper.money(POT + SHIPPING))
  await page.getByRole('button', { name: t('removeCode', { code: quoted(code) }) }).click()
  await page.locator('.chip').waitFor({ state: 'detached' })
  expect(await shopper.enterCode(code)).toBe(refused)
  expect((await api.transactions(customer)).map(({ kind, points }) => [kind, points])).toEqual([
    ['reversal', 150],
    ['capture', -150],
    ['hold', 0],
    ['earn', 300],
  ])
  await books.balanced(customer)
})

test('in the end the shop has the codes of the captured holds, no more and no fewer', async () => {
  await expect.poll(() => books.codesAgree().then(() => 'agree', String), { timeout: 15_000 }).toBe('agree')
})
