import { ChildProcess } from 'node:child_process'
import { subscribe, unsubscribe } from 'node:diagnostics_channel'
import { readFileSync } from 'node:fs'
import path from 'node:path'
import {
  convertV4MiniflareOptions,
  Log,
  LogLevel,
  Miniflare,
  V4WorkerOptionsSchema,
  type V4WorkerOptions,
} from 'miniflare'
import { z } from 'zod'
import { HOST } from './ports.ts'
import type { WorkerLog } from './worker-log.ts'

/** What the Worker host is made from. */
export interface WorkerHostOptions {
  readonly root: string
  /** The built Worker. */
  readonly script: string
  readonly port: number
  readonly direct: boolean
  /** Where objects, D1, KV and queues persist. */
  readonly stateDir: string
  /** Vars and secrets that replace those of wrangler.toml. */
  readonly bindings: Readonly<Record<string, string>>
  /** The only hosts the Worker may call, `host:port` or `.suffix`. */
  readonly allowedHosts: readonly string[]
  readonly log: WorkerLog
}

export interface WorkerHost {
  readonly miniflare: Miniflare
  readonly workerName: string
  readonly crons: readonly string[]
  readonly workerd: ChildProcess
  /** Runs the Worker's `scheduled()` as the cron does. Answers the outcome, `ok` if it went well. */
  readonly runCron: (pattern: string) => Promise<string>
  readonly stop: () => Promise<void>
}

/** What this file itself reads of the options that Wrangler makes from wrangler.toml; Miniflare checks the rest. */
const WorkerOptions = z.looseObject({
  compatibilityDate: z.string(),
  cronTriggers: z.array(z.string()),
  bindings: z.record(z.string(), z.string()),
})

/** Stands between the Worker and the network, inside workerd: what is not needed here is refused. */
const OUTBOUND_SCRIPT = `export default {
  fetch(request, env) {
    const { host } = new URL(request.url)
    const allowed = env.ALLOWED_HOSTS.some((one) => (one.startsWith('.') ? host.endsWith(one) : host === one))
    return allowed ? fetch(request) : new Response('The local stack lets no request out to ' + host, { status: 403 })
  },
}`

/** The built Worker on workerd, with every binding of wrangler.toml. */
export async function startWorker(options: WorkerHostOptions): Promise<WorkerHost> {
  const spawned: ChildProcess[] = []
  const onSpawn = (message: unknown) => {
    if (isSpawn(message)) spawned.push(message.process)
  }
  const handlersBefore = signalHandlers()
  subscribe('child_process', onSpawn)
  const { miniflare, workerName, crons } = await create(options)
  try {
    await miniflare.ready
  } finally {
    unsubscribe('child_process', onSpawn)
    // Miniflare ends the process on a signal, before the rest of the stack could stop in order.
    for (const [signal, handler] of signalHandlers()) {
      if (!handlersBefore.some(([, known]) => known === handler)) process.removeListener(signal, handler)
    }
  }
  const workerd = spawned.find(({ spawnfile }) => path.basename(spawnfile).startsWith('workerd'))
  if (workerd === undefined) throw new Error('workerd started without a process of its own.')
  return {
    miniflare,
    workerName,
    crons,
    workerd,
    runCron: (pattern) => runCron(miniflare, workerName, pattern),
    stop: () => miniflare.dispose(),
  }
}

async function create({ root, script, port, direct, stateDir, bindings, allowedHosts, log }: WorkerHostOptions) {
  // Wrangler warns about secrets that are not in .dev.vars; ours come from the local state.
  process.env['WRANGLER_LOG'] ??= 'error'
  process.env['WRANGLER_SEND_METRICS'] ??= 'false'
  const { unstable_getMiniflareWorkerOptions: workerOptionsOf } = await import('wrangler')
  const { modulesRules: _rules, ...worker } = WorkerOptions.parse(
    workerOptionsOf(path.join(root, 'wrangler.toml')).workerOptions,
  )
  const workerName = 'loyalnest'
  const app: unknown = {
    ...worker,
    name: workerName,
    modules: [{ type: 'ESModule', path: script, contents: readFileSync(script, 'utf8') }],
    modulesRoot: path.dirname(script),
    bindings: { ...worker.bindings, ...bindings },
    outboundService: 'outbound',
  }
  if (!isWorkerOptions(app)) throw new Error('Wrangler made options of wrangler.toml that Miniflare does not know.')
  const miniflare = new Miniflare(
    convertV4MiniflareOptions({
      host: HOST,
      port: direct ? 0 : port,
      cf: false,
      logRequests: false,
      log: new Log(LogLevel.ERROR),
      handleStructuredLogs: ({ level, message }) => {
        log.write(level, message)
      },
      telemetry: { enabled: false },
      resourcePersistencePath: stateDir,
      workers: [
        app,
        {
          name: 'outbound',
          modules: true,
          script: OUTBOUND_SCRIPT,
          compatibilityDate: worker.compatibilityDate,
          bindings: { ALLOWED_HOSTS: [...allowedHosts] },
          // Declared here, not on the app: on a Worker with assets the socket would lead through Miniflare's asset
          // proxy. The app answers before its assets anyway (run_worker_first), as it does when deployed.
          ...(direct && { unsafeDirectSockets: [{ host: HOST, port, serviceName: workerName }] }),
        },
      ],
    }),
  )
  return { miniflare, workerName, crons: worker.cronTriggers }
}

async function runCron(miniflare: Miniflare, workerName: string, cron: string): Promise<string> {
  const worker: unknown = await miniflare.getWorker(workerName)
  if (!isScheduled(worker)) throw new Error('Miniflare gave a Worker without scheduled().')
  const { outcome } = await worker.scheduled({ cron, scheduledTime: new Date() })
  return outcome
}

function isWorkerOptions(value: unknown): value is V4WorkerOptions {
  return V4WorkerOptionsSchema.safeParse(value).success
}

interface Scheduled {
  scheduled(options: { cron: string; scheduledTime: Date }): Promise<{ outcome: string }>
}

/** Miniflare's own type of this needs a package that is not installed. */
function isScheduled(worker: unknown): worker is Scheduled {
  return (
    worker !== null &&
    (typeof worker === 'object' || typeof worker === 'function') &&
    'scheduled' in worker &&
    typeof worker.scheduled === 'function'
  )
}

function isSpawn(message: unknown): message is { process: ChildProcess } {
  return (
    typeof message === 'object' && message !== null && 'process' in message && message.process instanceof ChildProcess
  )
}

function signalHandlers() {
  return (['SIGINT', 'SIGTERM', 'SIGHUP'] as const).flatMap((signal) =>
    process.listeners(signal).map((handler) => [signal, handler] as const),
  )
}
