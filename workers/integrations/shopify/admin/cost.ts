import { z } from 'zod'

/**
 * A shop's budget for queries, as Shopify tells it with each answer (`extensions.cost`): points that fill up by the
 * second. What this isolate knows of it decides whether a request is sent now; Shopify's THROTTLED decides in the end.
 */

const ThrottleStatus = z.object({
  maximumAvailable: z.number(),
  currentlyAvailable: z.number(),
  restoreRate: z.number().positive(),
})
export const QueryCost = z.object({
  requestedQueryCost: z.number(),
  throttleStatus: ThrottleStatus,
})
export type QueryCost = z.infer<typeof QueryCost>

interface Budget {
  maximum: number
  restorePerMs: number
  /** What the shop has, as of `atMs`, without what was taken for requests that are not answered yet. */
  available: number
  taken: number
  atMs: number
}

const MOST_SHOPS = 1_000
const budgets = new Map<string, Budget>()
/** What a document cost when it was last sent, by its text. */
const costs = new Map<string, number>()

/** A request's part of the budget, from before it is sent until it is answered. */
export interface Reservation {
  /** How long to wait before sending: below zero where others wait already, each waits behind those before it. */
  readonly waitMs: number
  /** To be called once: with what Shopify said, or null where it said nothing or was not asked. */
  readonly end: (cost: QueryCost | null, nowMs: number) => void
}

/** Takes what the document is known to cost. */
export function reserve(merchantId: string, text: string, nowMs: number): Reservation {
  const budget = budgetOf(merchantId, nowMs)
  const cost = costs.get(text) ?? 0
  refill(budget, nowMs)
  budget.available -= cost
  budget.taken += cost
  return {
    waitMs: budget.available >= 0 ? 0 : Math.ceil(-budget.available / budget.restorePerMs),
    end: (told, endMs) => {
      budget.taken -= cost
      if (told) learn(budget, text, told, endMs)
      else budget.available += cost
    },
  }
}

function budgetOf(merchantId: string, nowMs: number): Budget {
  const known = budgets.get(merchantId)
  if (known) return known
  // Nothing is known yet: nothing is held back.
  const budget = { maximum: Infinity, restorePerMs: 0.1, available: Infinity, taken: 0, atMs: nowMs }
  if (budgets.size >= MOST_SHOPS) budgets.clear()
  budgets.set(merchantId, budget)
  return budget
}

function learn(budget: Budget, text: string, cost: QueryCost, nowMs: number): void {
  const { maximumAvailable, currentlyAvailable, restoreRate } = cost.throttleStatus
  costs.set(text, Math.min(cost.requestedQueryCost, maximumAvailable))
  budget.maximum = maximumAvailable
  budget.restorePerMs = restoreRate / 1_000
  budget.available = currentlyAvailable - budget.taken
  budget.atMs = nowMs
}

/** How long Shopify's budget takes until it covers a query that was just refused. */
export function refillMs({ requestedQueryCost, throttleStatus }: QueryCost): number {
  const missing = Math.min(requestedQueryCost, throttleStatus.maximumAvailable) - throttleStatus.currentlyAvailable
  return Math.max(0, Math.ceil((missing / throttleStatus.restoreRate) * 1_000))
}

function refill(budget: Budget, nowMs: number): void {
  budget.available = Math.min(budget.maximum, budget.available + Math.max(0, nowMs - budget.atMs) * budget.restorePerMs)
  budget.atMs = nowMs
}
