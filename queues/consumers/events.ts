import { LoyalNestEvent, type PointsEvent, type PosEvent } from '../../domain/contracts/events.ts'
import { merchantHub } from '../../durable-objects/kernel/stubs.ts'
import { isDataError, neonTransaction } from '../../workers/platform/neon.ts'
import { bisect, pooled, reasonOf, Settlements } from '../batch.ts'
import { logLine } from '../../workers/platform/log.ts'
import { accountRows, type AccountEvent } from '../projections/accounts.ts'
import { projectPosItems } from '../projections/pos.ts'
import { projectAccounts } from '../projections/statements.ts'
import { deliverRefunds, parseWaiting, selectWaiting } from '../projections/waiting-refunds.ts'

/** A message and the event in it. */
interface Arrived<E extends LoyalNestEvent = LoyalNestEvent> {
  readonly message: Message
  readonly event: E
}

const HUBS_AT_ONCE = 16
const DELIVERIES_AT_ONCE = 16

/**
 * Applies a batch of events: Postgres in one transaction, the event log in one D1 statement, then one call to each
 * merchant's hub. Everything is idempotent by the event's id or seq, so order and repetition do not matter.
 */
export async function consumeEvents(batch: MessageBatch, env: Env): Promise<Settlements> {
  const settlements = new Settlements()
  const arrived = parse(batch.messages, settlements)
  const projected = await project(env, arrived, settlements)
  const logged = await appendLog(env, projected, settlements)
  await deliverWaiting(env, logged, settlements)
  await countUsage(env, logged)
  return settlements
}

function parse(messages: readonly Message[], settlements: Settlements): Arrived[] {
  return messages.flatMap((message) => {
    const parsed = LoyalNestEvent.safeParse(message.body)
    if (parsed.success) return [{ message, event: parsed.data }]
    settlements.note(message, { kind: 'poisoned', reason: reasonOf(parsed.error) })
    return []
  })
}

function isPoints(arrived: Arrived): arrived is Arrived<PointsEvent> {
  return arrived.event.event_type.startsWith('points.')
}

/** Whether it is of a customer's account: an entry, or a redemption. */
function isOfAccount(arrived: Arrived): arrived is Arrived<AccountEvent> {
  return isPoints(arrived) || arrived.event.event_type === 'redemption.updated'
}

/** Whether it is of a till's item. */
function isOfTill(arrived: Arrived): arrived is Arrived<PosEvent> {
  return arrived.event.event_type === 'pos.item_recorded'
}

/** The order that an entry earned points for, at once or after a return window. */
function bookedOrder({ data: { transaction } }: PointsEvent): string | undefined {
  const earns = transaction.kind === 'earn' || transaction.kind === 'earn_pending'
  return earns ? (transaction.order_id ?? undefined) : undefined
}

/** Answers with the events whose rows are in Postgres now (or that have none). */
async function project(env: Env, arrived: readonly Arrived[], settlements: Settlements): Promise<Arrived[]> {
  const failed = await bisect(
    arrived.filter((one) => isOfAccount(one) || isOfTill(one)),
    async (some) => {
      const merchants = Map.groupBy(some, ({ event }) => event.merchant_id)
      // By merchant id, so that two batches at once lock rows in the same order.
      const tenants = [...merchants].toSorted(([a], [b]) => (a < b ? -1 : 1))
      await neonTransaction(
        env,
        tenants.map(([merchantId, theirs]) => ({
          merchantId,
          statements: [
            ...projectAccounts(merchantId, accountRows(theirs.filter(isOfAccount).map(({ event }) => event))),
            ...projectPosItems(theirs.filter(isOfTill).map(({ event }) => event)),
          ],
        })),
      )
    },
    isDataError,
  )
  for (const [{ message }, error] of failed) {
    settlements.note(message, { kind: isDataError(error) ? 'poisoned' : 'outage', reason: reasonOf(error) })
  }
  const failedMessages = new Set(Array.from(failed.keys(), ({ message }) => message))
  return arrived.filter(({ message }) => !failedMessages.has(message))
}

/** One row an event, all in one statement: D1 takes 100 parameters but a parameter of 2 MB. */
async function appendLog(env: Env, arrived: readonly Arrived[], settlements: Settlements): Promise<readonly Arrived[]> {
  if (arrived.length === 0) return []
  try {
    await env.EVENT_LOG.prepare(
      `insert into events (event_id, merchant_id, event_type, user_id, seq, at, body)
      select value ->> 'event_id', value ->> 'merchant_id', value ->> 'event_type', value ->> 'user_id', value ->> 'seq',
        value ->> 'timestamp', json(value) from json_each(?1) where true
      on conflict do nothing`,
    )
      .bind(JSON.stringify(arrived.map(({ event }) => event)))
      .run()
    return arrived
  } catch (error) {
    for (const { message } of arrived) settlements.note(message, { kind: 'outage', reason: reasonOf(error) })
    return []
  }
}

/** Refunds that came before their order's entry was here; see projections/waiting-refunds.ts. */
async function deliverWaiting(env: Env, arrived: readonly Arrived[], settlements: Settlements): Promise<void> {
  const earned = arrived.filter(isPoints).filter(({ event }) => bookedOrder(event) !== undefined)
  if (earned.length === 0) return
  const merchants = [...Map.groupBy(earned, ({ event }) => event.merchant_id)]
  try {
    const found = await neonTransaction(
      env,
      merchants.map(([merchantId, theirs]) => ({
        merchantId,
        statements: [selectWaiting(theirs.flatMap(({ event }) => bookedOrder(event) ?? []))],
      })),
    )
    const waiting = merchants.map(([, theirs], index) => ({ theirs, byOrder: parseWaiting(found[index]?.[0] ?? []) }))
    const deliveries = waiting.flatMap(({ theirs, byOrder }) => theirs.map((one) => ({ ...one, byOrder })))
    await pooled(deliveries, DELIVERIES_AT_ONCE, async ({ message, event, byOrder }) => {
      const refunds = byOrder.get(bookedOrder(event) ?? '') ?? []
      if (refunds.length === 0) return
      const owner = {
        merchantId: event.merchant_id,
        customerId: event.data.transaction.customer_id,
        shopifyCustomerGid: event.context['shopify_customer_id'] ?? null,
      }
      await deliverRefunds(env, owner, refunds).catch((error: unknown) =>
        settlements.note(message, { kind: 'outage', reason: reasonOf(error) }),
      )
    })
  } catch (error) {
    for (const { message } of earned) settlements.note(message, { kind: 'outage', reason: reasonOf(error) })
  }
}

/** One call a merchant. A lost count is only a count: it fails no message. */
async function countUsage(env: Env, arrived: readonly Arrived[]): Promise<void> {
  const merchants = Map.groupBy(arrived, ({ event }) => event.merchant_id)
  await pooled(merchants, HUBS_AT_ONCE, async ([merchantId, theirs]) => {
    const orders = theirs.filter(isPoints).filter(({ event }) => bookedOrder(event) !== undefined)
    try {
      await merchantHub(env, merchantId).record(merchantId, { orders: orders.length, events: theirs.length })
    } catch (error) {
      logLine('warn', 'usage not counted', { merchant_id: merchantId, reason: reasonOf(error) })
    }
  })
}
