import { spawn } from 'node:child_process'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import type { TestProject } from 'vitest/node'
import { z } from 'zod'

declare module 'vitest' {
  interface ProvidedContext {
    /** Origin of the Shopify stand-in, in which every `….myshopify.com` exists: name it in `X-Forwarded-Host`. */
    shopifyProxy: string
  }
}

const Ready = z.object({ origin: z.string() })
const SERVE = join(import.meta.dirname, '../shopify/serve.ts')

/** The app's credentials in the `workers` project, the same as the Worker's bindings there. */
export const TEST_CLIENT = { id: 'loyalnest-local', secret: 'test-secret' } as const

/** Global setup of the `workers` project: the Shopify stand-in, for the length of the run, as a child process. */
export default async function setup(project: TestProject): Promise<() => Promise<void>> {
  const args = [SERVE, '--client-id', TEST_CLIENT.id, '--client-secret', TEST_CLIENT.secret]
  const child = spawn(process.execPath, args, { stdio: ['pipe', 'pipe', 'inherit'] })
  const line = await new Promise<string>((ready, failed) => {
    createInterface(child.stdout).once('line', ready)
    child.once('exit', (code) => failed(new Error(`the Shopify stand-in ended with code ${code}`)))
  })
  project.provide('shopifyProxy', Ready.parse(JSON.parse(line)).origin)
  return () =>
    new Promise((ended) => {
      child.once('exit', () => ended())
      child.stdin.end()
    })
}
