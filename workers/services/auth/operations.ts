import { checkHealth } from '../../platform/health.ts'
import type { Handlers } from '../../platform/handler.ts'
import { issueShopperToken, issueVisitorToken } from '../../platform/token.ts'

/** Tokens of storefront pages. Whom a request comes from, the gateway's guard has verified by the app proxy's signature. */
export const auth: Handlers<'auth.shopperSession' | 'auth.health'> = {
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
