import { existsSync, readFileSync } from 'node:fs'
import path from 'node:path'
import { expect, it } from 'vitest'
import { parse } from 'smol-toml'
import { z } from 'zod'

const ROOT = path.resolve(import.meta.dirname, '../..')
const Config = z.object({ queues: z.object({ consumers: z.array(z.object({ queue: z.string() })) }) })

/** The queues that have a consumer; dead letters of each are in its own test. */
function consumedQueues(): string[] {
  const text = readFileSync(path.join(ROOT, 'wrangler.toml'), 'utf8')
  const names = Config.parse(parse(text)).queues.consumers.map(({ queue }) => queue.replace(/^loyalnest-|-dlq$/g, ''))
  return [...new Set(names)]
}

it('every queue consumer has a test under disorder, which its dead letters are in', () => {
  const queues = consumedQueues()
  expect(queues.toSorted()).toEqual(['events', 'jobs', 'webhooks'])
  for (const queue of queues) {
    const file = path.join(import.meta.dirname, `${queue}.workers.test.ts`)
    expect(existsSync(file), `${queue}: no test under disorder, see queues/disorder/testing.ts`).toBe(true)
    const source = readFileSync(file, 'utf8')
    for (const step of [`putSome('${queue}'`, 'STORM', 'outages(', 'bury()', 'replay(', 'poisoned(']) {
      expect(source, `${queue}: its test has no ${step}`).toContain(step)
    }
  }
})
