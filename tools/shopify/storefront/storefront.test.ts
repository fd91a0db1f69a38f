import { createHmac } from 'node:crypto'
import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { type Server, createServer } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { z } from 'zod'
import { LOCALES } from '../catalog.ts'
import { type ShopifyStandIn, startShopifyStandIn } from '../server.ts'
import { directionOf, price, say } from './strings.ts'

/** The shop as a browser without scripts, and an app or a theme, meet it. */

const TEAPOT = '45120880110001'
const MUG = '45120880110003'
const GIFT_CARD = '45120880110015'
const LIQUID = '<h1>Points</h1><p>{{ customer.email }} {% include "secret" %}</p>'

let dir: string
let app: Server
let shop: ShopifyStandIn
/** What the app proxy sent to the app. */
const proxied: { url: URL; headers: Readonly<Record<string, unknown>> }[] = []

beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), 'storefront-'))
  app = createServer((request, response) => {
    const url = new URL(request.url ?? '/', 'http://app')
    if (url.pathname.startsWith('/proxy')) proxied.push({ url, headers: request.headers })
    const type = url.pathname === '/proxy/' ? 'application/liquid; charset=utf-8' : 'application/json'
    response
      .writeHead(200, { 'content-type': type, 'set-cookie': 'app=1' })
      .end(url.pathname === '/proxy/' ? LIQUID : '{}')
  }).listen(0, '127.0.0.1')
  await once(app, 'listening')
  const { port } = z.object({ port: z.number() }).parse(app.address())
  shop = await startShopifyStandIn({
    port: 0,
    appOrigin: `http://127.0.0.1:${port}`,
    dir,
    shop: 'thistle-and-kiln.myshopify.com',
    clientId: 'loyalnest',
    clientSecret: 'client-secret',
  })
})

afterAll(async () => {
  await shop.close()
  app.close()
  await rm(dir, { recursive: true })
})

/** A browser's session: keeps its cookies, follows no redirect. */
function visitor() {
  const cookies = new Map<string, string>()
  const send = async (path: string, init: RequestInit = {}) => {
    const headers = new Headers(init.headers)
    headers.set('cookie', [...cookies].map(([name, value]) => `${name}=${value}`).join('; '))
    const response = await fetch(`${shop.url}${path}`, { ...init, headers, redirect: 'manual' })
    for (const cookie of response.headers.getSetCookie()) {
      const [name = '', value = ''] = (cookie.split(';')[0] ?? '').split('=')
      cookies.set(name, value)
    }
    return response
  }
  return {
    get: send,
    page: async (path: string) => (await send(path)).text(),
    form: (path: string, fields: Record<string, string>) =>
      send(path, { method: 'POST', body: new URLSearchParams(fields) }),
    ajax: async (path: string, body?: unknown) => {
      const headers = { 'content-type': 'application/json' }
      const response = await send(
        path,
        body === undefined ? {} : { method: 'POST', headers, body: JSON.stringify(body) },
      )
      return z.record(z.string(), z.unknown()).parse(await response.json())
    },
  }
}

test('the Ajax cart has the fields of Shopify, amounts in hundredths', async () => {
  const browser = visitor()
  await browser.ajax('/cart/add.js', { items: [{ id: Number(TEAPOT), quantity: 2 }, { id: GIFT_CARD }] })
  const cart = await browser.ajax('/cart.js')
  expect(Object.keys(cart).toSorted().join(' ')).toBe(
    'attributes cart_level_discount_applications currency discount_codes item_count items items_subtotal_price note ' +
      'original_total_price requires_shipping token total_discount total_price total_weight',
  )
  expect(cart).toMatchObject({
    item_count: 3,
    total_price: 14_480,
    currency: 'EUR',
    items: [
      { id: Number(TEAPOT), gift_card: false, quantity: 2, price: 5990, final_line_price: 11_980 },
      { id: Number(GIFT_CARD), gift_card: true, requires_shipping: false, final_line_price: 2500 },
    ],
    discount_codes: [],
  })
})

test('prices follow the currency, the yen in hundredths too, as Shopify writes it', async () => {
  const browser = visitor()
  await browser.ajax('/cart/add.js', { id: TEAPOT })
  await browser.form('/localization', { currency_code: 'JPY', return_to: '/cart' })
  expect(await browser.ajax('/cart.js')).toMatchObject({ currency: 'JPY', total_price: 983_600 })
  expect(await browser.page('/cart')).toContain('¥9,836')
  expect(await browser.page('/products/two-cup-teapot')).toContain('data-price="983600"')
  await browser.get('/?currency=KWD')
  expect(await browser.ajax('/cart.js')).toMatchObject({ currency: 'KWD', total_price: 1998 })
  expect(await browser.page('/cart')).toContain('19.977')
})

test('lines change by id, key, place and list; what is not there is refused', async () => {
  const browser = visitor()
  await browser.ajax('/cart/add.js', { items: [{ id: TEAPOT }, { id: MUG }] })
  expect(await browser.ajax('/cart/change.js', { id: `${TEAPOT}:two-cup-teapot`, quantity: 3 })).toMatchObject({
    item_count: 4,
  })
  expect(await browser.ajax('/cart/change.js', { line: 2, quantity: 0 })).toMatchObject({ item_count: 3 })
  expect(await browser.ajax('/cart/change.js', { line: 2, quantity: 1 })).toMatchObject({ status: 400 })
  expect(await browser.ajax('/cart/update.js', { updates: { [MUG]: 2 } })).toMatchObject({ item_count: 5 })
  expect(await browser.ajax('/cart/update.js', { updates: [1, 0] })).toMatchObject({ item_count: 1 })
  expect(await browser.ajax('/cart/add.js', { id: '1' })).toMatchObject({ status: 422 })
  expect(await browser.ajax('/cart/clear.js', {})).toMatchObject({ item_count: 0, items: [] })
})

test('a code that does nothing stays in the Ajax cart as not applicable, and the page says why', async () => {
  const browser = visitor()
  await browser.ajax('/cart/add.js', { id: TEAPOT })
  expect(await browser.ajax('/cart/update.js', { discount: 'NOPE-1,nope-2' })).toMatchObject({
    total_price: 5990,
    discount_codes: [
      { code: 'NOPE-1', applicable: false },
      { code: 'nope-2', applicable: false },
    ],
  })
  expect(await browser.page('/cart')).toContain('is not a code of this shop')
  await browser.form('/cart/discount', { remove: 'NOPE-1' })
  expect(await browser.ajax('/cart.js')).toMatchObject({ discount_codes: [{ code: 'nope-2' }] })
  expect(await browser.ajax('/cart/update.js', { discount: '' })).toMatchObject({ discount_codes: [] })
})

test('a typed code that does nothing is answered with the reason and not kept', async () => {
  const browser = visitor()
  await browser.ajax('/cart/add.js', { id: TEAPOT })
  const answer = await (await browser.form('/cart/discount', { code: '"><script>alert(1)</script>' })).text()
  expect(answer).toContain('role="alert"')
  expect(answer).not.toContain('<script>alert')
  expect(await browser.ajax('/cart.js')).toMatchObject({ discount_codes: [] })
})

test.for(['/cart', '/checkout'])(
  'the page with a refused code of %s leads back there: it may be loaded again',
  async (path) => {
    const browser = visitor()
    await browser.ajax('/cart/add.js', { id: TEAPOT })
    const refused = await (await browser.form(`${path}/discount`, { code: 'NOPE-1' })).text()
    const [, place = ''] = /name="return_to" value="([^"]+)"/.exec(refused) ?? []
    expect(place).toBe(`${path}/discount`)
    expect((await browser.get(place)).headers.get('location')).toBe(path)
  },
)

test('a typed code loses nothing of the checkout', async () => {
  const browser = visitor()
  await browser.ajax('/cart/add.js', { id: TEAPOT })
  const typed = { code: 'NOPE', email: 'guest@example.com', city: 'Potsdam', shipping: 'express', tip: '200' }
  const page = await (await browser.form('/checkout/discount', typed)).text()
  for (const kept of ['guest@example.com', 'Potsdam']) expect(page).toContain(kept)
  // 59.90 + 9.90 express + 2.00 tip
  expect(page).toContain('€71.80')
})

test('a link with a code puts it into the cart and leads only to this shop', async () => {
  const browser = visitor()
  const response = await browser.get('/discount/LN-7K3F?redirect=/cart')
  expect(response.headers.get('location')).toBe('/cart')
  expect(await browser.ajax('/cart.js')).toMatchObject({ discount_codes: [{ code: 'LN-7K3F', applicable: false }] })
  for (const elsewhere of ['https://evil.example/', '//evil.example', '/\\evil.example', '/\t/evil.example']) {
    const away = await browser.get(`/discount/LN-7K3F?redirect=${encodeURIComponent(elsewhere)}`)
    expect(away.headers.get('location')).toBe('/')
    const login = await browser.form('/account/login', { email: 'mira@example.com', return_to: elsewhere })
    expect(login.headers.get('location')).toBe('/account')
  }
})

test.for(LOCALES)('every page speaks %s', async (locale) => {
  const browser = visitor()
  await browser.form('/account/login', { email: 'yusuf@example.com', return_to: '/' })
  await browser.form('/localization', { locale_code: locale, return_to: '/' })
  await browser.ajax('/cart/add.js', { id: TEAPOT })
  const pages = ['/', '/collections/all', '/collections/slow-home', '/products/morning-mug', '/cart', '/checkout']
  for (const path of [...pages, '/account', '/account/login', '/account/register', '/pages/rewards', '/nowhere']) {
    const page = await browser.page(path)
    expect(page).toContain(`<html lang="${locale}" dir="${directionOf(locale)}">`)
    expect(page).toContain(say(locale, 'footer'))
    expect(page).not.toMatch(/\bundefined\b|\[object|\{\w+\}/)
  }
})

test('money reads right in every language and has the decimals of its currency', () => {
  expect(price('en', 5990, 'EUR')).toBe('€59.90')
  expect(price('ja', 9836, 'JPY')).toBe('￥9,836')
  expect(price('de', 19_977, 'KWD')).toBe('19,977\u00a0KWD')
  // Isolated, or right-to-left text shows `$US`.
  expect(price('ar', 6499, 'USD')).toContain('\u2068US$\u2069')
})

test('the switcher logs a customer in and out where they are', async () => {
  const browser = visitor()
  const login = await browser.form('/account/login', { email: 'chloe@example.com', return_to: '/products/bud-vase' })
  expect(login.headers.get('location')).toBe('/products/bud-vase')
  expect(await browser.page('/products/bud-vase')).toMatch(/aria-current="true"[^>]*>\s*<bdi>Chloé Martin/)
  await browser.form('/account/logout', { return_to: '/' })
  expect((await browser.get('/account')).headers.get('location')).toBe('/account/login')
})

test("a customer's name is text wherever it stands", async () => {
  const browser = visitor()
  const hostile = '</bdi><script>alert(1)</script>'
  await browser.form('/account/register', { first_name: hostile, last_name: hostile, email: 'x@example.com' })
  for (const path of ['/', '/account', '/pages/rewards'])
    expect(await browser.page(path)).not.toContain('<script>alert')
})

test('themes find window.Shopify; the app is gone with ?widget=off', async () => {
  const browser = visitor()
  const globals = await browser.page('/assets/shopify-globals.js?locale=he&currency=GBP')
  expect(JSON.parse(/\{"shop.*\}/.exec(globals)?.[0] ?? '')).toEqual({
    shop: 'thistle-and-kiln.myshopify.com',
    locale: 'he',
    currency: { active: 'GBP', rate: '0.856' },
    country: 'DE',
    routes: { root: '/' },
  })
  expect(await browser.page('/assets/shopify-globals.js?locale=</script>&currency=x')).toContain('"en"')
  expect(await browser.page('/')).toContain('/widget/loyalnest.js')
  expect(await browser.page('/products/morning-mug?widget=off')).not.toMatch(/loyalnest-|\/widget\//)
  expect(await browser.page('/')).not.toMatch(/loyalnest-|\/widget\//)
  expect(await browser.page('/?widget=on')).toContain('/widget/loyalnest.js')
  expect(await browser.page('/bare')).toContain('<loyalnest-launcher')
})

test('the policy allows no inline script or style and only the app beside the shop', async () => {
  const response = await visitor().get('/')
  const policy = response.headers.get('content-security-policy')
  expect(policy).toContain("default-src 'none'")
  expect(policy).not.toContain('unsafe')
  expect(await response.text()).not.toMatch(/<script>|<script [^>]*>[^<]|\sstyle=|\son\w+=/)
})

test('the app proxy signs a visitor as nobody, whatever the page asks', async () => {
  proxied.length = 0
  await visitor().get('/apps/loyalnest/session?b=2&a=1&a=3&logged_in_customer_id=7412905541101&signature=00&shop=evil')
  const [request] = proxied
  const { signature, ...signed } = Object.fromEntries(
    [...new Set(request?.url.searchParams.keys())].map((key) => [key, request?.url.searchParams.getAll(key).join(',')]),
  )
  expect(signed).toMatchObject({
    a: '1,3',
    b: '2',
    logged_in_customer_id: '',
    path_prefix: '/apps/loyalnest',
    shop: 'thistle-and-kiln.myshopify.com',
  })
  const message = Object.entries(signed)
    .map(([key, value]) => `${key}=${value}`)
    .toSorted()
    .join('')
  expect(signature).toBe(createHmac('sha256', 'client-secret').update(message).digest('hex'))
})

test("an answer in Liquid stands in the shop's layout and nothing in it is evaluated", async () => {
  const browser = visitor()
  await browser.get('/?lang=ar')
  for (const path of ['/apps/loyalnest', '/apps/loyalnest/']) {
    const response = await browser.get(path)
    expect(response.headers.get('content-type')).toContain('text/html')
    expect(response.headers.getSetCookie()).toEqual([])
    const page = await response.text()
    expect(page).toContain('<html lang="ar" dir="rtl">')
    expect(page).toMatch(
      /<main[^>]*><h1>Points<\/h1><p>\{\{ customer\.email \}\} \{% include "secret" %\}<\/p><\/main>/,
    )
  }
  expect(proxied.every(({ headers }) => headers['cookie'] === undefined)).toBe(true)
})
