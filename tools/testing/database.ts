import { spawn } from 'node:child_process'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { readD1Migrations } from '@cloudflare/vitest-plugin'
import type { D1Migration } from '@cloudflare/vitest-plugin'
import type { TestProject } from 'vitest/node'
import { z } from 'zod'

declare module 'vitest' {
  interface ProvidedContext {
    /** `host:port` of the endpoint that the Neon driver speaks to. */
    neonProxy: string
    databaseUrl: string
    d1Migrations: { control: D1Migration[]; eventLog: D1Migration[] }
  }
}

const Ready = z.object({ neonProxy: z.string(), databaseUrl: z.string() })
const ROOT = join(import.meta.dirname, '../..')

/**
 * Global setup of the `workers` project: a real Postgres with the migrations applied, for the length of the run.
 * A child process, not an import: Vite resolves this project with workerd's conditions, which turn `ws` into a stub
 * and `pg` into its Cloudflare build.
 */
export default async function setup(project: TestProject): Promise<() => Promise<void>> {
  const child = spawn(process.execPath, [join(ROOT, 'tools/database/serve.ts')], { stdio: ['pipe', 'pipe', 'inherit'] })
  const line = await new Promise<string>((ready, failed) => {
    createInterface(child.stdout).once('line', ready)
    child.once('exit', (code) => failed(new Error(`the test database ended with code ${code}`)))
  })
  const { neonProxy, databaseUrl } = Ready.parse(JSON.parse(line))
  project.provide('neonProxy', neonProxy)
  project.provide('databaseUrl', databaseUrl)
  project.provide('d1Migrations', {
    control: await readD1Migrations(join(ROOT, 'migrations/d1-control')),
    eventLog: await readD1Migrations(join(ROOT, 'migrations/d1-event-log')),
  })
  return () =>
    new Promise((ended) => {
      child.once('exit', () => ended())
      child.stdin.end()
    })
}
