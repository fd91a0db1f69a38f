import { createHash } from 'node:crypto'
import { type Refusal, refuse } from '../../../domain/contracts/errors.ts'
import type { LoyalNestEvent } from '../../../domain/contracts/events.ts'
import type { Device, DevicePublicKey } from '../../../domain/contracts/pos.ts'
import { canonicalJson } from '../../../domain/ledger/canonical.ts'
import { answerOnce, type Stored } from '../../platform/claims.ts'
import { bookingSettings } from '../../platform/control.ts'
import {
  importDeviceKey,
  readDevice,
  readDevices,
  registerDevice,
  revokeDevice,
  type StoredDevice,
} from '../../platform/devices.ts'
import type { HandlerContext, Handlers } from '../../platform/handler.ts'
import { posItems } from './pos-items.ts'
import { callDevice } from './sync.ts'

/** Tills, as the merchant sees them. */

interface Member {
  readonly merchantId: string
  /** `api_key:…` */
  readonly actor: string
}

function memberOf({ caller }: HandlerContext): Member {
  if (caller?.principal.kind !== 'api_key') throw new Error('the guard lets only API keys here')
  return { merchantId: caller.shop.merchantId, actor: `api_key:${caller.principal.id}` }
}

const UNKNOWN = refuse('not_found', 'The shop has no device of this id.')

/** Acts once for the write's `Idempotency-Key`. */
function once(
  context: HandlerContext,
  act: (member: Member) => Promise<{ readonly ok: true; readonly body: unknown } | Refusal>,
): Promise<Stored | Refusal> {
  const { env, claim, nowMs } = context
  if (claim === null) throw new Error('the gateway claims every write')
  const member = memberOf(context)
  return answerOnce(env, member.merchantId, claim, nowMs, () => act(member))
}

export const devices: Handlers<
  | 'points.registerDevice'
  | 'points.listDevices'
  | 'points.revokeDevice'
  | 'points.listPosItems'
  | 'points.decidePosItem'
> = {
  'points.registerDevice': (context, { body }) =>
    once(context, async ({ merchantId, actor: by }) => {
      const { name, location = null, public_key: publicKey } = body
      if ((await importDeviceKey(publicKey)) === undefined) {
        return refuse('validation_failed', 'It is no point on the curve P-256.', '/public_key')
      }
      const keyFingerprint = fingerprintOf(publicKey)
      const { env, nowMs } = context
      const stored = await registerDevice(env, { merchantId, name, location, publicKey, keyFingerprint, by, nowMs })
      const { device } = stored
      if (stored.revokedAtMs !== null) {
        return refuse('external_id_conflict', 'This key was revoked. The device makes a new one.', '/public_key')
      }
      if (device.name !== name || device.location !== location) {
        return refuse('external_id_conflict', `This key belongs to ${device.name}, registered before.`, '/public_key')
      }
      await env.EVENTS.send(deviceEvent(merchantId, device, 'registered'))
      return { ok: true, body: device }
    }),

  async 'points.listDevices'(context, { query }) {
    const before = query.cursor === undefined ? null : readCursor(query.cursor)
    if (before === undefined) {
      return refuse('validation_failed', 'cursor must be the next_cursor of the page before.', '/cursor')
    }
    const found = await readDevices(context.env, memberOf(context).merchantId, before, query.limit + 1)
    const shown = found.slice(0, query.limit)
    const last = found.length > shown.length ? shown.at(-1) : undefined
    return {
      ok: true,
      body: { devices: shown.map(({ device }) => device), next_cursor: last === undefined ? null : cursorOf(last) },
    }
  },

  'points.revokeDevice': (context, { params }) =>
    once(context, async ({ merchantId, actor }) => {
      const { env, nowMs } = context
      const stored = await readDevice(env, merchantId, params.id.toLowerCase())
      if (stored === undefined) return UNKNOWN
      const { device } = await revokeDevice(env, stored, actor, nowMs)
      const ref = { merchantId, deviceId: device.id }
      await callDevice(env, ref, (stub) => stub.revoke(ref, nowMs))
      await env.EVENTS.send(deviceEvent(merchantId, device, 'revoked'))
      return { ok: true, body: device }
    }),

  async 'points.listPosItems'(context, { query }) {
    const page = await posItems(context.env, memberOf(context).merchantId, query)
    return page === undefined
      ? refuse('validation_failed', 'cursor must be the next_cursor of the page before.', '/cursor')
      : { ok: true, body: page }
  },

  'points.decidePosItem': (context, { params, body }) =>
    once(context, async ({ merchantId, actor }) => {
      const { env, nowMs } = context
      const stored = await readDevice(env, merchantId, params.id.toLowerCase())
      if (stored === undefined) return UNKNOWN
      const settings = await bookingSettings(env, merchantId)
      const ref = { merchantId, deviceId: stored.device.id }
      const { record } = params
      const decided = await callDevice(env, ref, (stub) => stub.decide(ref, record, body, actor, settings, nowMs))
      return decided.ok ? { ok: true, body: decided.record } : decided.refusal
    }),
}

/** The thumbprint of RFC 7638: base64url of the SHA-256 of the key's members in their order. */
function fingerprintOf({ crv, kty, x, y }: DevicePublicKey): string {
  return createHash('sha256').update(canonicalJson({ crv, kty, x, y }), 'utf8').digest('base64url')
}

function deviceEvent(merchantId: string, device: Device, what: 'registered' | 'revoked'): LoyalNestEvent {
  const isRevoked = what === 'revoked'
  return {
    event_id: `${device.id}:${what}`,
    event_type: isRevoked ? 'device.revoked' : 'device.registered',
    merchant_id: merchantId,
    user_id: null,
    timestamp: isRevoked ? (device.revoked_at ?? device.registered_at) : device.registered_at,
    context: {},
    seq: 0,
    data: {
      device_id: device.id,
      name: device.name,
      by: isRevoked ? (device.revoked_by ?? '') : device.registered_by,
    },
  }
}

function cursorOf({ registeredAtMs, device }: StoredDevice): string {
  return `${registeredAtMs}.${device.id}`
}

function readCursor(text: string) {
  const [, registeredAtMs, id] = /^(\d{1,15})\.([0-9a-f-]{36})$/.exec(text) ?? []
  return registeredAtMs === undefined || id === undefined ? undefined : { registeredAtMs: Number(registeredAtMs), id }
}
