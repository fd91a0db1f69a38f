import { env } from 'cloudflare:workers'
import { afterEach, describe, expect, it, vi } from 'vitest'
import type { AdminAnswer } from './answer.ts'
import { askAdmin } from './client.ts'
import { JOB, REMOVE_CODE } from './documents.ts'
import { connectedShop, endAccessTokens, testShop, trouble } from '../../../services/rewards/testing.ts'

/** What Shopify may answer, one by one: real answers come from the stand-in, rare ones are played. */

const realFetch = globalThis.fetch
afterEach(() => {
  vi.restoreAllMocks()
})

/** Answers Admin API requests with these, one after the other; the token endpoint stays the stand-in's. */
function play(...answers: readonly (() => Response | Promise<Response>)[]) {
  const left = [...answers]
  const sent: Request[] = []
  vi.spyOn(globalThis, 'fetch').mockImplementation((input, init) => {
    const request = new Request(input, init)
    if (!request.url.endsWith('/graphql.json')) return realFetch(request)
    sent.push(request)
    const next = left.shift()
    if (!next) throw new Error('one request too many')
    return Promise.resolve(next())
  })
  return sent
}

const json =
  (body: unknown, status = 200, headers: Record<string, string> = {}) =>
  () =>
    Response.json(body, { status, headers })
const graphqlError = (code: string, data: unknown = null) =>
  json({ data, errors: [{ message: `it says ${code}`, extensions: { code }, path: ['job'] }] })

const soon = () => Date.now() + 3_000
const ofNobody = 'gid://shopify/Job/1'
const query = (shop: Parameters<typeof askAdmin>[1], deadlineMs = soon()) =>
  askAdmin(env, shop, JOB, { id: ofNobody }, deadlineMs)
const mutation = (shop: Parameters<typeof askAdmin>[1], deadlineMs = soon()) =>
  askAdmin(env, shop, REMOVE_CODE, { discountId: 'gid://shopify/DiscountCodeNode/1', redeemCodeIds: [] }, deadlineMs)

const unavailable = (maybeDone: boolean): AdminAnswer<never> => ({
  ok: false,
  fault: { kind: 'unavailable', maybeDone },
})
const done = json({ data: { job: { id: ofNobody, done: true } } })

describe('an answer', () => {
  it('is read by its schema', async () => {
    const shop = await connectedShop()
    play(done)
    await expect(query(shop)).resolves.toEqual({ ok: true, data: { job: { id: ofNobody, done: true } } })
  })

  it('goes with the shop’s token, and says what it is about', async () => {
    const shop = await connectedShop()
    const sent = play(done)
    await query(shop)
    expect(sent[0]?.headers.get('x-shopify-access-token')).toMatch(/^shpat_|^shpca_|^\S{16,}$/)
    expect(sent[0]?.headers.get('x-forwarded-host')).toBe(shop.domain)
    expect(await sent[0]?.json()).toEqual({ query: JOB.text, variables: { id: ofNobody } })
  })

  it('is none where the shop was never connected', async () => {
    const sent = play()
    await expect(mutation(testShop())).resolves.toEqual({ ok: false, fault: { kind: 'not_connected' } })
    expect(sent).toEqual([])
  })
})

describe('no usable answer', () => {
  it.each([
    ['500', json({ errors: 'Internal Server Error' }, 500)],
    ['503 in HTML', () => new Response('<html>', { status: 503 })],
    ['a redirect', () => new Response(null, { status: 302, headers: { location: 'https://example.com/' } })],
    ['200 in HTML', () => new Response('<html>')],
    ['JSON that is no GraphQL', json(['surprise'])],
    ['data of another shape', json({ data: { job: { id: 1 }, discountCodeRedeemCodeBulkDelete: 'x' } })],
    ['408', json({ errors: 'Request Timeout' }, 408)],
    ['INTERNAL_SERVER_ERROR', graphqlError('INTERNAL_SERVER_ERROR')],
    ['an error without a code', json({ data: null, errors: [{ message: 'Something went wrong', path: ['job'] }] })],
    ['a broken connection', () => Promise.reject(new TypeError('Network connection lost.'))],
  ])('(%s) leaves open whether a change was made, and only a change', async (_what, answer) => {
    const shop = await connectedShop()
    vi.spyOn(console, 'error').mockImplementation(() => {})
    play(answer, answer)
    await expect(query(shop)).resolves.toEqual(unavailable(false))
    await expect(mutation(shop)).resolves.toEqual(unavailable(true))
  })

  it('comes by the deadline', async () => {
    const shop = await connectedShop()
    await trouble(shop, { match: '*', effect: 'silent', times: 2 })
    const startMs = Date.now()
    await expect(mutation(shop, startMs + 300)).resolves.toEqual(unavailable(true))
    expect(Date.now() - startMs).toBeLessThan(1_500)
    await expect(mutation(shop, Date.now() - 1)).resolves.toEqual(unavailable(false))
  })

  it('changes nothing while Shopify gives no token', async () => {
    const shop = await connectedShop()
    await endAccessTokens(shop)
    await trouble(shop, { match: 'oauth', effect: 'silent' })
    await expect(mutation(shop, Date.now() + 400)).resolves.toEqual(unavailable(false))
  })

  it('is assumed where a change was made and a part of its answer failed', async () => {
    const shop = await connectedShop()
    const answer = graphqlError('ACCESS_DENIED', { discountCodeRedeemCodeBulkDelete: { job: null, userErrors: [] } })
    play(answer)
    await expect(mutation(shop)).resolves.toEqual(unavailable(true))
  })
})

describe('a refusal', () => {
  it('names what the merchant can do when a scope is missing', async () => {
    const shop = await connectedShop()
    play(graphqlError('ACCESS_DENIED'))
    await expect(mutation(shop)).resolves.toEqual({
      ok: false,
      fault: {
        kind: 'refused',
        problems: [
          { code: 'ACCESS_DENIED', field: 'job', message: expect.stringContaining('the merchant must open the app') },
        ],
      },
    })
  })

  it.each([402, 403, 404, 423])('is what the status %i says', async (status) => {
    const shop = await connectedShop()
    play(json({ errors: 'no' }, status))
    await expect(mutation(shop)).resolves.toMatchObject({
      ok: false,
      fault: { kind: 'refused', problems: [{ code: `HTTP_${status}` }] },
    })
  })
})

describe('a token that is over', () => {
  it('is replaced, and the request sent again', async () => {
    const shop = await connectedShop()
    await expect(query(shop)).resolves.toMatchObject({ ok: true })
    await endAccessTokens(shop)
    await expect(query(shop)).resolves.toMatchObject({ ok: true })
  })

  it('is replaced once: refused again, the app is no longer installed', async () => {
    const shop = await connectedShop()
    const refused = json({ errors: '[API] Invalid API key or access token' }, 401)
    const sent = play(refused, refused)
    await expect(mutation(shop)).resolves.toEqual({ ok: false, fault: { kind: 'not_connected' } })
    const tokens = sent.map(({ headers }) => headers.get('x-shopify-access-token'))
    expect(new Set(tokens).size).toBe(2)
  })
})

const throttled = (available: number) =>
  json({
    errors: [{ message: 'Throttled', extensions: { code: 'THROTTLED' } }],
    extensions: {
      cost: {
        requestedQueryCost: 10,
        actualQueryCost: null,
        throttleStatus: { maximumAvailable: 2000, currentlyAvailable: available, restoreRate: 50 },
      },
    },
  })

describe('throttling', () => {
  it('is waited out, as long as Shopify’s numbers say', async () => {
    const shop = await connectedShop()
    play(throttled(0), done)
    const startMs = Date.now()
    await expect(query(shop)).resolves.toMatchObject({ ok: true })
    expect(Date.now() - startMs).toBeGreaterThanOrEqual(190)
  })

  it('is told where the deadline comes before its end; nothing was done', async () => {
    const shop = await connectedShop()
    play(throttled(0))
    await expect(mutation(shop, Date.now() + 150)).resolves.toEqual({
      ok: false,
      fault: { kind: 'throttled', retryAfterMs: 200 },
    })
  })

  it('keeps later requests from being sent in vain', async () => {
    const shop = await connectedShop()
    const sent = play(throttled(0))
    await query(shop, Date.now() + 150)
    await expect(query(shop, Date.now() + 50)).resolves.toMatchObject({ fault: { kind: 'throttled' } })
    expect(sent).toHaveLength(1)
  })

  it('by 429 is waited out as Retry-After says', async () => {
    const shop = await connectedShop()
    play(json({ errors: 'slow down' }, 429, { 'retry-after': '0.3' }), done)
    const startMs = Date.now()
    await expect(query(shop)).resolves.toMatchObject({ ok: true })
    expect(Date.now() - startMs).toBeGreaterThanOrEqual(290)
    play(json({ errors: 'slow down' }, 429, { 'retry-after': '5' }))
    await expect(query(shop)).resolves.toEqual({ ok: false, fault: { kind: 'throttled', retryAfterMs: 5_000 } })
  })
})

it('no log line holds a token', async () => {
  const shop = await connectedShop()
  const lines: unknown[] = []
  for (const level of ['info', 'warn', 'error', 'log', 'debug'] as const) {
    vi.spyOn(console, level).mockImplementation((...words) => void lines.push(words))
  }
  const sent = play(json({ errors: 'no' }, 401), json({ data: 1 }))
  await mutation(shop)
  play(json({ data: { discountCodeRedeemCodeBulkDelete: 'x' } }))
  await mutation(shop)
  expect(lines.length).toBeGreaterThan(0)
  for (const { headers } of sent) {
    expect(JSON.stringify(lines)).not.toContain(headers.get('x-shopify-access-token'))
  }
})
