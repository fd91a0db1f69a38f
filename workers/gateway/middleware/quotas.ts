import type { RateClass } from '../../../domain/contracts/operations.ts'

/** The window of all limits. */
export const WINDOW_SECONDS = 60

/**
 * Who is counted: webhook, read, write, settings_write, operations: a merchant; session: a customer, whose writes count
 * there too; shopper_read: a customer's reads; health, authentication (failed ones): an address.
 */
export const QUOTAS = {
  webhook: 300_000,
  read: 600_000,
  write: 120_000,
  settings_write: 60,
  session: 120,
  shopper_read: 600,
  operations: 120,
  health: 600,
  authentication: 60,
} as const satisfies Record<RateClass | 'shopper_read' | 'authentication', number>

export type Quota = keyof typeof QUOTAS
