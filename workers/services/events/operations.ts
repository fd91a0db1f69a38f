import { checkHealth } from '../../platform/health.ts'
import type { Handlers } from '../../platform/handler.ts'
import { neonPing } from '../../platform/neon.ts'

/** Event tracking. */
export const events: Handlers<'events.health'> = {
  'events.health': ({ env }) =>
    checkHealth('events', {
      event_log: () => env.EVENT_LOG.prepare('select 1').first(),
      postgres: () => neonPing(env),
    }),
}
