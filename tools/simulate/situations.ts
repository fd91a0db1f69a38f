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
    if (decision.outcome === 'duplicate') this.meet('the same command again changes nothing')
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
      this.meet('a lot expires but for what is pinned', lot !== undefined && lot.pinned > 0)
      this.meet('a release gives points back to an expired lot', entry.externalId.split(':').length > 3)
    }
    this.meet('a refund makes debt', entry.type === 'clawback' && debtMade > 0)
  }

  #observeApplied(before: LedgerView, command: Command, own: Entry, entries: readonly Entry[]): void {
    const lots = own.allocations.length
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
        break
      case 'redeem':
        this.meet('a redemption takes from several lots', lots > 1)
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
    this.meet('a refund takes pending points', tookPending)
    this.meet(
      'a refund takes points of other orders',
      own.allocations.some(({ lot }) => before.lot(lot)?.orderGid !== own.orderGid),
    )
  }

  #observeReversal(type: Entry['type'] | undefined): void {
    this.meet('a grant is reversed', type === 'earn' || type === 'import')
    this.meet('a redemption is reversed', type === 'redeem' || type === 'capture')
    this.meet('a refund is reversed', type === 'clawback')
  }

  #observeRefusal(command: Command, code: string): void {
    const tooFew = code === 'insufficient_points'
    this.meet('a redemption is refused: too few points', tooFew && command.kind === 'redeem')
    this.meet('a redemption is refused: the limits', code === 'redemption_limit')
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

function takesBack({ type }: Entry): boolean {
  return type === 'clawback' || type === 'cancel_pending'
}
