import { ADMIN_CORE_OPERATIONS } from './operations/admin-core.ts'
import { AUTH_OPERATIONS } from './operations/auth.ts'
import { CORE_OPERATIONS } from './operations/core.ts'
import { HEALTH_OPERATIONS } from './operations/health.ts'
import { POS_OPERATIONS } from './operations/pos.ts'
import { LEDGER_OPERATIONS } from './operations/ledgers.ts'
import { RECONCILIATION_OPERATIONS } from './operations/reconciliation.ts'
import { POINTS_OPERATIONS } from './operations/points.ts'
import { REWARDS_OPERATIONS } from './operations/rewards.ts'

/**
 * Each operation, declared once, a file a service. The gateway makes its routes, OpenAPI and guards from this list, the
 * web its typed client, the tests their authorization matrix. Shopify's webhooks are in `operations/webhooks.ts`.
 */
export const OPERATIONS = [
  ...POINTS_OPERATIONS,
  ...POS_OPERATIONS,
  ...REWARDS_OPERATIONS,
  ...CORE_OPERATIONS,
  ...AUTH_OPERATIONS,
  ...ADMIN_CORE_OPERATIONS,
  ...LEDGER_OPERATIONS,
  ...RECONCILIATION_OPERATIONS,
  ...HEALTH_OPERATIONS,
] as const

/** Declared operations by id. */
export type OperationId = (typeof OPERATIONS)[number]['id']
