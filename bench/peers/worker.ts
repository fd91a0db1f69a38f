import { DurableObject } from 'cloudflare:workers'
import { CustomerAccount } from '../../durable-objects/customer-account/object.ts'

/**
 * The bare platform, to measure LoyalNest against: what one request, one object call and one durable write cost. Beside
 * it LoyalNest's own object without the gateway, so that a ledger command is held against the bare write like for like.
 */

export { CustomerAccount }

/** One row a write, nothing else: the floor of any ledger command. */
export class BareWrites extends DurableObject {
  constructor(state: DurableObjectState, env: Cloudflare.Env) {
    super(state, env)
    state.storage.sql.exec('CREATE TABLE IF NOT EXISTS rows (id INTEGER PRIMARY KEY, text TEXT) STRICT')
  }

  write(): number {
    this.ctx.storage.sql.exec('INSERT INTO rows (text) VALUES (?)', 'forty characters, as an entry would have.')
    return 1
  }

  read(): number {
    return this.ctx.storage.sql.exec<{ n: number }>('SELECT count(*) AS n FROM rows WHERE id < 10').one().n
  }
}

interface PeerEnv {
  readonly BARE_WRITES: DurableObjectNamespace<BareWrites>
  readonly CUSTOMER_ACCOUNT: DurableObjectNamespace<CustomerAccount>
}

const MERCHANT_ID = '0b8d7f1e-6a52-4c39-9d9e-3f1c2a7b5e10'

/** One earning of an order, as the webhooks consumer sends it, in an account of its own for each `id`. */
async function command(env: PeerEnv, id: string): Promise<unknown> {
  const customerId = `00000000-0000-4000-8000-${id.padStart(12, '0')}`
  const account = env.CUSTOMER_ACCOUNT.get(env.CUSTOMER_ACCOUNT.idFromName(`${MERCHANT_ID}:${customerId}`))
  const ref = { merchantId: MERCHANT_ID, customerId, shopifyCustomerGid: null, currency: 'EUR' }
  const nowMs = Date.now()
  return account.executeBatch(ref, [
    {
      kind: 'earn_points',
      externalId: `activity:${crypto.randomUUID()}`,
      points: 59,
      reason: null,
      terms: { lotDays: null, timeZone: 'Europe/Berlin' },
      source: 'api',
      actor: 'bench',
      effectiveAtMs: nowMs,
    },
  ])
}

export default {
  async fetch(request: Request, env: PeerEnv): Promise<Response> {
    const { pathname, searchParams } = new URL(request.url)
    if (pathname === '/hello') return new Response('hello')
    const id = searchParams.get('id') ?? '0'
    if (pathname === '/command') return Response.json(await command(env, id))
    const stub = env.BARE_WRITES.get(env.BARE_WRITES.idFromName(id))
    if (pathname === '/write') return Response.json(await stub.write())
    if (pathname === '/read') return Response.json(await stub.read())
    return new Response('not found', { status: 404 })
  },

  /** The events of the commands end here: what becomes of them is measured on the whole stack. */
  queue: () => {},
}
