import { createHmac } from 'node:crypto'
import { describe, expect, it } from 'vitest'
import { readSessionToken } from './session-token.ts'

const env = {
  SHOPIFY_CLIENT_ID: 'client-id',
  SHOPIFY_CLIENT_SECRETS: 'current-secret,previous-secret',
  SHOPIFY_PROXY: '',
  APP_ORIGIN: 'https://loyalnest.example',
}
const SHOP = 'example.myshopify.com'

const encode = (value: object) => Buffer.from(JSON.stringify(value)).toString('base64url')

/** A session token as App Bridge gets it, with claims or a header that differ. */
function token(claims: object = {}, { secret = 'current-secret', header = {} } = {}): string {
  const now = Math.floor(Date.now() / 1000)
  const payload = {
    iss: `https://${SHOP}/admin`,
    dest: `https://${SHOP}`,
    aud: 'client-id',
    sub: '548380009',
    exp: now + 60,
    nbf: now,
    iat: now,
    jti: 'f8912129-1af6-4cad-9ca3-76b0f7621087',
    sid: 'aaea182f2732d44c23057c0fea584021a4485b2bd25d3eb7fd349313ad24c685',
    ...claims,
  }
  const signed = `${encode({ alg: 'HS256', typ: 'JWT', ...header })}.${encode(payload)}`
  return `${signed}.${createHmac('sha256', secret).update(signed).digest('base64url')}`
}

const inSeconds = (seconds: number) => Math.floor(Date.now() / 1000) + seconds

describe('a session token', () => {
  it('names the shop and the member of staff', async () => {
    await expect(readSessionToken(env, token())).resolves.toEqual({ shop: SHOP, userId: '548380009' })
  })

  it('may be signed by the previous secret while it rotates', async () => {
    await expect(readSessionToken(env, token({}, { secret: 'previous-secret' }))).resolves.toMatchObject({ shop: SHOP })
  })

  it('may be up to ten seconds early or late, as clocks differ', async () => {
    await expect(readSessionToken(env, token({ exp: inSeconds(-8) }))).resolves.toMatchObject({ shop: SHOP })
    await expect(readSessionToken(env, token({ nbf: inSeconds(8) }))).resolves.toMatchObject({ shop: SHOP })
  })

  it.each([
    ['is signed by another secret', token({}, { secret: 'another' })],
    ['is over', token({ exp: inSeconds(-12) })],
    ['is not valid yet', token({ nbf: inSeconds(20) })],
    ['is for another app', token({ aud: 'another-client' })],
    ['is for several apps', token({ aud: ['client-id', 'another-client'] })],
    ['is issued by one shop for another', token({ dest: 'https://other.myshopify.com' })],
    ['is issued by no shop', token({ iss: 'https://example.com/admin', dest: 'https://example.com' })],
    ['has a port in the shop', token({ iss: `https://${SHOP}:444/admin`, dest: `https://${SHOP}:444` })],
    ['has no expiry', token({ exp: undefined })],
    ['has no beginning', token({ nbf: undefined })],
    ['names nobody', token({ sub: '' })],
    ['is unsigned', `${encode({ alg: 'none' })}.${token().split('.')[1]}.`],
    ['says another algorithm', token({}, { header: { alg: 'HS384' } })],
    ['was changed after it was signed', token().replace(/\.[^.]+\./, `.${token({ sub: '1' }).split('.')[1]}.`)],
    ['is no token', 'a.b.c'],
    ['is empty', ''],
  ])('is refused when it %s', async (_why, spoilt) => {
    await expect(readSessionToken(env, spoilt)).resolves.toBeUndefined()
  })
})
