import { DurableObject } from 'cloudflare:workers'
import type { Balance, PointsWritten, TransactionsPage } from '../../domain/contracts/points.ts'
import { balanceOf } from '../../domain/ledger/balance.ts'
import { decide } from '../../domain/ledger/decide.ts'
import { nextDueAtMs } from '../../domain/ledger/due.ts'
import { toTransaction } from '../../domain/ledger/transaction.ts'
import type { Changes, Command, Decision, Entry } from '../../domain/ledger/types.ts'
import { reportFailure } from '../kernel/log.ts'
import type {
  AccountRef,
  BatchOutcome,
  CustomerAccountRpc,
  ExecuteReply,
  IdempotencyClaim,
  LedgerPage,
} from '../kernel/protocol.ts'
import { backoffMs } from '../kernel/retry.ts'
import { customerAccountName } from '../kernel/stubs.ts'
import { earliestMs, Wake } from '../kernel/wake.ts'
import { Claims } from './claims.ts'
import { Outbox, RELAY_PAGE } from './outbox.ts'
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

/**
 * One customer of one merchant: the ledger, its outbox and the customer's WebSockets. The only writer of that ledger, so
 * a command is one synchronous transaction without a lock. Answers and WebSocket messages leave after it is durable.
 */
export class CustomerAccount extends DurableObject<Env> implements CustomerAccountRpc {
  readonly #store: Store
  readonly #claims: Claims
  readonly #streams: Streams
  readonly #outbox: Outbox
  readonly #wake: Wake
  /** Failures in a row of booking what is due; a bug there must not become a busy loop. */
  #dueFailures = 0
  #relayedAtMs = 0

  constructor(ctx: DurableObjectState, env: Env) {
    super(ctx, env)
    this.#store = new Store(ctx.storage)
    this.#claims = new Claims(ctx.storage.sql, this.#store)
    this.#streams = new Streams(ctx, this.#store, this.#claims)
    this.#wake = new Wake(ctx.storage)
    this.#outbox = new Outbox(this.#store, async (events) => {
      await env.EVENTS.sendBatch(events.map((body) => ({ body })))
    })
    // A process that died between commit and relay left entries unsent, and perhaps no alarm.
    if (this.#store.unsentCount > 0) {
      void ctx.blockConcurrencyWhile(() => this.#wake.ensure(Date.now() + RELAY_DELAY_MS))
    }
  }

  async execute(account: AccountRef, command: Command, claim: IdempotencyClaim | null): Promise<ExecuteReply> {
    this.#admit(account)
    const nowMs = Date.now()
    const booked: Booked[] = []
    const reply = this.#store.transaction(() => {
      const known = claim === null ? undefined : this.#claims.answerTo(claim, nowMs)
      if (known !== undefined) return known
      const decision = this.#decide(account, command, nowMs, booked)
      const answer = this.#answer(account, decision, nowMs)
      if (claim !== null) this.#claims.keep(claim, answer, nowMs)
      return answer
    })
    await this.#committed(account, booked, nowMs)
    return reply
  }

  async executeBatch(account: AccountRef, commands: readonly Command[]): Promise<readonly BatchOutcome[]> {
    this.#admit(account)
    const nowMs = Date.now()
    const booked: Booked[] = []
    const outcomes = this.#store.transaction(() =>
      commands.map((command) => this.#outcome(this.#decide(account, command, nowMs, booked))),
    )
    await this.#committed(account, booked, nowMs)
    return outcomes
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
   * Books what is due, relays a page of entries, and arms the alarm again LAST. It catches everything: an alarm that
   * throws seven times is gone for good. Only a failure to arm again escapes, so that the runtime tries once more.
   */
  override async alarm(): Promise<void> {
    this.#wake.rang()
    const nowMs = Date.now()
    try {
      await this.#applyDue(nowMs)
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
    const atMs = this.#nextWakeMs(Date.now())
    if (atMs !== null) await this.#wake.noLaterThan(atMs)
  }

  async #applyDue(nowMs: number): Promise<void> {
    const { identity } = this.#store
    const dueAtMs = nextDueAtMs(this.#store)
    if (identity === null || dueAtMs === null || dueAtMs > nowMs) return
    const booked: Booked[] = []
    this.#store.transaction(() => this.#decide(identity, { kind: 'apply_due' }, nowMs, booked))
    this.#publish(identity, booked)
  }

  #decide(account: AccountRef, command: Command, nowMs: number, booked: Booked[]): Decision {
    const decision = decide(this.#store, command, nowMs)
    this.#store.write(account, decision.changes)
    this.#note(account, decision.changes, nowMs, booked)
    return decision
  }

  #note(account: AccountRef, { entries }: Changes, nowMs: number, booked: Booked[]): void {
    if (entries.length === 0 || this.#streams.isEmpty) return
    booked.push({ entries, balance: balanceOf(this.#store, account.customerId, nowMs) })
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
    if (decision.outcome === 'none') return { outcome: 'none', seq: this.#store.account.seq, points: 0 }
    return { outcome: decision.outcome, seq: decision.entry.seq, points: decision.entry.points }
  }

  /** After the transaction and in the same turn, so that the alarm is committed together with the entries. */
  async #committed(account: AccountRef, booked: readonly Booked[], nowMs: number): Promise<void> {
    const armed = this.#arm(nowMs)
    this.#publish(account, booked)
    await armed
  }

  /** Every new entry needs the relay; a hold may run out even sooner. */
  async #arm(nowMs: number): Promise<void> {
    if (this.#store.unsentCount === 0) return
    const atMs = this.#nextWakeMs(nowMs)
    if (atMs !== null) await this.#wake.noLaterThan(atMs)
  }

  #publish(account: AccountRef, booked: readonly Booked[]): void {
    for (const { entries, balance } of booked) this.#streams.publish(account, entries, balance)
  }

  /** The earliest of the relay and what comes due; failures are given time. */
  #nextWakeMs(nowMs: number): number | null {
    return earliestMs(this.#relayAtMs(nowMs), this.#dueAtMs(nowMs))
  }

  #relayAtMs(nowMs: number): number | null {
    if (this.#store.unsentCount === 0) return null
    if (this.#outbox.failures > 0) return nowMs + retryDelayMs(this.#outbox.failures)
    if (this.#store.unsentCount >= RELAY_PAGE) return nowMs
    return Math.max(nowMs + RELAY_DELAY_MS, this.#relayedAtMs + RELAY_INTERVAL_MS)
  }

  #dueAtMs(nowMs: number): number | null {
    const dueAtMs = nextDueAtMs(this.#store)
    if (dueAtMs === null || this.#dueFailures === 0) return dueAtMs
    return Math.max(dueAtMs, nowMs + retryDelayMs(this.#dueFailures))
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

/** Half of the doubled base for certain, the other half by chance. */
function retryDelayMs(failures: number): number {
  const floorMs = Math.min(RETRY_MAX_MS, RETRY_BASE_MS * 2 ** failures) / 2
  return floorMs + backoffMs(failures, RETRY_BASE_MS / 2, RETRY_MAX_MS / 2, Math.random)
}
