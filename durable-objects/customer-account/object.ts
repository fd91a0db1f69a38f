import { DurableObject } from 'cloudflare:workers'
import { STREAM_CLOSE, type Balance, type TransactionsPage } from '../../domain/contracts/points.ts'
import { balanceOf } from '../../domain/ledger/balance.ts'
import { toTransaction } from '../../domain/ledger/transaction.ts'
import type { Command, CommandBase, MergeIn } from '../../domain/ledger/types.ts'
import { canonicalCode } from '../../domain/rewards/code.ts'
import { type OrderRefunds, refundsOf } from '../../domain/rewards/refunds.ts'
import type { RedemptionRecord, RedemptionRequest, SettledBy } from '../../domain/rewards/types.ts'
import type {
  AccountRef,
  BatchOutcome,
  CustomerAccountRpc,
  ExecuteReply,
  IdempotencyClaim,
  LedgerAudit,
  LedgerPage,
  MergeReply,
  MergeStanding,
  MergeTarget,
  RedeemReply,
  RedemptionReply,
  RedemptionsPageRaw,
  RedemptionsQuery,
} from '../kernel/protocol.ts'
import { customerAccountName } from '../kernel/stubs.ts'
import { Wake } from '../kernel/wake.ts'
import { Alarm, RELAY_DELAY_MS } from './alarm.ts'
import { auditLedger, rebuildLedger } from './audit.ts'
import { Claims } from './claims.ts'
import { Merges, orderOf } from './merges.ts'
import { Outbox } from './outbox.ts'
import { RedemptionStore } from './redemption-store.ts'
import { Redemptions } from './redemptions.ts'
import { Store } from './store.ts'
import { readUpgrade, streamProblem, Streams, upgradeFor } from './stream.ts'
import { type AccountTurn, toOutcome, Turns } from './turn.ts'

/**
 * One customer of one merchant: the ledger, its outbox and the customer's WebSockets. The only writer of that ledger, so
 * a command is one synchronous transaction without a lock. Answers and WebSocket messages leave after it is durable.
 *
 * Where the account was merged into another one, each method first does what is its own business, and passes the rest on.
 */
export class CustomerAccount extends DurableObject<Env> implements CustomerAccountRpc {
  readonly #store: Store
  readonly #claims: Claims
  readonly #redemptionStore: RedemptionStore
  readonly #redemptions: Redemptions
  readonly #streams: Streams
  readonly #turns: Turns
  readonly #merges: Merges
  readonly #wake: Wake
  readonly #alarm: Alarm

  constructor(ctx: DurableObjectState, env: Env) {
    super(ctx, env)
    const { storage } = ctx
    const store = new Store(storage)
    this.#store = store
    this.#claims = new Claims(storage.sql, store)
    this.#redemptionStore = new RedemptionStore(storage.sql, store)
    this.#redemptions = new Redemptions(this.#redemptionStore, this.#claims)
    this.#streams = new Streams(ctx, store, this.#claims)
    this.#turns = new Turns(store, this.#redemptions, this.#streams)
    this.#merges = new Merges(store, storage, env)
    this.#wake = new Wake(storage)
    const outbox = new Outbox(store, this.#redemptionStore, async (events) => {
      await env.EVENTS.sendBatch(events.map((body) => ({ body })))
    })
    this.#alarm = new Alarm({
      storage,
      store,
      redemptionStore: this.#redemptionStore,
      redemptions: this.#redemptions,
      turns: this.#turns,
      outbox,
      merges: this.#merges,
      wake: this.#wake,
      sendJobs: async (jobs) => {
        await env.JOBS.sendBatch(jobs.map((body) => ({ body })))
      },
    })
    // A process that died between commit and relay left events unsent, and perhaps no alarm.
    if (outbox.unsentCount > 0 || !this.#merges.isDelivered) {
      void ctx.blockConcurrencyWhile(() => this.#wake.ensure(Date.now() + RELAY_DELAY_MS))
    }
  }

  async execute(account: AccountRef, command: Command, claim: IdempotencyClaim | null): Promise<ExecuteReply> {
    this.#admit(account)
    const holders = await this.#merges.ordersElsewhere(account, [command])
    const [holder] = holders.values()
    if (holder !== undefined) {
      return this.#merges.askHolder(account, holder, (stub, ref) => stub.execute(ref, command, claim))
    }
    const reply = await this.#transact(account, (turn) => {
      const known = claim === null ? undefined : this.#claims.answerTo(claim, turn.nowMs)
      if (known !== undefined) return known
      const answer = this.#turns.answer(turn, command)
      if (claim !== null && answer !== undefined) this.#claims.keep(claim, answer, turn.nowMs)
      return answer
    })
    return reply ?? this.#merges.passOn(account, (stub, ref) => stub.execute(ref, command, claim))
  }

  async answerTo(account: AccountRef, claim: IdempotencyClaim): Promise<ExecuteReply | null> {
    this.#admit(account)
    const known = this.#claims.answerTo(claim, Date.now())
    if (this.#isElsewhere(known)) return this.#merges.ask(account, (stub, ref) => stub.answerTo(ref, claim))
    return known ?? null
  }

  async executeBatch(account: AccountRef, commands: readonly Command[]): Promise<readonly BatchOutcome[]> {
    this.#admit(account)
    const holders = await this.#merges.ordersElsewhere(account, commands)
    const own = await this.#transact(account, (turn) =>
      commands.map((command) => (holders.has(orderOf(command) ?? '') ? undefined : this.#turns.outcome(turn, command))),
    )
    await this.#merges.tellRefunds(account, commands)
    return this.#merges.complete(account, commands, own, holders)
  }

  async executeHere(account: AccountRef, commands: readonly Command[]): Promise<readonly BatchOutcome[]> {
    const outcomes = await this.#transact(account, (turn) =>
      commands.map((command) => toOutcome(turn.book(command), this.#store.account.seq)),
    )
    await this.#merges.tellRefunds(account, commands)
    return outcomes
  }

  async ordersInBooks(account: AccountRef, orderGids: readonly string[]): Promise<readonly string[]> {
    this.#admit(account)
    return orderGids.filter((orderGid) => this.#store.entriesOfOrder(orderGid).length > 0)
  }

  async mergeInto(account: AccountRef, target: MergeTarget, by: CommandBase): Promise<MergeReply> {
    this.#admit(account)
    const { mergedInto } = this.#store.account
    const reply: MergeReply =
      mergedInto === null
        ? await this.#merges.leaving(account, target, (into) => this.#merge(account, target, into, by))
        : { outcome: 'before', into: await this.#merges.finalOf(account, mergedInto) }
    if (reply.outcome === 'merged') this.#streams.closeAll(STREAM_CLOSE.accountMerged)
    // Booked is booked: the alarm goes on with it.
    await this.#merges.deliver().catch((error: unknown) => this.#alarm.report('account.deliver_merge', error))
    return reply
  }

  async mergeStanding(account: AccountRef): Promise<MergeStanding> {
    this.#admit(account)
    const { mergedInto } = this.#store.account
    return { into: mergedInto, isLeaving: this.#merges.isLeaving, isUnused: this.#isUnused }
  }

  async receiveMerge(account: AccountRef, command: MergeIn): Promise<BatchOutcome> {
    const own = await this.#transact(account, (turn) => this.#turns.outcome(turn, command))
    return own ?? this.#merges.passOn(account, (stub, ref) => stub.receiveMerge(ref, command))
  }

  async audit(account: AccountRef): Promise<LedgerAudit | null> {
    this.#admit(account)
    return auditLedger(this.ctx.storage, this.#store)
  }

  async rebuildState(account: AccountRef): Promise<boolean> {
    this.#admit(account)
    const changed = await rebuildLedger(this.ctx.storage, this.#store, account)
    if (changed) await this.wake(account)
    return changed
  }

  async redeemReward(account: AccountRef, request: RedemptionRequest, claim: IdempotencyClaim): Promise<RedeemReply> {
    return this.#transact(account, (turn) => this.#redemptions.redeem(turn, request, claim))
  }

  async leaseRedemption(account: AccountRef, redemptionId: string): Promise<RedemptionRecord | null> {
    if (this.#isElsewhere(this.#redemptionStore.find(redemptionId))) {
      return this.#merges.passOn(account, (stub, ref) => stub.leaseRedemption(ref, redemptionId))
    }
    return this.#transact(account, (turn) => this.#redemptions.lease(turn, redemptionId))
  }

  async settleRedemption(
    account: AccountRef,
    redemptionId: string,
    lease: number,
    by: SettledBy,
  ): Promise<RedemptionRecord | null> {
    if (this.#isElsewhere(this.#redemptionStore.find(redemptionId))) {
      return this.#merges.passOn(account, (stub, ref) => stub.settleRedemption(ref, redemptionId, lease, by))
    }
    return this.#transact(account, (turn) => this.#redemptions.settle(turn, redemptionId, lease, by))
  }

  async endRedemption(
    account: AccountRef,
    redemptionId: string,
    reason: 'by_customer' | 'by_merchant',
    claim: IdempotencyClaim | null,
  ): Promise<RedemptionReply> {
    if (this.#isElsewhere(this.#redemptionStore.find(redemptionId))) {
      return this.#merges.passOn(account, (stub, ref) => stub.endRedemption(ref, redemptionId, reason, claim))
    }
    return this.#transact(account, (turn) => this.#redemptions.end(turn, redemptionId, reason, claim))
  }

  async useCode(
    account: AccountRef,
    code: string,
    orderGid: string,
    usedAtMs: number,
    goodsMinor: number,
  ): Promise<RedemptionRecord | null> {
    if (this.#isElsewhere(this.#redemptionStore.findByCode(canonicalCode(code)))) {
      return this.#merges.passOn(account, (stub, ref) => stub.useCode(ref, code, orderGid, usedAtMs, goodsMinor))
    }
    const by = { orderGid, goodsMinor }
    const used = await this.#transact(account, (turn) => this.#redemptions.useCode(turn, code, by, usedAtMs))
    if (used === null || !this.#isElsewhere(this.#store.entriesOfOrder(orderGid)[0])) return used
    // Asked for after the use is written, as a refund is told after it is: whichever comes last knows of the other.
    const refunds = await this.#merges.ask(account, (stub, ref) => stub.orderRefunds(ref, orderGid))
    if (refunds !== null) await this.refundedElsewhere(account, orderGid, refunds)
    return this.#redemptionStore.find(used.id) ?? used
  }

  async orderRefunds(account: AccountRef, orderGid: string): Promise<OrderRefunds | null> {
    this.#admit(account)
    if (this.#isElsewhere(this.#store.entriesOfOrder(orderGid)[0])) {
      return this.#merges.ask(account, (stub, ref) => stub.orderRefunds(ref, orderGid))
    }
    return refundsOf(this.#store, orderGid)
  }

  async refundedElsewhere(account: AccountRef, orderGid: string, refunds: OrderRefunds): Promise<void> {
    await this.#transact(account, (turn) => this.#redemptions.refunded(turn, orderGid, refunds))
  }

  async codeRemoved(account: AccountRef, code: string, discountGid: string | null): Promise<RedemptionRecord | null> {
    if (this.#isElsewhere(this.#redemptionStore.findByCode(canonicalCode(code)))) {
      return this.#merges.passOn(account, (stub, ref) => stub.codeRemoved(ref, code, discountGid))
    }
    return this.#transact(account, (turn) => this.#redemptions.codeRemoved(turn, code, discountGid))
  }

  async redemption(account: AccountRef, redemptionId: string): Promise<RedemptionRecord | null> {
    this.#admit(account)
    const own = this.#redemptionStore.find(redemptionId)
    if (this.#isElsewhere(own)) return this.#merges.ask(account, (stub, ref) => stub.redemption(ref, redemptionId))
    return own ?? null
  }

  async redemptions(account: AccountRef, page: RedemptionsQuery): Promise<RedemptionsPageRaw> {
    if (this.#isElsewhere()) return this.#merges.ask(account, (stub, ref) => stub.redemptions(ref, page))
    return this.redemptionsHere(account, page)
  }

  async redemptionsHere(account: AccountRef, page: RedemptionsQuery): Promise<RedemptionsPageRaw> {
    this.#admit(account)
    return this.#redemptionStore.page(page)
  }

  async redemptionCounts(account: AccountRef): Promise<Readonly<Record<string, number>>> {
    this.#admit(account)
    if (this.#isElsewhere()) return this.#merges.ask(account, (stub, ref) => stub.redemptionCounts(ref))
    return this.#redemptionStore.counts()
  }

  async customerGid(account: AccountRef): Promise<string | null> {
    this.#admit(account)
    if (this.#isElsewhere()) return this.#merges.ask(account, (stub, ref) => stub.customerGid(ref))
    return this.#store.identity?.shopifyCustomerGid ?? null
  }

  async balance(account: AccountRef): Promise<Balance | null> {
    this.#admit(account)
    if (this.#isElsewhere()) return this.#merges.ask(account, (stub, ref) => stub.balance(ref))
    return this.#isUnused ? null : balanceOf(this.#store, account.customerId, Date.now())
  }

  async transactions(
    account: AccountRef,
    page: { readonly beforeSeq: number | null; readonly limit: number; readonly orderGid: string | null },
  ): Promise<TransactionsPage | null> {
    this.#admit(account)
    if (this.#isElsewhere()) return this.#merges.ask(account, (stub, ref) => stub.transactions(ref, page))
    if (this.#isUnused) return null
    const found = this.#store.entriesBefore({ ...page, limit: page.limit + 1 })
    const shown = found.slice(0, page.limit)
    return {
      transactions: shown.map((entry) => toTransaction(entry, account.customerId)),
      next_cursor: found.length > shown.length ? String(shown.at(-1)?.seq) : null,
    }
  }

  async ledger(account: AccountRef, afterSeq: number, limit: number): Promise<LedgerPage | null> {
    this.#admit(account)
    if (this.#isUnused) return null
    const entries = this.#store.entriesAfter(afterSeq, limit)
    const last = entries.at(-1)
    const lots = new Set(entries.flatMap(({ allocations }) => allocations.map(({ lot }) => lot)))
    return {
      entries,
      lots: [...lots].flatMap((id) => this.#store.lot(id) ?? []),
      nextSeq: last === undefined || last.seq === this.#store.account.seq ? null : last.seq,
      balance: balanceOf(this.#store, account.customerId, Date.now()),
      mergedInto: this.#store.account.mergedInto,
      relayedSeq: this.#store.relayedSeq,
      shopifyCustomerGid: this.#store.identity?.shopifyCustomerGid ?? null,
    }
  }

  async wake(account: AccountRef): Promise<void> {
    this.#admit(account)
    const atMs = this.#alarm.nextMs(Date.now())
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
    if (!this.#isElsewhere()) return this.#streams.accept(upgrade, Date.now())
    return this.#merges.ask(upgrade.account, (stub, ref) => stub.fetch(upgradeFor(ref, request)))
  }

  /** Answers the closing handshake; without it the browser waits ten seconds and reports an abnormal end. */
  override webSocketClose(socket: WebSocket, code: number): void {
    // 1005 and 1006 say that no code came; they are never sent.
    socket.close(code === 1005 || code === 1006 ? 1000 : code)
  }

  override alarm(): Promise<void> {
    return this.#alarm.ring()
  }

  /** Books the merge into the account at the end of the chain. */
  #merge(account: AccountRef, target: MergeTarget, into: string, by: CommandBase): MergeReply | Promise<MergeReply> {
    const { mergedInto } = this.#store.account
    if (into === account.customerId) return { outcome: 'refused', into }
    // By another call, while this one looked for the end of the chain.
    if (mergedInto !== null) return { outcome: 'before', into: mergedInto }
    return this.#transact(account, (turn) => {
      const decision = turn.book({ ...by, kind: 'merge_out', intoCustomerId: into })
      if (decision.outcome === 'refused') throw new Error(`the merge is refused: ${decision.refusal.detail}`)
      this.#store.noteMergeTarget(into === target.customerId ? target.shopifyCustomerGid : null)
      this.#redemptions.endForMerge(turn)
      return { outcome: 'merged', into }
    })
  }

  /** Runs `body` in one transaction; then arms the alarm and tells the open pages. */
  async #transact<T>(account: AccountRef, body: (turn: AccountTurn) => T): Promise<T> {
    this.#admit(account)
    const turn = this.#turns.begin(account, Date.now())
    const result = this.#store.transaction(() => body(turn))
    // In the same turn, so that the alarm is committed together with what needs it.
    const armed = this.#alarm.arm(turn.nowMs)
    this.#turns.publish(turn)
    await armed
    return result
  }

  get #isUnused(): boolean {
    return this.#store.account.seq === 0
  }

  /** True if the account was merged into another one and has nothing of its own to say. */
  #isElsewhere(own?: unknown): boolean {
    return own === undefined && this.#store.account.mergedInto !== null
  }

  /** Tenant check: an object answers for its own merchant and customer only. Anything else is a bug of the caller. */
  #admit({ merchantId, customerId }: AccountRef): void {
    const { identity } = this.#store
    const name = customerAccountName(merchantId, customerId)
    const own = identity === null ? this.ctx.id.name : customerAccountName(identity.merchantId, identity.customerId)
    if (name !== own) throw new Error('This account belongs to another merchant or customer')
  }
}
