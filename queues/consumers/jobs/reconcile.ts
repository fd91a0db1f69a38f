import { z } from 'zod'
import type { JobMessage } from '../../../domain/contracts/jobs.ts'
import type { AdminFault } from '../../../workers/integrations/shopify/admin/answer.ts'
import {
  changedBetween,
  countOrders,
  type Reading,
  readOrders,
} from '../../../workers/integrations/shopify/orders/read.ts'
import {
  abandonStep,
  earnsFromMs,
  leaseRun,
  type Run,
  type RunChange,
  saveStep,
  stepJob,
} from '../../../workers/platform/reconciliations.ts'
import { type Shop, shopByMerchant } from '../../../workers/platform/control.ts'
import { logLine } from '../../../workers/platform/log.ts'
import { DONE, type Settlement } from '../../batch.ts'
import { readHistory } from './backfill.ts'
import { type Found, offerOrders } from './offer.ts'

/** Steps of a run that asks Shopify for orders. */

/** A step goes on from page to page for so long; then the next message takes over. */
const STEP_MS = 20_000
/** A page has so long for the shop's answers: less than a lease, which is taken anew after each. */
const PAGE_MS = 20_000

/** What a step works with. */
export interface Step {
  readonly env: Env
  readonly shop: Shop
  readonly run: Run
  readonly earnsFromMs: number
  /** After this no new page is begun. */
  readonly untilMs: number
}

/** For one page, that begins now. */
export function readingOf({ env, shop }: Step): Reading {
  return { env, shop, deadlineMs: Date.now() + PAGE_MS }
}

/** How a step ended, and what of its run is to be written down with that. */
export type StepEnd =
  /** The run goes on, at once or after a while. */
  | { readonly kind: 'next'; readonly change: RunChange; readonly delayS: number }
  | { readonly kind: 'done'; readonly change: RunChange }
  | { readonly kind: 'failed'; readonly change: RunChange; readonly problem: string }
  /** Shopify is in the way of it. */
  | { readonly kind: 'fault'; readonly change: RunChange; readonly fault: AdminFault }
  /** Another one has taken over. */
  | { readonly kind: 'lost' }

type Job = Extract<JobMessage, { readonly job: 'reconcile' }>

/** What cannot be read does not become readable: after so many attempts the run ends, so that another one can begin. */
const MOST_READINGS = 3
const UNREADABLE = 'LoyalNest could not read what Shopify answered. Start it again; if it stays, tell us its id.'

/** The next step of a run; the one after it goes on the queue with its end. */
export async function reconcile(env: Env, job: Job, attempts: number): Promise<Settlement> {
  const startMs = Date.now()
  const run = await leaseRun(env, job.merchant_id, job.run_id, job.step, startMs)
  if (run === 'over') return DONE
  if ('waitMs' in run) {
    await env.JOBS.send(job, { delaySeconds: Math.ceil(run.waitMs / 1_000) + 1 })
    return DONE
  }
  const shop = await shopByMerchant(env, run.merchant_id)
  if (shop?.status !== 'active') {
    return end(env, run, { kind: 'failed', change: {}, problem: 'LoyalNest was removed from the shop.' })
  }
  try {
    const earnsMs = await earnsFromMs(env, run.merchant_id)
    const step: Step = { env, shop, run, earnsFromMs: earnsMs, untilMs: startMs + STEP_MS }
    return await end(env, run, run.kind === 'reconcile' ? await readChanged(step) : await readHistory(step))
  } catch (error) {
    if (isUnreadable(error) && attempts >= MOST_READINGS) {
      logLine('error', 'run not read', { merchant_id: run.merchant_id, run_id: run.id })
      return end(env, run, { kind: 'failed', change: {}, problem: UNREADABLE })
    }
    await abandonStep(env, run)
    throw isUnreadable(error) ? new Error(UNREADABLE) : error
  }
}

/** The message of such an error may say what was read, which may be personal. */
function isUnreadable(error: unknown): boolean {
  return error instanceof SyntaxError || error instanceof z.ZodError
}

/** Page by page what changed since the last run. */
async function readChanged(step: Step): Promise<StepEnd> {
  const { env, shop } = step
  const { from_ms: fromMs, until_ms: untilMs } = step.run
  const search = changedBetween(fromMs, untilMs)
  let { cursor, counts } = step.run
  if (counts.orders_total === null) {
    const counted = await countOrders(readingOf(step), search)
    if (!counted.ok) return { kind: 'fault', change: {}, fault: counted.fault }
    counts = { ...counts, orders_total: counted.data }
  }
  for (;;) {
    const page = await readOrders(readingOf(step), search, cursor)
    if (!page.ok) return { kind: 'fault', change: { cursor, counts }, fault: page.fault }
    const found = await offerOrders(env, shop, page.data.orders, { earnsFromMs: step.earnsFromMs, isHistory: false })
    counts = added(counts, found)
    if (page.data.next === null) return { kind: 'done', change: { cursor: null, counts } }
    cursor = page.data.next
    const change = { cursor, counts }
    if (Date.now() >= step.untilMs) return { kind: 'next', change, delayS: 0 }
    if (!(await saveStep(env, step.run, change, Date.now(), false))) return { kind: 'lost' }
  }
}

/** Counts with what a page found on top. */
export function added(counts: Run['counts'], found: Found): Run['counts'] {
  return {
    orders_total: counts.orders_total,
    orders_seen: counts.orders_seen + found.orders_seen,
    orders_missing: counts.orders_missing + found.orders_missing,
    refunds_missing: counts.refunds_missing + found.refunds_missing,
    cancellations_missing: counts.cancellations_missing + found.cancellations_missing,
    edits_missing: counts.edits_missing + found.edits_missing,
    points_booked: counts.points_booked + found.points_booked,
    refused: counts.refused + found.refused,
  }
}

const NO_ACCESS = 'LoyalNest has no access to the shop’s orders. Open LoyalNest in Shopify’s admin once.'

/** Writes down how a step ended, and sends the next one on its way. */
async function end(env: Env, run: Run, how: StepEnd): Promise<Settlement> {
  if (how.kind === 'lost') return DONE
  const nowMs = Date.now()
  const save = (more: RunChange) => saveStep(env, run, { ...how.change, ...more }, nowMs, true)
  switch (how.kind) {
    case 'next':
      if (await save({})) await sendNext(env, run, how.delayS)
      return DONE
    case 'done':
      await save({ state: 'done', finished_at_ms: nowMs })
      return DONE
    case 'failed':
      await save({ state: 'failed', finished_at_ms: nowMs, problem: how.problem })
      return DONE
    case 'fault':
      return endOfFault(env, run, how.fault, save)
  }
}

async function endOfFault(
  env: Env,
  run: Run,
  fault: AdminFault,
  save: (more: RunChange) => Promise<boolean>,
): Promise<Settlement> {
  switch (fault.kind) {
    case 'throttled':
      if (await save({})) await sendNext(env, run, Math.ceil(fault.retryAfterMs / 1_000))
      return DONE
    case 'unavailable':
      if (await save({ problem: 'Shopify did not answer. LoyalNest tries again by itself.' })) {
        await sendNext(env, run, UNAVAILABLE_WAIT_S)
      }
      return DONE
    case 'not_connected':
      // Whoever connects the shop goes on with it.
      await save({ state: 'waiting', problem: NO_ACCESS })
      return DONE
    case 'refused': {
      const isAccess = fault.problems.some(({ code }) => code === 'ACCESS_DENIED')
      const says = fault.problems.map(({ message }) => message.replace(/\.?$/, '.')).join(' ')
      const problem = `Shopify says: ${says}`.slice(0, 500)
      if (isAccess) await save({ state: 'waiting', problem })
      else await save({ state: 'failed', finished_at_ms: Date.now(), problem })
      return DONE
    }
  }
}

const UNAVAILABLE_WAIT_S = 30

async function sendNext(env: Env, run: Run, delaySeconds: number): Promise<void> {
  await env.JOBS.send(stepJob(run), { delaySeconds })
}
