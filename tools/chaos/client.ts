import { createHash, randomUUID } from 'node:crypto'
import { setTimeout as delay } from 'node:timers/promises'
import type { LocalInfo } from '../local/info.ts'
import { apiOf } from '../testing/api.ts'
import { sendWebhook, signedWebhook } from '../testing/webhooks.ts'

/** How the outside world asks: again and again with the same key, until there is an answer that counts. */

/** An answer that stays: what was booked, or a refusal that says so. */
export interface FinalAnswer {
  readonly status: number
  readonly text: string
  readonly attempts: number
}

/** Counted over a run. */
export interface Traffic {
  requests: number
  failures: number
}

export class Caller {
  readonly info: LocalInfo
  readonly traffic: Traffic = { requests: 0, failures: 0 }
  readonly #patienceMs: () => number

  /** @param patienceMs how long an answer may take before the client gives up and asks again. */
  constructor(info: LocalInfo, patienceMs: () => number) {
    this.info = info
    this.#patienceMs = patienceMs
  }

  /** A write of the public API, until its answer is final. */
  async write(path: string, key: string, body: unknown): Promise<FinalAnswer> {
    return this.#untilFinal(() => apiOf(this.info).call('POST', path, body, { 'idempotency-key': key }))
  }

  /** A webhook, until it is taken; as Shopify, which tries for hours. */
  async webhook(topic: string, payload: string): Promise<FinalAnswer> {
    return this.#untilFinal(() => sendWebhook(this.info, signedWebhook(this.info, topic, payload)))
  }

  /** A read; null where there was no answer. */
  async read(path: string): Promise<unknown> {
    const answer = await this.#once(() => apiOf(this.info).call('GET', path))
    if (answer?.status !== 200) return null
    const body: unknown = JSON.parse(answer.text)
    return body
  }

  async #untilFinal(send: () => Promise<Response>): Promise<FinalAnswer> {
    for (let attempts = 1; ; attempts += 1) {
      const answer = await this.#once(send)
      if (answer !== null && answer.status < 500 && answer.status !== 429) return { ...answer, attempts }
      await delay(50 + Math.min(attempts, 10) * 40)
    }
  }

  async #once(send: () => Promise<Response>): Promise<{ status: number; text: string } | null> {
    this.traffic.requests += 1
    const giveUp = Promise.withResolvers<null>()
    const timer = setTimeout(() => giveUp.resolve(null), this.#patienceMs())
    const answer = send()
      .then(async (response) => ({ status: response.status, text: await response.text() }))
      .catch(() => null)
    const first = await Promise.race([answer, giveUp.promise])
    clearTimeout(timer)
    if (first === null || first.status >= 500) this.traffic.failures += 1
    return first
  }
}

export function sha256(text: string): string {
  return createHash('sha256').update(text).digest('hex')
}

/** A key or a business id that nobody else has. */
export const freshId = (): string => randomUUID()
