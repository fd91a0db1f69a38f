import { POS_BATCH_LIMIT, POS_BODY_LIMIT_BYTES } from '../../../../domain/contracts/pos-signing.ts'
import { bytesOf, signedHeaders, type TillCrypto } from './device.ts'
import { instantOf, isCodesAnswer, isSyncAnswer } from './items.ts'
import type { TillQueue } from './queue.ts'

/** Why the till does not get its items through. The first three need a person, and nothing is sent any more. */
export type TillProblem =
  | 'device_revoked'
  | 'device_unknown'
  | 'device_signature_invalid'
  /** No answer, or one that is not LoyalNest's. */
  | 'unreachable'
  /** LoyalNest asks for patience: too many requests, or an outage. */
  | 'busy'
  /** LoyalNest takes no such request: this program is too old, or wrong. */
  | 'refused'
  /** The till's own storage fails. */
  | 'storage'

/** How the exchange with LoyalNest stands. */
export interface SyncState {
  readonly sending: boolean
  readonly problem: TillProblem | null
  /** What went wrong, for people. */
  readonly detail: string | null
  /** When it is tried again by itself; null: it waits for nothing, or for a person. */
  readonly retryInMs: number | null
}

export interface TillSyncOptions {
  readonly queue: TillQueue
  readonly subtle: TillCrypto
  readonly privateKey: CryptoKey
  /** Of LoyalNest, such as `https://app.example`. */
  readonly origin: string
  readonly fetch: (url: string, request: RequestInit) => Promise<Response>
  readonly now?: () => number
  readonly random?: () => number
  /** Runs `work` after that time, by a clock that never jumps; the answer calls it off. */
  readonly later?: (work: () => void, ms: number) => () => void
  /** Told at each change. */
  readonly onState?: (state: SyncState) => void
}

export const SYNC_PATH = '/v1/api/points/sync'
export const CODES_PATH = '/v1/api/points/sync/codes'
/** `{"sent_at":"…","items":[]}` */
const FRAME_BYTES = 100
const TIMEOUT_MS = 30_000
const FIRST_DELAY_MS = 2_000
const MAX_DELAY_MS = 900_000
const MAX_RETRY_AFTER_MS = 3_600_000
const MENDINGS_AT_ONCE = 3
const NOT_US = 'What answered is not LoyalNest.'
const FATAL: ReadonlySet<string> = new Set<TillProblem>([
  'device_revoked',
  'device_unknown',
  'device_signature_invalid',
])

/** What came of one request. */
type Outcome =
  | { readonly kind: 'idle' | 'progress' | 'smaller' }
  | { readonly kind: 'stopped'; readonly problem: TillProblem; readonly detail: string }
  | {
      readonly kind: 'again'
      readonly problem: TillProblem
      readonly detail: string
      readonly afterMs: number
    }

/**
 * Brings the queue's items to LoyalNest, one request at a time, the oldest first. What was not acknowledged is sent again
 * for as long as it takes, with growing pauses; that it came twice harms nothing.
 */
export class TillSync {
  readonly #options: Required<TillSyncOptions>
  #turn: Promise<unknown> = Promise.resolve()
  #round: Promise<void> | null = null
  #callOff: (() => void) | null = null
  /** Asked for since the last batch was put together. */
  #isAsked = false
  #failures = 0
  #mendings = 0
  #batchItems = POS_BATCH_LIMIT
  #state: SyncState = { sending: false, problem: null, detail: null, retryInMs: null }

  constructor(options: TillSyncOptions) {
    this.#options = { now: Date.now, random: Math.random, later: timer, onState: () => undefined, ...options }
  }

  get state(): SyncState {
    return this.#state
  }

  /** Something was recorded. Does nothing while a pause is on, or when a person is needed. */
  wake(): void {
    const isStopped = this.#state.problem !== null && FATAL.has(this.#state.problem)
    if (this.#callOff === null && !isStopped) void this.sync()
  }

  /**
   * Tries at once, whatever was before: the network is back, or somebody pressed the button. Resolves when all is through
   * or a pause begins; {@link TillSync.state} says which.
   */
  sync(): Promise<void> {
    this.#callOff?.()
    this.#callOff = null
    this.#isAsked = true
    this.#round ??= this.#run().finally(() => {
      this.#round = null
      if (this.#isAsked) void this.sync()
    })
    return this.#round
  }

  /** Ends the pause without another attempt. */
  stop(): void {
    this.#callOff?.()
    this.#callOff = null
  }

  /**
   * Fills the reserve for a reward. Never at the same time as a batch: its answer would be older than what the batch says
   * of the codes.
   * @returns null, or why it did not work; the codes that are there stay
   */
  restock(rewardId: string, count: number): Promise<string | null> {
    return this.#inTurn(async () => {
      const { deviceId } = await this.#options.queue.summary()
      if (deviceId === null) return 'The till is not registered.'
      const answer = await this.#post(deviceId, CODES_PATH, { reward_id: rewardId, count }).catch(reached)
      if (typeof answer === 'string') return answer
      if (answer.status !== 200) return answer.detail
      if (!isCodesAnswer(answer.body)) return NOT_US
      await this.#options.queue.stock(rewardId, answer.body.codes)
      return null
    })
  }

  async #run(): Promise<void> {
    this.#tell({ sending: true, retryInMs: null })
    for (;;) {
      this.#isAsked = false
      const outcome = await this.#inTurn(() => this.#sendBatch())
      switch (outcome.kind) {
        case 'smaller':
          continue
        case 'progress':
          this.#failures = 0
          continue
        case 'idle':
          this.#failures = 0
          return this.#tell({ sending: false, problem: null, detail: null })
        case 'stopped':
          this.#isAsked = false
          return this.#tell({ sending: false, problem: outcome.problem, detail: outcome.detail })
        case 'again':
          return this.#pause(outcome)
      }
    }
  }

  #pause({ problem, detail, afterMs }: Extract<Outcome, { kind: 'again' }>): void {
    const longest = Math.min(MAX_DELAY_MS, FIRST_DELAY_MS * 2 ** Math.min(this.#failures++, 20))
    const jittered = longest / 2 + (this.#options.random() * longest) / 2
    const retryInMs = Math.ceil(Math.max(jittered, afterMs))
    this.#isAsked = false
    this.#callOff = this.#options.later(() => {
      this.#callOff = null
      void this.sync()
    }, retryInMs)
    this.#tell({ sending: false, problem, detail, retryInMs })
  }

  async #sendBatch(): Promise<Outcome> {
    try {
      const { queue, now } = this.#options
      const { deviceId } = await queue.summary()
      const items = await queue.batch(this.#batchItems, POS_BODY_LIMIT_BYTES - FRAME_BYTES)
      if (deviceId === null || items.length === 0) return { kind: 'idle' }
      const answer = await this.#post(deviceId, SYNC_PATH, { sent_at: instantOf(now()), items }).catch(reached)
      if (typeof answer === 'string') return again('unreachable', answer)
      if (answer.status !== 200) return this.#refusal(answer, items.length)
      if (!isSyncAnswer(answer.body)) return again('unreachable', NOT_US)
      const taken = await queue.settle(items, answer.body)
      this.#batchItems = Math.min(POS_BATCH_LIMIT, this.#batchItems * 2)
      const [first] = answer.body.results
      // The queue has made lost numbers void: at once again, but not for ever.
      const isMended = first?.reason === 'gap'
      this.#mendings = taken > 0 ? 0 : this.#mendings + 1
      if (taken > 0 || (isMended && this.#mendings <= MENDINGS_AT_ONCE)) return this.#movedOn()
      return again('busy', first?.detail ?? 'LoyalNest puts the items off.')
    } catch (error) {
      return again('storage', error instanceof Error ? error.message : 'The storage fails.')
    }
  }

  #movedOn(): Outcome {
    this.#tell({ problem: null, detail: null })
    return { kind: 'progress' }
  }

  #refusal({ status, code, detail, retryAfterMs }: Answer, sent: number): Outcome {
    if (status === 413 && sent > 1) {
      this.#batchItems = Math.ceil(sent / 2)
      return { kind: 'smaller' }
    }
    if (status === 401 && isFatal(code)) return { kind: 'stopped', problem: code, detail }
    if (status === 429 || status >= 500) return { ...again('busy', detail), afterMs: retryAfterMs }
    return again('refused', detail)
  }

  async #post(deviceId: string, path: string, content: unknown): Promise<Answer> {
    const { subtle, privateKey, origin, later, fetch, now } = this.#options
    const body = bytesOf(JSON.stringify(content))
    const headers = await signedHeaders(subtle, privateKey, deviceId, path, body)
    const abort = new AbortController()
    const callOff = later(() => abort.abort(new Error('No answer in time.')), TIMEOUT_MS)
    try {
      // A login page of the Wi-Fi likes to redirect: that is not LoyalNest.
      const response = await fetch(origin + path, {
        method: 'POST',
        headers,
        body,
        redirect: 'error',
        signal: abort.signal,
      })
      return await answerOf(response, now())
    } finally {
      callOff()
    }
  }

  /** Requests go one after the other. */
  #inTurn<T>(work: () => Promise<T>): Promise<T> {
    const turn = this.#turn.then(work)
    this.#turn = turn.catch(() => undefined)
    return turn
  }

  #tell(change: Partial<SyncState>): void {
    this.#state = { ...this.#state, ...change }
    this.#options.onState(this.#state)
  }
}

interface Answer {
  readonly status: number
  /** Undefined where it is no JSON. */
  readonly body: unknown
  /** Of a refusal (RFC 9457). */
  readonly code: string
  readonly detail: string
  readonly retryAfterMs: number
}

async function answerOf(response: Response, nowMs: number): Promise<Answer> {
  const body: unknown = await response.json().catch(() => undefined)
  const problem: Partial<Record<string, unknown>> = typeof body === 'object' && body !== null ? { ...body } : {}
  return {
    status: response.status,
    body,
    code: textOf(problem['code'], ''),
    detail: textOf(problem['detail'], textOf(problem['title'], `The answer was ${response.status}.`)),
    retryAfterMs: pauseOf(response.headers.get('retry-after'), nowMs),
  }
}

function textOf(value: unknown, otherwise: string): string {
  return typeof value === 'string' ? value : otherwise
}

/** Seconds, or a date, which the till's clock may misread: never more than an hour. */
function pauseOf(header: string | null, nowMs: number): number {
  if (header === null || header.trim() === '') return 0
  const ms = /^\d+$/.test(header) ? Number(header) * 1000 : Date.parse(header) - nowMs
  return Number.isNaN(ms) ? 0 : Math.min(Math.max(ms, 0), MAX_RETRY_AFTER_MS)
}

function isFatal(code: string): code is TillProblem {
  return FATAL.has(code)
}

function again(problem: TillProblem, detail: string): Extract<Outcome, { kind: 'again' }> {
  return { kind: 'again', problem, detail, afterMs: 0 }
}

function reached(error: unknown): string {
  return error instanceof Error ? error.message : 'No answer.'
}

function timer(work: () => void, ms: number): () => void {
  const id = setTimeout(work, ms)
  return () => clearTimeout(id)
}
