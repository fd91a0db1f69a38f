import type { z } from 'zod'
import { type Refusal, refuse } from '../../../domain/contracts/errors.ts'
import type { CustomerRef } from '../../../domain/contracts/ids.ts'
import type { PointsWritten } from '../../../domain/contracts/points.ts'
import { simulate } from '../../../domain/earning/simulate.ts'
import type { Command } from '../../../domain/ledger/types.ts'
import { merchantHub } from '../../../durable-objects/kernel/stubs.ts'
import { callAccount, targetAccount, unknownCustomer } from '../../platform/account.ts'
import { bookingSettings } from '../../platform/control.ts'
import { checkHealth } from '../../platform/health.ts'
import type { Answer, Caller, HandlerContext, Handlers } from '../../platform/handler.ts'
import { issueStreamTicket } from '../../platform/token.ts'
import { emptyBalance } from './account.ts'
import { aboutAmount, adjustCommand, earnCommand, redeemCommand, type WriteContext } from './writes.ts'

/** An object that holds nobody's data; asking it shows that objects answer. */
const HEALTH_MERCHANT = '00000000-0000-0000-0000-000000000000'

function callerOf({ caller }: HandlerContext): Caller {
  if (!caller) throw new Error('the guard lets nobody unknown here')
  return caller
}

/** Books one command of an API key in the customer's object and passes the object's exact answer on. */
async function book(
  context: HandlerContext,
  customer: CustomerRef,
  toCommand: (write: WriteContext) => Command | Refusal,
): Promise<Answer<z.input<typeof PointsWritten>>> {
  const { env, claim, nowMs } = context
  const caller = callerOf(context)
  if (caller.principal.kind !== 'api_key' || !claim)
    throw new Error('the guard lets only claimed writes of API keys here')
  const target = targetAccount(caller, customer)
  if (!target.ok) return target
  const { ref } = target
  const settings = await bookingSettings(env, ref.merchantId)
  const base = { source: 'api' as const, actor: `api_key:${caller.principal.id}`, effectiveAtMs: nowMs }
  const command = toCommand({ settings, base, claim })
  if ('ok' in command) return command
  if (target.mustExist && (await callAccount(env, ref, (stub) => stub.balance(ref))) === null) return unknownCustomer()
  const reply = await callAccount(env, ref, (stub) => stub.execute(ref, command, claim))
  if (reply.ok) return { ok: true, json: reply.body, replayed: reply.replayed }
  return { ...reply.refusal, replayed: reply.replayed }
}

/** The points of one customer: every write is one command in the customer's object, every read one hop to it. */
export const points: Handlers<
  | 'points.earn'
  | 'points.redeem'
  | 'points.adjust'
  | 'points.balance'
  | 'points.transactions'
  | 'points.simulate'
  | 'points.streamTicket'
  | 'points.health'
> = {
  'points.earn': async (context, { body }) =>
    aboutAmount(body, await book(context, body.customer_id, (write) => earnCommand(body, write))),
  'points.redeem': (context, { body }) => book(context, body.customer_id, (write) => redeemCommand(body, write)),
  'points.adjust': (context, { body }) => book(context, body.customer_id, (write) => adjustCommand(body, write)),

  async 'points.balance'(context, { query }) {
    const target = targetAccount(callerOf(context), query.customer_id)
    if (!target.ok) return target
    const { ref, mustExist } = target
    const balance = await callAccount(context.env, ref, (stub) => stub.balance(ref))
    if (balance) return { ok: true, body: balance }
    return mustExist ? unknownCustomer() : { ok: true, body: emptyBalance(ref.customerId, context.nowMs) }
  },

  async 'points.transactions'(context, { query }) {
    const target = targetAccount(callerOf(context), query.customer_id)
    if (!target.ok) return target
    if (query.cursor !== undefined && !/^[1-9][0-9]{0,14}$/.test(query.cursor)) {
      return refuse('validation_failed', 'cursor must be the next_cursor of the page before.', '/cursor')
    }
    const { ref, mustExist } = target
    const page = {
      beforeSeq: query.cursor === undefined ? null : Number(query.cursor),
      limit: query.limit,
      orderGid: query.order_id ?? null,
    }
    const answer = await callAccount(context.env, ref, (stub) => stub.transactions(ref, page))
    if (answer) return { ok: true, body: answer }
    return mustExist ? unknownCustomer() : { ok: true, body: { transactions: [], next_cursor: null } }
  },

  async 'points.simulate'(context, { body }) {
    const { env, nowMs } = context
    const settings = await bookingSettings(env, callerOf(context).shop.merchantId)
    const answer = simulate(body, settings, nowMs)
    return answer.ok ? { ok: true, body: answer.simulation } : answer
  },

  async 'points.streamTicket'(context) {
    const { env, request, nowMs } = context
    const { shop, principal } = callerOf(context)
    if (principal.kind !== 'shopper') throw new Error('the guard lets only shoppers here')
    const origin = request.headers.get('origin')
    if (origin === null || !shop.storefrontOrigins.includes(origin)) {
      return refuse(
        'origin_not_allowed',
        "Ask from a page of the shop's storefront: the ticket is bound to its origin.",
      )
    }
    const { customerId, customerGid } = principal
    const subject = { merchantId: shop.merchantId, customerId, customerGid }
    const { token, expiresAtMs } = await issueStreamTicket(env, subject, origin, nowMs)
    const url = new URL('/api/points/stream', env.APP_ORIGIN.replace(/^http/, 'ws'))
    url.searchParams.set('ticket', token)
    return { ok: true, body: { ticket: token, expires_at: new Date(expiresAtMs).toISOString(), url: url.href } }
  },

  'points.health': ({ env }) =>
    checkHealth('points', { objects: () => merchantHub(env, HEALTH_MERCHANT).status(HEALTH_MERCHANT) }),
}
