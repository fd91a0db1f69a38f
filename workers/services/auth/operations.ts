import { checkHealth } from '../../platform/health.ts'
import type { Handlers } from '../../platform/handler.ts'
import { issueShopperToken } from '../../platform/token.ts'

/** Tokens of shoppers. Whom a request comes from, the gateway's guard has verified by the app proxy's signature. */
export const auth: Handlers<'auth.shopperSession' | 'auth.health'> = {
  async 'auth.shopperSession'({ env, caller, nowMs }) {
    if (caller?.principal.kind !== 'shopper') throw new Error('the guard lets only shoppers here')
    const { customerId, customerGid } = caller.principal
    const subject = { merchantId: caller.shop.merchantId, customerId, customerGid }
    const { token, expiresAtMs } = await issueShopperToken(env, subject, nowMs)
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
