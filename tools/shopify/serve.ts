import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { z } from 'zod'
import { schemaOf } from './admin-graphql/execute.ts'
import { startShopifyStandIn } from './server.ts'

/**
 * The stand-in as a process of its own, for tests of the Worker: any `….myshopify.com` exists in it. Prints one JSON
 * line when ready: `{"origin"}`. Ends when its standard input closes. State goes with it.
 *
 * --client-id, --client-secret   of the app
 */
const { values } = parseArgs({ options: { 'client-id': { type: 'string' }, 'client-secret': { type: 'string' } } })
const options = z.object({ 'client-id': z.string(), 'client-secret': z.string() }).parse(values)
const dir = mkdtempSync(join(tmpdir(), 'loyalnest-shopify-'))
const standIn = await startShopifyStandIn({
  port: 0,
  // Nobody listens there: the Worker under test has no address of its own.
  appOrigin: 'http://127.0.0.1:9',
  dir,
  shop: 'stand-in.myshopify.com',
  clientId: options['client-id'],
  clientSecret: options['client-secret'],
  anyShop: true,
})
// Half a second that no test's first request is to wait for.
schemaOf()
console.log(JSON.stringify({ origin: standIn.url }))
process.stdin.on('end', () => void stop()).resume()
process.on('SIGINT', () => void stop()).on('SIGTERM', () => void stop())

async function stop(): Promise<void> {
  await standIn.close()
  rmSync(dir, { recursive: true, force: true })
  process.exit(0)
}
