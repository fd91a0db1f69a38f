import type { Command, Decision, Entry, LedgerView } from '../../domain/ledger/types.ts'

/**
 * What a run must have met to mean anything. Each is counted; a run that is long enough and misses one fails, because
 * then its workload no longer reaches what it is there for.
 */
export const SITUATIONS = [
  'an order earns at once',
  'an order waits for its return window',
  'a return window ends',
  'a return window is over when the order is heard of',
  'a refund comes before its order',
  'an order earns what earlier refunds leave',
  'a refund takes points back',
  'a refund takes nothing back, by rounding',
  'a second refund of one order',
  'a refund takes pending points',
  'a refund takes points of other orders',
  'a refund makes debt',
  'a grant pays all of the debt',
  'a grant pays part of the debt',
  'an expiry pays debt',
  'an order is cancelled',
  'a cancellation comes before its order',
  'a cancellation comes after a refund',
  'a redemption takes from several lots',
  'a redemption is refused: too few points',
  'a redemption is refused: the limits',
  'a hold pins several lots',
  'a hold is refused: too few points',
  'a hold is captured whole',
  'a hold is captured in part',
  'a hold is released',
  'a hold times out',
  'a hold that has ended is not ended again',
  'a lot expires',
  'a lot expires but for what is pinned',
  'a capture spends points of an expired lot',
  'a release gives points back to an expired lot',
  'several things are due at once',
  'a correction up',
  'a correction down',
  'a correction into debt',
  'a correction is refused: too few points',
  'a grant is reversed',
  'a redemption is reversed',
  'a refund is reversed',
  'a reversal is refused: done before',
  'a reversal is refused: not reversible',
  'an opening balance is imported',
  'an import in debt',
  'the same command again changes nothing',
  'a business id with other contents is refused',
  'points out of range are refused',
  'a retry finds its command booked',
  'events of several entries go together',
  'events go twice',
  'an older balance arrives after a newer one',
  'a lost alarm is found by the sweep',
  'an edit adds points',
  'an edit adds points that wait',
  'an edit takes points back',
  'an edit changes money, not points',
  'an edit changes nothing',
  'a refund after an edit',
  'an order is cancelled after an edit',
  'spent points come back in part',
  'spent points come back in full',
  'more than was spent is not given back',
  'spent points come back to a lot that is over',
  'a lot ends by silence',
  'a lot is to end by the calendar',
  'activity puts off an end by silence',
  'a till overdraws an account',
  'a till may not overdraw it further',
  'an account is merged into another',
  'a merge carries several lots',
  'a merge carries debt',
  'a merge carries points and debt',
  'a merge carries nothing',
  'a merge is delivered',
  'a merge is delivered again',
  'a merge pays debt of the kept account',
  'a merge is asked for again',
  'a merge of an account into itself, by another, is refused',
  'a merge goes to where the other account went',
  'an alarm delivers a merge',
  'points that come free later follow a merge',
  'debt that is made later follows a merge',
  'a merged account ends its own hold',
  'a command is passed on to the kept account',
  'the kept account has an order done by the merged one',
  'a guest becomes a customer',
  'an account is called twice by another',
] as const

export type Situation = (typeof SITUATIONS)[number]

/** Counts what a run has met. */
export class Situations {
  readonly counts = new Map<Situation, number>()

  meet(situation: Situation, when = true): void {
    if (when) this.counts.set(situation, (this.counts.get(situation) ?? 0) + 1)
  }

  /** What a decision shows. @param before the ledger as it was */
  observe(before: LedgerView, command: Command, decision: Decision): void {
    const { entries } = decision.changes
    const own = decision.outcome === 'applied' ? decision.entry : undefined
    const due = entries.filter((entry) => entry.source === 'system')
    this.meet('several things are due at once', due.length > 1)
    for (const entry of entries) this.#observeEntry(before, entry)
    if (own !== undefined) this.#observeApplied(before, command, own, entries)
    if (decision.outcome === 'duplicate') {
      this.meet('the same command again changes nothing')
      this.meet('a merge is delivered again', command.kind === 'merge_in')
    }
    if (decision.outcome === 'none') this.meet('an edit changes nothing', command.kind === 'edit_order')
    if (decision.outcome === 'refused') this.#observeRefusal(command, decision.refusal.code)
  }

  #observeEntry(before: LedgerView, entry: Entry): void {
    const { debtPaid = 0, debtMade = 0 } = entry.detail
    const grants = entry.points > 0 && entry.type !== 'reversal'
    this.meet('a grant pays all of the debt', grants && debtPaid > 0 && entry.points > debtPaid)
    this.meet('a grant pays part of the debt', grants && debtPaid > 0 && entry.points === debtPaid)
    if (entry.type === 'activate') this.meet('a return window ends')
    if (entry.type === 'release') this.meet('a hold times out', entry.detail.reason === 'timeout')
    if (entry.type === 'expire') {
      this.meet('a lot expires')
      this.meet('an expiry pays debt', debtPaid > 0)
      const [lot] = entry.allocations.map(({ lot: id }) => before.lot(id))
      const fixedMs = lot?.expiresAtMs ?? Number.POSITIVE_INFINITY
      this.meet('a lot ends by silence', lot !== undefined && lot.inactivity !== null && fixedMs > entry.effectiveAtMs)
      this.meet('a lot expires but for what is pinned', lot !== undefined && lot.pinned > 0)
      this.meet('a release gives points back to an expired lot', entry.externalId.split(':').length > 3)
    }
    this.meet('a refund makes debt', entry.type === 'clawback' && debtMade > 0)
    if (entry.type === 'merge_out') {
      const isFirst = before.account.mergedInto === null
      this.meet('a merge carries several lots', entry.allocations.length > 1)
      this.meet('a merge carries debt', debtPaid > 0)
      this.meet('a merge carries points and debt', entry.allocations.length > 0 && debtPaid > 0)
      this.meet('a merge carries nothing', entry.allocations.length === 0 && debtPaid === 0)
      this.meet('points that come free later follow a merge', !isFirst && entry.allocations.length > 0)
      this.meet('debt that is made later follows a merge', !isFirst && debtPaid > 0)
    }
    this.meet('a merge pays debt of the kept account', entry.type === 'merge_in' && debtPaid > 0)
  }

  #observeApplied(before: LedgerView, command: Command, own: Entry, entries: readonly Entry[]): void {
    const lots = own.allocations.length
    this.#observeLives(before, command, own)
    switch (command.kind) {
      case 'earn_order':
        this.#observeOrder(before, command.returnWindowDays, own)
        break
      case 'clawback':
        this.#observeRefund(before, own, entries)
        break
      case 'cancel_order':
        this.meet('an order is cancelled', before.entriesOfOrder(command.orderGid).some(earns))
        this.meet('a cancellation comes before its order', !before.entriesOfOrder(command.orderGid).some(earns))
        this.meet('a cancellation comes after a refund', before.entriesOfOrder(command.orderGid).some(takesBack))
        this.meet('an order is cancelled after an edit', before.entriesOfOrder(command.orderGid).some(edits))
        break
      case 'edit_order':
        this.#observeEdit(own)
        break
      case 'redeem':
        this.meet('a redemption takes from several lots', lots > 1)
        this.meet('a till overdraws an account', (own.detail.debtMade ?? 0) > 0)
        break
      case 'return_spent':
        this.#observeReturn(before, command.seq, own, entries)
        break
      case 'merge_out':
        this.meet('an account is merged into another')
        break
      case 'merge_in':
        this.meet('a merge is delivered')
        break
      case 'hold':
        this.meet('a hold pins several lots', lots > 1)
        break
      case 'capture':
        this.meet('a hold is captured whole', (own.detail.heldPoints ?? 0) === 0)
        this.meet('a hold is captured in part', (own.detail.heldPoints ?? 0) > 0)
        this.meet(
          'a capture spends points of an expired lot',
          own.allocations.some(({ lot }) => (before.lot(lot)?.expiresAtMs ?? Infinity) <= own.recordedAtMs),
        )
        break
      case 'release':
        this.meet('a hold is released')
        this.meet('a merged account ends its own hold', before.account.mergedInto !== null)
        break
      case 'adjust':
        this.meet('a correction up', own.points > 0)
        this.meet('a correction down', own.points < 0)
        this.meet('a correction into debt', (own.detail.debtMade ?? 0) > 0)
        break
      case 'reverse':
        this.#observeReversal(before.entry(command.seq)?.type)
        break
      case 'import':
        this.meet('an opening balance is imported')
        this.meet('an import in debt', (own.detail.debtPaid ?? 0) > 0)
        break
      case 'earn_points':
      case 'apply_due':
        break
    }
  }

  #observeOrder(before: LedgerView, returnWindowDays: number, own: Entry): void {
    const earlier = before.entriesOfOrder(own.orderGid ?? '').some(takesBack)
    this.meet('an order earns at once', own.type === 'earn' && returnWindowDays === 0)
    this.meet('an order waits for its return window', own.type === 'earn_pending')
    this.meet(
      'a return window is over when the order is heard of',
      own.type === 'earn' && returnWindowDays > 0 && own.points > 0,
    )
    this.meet('an order earns what earlier refunds leave', earlier && (own.points > 0 || own.type === 'earn_pending'))
  }

  #observeRefund(before: LedgerView, own: Entry, entries: readonly Entry[]): void {
    const ofOrder = before.entriesOfOrder(own.orderGid ?? '')
    const tookPending = entries.some(({ type }) => type === 'cancel_pending')
    this.meet('a refund comes before its order', !ofOrder.some(earns))
    this.meet('a refund takes points back', own.points < 0)
    this.meet('a refund takes nothing back, by rounding', own.type === 'clawback' && own.points === 0)
    this.meet('a second refund of one order', ofOrder.some(takesBack))
    this.meet('a refund after an edit', ofOrder.some(edits))
    this.meet('a refund takes pending points', tookPending)
    this.meet(
      'a refund takes points of other orders',
      own.allocations.some(({ lot }) => before.lot(lot)?.orderGid !== own.orderGid),
    )
  }

  #observeLives(before: LedgerView, command: Command, own: Entry): void {
    const calendar = 'terms' in command && command.terms.lotDays === null ? (command.terms.calendar ?? null) : null
    this.meet('a lot is to end by the calendar', typeof own.detail.expiresAtMs === 'number' && calendar !== null)
    const isActive = ['earn', 'earn_pending', 'redeem', 'hold', 'capture', 'import'].includes(own.type)
    this.meet(
      'activity puts off an end by silence',
      isActive && before.openLots.some(({ inactivity }) => inactivity !== null),
    )
  }

  #observeEdit(own: Entry): void {
    const waits = own.type === 'earn_pending'
    this.meet('an edit adds points', own.type === 'earn' && own.points > 0)
    this.meet('an edit adds points that wait', waits)
    this.meet('an edit takes points back', !waits && (own.points < 0 || (own.detail.pendingPoints ?? 0) < 0))
    this.meet('an edit changes money, not points', !waits && own.points === 0)
  }

  #observeReturn(before: LedgerView, seq: number, own: Entry, entries: readonly Entry[]): void {
    const isAll = own.points === -(before.entry(seq)?.points ?? 0)
    this.meet(isAll ? 'spent points come back in full' : 'spent points come back in part')
    this.meet(
      'spent points come back to a lot that is over',
      entries.some((entry) => entry.type === 'expire' && entry.seq > own.seq),
    )
  }

  #observeReversal(type: Entry['type'] | undefined): void {
    this.meet('a grant is reversed', type === 'earn' || type === 'import')
    this.meet('a redemption is reversed', type === 'redeem' || type === 'capture')
    this.meet('a refund is reversed', type === 'clawback')
  }

  #observeRefusal(command: Command, code: string): void {
    const tooFew = code === 'insufficient_points'
    const isTill = command.kind === 'redeem' && command.source === 'pos'
    this.meet('a redemption is refused: too few points', tooFew && command.kind === 'redeem' && !isTill)
    this.meet('a redemption is refused: the limits', code === 'redemption_limit')
    this.meet(
      'a till may not overdraw it further',
      tooFew && command.kind === 'redeem' && (command.overdraftPoints ?? 0) > 0,
    )
    this.meet('more than was spent is not given back', command.kind === 'return_spent')
    this.meet('a hold is refused: too few points', tooFew && command.kind === 'hold')
    this.meet('a correction is refused: too few points', tooFew && command.kind === 'adjust')
    this.meet('a hold that has ended is not ended again', code === 'hold_closed')
    this.meet('a reversal is refused: done before', code === 'reversal_exists')
    this.meet('a reversal is refused: not reversible', code === 'not_reversible')
    this.meet('a business id with other contents is refused', code === 'external_id_conflict')
    this.meet('points out of range are refused', code === 'points_out_of_range')
  }
}

function earns({ type }: Entry): boolean {
  return type === 'earn' || type === 'earn_pending'
}

function edits({ detail }: Entry): boolean {
  return detail.editedAtMs !== undefined
}

function takesBack({ type }: Entry): boolean {
  return type === 'clawback' || type === 'cancel_pending'
}
