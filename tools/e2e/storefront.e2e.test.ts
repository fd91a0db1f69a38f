import { randomUUID } from 'node:crypto'
import { mkdirSync } from 'node:fs'
import path from 'node:path'
import type { Browser, BrowserContext, Page } from 'playwright-core'
import { afterAll, beforeAll, expect, inject, test } from 'vitest'
import { launchBrowser } from '../testing/browser.ts'
import { accessible, fitsItsScreen } from '../testing/pages.ts'

/** The demo shop's own pages in a real browser: what the widget stands in must be good itself. */

const info = inject('stack')
/** Looked at by people; git ignores it. */
const SHOTS = path.join(import.meta.dirname, '../../.cache/screenshots')
const SET = '/products/tea-for-two-set'

let browser: Browser

beforeAll(async () => {
  mkdirSync(SHOTS, { recursive: true })
  browser = await launchBrowser()
})
afterAll(() => browser.close())

/** A new browser. What its pages log as an error, a refused script or style among it, lands in `errors`. */
async function visitor(options: Parameters<Browser['newContext']>[0] = {}) {
  const viewport = { width: 1280, height: 860 }
  const context = await browser.newContext({ viewport, baseURL: info.storefront, locale: 'en-GB', ...options })
  const errors: string[] = []
  context.on('console', (message) => message.type() === 'error' && errors.push(message.text()))
  context.on('weberror', (error) => errors.push(error.error().message))
  return { context, errors, page: await context.newPage() }
}

/** An account of one's own, made without its pages. */
async function register(context: BrowserContext): Promise<void> {
  const form = { first_name: 'Ada', last_name: 'Byron', email: `ada-${randomUUID()}@example.com` }
  await context.request.post('/account/register', { form })
}

async function addSet(page: Page): Promise<void> {
  await page.goto(SET)
  await page.locator('.buy button').click()
  await page.waitForURL('**/cart')
}

test.for([
  { lang: 'de', currency: 'EUR', viewport: { width: 320, height: 640 }, colorScheme: 'light' },
  { lang: 'he', currency: 'USD', viewport: { width: 390, height: 844 }, colorScheme: 'dark' },
  { lang: 'ja', currency: 'JPY', viewport: { width: 768, height: 1024 }, colorScheme: 'light' },
  { lang: 'ar', currency: 'KWD', viewport: { width: 1280, height: 860 }, colorScheme: 'dark' },
] as const)('accessible, and nothing too wide: $lang, $currency, $colorScheme', async (look) => {
  const { lang, currency, viewport, colorScheme } = look
  const { context, errors, page } = await visitor({ viewport, colorScheme, reducedMotion: 'reduce' })
  await register(context)
  await page.goto(`/?lang=${lang}&currency=${currency}`)
  await addSet(page)
  await page.locator('#code').fill('NOT-A-CODE')
  await page.locator('.code-row button').click()
  await page.locator('#code-error').waitFor()
  const pages = ['', '/', '/collections/tableware', SET, '/checkout', '/account', '/pages/rewards', '/bare']
  for (const address of pages) {
    // The first is the cart as it stands, with its refused code.
    if (address !== '') await page.goto(address)
    // Looked at with what the app shows in it, not before it came.
    if (address !== '/bare') await page.locator('loyalnest-balance[data-state=live]').waitFor()
    if (address === '/pages/rewards') await page.locator('loyalnest-page .earn li').first().waitFor()
    await accessible(page)
    await fitsItsScreen(page)
    const name = address === '' ? 'cart' : address.split('/').at(-1) || 'home'
    await page.screenshot({ path: path.join(SHOTS, `shop-${name}-${lang}-${colorScheme}.png`), fullPage: true })
  }
  await page.goto('/')
  await page.locator('.menu summary').last().click()
  await accessible(page)
  await fitsItsScreen(page)
  expect(errors).toEqual([])
  // The browser itself reports a page that does not exist.
  await page.goto('/nowhere')
  await accessible(page)
  await context.close()
})

test('who, language and currency switch with the keyboard, and the page stays', async () => {
  const { context, page } = await visitor()
  await page.goto('/products/bud-vase')
  const customer = page.locator('.menu summary').first()
  await customer.focus()
  await page.keyboard.press('Enter')
  await page.getByRole('button', { name: 'Yusuf Haddad' }).waitFor()
  await page.keyboard.press('Tab')
  await page.keyboard.press('Escape')
  expect(await page.getByRole('button', { name: 'Yusuf Haddad' }).isVisible()).toBe(false)
  expect(await page.evaluate('document.activeElement.localName')).toBe('summary')

  await page.keyboard.press('Enter')
  await page.getByRole('button', { name: 'Yusuf Haddad' }).press('Enter')
  await page.locator('.menu summary', { hasText: 'Yusuf Haddad' }).waitFor()
  await page.locator('.menu summary', { hasText: 'EUR' }).click()
  await page.getByRole('button', { name: /^GBP/ }).click()
  await page.getByText('£30.82').first().waitFor()
  await page.locator('.menu summary', { hasText: 'English' }).click()
  await page.getByRole('button', { name: 'Français' }).click()
  await page.locator('html[lang=fr]').waitFor()
  expect(new URL(page.url()).pathname).toBe('/products/bud-vase')
  await context.close()
})

test('price, drawing and address follow the chosen variant', async () => {
  const { context, page } = await visitor()
  await page.goto(SET)
  expect(await page.locator('.price.big').textContent()).toBe('€72.00')
  await page.getByText('Clay', { exact: true }).click()
  expect(await page.locator('.price.big').textContent()).toBe('€68.00')
  await page.locator('.frame.large .tone-clay').waitFor()
  const address = page.url()
  expect(address).toContain('?variant=')
  await page.reload()
  expect(await page.locator('.price.big').textContent()).toBe('€68.00')
  await context.close()
})

test('the total of the checkout follows shipping and tip; a code that is refused loses nothing typed', async () => {
  const { context, page } = await visitor()
  await addSet(page)
  await page.getByRole('link', { name: 'Go to checkout' }).click()
  const total = page.locator('.summary .total strong')
  expect(await total.textContent()).toBe('€76.90')
  await page.getByText('Express, tomorrow').click()
  await total.filter({ hasText: '€81.90' }).waitFor()
  await page.getByText('€2.00').click()
  await total.filter({ hasText: '€83.90' }).waitFor()
  await page.getByLabel('E-mail').fill('guest@example.com')
  await page.getByLabel('First name').fill('Gu')
  await page.getByLabel('Last name').fill('Est')
  await page.getByLabel('Discount code').fill('NOT-A-CODE')
  await page.getByRole('button', { name: 'Apply' }).click()
  await page.getByText('is not a code of this shop').waitFor()
  expect(await page.getByLabel('E-mail').inputValue()).toBe('guest@example.com')
  expect(await page.getByLabel('Last name').inputValue()).toBe('Est')
  expect(await total.textContent()).toBe('€83.90')
  await page.getByRole('button', { name: 'Place the order' }).click()
  await page.waitForURL('**/orders/*')
  await page.getByText('€83.90').waitFor()
  await context.close()
})

test('an app changes the cart and the theme follows in place', async () => {
  const { context, page } = await visitor()
  await addSet(page)
  await page.evaluate(`
    globalThis.notReloaded = true
    document.addEventListener('shopify:cart:discount-update', ({ discountCodes }) => { globalThis.heard = discountCodes })
  `)
  await page.evaluate("Shopify.actions.updateCart({ discountCodes: ['NOT-A-CODE'] })")
  await page.locator('.chip', { hasText: 'NOT-A-CODE' }).waitFor()
  expect(await page.evaluate('heard')).toEqual([{ code: 'NOT-A-CODE' }])
  // As the widget does after it applied a code: a theme that prevents it takes care of the cart itself.
  await page.evaluate("fetch('/cart/update.js', { method: 'POST', body: new URLSearchParams({ discount: '' }) })")
  const isLeftToTheTheme = await page.evaluate(
    "!document.dispatchEvent(new CustomEvent('loyalnest:applied', { cancelable: true }))",
  )
  expect(isLeftToTheTheme).toBe(true)
  await page.locator('.chip').waitFor({ state: 'detached' })
  expect(await page.evaluate('notReloaded')).toBe(true)
  await context.close()
})

test('as a single-page storefront: pages change, the document and the widget in it stay', async () => {
  const { context, errors, page } = await visitor()
  await register(context)
  await page.goto('/?spa=1')
  await page.evaluate(`
    globalThis.notReloaded = true
    globalThis.balance = document.querySelector('loyalnest-balance')
    globalThis.launcher = document.querySelector('loyalnest-launcher')
  `)
  await page.getByRole('link', { name: 'Tea-for-Two Set' }).click()
  await page.waitForURL(`**${SET}`)
  expect(await page.title()).toContain('Tea-for-Two Set')
  expect(await page.evaluate('document.activeElement.id')).toBe('content')
  await page.getByRole('button', { name: 'Add to cart' }).click()
  await page.waitForURL('**/cart')
  expect(await page.locator('[data-cart-count]').textContent()).toBe('1')
  await page.goBack()
  await page.locator('h1', { hasText: 'Tea-for-Two Set' }).waitFor()
  await page.getByRole('link', { name: 'Rewards' }).click()
  await page.waitForURL('**/pages/rewards')
  await page.locator('loyalnest-page:defined').waitFor({ state: 'attached' })
  expect(await page.evaluate('notReloaded && balance.isConnected && launcher.isConnected')).toBe(true)
  expect(errors).toEqual([])
  await context.close()
})

test('with the widget off nothing of the app is asked for', async () => {
  const { context, page } = await visitor()
  const asked: string[] = []
  page.on('request', (request) => asked.push(new URL(request.url()).origin + new URL(request.url()).pathname))
  await page.goto(`${SET}?widget=off`)
  await page.waitForLoadState('networkidle')
  const storefront = new URL(info.storefront).origin
  expect(asked.filter((url) => !url.startsWith(storefront) || url.includes('/apps/'))).toEqual([])
  await context.close()
})
