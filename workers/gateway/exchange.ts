import { ERRORS } from '../../domain/contracts/errors.ts'
import { type Problem, problemBody } from './problem.ts'

/** One request on its way through the gateway, and what its answer will carry. */
export interface Exchange {
  readonly env: Env
  readonly request: Request
  readonly path: string
  readonly requestId: string
  readonly startedAtMs: number
  /** Client's address, or its IPv6 network, for limits only; never logged. */
  readonly address: string
  /** Headers that the answer gets, whatever it will be. */
  readonly headers: Record<string, string>
  /** The body's bytes, once somebody has read them. */
  body: ArrayBuffer | null
  operation: string | null
  merchantId: string | null
  code: string | undefined
}

/** An answer of JSON text. */
export function jsonResponse(exchange: Exchange, status: number, json: string): Response {
  return new Response(json, {
    status,
    headers: { ...exchange.headers, 'content-type': 'application/json; charset=utf-8' },
  })
}

/** An answer of problem+json. `instance` is the request's unless the answer must be the same when it is replayed. */
export function problemResponse(exchange: Exchange, problem: Problem, instance?: string): Response {
  exchange.code = problem.code
  return new Response(problemBody(problem, instance ?? `urn:loyalnest:request:${exchange.requestId}`), {
    status: ERRORS[problem.code].status,
    headers: {
      ...exchange.headers,
      ...(problem.code.startsWith('credentials_') && { 'www-authenticate': 'Bearer realm="loyalnest"' }),
      ...problem.headers,
      'content-type': 'application/problem+json; charset=utf-8',
    },
  })
}
