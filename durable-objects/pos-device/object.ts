import { DurableObject } from 'cloudflare:workers'
import { refuse } from '../../domain/contracts/errors.ts'
import type { PosDecision } from '../../domain/contracts/pos.ts'
import type { VersionedSettings } from '../../domain/contracts/settings.ts'
import { reportFailure } from '../kernel/log.ts'
import type {
  DeviceRef,
  PosDecided,
  PosDeviceRpc,
  PosReserved,
  PosSynced,
  PosUpload,
  ReservableReward,
} from '../kernel/protocol.ts'
import { backoffMs } from '../kernel/retry.ts'
import { posDeviceName } from '../kernel/stubs.ts'
import { earliestMs, Wake } from '../kernel/wake.ts'
import { bookingWith } from './accounts.ts'
import { fillReserve } from './codes.ts'
import { decideRecord } from './decisions.ts'
import { DeviceOutbox } from './outbox.ts'
import { DeviceStore } from './store.ts'
import { Uploader } from './upload.ts'

/** How long records wait for the relay, so that those of one upload go together. */
const RELAY_DELAY_MS = 250
/** When a plan that was left over is taken up, unless the device comes first. */
const PLAN_DELAY_MS = 5_000
const RETRY_BASE_MS = 1_000
const RETRY_MAX_MS = 60_000

const REVOKED = { ok: false, refusal: refuse('device_revoked', 'Register the device again, with a new key.') } as const

/**
 * One till of a merchant: its numbers, the record of all that it sent, its reserved codes and its limits. The only writer
 * of all that, and it takes one batch at a time: so a limit holds to the point, however many requests come at once.
 */
export class PosDevice extends DurableObject<Env> implements PosDeviceRpc {
  readonly #store: DeviceStore
  readonly #outbox: DeviceOutbox
  readonly #wake: Wake
  /** Ends when all that was begun is done. */
  #last: Promise<unknown> = Promise.resolve()
  #planFailures = 0

  constructor(ctx: DurableObjectState, env: Env) {
    super(ctx, env)
    this.#wake = new Wake(ctx.storage)
    this.#store = new DeviceStore(ctx.storage, () => void this.#arm())
    this.#outbox = new DeviceOutbox(this.#store, async (events) => {
      await env.EVENTS.sendBatch(events.map((body) => ({ body })))
    })
    // A process that died left records unsent or bookings unrecorded, and perhaps no alarm.
    if (this.#nextWakeMs(Date.now()) !== null) {
      void ctx.blockConcurrencyWhile(() => this.#wake.ensure(Date.now() + RELAY_DELAY_MS))
    }
  }

  async sync(device: DeviceRef, upload: PosUpload, settings: VersionedSettings): Promise<PosSynced> {
    this.#admit(device)
    return this.#alone(async () => {
      if (this.#store.isRevoked) return REVOKED
      const results = await this.#uploader(device).take(upload, settings)
      const { receivedAtMs, sentAtMs } = upload
      const answer = {
        received_at: new Date(receivedAtMs).toISOString(),
        clock_skew_ms: receivedAtMs - sentAtMs,
        next_device_seq: this.#store.nextDeviceSeq,
        results,
      }
      return { ok: true, answer }
    })
  }

  async reserveCodes(
    device: DeviceRef,
    reward: ReservableReward,
    count: number,
    settings: VersionedSettings,
    nowMs: number,
  ): Promise<PosReserved> {
    this.#admit(device)
    if (this.#store.isRevoked) return REVOKED
    const codes = this.#store.transaction(device, () => fillReserve(this.#store, reward, count, settings, nowMs))
    return { ok: true, codes }
  }

  async decide(
    device: DeviceRef,
    record: number,
    decision: PosDecision,
    by: string,
    settings: VersionedSettings,
    nowMs: number,
  ): Promise<PosDecided> {
    this.#admit(device)
    const context = { env: this.env, store: this.#store, device, settings, nowMs }
    return this.#alone(() => decideRecord(context, record, decision, by))
  }

  async revoke(device: DeviceRef, nowMs: number): Promise<void> {
    this.#admit(device)
    // A batch that is being taken was signed before: it is taken to its end.
    await this.#alone(async () => this.#store.transaction(device, () => this.#store.revoke(nowMs)))
  }

  /** Finishes what was left over, relays a page of events, and arms the alarm again LAST. It catches everything. */
  override async alarm(): Promise<void> {
    this.#wake.rang()
    try {
      await this.#alone(() => this.#finishPlan())
    } catch (error) {
      this.#planFailures += 1
      this.#report('pos.finish_plan', error)
    }
    try {
      await this.ctx.storage.sync()
      await this.#outbox.relay(Date.now())
    } catch (error) {
      this.#report('pos.relay', error)
    }
    await this.#arm()
  }

  async #finishPlan(): Promise<void> {
    const { identity } = this.#store
    if (identity === null) return
    const isDone = await this.#uploader(identity).finishPlan()
    this.#planFailures = isDone ? 0 : this.#planFailures + 1
  }

  #uploader(device: DeviceRef): Uploader {
    return new Uploader(this.#store, device, bookingWith(this.env, device.merchantId))
  }

  /** One after the other, in the order in which they came. */
  #alone<T>(work: () => Promise<T>): Promise<T> {
    const mine = this.#last.then(work)
    this.#last = mine.catch(() => undefined)
    return mine
  }

  async #arm(): Promise<void> {
    const atMs = this.#nextWakeMs(Date.now())
    if (atMs !== null) await this.#wake.noLaterThan(atMs)
  }

  #nextWakeMs(nowMs: number): number | null {
    const { failures } = this.#outbox
    const relayMs =
      this.#store.unsentCount === 0 ? null : nowMs + (failures > 0 ? retryDelayMs(failures) : RELAY_DELAY_MS)
    const planMs = this.#store.plan === null ? null : nowMs + PLAN_DELAY_MS + retryDelayMs(this.#planFailures)
    return earliestMs(relayMs, planMs)
  }

  /** Tenant check: an object answers for its own merchant and device only. Anything else is a bug of the caller. */
  #admit({ merchantId, deviceId }: DeviceRef): void {
    const { identity } = this.#store
    const own = identity === null ? this.ctx.id.name : posDeviceName(identity.merchantId, identity.deviceId)
    if (posDeviceName(merchantId, deviceId) !== own) throw new Error('This device belongs to another merchant')
  }

  #report(what: string, error: unknown): void {
    const { identity } = this.#store
    const ids = { merchant_id: identity?.merchantId ?? '', device_id: identity?.deviceId ?? '' }
    reportFailure(what, { ...ids, failures: this.#outbox.failures }, error)
  }
}

/** Half of the doubled base for certain, the other half by chance. */
function retryDelayMs(failures: number): number {
  const floorMs = Math.min(RETRY_MAX_MS, RETRY_BASE_MS * 2 ** failures) / 2
  return floorMs + backoffMs(failures, RETRY_BASE_MS / 2, RETRY_MAX_MS / 2, Math.random)
}
