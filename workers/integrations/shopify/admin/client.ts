import { z } from 'zod'
import { logLine } from '../../../platform/log.ts'
import { shopAddress } from '../address.ts'
import { untilDeadline } from '../deadline.ts'
import { shopifyAccess } from './access.ts'
import type { AdminAnswer, AdminFault, AdminProblem, ShopRef } from './answer.ts'
import { QueryCost, refillMs, reserve } from './cost.ts'
import type { AdminDocument } from './document.ts'
import { ADMIN_API_VERSION } from './version.ts'

/**
 * Asks the shop's Admin API. Not the library's client: that one hides from us whether a request was sent, which decides
 * whether a redemption may be given up (ADR 0010).
 */

const GraphQlError = z.object({
  message: z.string(),
  extensions: z.object({ code: z.string().optional() }).optional(),
  path: z.array(z.union([z.string(), z.number()])).optional(),
})
const Envelope = z.object({
  data: z.record(z.string(), z.unknown()).nullish(),
  errors: z.array(GraphQlError).nonempty().optional(),
  extensions: z.object({ cost: QueryCost.optional() }).optional(),
})
type Envelope = z.infer<typeof Envelope>

/** What became of one request: an answer, or what to do about it. */
type Attempt =
  | { readonly kind: 'answer'; readonly data: unknown }
  | { readonly kind: 'token_refused' }
  | { readonly kind: 'wait'; readonly delayMs: number }
  | { readonly kind: 'fault'; readonly fault: AdminFault }

/** Where Shopify names no time to wait. */
const DEFAULT_RETRY_AFTER_MS = 2_000
/** Also where its numbers say that there is nothing to wait for. */
const LEAST_WAIT_MS = 100
/**
 * Codes of GraphQL errors behind which something on Shopify's side went wrong, not something of ours. None at all is one of
 * them: whatever Shopify has against a request, it names.
 */
const OUTAGES = new Set(['INTERNAL_SERVER_ERROR', 'TIMEOUT', 'SERVICE_UNAVAILABLE', ''])
/** Of the 4xx the one that says nothing about whether the request arrived. */
const REQUEST_TIMEOUT = 408

const untilLater = (delayMs: number) => new Promise((resolve) => setTimeout(resolve, delayMs))

/**
 * Sends a document and answers its data, read by the document's schema. Waits out throttling and replaces a refused
 * token as far as the deadline allows. Never throws for what Shopify or the network does.
 * @param deadlineMs on the scale of `Date.now()`
 */
export async function askAdmin<Data, Variables>(
  env: Env,
  shop: ShopRef,
  document: AdminDocument<Data, Variables>,
  variables: Variables,
  deadlineMs: number,
): Promise<AdminAnswer<Data>> {
  let refused: string | null = null
  for (;;) {
    const access = await accessBefore(env, shop, refused, deadlineMs)
    if (!access.ok) return faulty(access.fault)
    const attempt = await attemptOnce(env, shop, document, { variables, token: access.token, deadlineMs })
    switch (attempt.kind) {
      case 'answer': {
        const read = document.answer.safeParse(attempt.data)
        if (read.success) return { ok: true, data: read.data }
        return faulty(unreadable(shop, document))
      }
      case 'fault':
        return faulty(attempt.fault)
      case 'token_refused':
        // Also a token that was just made: the app is no longer installed there.
        if (refused !== null) return faulty({ kind: 'not_connected' })
        refused = access.token
        break
      case 'wait':
        if (Date.now() + attempt.delayMs >= deadlineMs) {
          return faulty({ kind: 'throttled', retryAfterMs: attempt.delayMs })
        }
        await untilLater(attempt.delayMs)
        break
    }
  }
}

type Access = { readonly ok: true; readonly token: string } | { readonly ok: false; readonly fault: AdminFault }

const NOTHING_SENT = { ok: false, fault: { kind: 'unavailable', maybeDone: false } } as const

/** The shop's token, if the hub has one before the deadline; a refresh that takes longer goes on without us. */
async function accessBefore(env: Env, shop: ShopRef, refused: string | null, deadlineMs: number): Promise<Access> {
  const { promise: late, resolve } = Promise.withResolvers<Access>()
  const timer = setTimeout(() => resolve(NOTHING_SENT), Math.max(0, deadlineMs - Date.now()))
  const asked = shopifyAccess(env, shop, refused).then(
    (access): Access => {
      if (access.ok) return { ok: true, token: access.accessToken }
      return access.problem === 'not_connected' ? { ok: false, fault: { kind: 'not_connected' } } : NOTHING_SENT
    },
    () => NOTHING_SENT,
  )
  try {
    return await Promise.race([asked, late])
  } finally {
    clearTimeout(timer)
  }
}

interface Sending {
  readonly variables: unknown
  readonly token: string
  readonly deadlineMs: number
}

async function attemptOnce(
  env: Env,
  shop: ShopRef,
  document: AdminDocument<unknown, never>,
  sending: Sending,
): Promise<Attempt> {
  const reservation = reserve(shop.merchantId, document.text, Date.now())
  if (Date.now() + reservation.waitMs >= sending.deadlineMs) {
    reservation.end(null, Date.now())
    return reservation.waitMs > 0 ? { kind: 'wait', delayMs: reservation.waitMs } : fault(NOTHING_SENT.fault)
  }
  if (reservation.waitMs > 0) await untilLater(reservation.waitMs)
  const maybeDone = document.kind === 'mutation'
  let cost: QueryCost | null = null
  try {
    const answer = await untilDeadline(sending.deadlineMs, (signal) => send(env, shop, document, sending, signal))
    if (!(answer instanceof Response)) {
      cost = answer.extensions?.cost ?? null
      return attemptOfEnvelope(answer, maybeDone)
    }
    return attemptOfStatus(answer, maybeDone)
  } catch {
    // The connection broke, the time was over, or what came is no answer of the Admin API.
    return fault({ kind: 'unavailable', maybeDone })
  } finally {
    reservation.end(cost, Date.now())
  }
}

/** The answer's body, or the response itself where its status already says that there is no answer. */
async function send(
  env: Env,
  shop: ShopRef,
  { text: query }: AdminDocument<unknown, never>,
  { variables, token }: Sending,
  signal: AbortSignal,
): Promise<Envelope | Response> {
  const { url, headers } = shopAddress(env, shop.domain, `/admin/api/${ADMIN_API_VERSION}/graphql.json`)
  const response = await fetch(url, {
    method: 'POST',
    headers: {
      ...headers,
      'Content-Type': 'application/json',
      Accept: 'application/json',
      'X-Shopify-Access-Token': token,
      'User-Agent': 'LoyalNest',
    },
    body: JSON.stringify({ query, variables }),
    redirect: 'manual',
    signal,
  })
  if (response.status === 200) return Envelope.parse(await response.json())
  await response.body?.cancel()
  return response
}

/** What a status other than 200 says. */
function attemptOfStatus({ status, headers }: Response, maybeDone: boolean): Attempt {
  if (status === 401) return { kind: 'token_refused' }
  if (status === 429) return { kind: 'wait', delayMs: retryAfterMs(headers) }
  // Shopify's 4xx say that nothing was done: 402 a frozen shop, 403 and 404 no access, 423 a locked one.
  if (status >= 400 && status < 500 && status !== REQUEST_TIMEOUT) {
    const message = `Shopify answered with the status ${status}.`
    return fault({ kind: 'refused', problems: [{ code: `HTTP_${status}`, field: '', message }] })
  }
  return fault({ kind: 'unavailable', maybeDone })
}

function retryAfterMs(headers: Headers): number {
  const seconds = Number(headers.get('retry-after') ?? '')
  return Number.isFinite(seconds) && seconds > 0 ? Math.ceil(seconds * 1_000) : DEFAULT_RETRY_AFTER_MS
}

function attemptOfEnvelope({ data, errors, extensions }: Envelope, maybeDone: boolean): Attempt {
  if (errors === undefined) return { kind: 'answer', data }
  // Something may be wrong with a part of the answer only, after the change itself was made.
  const hasData = Object.values(data ?? {}).some((part) => part !== null)
  const codes = errors.map((error) => error.extensions?.code ?? '')
  if (codes.some((code) => OUTAGES.has(code)) || (maybeDone && hasData)) {
    return fault({ kind: 'unavailable', maybeDone })
  }
  if (codes.includes('THROTTLED')) {
    const { cost } = extensions ?? {}
    return { kind: 'wait', delayMs: cost ? Math.max(LEAST_WAIT_MS, refillMs(cost)) : DEFAULT_RETRY_AFTER_MS }
  }
  return fault({ kind: 'refused', problems: errors.map(problemOfError) })
}

function problemOfError({ message, path, extensions }: z.infer<typeof GraphQlError>): AdminProblem {
  const code = extensions?.code ?? null
  const hint = code === 'ACCESS_DENIED' ? ' LoyalNest lacks a scope: the merchant must open the app and grant it.' : ''
  return { code, field: (path ?? []).join('.'), message: `${message}${hint}` }
}

function unreadable(shop: ShopRef, { kind, text }: AdminDocument<unknown, never>): AdminFault {
  const name = /^\w+ (\w+)/.exec(text)?.[1] ?? ''
  logLine('error', 'unreadable answer of the Admin API', { merchant_id: shop.merchantId, document: name })
  return { kind: 'unavailable', maybeDone: kind === 'mutation' }
}

function fault(what: AdminFault): Attempt {
  return { kind: 'fault', fault: what }
}

export function faulty(what: AdminFault): { readonly ok: false; readonly fault: AdminFault } {
  return { ok: false, fault: what }
}
