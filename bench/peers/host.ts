import { build } from 'esbuild'
import { Miniflare, convertV4MiniflareOptions } from 'miniflare'
import { ownWorkerds } from '../cpu.ts'

/** The bare platform on its own workerd, reached through workerd's own socket. */
export interface PeerHost {
  readonly url: string
  /** workerd's process id; 0 where it cannot be told. */
  readonly pid: number
  close(): Promise<void>
}

/** Bundles `worker.ts` and starts it. `stateDir`: where the object's SQLite lives, on the same disk as LoyalNest's. */
export async function startPeers(stateDir: string): Promise<PeerHost> {
  const bundled = await build({
    entryPoints: [new URL('worker.ts', import.meta.url).pathname],
    bundle: true,
    format: 'esm',
    write: false,
    external: ['cloudflare:workers', 'node:*'],
  })
  const script = bundled.outputFiles[0]?.text
  if (script === undefined) throw new Error('the peers could not be bundled')
  const miniflare = new Miniflare(
    convertV4MiniflareOptions({
      name: 'peers',
      modules: true,
      script,
      compatibilityDate: '2026-08-01',
      compatibilityFlags: ['nodejs_compat'],
      cf: false,
      host: '127.0.0.1',
      port: 0,
      durableObjects: {
        BARE_WRITES: { className: 'BareWrites', useSQLite: true },
        CUSTOMER_ACCOUNT: { className: 'CustomerAccount', useSQLite: true },
      },
      queueProducers: { EVENTS: 'events' },
      queueConsumers: { events: { maxBatchSize: 100, maxBatchTimeout: 1 } },
      resourcePersistencePath: stateDir,
      unsafeDirectSockets: [{ host: '127.0.0.1', port: 0 }],
    }),
  )
  await miniflare.ready
  const url = await miniflare.unsafeGetDirectURL('peers')
  return { url: url.origin, pid: ownWorkerds()[0] ?? 0, close: () => miniflare.dispose() }
}
