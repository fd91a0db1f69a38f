import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { z } from 'zod'
import { OPERATIONS } from '../../domain/contracts/operations.ts'
import { WEBHOOK_OPERATIONS } from '../../domain/contracts/operations/webhooks.ts'
import { WEBHOOK_TOPICS } from '../../domain/earning/facts.ts'
import { openApiText } from './openapi.ts'

const root = join(import.meta.dirname, '../..')
const Document = z.object({
  openapi: z.string(),
  paths: z.record(
    z.string(),
    z.record(z.string(), z.object({ operationId: z.string(), security: z.array(z.unknown()) })),
  ),
})

describe('openapi.json', () => {
  it('is what the operations say; `npm run openapi` writes it anew', () => {
    expect(readFileSync(join(root, 'openapi.json'), 'utf8')).toBe(openApiText())
  })

  it('has each operation under its path, with the security it declares', () => {
    const { openapi, paths } = Document.parse(JSON.parse(openApiText()))
    expect(openapi).toBe('3.1.0')
    for (const { id, path, method, access } of [...OPERATIONS, ...WEBHOOK_OPERATIONS]) {
      const documented = paths[path]?.[method]
      expect(documented?.operationId).toBe(id)
      expect(documented?.security.length === 0).toBe(access.kind === 'public')
    }
    for (const path of ['/api/points/stream', '/openapi.json', '/docs']) expect(paths[path]?.['get']).toBeDefined()
  })
})

describe('shopify.app.toml', () => {
  it('subscribes to exactly the topics that are handled, each at its address', () => {
    const toml = readFileSync(join(root, 'shopify.app.toml'), 'utf8')
    const subscribed = [...toml.matchAll(/topics = \["(.+)"\]\nuri = "\/v1\/api\/webhooks\/(.+)"/g)]
    expect(subscribed).toHaveLength(WEBHOOK_TOPICS.length)
    expect(new Set(subscribed.map(([, topic]) => topic))).toEqual(new Set(WEBHOOK_TOPICS))
    for (const [, topic, address] of subscribed) expect(address).toBe(topic)
  })
})
