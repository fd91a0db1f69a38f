import type { Refusal } from '../../domain/contracts/errors.ts'
import type { Balance, TransactionsPage } from '../../domain/contracts/points.ts'
import type { PosDecision, PosRecord, PosSyncAnswer, ReservedCode } from '../../domain/contracts/pos.ts'
import type { VersionedSettings } from '../../domain/contracts/settings.ts'
import type { Command, CommandBase, Entry, LedgerView, Lot, MergeIn } from '../../domain/ledger/types.ts'
import type { SentItem } from '../../domain/pos/types.ts'
import type { OrderRefunds } from '../../domain/rewards/refunds.ts'
import type { RedemptionRecord, RedemptionRequest, SettledBy } from '../../domain/rewards/types.ts'

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

/** The short outcome of one command of a batch. `overdraft`: the points of the entry that no lot covered. */
export type BatchOutcome =
  | {
      readonly outcome: 'applied' | 'duplicate' | 'none'
      readonly seq: number
      readonly points: number
      readonly overdraft: number
    }
  | { readonly outcome: 'refused'; readonly refusal: Refusal }

/** A raw page of the ledger, for rebuilding and comparing projections. */
export interface LedgerPage {
  readonly entries: readonly Entry[]
  /** The lots that these entries touched, as they stand now. */
  readonly lots: readonly Lot[]
  readonly nextSeq: number | null
  readonly balance: Balance
  /** The account that this one was merged into. */
  readonly mergedInto: string | null
  readonly relayedSeq: number
  readonly shopifyCustomerGid: string | null
}

/** The account that another one is to be merged into. */
export interface MergeTarget {
  readonly customerId: string
  readonly shopifyCustomerGid: string | null
}

/**
 * What became of a merge: merged now; merged before, perhaps into an account further on; refused, because the other
 * account was merged into this one. `into`: the account that has the points.
 */
export interface MergeReply {
  readonly outcome: 'merged' | 'before' | 'refused'
  readonly into: string
}

/** How an account stands to merges. */
export interface MergeStanding {
  /** The account that it was merged into; that one may have been merged further. Null: it has its own points. */
  readonly into: string | null
  /** It is about to be merged itself, and does not know yet where: whoever wants to be merged into it comes again. */
  readonly isLeaving: boolean
  /** Nothing was ever booked here. */
  readonly isUnused: boolean
}

/** What reading a ledger from its first entry to its last found. */
export interface LedgerAudit {
  readonly entries: number
  readonly firstHash: string | null
  readonly lastHash: string | null
  readonly stateMatches: boolean
  readonly findings: readonly {
    readonly invariant: number | null
    readonly seq: number | null
    readonly detail: string
  }[]
}

/** What became of a request to redeem. Under a known key: the redemption as it stands now. */
export type RedeemReply =
  | { readonly ok: true; readonly replayed: boolean; readonly redemption: RedemptionRecord }
  | { readonly ok: false; readonly replayed: boolean; readonly refusal: Refusal }

/** A change that was asked of a redemption, or why it is not made. */
export type RedemptionReply =
  | { readonly ok: true; readonly redemption: RedemptionRecord }
  | { readonly ok: false; readonly refusal: Refusal }

/** Which page of an account's redemptions. */
export interface RedemptionsQuery {
  readonly before: string | null
  readonly limit: number
  readonly state: RedemptionRecord['state'] | null
  readonly rewardId: string | null
}

/** A page of redemptions, newest first. */
export interface RedemptionsPageRaw {
  readonly redemptions: readonly RedemptionRecord[]
  /** `before` of the next page. */
  readonly next: string | null
}

/**
 * RPC methods of `CustomerAccount`. An account that was merged passes commands on to the one that has its points, except
 * those about orders and redemptions in its own books; reads are answered by that one, except `ledger` and what ends in
 * `Here`. Reads of an account that was never written answer with zeros and create nothing.
 */
export interface CustomerAccountRpc {
  /** One command in one transaction, with what is due before it. */
  execute(account: AccountRef, command: Command, claim: IdempotencyClaim | null): Promise<ExecuteReply>
  /** What `execute` answered under this key before; null: nothing. */
  answerTo(account: AccountRef, claim: IdempotencyClaim): Promise<ExecuteReply | null>
  /** Many commands in one transaction; a refused one changes nothing and does not stop the others. */
  executeBatch(account: AccountRef, commands: readonly Command[]): Promise<readonly BatchOutcome[]>
  /**
   * Merges this account into another: merge_out here, and what it carries to the other account. Once it is booked here it
   * gets there, by the alarm if need be. Redemptions whose code is out end, because their codes carry the customer who is
   * no more; their points follow.
   */
  mergeInto(account: AccountRef, target: MergeTarget, by: CommandBase): Promise<MergeReply>
  mergeStanding(account: AccountRef): Promise<MergeStanding>
  /** What another account's merge_out carries. Only for accounts among themselves. */
  receiveMerge(account: AccountRef, command: MergeIn): Promise<BatchOutcome>
  /** Which of these orders are in the books of this very account. */
  ordersInBooks(account: AccountRef, orderGids: readonly string[]): Promise<readonly string[]>
  /** As `executeBatch`, by this very account, though it is merged. Only for accounts among themselves. */
  executeHere(account: AccountRef, commands: readonly Command[]): Promise<readonly BatchOutcome[]>
  /** What the account that has an order in its books knows of its refunds; null: there are none, or nobody has it. */
  orderRefunds(account: AccountRef, orderGid: string): Promise<OrderRefunds | null>
  /** An order that used a code of this account, and is in the books of the one that it was merged into, was refunded. */
  refundedElsewhere(account: AccountRef, orderGid: string, refunds: OrderRefunds): Promise<void>
  /** Reads all of the ledger and checks it; changes nothing. Null if nothing was ever booked here. */
  audit(account: AccountRef): Promise<LedgerAudit | null>
  /** Writes the stored state anew from the entries where it differs. True if it did. Throws if the entries are broken. */
  rebuildState(account: AccountRef): Promise<boolean>
  /** The balance as of now, or null if nothing was ever booked here. */
  balance(account: AccountRef): Promise<Balance | null>
  /** Entries before `beforeSeq` (all if null), newest first; null if nothing was ever booked here. */
  transactions(
    account: AccountRef,
    page: { readonly beforeSeq: number | null; readonly limit: number; readonly orderGid: string | null },
  ): Promise<TransactionsPage | null>
  /** Entries after `afterSeq`, oldest first, at most `limit`; null if nothing was ever booked here. */
  ledger(account: AccountRef, afterSeq: number, limit: number): Promise<LedgerPage | null>
  /**
   * Holds the points of a redemption and keeps it as pending, with the first lease given to the caller (its `lease`,
   * until `leaseEndsAtMs`). If the caller dies, the alarm asks for another attempt by a `settle_redemption` job.
   */
  redeemReward(account: AccountRef, request: RedemptionRequest, claim: IdempotencyClaim): Promise<RedeemReply>
  /** Takes the lease of a redemption that has work left; null: it has none, or someone else holds the lease. */
  leaseRedemption(account: AccountRef, redemptionId: string): Promise<RedemptionRecord | null>
  /** What the holder of `lease` found out. A stale lease changes nothing and answers how it stands. */
  settleRedemption(
    account: AccountRef,
    redemptionId: string,
    lease: number,
    by: SettledBy,
  ): Promise<RedemptionRecord | null>
  /**
   * Begins the end of an issued redemption whose code nobody used: it is `ending` until the shop has confirmed it.
   * Refused: `not_found`, `redemption_closed`; `reward_unavailable` where a customer asks and no points would come back.
   */
  endRedemption(
    account: AccountRef,
    redemptionId: string,
    reason: 'by_customer' | 'by_merchant',
    claim: IdempotencyClaim | null,
  ): Promise<RedemptionReply>
  /**
   * An order with the code came. Harmless to repeat; null: no redemption of this account has the code.
   * @param goodsMinor the order's goods in minor units of the shop's currency: refunds give points back by their share.
   */
  useCode(
    account: AccountRef,
    code: string,
    orderGid: string,
    usedAtMs: number,
    goodsMinor: number,
  ): Promise<RedemptionRecord | null>
  /**
   * The shop says that the code was deleted. Null as above.
   * @param discountGid where it is known which discount the code was of: it is no news about a code of another one.
   */
  codeRemoved(account: AccountRef, code: string, discountGid: string | null): Promise<RedemptionRecord | null>
  redemption(account: AccountRef, redemptionId: string): Promise<RedemptionRecord | null>
  redemptions(account: AccountRef, page: RedemptionsQuery): Promise<RedemptionsPageRaw>
  /** As `redemptions`, of this very account, though it is merged: for rebuilding and comparing projections. */
  redemptionsHere(account: AccountRef, page: RedemptionsQuery): Promise<RedemptionsPageRaw>
  /** How many redemptions of each reward count against `limit_per_customer`: all but the cancelled ones. */
  redemptionCounts(account: AccountRef): Promise<Readonly<Record<string, number>>>
  /** The Shopify gid of the customer, if the account has heard it. */
  customerGid(account: AccountRef): Promise<string | null>
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

/** Whose till it is. Sent with every call: an object refuses a foreign merchant or device. */
export interface DeviceRef {
  readonly merchantId: string
  readonly deviceId: string
}

/** A verified batch of a device, with its items read one by one. */
export interface PosUpload {
  /** The device's clock as it sent. */
  readonly sentAtMs: number
  readonly receivedAtMs: number
  /** When the device was registered: nothing that it did is older. */
  readonly registeredAtMs: number
  readonly items: readonly SentItem[]
}

/** RPC methods of `PosDevice`: one till's numbers, results, reserved codes and caps. The only writer of its records. */
export interface PosDeviceRpc {
  /**
   * Takes a batch in the order of `device_seq`; each item is booked in its customer's account by itself. Refused:
   * `device_revoked`.
   */
  sync(device: DeviceRef, upload: PosUpload, settings: VersionedSettings): Promise<PosSynced>
  /** Fills the reserve for a reward up to `count` codes; answers all unused codes that the device holds. */
  reserveCodes(
    device: DeviceRef,
    reward: ReservableReward,
    count: number,
    settings: VersionedSettings,
    nowMs: number,
  ): Promise<PosReserved>
  /** The merchant's decision about a rejected item; `book` is done in the customer's account. */
  decide(
    device: DeviceRef,
    record: number,
    decision: PosDecision,
    by: string,
    settings: VersionedSettings,
    nowMs: number,
  ): Promise<PosDecided>
  /** The key was revoked: reserved codes are void, and no batch is taken any more. Harmless to repeat. */
  revoke(device: DeviceRef, nowMs: number): Promise<void>
}

/** What a till needs to know of a reward to redeem it offline. */
export interface ReservableReward {
  readonly id: string
  readonly title: string
  readonly points: number
  readonly value: ReservedCode['value']
  readonly conditions: ReservedCode['conditions']
}

export type PosSynced =
  | { readonly ok: true; readonly answer: PosSyncAnswer }
  | { readonly ok: false; readonly refusal: Refusal }

export type PosReserved =
  | { readonly ok: true; readonly codes: readonly ReservedCode[] }
  | { readonly ok: false; readonly refusal: Refusal }

export type PosDecided =
  | { readonly ok: true; readonly record: PosRecord }
  | { readonly ok: false; readonly refusal: Refusal }

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

/** Access to the shop's Admin API, or why there is none. */
export type ShopifyAccess =
  | { readonly ok: true; readonly accessToken: string; readonly expiresAtMs: number | null }
  /** not_connected: never given, or the refresh token is over; only the merchant's next visit helps. */
  | { readonly ok: false; readonly problem: 'not_connected' | 'unavailable' }

/** What came of a session token: the scopes that Shopify granted, or why there are none. */
export type ShopifyConnection =
  | { readonly ok: true; readonly scopes: readonly string[] }
  | { readonly ok: false; readonly problem: 'refused' | 'unavailable' }

/** RPC methods of `MerchantHub`. It sees coalesced batches, never one call an order. */
export interface MerchantHubRpc {
  /** Adds to today's usage. A redelivered batch counts again: for dashboards and limits, not for invoices. */
  record(merchantId: string, counts: UsageCounts): Promise<void>
  /** Exchanges a verified App Bridge session token for an expiring offline token and keeps it, sealed. */
  connectShopify(merchantId: string, shop: string, sessionToken: string): Promise<ShopifyConnection>
  /**
   * The shop's access token, refreshed where it is about to end: one refresh at a time, because each one rotates the
   * refresh token. `refused`: a token that Shopify has just answered 401 to; another one is made if it is the current one.
   */
  shopifyAccess(merchantId: string, shop: string, refused: string | null): Promise<ShopifyAccess>
  /** Forgets the tokens. For uninstalls. */
  disconnectShopify(merchantId: string): Promise<void>
  /** Takes one of `limit` slots of a reward for a redemption; true if it has one now. Harmless to repeat. */
  takeRewardSlot(merchantId: string, rewardId: string, redemptionId: string, limit: number): Promise<boolean>
  /** Gives the slot back. Harmless to repeat. */
  freeRewardSlot(merchantId: string, rewardId: string, redemptionId: string): Promise<void>
  /** Slots taken, by reward. */
  rewardSlots(merchantId: string): Promise<Readonly<Record<string, number>>>
  /** Reads without writing, also where nothing was ever recorded. */
  status(merchantId: string): Promise<HubStatus>
}

export type { LedgerView }
