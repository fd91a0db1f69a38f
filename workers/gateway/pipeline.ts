import type { OPERATIONS } from '../../domain/contracts/operations.ts'
import type { Operation } from '../../domain/contracts/operations/operation.ts'
import type { IdempotencyClaim } from '../../durable-objects/kernel/protocol.ts'
import type { Answer, Caller, HandlerContext } from '../platform/handler.ts'
import { type Exchange, jsonResponse, problemResponse } from './exchange.ts'
import { authenticate } from './middleware/auth.ts'
import { allowAnyOrigin, allowOrigin, checkCallerOrigin } from './middleware/cors.ts'
import { readClaim } from './middleware/idempotency.ts'
import { type Quota, shopperQuota } from './middleware/quotas.ts'
import { limitRate } from './middleware/rate-limit.ts'
import { readInput } from './middleware/validate.ts'
import { problemOf } from './problem.ts'

/** An operation of the generic pipeline. */
export type ServedOperation = (typeof OPERATIONS)[number]
/** A handler whose input has not been matched to it yet. */
export type AnyHandler = (context: HandlerContext, input: never) => Promise<Answer<unknown>>

/** Which quota a request counts against, and whose. */
function quotaOf(operation: ServedOperation, caller: Caller | null, exchange: Exchange): readonly [Quota, string] {
  const { rateClass } = operation
  if (caller === null) return [rateClass, exchange.address]
  const { principal, shop } = caller
  // One shopper must not use up what the shop's own server may do, nor the shop's hub and Admin API.
  if (principal.kind === 'shopper') return [shopperQuota(operation), principal.customerId]
  // Visitors have no name, and some come from Shopify's addresses: what they ask for counts as reads of their shop.
  if (principal.kind === 'visitor') return ['read', shop.merchantId]
  if (principal.kind === 'device') return [rateClass, principal.deviceId]
  return [rateClass, shop.merchantId]
}

/**
 * One request of one operation: who → how often → what → once → the handler. Everything is checked before the handler
 * runs; a refusal ends it by a thrown `Problem`.
 */
export async function serve(
  operation: ServedOperation,
  handler: AnyHandler,
  exchange: Exchange,
  pathParams: Record<string, string>,
): Promise<Response> {
  const declared: Operation = operation
  if (operation.access.kind === 'device') allowAnyOrigin(exchange)
  else await allowOrigin(exchange)
  const caller = await authenticate(exchange, operation.access, declared.bodyLimitBytes)
  if (caller) {
    exchange.merchantId = caller.shop.merchantId
    checkCallerOrigin(exchange, caller)
  }
  await limitRate(exchange, ...quotaOf(operation, caller, exchange))
  const input = await readInput(declared, exchange, pathParams)
  const claim = operation.idempotencyKey && caller ? readClaim(exchange.request, operation.id, caller, input) : null
  const context: HandlerContext = {
    env: exchange.env,
    request: exchange.request,
    requestId: exchange.requestId,
    nowMs: exchange.startedAtMs,
    caller,
    claim,
  }
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- readInput parsed it with this operation's own schemas
  return respond(declared, exchange, claim, await handler(context, input as never))
}

function respond(
  operation: Operation,
  exchange: Exchange,
  claim: IdempotencyClaim | null,
  answer: Answer<unknown>,
): Response {
  if ('replayed' in answer && answer.replayed) exchange.headers['idempotency-replayed'] = 'true'
  if (answer.ok) {
    return jsonResponse(exchange, operation.status, 'json' in answer ? answer.json : JSON.stringify(answer.body))
  }
  const problem = problemOf(answer, operation.body === undefined ? 'parameter' : 'body')
  // A refusal that sticks to its key is replayed byte for byte, so it cannot name the one request it answered.
  return problemResponse(exchange, problem, claim ? `urn:loyalnest:claim:${claim.fingerprint}` : undefined)
}
