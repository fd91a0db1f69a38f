import path from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { build, WORKER_SCRIPT } from '../build.ts'
import { startShopifyStandIn } from '../shopify/server.ts'
import { startCrons } from './crons.ts'
import { migrateD1 } from './d1-migrations.ts'
import { startDatabase, type Database } from './database.ts'
import { seedDemoProgram } from './demo-program.ts'
import { seedDemoRewards } from './demo-rewards.ts'
import { cheapestProduct, connectDemoShop, DEMO_SHOP, seedDemoShop } from './demo-shop.ts'
import type { LocalInfo } from './info.ts'
import { choosePorts, HOST } from './ports.ts'
import { loadSecrets, type LocalSecrets } from './secrets.ts'
import { holdState, statePaths, writeWhole, type StatePaths } from './state.ts'
import { openWorkerLog } from './worker-log.ts'
import { startWorker } from './worker.ts'

const ROOT = path.resolve(import.meta.dirname, '../..')
/** The Worker gets this long to say that it is healthy. */
const HEALTH_TIMEOUT_MS = 30_000
/** Local queues are in memory: what a batch time-out (1 s) still holds back is delivered before everything ends. */
const DRAIN_MS = 1500

/** How to run the whole of LoyalNest on this machine. */
export interface StackOptions {
  /** The app's port; the Shopify stand-in takes the next one. 0: any two. */
  readonly port: number
  /** Where all state lives; a second start on it continues. */
  readonly dir: string
  readonly direct: boolean
  /** Another Postgres, or Neon, instead of the one the stack brings along. */
  readonly databaseUrl?: string | undefined
  /** Aborted while it starts: what was started so far ends again, and `startStack` rejects. */
  readonly signal?: AbortSignal | undefined
  /** Told in a few words what happens now. */
  readonly progress?: ((line: string) => void) | undefined
  /** Told what went wrong while it runs, such as an error that the Worker logs. */
  readonly trouble?: ((line: string) => void) | undefined
}

/** A running stack. */
export interface Stack {
  readonly info: LocalInfo
  /** Settles with a sentence when a part ended by itself; the rest runs on until `stop`. */
  readonly died: Promise<string>
  /** Ends everything in order, in less than five seconds; state stays. */
  readonly stop: () => Promise<void>
}

/**
 * Builds what changed and starts everything; `local.json` in `dir` is written last.
 * @throws PortTakenError, AlreadyRunningError, or what a part says when it cannot start; nothing is left running then
 */
export async function startStack(options: StackOptions): Promise<Stack> {
  const paths = statePaths(options.dir)
  // First of all: what a killed stack left running may hold the ports.
  const hold = await holdState(paths)
  // What is started goes here, and ends in reverse.
  const started: (() => Promise<void> | void)[] = [hold.release]
  const stop = async () => {
    for (const end of started.splice(0).toReversed()) await end()
  }
  try {
    const ports = await choosePorts(options.port)
    return await startParts(options, ports, paths, hold.remember, started, stop)
  } catch (error) {
    await stop()
    throw error
  }
}

async function startParts(
  options: StackOptions,
  ports: { app: number; shopify: number },
  paths: StatePaths,
  remember: (role: string, pid: number) => void,
  started: (() => Promise<void> | void)[],
  stop: () => Promise<void>,
): Promise<Stack> {
  const { trouble = () => {} } = options
  const progress = (line: string) => {
    options.signal?.throwIfAborted()
    options.progress?.(line)
  }
  const origins = { app: `http://${HOST}:${ports.app}`, shopify: `http://${HOST}:${ports.shopify}` }
  const secrets = loadSecrets(paths)
  const ending = new AbortController()
  const death = Promise.withResolvers<string>()
  const watch = watcher(ending.signal, death.resolve)

  progress('Building, and starting PostgreSQL')
  const databaseReady = startDatabase(ROOT, paths.postgres, options.databaseUrl).then((database) => {
    started.push(database.stop)
    if (database.child !== undefined) watch('PostgreSQL', database.child)
    for (const pid of database.pids) remember('postgres', pid)
    return database
  })
  // Both are waited for, so that none of the two is left on its own when the other fails.
  const built = build(ROOT)
  await Promise.allSettled([databaseReady, built])
  await built
  const database = await databaseReady

  progress('Starting the Worker on workerd')
  const log = openWorkerLog(paths.workerLog, trouble)
  started.push(log.close)
  const worker = await startWorker({
    root: ROOT,
    script: path.join(ROOT, WORKER_SCRIPT),
    port: ports.app,
    direct: options.direct,
    stateDir: paths.worker,
    bindings: bindingsOf(origins, secrets, database),
    allowedHosts: [...database.allowedHosts, new URL(origins.shopify).host],
    log,
  })
  started.push(worker.stop)
  const { pid: workerdPid } = worker.workerd
  if (workerdPid !== undefined) remember('workerd', workerdPid)
  watch('workerd', worker.workerd)

  progress('Applying migrations, seeding the demo shop')
  const control = await worker.miniflare.getD1Database('CONTROL', worker.workerName)
  const eventLog = await worker.miniflare.getD1Database('EVENT_LOG', worker.workerName)
  const nowMs = Date.now()
  await migrateD1(control, path.join(ROOT, 'migrations/d1-control'), nowMs)
  await migrateD1(eventLog, path.join(ROOT, 'migrations/d1-event-log'), nowMs)
  const apiKey = await seedDemoShop(control, paths, secrets, origins.shopify, nowMs)

  progress('Waiting until every service is healthy')
  await healthy(origins.app, options.signal)

  progress('Opening the Shopify stand-in')
  const shopify = await startShopifyStandIn({
    port: ports.shopify,
    appOrigin: origins.app,
    dir: paths.shopify,
    shop: DEMO_SHOP,
    clientId: secrets.clientId,
    clientSecret: secrets.clientSecret,
  })
  started.push(
    startCrons(worker, trouble),
    async () => {
      if (worker.workerd.exitCode === null && Date.now() - log.lastLineMs() < 2 * DRAIN_MS) await delay(DRAIN_MS)
    },
    () => shopify.close(),
    () => {
      ending.abort()
    },
  )

  progress('Connecting the demo shop')
  await connectDemoShop(origins.app, shopify.url)
  await seedDemoProgram(origins.app, apiKey)
  await seedDemoRewards(origins.app, apiKey, await cheapestProduct(shopify.url))

  const info: LocalInfo = {
    app: origins.app,
    shopify: shopify.url,
    storefront: shopify.url,
    docs: `${origins.app}/docs`,
    shop: DEMO_SHOP,
    client_id: secrets.clientId,
    client_secret: secrets.clientSecret,
    api_key: apiKey,
    customers: shopify.customers.map(({ id, email }) => ({ id, email })),
    variants: shopify.variants.map(({ id, price, currency }) => ({ id, price, currency })),
    pids: [process.pid, ...database.pids, ...(workerdPid === undefined ? [] : [workerdPid])],
  }
  writeWhole(paths.local, `${JSON.stringify(info, null, 2)}\n`, 0o600)
  return { info, died: death.promise, stop }
}

/** The Worker's vars and secrets that replace those of wrangler.toml. */
export function bindingsOf(
  origins: { app: string; shopify: string },
  secrets: LocalSecrets,
  database: Pick<Database, 'neonProxy' | 'databaseUrl'>,
): Record<string, string> {
  return {
    ENVIRONMENT: 'local',
    APP_ORIGIN: origins.app,
    STOREFRONT_URL: origins.shopify,
    SHOPIFY_PROXY: origins.shopify,
    NEON_PROXY: database.neonProxy,
    DATABASE_URL: database.databaseUrl,
    SHOPIFY_CLIENT_ID: secrets.clientId,
    SHOPIFY_CLIENT_SECRETS: secrets.clientSecret,
    TOKEN_KEYS: secrets.tokenKey,
    API_KEY_PEPPER: secrets.apiKeyPepper,
    DATA_KEK: secrets.dataKek,
  }
}

type Watch = (name: string, child: { once(event: 'exit', listener: ExitListener): unknown }) => void
type ExitListener = (code: number | null, signal: NodeJS.Signals | null) => void

/** Tells of a part that ends while nobody ends the stack. */
function watcher(ending: AbortSignal, tell: (sentence: string) => void): Watch {
  return (name, child) => {
    child.once('exit', (code, signal) => {
      if (ending.aborted) return
      tell(`${name} ended by itself (${signal ?? `exit code ${code}`}).`)
    })
  }
}

/** Waits until every service answers. @throws after half a minute, with the last answer */
export async function healthy(app: string, signal: AbortSignal | undefined): Promise<void> {
  const deadlineMs = Date.now() + HEALTH_TIMEOUT_MS
  let last = 'no answer'
  while (Date.now() < deadlineMs) {
    signal?.throwIfAborted()
    try {
      const response = await fetch(`${app}/health`, { signal: AbortSignal.timeout(5000) })
      const body = await response.text()
      if (response.ok) return
      last = `${response.status} ${body}`
    } catch (error) {
      last = error instanceof Error ? error.message : String(error)
    }
    await delay(100)
  }
  throw new Error(`The Worker did not become healthy in ${HEALTH_TIMEOUT_MS / 1000} s. Its last answer: ${last}`)
}
