import { defaultSettings, type ProgramSettings, type VersionedSettings } from '../contracts/settings.ts'
import type { MoneyParts } from '../earning/facts.ts'
import { freezeRule } from '../earning/rule.ts'
import { decide } from './decide.ts'
import { sealEntry } from './entry.ts'
import { type Books, booksOf } from './checks.ts'
import { violationsOf } from './invariants.ts'
import { MemoryLedger } from './memory.ts'
import { mergeViolations } from './merge-invariants.ts'
import { mergeInOf } from './merge.ts'
import type {
  Adjust,
  CancelOrder,
  Clawback,
  Command,
  Decision,
  EarnOrder,
  EarnPoints,
  EditOrder,
  Entry,
  MergeIn,
  MergeOut,
  Redeem,
  ReturnSpent,
} from './types.ts'

/** Builders for the ledger's tests: short ways to say what happens, and an account that checks its books each time. */

export const DAY_MS = 86_400_000
/** Monday 2026-03-02, 12:00 in Berlin. */
export const MONDAY_MS = Date.UTC(2026, 2, 2, 11)
export const FOREVER = { lotDays: null, timeZone: 'Europe/Berlin' } as const
export const ORDER = 'gid://shopify/Order/820982911946154508'

const API = { source: 'api', actor: 'api_key:test', effectiveAtMs: MONDAY_MS } as const
const SHOPIFY = { source: 'shopify', actor: 'shopify', effectiveAtMs: MONDAY_MS } as const

/** Money parts of which only some are given. */
export function money(parts: Partial<MoneyParts> = {}): MoneyParts {
  return {
    taxes_included: true,
    goods: 0,
    goods_tax: 0,
    goods_discount: 0,
    gift_cards: 0,
    shipping: 0,
    shipping_tax: 0,
    tips: 0,
    ...parts,
  }
}

/** Settings of a shop with the defaults, but for what is given. */
export function settingsWith(
  earning: Partial<ProgramSettings['earning']> = {},
  { currency = 'EUR', ...others }: Partial<Omit<ProgramSettings, 'earning'>> = {},
  version = 1,
): VersionedSettings {
  const defaults = defaultSettings(currency, 'Europe/Berlin')
  const settings = { ...defaults, ...others, earning: { ...defaults.earning, ...earning } }
  return { version, updated_at: '2026-03-01T00:00:00.000Z', settings }
}

/** A paid order of 59.90 EUR that earns 1 point for each full euro, but for what is given. */
export function orderOf(change: Partial<EarnOrder> = {}): EarnOrder {
  return {
    ...SHOPIFY,
    kind: 'earn_order',
    orderGid: ORDER,
    parts: money({ goods: 5990 }),
    rule: freezeRule(settingsWith()),
    terms: FOREVER,
    returnWindowDays: 0,
    ...change,
  }
}

/** A refund of goods for that many minor units. */
export function refundOf(goods: number, id = 1, change: Partial<Clawback> = {}): Clawback {
  const refundGid = `gid://shopify/Refund/${id}`
  return { ...SHOPIFY, kind: 'clawback', refundGid, orderGid: ORDER, parts: money({ goods }), ...change }
}

/** The order as it stands `hours` after it was made, with goods for that many minor units. */
export function editOf(goods: number, hours = 1, change: Partial<EditOrder> = {}): EditOrder {
  const editedAtMs = MONDAY_MS + hours * 3_600_000
  const order = { orderGid: ORDER, parts: money({ goods }), terms: FOREVER, editedAtMs }
  return { ...SHOPIFY, effectiveAtMs: editedAtMs, kind: 'edit_order', ...order, ...change }
}

/** Points spent on an order come back, because of its refund of that number. */
export function returnOf(seq: number, points: number, refund = 1, change: Partial<ReturnSpent> = {}): ReturnSpent {
  const becauseOf = `gid://shopify/Refund/${refund}`
  return { ...SHOPIFY, kind: 'return_spent', seq, points, becauseOf, reason: 'refund', ...change }
}

/** A till took a code offline: the customer may owe up to `overdraftPoints`. */
export function tillRedeemOf(points: number, overdraftPoints: number, id = '1', change: Partial<Redeem> = {}): Redeem {
  const till = { source: 'pos', actor: 'device:till', overdraftPoints } as const
  return redeemOf(points, `pos:till:${id}`, { ...till, ...change })
}

export function mergeInto(intoCustomerId: string): MergeOut {
  return { ...SHOPIFY, source: 'merge', kind: 'merge_out', intoCustomerId }
}

export function cancellation(orderGid = ORDER): CancelOrder {
  return { ...SHOPIFY, kind: 'cancel_order', orderGid }
}

export function grantOf(points: number, id = 'a', change: Partial<EarnPoints> = {}): EarnPoints {
  return { ...API, kind: 'earn_points', externalId: `activity:${id}`, points, reason: null, terms: FOREVER, ...change }
}

export function importOf(points: number, row = 1): Extract<Command, { kind: 'import' }> {
  return { ...API, source: 'import', kind: 'import', batchId: 'smile', row, points, terms: FOREVER }
}

export function redeemOf(points: number, id = 'r', change: Partial<Redeem> = {}): Redeem {
  return { ...API, kind: 'redeem', redemptionId: id, points, limits: null, reason: null, ...change }
}

export function adjustOf(points: number, id = 'j', change: Partial<Adjust> = {}): Adjust {
  const base = {
    ...API,
    kind: 'adjust',
    adjustmentId: id,
    reason: 'goodwill',
    allowDebt: false,
    terms: FOREVER,
  } as const
  return { ...base, points, ...change }
}

export function holdOf(points: number, id = 'h', timeoutMs = 600_000): Extract<Command, { kind: 'hold' }> {
  return { ...API, kind: 'hold', holdId: id, points, timeoutMs, limits: null }
}

export function captureOf(id = 'h', points?: number): Extract<Command, { kind: 'capture' }> {
  return { ...API, kind: 'capture', holdId: id, ...(points === undefined ? {} : { points }) }
}

export function releaseOf(id = 'h'): Extract<Command, { kind: 'release' }> {
  return { ...API, kind: 'release', holdId: id, reason: 'cart emptied' }
}

export function reversalOf(seq: number, reason = 'mistake'): Extract<Command, { kind: 'reverse' }> {
  return { ...API, kind: 'reverse', seq, reason }
}

/** An account in memory with a clock. Every command is followed by a check of all invariants. */
export class TestAccount extends MemoryLedger {
  nowMs = MONDAY_MS

  /** Executes a command and writes what it decided. */
  do(command: Command): Decision {
    const decision = decide(this, command, this.nowMs)
    this.apply(decision.changes)
    const violations = violationsOf(booksOf(this))
    if (violations.length > 0) throw new Error(violations.join('\n'))
    return decision
  }

  /** The entry of a command that must be applied. */
  book(command: Command): Entry {
    const decision = this.do(command)
    if (decision.outcome !== 'applied') throw new Error(`not applied: ${JSON.stringify(decision, null, 2)}`)
    return decision.entry
  }

  /** The code with which a command must be refused. */
  refusal(command: Command): string {
    const decision = this.do(command)
    if (decision.outcome !== 'refused') throw new Error(`not refused: ${decision.outcome}`)
    return decision.refusal.code
  }

  /** Lets time pass and books what has become due. */
  wait(ms: number): void {
    this.nowMs += ms
    this.do({ kind: 'apply_due' })
  }

  /** Spendable points, as the sums tell it. */
  get available(): number {
    return this.account.posted - this.account.held
  }

  /** Type and points of each entry, oldest first. */
  get history(): readonly string[] {
    return this.entries.map(({ type, points }) => `${type} ${points}`)
  }
}

/** The books with other entries, hashed anew, so that only what they say is wrong. */
export function retold(books: Books, change: (entry: Entry) => Entry): Books {
  let last = { ...books.account, seq: 0, lastHash: '' }
  const entries = books.entries.map((entry) => {
    const { seq: _seq, recordedAtMs, previousHash: _previous, hash: _hash, ...fields } = change(entry)
    const sealed = sealEntry(last, fields, recordedAtMs)
    last = { ...last, seq: sealed.seq, lastHash: sealed.hash }
    return sealed
  })
  return { ...books, entries, account: { ...books.account, lastHash: last.lastHash } }
}

/** Changes the entry of one number. */
export function only(seq: number, change: Partial<Entry>): (entry: Entry) => Entry {
  return (entry) => (entry.seq === seq ? { ...entry, ...change } : entry)
}

/**
 * Accounts of one shop that may be merged into one another, all with the same clock. Between them it does what the objects
 * do: brings what merge_outs carry, passes on what is not a merged account's business, and asks whoever has an order.
 */
export class Family {
  readonly #accounts: ReadonlyMap<string, TestAccount>

  constructor(customerIds: readonly string[]) {
    this.#accounts = new Map(customerIds.map((id) => [id, new TestAccount()]))
  }

  /** One that Shopify removes and one that it keeps. */
  static ofTwo(): { readonly family: Family; readonly removed: TestAccount; readonly kept: TestAccount } {
    const family = new Family(['removed', 'kept'])
    return { family, removed: family.account('removed'), kept: family.account('kept') }
  }

  get books(): ReadonlyMap<string, Books> {
    return new Map([...this.#accounts].map(([id, account]) => [id, booksOf(account)]))
  }

  account(customerId: string): TestAccount {
    const account = this.#accounts.get(customerId)
    if (account === undefined) throw new Error(`there is no ${customerId}`)
    return account
  }

  /** What an account's merge_outs tell the other one, oldest first. */
  messages(account: TestAccount): readonly MergeIn[] {
    const [customerId = ''] = [...this.#accounts].find(([, one]) => one === account) ?? []
    return account.entries
      .filter(({ type }) => type === 'merge_out')
      .map((entry) => mergeInOf(account, entry, customerId))
  }

  /** Asks whoever has the order of the command, otherwise the customer's account, or the one that it was merged into. */
  ask(customerId: string, command: Command): Decision {
    const account = this.account(customerId)
    const decision = (this.#holderOf(account, command) ?? account).do(command)
    const { mergedInto } = account.account
    if (decision.outcome !== 'refused' || decision.refusal.code !== 'account_merged' || mergedInto === null) {
      return decision
    }
    for (const message of this.messages(account)) this.#tell(account, message)
    return this.ask(mergedInto, command)
  }

  /** Merges an account into where the points of the other one are; into itself it is not merged. */
  merge(customerId: string, into: string): void {
    const finalId = this.#finalId(into)
    if (finalId !== customerId) this.account(customerId).do(mergeInto(finalId))
  }

  /** One of the messages there ever were arrives, perhaps again. */
  arrive(pick: number): void {
    const all = [...this.#accounts.values()].flatMap((from) =>
      this.messages(from).map((message) => [from, message] as const),
    )
    const chosen = all[pick % Math.max(1, all.length)]
    if (chosen !== undefined) this.#tell(...chosen)
  }

  /** Brings everything that is on its way, and checks that none is lost. */
  deliver(): void {
    for (const account of this.#accounts.values()) {
      for (const message of this.messages(account)) this.#tell(account, message)
    }
    // What arrived in an account that is merged itself has gone further on.
    for (const account of this.#accounts.values()) {
      for (const message of this.messages(account)) this.#tell(account, message)
    }
    const violations = mergeViolations(this.books, true)
    if (violations.length > 0) throw new Error(violations.join('\n'))
  }

  /** Lets time pass for all. */
  wait(ms: number): void {
    for (const account of this.#accounts.values()) account.wait(ms)
  }

  #tell({ account: { mergedInto } }: TestAccount, message: MergeIn): void {
    if (mergedInto !== null) this.ask(mergedInto, message)
  }

  #finalId(customerId: string): string {
    const { mergedInto } = this.account(customerId).account
    return mergedInto === null ? customerId : this.#finalId(mergedInto)
  }

  #holderOf({ account }: TestAccount, command: Command): TestAccount | undefined {
    if (!('orderGid' in command)) return undefined
    const { orderGid } = command
    return account.mergedFrom.map((id) => this.account(id)).find((one) => one.entriesOfOrder(orderGid).length > 0)
  }
}
