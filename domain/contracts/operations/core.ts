import { z } from 'zod'
import { ProgramSettings, VersionedSettings } from '../settings.ts'
import { StorefrontProgram } from '../widget.ts'
import { anyoneOfTheShop, member, operation } from './operation.ts'

export const SettingsUpdate = z.strictObject({
  version: z.int().min(1).describe('the version you read; a stale one is refused with 409'),
  settings: ProgramSettings,
})

export const CORE_OPERATIONS = [
  operation({
    id: 'core.getSettings',
    method: 'get',
    path: '/v1/api/core/settings',
    tag: 'core',
    summary: 'The program settings and their version',
    access: member('settings:read'),
    rateClass: 'read',
    idempotencyKey: false,
    response: VersionedSettings,
    status: 200,
    errors: [],
  }),
  operation({
    id: 'core.updateSettings',
    method: 'put',
    path: '/v1/api/core/settings',
    tag: 'core',
    summary: 'Replace the program settings',
    description: 'Entries booked before keep the rule they were booked by.',
    access: member('settings:write'),
    rateClass: 'settings_write',
    idempotencyKey: true,
    body: SettingsUpdate,
    response: VersionedSettings,
    status: 200,
    errors: ['version_conflict', 'idempotency_key_reused', 'currency_mismatch'],
  }),
  operation({
    id: 'core.program',
    method: 'get',
    path: '/v1/api/core/program',
    tag: 'core',
    summary: 'What a storefront page needs to know of the program',
    description: 'May be a minute old.',
    access: anyoneOfTheShop('settings:read'),
    rateClass: 'read',
    idempotencyKey: false,
    response: StorefrontProgram,
    status: 200,
    errors: [],
  }),
] as const
