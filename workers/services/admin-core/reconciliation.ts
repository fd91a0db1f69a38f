import { type Refusal, refuse } from '../../../domain/contracts/errors.ts'
import type { Reconciliation } from '../../../domain/contracts/operations/reconciliation.ts'
import type { IdempotencyClaim } from '../../../durable-objects/kernel/protocol.ts'
import { shopifyAccess } from '../../integrations/shopify/admin/access.ts'
import { idOfClaim } from '../../platform/claims.ts'
import { readSettings, type Shop } from '../../platform/control.ts'
import { findRun, listRuns, nextFromMs, type Run, startRun, toReconciliation } from '../../platform/reconciliations.ts'

/** Runs that ask Shopify for orders, as the API starts and shows them. */

const DAY_MS = 24 * 3_600_000

/** Which run to begin; `from`: ISO 8601. */
export interface Wish {
  readonly kind: Run['kind']
  readonly from?: string | undefined
}

/** Begins a run up to now. */
export async function startReconciliation(
  env: Env,
  shop: Shop,
  { kind, from }: Wish,
  claim: IdempotencyClaim,
  nowMs: number,
): Promise<{ readonly ok: true; readonly body: Reconciliation } | Refusal> {
  const { merchantId } = shop
  const id = idOfClaim(merchantId, claim)
  // An earlier request with the key may have begun it without being answered.
  const begun = await findRun(env, merchantId, id)
  if (begun !== undefined) return { ok: true, body: toReconciliation(begun) }
  const fromMs = await beginOf(env, merchantId, { kind, from }, nowMs)
  if (fromMs === undefined) {
    return refuse(
      'validation_failed',
      'The settings ask for no history (history.earn_days is 0): say from when.',
      '/from',
    )
  }
  if (fromMs >= nowMs) return refuse('validation_failed', 'from must lie in the past.', '/from')
  const access = await shopifyAccess(env, shop, null)
  if (!access.ok && access.problem === 'not_connected') {
    return refuse('shop_not_connected', 'Open LoyalNest in the shop’s admin once, then try again.')
  }
  if (!(await startRun(env, { id, merchantId, kind, fromMs, untilMs: nowMs, nowMs }))) {
    return refuse('already_running', `A ${kind} of this shop is under way. See the list of runs.`)
  }
  const run = await findRun(env, merchantId, id)
  if (run === undefined) throw new Error('the run that was just begun is missing')
  return { ok: true, body: toReconciliation(run) }
}

/**
 * From when on a run asks; undefined: nobody says. The next reconciliation begins where the last one ended: one that began
 * later would leave a gap that nobody asks about again.
 */
async function beginOf(env: Env, merchantId: string, { kind, from }: Wish, nowMs: number): Promise<number | undefined> {
  const fromMs = from === undefined ? undefined : Date.parse(from)
  if (kind === 'reconcile') {
    const nextMs = await nextFromMs(env, merchantId)
    // What lies ahead is refused as it is.
    return fromMs === undefined || (nextMs !== undefined && nextMs < fromMs && fromMs < nowMs) ? nextMs : fromMs
  }
  if (fromMs !== undefined) return fromMs
  const { settings } = await readSettings(env, merchantId)
  const { earn_days: days } = settings.history
  return days === 0 ? undefined : nowMs - days * DAY_MS
}

/** A page of runs, newest first; undefined if the cursor is not one of ours. */
export async function listReconciliations(
  env: Env,
  merchantId: string,
  { cursor, limit }: { readonly cursor?: string | undefined; readonly limit: number },
): Promise<{ readonly reconciliations: Reconciliation[]; readonly next_cursor: string | null } | undefined> {
  const place = /^(\d{1,15})_([0-9a-f-]{36})$/.exec(cursor ?? '')
  if (cursor !== undefined && place === null) return undefined
  const [, startedAt = '', id = ''] = place ?? []
  const before = place === null ? undefined : { startedAtMs: Number(startedAt), id }
  const found = await listRuns(env, merchantId, before, limit + 1)
  const shown = found.slice(0, limit)
  const last = found.length > shown.length ? shown.at(-1) : undefined
  const next = last === undefined ? null : `${last.started_at_ms}_${last.id}`
  return { reconciliations: shown.map(toReconciliation), next_cursor: next }
}
