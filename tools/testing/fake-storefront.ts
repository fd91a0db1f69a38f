import { readFileSync } from 'node:fs'
import path from 'node:path'
import type { BrowserContext, Page, Route, WebSocketRoute } from 'playwright-core'
import type { z } from 'zod'
import type { Balance, StreamMessage, Transaction } from '../../domain/contracts/points.ts'
import type { Redemption, Reward } from '../../domain/contracts/rewards.ts'
import { DEFAULT_WIDGET, type StorefrontProgram } from '../../domain/contracts/widget.ts'
import type { SimulateRequest } from '../../domain/contracts/points.ts'

/**
 * A storefront and an API that the test plays by hand: the built widget on a page of any markup, with answers, delays and
 * failures that a real shop gives once a year. What the stack does by itself is tested on the stack.
 */

const ORIGIN = 'http://shop.localhost'
/** Where the widget and the API are. */
export const APP = 'http://app.localhost'
const CUSTOMER = '5b0ad5b6-1111-5222-8333-444444444444'
const NOW = '2026-11-23T10:00:00.000Z'
/** As strict as a theme's policy can be: nothing inline, nothing evaluated, nothing from anywhere else. */
const POLICY = `default-src 'none'; script-src ${APP}; style-src 'self'; connect-src 'self' ${APP} ws://app.localhost; base-uri 'none'`

/** What docs/theme-developers.md asks of a theme: the blocks' places, before their script is there. */
const THEME = `loyalnest-balance:not(:defined) { display: inline-block; vertical-align: middle; min-inline-size: 8em; min-block-size: 2.75em }
loyalnest-product-points:not(:defined) { display: block; min-block-size: 1.6em }`

/** What the test sets, and may change at any time. */
export interface FakeShop {
  program: StorefrontProgram
  /** Null: nobody is logged in. */
  balance: Balance | null
  rewards: Reward[]
  redemptions: Redemption[]
  transactions: Transaction[]
  cart: {
    currency: string
    items: { final_line_price: number; gift_card: boolean }[]
    discount_codes: { code: string; applicable: boolean }[]
  }
  /** Points that any purchase would earn. */
  estimate: number
  /** Answers a call otherwise: by `METHOD /path` without the query. Called once for each such call. */
  readonly instead: Map<string, (route: Route) => Promise<void>>
  /** Every call, as `METHOD /path?query`, with its Idempotency-Key where it has one. */
  readonly calls: string[]
  readonly purchases: z.input<typeof SimulateRequest>[]
  /** Sends what the live stream tells. */
  push(message: StreamMessage): void
}

export function balanceOf(points: number, more: Partial<Balance> = {}): Balance {
  return {
    customer_id: CUSTOMER,
    points,
    posted: points,
    pending: 0,
    held: 0,
    debt: 0,
    lifetime: { earned: points, redeemed: 0, expired: 0, clawed_back: 0, adjusted: 0 },
    next_expiration: null,
    tier: null,
    seq: 3,
    as_of: NOW,
    ...more,
  }
}

export function transactionOf(seq: number, more: Partial<Transaction> = {}): Transaction {
  return {
    id: `${CUSTOMER}:${seq}`,
    seq,
    customer_id: CUSTOMER,
    type: 'earn',
    kind: 'earn',
    points: 59,
    pending_points: 0,
    source: 'shopify',
    external_id: `order:${seq}`,
    order_id: 'gid://shopify/Order/1',
    reason: null,
    actor: 'shopify',
    rule_version: 1,
    expires_at: null,
    effective_at: NOW,
    recorded_at: NOW,
    hash: '00',
    ...more,
  }
}

export function rewardOf(number: number, more: Partial<Reward> = {}): Reward {
  return {
    id: `8d2cf7d8-1111-4222-8333-${String(number).padStart(12, '0')}`,
    version: 1,
    title: '€5 off your order',
    description: null,
    translations: {},
    status: 'active',
    position: number,
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
    created_at: NOW,
    updated_at: NOW,
    discount: null,
    standing: { status: 'available', points_missing: 0, progress: 1, max_points: 500, redemptions_left: null },
    ...more,
  }
}

export function redemptionOf(number: number, more: Partial<Redemption> = {}): Redemption {
  return {
    id: `7c1be6c7-1111-5222-8333-${String(number).padStart(12, '0')}`,
    customer_id: CUSTOMER,
    reward_id: rewardOf(1).id,
    title: '€5 off your order',
    value: { type: 'amount_off', amount: '5.00' },
    currency: 'EUR',
    points: 500,
    points_returned: 0,
    state: 'issued',
    ending: null,
    cancel_reason: null,
    code: `LN-K7QF-3M9${number}-01XW-8RTC`,
    order_id: null,
    requested_at: NOW,
    issued_at: NOW,
    expires_at: null,
    ended_at: null,
    version: 2,
    ...more,
  }
}

/** A shop with a program, four rewards and a shopper who has 1,240 points. */
function usualShop(): Omit<FakeShop, 'push'> {
  return {
    program: {
      version: 1,
      currency: 'EUR',
      widget: DEFAULT_WIDGET,
      ways_to_earn: [{ kind: 'order', points: 1, per_amount: '1.00' }],
      lot_days: 365,
      return_window_days: 14,
    },
    balance: balanceOf(1_240, { pending: 59, next_expiration: { points: 120, at: '2027-01-03T23:00:00.000Z' } }),
    rewards: [
      rewardOf(1),
      rewardOf(2, {
        title: 'Pay with points',
        description: 'As many as you like, up to half of your cart.',
        value: { type: 'amount_off', amount: '1.00' },
        cost: { kind: 'sliding', step_points: 100, min_steps: 2, max_steps: null },
        conditions: { minimum_spend: null, collection_ids: [], max_share_percent: 50 },
      }),
      rewardOf(3, {
        title: 'Free shipping',
        value: { type: 'free_shipping' },
        cost: { kind: 'fixed', points: 300 },
        conditions: { minimum_spend: '25.00', collection_ids: [], max_share_percent: null },
        code_valid_days: 30,
      }),
      rewardOf(4, {
        title: '20% off everything',
        value: { type: 'percent_off', percent: 20 },
        cost: { kind: 'fixed', points: 2_000 },
      }),
    ],
    redemptions: [],
    transactions: [
      transactionOf(3, { kind: 'earn_pending', points: 0, pending_points: 59 }),
      transactionOf(2, { kind: 'clawback', type: 'adjust', points: -60 }),
      transactionOf(1, { points: 1_300 }),
    ],
    cart: { currency: 'EUR', items: [{ final_line_price: 5_900, gift_card: false }], discount_codes: [] },
    estimate: 59,
    instead: new Map(),
    calls: [],
    purchases: [],
  }
}

export interface FakePageOptions {
  /** What is in the body beside the scripts; the launcher if not given. */
  readonly body?: string
  readonly language?: string
  /** Where `dist/web` is. */
  readonly web?: string
}

/** Opens a page of the fake storefront. `shop` may be changed before and while the page uses it. */
export async function openFakeStorefront(
  context: BrowserContext,
  change: (shop: Omit<FakeShop, 'push'>) => void = () => {},
  { body = '<loyalnest-launcher></loyalnest-launcher>', language = 'en', web }: FakePageOptions = {},
): Promise<{ page: Page; shop: FakeShop }> {
  const sockets = new Set<WebSocketRoute>()
  const usual = usualShop()
  change(usual)
  const shop: FakeShop = Object.assign(usual, {
    push: (message: StreamMessage) => {
      if (message.type !== 'redemption') shop.balance = message.balance
      for (const socket of sockets) socket.send(JSON.stringify(message))
    },
  })
  const files = path.join(web ?? path.join(import.meta.dirname, '../../dist/web'), 'widget')
  const page = await context.newPage()
  await page.routeWebSocket(/app\.localhost/, (socket) => {
    sockets.add(socket)
    socket.onMessage((text) => text === 'ping' && socket.send('pong'))
    if (shop.balance) socket.send(JSON.stringify({ type: 'balance', balance: shop.balance }))
  })
  await page.route(`${APP}/widget/**`, (route) => serveFile(route, files))
  await page.route(`${APP}/v1/api/**`, (route) => answerApi(route, shop))
  await page.route(`${ORIGIN}/**`, (route) => answerStorefront(route, shop, pageOf(body, language)))
  await page.goto(`${ORIGIN}/`)
  return { page, shop }
}

function pageOf(body: string, language: string): string {
  const direction = language === 'ar' || language === 'he' ? 'rtl' : 'ltr'
  const scripts = ['loyalnest.js', 'loyalnest-blocks.js'].map(
    (name) => `<script src="${APP}/widget/${name}" defer></script>`,
  )
  const head = `<meta charset="utf-8"><meta name="viewport" content="width=device-width"><meta name="color-scheme" content="light dark"><title>Shop</title><link rel="stylesheet" href="/theme.css">`
  return `<!doctype html><html lang="${language}" dir="${direction}"><head>${head}${scripts.join('')}</head><body><main><h1>Shop</h1>${'<p>A page of the shop.</p>'.repeat(8)}</main>${body}</body></html>`
}

async function serveFile(route: Route, files: string): Promise<void> {
  const name = new URL(route.request().url()).pathname.replace('/widget/', '')
  await route.fulfill({
    contentType: name.endsWith('.js') ? 'text/javascript' : 'application/json',
    headers: { 'access-control-allow-origin': '*' },
    body: readFileSync(path.join(files, name)),
  })
}

async function answerStorefront(route: Route, shop: FakeShop, html: string): Promise<void> {
  const request = route.request()
  const { pathname } = new URL(request.url())
  if (pathname === '/apps/loyalnest/session') {
    shop.calls.push('GET session')
    const expires_at = new Date(Date.now() + 15 * 60_000).toISOString()
    return route.fulfill({ json: { token: 't', expires_at, app: APP, customer_id: shop.balance?.customer_id ?? null } })
  }
  if (pathname === '/theme.css') return route.fulfill({ contentType: 'text/css', body: THEME })
  if (pathname === '/cart/update.js') {
    const { discount } = request.postDataJSON()
    shop.calls.push(`POST /cart/update.js ${discount}`)
    shop.cart.discount_codes = String(discount)
      .split(',')
      .map((code) => ({ code, applicable: true }))
  }
  if (pathname === '/cart/add.js') shop.cart.items.push({ final_line_price: 2_000, gift_card: false })
  if (pathname.startsWith('/cart')) return route.fulfill({ json: shop.cart })
  return route.fulfill({ contentType: 'text/html', headers: { 'content-security-policy': POLICY }, body: html })
}

async function answerApi(route: Route, shop: FakeShop): Promise<void> {
  const request = route.request()
  const cors = { 'access-control-allow-origin': ORIGIN, 'access-control-allow-headers': '*, authorization' }
  if (request.method() === 'OPTIONS') return route.fulfill({ status: 204, headers: cors })
  const { pathname, search } = new URL(request.url())
  const call = `${request.method()} ${pathname.replace('/v1/api', '')}`
  const key = request.headers()['idempotency-key']
  shop.calls.push(`${call}${search}${key === undefined ? '' : ` ${key}`}`)
  const instead = shop.instead.get(call)
  if (instead) {
    shop.instead.delete(call)
    return instead(route)
  }
  const answer = answerTo(call, search, shop, request.postData())
  return route.fulfill({ headers: cors, status: answer === undefined ? 404 : 200, json: answer ?? {} })
}

function answerTo(call: string, search: string, shop: FakeShop, body: string | null): unknown {
  if (call === 'POST /points/stream/ticket')
    return { ticket: 't', expires_at: NOW, url: 'ws://app.localhost/stream?ticket=t' }
  if (call === 'GET /core/program') return shop.program
  if (call === 'GET /rewards') return { rewards: shop.rewards, next_cursor: null }
  if (call === 'GET /redemptions') return { redemptions: shop.redemptions, next_cursor: null }
  if (call === 'GET /points/transactions') return pageOfTransactions(shop, new URLSearchParams(search))
  if (call === 'POST /points/simulate') {
    shop.purchases.push(JSON.parse(body ?? '{}'))
    return { points: shop.estimate, pending_days: 14, expires_at: null, is_estimate: false }
  }
  const redeemed = /^POST \/rewards\/(.+)\/redeem$/.exec(call)?.[1]
  if (redeemed !== undefined) return shop.redemptions.find(({ reward_id }) => reward_id === redeemed)
  const cancelled = /^POST \/redemptions\/(.+)\/cancel$/.exec(call)?.[1]
  return shop.redemptions.find(({ id }) => id === cancelled)
}

function pageOfTransactions({ transactions }: FakeShop, query: URLSearchParams) {
  const from = Number(query.get('cursor') ?? 0)
  const to = from + Number(query.get('limit'))
  return { transactions: transactions.slice(from, to), next_cursor: to < transactions.length ? String(to) : null }
}
