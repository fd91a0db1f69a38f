import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import { connect } from 'node:net'
import { Pool, type PoolClient } from 'pg'
import { WebSocketServer, type RawData, type WebSocket } from 'ws'
import { z } from 'zod'

/**
 * Speaks the two protocols of `@neondatabase/serverless` in front of any Postgres, so that the Worker's driver runs
 * unchanged: `POST /sql` (one query, or `{queries: []}` as one transaction) and the WebSocket tunnel `/v2`.
 * The protocol is taken from the driver's source; its answers keep every value as text (`Neon-Raw-Text-Output`).
 */
export interface NeonEndpoint {
  /** `host:port`, what the Worker's NEON_PROXY holds. */
  readonly address: string
  stop(): Promise<void>
}

const Query = z.object({ query: z.string(), params: z.array(z.unknown()).default([]) })
const SqlRequest = z.union([z.object({ queries: z.array(Query) }), Query])

const ERROR_FIELDS = [
  'severity',
  'code',
  'detail',
  'hint',
  'position',
  'internalPosition',
  'internalQuery',
  'where',
  'schema',
  'table',
  'column',
  'dataType',
  'constraint',
  'file',
  'line',
  'routine',
] as const

const ISOLATION_LEVELS: ReadonlyMap<string, string> = new Map([
  ['ReadUncommitted', 'read uncommitted'],
  ['ReadCommitted', 'read committed'],
  ['RepeatableRead', 'repeatable read'],
  ['Serializable', 'serializable'],
])

const MAX_CONNECTIONS = 16
const asText = (value: string) => value

/** Serves on 127.0.0.1; port 0 takes a free one. `pgUrl` names server and TLS; user and database come from the caller. */
export async function startNeonEndpoint(pgUrl: string, port = 0): Promise<NeonEndpoint> {
  const pools = new Map<string, Pool>()
  const server = createServer((request, response) => {
    if (request.method !== 'POST' || request.url !== '/sql') return answer(response, 404, { message: 'not found' })
    void sql(request, poolFor(pools, pgUrl, header(request, 'neon-connection-string'))).then(
      (body) => answer(response, 200, body),
      (error: unknown) => answer(response, ...problem(error)),
    )
  })
  const sockets = new WebSocketServer({ server, path: '/v2', perMessageDeflate: false })
  sockets.on('connection', (socket) => tunnel(socket, new URL(pgUrl)))
  await new Promise<void>((listening, failed) => {
    server.once('error', failed)
    server.listen(port, '127.0.0.1', listening)
  })
  const bound = server.address()
  if (typeof bound !== 'object' || bound === null) throw new Error('the Neon endpoint has no port')
  return {
    address: `127.0.0.1:${bound.port}`,
    stop: async () => {
      for (const client of sockets.clients) client.terminate()
      sockets.close()
      server.closeAllConnections()
      server.close()
      await Promise.all(Array.from(pools.values(), (pool) => pool.end()))
    },
  }
}

function header(request: IncomingMessage, name: string): string | undefined {
  const value = request.headers[name]
  return Array.isArray(value) ? value[0] : value
}

/** One pool for each user and database that callers name; the server is always ours. */
function poolFor(pools: Map<string, Pool>, pgUrl: string, connectionString: string | undefined): Pool {
  const url = new URL(pgUrl)
  if (connectionString !== undefined) {
    const asked = new URL(connectionString)
    url.username = asked.username
    url.password = asked.password
    url.pathname = asked.pathname
  }
  const known = pools.get(url.href)
  if (known !== undefined) return known
  const pool = new Pool({ connectionString: url.href, max: MAX_CONNECTIONS })
  // An idle connection that drops is replaced by the pool; unheard, the event would end the process.
  pool.on('error', () => undefined)
  pools.set(url.href, pool)
  return pool
}

async function sql(request: IncomingMessage, pool: Pool): Promise<unknown> {
  const chunks: Buffer[] = []
  for await (const chunk of request) chunks.push(Buffer.from(chunk))
  const body = SqlRequest.parse(JSON.parse(Buffer.concat(chunks).toString()))
  if (!('queries' in body)) return execute(pool, body)
  const client = await pool.connect()
  try {
    await client.query(begin(request))
    const results = []
    for (const query of body.queries) results.push(await execute(client, query))
    await client.query('commit')
    client.release()
    return { results }
  } catch (error) {
    // A connection that cannot roll back is not given back to the pool.
    await client.query('rollback').then(
      () => client.release(),
      () => client.release(true),
    )
    throw error
  }
}

function begin(request: IncomingMessage): string {
  const level = ISOLATION_LEVELS.get(header(request, 'neon-batch-isolation-level') ?? '')
  const words = ['begin']
  if (level !== undefined) words.push(`isolation level ${level}`)
  if (header(request, 'neon-batch-read-only') === 'true') words.push('read only')
  if (header(request, 'neon-batch-deferrable') === 'true') words.push('deferrable')
  return words.join(' ')
}

async function execute(on: Pool | PoolClient, { query, params }: z.infer<typeof Query>): Promise<unknown> {
  const { fields, rows, command, rowCount } = await on.query({
    text: query,
    values: params.map(parameter),
    rowMode: 'array',
    types: { getTypeParser: () => asText },
  })
  return { fields, rows, command, rowCount, rowAsArray: true }
}

/** Arrays are Postgres arrays; other objects are JSON. */
function parameter(value: unknown): unknown {
  return typeof value === 'string' || Array.isArray(value) || value === null ? value : JSON.stringify(value)
}

function problem(error: unknown): [number, unknown] {
  if (!(error instanceof Error)) return [500, { message: 'unknown error' }]
  const fields: Record<string, unknown> = { message: error.message }
  for (const [name, value] of Object.entries(error)) {
    if (ERROR_FIELDS.some((field) => field === name)) fields[name] = value
  }
  const byCaller = 'severity' in fields || error instanceof SyntaxError || error instanceof z.ZodError
  return [byCaller ? 400 : 500, fields]
}

function answer(response: ServerResponse, status: number, body: unknown): void {
  const text = JSON.stringify(body)
  response.writeHead(status, { 'content-type': 'application/json', 'content-length': Buffer.byteLength(text) })
  response.end(text)
}

function tunnel(socket: WebSocket, target: URL): void {
  const tcp = connect(Number(target.port || '5432'), target.hostname).setNoDelay(true)
  socket.on('message', (data) => tcp.write(bytes(data)))
  tcp.on('data', (data) => socket.send(data))
  socket.on('close', () => tcp.end()).on('error', () => tcp.destroy())
  tcp.on('close', () => socket.close()).on('error', () => socket.close())
}

function bytes(data: RawData): Uint8Array {
  if (Array.isArray(data)) return Buffer.concat(data)
  return data instanceof ArrayBuffer ? new Uint8Array(data) : data
}
