import { refuse } from '../../../domain/contracts/errors.ts'
import { withRetry } from '../../../durable-objects/kernel/retry.ts'
import { merchantHub } from '../../../durable-objects/kernel/stubs.ts'
import { syncWaitingRewards } from '../../integrations/shopify/sync.ts'
import { readSettings } from '../../platform/control.ts'
import { checkHealth } from '../../platform/health.ts'
import type { Handlers } from '../../platform/handler.ts'
import { backfillOnce, resumeRuns } from '../../platform/reconciliations.ts'
import { issueShopperToken, issueVisitorToken } from '../../platform/token.ts'

/**
 * Tokens of storefront pages, and the shop's own. Whom a request comes from, the gateway's guard has verified by the app
 * proxy's signature or the session token.
 */
export const auth: Handlers<'auth.shopperSession' | 'auth.connectShop' | 'auth.health'> = {
  async 'auth.connectShop'({ env, caller, nowMs }) {
    if (caller?.principal.kind !== 'staff') throw new Error('the guard lets nobody else here')
    const { merchantId, domain } = caller.shop
    const { sessionToken } = caller.principal
    const connection = await withRetry(
      () => merchantHub(env, merchantId),
      (hub) => hub.connectShopify(merchantId, domain, sessionToken),
    )
    if (connection.ok) {
      const [{ settings }] = await Promise.all([readSettings(env, merchantId), syncWaitingRewards(env, merchantId)])
      await resumeRuns(env, merchantId)
      await backfillOnce(env, merchantId, settings.history.earn_days, nowMs)
      return { ok: true, body: { connected: true, scopes: [...connection.scopes] } }
    }
    return connection.problem === 'refused'
      ? refuse('session_token_invalid', 'Shopify does not take the session token. Get a new one from App Bridge.')
      : refuse('unavailable', 'Shopify did not answer. Try again with a new session token.')
  },

  async 'auth.shopperSession'({ env, caller, nowMs }) {
    if (!caller) throw new Error('the guard lets nobody unknown here')
    const { principal, shop } = caller
    const { merchantId } = shop
    if (principal.kind !== 'shopper' && principal.kind !== 'visitor') throw new Error('the app proxy knows no others')
    const customerId = principal.kind === 'shopper' ? principal.customerId : null
    const { token, expiresAtMs } =
      principal.kind === 'shopper'
        ? await issueShopperToken(env, { merchantId, ...principal }, nowMs)
        : await issueVisitorToken(env, merchantId, nowMs)
    return {
      ok: true,
      body: {
        token,
        expires_at: new Date(expiresAtMs).toISOString(),
        customer_id: customerId,
        app: env.APP_ORIGIN,
      },
    }
  },

  'auth.health': ({ env }) =>
    checkHealth('auth', { control: () => env.CONTROL.prepare('SELECT 1 FROM api_keys LIMIT 1').first() }),
}
