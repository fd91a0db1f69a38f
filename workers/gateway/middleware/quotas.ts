import type { Operation, RateClass } from '../../../domain/contracts/operations/operation.ts'

/** The window of all limits. */
export const WINDOW_SECONDS = 60

/**
 * Who is counted: webhook, read, write, settings_write, operations: a merchant; device: a till; session: a customer, whose writes count
 * there too; shopper_read: a customer's reads; shopper_redeem: what a customer does with rewards; health, authentication (failed ones): an address.
 */
export const QUOTAS = {
  webhook: 300_000,
  read: 600_000,
  write: 120_000,
  settings_write: 60,
  session: 120,
  device: 120,
  shopper_read: 600,
  shopper_redeem: 20,
  operations: 120,
  health: 600,
  authentication: 60,
} as const satisfies Record<RateClass | 'shopper_read' | 'shopper_redeem' | 'authentication', number>

export type Quota = keyof typeof QUOTAS

/** Each of these asks the shop's Admin API, whose budget is the whole shop's: redeeming and giving back in a loop spends it. */
const REDEEMING: ReadonlySet<string> = new Set(['rewards.redeem', 'rewards.cancel'])

/** The quota of one shopper that an operation counts against. */
export function shopperQuota({ id, rateClass }: Pick<Operation, 'id' | 'rateClass'>): Quota {
  if (REDEEMING.has(id)) return 'shopper_redeem'
  if (rateClass === 'write') return 'session'
  return rateClass === 'read' ? 'shopper_read' : rateClass
}
