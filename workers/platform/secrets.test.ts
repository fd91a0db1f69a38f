import { describe, expect, it } from 'vitest'
import { CustomerId, MerchantId } from '../../domain/contracts/ids.ts'
import { apiKeyHmac, isApiKey, newApiKey } from './api-key.ts'
import { blindIndex, open, seal } from './crypto.ts'
import {
  issueShopperToken,
  issueStreamTicket,
  issueVisitorToken,
  readStorefrontToken,
  readStreamTicket,
} from './token.ts'

const base64 = (byte: number) => Buffer.alloc(32, byte).toString('base64')
const env = { DATA_KEK: base64(3), TOKEN_KEYS: `new:${base64(1)},old:${base64(2)}` }
const MERCHANT = '0190a1b2-0000-7000-8000-000000000001'
const OTHER_MERCHANT = '0190a1b2-0000-7000-8000-000000000002'

describe('a sealed value', () => {
  const place = { merchantId: MERCHANT, column: 'customers.email', row: 'gid://shopify/Customer/1' }

  it('opens at its own place, and never looks the same twice', async () => {
    const [first, second] = [await seal(env, place, 'ann@example.com'), await seal(env, place, 'ann@example.com')]
    expect(await open(env, place, first)).toBe('ann@example.com')
    expect(first).not.toBe(second)
    expect(Buffer.from(first, 'base64').toString('latin1')).not.toContain('ann')
  })

  it('does not open in another row, column or shop, with another key, or after a change', async () => {
    const sealed = await seal(env, place, 'ann@example.com')
    await expect(open(env, { ...place, row: 'gid://shopify/Customer/2' }, sealed)).rejects.toMatchObject({
      name: 'OperationError',
    })
    await expect(open(env, { ...place, column: 'customers.phone' }, sealed)).rejects.toMatchObject({
      name: 'OperationError',
    })
    await expect(open(env, { ...place, merchantId: OTHER_MERCHANT }, sealed)).rejects.toMatchObject({
      name: 'OperationError',
    })
    await expect(open({ DATA_KEK: base64(4) }, place, sealed)).rejects.toMatchObject({ name: 'OperationError' })
    const bytes = Buffer.from(sealed, 'base64')
    bytes.writeUInt8(bytes.readUInt8(20) ^ 1, 20)
    await expect(open(env, place, bytes.toString('base64'))).rejects.toMatchObject({ name: 'OperationError' })
  })
})

describe('a blind index', () => {
  it('is the same however the address is written, and another one in every shop', async () => {
    const index = await blindIndex(env, MERCHANT, 'Ann@Example.com')
    expect(index).toMatch(/^[0-9a-f]{64}$/)
    expect(await blindIndex(env, MERCHANT, ' ann@example.COM ')).toBe(index)
    expect(await blindIndex(env, MERCHANT, 'ann@example.org')).not.toBe(index)
    expect(await blindIndex(env, OTHER_MERCHANT, 'ann@example.com')).not.toBe(index)
  })
})

describe('an API key', () => {
  it('has its form, a prefix to know it by, and an HMAC that depends on the pepper', async () => {
    const { key, prefix } = newApiKey()
    expect(isApiKey(key)).toBe(true)
    expect(key.startsWith(`${prefix}_`)).toBe(true)
    expect(isApiKey(`${key}x`)).toBe(false)
    expect(newApiKey().key).not.toBe(key)
    const hmac = await apiKeyHmac(key, base64(5))
    expect(hmac).toMatch(/^[0-9a-f]{64}$/)
    expect(await apiKeyHmac(key, base64(6))).not.toBe(hmac)
  })
})

describe('a token', () => {
  const subject = {
    merchantId: MerchantId.parse(MERCHANT),
    customerId: CustomerId.parse('0190a1b2-0000-7000-8000-0000000000aa'),
    customerGid: 'gid://shopify/Customer/706405506930370084',
  }

  it('of a shopper names its subject for 15 minutes', async () => {
    const nowMs = Date.now()
    const { token, expiresAtMs } = await issueShopperToken(env, subject, nowMs)
    expect(expiresAtMs).toBe(Math.floor(nowMs / 1000) * 1000 + 15 * 60_000)
    expect(await readStorefrontToken(env, token)).toMatchObject({ sub: subject.customerId, mid: MERCHANT })
    const { token: old } = await issueShopperToken(env, subject, nowMs - 15 * 60_000 - 1000)
    expect(await readStorefrontToken(env, old)).toBeUndefined()
  })

  it('stays valid while its key is the previous one, and ends with it', async () => {
    const { token } = await issueShopperToken({ TOKEN_KEYS: `old:${base64(2)}` }, subject, Date.now())
    expect(await readStorefrontToken(env, token)).toBeDefined()
    expect(await readStorefrontToken({ TOKEN_KEYS: `new:${base64(1)}` }, token)).toBeUndefined()
    expect(await readStorefrontToken({ TOKEN_KEYS: `old:${base64(9)}` }, token)).toBeUndefined()
  })

  it('of a visitor names the shop and nobody in it, and opens no stream', async () => {
    const { token } = await issueVisitorToken(env, subject.merchantId, Date.now())
    const claims = await readStorefrontToken(env, token)
    expect(claims).toMatchObject({ aud: 'visitor', mid: MERCHANT })
    expect(claims).not.toHaveProperty('sub')
    expect(await readStreamTicket(env, token)).toBeUndefined()
  })

  it('is never taken for a ticket, nor a ticket for a token', async () => {
    const { token } = await issueShopperToken(env, subject, Date.now())
    const { token: ticket } = await issueStreamTicket(env, subject, 'https://shop.example', Date.now())
    expect(await readStreamTicket(env, token)).toBeUndefined()
    expect(await readStorefrontToken(env, ticket)).toBeUndefined()
    expect(await readStreamTicket(env, ticket)).toMatchObject({ origin: 'https://shop.example' })
  })

  it('without a signature, or with the algorithm "none", is none', async () => {
    const { token } = await issueShopperToken(env, subject, Date.now())
    const [, payload = ''] = token.split('.')
    const none = Buffer.from(JSON.stringify({ alg: 'none', typ: 'JWT', kid: 'new' })).toString('base64url')
    for (const forged of [`${none}.${payload}.`, token.slice(0, token.lastIndexOf('.')), '', 'x']) {
      expect(await readStorefrontToken(env, forged)).toBeUndefined()
    }
  })
})
