import { MAX_POINTS, type VersionedSettings } from '../contracts/settings.ts'
import type { PosItem } from '../contracts/pos.ts'
import { lotTerms } from '../earning/commands.ts'
import { pointsForAmount } from '../earning/rule.ts'
import { resolveCustomerRef } from '../ledger/identity.ts'
import { type Believed, isoTime } from './clock.ts'
import { deviceSeqOf, opIdOf } from './read.ts'
import type { DeviceBooks, Ending, PosBooking, SentItem, TakenItem } from './types.ts'

/** What is known around an item whose turn it is. */
export interface Till {
  readonly merchantId: string
  readonly deviceId: string
  readonly settings: VersionedSettings
  readonly books: DeviceBooks
  readonly receivedAtMs: number
  /** How much more the device may let customers owe today. */
  readonly overdraftLeft: number
  /** When the item happened, by the device's clock, as far as it is believed. */
  believe(atMs: number): Believed
}

type Item<Kind extends PosItem['kind']> = Extract<PosItem, { kind: Kind }>

/** How an item ends: at once, or by what its booking comes to. */
interface Decided extends Ending {
  readonly booking: PosBooking | null
}

const ACCEPTED = { result: 'accepted', reason: null, detail: null, booking: null } as const

function rejected(reason: NonNullable<Ending['reason']>, detail: string): Decided {
  return { result: 'rejected', reason, detail, booking: null }
}

/** An item whose turn it is: what is booked for it, and its record as it will be if that is not refused. */
export function takeItem(sent: SentItem, till: Till): TakenItem {
  if (sent.kind === 'malformed') return taken(sent, till, rejected('malformed', sent.detail), true)
  const { item } = sent
  switch (item.kind) {
    case 'void':
      return taken(sent, till, ACCEPTED, true)
    case 'earn':
      return taken(sent, till, earn(item, till), true)
    case 'redeem':
      return taken(sent, till, redeem(item, till), true)
  }
}

/** An item whose number or id was something else before: recorded as the merchant's task, and never booked. */
export function refuseReused(
  sent: SentItem,
  till: Till,
  {
    reason,
    detail,
    takesNumber,
  }: { reason: 'op_id_reused' | 'device_seq_reused'; detail: string; takesNumber: boolean },
): TakenItem {
  return taken(sent, till, rejected(reason, detail), takesNumber)
}

/** A sale: the points are the server's, worked out by the rule of the day on which it arrives. */
function earn(item: Item<'earn'>, till: Till): Decided {
  const { currency, earning } = till.settings.settings
  if (item.currency !== currency) return rejected('currency_mismatch', `The shop's currency is ${currency}.`)
  if (item.shopify_order_id !== undefined) {
    return { ...ACCEPTED, reason: 'shopify_order', detail: "Shopify's webhook of the order earns the points." }
  }
  const points = pointsForAmount(till.settings, item.amount)
  if (points === undefined) return rejected('amount_out_of_range', 'No sale is of that much.')
  if (!earning.enabled) {
    return { ...ACCEPTED, reason: 'earning_disabled', detail: 'The shop has switched earning off.' }
  }
  if (points > MAX_POINTS) {
    return rejected('points_out_of_range', `By the shop's rule this is more than ${MAX_POINTS} points.`)
  }
  if (points === 0) return ACCEPTED
  return {
    ...ACCEPTED,
    booking: bookingOf(item, till, {
      ...commandBase(item, till),
      kind: 'earn_points',
      externalId: businessId(item, till),
      points,
      reason: item.receipt ?? null,
      terms: lotTerms(till.settings),
    }),
  }
}

/** A reserved code: what the till gave for it is gone, so the customer may come to owe the points, up to the limits. */
function redeem(item: Item<'redeem'>, till: Till): Decided {
  const code = till.books.code(item.code)
  if (code === undefined) return rejected('code_unknown', 'No such code is reserved for this device.')
  if (code.isUsed) return rejected('code_used', 'This code was used before.')
  const { effectiveAtMs } = till.believe(Date.parse(item.at))
  if (effectiveAtMs >= code.expiresAtMs) {
    return rejected('code_expired', `This code was good until ${isoTime(code.expiresAtMs)}.`)
  }
  return {
    ...ACCEPTED,
    booking: bookingOf(item, till, {
      ...commandBase(item, till),
      kind: 'redeem',
      redemptionId: businessId(item, till),
      points: code.points,
      limits: null,
      reason: code.title,
      overdraftPoints: till.settings.settings.pos.overdraft_customer_points,
      overdraftMadePoints: till.overdraftLeft,
    }),
  }
}

function commandBase(item: PosItem, till: Till) {
  const { effectiveAtMs } = till.believe(Date.parse(item.at))
  return { source: 'pos' as const, actor: `device:${till.deviceId}`, effectiveAtMs }
}

/** The business id of a till's item; no caller of the API can name one like it. */
function businessId(item: PosItem, { deviceId }: Till): string {
  return `pos:${deviceId}:${item.op_id}`
}

function customerOf(item: Item<'earn' | 'redeem'>, { merchantId }: Till) {
  const ref = item.customer_id
  // UUIDs are compared as text, so their letters must be of one case.
  return resolveCustomerRef(merchantId, ref.startsWith('gid:') ? ref : ref.toLowerCase())
}

function bookingOf(item: Item<'earn' | 'redeem'>, till: Till, command: PosBooking['command']): PosBooking {
  const { customerId, gid } = customerOf(item, till)
  return { customerId, shopifyCustomerGid: gid, command }
}

function taken(sent: SentItem, till: Till, { booking, ...ending }: Decided, takesNumber: boolean): TakenItem {
  const item = sent.kind === 'item' ? sent.item : null
  const ofCustomer = item === null || item.kind === 'void' ? null : item
  const atMs = item === null ? null : Date.parse(item.at)
  const believed = atMs === null ? null : till.believe(atMs)
  const draft: TakenItem['draft'] = {
    device_id: till.deviceId,
    op_id: opIdOf(sent),
    device_seq: deviceSeqOf(sent),
    kind: item?.kind ?? 'unknown',
    customer_id: ofCustomer === null ? null : customerOf(ofCustomer, till).customerId,
    amount: item?.kind === 'earn' ? item.amount : null,
    currency: item?.kind === 'earn' ? item.currency : null,
    code: item?.kind === 'redeem' ? item.code : null,
    receipt: ofCustomer?.receipt ?? null,
    ...ending,
    points: 0,
    overdraft_points: 0,
    clock_flag: believed?.flag ?? 'ok',
    device_at: atMs === null ? null : isoTime(atMs),
    effective_at: believed === null ? null : isoTime(believed.effectiveAtMs),
    received_at: new Date(till.receivedAtMs).toISOString(),
    task: ending.result === 'rejected' ? 'open' : 'none',
    decided_at: null,
    decided_by: null,
    note: null,
    version: 1,
  }
  return { fingerprint: sent.fingerprint, takesNumber, draft, booking }
}
