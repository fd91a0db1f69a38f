import { env } from 'cloudflare:workers'
import { describe, expect, it } from 'vitest'
import { SHOPPER_LANGUAGES } from '../../domain/contracts/text.ts'
import { CUSTOMER_TEXTS } from './customer-texts.ts'
import { call, newShop } from './testing.ts'

function ask(shop?: string, language = 'en'): Promise<Response> {
  const query = shop === undefined ? '' : `?${new URLSearchParams({ shop }).toString()}`
  return call(`/customer${query}`, { redirect: 'manual', headers: { 'accept-language': language } })
}

function search(turn: number): Promise<Response> {
  return call(`/customer?shop=no-${turn}`, { redirect: 'manual', headers: { 'cf-connecting-ip': '203.0.113.77' } })
}

/** The statuses of sixty at once. */
function sixtySearches(from: number): Promise<number[]> {
  return Promise.all(Array.from({ length: 60 }, async (_, turn) => (await search(from + turn)).status))
}

describe('the page for shoppers', () => {
  it('leads to the page in the storefront, however the shop is named', async () => {
    const { domain, origin } = await newShop(env)
    const host = new URL(origin).hostname
    for (const typed of [
      domain,
      domain.split('.')[0],
      host,
      ` ${host.toUpperCase()}/ `,
      `www.${host}`,
      `${origin}/cart?a=1`,
    ]) {
      const response = await ask(typed)
      expect([typed, response.status, response.headers.get('location')]).toEqual([
        typed,
        302,
        `${origin}/apps/loyalnest/`,
      ])
    }
  })

  it.each(SHOPPER_LANGUAGES)('asks in %s which shop it is', async (language) => {
    const response = await ask(undefined, `xx, ${language}-XX;q=0.9, en;q=0.1`)
    const text = await response.text()
    expect(response.status).toBe(200)
    expect(response.headers.get('vary')).toBe('Accept-Language')
    expect(text).toContain(CUSTOMER_TEXTS[language].why)
    expect(text).toContain(`<html lang="${language}" dir="${['ar', 'he'].includes(language) ? 'rtl' : 'ltr'}">`)
  })

  it('says that it knows no such shop, also of one that has left', async () => {
    const gone = await newShop(env)
    await env.CONTROL.prepare("UPDATE shops SET status = 'uninstalled' WHERE domain = ?1").bind(gone.domain).run()
    for (const typed of [gone.domain, 'nobody-here.example', 'nobody', '::', 'javascript:alert(1)', 'https://']) {
      const response = await ask(typed)
      expect([typed, response.status, response.headers.get('location')]).toEqual([typed, 404, null])
      expect(await response.text()).toContain('role="alert"')
    }
  })

  it('shows what was typed as text, whatever it is, and runs nothing', async () => {
    const response = await ask('"><script>alert(1)</script>')
    expect(await response.text()).toContain('value="&quot;&gt;&lt;script&gt;alert(1)&lt;/script&gt;"')
    const policy = response.headers.get('content-security-policy') ?? ''
    expect(policy).toContain("default-src 'none'")
    expect(policy).toContain("script-src 'self'")
    expect(policy).not.toContain('unsafe')
  })

  it('does not let anyone search for shops without end', async () => {
    expect(new Set(await sixtySearches(0))).toEqual(new Set([404]))
    // However slow the machine: one search a second is let through again.
    expect(await sixtySearches(60)).toContain(429)
  })
})

describe('what is not there', () => {
  it.each(['/proxy/nothing', '/proxy/session/', '/proxy/..%2fv1', '/customers'])('%s is answered 404', async (path) => {
    const response = await call(path)
    expect(response.status).toBe(404)
    expect(await response.json()).toMatchObject({ code: 'not_found' })
  })
})
