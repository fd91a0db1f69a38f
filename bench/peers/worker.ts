import { DurableObject } from 'cloudflare:workers'

/** The bare platform, to measure LoyalNest against: what one request, one object call and one durable write cost. */

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
}

export default {
  async fetch(request: Request, env: PeerEnv): Promise<Response> {
    const { pathname, searchParams } = new URL(request.url)
    if (pathname === '/hello') return new Response('hello')
    const stub = env.BARE_WRITES.get(env.BARE_WRITES.idFromName(searchParams.get('id') ?? '0'))
    if (pathname === '/write') return Response.json(await stub.write())
    if (pathname === '/read') return Response.json(await stub.read())
    return new Response('not found', { status: 404 })
  },
}
