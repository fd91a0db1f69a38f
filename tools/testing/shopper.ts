import { randomUUID } from 'node:crypto'
import type { BrowserContext, Locator, Page } from 'playwright-core'
import { expect } from 'vitest'
import { z } from 'zod'
import { ar } from '../../web/widget/languages/ar.ts'
import { en } from '../../web/widget/languages/en.ts'
import { fill, type Voice, voiceOf } from '../../web/widget/voice.ts'
import { ADMIN_API_VERSION } from '../../workers/integrations/shopify/admin/version.ts'
import { type StringId, price, say } from '../shopify/storefront/strings.ts'

/** The languages in which tests go shopping. */
export type Language = 'en' | 'ar'

const VOICES: Readonly<Record<Language, Voice>> = { en: voiceOf(en), ar: voiceOf(ar) }
/** Longer than anything takes that a person would call live, on a busy machine too. */
const SOON = { timeout: 15_000 }

/** A shopper at a page of the demo storefront: reads and presses what stands there in their language. */
export interface Shopper {
  readonly page: Page
  readonly voice: Voice
  /** What the storefront says. */
  readonly t: (id: StringId, values?: Readonly<Record<string, string>>) => string
  /** An amount in minor units, as the storefront writes it. */
  readonly money: (amountMinor: number, currency?: string) => string
  /** Becomes one of the demo customers, or a visitor, from any page, and stays on it. */
  be(person: string): Promise<void>
  /** Puts so many of a product into the cart, where this ends. */
  choose(product: string, quantity?: number): Promise<void>
  checkout(): Promise<void>
  /** Types a code at the checkout; answers the sentence that refuses it, null when it is taken. */
  enterCode(code: string): Promise<string | null>
  /** The total that the checkout shows. */
  readonly total: Locator
  /** Answers the order's number, at its page. */
  order(): Promise<number>
  readonly panel: Panel
}

/** The widget's panel on that page. */
export interface Panel {
  /** Opens it, once the balance is there; answers when its rewards are. */
  open(): Promise<void>
  show(tab: 'rewards' | 'earn' | 'codes' | 'history'): Promise<void>
  readonly frame: Locator
  readonly codes: Locator
  /** Waits until the balance is that. */
  has(points: number): Promise<void>
  /** Waits until a screen reader was told that of the balance. */
  hears(text: string): Promise<void>
  /** What a screen reader is told came of a click. */
  readonly said: Locator
  /** Answers the reward's question for so many points with yes. */
  spend(reward: string, points: number): Promise<void>
  /** Redeems, and answers the code that is then shown. */
  redeem(reward: string, points: number): Promise<string>
}

/** Opens a page of that browser at `address`, in `language`. */
export async function shopperAt(context: BrowserContext, address = '/', language: Language = 'en'): Promise<Shopper> {
  const page = await context.newPage()
  const url = new URL(address, 'http://any')
  url.searchParams.set('lang', language)
  await page.goto(url.pathname + url.search)
  const t: Shopper['t'] = (id, values) => say(language, id, values)
  const press = (id: StringId) =>
    page
      .locator('#content')
      .getByRole('button', { name: t(id), exact: true })
      .click()
  const total = page.locator('.summary .total strong')
  return {
    page,
    voice: VOICES[language],
    t,
    money: (amountMinor, currency = 'EUR') => price(language, amountMinor, currency),
    be: async (person) => {
      await page.locator('.demo .menu summary').first().click()
      await page.locator('.demo').getByRole('button', { name: person, exact: true }).click()
      await page
        .locator('.demo .menu summary', { hasText: person === t('beVisitor') ? t('visitor') : person })
        .waitFor()
    },
    choose: async (product, quantity = 1) => {
      await page.goto(`/products/${product}`)
      await page.getByLabel(t('quantity'), { exact: true }).fill(String(quantity))
      await press('addToCart')
      await page.waitForURL('**/cart')
    },
    checkout: async () => {
      await page.getByRole('link', { name: t('toCheckout') }).click()
      await page.waitForURL('**/checkout')
    },
    enterCode: async (code) => {
      await page.getByLabel(t('discountCode')).fill(code)
      await press('apply')
      await page.locator('.chip, #code-error').filter({ hasText: code }).first().waitFor()
      const refusal = page.locator('#code-error')
      return (await refusal.count()) === 0 ? null : refusal.textContent()
    },
    total,
    order: async () => {
      await press('placeOrder')
      await page.waitForURL('**/orders/*')
      return Number(/#(\d+)/.exec((await page.locator('.eyebrow').textContent()) ?? '')?.[1])
    },
    panel: panelOf(page, VOICES[language]),
  }
}

function panelOf(page: Page, { texts, points, number }: Voice): Panel {
  const widget = page.locator('loyalnest-launcher')
  const frame = widget.locator('dialog')
  const codes = frame.locator('#in-codes')
  const cards = codes.locator('li.card')
  const panel: Panel = {
    frame,
    codes,
    said: frame.locator('[aria-live]').first(),
    open: async () => {
      await widget.locator('.launcher').click()
      await frame.locator('#in-rewards h3').first().waitFor()
    },
    show: async (tab) => {
      await frame.getByRole('tab', { name: texts[tab], exact: true }).click()
      await frame.locator(`#in-${tab} li:not(.outline), #in-${tab} .none`).first().waitFor()
    },
    has: async (wanted) => {
      await expect.poll(() => frame.locator('.sum b').textContent(), SOON).toBe(number(wanted))
    },
    hears: async (text) => {
      await expect.poll(() => frame.locator('[aria-live]').last().textContent(), SOON).toBe(text)
    },
    spend: async (reward, spent) => {
      await panel.show('rewards')
      const card = frame
        .locator('#in-rewards li')
        .filter({ has: page.getByRole('heading', { name: reward, exact: true }) })
      await card.getByRole('button', { name: texts.redeem, exact: true }).click()
      await card.getByText(fill(texts.ask, points(spent))).waitFor()
      await card.getByRole('button', { name: texts.yes, exact: true }).click()
    },
    redeem: async (reward, spent) => {
      const before = await cards.count()
      await panel.spend(reward, spent)
      // The shop may be slow; then the panel says so first, and the code comes by itself.
      const code = cards.first().locator('.code bdi')
      await expect.poll(() => cards.count(), SOON).toBeGreaterThan(before)
      await code.waitFor(SOON)
      return (await code.textContent()) ?? ''
    },
  }
  return panel
}

/** Gives this browser a new customer; answers Shopify's id of them. */
export async function register(context: BrowserContext): Promise<string> {
  const email = `ada-${randomUUID()}@example.com`
  await context.request.post('/account/register', { form: { first_name: 'Ada', last_name: 'Byron', email } })
  return shopifyIdOf(context, email)
}

const Customers = z.object({ customers: z.array(z.object({ email: z.string(), admin_graphql_api_id: z.string() })) })

/** The gid of a customer of the demo shop. */
export async function shopifyIdOf({ request }: BrowserContext, email: string): Promise<string> {
  const listed = await request.get(`/admin/api/${ADMIN_API_VERSION}/customers.json`)
  const found = Customers.parse(await listed.json()).customers.find((customer) => customer.email === email)
  if (!found) throw new Error(`the shop has no customer ${email}`)
  return found.admin_graphql_api_id
}
