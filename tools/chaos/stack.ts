import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, mkdirSync, readdirSync } from 'node:fs'
import path from 'node:path'
import { createInterface } from 'node:readline'
import { setTimeout as delay } from 'node:timers/promises'
import { z } from 'zod'
import { build, WORKER_SCRIPT } from '../build.ts'
import { migrateD1 } from '../local/d1-migrations.ts'
import { seedDemoProgram } from '../local/demo-program.ts'
import { seedDemoRewards } from '../local/demo-rewards.ts'
import { cheapestProduct, connectDemoShop, DEMO_SHOP, seedDemoShop } from '../local/demo-shop.ts'
import type { LocalInfo } from '../local/info.ts'
import { freePort, HOST } from '../local/ports.ts'
import { loadSecrets } from '../local/secrets.ts'
import { bindingsOf, healthy } from '../local/stack.ts'
import { statePaths, type StatePaths } from '../local/state.ts'
import { openWorkerLog } from '../local/worker-log.ts'
import { startWorker, type WorkerHost } from '../local/worker.ts'
import { startShopifyStandIn } from '../shopify/server.ts'

const ROOT = path.resolve(import.meta.dirname, '../..')
const Ready = z.object({ databaseUrl: z.string(), neonProxy: z.string(), pgUrl: z.string(), postgresPid: z.int() })

/** The parts of a stack, each of which can be taken away and brought back. Ports and state stay the same. */
export interface ChaosStack {
  readonly info: LocalInfo
  readonly paths: StatePaths
  /** How workerd ended where nobody had killed it, as a full disk may make it. */
  readonly deaths: readonly string[]
  /** Of the database behind the stack, for whoever looks at it directly. */
  readonly pgUrl: () => string
  readonly workerdPid: () => number | undefined
  /** Ends workerd as a power cut does. */
  readonly killWorker: () => Promise<void>
  readonly startWorker: () => Promise<void>
  /** SIGQUIT, which Postgres calls immediate: no flush, no goodbye; it recovers from its log. */
  readonly killPostgres: () => Promise<void>
  readonly startPostgres: () => Promise<void>
  /** Takes D1 away: every query fails until the function that it answers is called. */
  readonly lockD1: () => Promise<() => void>
  readonly stop: () => Promise<void>
}

/** Starts everything in `dir`; the Worker on its own socket, without the development proxy. */
export async function startChaosStack(dir: string): Promise<ChaosStack> {
  const paths = statePaths(dir)
  mkdirSync(paths.worker, { recursive: true })
  const secrets = loadSecrets(paths)
  const ports = { app: await freePort(), shopify: await freePort(), neon: await freePort() }
  const origins = { app: `http://${HOST}:${ports.app}`, shopify: `http://${HOST}:${ports.shopify}` }
  await build(ROOT)
  let postgres = await spawnPostgres(paths.postgres, ports.neon)
  const log = openWorkerLog(paths.workerLog, () => {})
  let worker: WorkerHost | undefined
  const deaths: string[] = []
  const start = async () => {
    worker = await startWorker({
      root: ROOT,
      script: path.join(ROOT, WORKER_SCRIPT),
      port: ports.app,
      direct: true,
      stateDir: paths.worker,
      bindings: bindingsOf(origins, secrets, postgres.ready),
      allowedHosts: [postgres.ready.neonProxy, new URL(origins.shopify).host],
      log,
    })
    return worker
  }
  const host = await start()
  const nowMs = Date.now()
  const control = await host.miniflare.getD1Database('CONTROL', host.workerName)
  await migrateD1(control, path.join(ROOT, 'migrations/d1-control'), nowMs)
  const eventLog = await host.miniflare.getD1Database('EVENT_LOG', host.workerName)
  await migrateD1(eventLog, path.join(ROOT, 'migrations/d1-event-log'), nowMs)
  const apiKey = await seedDemoShop(control, paths, secrets, origins.shopify, nowMs)
  await healthy(origins.app, undefined)
  const shopify = await startShopifyStandIn({
    port: ports.shopify,
    appOrigin: origins.app,
    dir: paths.shopify,
    shop: DEMO_SHOP,
    clientId: secrets.clientId,
    clientSecret: secrets.clientSecret,
  })
  await connectDemoShop(origins.app, shopify.url)
  await seedDemoProgram(origins.app, apiKey)
  await seedDemoRewards(origins.app, apiKey, await cheapestProduct(shopify.url))
  return {
    info: {
      app: origins.app,
      shopify: shopify.url,
      storefront: shopify.url,
      docs: `${origins.app}/docs`,
      shop: DEMO_SHOP,
      client_id: secrets.clientId,
      client_secret: secrets.clientSecret,
      api_key: apiKey,
      customers: [],
      variants: [],
      pids: [],
    },
    paths,
    deaths,
    pgUrl: () => postgres.ready.pgUrl,
    workerdPid: () => (worker !== undefined && isAlive(worker) ? worker.workerd.pid : undefined),
    killWorker: async () => {
      const dying = worker
      worker = undefined
      if (dying === undefined) return
      if (isAlive(dying)) {
        const exit = once(dying.workerd, 'exit')
        dying.workerd.kill('SIGKILL')
        await exit
      }
      await dying.stop()
    },
    startWorker: async () => {
      if (worker !== undefined && !isAlive(worker)) {
        deaths.push(`${worker.workerd.signalCode ?? worker.workerd.exitCode}`)
        await worker.stop()
        worker = undefined
      }
      if (worker === undefined) await start()
      await answering(origins.app)
    },
    killPostgres: async () => {
      process.kill(postgres.ready.postgresPid, 'SIGQUIT')
      await once(postgres.child, 'exit')
    },
    startPostgres: async () => {
      postgres = await spawnPostgres(paths.postgres, ports.neon)
    },
    lockD1: () => lockD1(paths.worker),
    stop: async () => {
      await worker?.stop()
      await log.close()
      await shopify.close()
      postgres.child.stdin?.end()
      if (postgres.child.exitCode === null) await once(postgres.child, 'exit')
    },
  }
}

function isAlive({ workerd }: WorkerHost): boolean {
  return workerd.exitCode === null && workerd.signalCode === null
}

/** Waits until the Worker's socket answers anything. */
async function answering(app: string): Promise<void> {
  for (let tries = 0; tries < 300; tries += 1) {
    const answer = await fetch(`${app}/`, { signal: AbortSignal.timeout(2_000) }).catch(() => null)
    await answer?.body?.cancel()
    if (answer !== null) return
    await delay(50)
  }
  throw new Error('The Worker did not answer in time.')
}

async function spawnPostgres(dir: string, port: number) {
  const child = spawn(
    process.execPath,
    [path.join(ROOT, 'tools/database/serve.ts'), '--dir', dir, '--port', String(port)],
    // What it says as it dies belongs to the run.
    { cwd: ROOT, stdio: ['pipe', 'pipe', 'ignore'] },
  )
  return { child, ready: Ready.parse(JSON.parse(await firstLine(child))) }
}

async function firstLine(child: ChildProcess): Promise<string> {
  if (child.stdout === null) throw new Error('The database process has no output.')
  const { promise, resolve, reject } = Promise.withResolvers<string>()
  createInterface(child.stdout).once('line', resolve)
  child.once('exit', (code, signal) => reject(new Error(`The database did not start (${signal ?? code}).`)))
  return promise
}

/** Another hand on D1's files: workerd gets at nothing in them until it lets go. */
async function lockD1(stateDir: string): Promise<() => void> {
  const { DatabaseSync } = await import('node:sqlite')
  const databases = filesOf(path.join(stateDir, 'd1', 'miniflare-D1DatabaseObject')).map((file) => {
    const database = new DatabaseSync(file, { timeout: 5_000 })
    database.exec('BEGIN EXCLUSIVE')
    return database
  })
  return () => {
    for (const database of databases) database.close()
  }
}

/** The databases of all objects of a class. */
export function objectFiles(stateDir: string, className: string): readonly string[] {
  return filesOf(path.join(stateDir, 'do', `loyalnest-${className}`))
}

function filesOf(dir: string): readonly string[] {
  if (!existsSync(dir)) return []
  return readdirSync(dir)
    .filter((name) => name.endsWith('.sqlite') && name !== 'metadata.sqlite')
    .map((name) => path.join(dir, name))
}
