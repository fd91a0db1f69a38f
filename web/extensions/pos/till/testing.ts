import type {
  PosItem,
  PosItemResult,
  PosReason,
  PosSyncAnswer,
  ReservedCode,
} from '../../../../domain/contracts/pos.ts'
import { TillQueue } from './queue.ts'
import type { TillStorage } from './storage.ts'

/** What the till's tests share: a storage with a plug to pull, and a LoyalNest that keeps the contract in memory. */

export const DEVICE = '6f0d3c1e-1111-4222-8333-444444444444'
export const REWARD = '8d2cf7d8-1111-4222-8333-444444444444'

/** A disk: what is on it survives the till that wrote it. */
export type Disk = Map<string, string>

export function copyOf(disk: Disk): Disk {
  return new Map(disk)
}

/** The till was switched off: nothing of it does anything any more. */
export class SwitchedOff extends Error {}

export interface Plug {
  readonly storage: TillStorage
  /** Writes and deletions so far. */
  readonly writes: () => number
  readonly isOff: () => boolean
}

/**
 * A storage that is switched off with the write of that number (from 1): it is lost, or it is done but nobody hears of it.
 */
export function pluggedStorage(disk: Disk, offAt = Number.POSITIVE_INFINITY, isDone = false): Plug {
  let writes = 0
  let off = false
  const write = async (change: () => void) => {
    if (off) throw new SwitchedOff()
    writes++
    off = writes === offAt
    if (!off || isDone) change()
    if (off) throw new SwitchedOff()
  }
  return {
    writes: () => writes,
    isOff: () => off,
    storage: {
      get: async (key) => {
        if (off) throw new SwitchedOff()
        const text = disk.get(key)
        return text === undefined ? undefined : JSON.parse(text)
      },
      set: (key, value) => write(() => disk.set(key, JSON.stringify(value))),
      delete: (key) => write(() => disk.delete(key)),
    },
  }
}

/** A till that was just switched on. */
export function tillOn(disk: Disk): TillQueue {
  return new TillQueue({ storage: pluggedStorage(disk).storage })
}

export const sale = (opId: string) => ({ opId, customerId: '207119551', amount: '10.00', currency: 'EUR' })

/** Codes as LoyalNest reserves them, always the same ones. */
export function codes(
  count: number,
  stateOf: (one: { readonly code: string }) => ReservedCode['state'] = () => 'reserved',
): ReservedCode[] {
  return Array.from({ length: count }, (_, at) => {
    const code = `CODE-${String(at).padStart(4, '0')}`
    return {
      code,
      reward_id: REWARD,
      title: '5 off',
      points: 500,
      value: { type: 'amount_off', amount: '5.00' },
      conditions: {},
      expires_at: '2099-01-01T00:00:00.000Z',
      state: stateOf({ code }),
    }
  })
}

/** Takes batches as the contract says, in memory. */
export class FakeLoyalNest {
  nextSeq = 1
  /** Every item that was booked, once, in the order of booking. */
  readonly booked: PosItem[] = []
  /** What must never happen to a till that only lost its power. */
  readonly complaints: PosReason[] = []
  readonly #known = new Map<string, { item: string; result: PosItemResult }>()
  /** Why the item is not booked: a reason to reject, or `unavailable`. */
  judge: (item: PosItem) => PosReason | null = () => null

  sync(items: readonly PosItem[]): PosSyncAnswer {
    const results: PosItemResult[] = []
    for (const item of items) results.push(this.#take(item, results))
    const clock = { received_at: new Date().toISOString(), clock_skew_ms: 0 }
    return { ...clock, next_device_seq: this.nextSeq, results }
  }

  /** The device's codes as they stand. */
  reserve(count: number): ReservedCode[] {
    const used = new Set(this.booked.map((item) => (item.kind === 'redeem' ? item.code : '')))
    return codes(count, ({ code }) => (used.has(code) ? 'used' : 'reserved'))
  }

  #take(item: PosItem, before: readonly PosItemResult[]): PosItemResult {
    const index = before.length
    const known = this.#known.get(item.op_id)
    if (known !== undefined) {
      if (known.item !== JSON.stringify(item)) return this.#complain(item, index, 'rejected', 'op_id_reused')
      return { ...known.result, index, result: 'duplicate', first_result: known.result.result }
    }
    if (before.at(-1)?.reason === 'unavailable') return resultOf(item, index, 'deferred', 'unavailable')
    if (item.device_seq < this.nextSeq) {
      // It may be a sale that nobody else tells of: a task for the merchant.
      const result = this.#complain(item, index, 'rejected', 'device_seq_reused')
      this.#known.set(item.op_id, { item: JSON.stringify(item), result })
      return result
    }
    if (item.device_seq > this.nextSeq) return this.#complain(item, index, 'deferred', 'gap')
    const reason = this.judge(item)
    if (reason === 'unavailable') return resultOf(item, index, 'deferred', reason)
    this.nextSeq++
    const result = resultOf(item, index, reason === null ? 'accepted' : 'rejected', reason)
    if (reason === null) this.booked.push(item)
    this.#known.set(item.op_id, { item: JSON.stringify(item), result })
    return result
  }

  #complain(item: PosItem, index: number, result: 'rejected' | 'deferred', reason: PosReason): PosItemResult {
    this.complaints.push(reason)
    return resultOf(item, index, result, reason)
  }
}

function resultOf(
  { op_id, device_seq }: PosItem,
  index: number,
  result: PosItemResult['result'],
  reason: PosReason | null,
): PosItemResult {
  return {
    index,
    op_id,
    device_seq,
    result,
    first_result: null,
    reason,
    detail: reason,
    points: result === 'accepted' ? 10 : 0,
    overdraft_points: 0,
    points_differ: false,
    clock_flag: 'ok',
    effective_at: null,
  }
}
