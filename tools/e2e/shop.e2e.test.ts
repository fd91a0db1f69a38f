import { randomUUID } from 'node:crypto'
import { mkdirSync } from 'node:fs'
import path from 'node:path'
import type { Browser, BrowserContext, Locator, Page } from 'playwright-core'
import { afterAll, beforeAll, expect, inject, test } from 'vitest'
import { z } from 'zod'
import { launchBrowser } from '../testing/browser.ts'
import { accessible, fitsItsScreen } from '../testing/pages.ts'

/** What a shopper and a merchant see, in a real browser, on the whole running stack. */

const info = inject('stack')
const ROOT = path.join(import.meta.dirname, '../..')
/** Looked at by people; git ignores it. */
const SHOTS = path.join(ROOT, '.cache/screenshots')
const DESKTOP = { width: 1280, height: 860 }
const PHONE = { width: 390, height: 844 }
const TEAPOT = '/products/two-cup-teapot'

let browser: Browser

beforeAll(async () => {
  mkdirSync(SHOTS, { recursive: true })
  browser = await launchBrowser()
})
afterAll(() => browser.close())

/** A new visitor's browser. Whatever its pages log as an error, a refused script or style among it, lands in `errors`. */
async function visitor(options: Parameters<Browser['newContext']>[0] = {}) {
  const context = await browser.newContext({ viewport: DESKTOP, baseURL: info.storefront, locale: 'en-GB', ...options })
  const errors: string[] = []
  context.on('console', (message) => message.type() === 'error' && errors.push(message.text()))
  context.on('weberror', (error) => errors.push(error.error().message))
  return { context, errors }
}

async function open(context: BrowserContext, address: string): Promise<Page> {
  const page = await context.newPage()
  await page.goto(address)
  return page
}

/** A customer of their own for each test, so that every balance begins at nothing. */
async function register(context: BrowserContext): Promise<Page> {
  const page = await open(context, '/account/register')
  await page.getByLabel('First name').fill('Ada')
  await page.getByLabel('Last name').fill('Byron')
  await page.getByLabel('E-mail').fill(`ada-${randomUUID()}@example.com`)
  await page.getByRole('button', { name: 'Create an account' }).click()
  await page.waitForURL('**/account')
  return page
}

async function buy(page: Page, product = TEAPOT): Promise<void> {
  await page.goto(product)
  await page.getByRole('button', { name: 'Add to cart' }).click()
  await page.getByRole('link', { name: 'Go to checkout' }).click()
  await page.getByRole('button', { name: 'Place the order' }).click()
  await page.waitForURL('**/orders/*')
}

function balance(page: Page): Locator {
  return page.locator('loyalnest-balance .number')
}

/** The balance once it has become that, or what it is after a while. */
async function settles(page: Page, points: string): Promise<string | null> {
  await balance(page)
    .filter({ hasText: new RegExp(`^${points}$`) })
    .waitFor({ timeout: 15_000 })
    .catch(() => {})
  return balance(page).textContent()
}

/** The newest order in the back office. */
async function backOffice(context: BrowserContext): Promise<Page> {
  const page = await open(context, '/admin')
  await page.locator('tbody th a').first().click()
  return page
}

test('buy: points appear in an open page without a reload; refund: they go', async () => {
  const { context, errors } = await visitor()
  const watching = await register(context)
  await watching.goto('/')
  expect(await settles(watching, '0')).toBe('0')
  await watching.evaluate('globalThis.notReloaded = true')
  const shopping = await context.newPage()
  await buy(shopping)
  expect(await settles(watching, '59')).toBe('59')
  expect(await watching.locator('loyalnest-balance .change').textContent()).toBe('+59 points')
  expect(await settles(shopping, '59')).toBe('59')
  await watching.screenshot({ path: path.join(SHOTS, 'live-points.png') })

  const merchant = await backOffice(context)
  await merchant.getByRole('button', { name: 'Refund all' }).click()
  await merchant.getByText('Refunded.').waitFor()
  expect(await settles(watching, '0')).toBe('0')
  expect(await settles(shopping, '0')).toBe('0')
  expect(await watching.locator('loyalnest-balance .change').textContent()).toBe('-59 points')
  expect(await watching.evaluate('globalThis.notReloaded')).toBe(true)
  expect(errors).toEqual([])
  await context.close()
})

test('a change is announced once: by one of the elements that show it, and not at every frame of the count', async () => {
  const { context } = await visitor()
  const page = await register(context)
  expect(await settles(page, '0')).toBe('0')
  await buy(await context.newPage())
  expect(await settles(page, '59')).toBe('59')
  expect(await page.locator('loyalnest-launcher [aria-live]').textContent()).toBe('+59 points')
  expect(await page.locator('loyalnest-balance [aria-live=polite]').count()).toBe(0)
  expect(await balance(page).getAttribute('aria-hidden')).toBe('true')
  await context.close()
})

test('partial refunds: each takes back what its part earned, shipping nothing', async () => {
  const { context } = await visitor()
  const page = await register(context)
  await page.goto(TEAPOT)
  await page.getByLabel('Quantity').fill('1')
  await page.getByRole('button', { name: 'Add to cart' }).click()
  await buy(page, '/products/linen-tea-towel')
  expect(await settles(page, '76')).toBe('76')
  const merchant = await backOffice(context)
  await merchant.getByLabel('Refund now: Linen Tea Towel').fill('1')
  await merchant.getByRole('button', { name: 'Refund these' }).click()
  await merchant.getByText('partially refunded').waitFor()
  expect(await settles(page, '59')).toBe('59')
  await context.close()
})

test('a refund that arrives before its order: nothing remains of the points in the end', async () => {
  const { context } = await visitor()
  const page = await register(context)
  expect(await settles(page, '0')).toBe('0')
  const hooks = await open(context, '/admin/webhooks')
  await hooks.getByLabel('Hold them back until I let them go').check()
  await hooks.getByRole('button', { name: 'Save' }).click()
  await buy(await context.newPage())
  const merchant = await backOffice(context)
  await merchant.getByRole('button', { name: 'Refund all' }).click()
  await hooks.reload()
  await hooks.getByLabel('At once, as they happen').check()
  await hooks.getByRole('button', { name: 'Save' }).click()
  await hooks.getByRole('button', { name: 'Let go newest first' }).click()
  await hooks.getByText('Let go.').waitFor()
  // A second order is booked after the first one's webhooks: its points alone remain.
  await buy(await context.newPage(), '/products/morning-mug')
  expect(await settles(page, '24')).toBe('24')
  await context.close()
})

test('"send again": the same webhook a second time changes nothing', async () => {
  const { context } = await visitor()
  const page = await register(context)
  await buy(page)
  expect(await settles(page, '59')).toBe('59')
  const hooks = await open(context, '/admin/webhooks')
  await hooks
    .getByRole('button', { name: /^Send again orders\/paid/ })
    .first()
    .click()
  await hooks.getByText('Sent again.').waitFor()
  await buy(await context.newPage(), '/products/morning-mug')
  expect(await settles(page, '83')).toBe('83')
  await context.close()
})

test('a visitor is invited to log in; offline the last balance stays and says so', async () => {
  const { context } = await visitor()
  const page = await open(context, '/')
  await page.getByRole('link', { name: 'Log in to see your points' }).click()
  await page.waitForURL('**/account/login')
  const mine = await register(context)
  expect(await settles(mine, '0')).toBe('0')
  await context.setOffline(true)
  await mine.locator('loyalnest-balance[data-state=offline]').waitFor()
  expect(await settles(mine, '0')).toBe('0')
  await context.setOffline(false)
  await mine.locator('loyalnest-balance[data-state=live]').waitFor()
  await context.close()
})

test('the keyboard alone is enough to buy', async () => {
  const { context } = await visitor()
  const page = await register(context)
  await page.goto(TEAPOT)
  await page.keyboard.press('Tab')
  expect(await page.evaluate('document.activeElement.className')).toBe('skip')
  const press = async (name: string) => {
    for (let step = 0; step < 40; step++) {
      const focused = z.string().parse(await page.evaluate('document.activeElement.textContent.trim()'))
      if (focused === name) return page.keyboard.press('Enter')
      await page.keyboard.press('Tab')
    }
    throw new Error(`Tab never reached “${name}”.`)
  }
  await press('Add to cart')
  await page.waitForURL('**/cart')
  await press('Go to checkout')
  await page.waitForURL('**/checkout')
  await press('Place the order')
  await page.waitForURL('**/orders/*')
  expect(await settles(page, '59')).toBe('59')
  await context.close()
})

test.for([
  { name: 'desktop', viewport: DESKTOP, lang: 'en', colorScheme: 'light' as const },
  { name: 'desktop', viewport: DESKTOP, lang: 'ar', colorScheme: 'dark' as const },
  { name: 'phone', viewport: PHONE, lang: 'en', colorScheme: 'dark' as const },
  { name: 'phone', viewport: PHONE, lang: 'ar', colorScheme: 'light' as const },
])('every page is accessible and fits: $name, $lang, $colorScheme', async ({ name, viewport, lang, colorScheme }) => {
  const { context, errors } = await visitor({ viewport, colorScheme, reducedMotion: 'reduce' })
  const page = await register(context)
  await buy(page)
  const order = page.url()
  await page.goto(TEAPOT)
  await page.getByRole('button', { name: 'Add to cart' }).click()
  const shop = { home: '/', product: TEAPOT, cart: '/cart', checkout: '/checkout', order, account: '/account' }
  const office = { orders: '/admin', discounts: '/admin/discounts', webhooks: '/admin/webhooks' }
  const entry = { login: '/account/login', register: '/account/register' }
  for (const [what, address] of Object.entries({ ...shop, ...entry, ...office, app: info.app })) {
    const ours = address.startsWith('/') || address === order
    await page.goto(ours ? `${address}?lang=${lang}` : address)
    if (what in shop) await page.locator('loyalnest-balance[data-state=live]').waitFor()
    const isArabic = lang === 'ar' && (what in shop || what in entry)
    expect((await page.getAttribute('html', 'dir')) ?? 'ltr').toBe(isArabic ? 'rtl' : 'ltr')
    await accessible(page)
    await fitsItsScreen(page)
    await page.screenshot({ path: path.join(SHOTS, `${what}-${name}-${lang}-${colorScheme}.png`), fullPage: true })
  }
  expect(errors).toEqual([])
  await context.close()
})

test.for([
  { name: 'desktop', viewport: DESKTOP, colorScheme: 'light' as const },
  { name: 'phone', viewport: PHONE, colorScheme: 'dark' as const },
])('the API guide is accessible, an open operation too: $name, $colorScheme', async (look) => {
  const { context, errors } = await visitor({ viewport: look.viewport, colorScheme: look.colorScheme })
  const page = await open(context, info.docs)
  await page.locator('.opblock').first().waitFor()
  await accessible(page)
  await page.locator('.opblock-summary-control').first().click()
  await page.locator('.opblock-body .body-param__text').waitFor()
  await accessible(page)
  await page.screenshot({ path: path.join(SHOTS, `docs-${look.name}-${look.colorScheme}.png`) })
  expect(errors).toEqual([])
  await context.close()
})
