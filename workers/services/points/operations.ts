import type { z } from 'zod'
import { type Refusal, refuse } from '../../../domain/contracts/errors.ts'
import type { CustomerRef } from '../../../domain/contracts/ids.ts'
import type { AdjustAnswer, AdjustRequest, PointsWritten } from '../../../domain/contracts/points.ts'
import { simulate } from '../../../domain/earning/simulate.ts'
import type { Command } from '../../../domain/ledger/types.ts'
import type { ExecuteReply } from '../../../durable-objects/kernel/protocol.ts'
import { merchantHub } from '../../../durable-objects/kernel/stubs.ts'
import { callAccount, targetAccount, unknownCustomer } from '../../platform/account.ts'
import { answerOnce, storedAnswer } from '../../platform/claims.ts'
import { bookingSettings, readSettings } from '../../platform/control.ts'
import { checkHealth } from '../../platform/health.ts'
import type { Answer, Caller, HandlerContext, Handlers } from '../../platform/handler.ts'
import { issueStreamTicket } from '../../platform/token.ts'
import { emptyBalance } from './account.ts'
import { listAdjustments } from './adjustment-rows.ts'
import { askForApproval, decideAdjustment, needsSecondPerson } from './adjustments.ts'
import { devices } from './devices.ts'
import { sync } from './sync.ts'
import { aboutAmount, adjustCommand, derivedId, earnCommand, redeemCommand, type WriteContext } from './writes.ts'

/** An object that holds nobody's data; asking it shows that objects answer. */
const HEALTH_MERCHANT = '00000000-0000-0000-0000-000000000000'

function callerOf({ caller }: HandlerContext): Caller {
  if (!caller) throw new Error('the guard lets nobody unknown here')
  return caller
}

/** Who writes, and under which key. */
function writerOf(context: HandlerContext) {
  const caller = callerOf(context)
  const { claim } = context
  if (caller.principal.kind !== 'api_key' || !claim)
    throw new Error('the guard lets only claimed writes of API keys here')
  return { caller, shop: caller.shop, by: `api_key:${caller.principal.id}`, claim }
}

/** Books one command of an API key in the customer's object and passes the object's exact answer on. */
async function book(
  context: HandlerContext,
  customer: CustomerRef,
  toCommand: (write: WriteContext) => Command | Refusal,
): Promise<Answer<z.input<typeof PointsWritten>>> {
  const { env, nowMs } = context
  const { caller, by, claim } = writerOf(context)
  const target = targetAccount(caller, customer)
  if (!target.ok) return target
  const { ref } = target
  const settings = await bookingSettings(env, ref.merchantId)
  const base = { source: 'api' as const, actor: by, effectiveAtMs: nowMs }
  const command = toCommand({ settings, base, claim })
  if ('ok' in command) return command
  if (target.mustExist && (await callAccount(env, ref, (stub) => stub.balance(ref))) === null) return unknownCustomer()
  return toAnswer(await callAccount(env, ref, (stub) => stub.execute(ref, command, claim)))
}

/**
 * Books a correction, or has it wait for a second person. Whichever it was under this key, it stays so, though the shop's
 * limit has changed since.
 */
async function adjust(context: HandlerContext, body: AdjustRequest): Promise<Answer<z.input<typeof AdjustAnswer>>> {
  const { env, nowMs } = context
  const { caller, shop, by, claim } = writerOf(context)
  const waiting = await storedAnswer(env, shop.merchantId, claim, nowMs)
  if (waiting) return waiting
  const { settings } = await readSettings(env, shop.merchantId)
  if (!needsSecondPerson(body.points, settings.adjustments.approval_above_points)) {
    return book(context, body.customer_id, (write) =>
      adjustCommand(body, body.adjustment_id ?? derivedId(write.claim), write),
    )
  }
  const target = targetAccount(caller, body.customer_id)
  if (!target.ok) return target
  const { ref, mustExist } = target
  const booked = await callAccount(env, ref, (stub) => stub.answerTo(ref, claim))
  if (booked) return toAnswer(booked)
  if (mustExist && (await callAccount(env, ref, (stub) => stub.balance(ref))) === null) return unknownCustomer()
  return askForApproval(env, { body, ref, claim, by, nowMs })
}

/** The object's exact answer, for the gateway. */
function toAnswer(reply: ExecuteReply): Answer<z.input<typeof PointsWritten>> {
  if (reply.ok) return { ok: true, json: reply.body, replayed: reply.replayed }
  return { ...reply.refusal, replayed: reply.replayed }
}

/** The points of one customer: every write is one command in the customer's object, every read one hop to it. */
export const points: Handlers<
  | 'points.earn'
  | 'points.redeem'
  | 'points.adjust'
  | 'points.listAdjustments'
  | 'points.decideAdjustment'
  | 'points.balance'
  | 'points.transactions'
  | 'points.simulate'
  | 'points.streamTicket'
  | 'points.health'
  | keyof typeof devices
  | keyof typeof sync
> = {
  ...devices,
  ...sync,
  'points.earn': async (context, { body }) =>
    aboutAmount(body, await book(context, body.customer_id, (write) => earnCommand(body, write))),
  'points.redeem': (context, { body }) => book(context, body.customer_id, (write) => redeemCommand(body, write)),
  'points.adjust': (context, { body }) => adjust(context, body),

  async 'points.listAdjustments'(context, { query }) {
    const { shop } = callerOf(context)
    const page = await listAdjustments(context.env, shop.merchantId, query, context.nowMs)
    return page === undefined
      ? refuse('validation_failed', 'The cursor is not one that this list gave out.', '/cursor')
      : { ok: true, body: page }
  },

  async 'points.decideAdjustment'(context, { params, body }) {
    const { env, nowMs } = context
    const { shop, by, claim } = writerOf(context)
    const decision = { id: params.id, decision: body.decision, note: body.note ?? null, by, nowMs }
    return answerOnce(env, shop.merchantId, claim, nowMs, () => decideAdjustment(env, shop, decision))
  },

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
