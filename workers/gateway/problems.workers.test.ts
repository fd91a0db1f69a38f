import { env } from 'cloudflare:workers'
import { describe, expect, it } from 'vitest'
import { call, get, newShop, post } from './testing.ts'

const EARN = '/v1/api/points/earn'
const CUSTOMER = 'gid://shopify/Customer/706405506930370084'

async function problem(response: Response) {
  expect(response.headers.get('content-type')).toMatch(/^application\/problem\+json/)
  const body: Record<string, unknown> = await response.json()
  expect(body).toMatchObject({ status: response.status, title: expect.any(String), detail: expect.any(String) })
  expect(body['type']).toBe(`urn:loyalnest:error:${String(body['code'])}`)
  return body
}

describe('every refusal is a problem that says what is wrong', () => {
  it('400 malformed_json', async () => {
    const { key } = await newShop(env)
    const response = await call(EARN, {
      method: 'POST',
      body: '{"points": 1,',
      headers: { authorization: `Bearer ${key}`, 'content-type': 'application/json' },
    })
    expect(response.status).toBe(400)
    expect(await problem(response)).toMatchObject({ code: 'malformed_json' })
  })

  it('400 validation_failed names every bad field, by its pointer', async () => {
    const { key } = await newShop(env)
    const response = await post(EARN, key, { customer_id: 'me', points: 1.5, colour: 'red' })
    expect(response.status).toBe(400)
    const { code, errors } = await problem(response)
    expect(code).toBe('validation_failed')
    expect(errors).toEqual(
      expect.arrayContaining([
        expect.objectContaining({ pointer: '/customer_id' }),
        expect.objectContaining({ pointer: '/points' }),
        expect.objectContaining({ pointer: '/colour' }),
      ]),
    )
  })

  it('400 for query parameters, also when one is given twice or unknown', async () => {
    const { key } = await newShop(env)
    const response = await get(`/v1/api/points/transactions?customer_id=1&customer_id=2&limit=0&page=2`, key)
    expect(response.status).toBe(400)
    expect((await problem(response))['errors']).toEqual(
      expect.arrayContaining([
        expect.objectContaining({ parameter: 'customer_id' }),
        expect.objectContaining({ parameter: 'limit' }),
        expect.objectContaining({ parameter: 'page' }),
      ]),
    )
  })

  it.each([
    ['half of a surrogate pair, which nothing can be hashed of', String.raw`\ud800`],
    ['U+0000, which PostgreSQL cannot store', String.raw`\u0000`],
    ['a line break', String.raw`a\nb`],
  ])('400 for a reason with %s', async (_what, reason) => {
    const { key } = await newShop(env)
    const response = await call(EARN, {
      method: 'POST',
      body: `{"customer_id":"${CUSTOMER}","points":1,"reason":"${reason}"}`,
      headers: { authorization: `Bearer ${key}`, 'content-type': 'application/json', 'idempotency-key': 'k' },
    })
    expect(response.status).toBe(400)
    expect(await problem(response)).toMatchObject({ code: 'validation_failed', errors: [{ pointer: '/reason' }] })
  })

  it('400 idempotency_key_required on a write without the header', async () => {
    const { key } = await newShop(env)
    const response = await call(EARN, {
      method: 'POST',
      body: JSON.stringify({ customer_id: CUSTOMER, points: 1 }),
      headers: { authorization: `Bearer ${key}`, 'content-type': 'application/json' },
    })
    expect(response.status).toBe(400)
    expect(await problem(response)).toMatchObject({ code: 'idempotency_key_required' })
  })

  it('401 tells how to authenticate', async () => {
    const response = await call('/v1/api/points/balance')
    expect(response.status).toBe(401)
    expect(response.headers.get('www-authenticate')).toContain('Bearer')
    expect(await problem(response)).toMatchObject({ code: 'credentials_required' })
  })

  it('404 for an address that does not exist, by any method', async () => {
    for (const method of ['GET', 'POST', 'DELETE']) {
      const response = await call('/v1/api/nothing', { method })
      expect(response.status).toBe(404)
      expect(await problem(response)).toMatchObject({ code: 'not_found' })
    }
  })

  it('405 with Allow', async () => {
    const response = await call(EARN, { method: 'DELETE' })
    expect(response.status).toBe(405)
    expect(response.headers.get('allow')).toBe('POST, OPTIONS')
    expect(await problem(response)).toMatchObject({ code: 'method_not_allowed' })
    expect((await call('/health', { method: 'PUT' })).headers.get('allow')).toBe('GET, HEAD, OPTIONS')
  })

  it('413 by the declared length, and while reading where none is declared', async () => {
    const { key } = await newShop(env)
    const large = JSON.stringify({ customer_id: CUSTOMER, points: 1, reason: 'x'.repeat(70_000) })
    const headers = { authorization: `Bearer ${key}`, 'content-type': 'application/json' }
    const declared = await call(EARN, { method: 'POST', body: large, headers })
    expect(declared.status).toBe(413)
    expect(await problem(declared)).toMatchObject({ code: 'payload_too_large' })
    const body = new Blob([large]).stream()
    const streamed = await call(EARN, { method: 'POST', body, headers })
    expect(streamed.status).toBe(413)
  })

  it('415 unless the body is declared as JSON', async () => {
    const { key } = await newShop(env)
    const response = await post(EARN, key, {}, { 'content-type': 'text/plain' })
    expect(response.status).toBe(415)
    expect(await problem(response)).toMatchObject({ code: 'unsupported_media_type' })
  })

  it('426 for the live stream without a WebSocket', async () => {
    const response = await call('/api/points/stream')
    expect(response.status).toBe(426)
    expect(await problem(response)).toMatchObject({ code: 'upgrade_required' })
  })

  it('429 with Retry-After, and the limit in headers on the way there', async () => {
    const { key } = await newShop(env)
    const first = await call('/v1/api/core/settings', {
      method: 'PUT',
      body: '{}',
      headers: { authorization: `Bearer ${key}`, 'content-type': 'application/json' },
    })
    expect(first.headers.get('ratelimit-policy')).toBe('"settings_write";q=60;w=60')
    expect(first.headers.get('ratelimit')).toMatch(/^"settings_write";r=59;t=\d+$/)
    let last = first
    for (let turn = 0; turn < 62; turn += 1) {
      last = await call('/v1/api/core/settings', { method: 'PUT', headers: { authorization: `Bearer ${key}` } })
    }
    expect(last.status).toBe(429)
    expect(Number(last.headers.get('retry-after'))).toBeGreaterThanOrEqual(1)
    expect(await problem(last)).toMatchObject({ code: 'rate_limited', retryable: true })
  })
})

describe('every answer', () => {
  it('carries a request id, the caller’s if it is sane', async () => {
    const given = await call('/v1/api/nothing', { headers: { 'x-request-id': 'from-the-caller-1' } })
    expect(given.headers.get('x-request-id')).toBe('from-the-caller-1')
    expect(await given.json()).toMatchObject({ instance: 'urn:loyalnest:request:from-the-caller-1' })
    const odd = await call('/v1/api/nothing', { headers: { 'x-request-id': 'a b<script>' } })
    expect(odd.headers.get('x-request-id')).toMatch(/^[0-9a-f-]{36}$/)
  })

  it('carries security headers; over https also HSTS', async () => {
    const { headers } = await call('/v1/api/nothing')
    expect(headers.get('x-content-type-options')).toBe('nosniff')
    expect(headers.get('content-security-policy')).toContain("default-src 'none'")
    expect(headers.get('cache-control')).toBe('no-store')
    expect(headers.get('strict-transport-security')).toBeNull()
  })
})
