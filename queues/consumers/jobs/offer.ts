import { z } from 'zod'
import type { OrderFacts } from '../../../domain/earning/facts.ts'
import type { Command } from '../../../domain/ledger/types.ts'
import type { BatchOutcome } from '../../../durable-objects/kernel/protocol.ts'
import { factsOfOrder } from '../../../workers/integrations/shopify/orders/facts.ts'
import type { WholeOrder } from '../../../workers/integrations/shopify/orders/payload.ts'
import type { Counts } from '../../../workers/platform/reconciliations.ts'
import type { Shop } from '../../../workers/platform/control.ts'
import { logLine } from '../../../workers/platform/log.ts'
import { neonBatch, sql } from '../../../workers/platform/neon.ts'
import { pooled, reasonOf, Settlements } from '../../batch.ts'
import { useCodes } from '../webhooks/codes.ts'
import { attachByOrders } from '../webhooks/guests.ts'
import { bookOrders } from '../webhooks/orders.ts'
import type { OrderReceived } from '../webhooks/received.ts'

/** Orders as Shopify has them now go the way of their webhooks. What is in the books already changes nothing. */

/** Which orders may earn. */
export interface OfferTerms {
  /** Orders made before earn nothing. */
  readonly earnsFromMs: number
  /** History: cancelled orders that never earned are left alone, rather than kept in mind. */
  readonly isHistory: boolean
}

/** What there was to do. */
export type Found = Omit<Counts, 'orders_total'>

const FACTS_AT_ONCE = 8
/** Nobody else will come to know the owner of a code later on: see webhooks/codes.ts. */
const ATTEMPTS = 1_000

/**
 * Books what is missing of these orders, and answers what that was.
 * @throws where something that is needed does not answer; to be repeated as a whole.
 */
export async function offerOrders(
  env: Env,
  shop: Shop,
  orders: readonly WholeOrder[],
  terms: OfferTerms,
): Promise<Found> {
  const { merchantId } = shop
  const found = { ...NOTHING_FOUND, orders_seen: orders.length }
  const offered = await factsOf(env, merchantId, await withoutStrangers(env, merchantId, orders, terms), found)
  const carrier = newCarrier()
  const received = offered.map((order): OrderReceived => ({ message: carrier, webhook: envelopeOf(shop, order) }))
  const edited = new Set(offered.filter((order) => order.edited_at_ms !== null).map(({ order_gid: gid }) => gid))
  const settlements = new Settlements()
  await Promise.all([
    bookOrders(env, merchantId, received, [], settlements, (command, outcome) => {
      count(found, command, outcome, edited)
    }).then(() => attachByOrders(env, merchantId, received, settlements)),
    useCodes(env, merchantId, received, settlements),
  ])
  const settlement = settlements.get(carrier)
  if (settlement.kind !== 'done') throw new Error(settlement.reason)
  return found
}

export const NOTHING_FOUND: Found = {
  orders_seen: 0,
  orders_missing: 0,
  refunds_missing: 0,
  cancellations_missing: 0,
  edits_missing: 0,
  points_booked: 0,
  refused: 0,
}

/** The orders but those that are not to earn and never did. */
async function withoutStrangers(
  env: Env,
  merchantId: string,
  orders: readonly WholeOrder[],
  { earnsFromMs, isHistory }: OfferTerms,
): Promise<readonly WholeOrder[]> {
  const whileOff = await madeWhileOff(env, merchantId, orders)
  const isDoubtful = ({ order }: WholeOrder) =>
    Date.parse(order.createdAt) < earnsFromMs || (isHistory && order.cancelledAt !== null) || whileOff.has(order.id)
  const doubtful = orders.filter(isDoubtful).map(({ order }) => order.id)
  if (doubtful.length === 0) return orders
  const [rows] = await neonBatch(env, merchantId, [
    sql`select distinct order_gid from points_transactions where kind in ('earn', 'earn_pending')
      and order_gid = any(array(select jsonb_array_elements_text(${JSON.stringify(doubtful)}::jsonb)))`,
  ])
  const earned = new Set(EarnedOrders.parse(rows).map(({ order_gid: gid }) => gid))
  return orders.filter((whole) => !isDoubtful(whole) || earned.has(whole.order.id))
}

const OrderGids = z.array(z.object({ gid: z.string() }))

/** Orders of a time in which the shop had switched earning off: their webhooks earned nothing, however late they change. */
async function madeWhileOff(env: Env, merchantId: string, orders: readonly WholeOrder[]): Promise<ReadonlySet<string>> {
  const made = orders.map(({ order: { id, createdAt } }) => ({ gid: id, at: Date.parse(createdAt) }))
  const { results } = await env.CONTROL.prepare(
    `SELECT made.value ->> '$.gid' AS gid FROM json_each(?2) AS made WHERE
       (SELECT json_extract(body, '$.earning.enabled') FROM program_settings
        WHERE merchant_id = ?1 AND updated_at_ms <= made.value ->> '$.at' ORDER BY version DESC LIMIT 1) = 0`,
  )
    .bind(merchantId, JSON.stringify(made))
    .all()
  return new Set(OrderGids.parse(results).map(({ gid }) => gid))
}

const EarnedOrders = z.array(z.object({ order_gid: z.string() }))

async function factsOf(
  env: Env,
  merchantId: string,
  orders: readonly WholeOrder[],
  found: { refused: number },
): Promise<OrderFacts[]> {
  const byOrder = new Map<WholeOrder, OrderFacts>()
  await pooled(orders, FACTS_AT_ONCE, async (whole) => {
    try {
      byOrder.set(whole, await factsOfOrder(env, merchantId, whole))
    } catch (error) {
      // Repetition does not mend it: its webhook was or would be refused as well.
      found.refused += 1
      logLine('warn', 'order not read', {
        merchant_id: merchantId,
        order_gid: whole.order.id,
        reason: reasonOf(error),
      })
    }
  })
  return orders.flatMap((whole) => byOrder.get(whole) ?? [])
}

/** These orders come on no message of their own. */
function newCarrier(): Message {
  return {
    id: crypto.randomUUID(),
    timestamp: new Date(),
    body: null,
    attempts: ATTEMPTS,
    ack: () => undefined,
    retry: () => undefined,
  }
}

function envelopeOf({ merchantId, domain }: Shop, order: OrderFacts): OrderReceived['webhook'] {
  return {
    merchant_id: merchantId,
    shop: domain,
    webhook_id: order.order_gid,
    received_at_ms: Date.now(),
    topic: 'orders/create',
    order,
  }
}

/** What an order asks for, and where it is counted if it was not booked before. */
const MISSING: ReadonlyMap<Command['kind'], keyof Found> = new Map([
  ['earn_order', 'orders_missing'],
  ['clawback', 'refunds_missing'],
  ['cancel_order', 'cancellations_missing'],
  ['edit_order', 'edits_missing'],
] as const)

function count(
  found: { -readonly [Name in keyof Found]: number },
  command: Command,
  outcome: BatchOutcome,
  edited: ReadonlySet<string>,
): void {
  if (outcome.outcome === 'refused') {
    const isOfEdited = command.kind === 'earn_order' && edited.has(command.orderGid)
    if (!(isOfEdited && outcome.refusal.code === 'external_id_conflict')) found.refused += 1
    return
  }
  if (outcome.outcome !== 'applied') return
  found.points_booked += outcome.points
  const name = MISSING.get(command.kind)
  if (name !== undefined) found[name] += 1
}
