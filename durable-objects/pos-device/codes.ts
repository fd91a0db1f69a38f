import type { ReservedCode } from '../../domain/contracts/pos.ts'
import type { VersionedSettings } from '../../domain/contracts/settings.ts'
import { POS_CODE_BYTES, posCode } from '../../domain/pos/code.ts'
import type { ReservableReward } from '../kernel/protocol.ts'
import type { DeviceStore } from './store.ts'

const DAY_MS = 24 * 3_600_000

/**
 * Fills the reserve for a reward up to `count` unused codes, as far as the shop lets a device hold codes in all. Within a
 * transaction. Answers all unused codes.
 */
export function fillReserve(
  store: DeviceStore,
  reward: ReservableReward,
  count: number,
  { settings }: VersionedSettings,
  nowMs: number,
): readonly ReservedCode[] {
  const held = store.unusedCodes(nowMs)
  const ofReward = held.filter(({ reward_id: rewardId }) => rewardId === reward.id).length
  const missing = Math.min(count - ofReward, settings.pos.reserved_codes - held.length)
  const expiresAtMs = nowMs + settings.pos.reserved_code_days * DAY_MS
  for (let made = 0; made < missing; made += 1) store.addCode(newCode(reward, expiresAtMs))
  return missing > 0 ? store.unusedCodes(nowMs) : held
}

function newCode(reward: ReservableReward, expiresAtMs: number): ReservedCode {
  return {
    code: posCode(crypto.getRandomValues(new Uint8Array(POS_CODE_BYTES))),
    reward_id: reward.id,
    title: reward.title,
    points: reward.points,
    value: reward.value,
    conditions: reward.conditions,
    expires_at: new Date(expiresAtMs).toISOString(),
    state: 'reserved',
  }
}
