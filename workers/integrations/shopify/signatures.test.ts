import { createHmac } from 'node:crypto'
import { describe, expect, it } from 'vitest'
import { readProxiedRequest, signedText } from './app-proxy.ts'
import { isSignedText, isSignedWebhook } from './hmac.ts'

const utf8 = new TextEncoder()

describe('webhook signatures', () => {
  const body = utf8.encode('{"id":820982911946154508,"note":"Größe 42 ✓"}')
  const sign = (secret: string) => createHmac('sha256', secret).update(body).digest('base64')

  it('are those of RFC 4231, test case 2', async () => {
    const expected = '5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843'
    expect(await isSignedText('Jefe', 'what do ya want for nothing?', expected)).toBe(true)
  })

  it('are accepted by the current secret and, while it rotates, by the previous one', async () => {
    expect(await isSignedWebhook('new,old', body, sign('new'))).toBe(true)
    expect(await isSignedWebhook('new, old', body, sign('old'))).toBe(true)
    expect(await isSignedWebhook('new', body, sign('old'))).toBe(false)
  })

  it('are refused for another body, in another encoding, cut short, or empty', async () => {
    expect(await isSignedWebhook('new', utf8.encode('{}'), sign('new'))).toBe(false)
    const hex = createHmac('sha256', 'new').update(body).digest('hex')
    for (const signature of [hex, sign('new').slice(0, 20), '', `${sign('new')} `]) {
      expect(await isSignedWebhook('new', body, signature)).toBe(false)
    }
  })

  it('never fit an empty secret', async () => {
    expect(await isSignedWebhook('', body, sign('x'))).toBe(false)
    expect(await isSignedWebhook(',', body, sign('x'))).toBe(false)
  })
})

describe('the app proxy', () => {
  const nowMs = Date.parse('2026-08-01T12:00:00Z')
  function request(changes: Record<string, string> = {}): URLSearchParams {
    const parameters = new URLSearchParams({
      shop: 'some-shop.myshopify.com',
      logged_in_customer_id: '706405506930370084',
      path_prefix: '/apps/loyalnest',
      timestamp: String(nowMs / 1000),
      ...changes,
    })
    parameters.set('signature', createHmac('sha256', 'hush').update(signedText(parameters)).digest('hex'))
    return parameters
  }

  it("signs as Shopify's documentation shows: sorted, joined by nothing, repeats by commas", async () => {
    // The example of shopify.dev, "Authenticate app proxies", with the secret `hush`.
    const parameters = new URLSearchParams(
      'extra=1&extra=2&shop=shop-name.myshopify.com&logged_in_customer_id=1&path_prefix=%2Fapps%2Fawesome_reviews&timestamp=1317327555&signature=4c68c8624d737112c91818c11017d24d334b524cb5c2b8ba08daa056f7395ddb',
    )
    expect(signedText(parameters)).toBe(
      'extra=1,2logged_in_customer_id=1path_prefix=/apps/awesome_reviewsshop=shop-name.myshopify.comtimestamp=1317327555',
    )
    expect(await isSignedText('hush', signedText(parameters), parameters.get('signature') ?? '')).toBe(true)
  })

  it('names the shop and the customer, whose id may exceed 2^53', async () => {
    expect(await readProxiedRequest(request(), 'hush', nowMs)).toEqual({
      ok: true,
      domain: 'some-shop.myshopify.com',
      customerGid: 'gid://shopify/Customer/706405506930370084',
      prefix: '/apps/loyalnest',
    })
  })

  it('knows a visitor who is not logged in', async () => {
    const visitor = await readProxiedRequest(request({ logged_in_customer_id: '' }), 'hush', nowMs)
    expect(visitor).toMatchObject({ ok: true, customerGid: null })
  })

  it('is refused when a parameter was changed, added or doubled', async () => {
    const changed = request()
    changed.set('logged_in_customer_id', '1')
    const added = request()
    added.set('extra', '1')
    for (const parameters of [changed, added]) {
      expect(await readProxiedRequest(parameters, 'hush', nowMs)).toMatchObject({ code: 'signature_invalid' })
    }
    for (const name of ['shop', 'timestamp', 'signature', 'logged_in_customer_id', 'path_prefix']) {
      const doubled = request()
      doubled.append(name, doubled.get(name) ?? '')
      expect(await readProxiedRequest(doubled, 'hush', nowMs)).toMatchObject({ code: 'signature_invalid' })
    }
  })

  it('does not mind in which order its parameters come: Shopify sorts them before it signs', async () => {
    const reordered = new URLSearchParams([...request()].toReversed())
    expect(await readProxiedRequest(reordered, 'hush', nowMs)).toMatchObject({ ok: true })
  })

  it('is refused where the signed text could be cut into other parameters', async () => {
    // A shopper adds `k` to the address; whoever saw the signature could cut the same text into another customer's.
    const asked = request({ k: 'logged_in_customer_id=999m=' })
    const cut = new URLSearchParams([...asked].filter(([name]) => name !== 'k'))
    cut.set('k', '')
    cut.set('m', `logged_in_customer_id=${cut.get('logged_in_customer_id') ?? ''}`)
    cut.set('logged_in_customer_id', '999')
    expect(signedText(cut)).toBe(signedText(asked))
    for (const parameters of [asked, cut]) {
      expect(await readProxiedRequest(parameters, 'hush', nowMs)).toMatchObject({ code: 'signature_invalid' })
    }
  })

  it('says where the shop has the proxy, and believes no other kind of place', async () => {
    const moved = await readProxiedRequest(request({ path_prefix: '/tools/points-2' }), 'hush', nowMs)
    expect(moved).toMatchObject({ prefix: '/tools/points-2' })
    for (const path_prefix of ['//elsewhere.example', '/apps/"><script>', '/apps/{{ shop }}', '']) {
      const odd = await readProxiedRequest(request({ path_prefix }), 'hush', nowMs)
      expect(odd).toMatchObject({ prefix: '/apps/loyalnest' })
    }
  })

  it('is refused more than 90 seconds away from now, in either direction', async () => {
    for (const seconds of [-90, 90]) {
      expect(await readProxiedRequest(request(), 'hush', nowMs + seconds * 1000)).toMatchObject({ ok: true })
    }
    for (const seconds of [-91, 91]) {
      const refusal = await readProxiedRequest(request(), 'hush', nowMs + seconds * 1000)
      expect(refusal).toMatchObject({ code: 'signature_invalid' })
    }
    const withoutTime = request({ timestamp: 'now' })
    expect(await readProxiedRequest(withoutTime, 'hush', nowMs)).toMatchObject({ code: 'signature_invalid' })
  })

  it('asks for a signature where there is none', async () => {
    const unsigned = request()
    unsigned.delete('signature')
    expect(await readProxiedRequest(unsigned, 'hush', nowMs)).toMatchObject({ code: 'credentials_required' })
  })
})
