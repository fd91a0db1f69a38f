import { execFile } from 'node:child_process'
import { existsSync, readFileSync, rmSync } from 'node:fs'
import path from 'node:path'
import { promisify } from 'node:util'
import { afterAll, expect, inject, test } from 'vitest'
import { apiOf } from '../testing/api.ts'
import { spawnStack, stateFolder } from '../testing/stack.ts'
import { birthOf } from './processes.ts'

/** `npm start` itself: what it starts, what it says, and that nothing is left of it. */

const START = path.join(import.meta.dirname, 'start.ts')
const dir = stateFolder()
afterAll(() => {
  rmSync(dir, { recursive: true, force: true })
})

/** A start that is to fail: its exit code and what it says. */
async function failedStart(...args: string[]): Promise<{ code: unknown; stderr: string }> {
  try {
    await promisify(execFile)(process.execPath, [START, ...args])
  } catch (error) {
    if (error instanceof Error && 'code' in error && 'stderr' in error) {
      return { code: error.code, stderr: String(error.stderr) }
    }
    throw error
  }
  throw new Error('It started.')
}

/** Opens a WebSocket and answers how it was refused or closed. */
async function closeCode(url: string): Promise<number> {
  const socket = new WebSocket(url)
  const { promise, resolve } = Promise.withResolvers<number>()
  socket.addEventListener('close', ({ code }) => {
    resolve(code)
  })
  return promise
}

test('one stack serves, on workerd itself; Ctrl-C leaves nothing but its state', async () => {
  const stack = await spawnStack(dir, ['--direct'])
  const { info } = stack
  const pages = await Promise.all(
    [info.app, info.docs, info.storefront, `${info.app}/health`, `${info.app}/widget/loyalnest.js`].map(async (url) => {
      const response = await fetch(url)
      return [response.status, response.headers.get('content-type')?.split(';')[0]]
    }),
  )
  expect(pages).toEqual([
    [200, 'text/html'],
    [200, 'text/html'],
    [200, 'text/html'],
    [200, 'application/json'],
    [200, 'text/javascript'],
  ])
  expect(info.variants.length).toBeGreaterThan(0)
  expect(info.customers.length).toBeGreaterThan(0)
  // The upgrade reaches the Worker, which refuses it for want of a ticket.
  expect(await closeCode(`${info.app.replace('http', 'ws')}/api/points/stream`)).toBeGreaterThan(1000)

  const written = { customer_id: '4711', points: 12, activity_id: 'start-test' }
  expect((await apiOf(info).call('POST', '/v1/api/points/earn', written)).status).toBe(200)
  const beginMs = Date.now()
  expect(await stack.stop()).toBe(0)
  expect(Date.now() - beginMs).toBeLessThan(5000)
  expect(info.pids.filter((pid) => birthOf(pid) !== undefined)).toEqual([])
  expect(existsSync(path.join(dir, 'local.json'))).toBe(false)

  const again = await spawnStack(dir)
  expect(again.info.api_key).toBe(info.api_key)
  expect((await apiOf(again.info).balance('4711')).points).toBe(12)
  expect(await failedStart('--port', '0', '--dir', dir)).toEqual({
    code: 1,
    stderr: expect.stringContaining(`already runs on the state in ${dir}`),
  })
  await again.stop()
})

test('a part that ends by itself ends everything, by name', async () => {
  const stack = await spawnStack(dir)
  const workerd = stack.info.pids.find((pid) => readFileSync(`/proc/${pid}/comm`, 'utf8').startsWith('workerd'))
  process.kill(workerd ?? 0, 'SIGKILL')
  expect(await stack.ended).toBe(1)
  expect(stack.output()).toContain('workerd ended by itself (SIGKILL)')
  expect(stack.info.pids.filter((pid) => birthOf(pid) !== undefined)).toEqual([])
})

test('a taken port is named', async () => {
  const port = new URL(inject('stack').app).port
  const other = stateFolder()
  const { code, stderr } = await failedStart('--port', port, '--dir', other)
  expect(code).toBe(1)
  expect(stderr).toContain(`Port ${port} (for the app) is taken by another program.`)
  rmSync(other, { recursive: true, force: true })
})
