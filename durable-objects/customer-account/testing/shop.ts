import type { Command } from '../../../domain/ledger/types.ts'
import { ModelAccount } from './account.ts'
import { Books, type ModelOutcome } from './books.ts'

/** The accounts of a shop, some of which were merged into others: who does what is asked of whom. */
export class ModelShop {
  readonly accounts: ReadonlyMap<string, ModelAccount>

  constructor(customerIds: readonly string[]) {
    this.accounts = new Map(customerIds.map((id) => [id, new ModelAccount(new Books(id))]))
  }

  account(id: string): ModelAccount {
    const account = this.accounts.get(id)
    if (account === undefined) throw new Error(`there is no account ${id}`)
    return account
  }

  /** Where a chain of merges ends. */
  final(id: string): ModelAccount {
    const { mergedInto } = this.account(id)
    return mergedInto === null ? this.account(id) : this.final(mergedInto)
  }

  decide(id: string, command: Command, nowMs: number): ModelOutcome {
    const account = this.account(id)
    if (account.mergedInto !== null && !account.keeps(command)) {
      this.#deliver(account, nowMs)
      return this.decide(account.mergedInto, command, nowMs)
    }
    const isElsewhere = 'orderGid' in command && !account.knowsOrder(command.orderGid)
    const holder = isElsewhere ? account.mergedFrom.find((from) => this.account(from).keeps(command)) : undefined
    return this.account(holder ?? id).decide(command, nowMs)
  }

  merge(id: string, into: string, nowMs: number): 'merged' | 'before' | 'refused' {
    const account = this.account(id)
    if (account.mergedInto !== null) return 'before'
    const kept = this.final(into)
    if (kept === account) return 'refused'
    const by = { source: 'merge', actor: 'shopify', effectiveAtMs: nowMs } as const
    account.decide({ ...by, kind: 'merge_out', intoCustomerId: kept.id }, nowMs)
    return 'merged'
  }

  /** An account's alarm: what is due, and what is on its way. */
  ring(id: string, nowMs: number): void {
    this.account(id).decide({ kind: 'apply_due' }, nowMs)
    this.#deliver(this.account(id), nowMs)
  }

  #deliver(account: ModelAccount, nowMs: number): void {
    for (let command = account.nextParcel(nowMs); command !== null; command = account.nextParcel(nowMs)) {
      if (account.mergedInto !== null) this.decide(account.mergedInto, command, nowMs)
    }
  }
}
