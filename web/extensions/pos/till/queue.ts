import type { PosItem, PosItemResult, PosSyncAnswer, ReservedCode } from '../../../../domain/contracts/pos.ts'
import {
  type Head,
  instantOf,
  isHead,
  isPage,
  NEW_HEAD,
  type Page,
  type RejectedItem,
  type Sale,
  type Taking,
} from './items.ts'
import { TillBroken, TillFull, type TillStorage } from './storage.ts'

const HEAD_KEY = 'loyalnest.till'
const pageKey = (number: number) => `loyalnest.till.page.${number}`
/** A POS UI extension may store 100 values of 1 MB each: the head, these pages, and some to spare. */
const PAGES = 80
const ITEMS_A_PAGE = 100
/** No item of the contract is that long; 100 of them still fit into a value. */
const ITEM_LIMIT = 4096
const REJECTED_KEPT = 50
/** At most so many lost numbers are made void at a time. */
const VOIDS_AT_ONCE = 500

export interface TillQueueOptions {
  readonly storage: TillStorage
  /** The till's clock, which may say anything. */
  readonly now?: () => number
  /** Makes an `op_id`. */
  readonly newId?: () => string
}

/** What a till knows of itself. */
export interface TillSummary {
  readonly deviceId: string | null
  /** Items that LoyalNest has not yet taken. */
  readonly queued: number
  readonly lastSyncAt: string | null
  readonly clockSkewMs: number
  readonly rejected: readonly RejectedItem[]
  /** Codes that can be handed out. */
  readonly codes: readonly ReservedCode[]
}

interface State {
  readonly head: Head
  readonly pages: readonly Page[]
}

/**
 * What happened at the till and is not yet known to LoyalNest. Each item has its `op_id` and its number before anything
 * else happens with it, in one write: a till that is switched off at any moment loses nothing that was recorded, and
 * records nothing twice.
 *
 * One head and pages of up to 100 items, each a value of the storage. An item is there when its page is written. What
 * LoyalNest took goes in the order head (codes, rejections), pages (items out), head (empty pages forgotten): stopped in
 * between, items are sent once more, which LoyalNest answers with `duplicate`.
 */
export class TillQueue {
  readonly #storage: TillStorage
  readonly #now: () => number
  readonly #newId: () => string
  /** As it is stored; null: it must be read first, also after a write of which we do not know whether it succeeded. */
  #state: State | null = null
  #last: Promise<unknown> = Promise.resolve()

  constructor({ storage, now = Date.now, newId = () => crypto.randomUUID() }: TillQueueOptions) {
    this.#storage = storage
    this.#now = now
    this.#newId = newId
  }

  /**
   * Remembers as which device the till is registered. Harmless to repeat; items recorded before are its items.
   * @throws while items wait that were recorded as another device: see {@link TillQueue.abandon}
   */
  register(deviceId: string): Promise<void> {
    return this.#alone(async (state) => {
      const { device_id: before } = state.head
      if (before === deviceId) return
      if (before === null) return this.#writeHead({ ...state.head, device_id: deviceId }, state.pages)
      if (itemsOf(state).length > 0) throw new Error('Items of another device wait to be sent.')
      await this.#forgetAll(state, deviceId)
    })
  }

  /** Records a sale. Once it resolves the till may be switched off. @throws TillFull */
  earn(sale: Sale): Promise<PosItem> {
    return this.#alone((state) => {
      const { customerId, amount, currency, receipt, shopifyOrderId, expectedPoints, opId = this.#newId() } = sale
      return this.#append(state, opId, (base) => ({
        ...base,
        kind: 'earn',
        customer_id: customerId,
        amount,
        currency,
        ...(receipt === undefined ? {} : { receipt }),
        ...(shopifyOrderId === undefined ? {} : { shopify_order_id: shopifyOrderId }),
        ...(expectedPoints === undefined ? {} : { expected_points: expectedPoints }),
      }))
    })
  }

  /**
   * Hands out a code reserved for this till, which is recorded as used at that moment and never handed out again. Null:
   * there is none for this reward. @throws TillFull
   */
  redeem({ customerId, rewardId, receipt, opId = this.#newId() }: Taking): Promise<ReservedCode | null> {
    return this.#alone(async (state) => {
      const known = itemsOf(state).find((item) => item.op_id === opId)
      const given = known?.kind === 'redeem' ? known.code : undefined
      if (given !== undefined) return state.head.codes.find(({ code }) => code === given) ?? null
      const code = this.#freeCodes(state).find((one) => one.reward_id === rewardId)
      if (code === undefined) return null
      await this.#append(state, opId, (base) => ({
        ...base,
        kind: 'redeem',
        customer_id: customerId,
        code: code.code,
        ...(receipt === undefined ? {} : { receipt }),
      }))
      return code
    })
  }

  /** The oldest items, in the order of their numbers, as many as fit into a batch; at least one if there is any. */
  batch(maxItems: number, maxBytes: number): Promise<readonly PosItem[]> {
    return this.#alone(async (state) => {
      const batch: PosItem[] = []
      let bytes = 0
      for (const item of itemsOf(state).toSorted((a, b) => a.device_seq - b.device_seq)) {
        bytes += sizeOf(item) + 1
        if (batch.length === maxItems || (bytes > maxBytes && batch.length > 0)) break
        batch.push(item)
      }
      return batch
    })
  }

  /**
   * Takes in what LoyalNest answered to a batch. Only `deferred` items are kept; and where the two disagree about the
   * numbers, because one of them was restored from a copy, the till gives way: it goes on above those that LoyalNest has,
   * and makes void those that nobody has.
   * @returns how many of the items LoyalNest has now
   */
  settle(sent: readonly PosItem[], answer: PosSyncAnswer): Promise<number> {
    return this.#alone(async (state) => {
      const results = new Map(sent.flatMap((item, at) => matching(item, answer.results[at])))
      const done = new Set([...results].filter(([, result]) => isDone(result)).map(([opId]) => opId))
      const nextSeq = Math.max(nextSeqOf(state), answer.next_device_seq)
      await this.#writeHead(headAfter(state, sent, results, done, answer, nextSeq), state.pages)
      for (const [at, page] of state.pages.entries()) {
        const items = page.items.filter(({ op_id }) => !done.has(op_id))
        if (items.length < page.items.length) await this.#writePage(at, { ...page, items })
      }
      const [first] = sent
      const isGap = first !== undefined && results.get(first.op_id)?.reason === 'gap'
      if (isGap) await this.#voidBetween(answer.next_device_seq, first.device_seq)
      await this.#forgetEmptyPages()
      return done.size
    })
  }

  /** Takes in the codes that LoyalNest reserved for this till; `rewardId` is the reward it was asked for. */
  stock(rewardId: string, codes: readonly ReservedCode[]): Promise<void> {
    return this.#alone(async (state) => {
      const told = new Set([rewardId, ...codes.map((one) => one.reward_id)])
      const others = state.head.codes.filter((one) => !told.has(one.reward_id))
      // One that waits to be sent as used stays, so that what was handed out can be shown again.
      const used = usedCodes(state)
      const kept = codes.filter(({ code, state: as }) => as === 'reserved' || used.has(code))
      await this.#writeHead({ ...state.head, codes: [...others, ...kept] }, state.pages)
    })
  }

  summary(): Promise<TillSummary> {
    return this.#alone(async (state) => {
      const { device_id: deviceId, last_sync_at: lastSyncAt, clock_skew_ms: clockSkewMs, rejected } = state.head
      const [queued, codes] = [itemsOf(state).length, this.#freeCodes(state)]
      return { deviceId, queued, lastSyncAt, clockSkewMs, rejected, codes }
    })
  }

  /** Writes everything anew as it is: Shopify POS forgets what was not written for a month. */
  touch(): Promise<void> {
    return this.#alone(async (state) => {
      await this.#writeHead(state.head, state.pages)
      for (const [at, page] of state.pages.entries()) await this.#writePage(at, page)
    })
  }

  /**
   * Forgets everything, for a till whose key was revoked, and answers the items that never got through. They may have been
   * booked all the same if only the answer was lost: somebody must compare them with what the merchant sees of this device.
   */
  abandon(): Promise<readonly PosItem[]> {
    return this.#alone(async (state) => {
      await this.#forgetAll(state, null)
      return itemsOf(state)
    })
  }

  /** One thing at a time, on what is stored. */
  #alone<T>(work: (state: State) => Promise<T>): Promise<T> {
    const turn = this.#last.then(async () => {
      try {
        this.#state ??= await this.#read()
        return await work(this.#state)
      } catch (error) {
        this.#state = null
        throw error
      }
    })
    this.#last = turn.catch(() => undefined)
    return turn
  }

  async #read(): Promise<State> {
    const stored = await this.#storage.get(HEAD_KEY)
    const head = stored ?? NEW_HEAD
    if (!isHead(head)) throw new TillBroken(HEAD_KEY)
    const pages: Page[] = []
    for (let number = head.first_page; ; number++) {
      const page = await this.#storage.get(pageKey(number))
      if (page === undefined || page === null) break
      if (!isPage(page)) throw new TillBroken(pageKey(number))
      pages.push(page)
    }
    // Left behind by a till that was switched off while it forgot them.
    for (let number = head.first_page - 1; number >= 0; number--) {
      const page = await this.#storage.get(pageKey(number))
      if (page === undefined || page === null) break
      await this.#storage.delete(pageKey(number))
    }
    return { head, pages }
  }

  #freeCodes(state: State): readonly ReservedCode[] {
    const used = usedCodes(state)
    const nowMs = this.#now() + state.head.clock_skew_ms
    return state.head.codes
      .filter(
        ({ code, state: as, expires_at }) => as === 'reserved' && !used.has(code) && Date.parse(expires_at) > nowMs,
      )
      .toSorted((a, b) => Date.parse(a.expires_at) - Date.parse(b.expires_at))
  }

  /** An item that is there under this `op_id` is answered as it is. */
  async #append(
    state: State,
    opId: string,
    make: (base: { op_id: string; device_seq: number; at: string }) => PosItem,
  ): Promise<PosItem> {
    const known = itemsOf(state).find((item) => item.op_id === opId)
    if (known !== undefined) return known
    const seq = nextSeqOf(state)
    const item = make({ op_id: opId, device_seq: seq, at: instantOf(this.#now()) })
    if (sizeOf(item) > ITEM_LIMIT) throw new RangeError('The item is longer than any that LoyalNest takes.')
    await this.#write(item, seq + 1)
    return item
  }

  async #write(item: PosItem, nextSeq: number): Promise<void> {
    const { pages } = this.#known()
    const last = pages.at(-1)
    if (last !== undefined && last.appended < ITEMS_A_PAGE) {
      const page = { next_seq: nextSeq, appended: last.appended + 1, items: [...last.items, item] }
      return this.#writePage(pages.length - 1, page)
    }
    if (pages.length === PAGES) throw new TillFull()
    await this.#writePage(pages.length, { next_seq: nextSeq, appended: 1, items: [item] })
  }

  /** Numbers of which neither side knows anything any more: LoyalNest would wait for them for ever. */
  async #voidBetween(from: number, to: number): Promise<void> {
    const nextSeq = nextSeqOf(this.#known())
    const waiting = new Set(itemsOf(this.#known()).map((item) => item.device_seq))
    for (let seq = from; seq < Math.min(to, from + VOIDS_AT_ONCE); seq++) {
      if (waiting.has(seq)) continue
      const at = instantOf(this.#now())
      await this.#write({ kind: 'void', op_id: this.#newId(), device_seq: seq, at }, nextSeq)
    }
  }

  async #forgetEmptyPages(): Promise<void> {
    const state = this.#known()
    const at = state.pages.findIndex(({ items, appended }) => items.length > 0 || appended < ITEMS_A_PAGE)
    const count = at === -1 ? state.pages.length : at
    if (count === 0) return
    const { head } = state
    const first = head.first_page
    const next = { ...head, first_page: first + count, next_seq: nextSeqOf(state) }
    await this.#writeHead(next, state.pages.slice(count))
    // From the front: what is left after a kill has no hole.
    for (let number = first; number < first + count; number++) await this.#storage.delete(pageKey(number))
  }

  /** It is done once the head is written: pages before its first one are nothing but waste. */
  async #forgetAll({ head, pages }: State, deviceId: string | null): Promise<void> {
    const first = head.first_page + pages.length
    await this.#writeHead({ ...NEW_HEAD, device_id: deviceId, first_page: first }, [])
    for (let number = head.first_page; number < first; number++) await this.#storage.delete(pageKey(number))
  }

  #known(): State {
    if (this.#state === null) throw new Error('Nothing was read.')
    return this.#state
  }

  async #writeHead(head: Head, pages: readonly Page[]): Promise<void> {
    await this.#storage.set(HEAD_KEY, head)
    this.#state = { head, pages }
  }

  async #writePage(at: number, page: Page): Promise<void> {
    const { head, pages } = this.#known()
    await this.#storage.set(pageKey(head.first_page + at), page)
    this.#state = { head, pages: [...pages.slice(0, at), page, ...pages.slice(at + 1)] }
  }
}

function itemsOf({ pages }: State): readonly PosItem[] {
  return pages.flatMap(({ items }) => items)
}

function nextSeqOf({ head, pages }: State): number {
  return Math.max(head.next_seq, ...pages.map((page) => page.next_seq))
}

function usedCodes(state: State): ReadonlySet<string> {
  return new Set(itemsOf(state).flatMap((item) => (item.kind === 'redeem' ? [item.code] : [])))
}

function sizeOf(item: PosItem): number {
  return new TextEncoder().encode(JSON.stringify(item)).length
}

/** A result counts only if it says that it is this item's. */
function matching(item: PosItem, result: PosItemResult | undefined): [string, PosItemResult][] {
  const isOfIt = result?.op_id === item.op_id && result.device_seq === item.device_seq
  return isOfIt ? [[item.op_id, result]] : []
}

/** Whether LoyalNest has it, be it as a task for the merchant. Of a number out of all bounds it keeps nothing. */
function isDone({ result, reason }: PosItemResult): boolean {
  return result !== 'deferred' && reason !== 'sequence_jump'
}

function headAfter(
  { head }: State,
  sent: readonly PosItem[],
  results: ReadonlyMap<string, PosItemResult>,
  done: ReadonlySet<string>,
  answer: PosSyncAnswer,
  nextSeq: number,
): Head {
  const used = new Set(sent.flatMap((item) => (item.kind === 'redeem' && done.has(item.op_id) ? [item.code] : [])))
  const rejected = sent.flatMap(({ op_id, device_seq }) => {
    const result = results.get(op_id)
    const isRejected = result?.result === 'rejected' || result?.first_result === 'rejected'
    const isNew = head.rejected.every((one) => one.op_id !== op_id)
    if (result === undefined || !isRejected || !isNew || !done.has(op_id)) return []
    return [{ op_id, device_seq, reason: result.reason, detail: result.detail }]
  })
  return {
    ...head,
    next_seq: nextSeq,
    codes: head.codes.filter(({ code }) => !used.has(code)),
    rejected: [...rejected.toReversed(), ...head.rejected].slice(0, REJECTED_KEPT),
    last_sync_at: answer.received_at,
    clock_skew_ms: answer.clock_skew_ms,
  }
}
