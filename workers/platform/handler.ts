import type { Refusal } from '../../domain/contracts/errors.ts'
import type { CustomerId } from '../../domain/contracts/ids.ts'
import type { OPERATIONS, OperationId } from '../../domain/contracts/operations.ts'
import type { Permission } from '../../domain/contracts/permissions.ts'
import type { IdempotencyClaim } from '../../durable-objects/kernel/protocol.ts'
import type { z } from 'zod'
import type { Shop } from './control.ts'

/** Who calls, as the gateway's guard verified it. */
export type Principal =
  | { readonly kind: 'api_key'; readonly id: string; readonly permissions: readonly Permission[] }
  | { readonly kind: 'shopper'; readonly customerId: CustomerId; readonly customerGid: string }
  /** A page of the shop's storefront where nobody is logged in. */
  | { readonly kind: 'visitor' }
  /** A registered till. */
  | { readonly kind: 'device'; readonly deviceId: string; readonly name: string; readonly registeredAtMs: number }
  /** A member of the shop's staff inside Shopify's admin; `sessionToken` is App Bridge's, for a token exchange. */
  | { readonly kind: 'staff'; readonly userId: string; readonly sessionToken: string }

/** A verified caller and the shop it belongs to. */
export interface Caller {
  readonly shop: Shop
  readonly principal: Principal
}

/** What a handler may use beside its input. */
export interface HandlerContext {
  readonly env: Env
  readonly request: Request
  readonly requestId: string
  readonly nowMs: number
  /** Null only for operations with public or proxy access. */
  readonly caller: Caller | null
  /** Present exactly for operations with `idempotencyKey`. */
  readonly claim: IdempotencyClaim | null
}

/**
 * A handler's answer. `json` is the body's exact text, for replays; `body` is serialized by the gateway.
 * A refusal becomes problem+json.
 */
export type Answer<T> =
  | { readonly ok: true; readonly body: T }
  | { readonly ok: true; readonly json: string; readonly replayed: boolean }
  | (Refusal & { readonly replayed?: boolean })

type Declared<Id extends OperationId> = Extract<(typeof OPERATIONS)[number], { id: Id }>
type Part<O, K extends string> = O extends { readonly [P in K]: infer S extends z.ZodType } ? z.output<S> : undefined

/** The parsed input of an operation: zod has checked it. */
export interface Input<Id extends OperationId> {
  readonly params: Part<Declared<Id>, 'params'>
  readonly query: Part<Declared<Id>, 'query'>
  readonly body: Part<Declared<Id>, 'body'>
}

/** A service's function behind one operation. */
export type Handler<Id extends OperationId> = (
  context: HandlerContext,
  input: Input<Id>,
) => Promise<Answer<z.input<Declared<Id>['response']>>>

/** What a service exports: a handler for each of its operations. */
export type Handlers<Ids extends OperationId> = { readonly [Id in Ids]: Handler<Id> }
