import { describe, expect, it } from 'vitest'
import { servePage } from './pages.ts'
import { Problem } from './problem.ts'

/** A web build of one page, `/docs/`, and one language of the widget. */
const FILES = new Set(['/docs/', '/widget/lang/de.json'])
const ASSETS = {
  fetch: async (request: Request) =>
    FILES.has(new URL(request.url).pathname)
      ? new Response('…', { headers: { etag: '"1"', 'cache-control': 'public, max-age=0, must-revalidate' } })
      : new Response(null, { status: 404 }),
}

function open(path: string): Promise<Response> {
  const request = new Request(`https://app.example${path}`)
  return servePage({ env: { ASSETS, STOREFRONT_URL: '' }, request, path, headers: {} })
}

async function ask(method: string, path: string): Promise<unknown> {
  const request = new Request(`https://app.example${path}`, { method })
  const exchange = { env: { ASSETS, STOREFRONT_URL: '' }, request, path, headers: {} }
  try {
    const { status } = await servePage(exchange)
    return status
  } catch (error) {
    return error instanceof Problem ? [error.code, error.headers['allow']] : error
  }
}

describe('a page', () => {
  it('is read, and by its short name', async () => {
    expect(await ask('GET', '/docs/')).toBe(200)
    expect(await ask('HEAD', '/docs')).toBe(200)
  })

  it('takes nothing else, and says what it takes', async () => {
    expect(await ask('POST', '/docs')).toEqual(['method_not_allowed', 'GET, HEAD'])
  })

  it('that does not exist is not there by any method, nor is an unknown address of the API', async () => {
    expect(await ask('GET', '/nothing')).toEqual(['not_found', undefined])
    expect(await ask('POST', '/nothing')).toEqual(['not_found', undefined])
    expect(await ask('GET', '/v1/api/docs/')).toEqual(['not_found', undefined])
  })
})

describe('a file of the widget', () => {
  it('is for every storefront to read, and to keep for a while', async () => {
    const { headers } = await open('/widget/lang/de.json')
    expect(headers.get('access-control-allow-origin')).toBe('*')
    expect(headers.get('cache-control')).toMatch(/^public, max-age=\d+/)
    expect(headers.get('etag')).toBe('"1"')
  })

  it('is the only kind that is: a page is for nobody else, and runs nothing from elsewhere', async () => {
    const { headers } = await open('/docs/')
    expect(headers.get('access-control-allow-origin')).toBeNull()
    expect(headers.get('x-frame-options')).toBe('DENY')
    expect(headers.get('content-security-policy')).toContain("default-src 'none'; script-src 'self'")
  })
})
