import type { Operation } from '../../../domain/contracts/operations/operation.ts'
import type { Exchange } from '../exchange.ts'
import { type Fault, faultsOf, validationProblem } from '../problem.ts'
import { readJson } from './body.ts'

/** What an operation is given, each part parsed by its schema; undefined where the operation declares none. */
export interface ParsedInput {
  readonly params: unknown
  readonly query: unknown
  readonly body: unknown
}

/** A parameter given twice becomes a list, which no schema takes: nobody guesses which one was meant. */
function queryOf(url: string): Record<string, string | string[]> {
  const start = url.indexOf('?')
  if (start === -1) return {}
  const parameters = new URLSearchParams(url.slice(start))
  const query: Record<string, string | string[]> = Object.create(null)
  for (const key of new Set(parameters.keys())) {
    const values = parameters.getAll(key)
    query[key] = values.length === 1 ? (values[0] ?? '') : values
  }
  return query
}

/** Parses path, query and body by the operation's schemas and names every fault at once. */
export async function readInput(
  operation: Operation,
  exchange: Exchange,
  pathParams: Record<string, string>,
): Promise<ParsedInput> {
  const params = operation.params?.safeParse(pathParams)
  const query = operation.query?.safeParse({ ...queryOf(exchange.request.url) })
  const body = operation.body?.safeParse(await readJson(exchange, operation.bodyLimitBytes))
  const faults: Fault[] = [
    ...(params?.error ? faultsOf(params.error, 'parameter') : []),
    ...(query?.error ? faultsOf(query.error, 'parameter') : []),
    ...(body?.error ? faultsOf(body.error, 'body') : []),
  ]
  if (faults.length > 0) throw validationProblem(faults)
  return { params: params?.data, query: query?.data, body: body?.data }
}
