import type { z } from 'zod'
import { type ErrorCode, ERRORS, type Refusal } from '../../domain/contracts/errors.ts'

/** One fault of a request: what is wrong, and where. Exactly one of the places is given. */
export interface Fault {
  readonly detail: string
  /** JSON pointer into the body; '' is the whole body. */
  readonly pointer?: string
  /** Name of a query or path parameter. */
  readonly parameter?: string
  readonly header?: string
}

/** Ends a request with a refusal. Not a bug: bugs and outages are other errors, and answer 500. */
export class Problem extends Error {
  readonly code: ErrorCode
  readonly detail: string
  readonly faults: readonly Fault[]
  readonly headers: Readonly<Record<string, string>>

  constructor(code: ErrorCode, detail: string, faults: readonly Fault[] = [], headers: Record<string, string> = {}) {
    super(code)
    this.code = code
    this.detail = detail
    this.faults = faults
    this.headers = headers
  }
}

/** The problem of a refusal that a rule, an object or a service answered; its pointer is into the body or the query. */
export function problemOf(refusal: Refusal, place: 'body' | 'parameter' = 'body'): Problem {
  const { code, detail, pointer } = refusal
  if (pointer === undefined) return new Problem(code, detail)
  return new Problem(code, detail, [place === 'body' ? { detail, pointer } : { detail, parameter: pointer.slice(1) }])
}

/** The body of an `application/problem+json` answer (RFC 9457). `instance` tells this case from others in the log. */
export function problemBody(problem: Problem, instance: string): string {
  const { status, title, retryable } = ERRORS[problem.code]
  return JSON.stringify({
    type: `urn:loyalnest:error:${problem.code}`,
    title,
    status,
    detail: problem.detail,
    instance,
    code: problem.code,
    retryable,
    ...(problem.faults.length > 0 && { errors: problem.faults }),
  })
}

function pointerOf(path: readonly PropertyKey[]): string {
  return path.map((part) => `/${String(part).replaceAll('~', '~0').replaceAll('/', '~1')}`).join('')
}

/** Every fault that zod found, each at its place. */
export function faultsOf(error: z.ZodError, place: 'body' | 'parameter'): Fault[] {
  const at = (path: readonly PropertyKey[]) =>
    place === 'body' ? { pointer: pointerOf(path) } : { parameter: String(path[0] ?? '') }
  return error.issues.flatMap((issue): Fault[] => {
    if (issue.code !== 'unrecognized_keys') return [{ detail: issue.message, ...at(issue.path) }]
    return issue.keys.map((key) => ({ detail: 'is not known here', ...at([...issue.path, key]) }))
  })
}

/** A `validation_failed` with every fault in it. */
export function validationProblem(faults: readonly Fault[]): Problem {
  const places = faults.map((fault) => fault.pointer ?? fault.parameter ?? fault.header ?? '')
  const named = places.map((place) => (place === '' ? 'the body' : place))
  return new Problem('validation_failed', `Not as it should be: ${named.join(', ')}.`, faults)
}
