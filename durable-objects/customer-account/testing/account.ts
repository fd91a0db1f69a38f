import type { Command, EntryType, MergeIn } from '../../../domain/ledger/types.ts'
import { type Books, type Details, type ModelEntry, type ModelOutcome, Refused, sum } from './books.ts'
import { bringAbout, endIfOver } from './due.ts'
import { leaveNothing, moveIn, moveOut } from './merging.ts'
import { earnOrder, edit, takeBack, worth } from './orders.ts'
import { adjust, capture, grant, openHold, redeem, release, returnSpent, reverse, setAside } from './points.ts'

const PART_OF: Partial<Readonly<Record<EntryType, 'earned' | 'redeemed' | 'expired' | 'clawed_back'>>> = {
  earn: 'earned',
  activate: 'earned',
  redeem: 'redeemed',
  capture: 'redeemed',
  expire: 'expired',
  clawback: 'clawed_back',
}

/**
 * A customer's account told a second time, as plainly as it can be: lists that are searched from the front, sums taken
 * anew each time, no fold, no fingerprints, no hashes. It shares no code with `domain/ledger`, only the words of its
 * commands, so that a wrong rule there is a difference here. It knows money as goods alone, and rules as so many points
 * for a hundred minor units.
 */
export class ModelAccount {
  readonly #books: Books

  constructor(books: Books) {
    this.#books = books
  }

  get id(): string {
    return this.#books.id
  }
  get mergedInto(): string | null {
    return this.#books.mergedInto
  }
  get mergedFrom(): readonly string[] {
    return this.#books.mergedFrom
  }

  /** What is on its way to the account that this one was merged into: the next of it, once. */
  nextParcel(nowMs: number): MergeIn | null {
    const parcel = this.#books.parcels[this.#sent]
    if (parcel === undefined) return null
    this.#sent += 1
    const by = { source: 'merge', actor: 'system', effectiveAtMs: nowMs } as const
    return { ...by, ...parcel, kind: 'merge_in', fromCustomerId: this.id }
  }
  #sent = 0

  get entries(): readonly ModelEntry[] {
    return this.#books.lines.map(({ seq, type, points, externalId, moves }) => ({
      seq,
      type,
      points,
      externalId,
      moves,
    }))
  }

  /** As `Balance`, without what only names things: what is due counts as done, but only what is booked has a number. */
  balanceAt(nowMs: number): object {
    const then = new ModelAccount(this.#books.copy())
    then.decide({ kind: 'apply_due' }, nowMs)
    return { ...then.#balance(), seq: this.#books.lines.length }
  }

  #balance(): object {
    const lifetime = { earned: 0, redeemed: 0, expired: 0, clawed_back: 0, adjusted: 0 }
    for (const line of this.#books.lines) {
      const told =
        line.type === 'reversal' ? (this.#books.lines[(line.refersTo ?? 0) - 1]?.type ?? 'reversal') : line.type
      const part = PART_OF[told] ?? 'adjusted'
      lifetime[part] += part === 'earned' || part === 'adjusted' ? line.points : -line.points
    }
    return {
      points: Math.max(0, this.#books.free() - this.#books.debt),
      posted: sum(this.#books.lines.map(({ points }) => points)),
      pending: sum(this.#books.pendings.map(({ points }) => points)),
      held: sum(this.#books.holds.filter(({ state }) => state === 'open').map(({ points }) => points)),
      debt: this.#books.debt,
      lifetime,
      next_expiration: this.#nextExpiration(),
    }
  }

  #nextExpiration(): { points: number; at: string } | null {
    const ends = this.#books.lots.flatMap((lot) => (lot.left > lot.pinned ? (this.#books.endOf(lot) ?? []) : []))
    if (ends.length === 0) return null
    const firstMs = Math.min(...ends)
    const ending = this.#books.lots.filter((lot) => this.#books.endOf(lot) === firstMs)
    return { points: sum(ending.map((lot) => lot.left - lot.pinned)), at: new Date(firstMs).toISOString() }
  }

  /** One transaction: what is due, then the command. */
  decide(command: Command, nowMs: number): ModelOutcome {
    this.#books.atMs = Math.max(nowMs, this.#books.atMs)
    bringAbout(this.#books)
    const outcome = this.#execute(command)
    leaveNothing(this.#books)
    return outcome
  }

  knowsOrder(order: string): boolean {
    return this.#books.lines.some((line) => line.order?.order === order)
  }

  /** Whether a merged account still answers this itself. */
  keeps(command: Command): boolean {
    switch (command.kind) {
      case 'earn_order':
      case 'clawback':
      case 'cancel_order':
      case 'edit_order':
        return this.knowsOrder(command.orderGid)
      case 'capture':
      case 'release':
        return this.#books.holds.some(({ id }) => id === command.holdId)
      case 'reverse':
      case 'return_spent':
      case 'apply_due':
        return true
      case 'adjust':
      case 'earn_points':
      case 'hold':
      case 'import':
      case 'merge_in':
      case 'merge_out':
      case 'redeem':
        return this.#booked(idOf(command)) !== undefined
    }
  }

  #execute(command: Command): ModelOutcome {
    if (command.kind === 'apply_due') return { outcome: 'none' }
    const externalId = idOf(command)
    const facts = this.#factsOf(command)
    const booked = this.#booked(externalId)
    if (booked?.facts === facts) return { outcome: 'duplicate', seq: booked.seq, points: booked.points }
    if (booked !== undefined) {
      if (command.kind === 'edit_order') return { outcome: 'none' }
      return { outcome: 'refused', code: command.kind === 'reverse' ? 'reversal_exists' : 'external_id_conflict' }
    }
    if (this.#books.mergedInto !== null && !this.keeps(command)) return { outcome: 'refused', code: 'account_merged' }
    try {
      const parts = this.#propose(command)
      for (const [index, part] of parts.entries()) {
        const isOwn = index === parts.length - 1
        this.#book(isOwn ? externalId : `${externalId}:part:${index + 1}`, isOwn ? facts : '', part, command)
      }
      const own = this.#booked(externalId)
      return own === undefined ? { outcome: 'none' } : { outcome: 'applied', seq: own.seq, points: own.points }
    } catch (error) {
      if (error instanceof Refused) return { outcome: 'refused', code: error.code }
      throw error
    }
  }

  /** Books an entry, and what it gave back to lots that are over. */
  #book(externalId: string, facts: string, part: Details | ((books: Books) => Details), command: Command): void {
    const books = this.#books
    const details = typeof part === 'function' ? part(books) : part
    const pins = books.holds.find(({ id }) => command.kind === 'capture' && id === command.holdId)?.pins ?? []
    books.book(externalId, facts, details)
    for (const [lot] of [...(books.lines.at(-1)?.moves ?? []), ...pins]) endIfOver(books, lot, books.atMs)
  }

  #booked(externalId: string) {
    return this.#books.booked(externalId)
  }

  #factsOf(command: Exclude<Command, { kind: 'apply_due' }>): string {
    switch (command.kind) {
      case 'earn_order':
        return JSON.stringify([command.orderGid, command.parts.goods])
      case 'clawback':
        return JSON.stringify([command.orderGid, command.parts.goods])
      case 'edit_order':
        return JSON.stringify([command.orderGid, command.parts.goods, command.editedAtMs])
      case 'earn_points':
      case 'redeem':
      case 'adjust':
        return JSON.stringify([command.points, command.reason])
      case 'capture':
        return JSON.stringify([command.points ?? this.#books.holds.find(({ id }) => id === command.holdId)?.points])
      case 'hold':
      case 'import':
      case 'return_spent':
        return JSON.stringify([command.points])
      case 'reverse':
        return JSON.stringify([command.reason])
      case 'cancel_order':
      case 'release':
      case 'merge_out':
      case 'merge_in':
        return ''
    }
  }

  #propose(command: Exclude<Command, { kind: 'apply_due' }>): readonly (Details | ((books: Books) => Details))[] {
    switch (command.kind) {
      case 'earn_order':
        return [earnOrder(this.#books, command)]
      case 'earn_points':
        return [grant(this.#books, 'earn', command.points, command.terms, this.#books.atMs)]
      case 'import':
        return [grant(this.#books, 'import', command.points, command.terms, this.#books.atMs)]
      case 'clawback': {
        const left = worth(this.#books, command.orderGid, command.parts.goods)
        return takeBack(this.#books, command.orderGid, left, { refundGoods: command.parts.goods })
      }
      case 'cancel_order':
        return takeBack(this.#books, command.orderGid, 0, { cancels: true })
      case 'edit_order':
        return edit(this.#books, command)
      case 'redeem':
        return [redeem(this.#books, command)]
      case 'hold':
        return [setAside(this.#books, command.holdId, command.points, this.#books.atMs + command.timeoutMs)]
      case 'capture':
        return [capture(this.#books, command)]
      case 'release':
        return [release(openHold(this.#books, command.holdId))]
      case 'adjust':
        return [adjust(this.#books, command)]
      case 'reverse':
        return [reverse(this.#books, command.seq)]
      case 'return_spent':
        return [returnSpent(this.#books, command)]
      case 'merge_out':
        this.#books.mergedInto = command.intoCustomerId
        return [moveOut(this.#books)]
      case 'merge_in':
        return moveIn(command)
    }
  }
}

function idOf(command: Exclude<Command, { kind: 'apply_due' }>): string {
  switch (command.kind) {
    case 'earn_order':
      return `order:${command.orderGid}:earn:${command.rule.ruleId}`
    case 'earn_points':
      return command.externalId
    case 'edit_order':
      return `order:${command.orderGid}:edit:${command.editedAtMs}`
    case 'clawback':
      return `refund:${command.refundGid}`
    case 'cancel_order':
      return `cancel:${command.orderGid}`
    case 'redeem':
      return `redeem:${command.redemptionId}`
    case 'hold':
      return `hold:${command.holdId}`
    case 'capture':
    case 'release':
      return `hold:${command.holdId}:${command.kind}`
    case 'adjust':
      return `adjust:${command.adjustmentId}`
    case 'reverse':
      return `reversal:${command.seq}`
    case 'return_spent':
      return `return:${command.becauseOf}:${command.seq}`
    case 'import':
      return `import:${command.batchId}:${command.row}`
    case 'merge_out':
      return `merge:${command.intoCustomerId}/1:out`
    case 'merge_in':
      return `merge:${command.fromCustomerId}/${command.number}:in`
  }
}
