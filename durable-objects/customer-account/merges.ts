import type { BatchOutcome, AccountRef, MergeTarget } from '../kernel/protocol.ts'
import { withRetry } from '../kernel/retry.ts'
import { customerAccount, type CustomerAccountStub } from '../kernel/stubs.ts'
import { mergeInOf } from '../../domain/ledger/merge.ts'
import type { Command } from '../../domain/ledger/types.ts'
import { refundsOf } from '../../domain/rewards/refunds.ts'
import type { Store } from './store.ts'
import { takesBack } from './turn.ts'

/** A chain of merged accounts is followed this far; it can only be as long as a shop has merged customers in a row. */
const MAX_HOPS = 100

/** An account calls another one of its merchant. */
type Stubs = (merchantId: string, customerId: string) => CustomerAccountStub

/**
 * What an account has to do with others, because it was merged into one or others were merged into it: brings its
 * merge_outs there, passes on what is not its business any more, and knows in whose books an order is.
 */
export class Merges {
  readonly #store: Store
  readonly #storage: DurableObjectStorage
  readonly #stubs: Stubs
  #delivering: Promise<void> | undefined
  /** How many calls are about to merge this account into another. */
  #leaving = 0

  constructor(store: Store, storage: DurableObjectStorage, env: Env) {
    this.#store = store
    this.#storage = storage
    this.#stubs = (merchantId, customerId) => customerAccount(env, merchantId, customerId)
  }

  /** True if the account that this one was merged into has everything. */
  get isDelivered(): boolean {
    return this.#store.undeliveredMerge === undefined
  }

  get isLeaving(): boolean {
    return this.#leaving > 0
  }

  /**
   * The account that would have the points of this one if it were merged into `target`: where a chain of merges ends.
   * `work` books the merge in the same turn. Meanwhile nobody is merged into this account, or two accounts that are merged
   * into each other at the same moment would each wait for the other's points for ever.
   * @throws while an account of the chain is about to be merged itself.
   */
  async leaving<T>(account: AccountRef, target: MergeTarget, work: (into: string) => T | Promise<T>): Promise<T> {
    this.#leaving += 1
    try {
      const into = await this.finalOf(account, target.customerId)
      // In one turn with the last answer: nobody can ask in between.
      return await work(into)
    } finally {
      this.#leaving -= 1
    }
  }

  /** Where the chain of merges from `customerId` on ends; this account itself if it comes by. */
  async finalOf({ merchantId, customerId: ownId }: AccountRef, customerId: string): Promise<string> {
    let current = customerId
    for (let hop = 0; hop < MAX_HOPS; hop += 1) {
      if (current === ownId) return ownId
      const ref = { merchantId, customerId: current, shopifyCustomerGid: null, currency: null }
      const { into, isLeaving } = await this.#call(ref, (stub) => stub.mergeStanding(ref))
      if (into === null && isLeaving) throw new Error('the other account is about to be merged itself; try again')
      if (into === null) return current
      current = into
    }
    throw new Error(`accounts are merged in a chain of more than ${MAX_HOPS}`)
  }

  /** Brings what is not delivered yet to the account that this one was merged into. @throws if that does not answer. */
  async deliver(): Promise<void> {
    while (!this.isDelivered) {
      this.#delivering ??= this.#deliverAll().finally(() => {
        this.#delivering = undefined
      })
      await this.#delivering
    }
  }

  /**
   * Passes a call on to the account that this one was merged into, as soon as that one has its points.
   * @throws if it does not answer, so that the caller comes again.
   */
  async passOn<T>(account: AccountRef, call: (stub: CustomerAccountStub, ref: AccountRef) => Promise<T>): Promise<T> {
    await this.deliver()
    return this.ask(account, call)
  }

  /** As {@link passOn}, for what only reads. */
  ask<T>(account: AccountRef, call: (stub: CustomerAccountStub, ref: AccountRef) => Promise<T>): Promise<T> {
    const ref = this.#targetOf(account)
    return this.#call(ref, (stub) => call(stub, ref))
  }

  /** By order, the merged account in whose books it is, for those of the commands' orders that are not in these books. */
  async ordersElsewhere(
    { merchantId }: AccountRef,
    commands: readonly Command[],
  ): Promise<ReadonlyMap<string, string>> {
    const found = new Map<string, string>()
    const asked = new Set<string>()
    for (;;) {
      const customers = this.#store.account.mergedFrom.filter((customerId) => !asked.has(customerId))
      if (customers.length === 0) return found
      const orders = this.#foreignOrders(commands).filter((orderGid) => !found.has(orderGid))
      if (orders.length === 0) return found
      await Promise.all(
        customers.map(async (customerId) => {
          const ref = { merchantId, customerId, shopifyCustomerGid: null, currency: null }
          const theirs = await this.#call(ref, (stub) => stub.ordersInBooks(ref, orders))
          for (const orderGid of theirs) found.set(orderGid, customerId)
          asked.add(customerId)
        }),
      )
      // Another account may have been merged into this one meanwhile.
    }
  }

  /** Asks an account that was merged into this one, in whose books an order is. */
  askHolder<T>(
    { merchantId, currency }: AccountRef,
    customerId: string,
    call: (stub: CustomerAccountStub, ref: AccountRef) => Promise<T>,
  ): Promise<T> {
    const ref = { merchantId, customerId, shopifyCustomerGid: null, currency }
    return this.#call(ref, (stub) => call(stub, ref))
  }

  /**
   * The outcomes of a batch: those that this account has given, and for the others (undefined) what their orders' holders
   * say, or else the account that this one was merged into.
   */
  async complete(
    account: AccountRef,
    commands: readonly Command[],
    own: readonly (BatchOutcome | undefined)[],
    holders: ReadonlyMap<string, string>,
  ): Promise<readonly BatchOutcome[]> {
    const outcomes = new Map(
      own.flatMap((outcome, index) => (outcome === undefined ? [] : [[index, outcome] as const])),
    )
    const open = [...commands.entries()].filter(([index]) => !outcomes.has(index))
    const places = Map.groupBy(open, ([, command]) => holders.get(orderOf(command) ?? ''))
    await Promise.all(
      Array.from(places, async ([holder, theirs]) => {
        const asked = theirs.map(([, command]) => command)
        const answers =
          holder === undefined
            ? await this.passOn(account, (stub, ref) => stub.executeBatch(ref, asked))
            : await this.askHolder(account, holder, (stub, ref) => stub.executeHere(ref, asked))
        for (const [place, [index]] of theirs.entries()) {
          const answer = answers[place]
          if (answer !== undefined) outcomes.set(index, answer)
        }
      }),
    )
    return commands.map((command, index) => {
      const outcome = outcomes.get(index)
      if (outcome === undefined) throw new Error(`nobody answered the ${command.kind} of a batch`)
      return outcome
    })
  }

  /**
   * Tells the accounts that were merged into this one of the refunds of these commands' orders: one of them may own the
   * code that such an order used, when it was placed before the merge and booked after it.
   */
  async tellRefunds(account: AccountRef, commands: readonly Command[]): Promise<void> {
    const { mergedFrom } = this.#store.account
    if (mergedFrom.length === 0) return
    const orders = new Set(commands.flatMap((command) => (takesBack(command) ? [command.orderGid] : [])))
    await Promise.all(
      [...orders].flatMap((orderGid) => {
        const refunds = refundsOf(this.#store, orderGid)
        if (refunds === null) return []
        return mergedFrom.map((customerId) =>
          this.askHolder(account, customerId, (stub, ref) => stub.refundedElsewhere(ref, orderGid, refunds)),
        )
      }),
    )
  }

  #foreignOrders(commands: readonly Command[]): readonly string[] {
    const orders = new Set(commands.flatMap((command) => orderOf(command) ?? []))
    return [...orders].filter((orderGid) => this.#store.entriesOfOrder(orderGid).length === 0)
  }

  #targetOf({ merchantId, currency }: AccountRef): AccountRef {
    const { account, mergeTargetGid } = this.#store
    if (account.mergedInto === null) throw new Error('this account is not merged')
    return { merchantId, customerId: account.mergedInto, shopifyCustomerGid: mergeTargetGid, currency }
  }

  #call<T>({ merchantId, customerId }: AccountRef, call: (stub: CustomerAccountStub) => Promise<T>): Promise<T> {
    return withRetry(() => this.#stubs(merchantId, customerId), call)
  }

  async #deliverAll(): Promise<void> {
    const { identity } = this.#store
    if (identity === null) return
    for (let out = this.#store.undeliveredMerge; out !== undefined; out = this.#store.undeliveredMerge) {
      const command = mergeInOf(this.#store, out, identity.customerId)
      // Nobody is to have points that a crash could still leave here.
      await this.#storage.sync()
      const outcome = await this.ask(identity, (stub, ref) => stub.receiveMerge(ref, command))
      if (outcome.outcome === 'refused') throw new Error(`merge_out ${out.seq} is refused: ${outcome.refusal.detail}`)
      this.#store.moveMergeCursor(out.seq)
    }
  }
}

/** The order that a command is about, whose books decide who does it. */
export function orderOf(command: Command): string | undefined {
  return 'orderGid' in command ? command.orderGid : undefined
}
