import { waitUntil } from 'cloudflare:workers'
import { VersionedSettings } from '../../../domain/contracts/settings.ts'
import type { StorefrontProgram } from '../../../domain/contracts/widget.ts'
import { readSettings } from '../../platform/control.ts'
import { IsolateCache } from '../../platform/isolate-cache.ts'
import { logFault } from '../../platform/log.ts'

/**
 * The copy of the settings in KV, which storefronts all over the world read. Whoever saves settings replaces it. Should
 * that have failed, or two have replaced it in the wrong order, the next reader puts it right: each isolate that uses
 * the copy asks D1 once a minute, after it has answered.
 */

const checked = new IsolateCache<VersionedSettings>({ lifeMs: 60_000, capacity: 10_000 })

function keyOf(merchantId: string): string {
  return `settings:${merchantId}`
}

/** Replaces the copy, after the answer and as well as it can. `json`: a VersionedSettings. */
export function replaceCopy(env: Env, merchantId: string, json: string, requestId: string): void {
  checked.forget(merchantId)
  waitUntil(env.SETTINGS_COPY.put(keyOf(merchantId), json).catch((error: unknown) => logFault(requestId, error)))
}

async function readCopy(env: Env, merchantId: string): Promise<VersionedSettings | undefined> {
  const stored: unknown = await env.SETTINGS_COPY.get(keyOf(merchantId), 'json').catch(() => null)
  // A copy in a form of before, or of a version to come, is none.
  return VersionedSettings.safeParse(stored).data
}

/** Settings that are at most a minute old. */
async function recentSettings(env: Env, merchantId: string, requestId: string): Promise<VersionedSettings> {
  const known = checked.fresh(merchantId)
  if (known) return known
  const copy = await readCopy(env, merchantId)
  const checking = checked.get(merchantId, async () => {
    const settings = await readSettings(env, merchantId)
    if (copy?.version !== settings.version) {
      const put = env.SETTINGS_COPY.put(keyOf(merchantId), JSON.stringify(settings))
      waitUntil(put.catch((error: unknown) => logFault(requestId, error)))
    }
    return settings
  })
  if (!copy) return (await checking) ?? readSettings(env, merchantId)
  waitUntil(checking.catch((error: unknown) => logFault(requestId, error)))
  return copy
}

/** What a storefront page is told of these settings. */
export function storefrontProgram({ version, settings }: VersionedSettings): StorefrontProgram {
  const { enabled, points, per_amount } = settings.earning
  return {
    version,
    currency: settings.currency,
    widget: settings.widget,
    ways_to_earn: enabled ? [{ kind: 'order', points, per_amount }] : [],
    lot_days: settings.expiry.lot_days,
    return_window_days: settings.return_window_days,
  }
}

/** The program of a merchant for storefront pages, at most a minute old. */
export async function readProgram(env: Env, merchantId: string, requestId: string): Promise<StorefrontProgram> {
  return storefrontProgram(await recentSettings(env, merchantId, requestId))
}
