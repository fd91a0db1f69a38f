import type { AdminFault } from '../../../workers/integrations/shopify/admin/answer.ts'
import {
  type HistoryFile,
  type HistoryOrder,
  historyState,
  readHistoryOrders,
  startHistory,
} from '../../../workers/integrations/shopify/orders/history.ts'
import { madeBetween, type Reading, readRefunds } from '../../../workers/integrations/shopify/orders/read.ts'
import type { WholeOrder } from '../../../workers/integrations/shopify/orders/payload.ts'
import { saveStep } from '../../../workers/platform/reconciliations.ts'
import { offerOrders } from './offer.ts'
import { added, readingOf, type Step, type StepEnd } from './reconcile.ts'

/** Reads a shop's history: Shopify writes all of it into a file, which is read piece by piece. */

/** A webhook says when the file is there; should it be lost, this asks. A small history is there at once. */
const FIRST_POLL_S = 3
const POLL_S = 30
/** Orders that are booked at once, and after which the place in the file is written down. */
const ORDERS_AT_ONCE = 50

export async function readHistory(step: Step): Promise<StepEnd> {
  const { run } = step
  const reading = readingOf(step)
  if (run.bulk_operation_gid === null) {
    const started = await startHistory(reading, madeBetween(run.from_ms, run.until_ms))
    if (!started.ok) return { kind: 'fault', change: {}, fault: started.fault }
    // As many as may run at a time are running already.
    const change = { bulk_operation_gid: started.data }
    return { kind: 'next', change, delayS: started.data === null ? POLL_S : FIRST_POLL_S }
  }
  const state = await historyState(reading, run.bulk_operation_gid)
  if (!state.ok) return { kind: 'fault', change: {}, fault: state.fault }
  switch (state.data.kind) {
    case 'running':
      return { kind: 'next', change: {}, delayS: POLL_S }
    case 'failed':
      return { kind: 'failed', change: {}, problem: state.data.problem }
    case 'ready':
      return bookFile(step, state.data.file)
  }
}

async function bookFile(step: Step, file: HistoryFile): Promise<StepEnd> {
  const { env, shop, run, earnsFromMs } = step
  let counts = { ...run.counts, orders_total: file.orders }
  let place = Number(run.cursor ?? 0)
  const change = () => ({ cursor: String(place), counts })
  for (;;) {
    const reading = readingOf(step)
    const piece = await readHistoryOrders(reading, file, place, ORDERS_AT_ONCE)
    if (!piece.ok) return { kind: 'fault', change: change(), fault: piece.fault }
    const { whole, fault } = await withRefunds(reading, piece.data.orders)
    const found = await offerOrders(env, shop, whole, { earnsFromMs, isHistory: true })
    counts = { ...added(counts, found), orders_total: file.orders }
    const next = piece.data.orders[whole.length]?.at ?? piece.data.next
    if (next === null) return { kind: 'done', change: { cursor: null, counts } }
    place = next
    if (fault !== undefined) return { kind: 'fault', change: change(), fault }
    if (Date.now() >= step.untilMs) return { kind: 'next', change: change(), delayS: 0 }
    if (!(await saveStep(env, run, change(), Date.now(), false))) return { kind: 'lost' }
  }
}

/**
 * The file names an order's refunds; what they gave back is asked for one by one. Where the shop does not answer any more,
 * those that are whole by then are something, and the rest has another turn.
 */
async function withRefunds(
  reading: Reading,
  orders: readonly HistoryOrder[],
): Promise<{ readonly whole: readonly WholeOrder[]; readonly fault: AdminFault | undefined }> {
  const whole: WholeOrder[] = []
  for (const { order, lines, shipping } of orders) {
    const refunds = await readRefunds(reading, order)
    if (!refunds.ok) return { whole, fault: refunds.fault }
    whole.push({ order, lines, shipping, refunds: refunds.data })
  }
  return { whole, fault: undefined }
}
