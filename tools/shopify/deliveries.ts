import { randomUUID } from 'node:crypto'
import { setImmediate as nextTurn } from 'node:timers/promises'
import { z } from 'zod'
import { webhookSignature } from './signatures.ts'
import type { Delivery, Store } from './store.ts'

/** The Admin API version that the webhooks speak. */
export const API_VERSION = '2026-10'

/** Shopify waits this long for an answer, connecting included. */
const ANSWER_WITHIN_MS = 5_000

/** Eight retries within four hours, in growing gaps. Shopify documents the number and the span, not the gaps. */
export const RETRY_GAPS_MS: readonly number[] = [10, 60, 300, 600, 1_200, 2_400, 3_600, 6_230].map((s) => s * 1_000)

/** How late "late" is. */
export const LATE_MS = 30_000

/** Of a lossy shop one of so many webhooks leaves: an order that is paid at once is told of twice. */
const LEAVES_EACH = 3

/** How many webhooks travel at a time. */
const IN_FLIGHT = 24

/** What happens to webhooks that are made from now on. */
export const DeliveryMode = z.enum(['at_once', 'late', 'hold', 'lossy'])
export type DeliveryMode = z.infer<typeof DeliveryMode>

export interface WebhookOptions {
  readonly store: Store
  readonly appOrigin: string
  readonly shop: string
  readonly clientSecret: string
  /** Divides the gaps between retries, for tests. */
  readonly speedUp: number
}

/**
 * Sends webhooks as Shopify does: signed over the raw body, 5 seconds to answer, anything but 2xx is a failure, eight
 * retries of the same body, no order kept. What is not delivered when the process ends is resumed by the next one.
 */
export class Webhooks {
  readonly #options: WebhookOptions
  readonly #inFlight = new Map<number, Promise<void>>()
  readonly #closing = new AbortController()
  #timer: ReturnType<typeof setTimeout> | undefined

  constructor(options: WebhookOptions) {
    this.#options = options
    this.#pump()
  }

  get mode(): DeliveryMode {
    return DeliveryMode.catch('at_once').parse(this.#options.store.setting('delivery_mode'))
  }

  set mode(mode: DeliveryMode) {
    this.#options.store.setSetting('delivery_mode', mode)
  }

  /**
   * Makes a webhook. `eventId` is shared by the topics that one event causes. It leaves at the next turn of the event
   * loop, so that a transaction around this call ends first.
   */
  enqueue(topic: string, body: string, eventId: string, orderNumber: number | null): void {
    const { mode } = this
    const now = Date.now()
    const isLost = mode === 'lossy' && this.#options.store.next('lossy', 1) % LEAVES_EACH !== 0
    const isHeld = mode === 'hold'
    this.#options.store.addDelivery({
      webhook_id: randomUUID(),
      event_id: eventId,
      topic,
      body,
      triggered_at: new Date(now).toISOString(),
      order_number: orderNumber,
      state: isLost ? 'failed' : isHeld ? 'held' : 'waiting',
      next_attempt_at_ms: isHeld || isLost ? null : mode === 'late' ? now + LATE_MS : now,
      note: isLost ? 'lost' : mode === 'late' ? 'late' : null,
    })
    void nextTurn().then(() => this.#pump())
  }

  /** Sends one again as it was, with the same webhook id: what Shopify calls at-least-once. */
  sendAgain(id: number, delayMs: number): void {
    const original = this.#options.store.delivery(id)
    if (!original) return
    this.#options.store.addDelivery({
      ...original,
      state: 'waiting',
      next_attempt_at_ms: Date.now() + delayMs,
      note: delayMs === 0 ? 'sent again' : 'sent again, late',
    })
    this.#pump()
  }

  /** Lets one held delivery go. */
  release(id: number): void {
    const held = this.#options.store.delivery(id)
    if (held?.state !== 'held') return
    this.#options.store.updateDelivery({ ...held, state: 'waiting', next_attempt_at_ms: Date.now() })
    this.#pump()
  }

  /** Lets all held ones go, one after the other's answer: in order, or the newest first. */
  async releaseAll(order: 'in_order' | 'newest_first'): Promise<void> {
    const held = this.#options.store.heldDeliveries()
    for (const delivery of order === 'in_order' ? held : held.toReversed()) {
      this.release(delivery.id)
      await this.#inFlight.get(delivery.id)
    }
  }

  /** Stops sending; what travels is given up and sent again by the next start. */
  async close(): Promise<void> {
    clearTimeout(this.#timer)
    this.#closing.abort()
    await Promise.all(this.#inFlight.values())
  }

  #pump(): void {
    if (this.#closing.signal.aborted) return
    clearTimeout(this.#timer)
    const now = Date.now()
    const { store } = this.#options
    for (const delivery of store.dueDeliveries(now, IN_FLIGHT * 2)) {
      if (this.#inFlight.size >= IN_FLIGHT) return
      if (this.#inFlight.has(delivery.id)) continue
      const sent = this.#send(delivery).finally(() => {
        this.#inFlight.delete(delivery.id)
        this.#pump()
      })
      this.#inFlight.set(delivery.id, sent)
    }
    const nextAtMs = store.nextDueAtMs(now)
    if (nextAtMs !== undefined) this.#timer = setTimeout(() => this.#pump(), nextAtMs - now)
  }

  async #send(delivery: Delivery): Promise<void> {
    const outcome = await this.#post(delivery)
    if (this.#closing.signal.aborted) return
    const attempts = delivery.attempts + 1
    const gapMs = RETRY_GAPS_MS[delivery.attempts]
    const done = outcome.delivered || gapMs === undefined
    this.#options.store.updateDelivery({
      ...delivery,
      attempts,
      state: outcome.delivered ? 'delivered' : done ? 'failed' : 'waiting',
      next_attempt_at_ms: done ? null : Date.now() + Math.ceil(gapMs / this.#options.speedUp),
      last_outcome: outcome.text,
    })
  }

  async #post(delivery: Delivery): Promise<{ delivered: boolean; text: string }> {
    const { appOrigin, shop, clientSecret } = this.#options
    try {
      const response = await fetch(`${appOrigin}/v1/api/webhooks/${delivery.topic}`, {
        method: 'POST',
        redirect: 'manual',
        signal: AbortSignal.any([AbortSignal.timeout(ANSWER_WITHIN_MS), this.#closing.signal]),
        headers: {
          'content-type': 'application/json',
          'user-agent': 'Shopify-Captain-Hook',
          'x-shopify-topic': delivery.topic,
          'x-shopify-hmac-sha256': webhookSignature(delivery.body, clientSecret),
          'x-shopify-shop-domain': shop,
          'x-shopify-api-version': API_VERSION,
          'x-shopify-webhook-id': delivery.webhook_id,
          'x-shopify-event-id': delivery.event_id,
          'x-shopify-triggered-at': delivery.triggered_at,
        },
        body: delivery.body,
      })
      await response.body?.cancel()
      return { delivered: response.ok, text: String(response.status) }
    } catch (error) {
      const timedOut = error instanceof Error && error.name === 'TimeoutError'
      return { delivered: false, text: timedOut ? 'no answer within 5 s' : 'no connection' }
    }
  }
}
