import { violationsOf } from '../../domain/ledger/invariants.ts'
import { mergeViolations } from '../../domain/ledger/merge-invariants.ts'
import type { PosRecord } from '../../domain/contracts/pos.ts'
import type { Entry } from '../../domain/ledger/types.ts'
import { redemptionViolations } from '../../domain/rewards/invariants.ts'
import type { DiskAccount, DiskTill } from './disk.ts'
import { type Line, linesOf } from './journal.ts'

/** The clients' journal against the ledgers on disk: nothing lost, nothing twice, nothing that nobody asked for. */

/** Where each business id is booked. */
type Index = ReadonlyMap<string, readonly { readonly account: string; readonly entry: Entry }[]>

function indexOf(accounts: readonly DiskAccount[]): Index {
  const index = new Map<string, { account: string; entry: Entry }[]>()
  for (const { customerId: account, books } of accounts) {
    for (const entry of books.entries) {
      const booked = index.get(entry.externalId)
      if (booked) booked.push({ account, entry })
      else index.set(entry.externalId, [{ account, entry }])
    }
  }
  return index
}

/** What the audit looked at. */
export interface AuditCounts {
  readonly accounts: number
  readonly entries: number
  readonly acknowledged: number
  readonly refused: number
  readonly orders: number
  readonly refunds: number
  readonly merges: number
  readonly redemptions: number
  readonly tillItems: number
  readonly reads: number
  readonly heard: number
}

/** All that is wrong, in words; and how much was looked at. */
export function audit(
  lines: readonly Line[],
  accounts: readonly DiskAccount[],
  tills: readonly DiskTill[],
): { readonly counts: AuditCounts; readonly problems: readonly string[] } {
  const index = indexOf(accounts)
  const answers = linesOf(lines, 'answer')
  return {
    counts: {
      accounts: accounts.length,
      entries: sum(accounts.map(({ books }) => books.entries.length)),
      acknowledged: answers.filter(({ status }) => status === 200).length,
      refused: answers.filter(({ status }) => status !== 200).length,
      orders: linesOf(lines, 'order').length,
      refunds: linesOf(lines, 'refund').length,
      merges: linesOf(lines, 'merge').length,
      redemptions: sum(accounts.map(({ redemptions }) => redemptions.length)),
      tillItems: sum(tills.map(({ records }) => records.length)),
      reads: linesOf(lines, 'read').length,
      heard: linesOf(lines, 'heard').length,
    },
    problems: [
      ...accounts.flatMap(ledgerProblems),
      ...mergeViolations(new Map(accounts.map(({ customerId, books }) => [customerId, books])), true),
      ...writeProblems(lines, index),
      ...orderProblems(lines, index),
      ...tillProblems(lines, index, tills),
      ...unexplained(lines, accounts),
      ...readProblems(lines, accounts),
    ],
  }
}

/** All invariants of one account as it is stored, the hash chain among them. */
function ledgerProblems({ customerId, books, redemptions, relayedSeq }: DiskAccount): readonly string[] {
  return [
    ...violationsOf(books),
    ...redemptionViolations(redemptions, books.entries),
    ...(relayedSeq === books.account.seq ? [] : [`13 sent up to ${relayedSeq} of ${books.account.seq}`]),
    ...redemptions.flatMap(({ id, state }) => (state === 'pending' ? [`redemption ${id} is pending for ever`] : [])),
  ].map((problem) => `account ${customerId}: ${problem}`)
}

/** 8: acknowledged is present exactly once, as it was said; refused is not there. */
function writeProblems(lines: readonly Line[], index: Index): readonly string[] {
  const answers = new Map(linesOf(lines, 'answer').map((answer) => [answer.key, answer]))
  return linesOf(lines, 'write').flatMap(({ key, businessId, points }) => {
    const answer = answers.get(key)
    const booked = index.get(businessId) ?? []
    if (answer === undefined) return [`${businessId} was never answered`]
    if (answer.status !== 200) {
      return booked.length === 0 ? [] : [`${businessId} was refused with ${answer.status}, but is booked`]
    }
    const [only] = booked
    if (only === undefined || booked.length > 1) return [`${businessId} is booked ${booked.length} times`]
    const { account, entry } = only
    const isAsSaid = account === answer.account && entry.seq === answer.seq && entry.hash === answer.hash
    if (!isAsSaid) return [`${businessId} is ${entry.seq} of ${account}, not ${answer.seq} of ${answer.account}`]
    return entry.points === points ? [] : [`${businessId} moved ${entry.points} points, not ${points}`]
  })
}

const OF_ORDERS: ReadonlySet<Entry['type']> = new Set(['earn', 'earn_pending', 'clawback', 'cancel_pending'])

/** Every order earned once, in one account, and ends at a point for each full euro that is left of it. */
function orderProblems(lines: readonly Line[], index: Index): readonly string[] {
  const refunds = Map.groupBy(linesOf(lines, 'refund'), ({ order }) => order)
  const cancelled = new Set(linesOf(lines, 'cancelled').map(({ order }) => order))
  const moves = [...index.values()].flat().filter(({ entry }) => OF_ORDERS.has(entry.type))
  const byOrder = Map.groupBy(moves, ({ entry }) => entry.orderGid)
  return linesOf(lines, 'order').flatMap(({ order, cents }) => {
    const gid = `gid://shopify/Order/${order}`
    const earns = index.get(`order:${gid}:earn:base`)?.length ?? 0
    if (earns !== 1 && !(earns === 0 && cancelled.has(order))) return [`order ${order} earned ${earns} times`]
    const takenCents = sum((refunds.get(order) ?? []).map((refund) => refund.cents))
    const expected = cancelled.has(order) ? 0 : Math.floor((cents - takenCents) / 100)
    const points = sum((byOrder.get(gid) ?? []).map(({ entry }) => entry.points + (entry.detail.pendingPoints ?? 0)))
    return points === expected ? [] : [`order ${order} stands at ${points} points instead of ${expected}`]
  })
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, one) => total + one, 0)
}

/** Each thing that a till recorded has one record; accepted is booked exactly once, for what it is worth; rejected is not. */
function tillProblems(lines: readonly Line[], index: Index, tills: readonly DiskTill[]): readonly string[] {
  const recorded = new Map<string, PosRecord>(
    tills.flatMap(({ deviceId, records }) => records.map((record) => [`${deviceId}:${record.op_id}`, record])),
  )
  const asked = [
    ...linesOf(lines, 'sale').map(({ device, opId, cents }) => {
      return { item: `${device}:${opId}`, businessId: `pos:${device}:${opId}`, points: Math.floor(cents / 100) }
    }),
    ...linesOf(lines, 'handed out').map(({ device, opId, points }) => {
      return { item: `${device}:${opId}`, businessId: `redeem:pos:${device}:${opId}`, points: -points }
    }),
  ]
  const known = new Set(asked.map(({ item }) => item))
  const wrong = asked.flatMap(({ item, businessId, points }) => {
    const record = recorded.get(item)
    const booked = index.get(businessId) ?? []
    if (record === undefined) return [`till item ${item} is not recorded`]
    const isAccepted = record.result === 'accepted' || record.result === 'accepted_overdraft'
    // A sale of less than a point is taken, and there is nothing to book.
    const expected = isAccepted && points !== 0 ? [points] : []
    const moved = booked.map(({ entry }) => entry.points)
    return moved.length === expected.length && moved[0] === expected[0]
      ? []
      : [
          `till item ${item} is ${record.result} (${record.reason}), and booked as ${moved.join(', ')} instead of ${expected.join(', ')}`,
        ]
  })
  const unknown = [...recorded.keys()].filter((item) => !known.has(item)).map((item) => `no till recorded ${item}`)
  return [...wrong, ...unknown]
}

/** Entries that follow from others by the ledger's own rules. */
const OWN_RULES = /^(?:expire:|reversal:|return:|merge:|.*:activate$|.*:part:\d+$|adjust:late-use:)/

function unexplained(lines: readonly Line[], accounts: readonly DiskAccount[]): readonly string[] {
  const asked = new Set(linesOf(lines, 'write').map(({ businessId }) => businessId))
  for (const { order } of linesOf(lines, 'order')) asked.add(`order:gid://shopify/Order/${order}:earn:base`)
  for (const { refund } of linesOf(lines, 'refund')) asked.add(`refund:gid://shopify/Refund/${refund}`)
  for (const { order } of linesOf(lines, 'cancelled')) asked.add(`cancel:gid://shopify/Order/${order}`)
  for (const { device, opId } of linesOf(lines, 'sale')) asked.add(`pos:${device}:${opId}`)
  for (const { device, opId } of linesOf(lines, 'handed out')) asked.add(`redeem:pos:${device}:${opId}`)
  const redeemed = new Set(linesOf(lines, 'redeemed').flatMap(({ redemptionId }) => redemptionId ?? []))
  return accounts.flatMap(({ customerId, books }) =>
    books.entries
      .filter(({ externalId }) => {
        const hold = /^hold:([^:]+)/.exec(externalId)?.[1]
        return !asked.has(externalId) && !OWN_RULES.test(externalId) && !(hold !== undefined && redeemed.has(hold))
      })
      .map(({ seq, externalId }) => `account ${customerId}: nobody asked for entry ${seq}, ${externalId}`),
  )
}

/** What anybody was ever shown is what the ledger says of that moment. */
function readProblems(lines: readonly Line[], accounts: readonly DiskAccount[]): readonly string[] {
  const byId = new Map(
    accounts.map(({ customerId, books }) => {
      let posted = 0
      return [
        customerId,
        { entries: books.entries, sums: [0, ...books.entries.map(({ points }) => (posted += points))] },
      ]
    }),
  )
  const reads = linesOf(lines, 'read').flatMap(({ account, seq, posted }) => {
    const known = byId.get(account)?.sums[seq]
    if (known === posted || (seq === 0 && posted === 0)) return []
    return [`${account} was shown ${posted} points after entry ${seq}, the ledger says ${known}`]
  })
  const heard = linesOf(lines, 'heard').flatMap(({ account, seq, hash }) =>
    byId.get(account)?.entries[seq - 1]?.hash === hash
      ? []
      : [`${account} was told of an entry ${seq} that is not there`],
  )
  return [...reads, ...heard]
}
