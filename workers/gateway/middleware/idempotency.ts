import { z } from 'zod'
import { type Canonical, sha256Canonical } from '../../../domain/ledger/canonical.ts'
import type { IdempotencyClaim } from '../../../durable-objects/kernel/protocol.ts'
import type { Caller } from '../../platform/handler.ts'
import { Problem, validationProblem } from '../problem.ts'
import type { ParsedInput } from './validate.ts'

/** Visible ASCII; a UUID is a good one. */
const KEY = /^[\x21-\x7e]{1,255}$/

const CanonicalValue: z.ZodType<Canonical> = z.lazy(() =>
  z.union([
    z.string().refine((text) => text.isWellFormed()),
    z.int(),
    z.boolean(),
    z.null(),
    z.array(CanonicalValue),
    z.record(z.string(), CanonicalValue),
  ]),
)

function credentialOf({ principal }: Caller): string {
  switch (principal.kind) {
    case 'api_key':
      return `api_key:${principal.id}`
    case 'shopper':
      return `shopper:${principal.customerId}`
    case 'staff':
      return `staff:${principal.userId}`
    case 'device':
      return `device:${principal.deviceId}`
    case 'visitor':
      throw new Error('a visitor writes nothing')
  }
}

/**
 * The claim of a write: its `Idempotency-Key`, for this credential and route, and the fingerprint of what it asks.
 * Defaults are filled in before, so that leaving one out and writing it are the same request.
 */
export function readClaim(request: Request, operationId: string, caller: Caller, input: ParsedInput): IdempotencyClaim {
  const key = request.headers.get('idempotency-key')
  if (key === null) {
    throw new Problem('idempotency_key_required', 'Send an Idempotency-Key header, for example a new UUID a request.', [
      { detail: 'is required', header: 'Idempotency-Key' },
    ])
  }
  if (!KEY.test(key)) {
    throw validationProblem([{ detail: 'must be 1 to 255 visible ASCII characters', header: 'Idempotency-Key' }])
  }
  const asked = CanonicalValue.safeParse({ params: input.params ?? null, body: input.body ?? null })
  if (!asked.success) throw validationProblem([{ detail: 'text must be well-formed Unicode', pointer: '' }])
  return { scope: `${credentialOf(caller)}:${operationId}`, key, fingerprint: sha256Canonical(asked.data) }
}
