import { DurableObject } from 'cloudflare:workers'
import type { JobMessage } from '../../domain/contracts/jobs.ts'
import type { Balance, PointsWritten, TransactionsPage } from '../../domain/contracts/points.ts'
import { balanceOf } from '../../domain/ledger/balance.ts'
import { decide } from '../../domain/ledger/decide.ts'
import { nextDueAtMs } from '../../domain/ledger/due.ts'
import { toTransaction } from '../../domain/ledger/transaction.ts'
import type { Command, Decision, Entry } from '../../domain/ledger/types.ts'
import { toRedemption } from '../../domain/rewards/public.ts'
import { jobSent } from '../../domain/rewards/redemption.ts'
import type { RedemptionRecord, RedemptionRequest, SettledBy } from '../../domain/rewards/types.ts'
import { reportFailure } from '../kernel/log.ts'
import type {
  AccountRef,
  BatchOutcome,
  CustomerAccountRpc,
  ExecuteReply,
  IdempotencyClaim,
  LedgerPage,
  RedeemReply,
  RedemptionReply,
  RedemptionsPageRaw,
} from '../kernel/protocol.ts'
import { backoffMs } from '../kernel/retry.ts'
import { customerAccountName } from '../kernel/stubs.ts'
import { earliestMs, Wake } from '../kernel/wake.ts'
import { Claims } from './claims.ts'
import { Outbox, RELAY_PAGE } from './outbox.ts'
import { RedemptionStore, type RedemptionsQuery } from './redemption-store.ts'
import { Redemptions, type Turn } from './redemptions.ts'
import { Store } from './store.ts'
import { readUpgrade, streamProblem, Streams } from './stream.ts'

/**
 * How long entries wait for the relay, and how far apart two relays of one account are. Open pages hear of a change at
 * once; the queue only feeds projections. An alarm and its cursor cost as many commits as three commands, so the entries
 * of a burst share one: a lone order is on the queue after a quarter of a second, the next ones every three seconds.
 */
const RELAY_DELAY_MS = 250
const RELAY_INTERVAL_MS = 3_000
const RETRY_BASE_MS = 1_000
const RETRY_MAX_MS = 60_000

/** What one command booked, with the balance after it where someone listens. */
interface Booked {
  readonly entries: readonly Entry[]
  readonly balance: Balance
}

/** One transaction, and what is to be told of it once it is committed. */
interface AccountTurn extends Turn {
  readonly account: AccountRef
  readonly booked: Booked[]
  /** The last state of each redemption that changed, by id. */
  readonly redemptions: Map<string, RedemptionRecord>
}

/**
 * One customer of one merchant: the ledger, its outbox and the customer's WebSockets. The only writer of that ledger, so
 * a command is one synchronous transaction without a lock. Answers and WebSocket messages leave after it is durable.
 */
export class CustomerAccount extends DurableObject<Env> implements CustomerAccountRpc {
  readonly #store: Store
  readonly #claims: Claims
  readonly #redemptionStore: RedemptionStore
  readonly #redemptions: Redemptions
  readonly #streams: Streams
  readonly #outbox: Outbox
  readonly #wake: Wake
  /** Failures in a row of booking what is due; a bug there must not become a busy loop. */
  #dueFailures = 0
  /** Failures in a row of putting jobs on their queue. */
  #jobFailures = 0
  #relayedAtMs = 0

  constructor(ctx: DurableObjectState, env: Env) {
    super(ctx, env)
    this.#store = new Store(ctx.storage)
    this.#claims = new Claims(ctx.storage.sql, this.#store)
    this.#redemptionStore = new RedemptionStore(ctx.storage.sql, this.#store)
    this.#redemptions = new Redemptions(this.#redemptionStore, this.#claims)
    this.#streams = new Streams(ctx, this.#store, this.#claims)
    this.#wake = new Wake(ctx.storage)
    this.#outbox = new Outbox(this.#store, this.#redemptionStore, async (events) => {
      await env.EVENTS.sendBatch(events.map((body) => ({ body })))
    })
    // A process that died between commit and relay left events unsent, and perhaps no alarm.
    if (this.#outbox.unsentCount > 0) {
      void ctx.blockConcurrencyWhile(() => this.#wake.ensure(Date.now() + RELAY_DELAY_MS))
    }
  }

  async execute(account: AccountRef, command: Command, claim: IdempotencyClaim | null): Promise<ExecuteReply> {
    return this.#transact(account, (turn) => {
      const known = claim === null ? undefined : this.#claims.answerTo(claim, turn.nowMs)
      if (known !== undefined) return known
      const answer = this.#answer(account, turn.book(command), turn.nowMs)
      if (claim !== null) this.#claims.keep(claim, answer, turn.nowMs)
      return answer
    })
  }

  async executeBatch(account: AccountRef, commands: readonly Command[]): Promise<readonly BatchOutcome[]> {
    return this.#transact(account, (turn) => commands.map((command) => this.#outcome(turn.book(command))))
  }

  async redeemReward(account: AccountRef, request: RedemptionRequest, claim: IdempotencyClaim): Promise<RedeemReply> {
    return this.#transact(account, (turn) => this.#redemptions.redeem(turn, request, claim))
  }

  async leaseRedemption(account: AccountRef, redemptionId: string): Promise<RedemptionRecord | null> {
    return this.#transact(account, (turn) => this.#redemptions.lease(turn, redemptionId))
  }

  async settleRedemption(
    account: AccountRef,
    redemptionId: string,
    lease: number,
    by: SettledBy,
  ): Promise<RedemptionRecord | null> {
    return this.#transact(account, (turn) => this.#redemptions.settle(turn, redemptionId, lease, by))
  }

  async endRedemption(
    account: AccountRef,
    redemptionId: string,
    reason: 'by_customer' | 'by_merchant',
    claim: IdempotencyClaim | null,
  ): Promise<RedemptionReply> {
    return this.#transact(account, (turn) => this.#redemptions.end(turn, redemptionId, reason, claim))
  }

  async useCode(
    account: AccountRef,
    code: string,
    orderGid: string,
    usedAtMs: number,
  ): Promise<RedemptionRecord | null> {
    return this.#transact(account, (turn) => this.#redemptions.useCode(turn, code, orderGid, usedAtMs))
  }

  async codeRemoved(account: AccountRef, code: string, discountGid: string | null): Promise<RedemptionRecord | null> {
    return this.#transact(account, (turn) => this.#redemptions.codeRemoved(turn, code, discountGid))
  }

  async redemption(account: AccountRef, redemptionId: string): Promise<RedemptionRecord | null> {
    this.#admit(account)
    return this.#redemptionStore.find(redemptionId) ?? null
  }

  async redemptions(account: AccountRef, page: RedemptionsQuery): Promise<RedemptionsPageRaw> {
    this.#admit(account)
    return this.#redemptionStore.page(page)
  }

  async redemptionCounts(account: AccountRef): Promise<Readonly<Record<string, number>>> {
    this.#admit(account)
    return this.#redemptionStore.counts()
  }

  async customerGid(account: AccountRef): Promise<string | null> {
    this.#admit(account)
    return this.#store.identity?.shopifyCustomerGid ?? null
  }

  async balance(account: AccountRef): Promise<Balance | null> {
    this.#admit(account)
    return this.#isUnused() ? null : balanceOf(this.#store, account.customerId, Date.now())
  }

  async transactions(
    account: AccountRef,
    page: { readonly beforeSeq: number | null; readonly limit: number; readonly orderGid: string | null },
  ): Promise<TransactionsPage | null> {
    this.#admit(account)
    if (this.#isUnused()) return null
    const found = this.#store.entriesBefore({ ...page, limit: page.limit + 1 })
    const shown = found.slice(0, page.limit)
    return {
      transactions: shown.map((entry) => toTransaction(entry, account.customerId)),
      next_cursor: found.length > shown.length ? String(shown.at(-1)?.seq) : null,
    }
  }

  async ledger(account: AccountRef, afterSeq: number, limit: number): Promise<LedgerPage | null> {
    this.#admit(account)
    if (this.#isUnused()) return null
    const entries = this.#store.entriesAfter(afterSeq, limit)
    const last = entries.at(-1)
    return {
      entries,
      nextSeq: last === undefined || last.seq === this.#store.account.seq ? null : last.seq,
      balance: balanceOf(this.#store, account.customerId, Date.now()),
      relayedSeq: this.#store.relayedSeq,
      shopifyCustomerGid: this.#store.identity?.shopifyCustomerGid ?? null,
    }
  }

  async wake(account: AccountRef): Promise<void> {
    this.#admit(account)
    const atMs = this.#nextWakeMs(Date.now())
    if (atMs !== null) await this.#wake.ensure(atMs)
  }

  async closeStreams(account: AccountRef, code: number): Promise<void> {
    this.#admit(account)
    this.#streams.closeAll(code)
  }

  /** The WebSocket upgrade, forwarded by the gateway with the headers of `STREAM_HEADERS`. */
  override async fetch(request: Request): Promise<Response> {
    if (request.headers.get('upgrade')?.toLowerCase() !== 'websocket') {
      return streamProblem('upgrade_required', 'Connect to this address with a WebSocket.')
    }
    const upgrade = readUpgrade(request.headers)
    if (upgrade === undefined) return streamProblem('ticket_invalid', 'The ticket or last_seq is malformed.')
    this.#admit(upgrade.account)
    return this.#streams.accept(upgrade, Date.now())
  }

  /** Answers the closing handshake; without it the browser waits ten seconds and reports an abnormal end. */
  override webSocketClose(socket: WebSocket, code: number): void {
    // 1005 and 1006 say that no code came; they are never sent.
    socket.close(code === 1005 || code === 1006 ? 1000 : code)
  }

  /**
   * Books what is due, relays a page of events, asks for the attempts that it is time for, and arms the alarm again LAST.
   * It catches everything: an alarm that throws seven times is gone for good. Only a failure to arm again escapes, so
   * that the runtime tries once more.
   */
  override async alarm(): Promise<void> {
    this.#wake.rang()
    try {
      await this.#applyDue(Date.now())
      this.#dueFailures = 0
    } catch (error) {
      this.#dueFailures += 1
      this.#report('account.apply_due', error)
    }
    try {
      await this.ctx.storage.sync()
      await this.#outbox.relay(Date.now())
      this.#relayedAtMs = Date.now()
    } catch (error) {
      this.#report('account.relay', error)
    }
    try {
      await this.#sendJobs(Date.now())
      this.#jobFailures = 0
    } catch (error) {
      this.#jobFailures += 1
      this.#report('account.send_jobs', error)
    }
    const atMs = this.#nextWakeMs(Date.now())
    if (atMs !== null) await this.#wake.noLaterThan(atMs)
  }

  async #applyDue(nowMs: number): Promise<void> {
    const { identity } = this.#store
    const dueAtMs = earliestMs(nextDueAtMs(this.#store), this.#redemptionStore.nextDueAtMs)
    if (identity === null || dueAtMs === null || dueAtMs > nowMs) return
    const turn = this.#newTurn(identity, nowMs)
    this.#store.transaction(() => {
      turn.book({ kind: 'apply_due' })
      this.#redemptions.applyDue(turn)
    })
    this.#publish(turn)
  }

  /** One job an attempt that it is time for. A job that gets lost is sent again a while later. */
  async #sendJobs(nowMs: number): Promise<void> {
    const { identity } = this.#store
    const due = this.#redemptionStore.toAttempt(nowMs).slice(0, RELAY_PAGE)
    if (identity === null || due.length === 0) return
    const ids = { merchant_id: identity.merchantId, customer_id: identity.customerId }
    await this.env.JOBS.sendBatch(
      due.map(({ id }) => ({ body: { job: 'settle_redemption', ...ids, redemption_id: id } satisfies JobMessage })),
    )
    this.#store.transaction(() => {
      for (const { id, version, lease } of due) {
        const record = this.#redemptionStore.find(id)
        // One that someone has taken up meanwhile knows its next attempt.
        if (record?.version === version && record.lease === lease) this.#redemptionStore.put(jobSent(record, nowMs))
      }
    })
  }

  /** Runs `body` in one transaction; then arms the alarm and tells the open pages. */
  async #transact<T>(account: AccountRef, body: (turn: Turn) => T): Promise<T> {
    this.#admit(account)
    const turn = this.#newTurn(account, Date.now())
    const result = this.#store.transaction(() => body(turn))
    // In the same turn, so that the alarm is committed together with what needs it.
    const armed = this.#arm(turn.nowMs)
    this.#publish(turn)
    await armed
    return result
  }

  #newTurn(account: AccountRef, nowMs: number): AccountTurn {
    const booked: Booked[] = []
    const redemptions = new Map<string, RedemptionRecord>()
    return {
      account,
      customerId: account.customerId,
      nowMs,
      booked,
      redemptions,
      book: (command) => {
        const decision = decide(this.#store, command, nowMs)
        const { entries } = decision.changes
        this.#store.write(account, decision.changes)
        if (entries.length > 0 && !this.#streams.isEmpty) {
          booked.push({ entries, balance: balanceOf(this.#store, account.customerId, nowMs) })
        }
        return decision
      },
      tell: (record) => redemptions.set(record.id, record),
    }
  }

  #answer(account: AccountRef, decision: Decision, nowMs: number): ExecuteReply {
    if (decision.outcome === 'refused') return { ok: false, replayed: false, refusal: decision.refusal }
    if (decision.outcome === 'none') throw new Error('apply_due has no answer of its own: send it by executeBatch')
    const written: PointsWritten = {
      transaction: toTransaction(decision.entry, account.customerId),
      balance: balanceOf(this.#store, account.customerId, nowMs),
    }
    return { ok: true, replayed: false, outcome: decision.outcome, body: JSON.stringify(written) }
  }

  #outcome(decision: Decision): BatchOutcome {
    if (decision.outcome === 'refused') return { outcome: 'refused', refusal: decision.refusal }
    if (decision.outcome === 'none') return { outcome: 'none', seq: this.#store.account.seq, points: 0, overdraft: 0 }
    const { seq, points, detail } = decision.entry
    return { outcome: decision.outcome, seq, points, overdraft: detail.debtMade ?? 0 }
  }

  /** What is unsent needs the relay, an attempt its job; a hold may run out even sooner. */
  async #arm(nowMs: number): Promise<void> {
    if (this.#outbox.unsentCount === 0 && this.#redemptionStore.nextAttemptAtMs === null) return
    const atMs = this.#nextWakeMs(nowMs)
    if (atMs !== null) await this.#wake.noLaterThan(atMs)
  }

  #publish({ account, booked, redemptions }: AccountTurn): void {
    for (const { entries, balance } of booked) this.#streams.publish(account, entries, balance)
    for (const record of redemptions.values()) this.#streams.publishRedemption(toRedemption(record))
  }

  /** The earliest of the relay, what comes due, and the next attempt with the shop; failures are given time. */
  #nextWakeMs(nowMs: number): number | null {
    return earliestMs(
      this.#relayAtMs(nowMs),
      delayedMs(earliestMs(nextDueAtMs(this.#store), this.#redemptionStore.nextDueAtMs), nowMs, this.#dueFailures),
      delayedMs(this.#redemptionStore.nextAttemptAtMs, nowMs, this.#jobFailures),
    )
  }

  #relayAtMs(nowMs: number): number | null {
    const unsent = this.#outbox.unsentCount
    if (unsent === 0) return null
    if (this.#outbox.failures > 0) return nowMs + retryDelayMs(this.#outbox.failures)
    if (unsent >= RELAY_PAGE) return nowMs
    return Math.max(nowMs + RELAY_DELAY_MS, this.#relayedAtMs + RELAY_INTERVAL_MS)
  }

  #isUnused(): boolean {
    return this.#store.account.seq === 0
  }

  /** Tenant check: an object answers for its own merchant and customer only. Anything else is a bug of the caller. */
  #admit({ merchantId, customerId }: AccountRef): void {
    const { identity } = this.#store
    const name = customerAccountName(merchantId, customerId)
    const own = identity === null ? this.ctx.id.name : customerAccountName(identity.merchantId, identity.customerId)
    if (name !== own) throw new Error('This account belongs to another merchant or customer')
  }

  #report(what: string, error: unknown): void {
    const { identity, relayedSeq } = this.#store
    const ids = { merchant_id: identity?.merchantId ?? '', customer_id: identity?.customerId ?? '' }
    reportFailure(what, { ...ids, relayed_seq: relayedSeq, failures: this.#outbox.failures }, error)
  }
}

/** A time that there is, or later after failures. */
function delayedMs(atMs: number | null, nowMs: number, failures: number): number | null {
  return atMs === null || failures === 0 ? atMs : Math.max(atMs, nowMs + retryDelayMs(failures))
}

/** Half of the doubled base for certain, the other half by chance. */
function retryDelayMs(failures: number): number {
  const floorMs = Math.min(RETRY_MAX_MS, RETRY_BASE_MS * 2 ** failures) / 2
  return floorMs + backoffMs(failures, RETRY_BASE_MS / 2, RETRY_MAX_MS / 2, Math.random)
}
