import { applyD1Migrations } from 'cloudflare:test'
import { env } from 'cloudflare:workers'
import { inject } from 'vitest'

/** Setup of each `*.workers.test.ts` file: storage is its own, so D1 begins without tables. */
const { control, eventLog } = inject('d1Migrations')
await applyD1Migrations(env.CONTROL, control)
await applyD1Migrations(env.EVENT_LOG, eventLog)
