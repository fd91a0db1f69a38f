import { type Refusal, refuse } from '../../../domain/contracts/errors.ts'
import { POS_BATCH_LIMIT } from '../../../domain/contracts/pos-signing.ts'
import { readItems } from '../../../domain/pos/read.ts'
import type { StoredReward } from '../../../domain/rewards/types.ts'
import type { DeviceRef, PosDeviceRpc, ReservableReward } from '../../../durable-objects/kernel/protocol.ts'
import { withRetry } from '../../../durable-objects/kernel/retry.ts'
import { posDevice } from '../../../durable-objects/kernel/stubs.ts'
import { bookingSettings } from '../../platform/control.ts'
import type { HandlerContext, Handlers } from '../../platform/handler.ts'
import { readReward } from '../../platform/rewards.ts'

/** What a till itself asks: everything of it is decided in its own object. */

interface Till {
  readonly ref: DeviceRef
  readonly registeredAtMs: number
}

function tillOf({ caller }: HandlerContext): Till {
  if (caller?.principal.kind !== 'device') throw new Error('the guard lets only devices here')
  const { deviceId, registeredAtMs } = caller.principal
  return { ref: { merchantId: caller.shop.merchantId, deviceId }, registeredAtMs }
}

/** Calls a till's object. Everything that it does is harmless to repeat. */
export function callDevice<R>(env: Env, ref: DeviceRef, call: (stub: PosDeviceRpc) => Promise<R>): Promise<R> {
  return withRetry(() => posDevice(env, ref.merchantId, ref.deviceId), call)
}

export const sync: Handlers<'points.sync' | 'points.reserveCodes'> = {
  async 'points.sync'(context, { body }) {
    const { env, nowMs } = context
    const { ref, registeredAtMs } = tillOf(context)
    if (body.items.length > POS_BATCH_LIMIT) {
      return refuse('batch_too_large', `A batch has at most ${POS_BATCH_LIMIT} items; it has ${body.items.length}.`)
    }
    const settings = await bookingSettings(env, ref.merchantId)
    const items = readItems(body.items)
    const upload = { sentAtMs: Date.parse(body.sent_at), receivedAtMs: nowMs, registeredAtMs, items }
    const reply = await callDevice(env, ref, (stub) => stub.sync(ref, upload, settings))
    return reply.ok ? { ok: true, body: reply.answer } : reply.refusal
  },

  async 'points.reserveCodes'(context, { body }) {
    const { env, nowMs } = context
    const { ref } = tillOf(context)
    const [settings, stored] = await Promise.all([
      bookingSettings(env, ref.merchantId),
      readReward(env, ref.merchantId, body.reward_id.toLowerCase()),
    ])
    if (stored === undefined) return refuse('not_found', 'The shop has no reward of this id.')
    const reward = reservable(stored, nowMs)
    if ('ok' in reward) return reward
    const reply = await callDevice(env, ref, (stub) => stub.reserveCodes(ref, reward, body.count, settings, nowMs))
    return reply.ok ? { ok: true, body: { codes: [...reply.codes] } } : reply.refusal
  },
}

/** The reward as a till may give it without asking anybody: what only the server could see to is not for it. */
function reservable({ id, status, input }: StoredReward, nowMs: number): ReservableReward | Refusal {
  const { title, cost, value, conditions, starts_at: startsAt, ends_at: endsAt } = input
  const isOver = endsAt !== null && Date.parse(endsAt) <= nowMs
  if (status !== 'active' || isOver || (startsAt !== null && Date.parse(startsAt) > nowMs)) {
    return unavailable('The reward is not active now.')
  }
  if (cost.kind !== 'fixed') return unavailable('Its points must be fixed for offline redemptions.')
  if (input.limit_total !== null || input.limit_per_customer !== null || input.tier !== null) {
    return unavailable('Nobody offline can see to its limits or its tier.')
  }
  if (value.type === 'free_shipping') return unavailable('A till ships nothing.')
  return { id, title, points: cost.points, value, conditions }
}

function unavailable(detail: string): Refusal {
  return refuse('reward_unavailable', detail, '/reward_id')
}
