import type { PosItemResult, PosRecord } from '../../domain/contracts/pos.ts'
import type { VersionedSettings } from '../../domain/contracts/settings.ts'
import { believedTime, uploadsAfter, uploadsAt, utcDay } from '../../domain/pos/clock.ts'
import { type Booked, duplicateOf, recordOf, resultOf, unrecorded } from '../../domain/pos/outcome.ts'
import { placeOf } from '../../domain/pos/place.ts'
import { inDeviceOrder } from '../../domain/pos/read.ts'
import { refuseReused, takeItem, type Till } from '../../domain/pos/take.ts'
import type { SentItem } from '../../domain/pos/types.ts'
import type { DeviceRef, PosUpload } from '../kernel/protocol.ts'
import type { BookAll } from './accounts.ts'
import { Segment } from './segment.ts'
import type { DeviceStore, NewRecord, Plan } from './store.ts'

const WAITS = {
  result: 'deferred',
  reason: 'unavailable',
  detail: 'A part of the server did not answer. Send it again.',
} as const

/**
 * Takes batches, one at a time. The numbers decide the order of what is recorded; customers are asked together, where no
 * limit of the device depends on who comes first.
 */
export class Uploader {
  readonly #store: DeviceStore
  readonly #device: DeviceRef
  readonly #bookAll: BookAll

  constructor(store: DeviceStore, device: DeviceRef, bookAll: BookAll) {
    this.#store = store
    this.#device = device
    this.#bookAll = bookAll
  }

  /** What became of each item, in the order of the request. */
  async take(upload: PosUpload, settings: VersionedSettings): Promise<PosItemResult[]> {
    const uploads = uploadsAt(this.#store.uploads, upload.receivedAtMs)
    const till = this.#tillOf(upload, uploads.floorMs ?? upload.registeredAtMs, settings)
    const run = new Run(this.#store, till, (plan) => this.#settle(plan))
    const results = await run.take(upload.items, await this.finishPlan())
    const isComplete = results.every(({ result }) => result !== 'deferred')
    this.#store.transaction(this.#device, () => {
      this.#store.setUploads(uploadsAfter(uploads, upload.receivedAtMs, isComplete))
    })
    return results
  }

  /** Books what was left over when the object died, or when an account did not answer. True: nothing is left. */
  async finishPlan(): Promise<boolean> {
    const { plan } = this.#store
    if (plan === null) return true
    const recorded = await this.#book(plan)
    return recorded.length === plan.items.length
  }

  /** Notes what is to be booked, books it, records it. Answers the records, up to the first that nobody answered for. */
  async #settle(plan: Plan): Promise<readonly NewRecord[]> {
    // What needs no account needs no plan either.
    if (plan.items.every(({ booking }) => booking === null)) return this.#record(plan, [])
    this.#store.transaction(this.#device, () => this.#store.begin(plan))
    return this.#book(plan)
  }

  async #book(plan: Plan): Promise<readonly NewRecord[]> {
    const bookings = plan.items.flatMap(({ booking }) => booking ?? [])
    return this.#record(plan, await this.#bookAll(plan.currency, bookings))
  }

  #record({ currency, items }: Plan, booked: readonly (Booked | null)[]): readonly NewRecord[] {
    const added: NewRecord[] = []
    const outcomes = booked.values()
    for (const taken of items) {
      const outcome = taken.booking === null ? null : (outcomes.next().value ?? null)
      if (taken.booking !== null && outcome === null) break
      added.push({ taken, record: recordOf(taken, this.#store.records + added.length + 1, outcome) })
    }
    const rest = items.slice(added.length)
    // What has nothing booked needs no keeping: the device sends it again.
    const isLeft = rest.some(({ booking }) => booking !== null)
    this.#store.transaction(this.#device, () => this.#store.add(added, isLeft ? { currency, items: rest } : null))
    return added
  }

  #tillOf({ sentAtMs, receivedAtMs }: PosUpload, floorMs: number, settings: VersionedSettings): Omit<Till, 'books'> {
    const skewMs = receivedAtMs - sentAtMs
    const believe = (atMs: number) => believedTime(atMs, skewMs, floorMs, receivedAtMs)
    return { ...this.#device, settings, receivedAtMs, overdraftLeft: 0, believe }
  }
}

/** One batch. */
class Run {
  readonly #store: DeviceStore
  readonly #till: Omit<Till, 'books'>
  readonly #settle: (plan: Plan) => Promise<readonly NewRecord[]>
  /** Of the items that this batch has brought, by fingerprint. */
  readonly #records = new Map<string, PosRecord>()
  readonly #results: PosItemResult[] = []
  /** An account did not answer: nothing more is taken. */
  #isStopped = false
  #segment: Segment

  constructor(store: DeviceStore, till: Omit<Till, 'books'>, settle: (plan: Plan) => Promise<readonly NewRecord[]>) {
    this.#store = store
    this.#till = till
    this.#settle = settle
    this.#segment = this.#newSegment()
  }

  async take(items: readonly SentItem[], isReady: boolean): Promise<PosItemResult[]> {
    this.#isStopped = !isReady
    this.#segment = this.#newSegment()
    const waiting: SentItem[] = []
    const firsts = new Map<string, number>()
    const again: { readonly sent: SentItem; readonly first: number }[] = []
    for (const sent of inDeviceOrder(items)) {
      const first = firsts.get(sent.fingerprint)
      if (first !== undefined) {
        again.push({ sent, first })
        continue
      }
      firsts.set(sent.fingerprint, sent.index)
      if (!(await this.#look(sent))) waiting.push(sent)
    }
    await this.#flush()
    for (const sent of waiting) this.#answer(sent, this.#resultOfTaken(sent))
    for (const { sent, first } of again) this.#answer(sent, this.#resultOfRepeated(sent, first))
    return this.#results
  }

  #answer(sent: SentItem, result: PosItemResult): true {
    this.#results[sent.index] = result
    return true
  }

  /** Answers an item at once, or puts it with those that are booked next: false. */
  async #look(sent: SentItem): Promise<boolean> {
    const known = this.#store.recordByFingerprint(sent.fingerprint)
    if (known !== undefined) return this.#answer(sent, duplicateOf(sent, known, false))
    const place = placeOf(sent, this.#segment)
    if (place.kind === 'refused' || (place.kind === 'deferred' && !this.#isStopped)) {
      const { reason, detail } = place
      return this.#answer(
        sent,
        unrecorded(sent, { result: place.kind === 'refused' ? 'rejected' : 'deferred', reason, detail }),
      )
    }
    if (this.#isStopped) return this.#answer(sent, unrecorded(sent, WAITS))
    if (place.kind === 'reused') this.#segment.add(refuseReused(sent, this.#tillNow(), place))
    else await this.#takeInTurn(sent)
    return false
  }

  async #takeInTurn(sent: SentItem): Promise<void> {
    const taken = takeItem(sent, this.#tillNow())
    if (this.#segment.fits(taken)) {
      this.#segment.add(taken)
      return
    }
    await this.#flush()
    if (!this.#isStopped) this.#segment.add(takeItem(sent, this.#tillNow()))
  }

  async #flush(): Promise<void> {
    const { items } = this.#segment
    if (items.length > 0) {
      const added = await this.#settle({ currency: this.#till.settings.settings.currency, items })
      for (const { taken, record } of added) this.#records.set(taken.fingerprint, record)
      this.#isStopped ||= added.length < items.length
    }
    this.#segment = this.#newSegment()
  }

  #resultOfTaken(sent: SentItem): PosItemResult {
    const record = this.#records.get(sent.fingerprint)
    return record === undefined ? unrecorded(sent, WAITS) : resultOf(sent, record)
  }

  /** One that is in the batch more than once: as its first one, whatever became of that. */
  #resultOfRepeated(sent: SentItem, first: number): PosItemResult {
    const record = this.#store.recordByFingerprint(sent.fingerprint)
    if (record !== undefined) return duplicateOf(sent, record, true)
    const { result, reason, detail } = this.#results[first] ?? WAITS
    return unrecorded(sent, { result, reason, detail })
  }

  #newSegment(): Segment {
    const { settings, receivedAtMs } = this.#till
    const { overdraft_device_points: most, overdraft_customer_points: mostOfCustomer } = settings.settings.pos
    const left = Math.max(0, most - this.#store.overdraftOn(utcDay(receivedAtMs)))
    return new Segment(this.#store, left, mostOfCustomer)
  }

  #tillNow(): Till {
    return { ...this.#till, books: this.#segment, overdraftLeft: this.#segment.overdraftLeft }
  }
}
