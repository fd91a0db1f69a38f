import { checkHealth } from '../platform/health.ts'
import type { Handlers } from '../platform/handler.ts'
import { neonPing } from '../platform/neon.ts'

/** The gateway's own health: whether every kind of store that the Worker uses answers. */
export const gatewayHealth: Handlers<'gateway.health'> = {
  'gateway.health': ({ env }) =>
    checkHealth('gateway', {
      control: () => env.CONTROL.prepare('SELECT 1').first(),
      event_log: () => env.EVENT_LOG.prepare('SELECT 1').first(),
      postgres: () => neonPing(env),
    }),
}
