import { balanceOf } from '../../domain/ledger/balance.ts'
import { externalIdOf } from '../../domain/ledger/facts.ts'
import { booksOf, INVARIANTS, violationsOf } from '../../domain/ledger/invariants.ts'
import { mergeViolations } from '../../domain/ledger/merge-invariants.ts'
import { toLotState, toPointsEvent } from '../../domain/ledger/transaction.ts'
import { balanceRow, lotRow, transactionRow } from '../../migrations/postgres/rows.ts'
import type { Account } from './account.ts'
import { bookedBy, type Client, type Request } from './client.ts'
import type { Projections } from './projections.ts'
import type { Queue } from './queue.ts'

/** What must hold between accounts, their clients, the queue and the projections once all is quiet. */

/** Everything that there is, at rest. */
export interface World {
  readonly accounts: readonly Account[]
  readonly clients: readonly Client[]
  readonly queue: Queue
  readonly projections: Projections
  readonly nowMs: number
}

/** Something wrong, and the invariant that says so. */
export interface Violation {
  readonly invariant: string
  readonly what: string
}

type Checker = (world: World) => readonly string[]

type Answered = Request & { readonly answer: NonNullable<Request['answer']> }

function answeredBy(client: Client): readonly Answered[] {
  return client.requests.filter((one): one is Answered => one.answer !== undefined)
}

/** Whatever was acknowledged is there exactly once, in whichever account, and was answered alike every time. */
const acknowledgedOnce: Checker = ({ accounts, clients }) => {
  const booked = Map.groupBy(
    accounts.flatMap(({ ledger, owner }) => ledger.entries.map((entry) => ({ entry, owner }))),
    ({ entry, owner }) => `${owner.merchantId} ${entry.externalId}`,
  )
  return clients.flatMap((client) => [
    ...client.complaints,
    ...answeredBy(client).flatMap(({ command, answer: { reply } }) => {
      const entry = bookedBy(reply.decision)
      if (entry === undefined) return []
      const externalId = externalIdOf(command)
      const same = booked.get(`${client.merchantId} ${externalId}`) ?? []
      const isAlike = same[0]?.entry.hash === entry.hash && same[0].owner.customerId === reply.by
      // The accounts' own numbers of entries and lots are in these ids, so that two accounts may have the same.
      const isOne = same.length === 1 || command.kind === 'reverse' || command.kind === 'return_spent'
      return isOne && (isAlike || same.some((one) => one.entry.hash === entry.hash))
        ? []
        : [`${externalId} is there ${same.length} times, or otherwise than answered`]
    }),
  ])
}

/** What a till took without the points being there was never more than the shop lets a customer owe. */
const overdraftIsCapped: Checker = ({ accounts, clients }) => {
  const ledgers = new Map(accounts.map(({ owner, ledger }) => [owner.customerId, ledger]))
  return clients.flatMap((client) =>
    answeredBy(client).flatMap(({ command, answer: { reply } }) => {
      if (command.kind !== 'redeem' || reply.decision.outcome !== 'applied') return []
      const { seq, detail } = reply.decision.entry
      if (detail.debtMade === undefined) return []
      const before = ledgers.get(reply.by)?.entries.slice(0, seq) ?? []
      const owed = before.reduce((sum, entry) => sum + (entry.detail.debtMade ?? 0) - (entry.detail.debtPaid ?? 0), 0)
      const capPoints = command.overdraftPoints ?? 0
      return owed <= capPoints ? [] : [`entry ${seq} of ${reply.by} leaves ${owed} owed, ${capPoints} may be`]
    }),
  )
}

interface Booked {
  readonly sentAt: number
  readonly answeredAt: number
  readonly seq: number
}

/** What was asked for after an answer is booked behind what that answer told of. */
const acknowledgedInOrder: Checker = ({ clients }) =>
  clients.flatMap((client) => {
    const applied = answeredBy(client).flatMap(({ sentAt, answer: { at, reply } }) =>
      reply.decision.outcome === 'applied'
        ? [{ by: reply.by, sentAt, answeredAt: at, seq: reply.decision.entry.seq }]
        : [],
    )
    return [...Map.groupBy(applied, ({ by }) => by).values()].flatMap(outOfOrder)
  })

function outOfOrder(booked: readonly Booked[]): readonly string[] {
  const bySent = booked.toSorted((a, b) => a.sentAt - b.sentAt)
  const byAnswer = booked.toSorted((a, b) => a.answeredAt - b.answeredAt)
  const found: string[] = []
  let highestSeq = 0
  let next = 0
  for (const one of bySent) {
    for (let before = byAnswer[next]; before !== undefined && before.answeredAt < one.sentAt; before = byAnswer[next]) {
      highestSeq = Math.max(highestSeq, before.seq)
      next += 1
    }
    if (one.seq <= highestSeq) found.push(`entry ${one.seq} was asked for after entry ${highestSeq} was answered`)
  }
  return found
}

/** The events sent are exactly those of the entries, and the cursor is behind the last one. */
const sentOnceEach: Checker = ({ accounts, queue }) =>
  accounts.flatMap(({ ledger, relayedSeq, owner }) => {
    const sent = queue.sent.get(owner.customerId) ?? new Set<number>()
    const missing = ledger.entries.filter(({ seq }) => !sent.has(seq))
    const extra = [...sent].filter((seq) => seq > ledger.account.seq)
    return [
      ...missing.map(({ seq }) => `entry ${seq} was never sent`),
      ...extra.map((seq) => `${seq} was sent and is no entry`),
      ...(relayedSeq === ledger.account.seq ? [] : [`the cursor is at ${relayedSeq} of ${ledger.account.seq}`]),
    ]
  })

/** Each projection is the fold of the entries, and on the way there never an older state than before. */
const projectedInFull: Checker = ({ accounts, projections, nowMs }) => [
  ...projections.wentBack,
  ...accounts.flatMap((account) => [
    ...entriesProjected(account, projections, nowMs),
    ...lotsProjected(account, projections),
    ...balanceProjected(account, projections, nowMs),
  ]),
]

function entriesProjected({ ledger, owner }: Account, projections: Projections, nowMs: number): readonly string[] {
  const { merchantId, customerId } = owner
  const balance = balanceOf(ledger, customerId, nowMs)
  return ledger.entries.flatMap((entry) => {
    const row = projections.transactions.get(`${merchantId}:${customerId}:${entry.seq}`)
    return differs(row, transactionRow(toPointsEvent(entry, balance, owner)))
      ? [`entry ${entry.seq} of ${customerId} is missing or differs`]
      : []
  })
}

/** A lot's row is of the last entry that touched it. */
function lotsProjected({ ledger, owner }: Account, projections: Projections): readonly string[] {
  const { merchantId, customerId } = owner
  return [...ledger.lots.values()].flatMap((lot) => {
    const row = projections.lots.get(`${merchantId}:${customerId}:${lot.id}`)
    return differs(row, lotRow(merchantId, customerId, toLotState(lot), row?.seq ?? 0))
      ? [`lot ${lot.id} of ${customerId} is ${JSON.stringify(row)}`]
      : []
  })
}

function balanceProjected({ ledger, owner }: Account, projections: Projections, nowMs: number): readonly string[] {
  const { merchantId, customerId } = owner
  if (ledger.account.seq === 0) return []
  const key = `${merchantId}:${customerId}`
  const row = projections.balances.get(key)
  const wanted = { ...balanceRow(merchantId, balanceOf(ledger, customerId, nowMs)), as_of: row?.as_of }
  const mergedInto = projections.mergedInto.get(key) ?? null
  return [
    ...(differs(row, wanted) ? [`the balance is ${JSON.stringify(row)}`] : []),
    ...(mergedInto === ledger.account.mergedInto ? [] : [`${customerId} is merged into ${mergedInto}`]),
  ]
}

function differs(row: object | undefined, wanted: object): boolean {
  if (row === undefined) return true
  const wantedFields = Object.entries(wanted)
  const found = new Map(Object.entries(row))
  return wantedFields.length !== found.size || wantedFields.some(([name, value]) => !isSame(found.get(name), value))
}

function isSame(a: unknown, b: unknown): boolean {
  return Object.is(a, b) || (typeof a === 'object' && JSON.stringify(a) === JSON.stringify(b))
}

/** What left one account, lots and debt, came to one other, once, as it was; and nothing came from nowhere. */
const mergesConserve: Checker = ({ accounts }) => {
  const shops = Map.groupBy(accounts, ({ owner }) => owner.merchantId)
  return [...shops.values()].flatMap((shop) =>
    mergeViolations(new Map(shop.map(({ owner, ledger }) => [owner.customerId, booksOf(ledger)])), true),
  )
}

/** An order is in the books of one account only, though customers be merged: else it would earn twice. */
const ordersEarnInOneAccount: Checker = ({ accounts }) => {
  const orders = Map.groupBy(
    accounts.flatMap(({ ledger, owner: { customerId, merchantId } }) =>
      ledger.entries
        .filter(({ orderGid, externalId }) => orderGid !== null && externalId.startsWith('order:'))
        .map(({ orderGid }) => ({ key: `${merchantId} ${orderGid}`, customerId })),
    ),
    ({ key }) => key,
  )
  return [...orders].flatMap(([key, earns]) => {
    const holders = new Set(earns.map(({ customerId }) => customerId))
    return holders.size === 1 ? [] : [`${key} earned in ${holders.size} accounts`]
  })
}

/** Rows of a customer are its merchant's, and points only ever move within one merchant. */
const ownTenant: Checker = ({ accounts, projections }) => {
  const merchantOf = new Map(accounts.map(({ owner }) => [owner.customerId, owner.merchantId]))
  const foreignRows = [...projections.transactions.values()].filter(
    ({ customer_id, merchant_id }) => merchantOf.get(customer_id) !== merchant_id,
  )
  const foreignMerges = accounts.filter(({ ledger, owner }) =>
    [...ledger.account.mergedFrom, ledger.account.mergedInto ?? owner.customerId].some(
      (customerId) => merchantOf.get(customerId) !== owner.merchantId,
    ),
  )
  return [
    ...foreignRows.map(({ customer_id, seq }) => `entry ${seq} of ${customer_id} lies with another merchant`),
    ...foreignMerges.map(({ owner }) => `${owner.customerId} was merged across merchants`),
  ]
}

/** The invariants that one account's books alone cannot show, by the design's number. */
const BETWEEN = {
  '4 tills overdraw within the cap': overdraftIsCapped,
  '8 what was acknowledged is there once': acknowledgedOnce,
  '11 orders earn in one account': ordersEarnInOneAccount,
  '13 events sent are the entries': sentOnceEach,
  '14 projections are the fold of the entries': projectedInFull,
  '16 a merge conserves the total': mergesConserve,
  '17 tenant matches': ownTenant,
  '20 acknowledged before is booked before': acknowledgedInOrder,
} as const satisfies Readonly<Record<string, Checker>>

/** The names of all invariants that are checked, those of an account's own books among them, by number. */
export const CHECKED: readonly string[] = [...Object.keys(INVARIANTS), ...Object.keys(BETWEEN)].toSorted(
  (a, b) => numberOf(a) - numberOf(b),
)

/** Those without a number are beyond the design's list. */
function numberOf(invariant: string): number {
  return /^\d/.test(invariant) ? Number.parseInt(invariant, 10) : 100
}

/** What a checker says, or that the world is too wrong for it to look at. */
function verdict(check: Checker, world: World): readonly string[] {
  try {
    return check(world)
  } catch (error) {
    return [`cannot be checked: ${error instanceof Error ? error.message : String(error)}`]
  }
}

/** Everything that is wrong with a world at rest. */
export function findViolations(world: World): readonly Violation[] {
  const own = world.accounts.flatMap(({ ledger, owner }) =>
    violationsOf(booksOf(ledger)).map((text) => {
      const [invariant = '', ...rest] = text.split(': ')
      return { invariant, what: `customer ${owner.customerId}: ${rest.join(': ')}` }
    }),
  )
  const between = Object.entries(BETWEEN).flatMap(([invariant, check]) =>
    verdict(check, world).map((what) => ({ invariant, what })),
  )
  return [...own, ...between]
}
