import { z } from 'zod'
import { operation } from './operation.ts'

/** State of one store as a health check saw it. */
export const Health = z.object({
  status: z.enum(['ok', 'failing']),
  service: z.string(),
  checks: z.array(z.object({ name: z.string(), status: z.enum(['ok', 'failing']), duration_ms: z.number() })),
})
export type Health = z.infer<typeof Health>

function health<const P extends string, const S extends string>(path: P, service: S) {
  return operation({
    id: `${service}.health`,
    method: 'get',
    path,
    tag: 'health',
    summary: `Whether ${service} and its stores answer`,
    access: { kind: 'public' },
    rateClass: 'health',
    idempotencyKey: false,
    response: Health,
    status: 200,
    errors: ['unavailable'],
  })
}

export const HEALTH_OPERATIONS = [
  health('/health', 'gateway'),
  health('/v1/api/core/health', 'core'),
  health('/v1/api/auth/health', 'auth'),
  health('/v1/api/points/health', 'points'),
  health('/v1/api/events/health', 'events'),
  health('/admin/core/health', 'admin-core'),
] as const
