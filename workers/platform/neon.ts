import { type HTTPTransactionOptions, neon, neonConfig } from '@neondatabase/serverless'
import { z } from 'zod'

/** One SQL statement with its parameters, `$1` first. */
export interface Statement {
  readonly text: string
  readonly values: readonly unknown[]
}

/** Statements of one merchant. Row-level security shows them that merchant's rows and no others. */
export interface TenantStatements {
  readonly merchantId: string
  readonly statements: readonly Statement[]
}

/** Rows of one statement; the values are what Postgres' types make of them (bigint as text). Parse them. */
export type Rows = readonly unknown[]

/** Longer than any statement of ours takes; a Postgres that hangs must not hold a queue. */
const TIMEOUT_MS = 20_000
const Results = z.array(z.array(z.unknown()))
/** An error that Postgres itself answered with carries its SQLSTATE; one without is an outage on the way. */
const DatabaseError = z.object({ code: z.string().regex(/^[0-9A-Z]{5}$/) })
/**
 * SQLSTATE classes that say "the data is wrong": data exception, integrity. Not 42 (syntax or access): no message can
 * cause it, but a Worker that is deployed before its migration does, and then nothing may be given up on.
 */
const DATA_CLASSES = new Set(['22', '23'])

/** Writes one statement: `sql\`select ${x}\`` → `select $1` and `[x]`. Only values may be put in. */
export function sql(parts: TemplateStringsArray, ...values: readonly unknown[]): Statement {
  return { text: parts.reduce((text, part, index) => `${text}$${index}${part}`), values }
}

/**
 * Runs the statements of one or more merchants as ONE transaction and one HTTP request. Each merchant's part runs as
 * the role `loyalnest_app` with that merchant as tenant. Answers with the rows of each statement, grouped as asked.
 * @throws what the driver throws; see {@link isDataError}.
 */
export async function neonTransaction(
  env: Env,
  tenants: readonly TenantStatements[],
  timeoutMs: number = TIMEOUT_MS,
  options: Pick<HTTPTransactionOptions<false, false>, 'isolationLevel' | 'readOnly'> = {},
): Promise<readonly Rows[][]> {
  const asked = tenants.filter(({ statements }) => statements.length > 0)
  if (asked.length === 0) return tenants.map(() => [])
  const client = connect(env)
  const queries = asked.flatMap(({ merchantId, statements }) =>
    [asTenant(merchantId), ...statements].map(({ text, values }) => client.query(text, [...values])),
  )
  const results = Results.parse(
    await client.transaction(queries, { ...options, fetchOptions: { signal: AbortSignal.timeout(timeoutMs) } }),
  )
  let next = 0
  return tenants.map(({ statements }) => {
    if (statements.length === 0) return []
    const first = next + 1
    next = first + statements.length
    return results.slice(first, next)
  })
}

/** {@link neonTransaction} for one merchant. */
export async function neonBatch(
  env: Env,
  merchantId: string,
  statements: readonly Statement[],
  timeoutMs: number = TIMEOUT_MS,
): Promise<Rows[]> {
  const [rows] = await neonTransaction(env, [{ merchantId, statements }], timeoutMs)
  return rows ?? []
}

/** {@link neonBatch} for reading: all statements see the data as it was at one instant, and none can write. */
export async function neonSnapshot(
  env: Env,
  merchantId: string,
  statements: readonly Statement[],
  timeoutMs: number = TIMEOUT_MS,
): Promise<Rows[]> {
  const options = { isolationLevel: 'RepeatableRead', readOnly: true } as const
  const [rows] = await neonTransaction(env, [{ merchantId, statements }], timeoutMs, options)
  return rows ?? []
}

/** Asks Postgres for nothing but an answer. For health checks. */
export async function neonPing(env: Env): Promise<void> {
  await connect(env).query('select 1')
}

/** Whether Postgres refused the data: trying again gives the same. Everything else may pass. */
export function isDataError(error: unknown): boolean {
  const parsed = DatabaseError.safeParse(error)
  return parsed.success && DATA_CLASSES.has(parsed.data.code.slice(0, 2))
}

/** Both settings end with the transaction. */
function asTenant(merchantId: string): Statement {
  return sql`select set_config('role', 'loyalnest_app', true), set_config('app.merchant_id', ${merchantId}, true)`
}

function connect(env: Env) {
  // Only locally and in tests: there the endpoint of tools/database stands in for Neon's.
  if (env.NEON_PROXY !== '') neonConfig.fetchEndpoint = `http://${env.NEON_PROXY}/sql`
  // The driver's own error says the whole of it, password included, and would end up in the log and in dead letters.
  if (!URL.canParse(env.DATABASE_URL)) throw new Error('DATABASE_URL is not a URL')
  return neon(env.DATABASE_URL)
}
