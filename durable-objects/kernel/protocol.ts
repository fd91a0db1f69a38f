import type { Refusal } from '../../domain/contracts/errors.ts'
import type { Balance, TransactionsPage } from '../../domain/contracts/points.ts'
import type { Command, Entry, LedgerView } from '../../domain/ledger/types.ts'

/** The shapes that cross the RPC border of the objects. No logic. */

/** Whose account it is. Sent with every call: an object refuses a foreign merchant or customer. */
export interface AccountRef {
  readonly merchantId: string
  readonly customerId: string
  /** Null for guests and where the caller does not know it; the object remembers the first one it hears. */
  readonly shopifyCustomerGid: string | null
  /** The shop's currency, for events; null where the caller does not know it. */
  readonly currency: string | null
}

/** An `Idempotency-Key` as the object stores it beside the answer, for 30 days. */
export interface IdempotencyClaim {
  /** Credential and route; merchant and customer are the object's own. */
  readonly scope: string
  readonly key: string
  /** SHA-256 (hex) of the canonical JSON (RFC 8785) of the request's body. */
  readonly fingerprint: string
}

/** What became of one command. `body` is the JSON text of `PointsWritten`, the same byte for byte on a replay. */
export type ExecuteReply =
  | { readonly ok: true; readonly replayed: boolean; readonly outcome: 'applied' | 'duplicate'; readonly body: string }
  | { readonly ok: false; readonly replayed: boolean; readonly refusal: Refusal }

/** The short outcome of one command of a batch. */
export type BatchOutcome =
  | { readonly outcome: 'applied' | 'duplicate' | 'none'; readonly seq: number; readonly points: number }
  | { readonly outcome: 'refused'; readonly refusal: Refusal }

/** A raw page of the ledger, for rebuilding and comparing projections. */
export interface LedgerPage {
  readonly entries: readonly Entry[]
  readonly nextSeq: number | null
  readonly balance: Balance
  readonly relayedSeq: number
  readonly shopifyCustomerGid: string | null
}

/**
 * RPC methods of `CustomerAccount`. Reads of an account that was never written answer with zeros and create nothing.
 */
export interface CustomerAccountRpc {
  /** One command in one transaction, with what is due before it. */
  execute(account: AccountRef, command: Command, claim: IdempotencyClaim | null): Promise<ExecuteReply>
  /** Many commands in one transaction; a refused one changes nothing and does not stop the others. */
  executeBatch(account: AccountRef, commands: readonly Command[]): Promise<readonly BatchOutcome[]>
  /** The balance as of now, or null if nothing was ever booked here. */
  balance(account: AccountRef): Promise<Balance | null>
  /** Entries before `beforeSeq` (all if null), newest first; null if nothing was ever booked here. */
  transactions(
    account: AccountRef,
    page: { readonly beforeSeq: number | null; readonly limit: number; readonly orderGid: string | null },
  ): Promise<TransactionsPage | null>
  /** Entries after `afterSeq`, oldest first, at most `limit`; null if nothing was ever booked here. */
  ledger(account: AccountRef, afterSeq: number, limit: number): Promise<LedgerPage | null>
  /** Arms the alarm if something is unsent or due. For the daily sweep. */
  wake(account: AccountRef): Promise<void>
  /** Closes the customer's WebSockets with one of `STREAM_CLOSE`, for example when credentials are revoked. */
  closeStreams(account: AccountRef, code: number): Promise<void>
}

/** Headers of the upgrade request that the gateway forwards to `CustomerAccount.fetch`, after it verified the ticket. */
export const STREAM_HEADERS = {
  /** JSON of {@link AccountRef}. */
  account: 'X-LoyalNest-Account',
  ticketId: 'X-LoyalNest-Ticket-Id',
  ticketExpiresAtMs: 'X-LoyalNest-Ticket-Expires-At-Ms',
  /** The last seq that the client saw; absent on a first connection. */
  lastSeq: 'X-LoyalNest-Last-Seq',
} as const

/** What one batch of events amounted to for one merchant. */
export interface UsageCounts {
  readonly orders: number
  readonly events: number
}

/** The hub's state, for health checks and the merchant's usage page. `today` is the day in UTC. */
export interface HubStatus {
  readonly today: string
  readonly orders: number
  readonly events: number
}

/** RPC methods of `MerchantHub`. It sees coalesced batches, never one call an order. */
export interface MerchantHubRpc {
  /** Adds to today's usage. A redelivered batch counts again: for dashboards and limits, not for invoices. */
  record(merchantId: string, counts: UsageCounts): Promise<void>
  /** Reads without writing, also where nothing was ever recorded. */
  status(merchantId: string): Promise<HubStatus>
}

export type { LedgerView }
