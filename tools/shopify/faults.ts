import { ServerResponse } from 'node:http'
import { setTimeout as delay } from 'node:timers/promises'
import { RESPONSE_ALREADY_SENT } from '@hono/node-server/utils/response'
import type { Context } from 'hono'
import { z } from 'zod'

/** Troubles that tests order: what Shopify does on a bad day. */
export const Fault = z
  .object({
    /** A root field of the Admin API such as `discountRedeemCodeBulkAdd`, `oauth` for the token endpoint, `*` for all. */
    match: z.string().min(1),
    effect: z.enum([
      'status_500',
      'status_429',
      // 200 with the error THROTTLED
      'throttled',
      // does it, and answers after `delay_ms`
      'slow',
      // hangs up without having done it
      'drop_before',
      // does it, and hangs up instead of answering
      'drop_after',
      // refuses a mutation with a userError
      'user_error',
      // does nothing and never answers
      'silent',
    ]),
    times: z.int().min(1).default(1),
    delay_ms: z.int().min(0).max(60_000).default(3_000),
  })
  .refine(({ match, effect }) => match !== 'oauth' || (effect !== 'throttled' && effect !== 'user_error'), {
    message: 'is nothing that the token endpoint does',
    path: ['effect'],
  })
export type Fault = z.infer<typeof Fault>

/** The ordered faults, by shop; in memory only. */
export class Faults {
  readonly #ordered = new Map<string, Fault[]>()

  /** Replaces what was ordered for the shop. */
  order(shop: string, faults: readonly Fault[]): void {
    this.#ordered.set(shop, [...faults])
  }

  /** What is still to come. */
  left(shop: string): readonly Fault[] {
    return this.#ordered.get(shop) ?? []
  }

  /** The first fault that matches one of the names, once less often from now on. */
  take(shop: string, names: readonly string[]): Fault | undefined {
    const ordered = this.#ordered.get(shop) ?? []
    const index = ordered.findIndex(({ match }) => match === '*' || names.includes(match))
    const fault = ordered[index]
    if (!fault) return undefined
    if (fault.times > 1) ordered[index] = { ...fault, times: fault.times - 1 }
    else ordered.splice(index, 1)
    return fault
  }
}

/** Answers as the fault says. `throttled` and `user_error` are up to `run`. */
export async function withFault(
  c: Context,
  fault: Fault | undefined,
  run: (fault: Fault | undefined) => Promise<Response>,
): Promise<Response> {
  switch (fault?.effect) {
    case 'status_500':
      return c.json({ errors: 'Internal Server Error' }, 500)
    case 'status_429':
      return c.json({ errors: 'Exceeded 2 calls per second for api client. Reduce request rates.' }, 429, {
        'retry-after': '2.0',
      })
    case 'slow':
      await delay(fault.delay_ms)
      return run(fault)
    case 'drop_before':
      return hangUp(c)
    case 'drop_after':
      await run(fault)
      return hangUp(c)
    case 'silent':
      await new Promise((gone) => outgoingOf(c).once('close', gone))
      return RESPONSE_ALREADY_SENT
    case 'throttled':
    case 'user_error':
    case undefined:
      return run(fault)
  }
}

function hangUp(c: Context): Response {
  outgoingOf(c).destroy()
  return RESPONSE_ALREADY_SENT
}

function outgoingOf(c: Context): ServerResponse {
  return z.object({ outgoing: z.instanceof(ServerResponse) }).parse(c.env).outgoing
}
