import { describe, expect, it } from 'vitest'
import { servePage } from './pages.ts'
import { Problem } from './problem.ts'

/** A web build of one page, `/docs/`. */
const ASSETS = {
  fetch: async (request: Request) =>
    new URL(request.url).pathname === '/docs/' ? new Response('<h1>') : new Response(null, { status: 404 }),
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
