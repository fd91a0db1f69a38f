import { randomUUID } from 'node:crypto'
import { mkdirSync, readFileSync } from 'node:fs'
import path from 'node:path'
import type { Browser, Page } from 'playwright-core'
import { afterAll, beforeAll, expect, inject, test } from 'vitest'
import { z } from 'zod'
import { Transaction } from '../../domain/contracts/points.ts'
import { Redemption } from '../../domain/contracts/rewards.ts'
import { apiOf } from '../testing/api.ts'
import { launchBrowser } from '../testing/browser.ts'
import { accessible, fitsItsScreen } from '../testing/pages.ts'

/** The shopper's own page, through the app proxy, and the way to it from the app's own address. */

const info = inject('stack')
const api = apiOf(info)
/** Looked at by people; git ignores it. */
const SHOTS = path.join(import.meta.dirname, '../../.cache/screenshots')
const PAGE = '/apps/loyalnest/'
const HOSTILE =
  '</bdi><img src=x onerror="globalThis.hit = true"><script>globalThis.hit = true</script>{{ shop.name }} \u202e'

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

/** A new customer with 59 points of an order and 1,000 of the merchant's, in two entries. Answers our id of them. */
async function member(page: Page): Promise<string> {
  const form = { first_name: 'Ada', last_name: 'Byron', email: `ada-${randomUUID()}@example.com` }
  await page.context().request.post('/account/register', { form })
  await page.goto('/products/two-cup-teapot')
  await page.locator('.buy button').click()
  await page.waitForURL('**/cart')
  await page.goto('/checkout')
  await page.getByRole('button', { name: 'Place the order' }).click()
  await page.waitForURL('**/orders/*')
  const session = await (await page.context().request.get('/apps/loyalnest/session')).json()
  const { customer_id: customer } = z.object({ customer_id: z.uuid() }).parse(session)
  const status = async () => (await api.call('GET', `/v1/api/points/balance?customer_id=${customer}`)).status
  await expect.poll(status, { timeout: 15_000 }).toBe(200)
  await adjust(customer, 1000, HOSTILE)
  return customer
}

async function adjust(customer: string, points: number, reason: string): Promise<void> {
  const response = await api.call('POST', '/v1/api/points/adjust', { customer_id: customer, points, reason })
  expect(response.status, await response.text()).toBe(200)
}

test('balance, rewards, a code, the history with its reasons, and the data to take away', async () => {
  const { context, errors, page } = await visitor({ acceptDownloads: true })
  const customer = await member(page)
  for (let turn = 1; turn <= 20; turn += 1) await adjust(customer, turn, `Thanks no. ${turn}`)
  await page.goto(PAGE)
  const own = page.locator('loyalnest-page')
  await own.getByText('1,269').waitFor()
  expect(await own.getByRole('heading', { level: 1 }).count()).toBe(1)

  const reward = own.locator('.rewards li').filter({ hasText: '150 points' })
  await reward.getByRole('button', { name: 'Redeem' }).click()
  await reward.locator('#yes').click()
  const code = own.locator('.codes .code').filter({ hasText: /^[A-Z0-9-]{19,}$/ })
  await code.waitFor({ timeout: 15_000 })

  const history = own.locator('.history')
  await history.getByText('Thanks no. 20').waitFor()
  await history.getByRole('button', { name: 'Show more' }).click()
  await history.getByText('</bdi><img src=x').waitFor()
  expect(await page.evaluate('globalThis.hit')).toBeUndefined()

  const downloading = page.waitForEvent('download')
  await own.getByRole('button', { name: 'Download my data' }).click()
  const file = await (await downloading).path()
  const data = z
    .object({ transactions: z.array(Transaction), redemptions: z.array(Redemption) })
    .parse(JSON.parse(readFileSync(file, 'utf8')))
  expect(data.transactions.map(({ seq }) => seq)).toEqual(
    Array.from({ length: data.transactions.length }, (_, index) => data.transactions.length - index),
  )
  expect(data.transactions.some(({ reason }) => reason === HOSTILE)).toBe(true)
  expect(data.redemptions).toMatchObject([{ customer_id: customer, code: await code.textContent() }])
  expect(errors).toEqual([])
  await context.close()
})

test.for([
  { lang: 'en', viewport: { width: 1280, height: 860 }, colorScheme: 'light' },
  { lang: 'de', viewport: { width: 320, height: 640 }, colorScheme: 'dark' },
  { lang: 'ar', viewport: { width: 390, height: 844 }, colorScheme: 'light' },
  { lang: 'he', viewport: { width: 1280, height: 860 }, colorScheme: 'dark' },
] as const)('accessible, for members and visitors: $lang, $colorScheme', async ({ lang, viewport, colorScheme }) => {
  const { context, errors, page } = await visitor({ viewport, colorScheme, reducedMotion: 'reduce' })
  for (const who of ['visitor', 'member']) {
    if (who === 'member') await member(page)
    await page.goto(`${PAGE}?lang=${lang}`)
    const own = page.locator('loyalnest-page')
    await own.locator('.rewards li .main, .rewards li h3').first().waitFor()
    if (who === 'member') await own.locator('.history li').first().waitFor()
    expect(await own.locator('section').getAttribute('lang')).toBe(lang)
    expect(await own.locator('.codes').count()).toBe(who === 'member' ? 1 : 0)
    await page.screenshot({ path: path.join(SHOTS, `own-page-${who}-${lang}-${colorScheme}.png`), fullPage: true })
    await accessible(page)
    await fitsItsScreen(page)
  }
  expect(errors).toEqual([])
  await context.close()
})

test('from the app’s own address a shopper gets to the page of their shop', async () => {
  const { context, page } = await visitor({ locale: 'ar' })
  await page.goto(`${info.app}/customer`)
  await accessible(page)
  await fitsItsScreen(page)
  await page.locator('#shop').fill('nobody-here')
  await page.locator('form button').click()
  await page.locator('#wrong').waitFor()
  await accessible(page)
  await page.locator('#shop').fill(info.shop)
  await page.locator('form button').click()
  await page.waitForURL(`**${PAGE}`)
  expect(new URL(page.url()).origin).toBe(info.storefront)
  await context.close()
})
