import { balanceOf } from '../../domain/ledger/balance.ts'
import { externalIdOf } from '../../domain/ledger/facts.ts'
import { toPointsEvent } from '../../domain/ledger/transaction.ts'
import { balanceRow, transactionRow } from '../../migrations/postgres/rows.ts'
import type { Account } from './account.ts'
import type { Client, Request } from './client.ts'
import type { Projections } from './projections.ts'
import type { Queue } from './queue.ts'

/** What must hold between an account, its clients, the queue and the projections once all is quiet. */
export function convergenceViolations(
  account: Account,
  client: Client | undefined,
  queue: Queue,
  projections: Projections,
  nowMs: number,
): readonly string[] {
  return [
    ...(client === undefined ? [] : acknowledged(account, client)),
    ...sentOnceEach(account, queue),
    ...projected(account, projections, nowMs),
    ...ownTenant(account, projections),
  ]
}

type Answered = Request & { readonly answer: NonNullable<Request['answer']> }

/** 8: what was acknowledged is there exactly once and was answered alike; 20: in the order of acknowledgement. */
function acknowledged({ ledger }: Account, client: Client): readonly string[] {
  const found = client.complaints.map((text) => `8 acknowledged once: ${text}`)
  const booked: { readonly sentAt: number; readonly answeredAt: number; readonly seq: number }[] = []
  for (const request of client.requests.filter((one): one is Answered => one.answer !== undefined)) {
    const { reply, at } = request.answer
    if (reply.outcome === 'refused') continue
    const externalId = externalIdOf(request.command)
    const same = ledger.entries.filter((entry) => entry.externalId === externalId)
    if (same.length !== 1 || same[0]?.hash !== reply.entry.hash) {
      found.push(`8 acknowledged once: ${externalId} is there ${same.length} times, or otherwise than answered`)
    }
    if (reply.outcome === 'applied') booked.push({ sentAt: request.sentAt, answeredAt: at, seq: reply.entry.seq })
  }
  return [...found, ...outOfOrder(booked)]
}

function outOfOrder(
  booked: readonly { readonly sentAt: number; readonly answeredAt: number; readonly seq: number }[],
): readonly string[] {
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
    if (one.seq <= highestSeq)
      found.push(`20 order: entry ${one.seq} was asked for after entry ${highestSeq} was answered`)
  }
  return found
}

/** 13: the events sent are exactly those of the entries. */
function sentOnceEach({ ledger, relayedSeq, owner }: Account, queue: Queue): readonly string[] {
  const sent = queue.sent.get(owner.customerId) ?? new Set<number>()
  const missing = ledger.entries.filter(({ seq }) => !sent.has(seq))
  const extra = [...sent].filter((seq) => seq > ledger.account.seq)
  return [
    ...missing.map(({ seq }) => `13 events: entry ${seq} was never sent`),
    ...extra.map((seq) => `13 events: ${seq} was sent and is no entry`),
    ...(relayedSeq === ledger.account.seq
      ? []
      : [`13 events: the cursor is at ${relayedSeq} of ${ledger.account.seq}`]),
  ]
}

/** 14: each projection is the fold of the entries. */
function projected({ ledger, owner }: Account, projections: Projections, nowMs: number): readonly string[] {
  const { merchantId, customerId } = owner
  const balance = balanceOf(ledger, customerId, nowMs)
  const found = ledger.entries.flatMap((entry) => {
    const row = projections.transactions.get(`${merchantId}:${customerId}:${entry.seq}`)
    return differs(row, transactionRow(toPointsEvent(entry, balance, owner)))
      ? [`14 projections: entry ${entry.seq} is missing or differs`]
      : []
  })
  const row = projections.balances.get(`${merchantId}:${customerId}`)
  if (row === undefined) return ledger.account.seq === 0 ? found : [...found, '14 projections: there is no balance']
  const wanted = { ...balanceRow(merchantId, balance), as_of: row.as_of }
  return differs(row, wanted) ? [...found, `14 projections: the balance is ${JSON.stringify(row)}`] : found
}

function differs(row: object | undefined, wanted: object): boolean {
  return row === undefined || JSON.stringify(row) !== JSON.stringify(wanted)
}

/** 17: rows of a customer are its merchant's. */
function ownTenant({ owner }: Account, projections: Projections): readonly string[] {
  const foreign = [...projections.transactions.values()].filter(
    ({ customer_id, merchant_id }) => customer_id === owner.customerId && merchant_id !== owner.merchantId,
  )
  return foreign.map(({ seq }) => `17 tenant: entry ${seq} lies with another merchant`)
}
