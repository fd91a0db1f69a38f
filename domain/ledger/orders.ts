import { type Refusal, refuse } from '../contracts/errors.ts'
import { baseMinor } from '../earning/base.ts'
import type { MoneyParts } from '../earning/facts.ts'
import { pointsFor } from '../earning/rule.ts'
import { canonicalJson } from './canonical.ts'
import type { Draft } from './draft.ts'
import { negative } from './entry.ts'
import { endOfDayAfterMs, lotLife } from './expiry.ts'
import { grantFields, pointsRefusal } from './grants.ts'
import type { Booking, Proposal } from './holds.ts'
import { takeFromLots } from './lots.ts'
import type {
  CancelOrder,
  Clawback,
  EarnOrder,
  EditOrder,
  Entry,
  EntryDetail,
  FrozenRule,
  LedgerView,
  Pending,
} from './types.ts'

/** How an order was after it was edited. */
export interface Edit {
  readonly parts: MoneyParts
  readonly editedAtMs: number
}

/** What the ledger knows of one order; reversed entries do not count. */
export interface OrderBook {
  /** The entries that it earned by, one a rule; what an edit added is not among them. */
  readonly earns: readonly Entry[]
  /** Points that it earned, spendable or pending. */
  readonly earned: number
  /** Points taken back, spendable or pending. */
  readonly clawed: number
  readonly refunds: readonly MoneyParts[]
  readonly cancelled: boolean
  /** The newest edit; null: it is as it was when it earned. */
  readonly edit: Edit | null
}

/** Reads an order's entries as they stand. */
export function readOrder(view: LedgerView, orderGid: string): OrderBook {
  const counting = view
    .entriesOfOrder(orderGid)
    .filter(({ seq }) => view.entryByExternalId(`reversal:${seq}`) === undefined)
  const earns = counting.filter(({ type }) => type === 'earn' || type === 'earn_pending')
  const taken = counting.filter(({ type }) => type === 'clawback' || type === 'cancel_pending')
  return {
    earns: earns.filter(({ detail }) => detail.editedAtMs === undefined),
    earned: earns.reduce((sum, { points, detail }) => sum + points + (detail.pendingPoints ?? 0), 0),
    clawed: taken.reduce((sum, { points, detail }) => sum - points - (detail.pendingPoints ?? 0), 0),
    refunds: taken.flatMap(({ detail }) => (detail.editedAtMs === undefined ? (detail.parts ?? []) : [])),
    cancelled: taken.some(({ detail }) => detail.cancelsOrder === true),
    edit: newestEdit(counting),
  }
}

function newestEdit(entries: readonly Entry[]): Edit | null {
  let newest: Edit | null = null
  for (const { detail } of entries) {
    const { parts, editedAtMs } = detail
    if (parts === undefined || editedAtMs === undefined) continue
    if (newest === null || editedAtMs > newest.editedAtMs) newest = { parts, editedAtMs }
  }
  return newest
}

/**
 * f(net): what an order of these parts is worth by a rule after these refunds. Whether their amounts contain tax, the
 * order says: a refund's webhook does not.
 */
function netPoints(rule: FrozenRule, order: MoneyParts, refunds: readonly MoneyParts[]): number {
  const { taxes_included } = order
  return pointsFor(
    rule,
    refunds.reduce(
      (restMinor, refund) => restMinor - baseMinor(rule, { ...refund, taxes_included }),
      baseMinor(rule, order),
    ),
  )
}

/** What all rules of an order leave it, as it is now and after its refunds, or nothing once it is cancelled. */
export function pointsLeft({ earns, refunds, cancelled, edit }: Omit<OrderBook, 'earned' | 'clawed'>): number {
  if (cancelled) return 0
  return earns.reduce((sum, { detail: { rule, parts: paid } }) => {
    const parts = edit?.parts ?? paid
    return sum + (rule && parts ? netPoints(rule, parts, refunds) : 0)
  }, 0)
}

/** Books what a paid order earns: f(net), if refunds or its cancellation came before it. */
export function earnOrder(draft: Draft, command: EarnOrder, nowMs: number): Proposal {
  const { orderGid, rule, parts, terms, effectiveAtMs, returnWindowDays } = command
  const orderMinor = baseMinor(rule, parts)
  if (!Number.isSafeInteger(orderMinor)) return amountRefusal()
  const book = readOrder(draft, orderGid)
  const points = book.cancelled ? 0 : netPoints(rule, parts, book.refunds)
  const invalid = pointsRefusal(draft.account, points, 0)
  if (invalid) return invalid
  const shared = { orderGid, ruleVersion: rule.version }
  const detail: EntryDetail = { rule, parts, baseMinor: orderMinor }
  // A shop's clock may be ahead of ours: an order has happened by the time that it is heard of.
  const orderedAtMs = Math.min(effectiveAtMs, nowMs)
  const activatesAtMs =
    returnWindowDays > 0 ? endOfDayAfterMs(orderedAtMs, returnWindowDays, terms.timeZone) : orderedAtMs
  // The window of an order that is heard of late may be over already.
  if (points > 0 && activatesAtMs > nowMs) {
    const pending = { ...detail, pendingPoints: points, activatesAtMs, terms }
    return { ...shared, type: 'earn_pending', points: 0, allocations: [], detail: pending }
  }
  return { ...shared, type: 'earn', ...grantFields(draft, points, lotLife(terms, nowMs), detail) }
}

function amountRefusal(): Refusal {
  return refuse('points_out_of_range', 'The amount is too large.', '/parts')
}

/** Takes back what a refund leaves the order too much, by the rules that the order earned by. */
export function clawback(draft: Draft, command: Clawback): readonly Booking[] {
  const book = readOrder(draft, command.orderGid)
  const left = pointsLeft({ ...book, refunds: [...book.refunds, command.parts] })
  return takeBack(draft, command.orderGid, book, left, { parts: command.parts })
}

/** Takes back all that an order still has. */
export function cancelOrder(draft: Draft, command: CancelOrder): readonly Booking[] {
  return takeBack(draft, command.orderGid, readOrder(draft, command.orderGid), 0, { cancelsOrder: true })
}

/**
 * Brings an order to what it is worth as it is now. What it has too much goes as with a refund; what it has too little
 * comes as points of its own, which wait for the end of the return window together with those that wait already.
 * @returns null: there is nothing to book, see {@link EditOrder}.
 */
export function editOrder(draft: Draft, command: EditOrder, nowMs: number): readonly Booking[] | Refusal | null {
  const { orderGid, parts, editedAtMs } = command
  const book = readOrder(draft, orderGid)
  const [first] = book.earns
  if (first === undefined || (book.edit !== null && editedAtMs <= book.edit.editedAtMs)) return null
  if (isSameMoney(parts, book.edit?.parts ?? first.detail.parts)) return null
  const isTooLarge = ({ detail: { rule } }: Entry) =>
    rule !== undefined && !Number.isSafeInteger(baseMinor(rule, parts))
  if (book.earns.some(isTooLarge)) return amountRefusal()
  const left = pointsLeft({ ...book, edit: { parts, editedAtMs } })
  const missing = left - (book.earned - book.clawed)
  const detail: EntryDetail = { parts, editedAtMs }
  if (missing <= 0) return takeBack(draft, orderGid, book, left, detail)
  return pointsRefusal(draft.account, missing, 0) ?? [addPoints(draft, command, first, missing, detail, nowMs)]
}

function addPoints(
  draft: Draft,
  { orderGid, terms }: EditOrder,
  { ruleVersion, detail: { activatesAtMs, terms: pendingTerms } }: Entry,
  points: number,
  detail: EntryDetail,
  nowMs: number,
): Booking {
  const shared = { orderGid, ruleVersion }
  if (activatesAtMs === undefined || pendingTerms === undefined || activatesAtMs <= nowMs) {
    return { ...shared, type: 'earn', ...grantFields(draft, points, lotLife(terms, nowMs), detail) }
  }
  const pending = { ...detail, pendingPoints: points, activatesAtMs, terms: pendingTerms }
  return { ...shared, type: 'earn_pending', points: 0, allocations: [], detail: pending }
}

function isSameMoney(a: MoneyParts, b: MoneyParts | undefined): boolean {
  return b !== undefined && canonicalJson({ ...a }) === canonicalJson({ ...b })
}

/**
 * Brings an order down to `left` points: pending points first, then its own lots, then the other lots by FIFO, then
 * debt. The last booking is the command's own entry, of 0 points where nothing is to be taken; it is a
 * `cancel_pending` when pending points cover everything. Several rules' pending points need an entry each before it.
 */
function takeBack(
  draft: Draft,
  orderGid: string,
  book: OrderBook,
  left: number,
  detail: EntryDetail,
): readonly Booking[] {
  const ruleVersion = book.earns[0]?.ruleVersion ?? null
  let rest = Math.max(0, book.earned - book.clawed - left)
  const cancellations: Booking[] = []
  for (const { seq, points } of pendingsOf(draft, orderGid)) {
    if (rest === 0) break
    const taken = Math.min(points, rest)
    const cancelled: EntryDetail = { refersToSeq: seq, pendingPoints: -taken }
    cancellations.push({ type: 'cancel_pending', points: 0, allocations: [], orderGid, ruleVersion, detail: cancelled })
    rest -= taken
  }
  const last = cancellations.at(-1)
  if (rest === 0 && last !== undefined) {
    return [...cancellations.slice(0, -1), { ...last, detail: { ...last.detail, ...detail } }]
  }
  const { allocations, uncovered } = takeFromLots(draft, rest, (lot) => lot.orderGid === orderGid)
  const debtMade = uncovered > 0 ? { debtMade: uncovered } : {}
  return [
    ...cancellations,
    {
      type: 'clawback',
      points: negative(rest),
      allocations,
      orderGid,
      ruleVersion,
      detail: { ...detail, ...debtMade },
    },
  ]
}

function pendingsOf(draft: Draft, orderGid: string): readonly Pending[] {
  return draft.pendings.filter((pending) => pending.orderGid === orderGid).toSorted((a, b) => a.seq - b.seq)
}
