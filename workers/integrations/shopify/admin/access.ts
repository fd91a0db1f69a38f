import { merchantHub } from '../../../../durable-objects/kernel/stubs.ts'
import { withRetry } from '../../../../durable-objects/kernel/retry.ts'
import type { ShopifyAccess } from '../../../../durable-objects/kernel/protocol.ts'
import type { ShopRef } from './answer.ts'

/** A copy spares the hub a call for each request; a token that ended meanwhile costs one 401. */
const COPY_LIFE_MS = 60_000
/** A copy that is about to end is no good for a request that is to be sent now. */
const LEAST_LIFE_MS = 30_000
const MOST_COPIES = 1_000

interface Copy {
  readonly access: ShopifyAccess & { readonly ok: true }
  readonly untilMs: number
}

const copies = new Map<string, Copy>()

/**
 * The shop's access token, from a copy in this isolate or from its hub.
 * @param refused a token that Shopify has just answered 401 to
 */
export async function shopifyAccess(env: Env, shop: ShopRef, refused: string | null): Promise<ShopifyAccess> {
  const { merchantId, domain } = shop
  const copy = copies.get(merchantId)
  if (copy && copy.untilMs > Date.now() && copy.access.accessToken !== refused) return copy.access
  copies.delete(merchantId)
  const access = await withRetry(
    () => merchantHub(env, merchantId),
    (hub) => hub.shopifyAccess(merchantId, domain, refused),
  )
  if (access.ok) keep(merchantId, access)
  return access
}

function keep(merchantId: string, access: Copy['access']): void {
  if (copies.size >= MOST_COPIES) copies.clear()
  const endsAtMs = access.expiresAtMs === null ? Infinity : access.expiresAtMs - LEAST_LIFE_MS
  copies.set(merchantId, { access, untilMs: Math.min(Date.now() + COPY_LIFE_MS, endsAtMs) })
}
