import type { AdminFault } from './answer.ts'

/** A `userError` of a mutation. */
interface UserError {
  readonly code: string | null
  readonly field: readonly string[] | null
  readonly message: string
}

/** What the `userErrors` of a mutation amount to; undefined: there are none. */
export function refusedBy(userErrors: readonly UserError[]): AdminFault | undefined {
  if (userErrors.length === 0) return undefined
  // Something broke in the middle of it, as with a status 500.
  if (userErrors.some(({ code }) => code === 'INTERNAL_ERROR')) return { kind: 'unavailable', maybeDone: true }
  return {
    kind: 'refused',
    problems: userErrors.map(({ code, field, message }) => ({ code, field: (field ?? []).join('.'), message })),
  }
}
