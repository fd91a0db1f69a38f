import type { OperationId } from '../../domain/contracts/operations.ts'
import type { Handlers } from '../platform/handler.ts'
import { adminCore } from '../services/admin-core/operations.ts'
import { auth } from '../services/auth/operations.ts'
import { core } from '../services/core/operations.ts'
import { events } from '../services/events/operations.ts'
import { points } from '../services/points/operations.ts'
import { rewards } from '../services/rewards/operations.ts'
import { gatewayHealth } from './health.ts'

/** The function behind each operation. The type demands every one of the list. */
export const handlers: Handlers<OperationId> = {
  ...gatewayHealth,
  ...core,
  ...auth,
  ...points,
  ...rewards,
  ...events,
  ...adminCore,
}
